/**
 * Calls of which two renderings may be the same by chance, such as `keys` of two -> calls that give what may come first in one
 * copy of a chart, and what may come last in another: two copies are the same only where that does not matter.
 */
import { outerMark, type Token } from "./template-actions.ts";
import type { Edit } from "./chart-copy.ts";
import { callsIn } from "./called-names.ts";

/** `first`: lists in the order of their keys, the least number. `last`: lists the other way round, the greatest. */
export type End = "first" | "last";

/** The templates that the calls need, whose names begin with this one. */
export function chanceTemplates(name: string, end: End): string {
  const put = end === "first" ? "append" : "prepend";
  const digit = end === "first" ? 1 : 2;
  const collect = `{{range $k, $v := .}}{{$l = ${put} $l $v}}{{end}}`;
  return (
    `{{define "${name}.values"}}{{$l := list}}${collect}{{mustToJson $l}}{{end}}` +
    `{{define "${name}.random"}}{{repeat (int .) "${digit}"}}{{end}}`
  );
}

/** What is to be changed in an action. */
export function chanceEdits(action: readonly Token[], name: string, end: End): readonly Edit[] {
  return callsIn(action).flatMap((call) => {
    const other = otherCall(call.text, name, end);
    if (other === undefined) return [];
    const { at, text } = call;
    const edit = { at, length: text.length, text: other.name ?? text };
    return [edit, { at: endOfCall(action, call), length: 0, text: ` | ${other.pipe}` }];
  });
}

interface OtherCall {
  /** Default: the same. */
  readonly name?: string;
  /** What its result is given to. */
  readonly pipe: string;
}

function otherCall(called: string, name: string, end: End): OtherCall | undefined {
  const isFirst = end === "first";
  const sorted = isFirst ? "sortAlpha" : "sortAlpha | reverse";
  if (called === "keys") return { pipe: isFirst ? sorted : `${sorted} | toStrings` };
  if (called === "values") return { name: `include "${name}.values"`, pipe: "fromJsonArray" };
  if (called === "shuffle") return { pipe: `splitList "" | ${sorted} | join ""` };
  if (called === "randInt") {
    return isFirst ? { name: "min", pipe: "int" } : { name: "max", pipe: "add -1 | int" };
  }
  if (/^rand[A-Z]/.test(called)) return { name: `include "${name}.random"`, pipe: "toString" };
  return undefined;
}

/** The place behind its last operand. */
function endOfCall(action: readonly Token[], call: Token): number {
  const next = outerMark(action, action.indexOf(call) + 1, "|)");
  const last = action[next - 1] ?? call;
  return last.at + last.text.length;
}
