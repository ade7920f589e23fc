/** A Go template -> what stands in its actions, between `{{` and `}}`, without comments. */

/** A part of an action. */
export interface Token {
  /** `value`: a field or a variable with what follows it, such as `.Values.a`, `$x.b`, `.` or `$`. */
  readonly kind: "text" | "name" | "value" | "mark";
  readonly text: string;
}

/** The actions in order; undefined where it is not told where one ends (a text without an end). */
export function templateActions(template: string): readonly (readonly Token[])[] | undefined {
  const actions: (readonly Token[])[] = [];
  let at = template.indexOf("{{");
  while (at >= 0) {
    const action = readAction(template, at + 2);
    if (action === undefined) return undefined;
    actions.push(action.tokens);
    at = template.indexOf("{{", action.end);
  }
  return actions;
}

/** A text of each kind, the end, a value, a name, what else has a meaning here; a quote of which nothing is left is none of these. */
const part =
  /(?<text>"(?:\\[^]|[^"\\])*"|'(?:\\[^]|[^'\\])*'|`[^`]*`)|(?<end>\}\})|(?<value>\$\w*(?:\.\w+)*|\.(?:\w+(?:\.\w+)*)?)|(?<name>\w+)|(?<mark>:?=|[|()])|[^"'`]/y;
const comment = /(?:-\s)?\/\*/y;

interface Action {
  readonly tokens: readonly Token[];
  /** The place behind it. */
  readonly end: number;
}

function readAction(template: string, start: number): Action | undefined {
  const tokens: Token[] = [];
  comment.lastIndex = start;
  if (comment.test(template)) {
    const end = template.indexOf("*/", comment.lastIndex);
    return end < 0 ? undefined : { tokens, end };
  }
  let at = start;
  while (at < template.length) {
    part.lastIndex = at;
    const groups = part.exec(template)?.groups;
    if (groups === undefined) return undefined;
    at = part.lastIndex;
    if (groups["end"] !== undefined) return { tokens, end: at };
    const token = tokenOf(groups);
    if (token !== undefined) tokens.push(token);
  }
  return { tokens, end: at };
}

function tokenOf(groups: Readonly<Record<string, string | undefined>>): Token | undefined {
  for (const kind of ["text", "value", "name", "mark"] as const) {
    const text = groups[kind];
    if (text !== undefined) return { kind, text };
  }
  return undefined;
}
