/**
 * Text that somebody outside may have written (names, values, messages, paths), made fit for a log or for markdown. Cut
 * first, escape after: what is cut never ends inside an escape. In markdown it stands in code spans and fences only,
 * where GitHub makes no links, mentions, images or HTML of it.
 */

/** Characters that act instead of showing: controls, line ends, direction marks, what has no width, half characters. */
const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** The text on one line, unseen characters as `\u{…}`, at most `max` UTF-16 units of it (then with `…`). */
export function visible(text: string, max = 300): string {
  const kept = text.length > max ? `${text.slice(0, max)}…` : text;
  return kept.replaceAll(unseen, (found) => `\\u{${(found.codePointAt(0) ?? 0).toString(16)}}`);
}

/** A code span. */
export function codeSpan(text: string, max = 300): string {
  const shown = visible(text, max);
  if (shown.trim() === "") return "`(empty)`";
  const marks = "`".repeat(longestRun(shown) + 1);
  // A backtick at an end would lengthen the marks, a blank would be taken away: one more blank is.
  const pad = /^[` ]|[` ]$/.test(shown) ? " " : "";
  return `${marks}${pad}${shown}${pad}${marks}`;
}

/** A table of cells that are markdown; a bar in them does not end the cell. No rows: no table. */
export function markdownTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  if (rows.length === 0) return "";
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |\n`;
  return [headings, headings.map(() => "---"), ...rows].map(line).join("");
}

/** A fenced block of lines, each at most 500 characters. */
export function fence(language: "diff", lines: readonly string[]): string {
  const shown = lines.map((line) => visible(line, 500));
  const marks = "`".repeat(Math.max(3, ...shown.map((line) => longestRun(line) + 1)));
  return `${marks}${language}\n${shown.join("\n")}\n${marks}\n`;
}

function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map(({ length }) => length));
}
