import { type DiffLine, diffLines } from "./line-diff.ts";

const context = 3;

/** A unified diff of two texts with three lines of context, without a file header; "" when they are equal. */
export function unifiedDiff(before: string, after: string): string {
  const lines = diffLines(linesOf(before), linesOf(after));
  return hunksOf(lines)
    .map((hunk) => hunkText(lines, hunk))
    .join("");
}

function linesOf(text: string): readonly string[] {
  if (text === "") return [];
  return (text.endsWith("\n") ? text.slice(0, -1) : text).split("\n");
}

interface Hunk {
  readonly start: number;
  readonly end: number;
}

/** Ranges of lines around changes; those that touch are one. */
function hunksOf(lines: readonly DiffLine[]): readonly Hunk[] {
  const hunks: Hunk[] = [];
  for (const [index, { sign }] of lines.entries()) {
    if (sign === " ") continue;
    const hunk = {
      start: Math.max(0, index - context),
      end: Math.min(lines.length, index + context + 1),
    };
    const last = hunks.at(-1);
    if (last !== undefined && hunk.start <= last.end)
      hunks[hunks.length - 1] = { start: last.start, end: hunk.end };
    else hunks.push(hunk);
  }
  return hunks;
}

function hunkText(lines: readonly DiffLine[], { start, end }: Hunk): string {
  const before = lines.slice(0, start);
  const hunk = lines.slice(start, end);
  const range = (sign: "-" | "+"): string => {
    const own = (line: DiffLine): boolean => line.sign === " " || line.sign === sign;
    const length = hunk.filter(own).length;
    const first = before.filter(own).length + (length === 0 ? 0 : 1);
    return `${sign}${first},${length}`;
  };
  const body = hunk.map(({ sign, text }) => `${sign}${text}\n`).join("");
  return `@@ ${range("-")} ${range("+")} @@\n${body}`;
}
