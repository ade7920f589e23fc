/**
 * A chart -> a copy that Helm renders to the very same, or fails on. It fails where the chart calls a function that may give
 * another result each time: before each such name a call of `fail` is put, which ends a rendering whatever it is given. So
 * one rendering tells that a chart that names them does not use them. `tpl` may stay where what it is given is plain.
 *
 * What can never happen: that a name is taken for a call where Helm sees a text, a comment, a field or a variable; that a
 * file is changed that Helm gives to templates as data; that a chart which Helm cannot read becomes one that it can, since
 * each name is still there.
 */
import { keptFor } from "../../model/known-fleet.ts";
import type { ToolSource } from "../../model/tools/tool-source.ts";
import { chartCopy, type Edit } from "./chart-copy.ts";
import { callsIn } from "./called-names.ts";
import { isVarying, variesByCallsAlone } from "./may-vary.ts";
import { plainestText, plainText } from "./plain-text.ts";
import { outerMark, type Token } from "./template-actions.ts";
import type { ToolRequest } from "./tool-requests.ts";

/** The copy; undefined where there is none that tells, and the chart has to be rendered twice. */
export function withTripwires(request: ToolRequest): ToolSource | undefined {
  return variesByCallsAlone(request) ? rewritten(request.source) : undefined;
}

const rewritten = keptFor((source: ToolSource): ToolSource | undefined => {
  const check = `flotilla.tripwires.${source.digest}`;
  return chartCopy(source, {
    name: check,
    template: definition(check),
    mark: "tripwires",
    edits: (action) =>
      callsIn(action).flatMap((call) => (isVarying(call.text) ? tripOf(action, call, check) : [])),
  });
});

/** Fails unless it is given a plain text, and gives that. */
function definition(check: string): string {
  const plainest = `regexMatch \`${plainestText}\` .`;
  const plain = `regexMatch \`${plainText}\` (replace "{{" "{{ " .)`;
  const trip = `{{if not (${plainest})}}{{if not (${plain})}}{{fail ""}}{{end}}{{end}}`;
  return `{{define "${check}"}}{{if contains "{{" .}}${trip}{{end}}{{.}}{{end}}`;
}

function tripOf(action: readonly Token[], call: Token, check: string): readonly Edit[] {
  const operand = call.text === "tpl" ? operandAfter(action, call) : undefined;
  if (operand === undefined) return [{ at: call.at, length: 0, text: "fail " }];
  return [
    { at: operand.start, length: 0, text: `(include "${check}" ` },
    { at: operand.end, length: 0, text: ")" },
  ];
}

/** Where the first operand of a call stands; undefined where it has none, or one that is not a value or in brackets. */
function operandAfter(
  action: readonly Token[],
  call: Token,
): { readonly start: number; readonly end: number } | undefined {
  const rest = action.slice(action.indexOf(call) + 1);
  const [first] = rest;
  // `tpl.field` is a field of a call.
  if (first === undefined || !mayBeValue(first) || first.at === endOf(call)) return undefined;
  const place = first.text === "(" ? outerMark(rest, 1, ")") : 0;
  const [last = first, next] = rest.slice(place, place + 2);
  // `(…).field`; of a text Helm refuses it, there as well.
  const isField = next?.kind === "value" && next.at === endOf(last);
  return { start: first.at, end: endOf(isField ? next : last) };
}

function mayBeValue({ kind, text }: Token): boolean {
  return kind === "text" || kind === "value" || text === "(";
}

function endOf({ at, text }: Token): number {
  return at + text.length;
}
