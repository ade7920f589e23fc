/** Charts of which two renderings may be the same by chance. */
import { describe, expect, it } from "vitest";
import { type FleetEdits, type Spec } from "../../support/fleet.ts";
import { bareTool, mistakesOf, toolFleet, webAt } from "../../support/render-tools.ts";
import { chart, filesOf } from "../../support/tool-sources.ts";

const webChart = { chart: "charts/web" };
const queue = "charts/web/templates/queue.yaml";
const configMap = (value: string): FleetEdits => ({
  ...chart,
  [queue]: `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: made }\ndata:\n  value: ${value}\n`,
});
const values: Spec = {
  m: { a: 1, b: 1234567 },
  three: { a: 1, b: 2, c: 3 },
  same: { a: 1, b: 1 },
  one: { a: "x" },
  text: "ab",
};

describe("a chart that asks for what comes in any order", { timeout: 60_000 }, () => {
  it.each([
    ["keys of two", '{{ keys .Values.m | join "," | quote }}'],
    ["keys at the end of a pipe", '{{ .Values.m | keys | join "," | quote }}'],
    ["the first key", "{{ keys .Values.m | first }}"],
    ["each key", '"{{ range $i, $k := keys .Values.m }}{{ $k }}{{ end }}"'],
    ["values of two", '{{ values .Values.m | join "," | quote }}'],
    ["the last value", '"{{ last (values .Values.m) }}"'],
    ["two letters", "{{ shuffle .Values.text }}"],
    ["one of two numbers", '"{{ randInt 0 2 }}"'],
    ["one of two numbers at the end of a pipe", '"{{ 5 | randInt 3 }}"'],
    ["one digit", '"{{ randNumeric 1 }}"'],
  ])("is refused each time: %s", async (_, value) => {
    const told = expect.stringContaining(
      "ConfigMap made is another one each time it is rendered, in .data.value; ",
    ) as string;
    const files = toolFleet(webChart, configMap(value), { values });
    expect([await mistakesOf(files), await mistakesOf(files)]).toEqual([[told], [told]]);
  });

  /** Often enough that two renderings are never the same by chance. */
  const often = (text: string): string => `{{ range $n := until 40 }}${text}{{ end }}`;
  it.each([
    [
      "what is left of random letters",
      `"x{{ regexReplaceAll "[^a-z]" (randAlphaNum 6 | lower) "a" }}"`,
    ],
    ["random text without its digits", `"x{{ regexReplaceAll "[0-9]" (randAlphaNum 20) "" }}"`],
    ["random text without digits around it", `"x{{ randAlphaNum 20 | trimAll "0123456789" }}"`],
    [
      "pairs of keys and values",
      `x${often(`{{ $v := values $.Values.three }}{{ range $i, $k := keys $.Values.three }}\n  "{{ $n }}-{{ $k }}": "{{ index $v $i }}"{{ end }}`)}`,
    ],
    ["the year", '"{{ len (keys .Values.m) }} {{ now.UTC.Year }}"'],
    ["the middle key", `"${often("{{ index (keys $.Values.three) 1 }}")}"`],
  ])("is refused where both ends are the same: %s", async (_, value) => {
    const told = expect.stringContaining(
      "ConfigMap made is another one each time it is rendered, in .data.",
    ) as string;
    expect(await mistakesOf(toolFleet(webChart, configMap(value), { values }))).toEqual([told]);
  });

  it("is rendered as Helm does where their order does not matter", async () => {
    const calls = [
      "{{ len (keys .Values.m) }}",
      '{{ has "b" (keys .Values.m) }}',
      '{{ sortAlpha (keys .Values.m) | join "," }}',
      '{{ keys .Values.m .Values.one | uniq | sortAlpha | join "," }}',
      "{{ if keys .Values.m -}} some {{- end }}",
      "{{ keys .Values.one | first }}",
      "{{ len (values .Values.m) }}",
      "{{ values .Values.one | first }}",
      '{{ values .Values.same | join "," }}',
      '{{ printf "%T" (first (values .Values.m)) }}',
      "{{ with values dict }}some{{ else }}none{{ end }}",
      "{{ len (shuffle .Values.text) }}",
      "{{ randInt 3 4 }}",
      "{{ len (randAlphaNum 8) }}",
      "{{ range $k, $v := .Values.m }}{{ $k }}{{ end }}",
    ];
    const edits = configMap(`'${calls.join(" ")}'`);
    const given = { path: "values.json", text: JSON.stringify(values) };
    const args = ["template", "web", "charts/web", "--values=values.json"];
    const bare = await bareTool([...filesOf(edits), given], "helm", args);
    const made = (await webAt(toolFleet(webChart, edits, { values }))).get("_ConfigMap_web_made");
    expect(made?.["data"]).toEqual(bare.get("_ConfigMap__made")?.["data"]);
    expect(JSON.stringify(made)).toContain("2 true a,b a,b some a 2 x 1,1 ");
  });
});
