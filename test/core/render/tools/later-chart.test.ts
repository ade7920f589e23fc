import { describe, expect, it } from "vitest";
import type { ToolSource } from "../../../../src/core/model/tools/tool-source.ts";
import {
  firstEndChart,
  lastEndChart,
  laterChart,
  laterSeconds,
} from "../../../../src/core/render/tools/later-chart.ts";

const sourceOf = (text: string): ToolSource => {
  const files = [{ path: "c/templates/x.yaml", text }];
  return { tool: "helm", path: "c", files, digest: "d", valuesFiles: [] };
};
const later = (text: string): string | undefined => laterChart(sourceOf(text))?.files[0]?.text;
const then = "(now.Add 42469323000000000)";

describe("a chart for its second rendering", () => {
  it.each([
    ["{{ now }}{{now}}", `{{ ${then} }}{{${then}}}`],
    ['{{ now | date "2006" }}', `{{ ${then} | date "2006" }}`],
    ['{{- date "2006" (now) -}}', `{{- date "2006" (${then}) -}}`],
    ["{{ $x := now.UTC.Year }}", `{{ $x := ${then}.UTC.Year }}`],
    [
      "{{ if now }}{{ else if (now).Year }}{{ end }}",
      `{{ if ${then} }}{{ else if (${then}).Year }}{{ end }}`,
    ],
    ["{{ .Values.at | ago }}", '{{ .Values.at | include "flotilla.later.d.ago" }}'],
    ["{{ durationRound now }}", `{{ include "flotilla.later.d.durationRound" ${then} }}`],
  ])("has another now: %s", (text, expected) => {
    expect(later(text)).toBe(expected);
  });

  it.each([
    '{{/* now */}}{{- /* {{ now }} */ -}}now: {{ "now" }}{{ `now }} {{ now` }}',
    "{{ $now := .Values.now }}{{ $now.now }}{{ $.now }}{{ (.a).now }}",
    '{{ include "now" . }}{{ define "now" }}{{ end }}{{ nows }}{{ unow }}{{ .énow }}',
  ])("is as it was where now is not called: %s", (text) => {
    expect(later(text)).toBe(text);
  });

  it("is another one in every part of a date and of a time of day, at any hour of any day", () => {
    const hours = Array.from({ length: 9 * 366 * 24 }, (_, hour) => hour * 3_600_000);
    const same = hours.filter((at) => {
      const parts = partsOf(at);
      return partsOf(at + laterSeconds * 1000).some((part, index) => part === parts[index]);
    });
    expect(same).toEqual([]);
  });
});

describe("the two copies of a chart that is the same by chance", () => {
  it.each([
    [
      "{{- range $k := keys .a -}}",
      "{{- range $k := keys .a | sortAlpha -}}",
      "{{- range $k := keys .a | sortAlpha | reverse | toStrings -}}",
    ],
    [
      "{{ (.a | values | first) }}",
      '{{ (.a | include "flotilla.first.d.values" | fromJsonArray | first) }}',
      '{{ (.a | include "flotilla.last.d.values" | fromJsonArray | first) }}',
    ],
    [
      "{{ len (shuffle (print .a `b`)) }}",
      '{{ len (shuffle (print .a `b`) | splitList "" | sortAlpha | join "") }}',
      '{{ len (shuffle (print .a `b`) | splitList "" | sortAlpha | reverse | join "") }}',
    ],
    ["{{randInt 1 -2|quote}}", "{{min 1 -2 | int|quote}}", "{{max 1 -2 | add -1 | int|quote}}"],
    [
      "{{ randAlpha 3 }}",
      '{{ include "flotilla.first.d.random" 3 | toString }}',
      '{{ include "flotilla.last.d.random" 3 | toString }}',
    ],
    ["{{ now }}", "{{ now }}", "{{ now }}"],
    [
      "{{ keys .a | sortAlpha }}{{ .keys }}",
      "{{ keys .a | sortAlpha }}{{ .keys }}",
      "{{ keys .a | sortAlpha }}{{ .keys }}",
    ],
  ])("take it from its two ends: %s", (text, first, last) => {
    const source = sourceOf(text);
    const copies = [firstEndChart(source), lastEndChart(source)];
    expect(copies.map((copy) => copy?.files[0]?.text)).toEqual([first, last]);
  });
});

function partsOf(at: number): readonly number[] {
  const date = new Date(at);
  const year = date.getUTCFullYear();
  const month = date.getUTCMonth();
  return [
    year,
    month,
    Math.floor(month / 3),
    date.getUTCDate(),
    date.getUTCDay(),
    Math.floor((at - Date.UTC(year, 0, 1)) / 86_400_000),
    date.getUTCHours(),
    date.getUTCHours() % 12,
    date.getUTCMinutes(),
    date.getUTCSeconds(),
  ];
}
