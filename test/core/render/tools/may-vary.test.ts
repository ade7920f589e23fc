import { describe, expect, it } from "vitest";
import { mayTellTime, mayVary } from "../../../../src/core/render/tools/may-vary.ts";
import type { ToolRequest } from "../../../../src/core/render/tools/tool-requests.ts";

const ofTemplate = (text: string, isBinary = false): ToolRequest => ({
  key: "k",
  tool: "helm",
  version: "4.1.0",
  source: {
    tool: "helm",
    path: "c",
    files: [{ path: "c/templates/_x.tpl", text, isBinary }],
    digest: "d",
    valuesFiles: [],
  },
});

describe("a chart", () => {
  it.each([
    "now",
    "date",
    "dateInZone",
    "date_in_zone",
    "htmlDate",
    "htmlDateInZone",
    "durationRound",
  ])("whose template calls %s may tell the time", (name) => {
    const request = ofTemplate(`{{ .Values.at | ${name} "x" }}`);

    expect([mayVary(request), mayTellTime(request)]).toEqual([true, true]);
  });

  it("is looked through also where a template is no UTF-8, and is the same each time otherwise", () => {
    expect(mayVary(ofTemplate("\xff{{ randAlpha 3 }}", true))).toBe(true);
    expect(mayVary(ofTemplate("{{ .Values.updated }}"))).toBe(false);
  });

  it.each([
    ["in a comment", "{{/* the keys of it, as of now */}}{{- /* tpl */ -}}a: b"],
    ["outside of actions", "operator: In\nvalues: [{{ .Values.a }}]\ndate: now"],
    ["as a field or variable", "{{ $keys := .Values.now.keys }}{{ $.Values.date }}{{ $keys }}"],
    [
      "in front of what sorts them",
      "{{ range keys .Values.a | sortAlpha }}{{ (values .b | sortAlpha) }}{{ end }}",
    ],
    ["within names of other alphabets", "{{ .Values.énow }}{{ $naïvekeys := 1 }}{{ $naïvekeys }}"],
    ["and nothing but lookup", '{{ lookup "v1" "Secret" "a" "b" }}'],
    ["in texts", '{{ include "a.values" . }}{{ print `now` "\\" date }}" }}'],
  ])("is the same each time where such names stand %s", (_, text) => {
    const request = ofTemplate(text);
    expect([mayVary(request), mayTellTime(request)]).toEqual([false, false]);
  });

  it.each([
    ["behind a text with braces", '{{ print "}}" now }}'],
    ["behind a quote within a text", '{{ print "\\"}}" (keys .Values) }}'],
    ["behind braces in a raw text", "{{ print `}}` | randAlpha }}"],
    ["behind a comment", "{{/* a */}}{{ now }}"],
    ["behind a quote that does not end", "{{ print ' }}{{ now }}"],
    ["behind a comment that does not end", "{{/* }}{{ now }}"],
    ["in an action that does not end", "{{ now"],
    ["sorted elsewhere", "{{ print (keys .a) | sortAlpha }}"],
    ["sorted too late", "{{ keys .a | first | sortAlpha }}"],
    ["over several lines", "{{-\n  now\n  | date `2006` -}}"],
  ])("may vary where one stands %s", (_, text) => {
    expect(mayVary(ofTemplate(text))).toBe(true);
  });

  it.each([
    "{{ . | toString | sha256sum }}",
    '{{ printf "%p" .Values }}',
    "{{ print . }}{{ .Values.a }}",
    "{{ sha256sum (toString .) }}",
    '{{ join "," (list .) }}',
    "{{ list .Capabilities | toString }}",
    '{{ default "x" . | quote }}',
    "{{ . }}",
    "{{- $ -}}",
    "{{ $root := . }}{{ $root | toString }}",
    "{{ range .Values.a }}{{ $ | toString }}{{ end }}",
    "{{ range .Values.a }}{{ . }}{{ end }}{{ . | quote }}",
    "{{ with $ }}{{ . | quote }}{{ end }}",
    "{{ if .Values.a }}{{ print . }}{{ end }}",
    "{{ with .Values.a }}{{ else }}{{ print . }}{{ end }}",
    "{{ with .Values.a }}{{ else with $ }}{{ print . }}{{ end }}",
    "{{ with .Values.a }}{{ with $ }}{{ print . }}{{ end }}{{ end }}",
    "{{ with $x := $ }}{{ end }}{{ print $x }}",
    "{{ print .Subcharts }}",
    '{{ print (index .Subcharts "cache") }}',
    "{{ range .Subcharts }}{{ print . }}{{ end }}",
    "{{ with .Subcharts }}{{ print .cache }}{{ end }}",
    "{{ print $.Subcharts.cache }}",
    "{{ $root := . }}{{ print $root.Subcharts.cache }}",
    "{{ range $k, $v := .Subcharts }}{{ print $v }}{{ end }}",
    "{{ range $k, $v := list $ }}{{ print $v }}{{ end }}",
    '{{ include "x" (dict "a" $) }}{{ define "x" }}{{ print .a }}{{ end }}',
    '{{ define "x" }}{{ print .a.b }}{{ end }}{{ include "x" (dict "a" (dict "b" $)) }}',
    '{{ $d := dict }}{{ $_ := set $d "a" . }}{{ print $d.a }}',
    '{{ $d := $ | dict "a" }}{{ print $d.a }}',
    '{{ $d := dict }}{{ $_ := set $d "root" . }}{{ print $d }}',
    "{{ $d := dict }}{{ $_ := merge $d . }}{{ print $d }}",
    '{{ $d := dict "a" (dict) }}{{ $_ := set $d.a "root" . }}{{ print $d.a }}',
    '{{ $_ := set .Values (printf "r") $ }}{{ print .Values.r }}',
    '{{ printf "%#p" .Values }}',
    '{{ printf "%[1]p" .Values }}',
    "{{ printf `%-+ 08.3p|%*p` .Values 20 .Values }}",
  ])("may vary where it prints all that it is given, an address with it: %s", (text) => {
    expect([mayVary(ofTemplate(text)), mayTellTime(ofTemplate(text))]).toEqual([true, false]);
  });

  it("may vary where one of its templates prints what another one puts into a map", () => {
    const { source, ...request } = ofTemplate('{{ define "x" }}{{ print .a }}{{ end }}');
    const text = '{{ include "x" (dict "a" $) }}';
    const files = [...source.files, { path: "c/templates/y.yaml", text }];
    expect(mayVary({ ...request, source })).toBe(false);
    expect(mayVary({ ...request, source: { ...source, files } })).toBe(true);
  });

  it.each([
    '{{ include "a" . | quote }}',
    '{{ include "a" (dict "root" $ "b" .Values.b) | quote }}',
    '{{ printf "%s-%s" (include "a" .) "x" }}',
    '{{- template "a" . }}',
    "{{ $root := . }}{{ $root.Values.a | quote }}",
    "{{ range .Values.a }}{{ . | quote }}{{ end }}",
    "{{ with .Values.a }}{{ toString . }}{{ else }}{{ .Values.b }}{{ end }}",
    '{{ if and .Values.a (eq (include "a" .) "x") }}{{ .Chart.Name | quote }}{{ end }}',
    "{{ toYaml .Values | indent 2 }}{{ .Capabilities.KubeVersion.Version | quote }}",
    "a: {{ .Values.a }}.",
    "{{ print .Subcharts.cache.Values }}",
    '{{ if .Subcharts }}{{ len .Subcharts | print }}{{ hasKey .Subcharts "cache" }}{{ end }}',
    '{{ include "a" .Subcharts.cache | quote }}',
    '{{ include "a" (dict "root" $ "b" .Values.b) }}{{ define "a" }}{{ print .b .root.Values.c }}{{ end }}',
    '{{ printf "100%%, %s per cent up" .Values.a }}',
    "{{ with $x := .Values.a }}{{ print $x . }}{{ end }}",
  ])("is the same each time where it only hands that on: %s", (text) => {
    expect(mayVary(ofTemplate(text))).toBe(false);
  });
});
