import { describe, expect, it } from "vitest";
import type { SourceFile } from "../../../../src/core/model/fleet-model.ts";
import { plainestText, plainText } from "../../../../src/core/render/tools/plain-text.ts";
import type { ToolRequest } from "../../../../src/core/render/tools/tool-requests.ts";
import { withTripwires } from "../../../../src/core/render/tools/tripwires.ts";

const requestOf = (
  files: readonly SourceFile[],
  { version = "4.2.3", valuesFiles = [] as readonly string[], path = "c" } = {},
): ToolRequest => ({
  key: "k",
  tool: "helm",
  version,
  source: { tool: "helm", path, files, digest: "d", valuesFiles },
});
const wired = (text: string): string | undefined =>
  withTripwires(requestOf([{ path: "c/templates/x.yaml", text }]))?.files[0]?.text;

describe("a copy with tripwires", () => {
  it.each([
    ["{{ randAlphaNum 8 }}", "{{ fail randAlphaNum 8 }}"],
    ["{{16|randAlphaNum|quote}}", "{{16|fail randAlphaNum|quote}}"],
    ["{{- $x := now.Year -}}", "{{- $x := fail now.Year -}}"],
    [`{{ (genCA "now" 1).Cert }}`, `{{ (fail genCA "now" 1).Cert }}`],
    [
      "{{ if and .a (uuidv4) }}{{ else if now }}{{ end }}",
      "{{ if and .a (fail uuidv4) }}{{ else if fail now }}{{ end }}",
    ],
    ["{{ keys .a }}{{ keys .a | sortAlpha }}", "{{ fail keys .a }}{{ keys .a | sortAlpha }}"],
    ["{{ print (keys .a) | sortAlpha }}", "{{ print (fail keys .a) | sortAlpha }}"],
    ["{{ tpl .a $ }}", '{{ tpl (include "flotilla.tripwires.d" .a) $ }}'],
    [
      "{{ tpl (.Files.Get (tpl $b.c .)).d . | indent 2 }}",
      '{{ tpl (include "flotilla.tripwires.d" (.Files.Get (tpl (include "flotilla.tripwires.d" $b.c) .)).d) . | indent 2 }}',
    ],
    ["{{ tpl `{{ now }}` . }}", '{{ tpl (include "flotilla.tripwires.d" `{{ now }}`) . }}'],
    ["{{ . | tpl }}{{ tpl now . }}", "{{ . | fail tpl }}{{ fail tpl fail now . }}"],
    ["{{ tpl | print }}{{ print (tpl) }}", "{{ fail tpl | print }}{{ print (fail tpl) }}"],
    ["{{ tpl.a . }}", "{{ fail tpl.a . }}"],
    [
      '{{ tpl "a".b . }}{{ tpl ..b . }}',
      '{{ tpl (include "flotilla.tripwires.d" "a".b) . }}{{ tpl (include "flotilla.tripwires.d" ..b) . }}',
    ],
  ])("fails where it is called: %s", (text, expected) => {
    expect(wired(text)).toBe(expected);
  });

  it.each([
    '{{/* now */}}{{- /* {{ now }} */ -}}now: {{ "now" }}{{ `now }} {{ now` }}',
    "{{ $now := .Values.now }}{{ $now.keys }}{{ $.tpl }}{{ (.a).values }}",
    '{{ include "now" . }}{{ define "randAlpha" }}{{ end }}{{ template "tpl" }}',
    "{{ $énow := .Values.énow }}{{ .é.now }}{{ .nowé }}{{ lookup `a` `b` `c` `d` }}",
    '{{ print "\\"}}" .date }} {{ tplx }}{{ nows }}',
  ])("is as it was where nothing is called: %s", (text) => {
    expect(wired(text)).toBe(text);
  });

  it("changes what Helm renders and nothing that it hands to templates", () => {
    const text = "{{ now }}";
    const rendered = ["templates/a", "templates/b.prov", "charts/a/charts/b/templates/c/d"];
    const data = [
      "files/templates/a",
      "crds/templates/a",
      "charts/a/templates/x.prov",
      "charts/a/files/templates/x",
      "templates.yaml",
      "x/charts/a/templates/x",
    ];
    for (const [path, inside] of [
      ["c", "c/"],
      ["", ""],
    ] as const) {
      const files = [...rendered, ...data].map((name) => ({ path: `${inside}${name}`, text }));
      const copy = withTripwires(requestOf(files, { path }));
      const changed = copy?.files.filter((file) => !files.includes(file));
      const more = `${inside}templates/_flotilla.tripwires.d.tpl`;
      expect(changed?.map((file) => file.path)).toEqual([
        ...rendered.map((name) => inside + name),
        more,
      ]);
    }
  });

  it.each([
    ["a newer Helm", "{{ now }}", { version: "4.3.0" }],
    ["a print of all that Helm gives", "{{ now }}{{ toString . }}", {}],
    ["a template of which nobody knows where an action ends", "{{ now }}{{ print ' }}", {}],
    ["a template that is a file of values too", "{{ now }}", { valuesFiles: ["c/templates/x"] }],
  ])("is not made of %s", (_, text, options) => {
    const files = [{ path: "c/templates/x", text }];
    expect(withTripwires(requestOf(files, options))).toBeUndefined();
  });

  it("is told from the chart by its digest", () => {
    expect(withTripwires(requestOf([]))?.digest).not.toBe("d");
  });
});

describe("a text for tpl", () => {
  const isPlain = (text: string): boolean =>
    new RegExp(plainestText).test(text) || new RegExp(plainText).test(text.replaceAll("{{", "{{ "));

  it.each([
    "",
    "a {b} c }} {",
    "{{ .Values.a.b }}-{{.Release.Name}} values: now",
    '{{- include "web.name" . | quote -}}{{ include "b" $ }}',
    '{{ printf "%s-%d" .Release.Name 3 | trunc 63 | trimSuffix "-" }}',
    '{{ if and .Values.a (eq .Chart.Name "x}}{{ now") }}a{{ else }}b{{ end }}',
    "{{ range $k, $v := .Values.a }}{{ $k }}: {{ $v.b | toYaml | nindent 2 }}{{ end }}",
    "{{/* don't } now */}}{{- /* ** */ -}}",
    "{{`{{ $labels.now | now }}`}}{{ include `a` . }}",
    '{{ .Files.Get "a" }}\n{{ .Capabilities.KubeVersion.Version }}',
  ])("is plain: %s", (text) => {
    expect(isPlain(text)).toBe(true);
  });

  it.each([
    "now",
    "randAlpha 3",
    "tpl .Values.a .",
    "keys .Values",
    "lookup 1",
    "getHostByName",
    "x",
    ".",
    "$",
    "print .",
    ". | toString",
    'include "a" (list .)',
    ".Capabilities",
    ".Chart",
    "$.Capabilities",
    "list .Subcharts",
    'printf "%p" .Values.a',
    'printf "%[1]p" .Values.a',
    "printf .Values.a $",
    '"%p" | printf',
    "$x := .",
    "$ := .Values",
    "with $",
    "range .",
    "(now)",
    '"a"now',
    "now|quote",
    'include "x" .now now',
    'include "a" .\u00e9',
    'define "a"',
    'block "a" .',
    "`a` now",
    "`a`now",
    "'n'",
    '"\\"" now "',
    '"}}" now',
    "/* a */ now",
  ])("is not plain: {{ %s }}", (text) => {
    for (const each of [
      `{{ ${text} }}`,
      `{{${text}}}`,
      `{{ "a" }}{{- ${text} -}}`,
      `{ {{${text}}}`,
    ])
      expect(isPlain(`${each}{{ .Values.a }}`)).toBe(false);
  });

  it.each(["{{{ now }}", "{{ .Values.a", '{{ "a }}{{ now }}', "{{/* a }}", "{{/* */ now }}"])(
    "is not plain where it is not told where its actions are: %s",
    (text) => {
      expect(isPlain(text)).toBe(false);
    },
  );
});
