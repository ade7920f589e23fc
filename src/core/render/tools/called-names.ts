import { outerMark, templateActions, type Token } from "./template-actions.ts";

/**
 * What a Go template may call, as text: the names in its actions. Names of functions have to stand there. Where it is not
 * told where an action ends, all of the template.
 */
export function calledNames(template: string): string {
  const actions = templateActions(template);
  if (actions === undefined) return template;
  const names = actions.flatMap((action) => callsIn(action).map(({ text }) => text));
  return names.join(" ");
}

/** The names of functions in an action, but for `keys` and `values` that are sorted at once: their order is all that varies. */
export function callsIn(action: readonly Token[]): readonly Token[] {
  return action.filter(({ kind }, index) => kind === "name" && !isSorted(action, index));
}

function isSorted(action: readonly Token[], index: number): boolean {
  const { text = "" } = action[index] ?? {};
  if (text !== "keys" && text !== "values") return false;
  const end = outerMark(action, index + 1, "|)");
  return action[end]?.text === "|" && action[end + 1]?.text === "sortAlpha";
}
