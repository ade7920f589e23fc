/**
 * What a Go template may call, as text: what stands between `{{` and `}}`, without comments, texts and fields. Names of
 * functions have to stand there. Where it is not told what that is (a text without an end), all of it.
 */
export function calledNames(template: string): string {
  const found: string[] = [];
  let at = template.indexOf("{{");
  while (at >= 0) {
    const end = readAction(template, at + 2, found);
    if (end === undefined) return template;
    at = template.indexOf("{{", end);
  }
  return found.join(" ");
}

/** A comment, a text of each kind, the end, a field or variable, a name; a quote of which nothing is left is none of these. */
const part =
  /"(?:\\[^]|[^"\\])*"|'(?:\\[^]|[^'\\])*'|`[^`]*`|(?<end>\}\})|[.$]\w+|(?<name>\w+)|[^"'`]/y;
const comment = /(?:-\s)?\/\*/y;

/** Reads one action from behind its `{{`; gives the place behind it. */
function readAction(template: string, start: number, found: string[]): number | undefined {
  comment.lastIndex = start;
  if (comment.test(template)) {
    const end = template.indexOf("*/", comment.lastIndex);
    return end < 0 ? undefined : end;
  }
  let at = start;
  while (at < template.length) {
    part.lastIndex = at;
    const groups = part.exec(template)?.groups;
    if (groups === undefined) return undefined;
    at = part.lastIndex;
    if (groups["end"] !== undefined) return at;
    if (groups["name"] !== undefined) found.push(groups["name"]);
  }
  return at;
}
