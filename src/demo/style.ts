/** How the demo's text is dressed: colours only where they are wanted, marks that tell the same without them. */
import { styleText } from "node:util";

type Tone = "good" | "moving" | "bad" | "quiet" | "strong";

const formats = {
  good: "green",
  moving: "yellow",
  bad: "red",
  quiet: "dim",
  strong: "bold",
} as const satisfies Record<Tone, string>;

export interface Style {
  /** The text in a tone. */
  tone(tone: Tone, text: string): string;
  /** One character. */
  mark(tone: "good" | "moving" | "bad" | "quiet"): string;
}

const marks = {
  unicode: { good: "✓", moving: "↻", bad: "✗", quiet: "·" },
  ascii: { good: "+", moving: "~", bad: "x", quiet: "." },
} as const;

/** `unicode`: whether the terminal shows more than ASCII. */
export function createStyle(options: {
  readonly color: boolean;
  readonly unicode: boolean;
}): Style {
  const { color, unicode } = options;
  const tone = (name: Tone, text: string): string =>
    color ? styleText(formats[name], text, { validateStream: false }) : text;
  const set = unicode ? marks.unicode : marks.ascii;
  return { tone, mark: (name) => tone(name, set[name]) };
}

// oxlint-disable-next-line no-control-regex -- what is taken out begins with a control character
const styling = /\u001b\[[0-9;]*m/g;

/** Columns that a line takes: every character of ours is one wide. */
export function widthOf(line: string): number {
  return Array.from(line.replaceAll(styling, "")).length;
}

/** The line cut to so many columns, which three dots show, its colours ended. */
export function fitLine(line: string, columns: number): string {
  if (widthOf(line) <= columns) return line;
  const dots = "...".slice(0, columns);
  let left = columns - dots.length;
  let fitted = "";
  let hasEnded = false;
  for (const [part] of line.matchAll(new RegExp(`${styling.source}|.`, "gsu"))) {
    if (part.startsWith("\u001b[")) fitted += part;
    else if (left > 0) {
      left -= 1;
      fitted += part;
    } else if (!hasEnded) {
      hasEnded = true;
      fitted += dots;
    }
  }
  return fitted;
}

/** The line broken between words onto as many as it takes, the others set further in; each with colours of its own. */
export function foldLine(line: string, columns: number): string[] {
  if (widthOf(line) <= columns) return [line];
  const own = line.replaceAll(styling, "").search(/[^ ]/);
  const margin = " ".repeat(Math.min(own + 4, Math.floor(columns / 2)));
  const lines: string[] = [];
  let folded = "";
  let open = "";
  for (const [word] of line.matchAll(words)) {
    if (widthOf(folded + word) > columns && widthOf(folded) > own) {
      lines.push(open === "" ? folded : `${folded}${plainAgain}`);
      folded = `${margin}${open}${word.trimStart()}`;
    } else folded += word;
    const last = word.match(styling)?.at(-1);
    if (last !== undefined) open = plainAgain.includes(last) ? "" : last;
  }
  return [...lines, folded];
}

/** A number stays with its unit. */
const words = / *(?:[\d.]+ s\b|[^ ]+)/g;
/** Ends the colour, and bold or dim. */
const plainAgain = "\u001b[39m\u001b[22m";
