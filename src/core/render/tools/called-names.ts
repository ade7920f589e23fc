import { templateActions } from "./template-actions.ts";

/**
 * What a Go template may call, as text: the names in its actions. Names of functions have to stand there. Where it is not
 * told where an action ends, all of the template.
 */
export function calledNames(template: string): string {
  const actions = templateActions(template);
  if (actions === undefined) return template;
  const names = actions.flat().filter(({ kind }) => kind === "name");
  return names.map(({ text }) => text).join(" ");
}
