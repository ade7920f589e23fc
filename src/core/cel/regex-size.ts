/**
 * How large a regular expression is once its repetitions are written out: what matching costs is that, times the length
 * of the text. An estimate that is never much too small, from the text of the pattern alone, for RE2 reads it itself.
 */

/** Classes of Unicode are long lists of ranges. */
const unicodeClass = 50;

/** At least 1. What is no regular expression has some size too: it is refused by who reads it. */
export function regexSize(pattern: string): number {
  const groups: number[] = [];
  let size = 0;
  let last = 0;
  for (let at = 0; at < pattern.length;) {
    const token = tokenAt(pattern, at);
    at += token.length;
    if (token === "(") {
      groups.push(size);
      [size, last] = [0, 0];
    } else if (token === ")") {
      last = size + 1;
      size = (groups.pop() ?? 0) + last;
    } else {
      const grown = last * (repeats(token) - 1);
      if (grown > 0) [size, last] = [size + grown, last + grown];
      else if (!/^[{*+?]/.test(token)) [size, last] = addAtom(size, token);
    }
  }
  return 1 + groups.reduce((sum, each) => sum + each, size);
}

/** A character, an escape, a class or a repetition; each character is looked at once. */
function tokenAt(pattern: string, at: number): string {
  const near = pattern.slice(at, at + 40);
  const first = near.charAt(0);
  if (first === "[") return pattern.slice(at, endOfClass(pattern, at));
  if (first === "{") return /^\{\d+(,\d*)?\}/.exec(near)?.[0] ?? first;
  if (first !== "\\") return first;
  return /^\\[pP]\{[^}]*\}/.exec(near)?.[0] ?? near.slice(0, /^\\[pP]/.test(near) ? 3 : 2);
}

/** Behind its bracket; one that is not closed is all that follows. */
function endOfClass(pattern: string, start: number): number {
  let at = start + (pattern.charAt(start + 1) === "^" ? 2 : 1);
  if (pattern.charAt(at) === "]") at += 1;
  while (at < pattern.length && pattern.charAt(at) !== "]") {
    const named = /^\[:\^?\w+:\]/.exec(pattern.slice(at, at + 16))?.[0].length ?? 1;
    at += pattern.charAt(at) === "\\" ? 2 : named;
  }
  return at + 1;
}

/** Of `{3,5}`: 5; of `{3,}`: 4. 1 for anything else. */
function repeats(token: string): number {
  const [, least, rest] = /^\{(\d+)(?:(,)|,(\d+))?\}$/.exec(token) ?? [];
  const most = /,(\d+)\}$/.exec(token)?.[1];
  if (least === undefined) return 1;
  return most === undefined ? Number(least) + (rest === undefined ? 0 : 1) : Number(most);
}

function addAtom(size: number, token: string): [size: number, last: number] {
  const classes = token.match(/\\[pP]/g)?.length ?? 0;
  const weight = 1 + classes * unicodeClass;
  return [size + weight, weight];
}
