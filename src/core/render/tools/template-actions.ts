/** A Go template -> what stands in its actions, between `{{` and `}}`, without comments. */

/** A part of an action. */
export interface Token {
  /** `value`: a field or a variable with what follows it, such as `.Values.a`, `$x.b`, `.` or `$`. */
  readonly kind: "text" | "name" | "value" | "mark";
  readonly text: string;
  /** Where it begins in the template. */
  readonly at: number;
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

/** Place in an action of the first of these marks from `from` on that stands in no bracket opened since; its length where there is none. */
export function outerMark(action: readonly Token[], from: number, marks: string): number {
  let depth = 0;
  for (const [index, { kind, text }] of action.entries()) {
    if (index < from || kind !== "mark") continue;
    if (depth === 0 && marks.includes(text)) return index;
    if (text === "(") depth += 1;
    if (text === ")") depth -= 1;
  }
  return action.length;
}

/** Go takes letters of all languages for parts of a name. What is no letter it refuses there, so it may count as one. */
const word = String.raw`[\w\u0080-\uffff]`;
/** A text of each kind, the end, a value, a name, what else has a meaning here; a quote of which nothing is left is none of these. */
const part = new RegExp(
  [
    String.raw`(?<text>"(?:\\[^]|[^"\\])*"|'(?:\\[^]|[^'\\])*'|\x60[^\x60]*\x60)`,
    String.raw`(?<end>\}\})`,
    String.raw`(?<value>\$${word}*(?:\.${word}+)*|\.(?:${word}+(?:\.${word}+)*)?)`,
    String.raw`(?<name>${word}+)`,
    String.raw`(?<mark>:?=|[|()])`,
    String.raw`[^"'\x60]`,
  ].join("|"),
  "y",
);
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
    const token = tokenOf(groups, at);
    at = part.lastIndex;
    if (groups["end"] !== undefined) return { tokens, end: at };
    if (token !== undefined) tokens.push(token);
  }
  return { tokens, end: at };
}

function tokenOf(
  groups: Readonly<Record<string, string | undefined>>,
  at: number,
): Token | undefined {
  for (const kind of ["text", "value", "name", "mark"] as const) {
    const text = groups[kind];
    if (text !== undefined) return { kind, text, at };
  }
  return undefined;
}
