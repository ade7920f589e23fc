/** Copies with tripwires against Go's own package for templates. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ToolRequest } from "../../../../src/core/render/tools/tool-requests.ts";
import { withTripwires } from "../../../../src/core/render/tools/tripwires.ts";
import { runProgram } from "../../../control-plane/go.ts";

const slow = 120_000; // the first time the program is compiled

interface TemplateCase {
  readonly text: string;
  readonly copy: string;
  readonly check: string;
}

interface Outcome {
  /** null: it is refused, or fails. */
  readonly output: string | null;
  readonly called: boolean;
}

interface Answer {
  readonly original: Outcome;
  /** Once more, when what varies is another one. */
  readonly again: Outcome;
  readonly copy: Outcome;
}

function caseOf(text: string): TemplateCase[] {
  const source = { tool: "helm", path: "", digest: "d", valuesFiles: [] } as const;
  const files = [{ path: "templates/x", text }];
  const request: ToolRequest = {
    key: "k",
    tool: "helm",
    version: "4.2.3",
    source: { ...source, files },
  };
  const [copy, check] = withTripwires(request)?.files ?? [];
  return copy === undefined || check === undefined
    ? []
    : [{ text, copy: copy.text, check: check.text }];
}

async function answersTo(cases: readonly TemplateCase[]): Promise<readonly Answer[]> {
  return JSON.parse(await runProgram("templates", JSON.stringify(cases))) as Answer[]; // the program writes these
}

const marks =
  "{{|}}|{{- | -}}|{{-|-}}|\"|'|`|\\|/*|*/|{{/*|*/}}| | | |\n|.|$|$x|$now|(|)|,|é|\u00a0|:=|=|{|}|1|-1|0x1f|'a'|_|%";
const words =
  "now keys tpl uuidv4 randAlpha randNothing quote sortAlpha include if else end range with define template and or true nil .a .now";
const fragment = fc.constantFrom(...marks.split("|"), " | ", ...words.split(" "));

const plain = [".Values.word", "$.Values.now", ".Values.énow", "$x", "$énow", "."];
const texts = ['"}} now"', "`{{ now }}`", '"\\"now"', "1"];
const refused = ["nil", '"a".b', "..b", "quote.a", "(.Values.word).a", "($x", "`a`.b"];
const given = ["plain", "code", "hidden", "inner", "escaped", "all", "word"];

const { operand } = fc.letrec<{ operand: string; call: string }>((tie) => ({
  operand: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    { weight: 6, arbitrary: fc.constantFrom(...plain, ...texts) },
    { weight: 1, arbitrary: fc.constantFrom("now", "keys", "uuidv4") },
    { weight: 6, arbitrary: tie("call").map((call) => `(${call})`) },
  ),
  call: fc.oneof(
    { weight: 2, arbitrary: tie("operand") },
    fc.tuple(tie("operand"), tie("operand")).map(([a, b]) => `and ${a} ${b}`),
    fc.tuple(tie("operand"), tie("operand")).map(([a, b]) => `or ${a}\n${b} | quote`),
    tie("operand").map((a) => `keys ${a} | sortAlpha`),
    tie("operand").map((a) => `quote ${a}|keys`),
    tie("operand").map((a) => `tpl (quote ${a}) .`),
    { weight: 2, arbitrary: fc.constantFrom(...given).map((name) => `tpl .Values.${name} $`) },
    fc.constantFrom('include "helper" .', 'include "now" .', "randAlpha 3", "3|randAlpha"),
  ),
}));
const part = fc.oneof(
  { weight: 4, arbitrary: operand.map((a) => `{{ ${a} }}`) },
  { weight: 4, arbitrary: operand.map((a) => `{{- quote ${a} -}}`) },
  fc.tuple(operand, operand).map(([a, b]) => `{{ if ${a} }}now{{ else }}{{ ${b} }}{{ end }}`),
  operand.map((a) => `{{ if not .Values.on }}{{ ${a} }}{{ end }}`),
  operand.map((a) => `{{ range .Values.none }}{{ $énow := ${a} }}{{ $énow }}{{ end }}`),
  operand.map((a) => `{{/* ${a} ' */}}`),
  fc.constantFrom(...refused).map((a) => `{{ if not .Values.on }}{{ tpl ${a} . }}{{ end }}`),
  operand.map((a) => `{{-${a}-}}`),
  fc.constantFrom(" now ", "'", "{ {", "}}"),
);
const template = fc.oneof(
  fc.array(fragment, { maxLength: 14 }).map((parts) => parts.join("")),
  fc
    .array(part, { maxLength: 4 })
    .map((parts) => `{{ $x := "x" }}{{ $énow := 1 }}${parts.join("")}`),
);

describe("a copy with tripwires and Go's own templates", () => {
  it(
    "gives what the template gives, and calls nothing that varies, or fails",
    async () => {
      const cases = fc.sample(template, 8000).flatMap(caseOf);
      const answers = await answersTo(cases);
      const wrong = cases.filter((_, index) => {
        const { original, again, copy } = answers[index] ?? {};
        const outputs = [original?.output, again?.output];
        if (copy === undefined || original === undefined) return true;
        return (
          copy.output !== null && (original.called || outputs.some((each) => each !== copy.output))
        );
      });
      expect(wrong).toEqual([]);
      const passed = answers.filter(({ copy }) => copy.output !== null);
      const tripped = answers.filter(({ original, copy }) => {
        return copy.output === null && original.output !== null;
      });
      expect(passed.length).toBeGreaterThan(500);
      expect(tripped.length).toBeGreaterThan(500);
      expect(tripped.filter(({ original }) => original.called).length).toBeGreaterThan(400);
    },
    slow,
  );
});
