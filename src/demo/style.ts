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

/** The line cut to so many columns, its colours ended. */
export function fitLine(line: string, columns: number): string {
  if (widthOf(line) <= columns) return line;
  let left = columns;
  let fitted = "";
  for (const [part] of line.matchAll(new RegExp(`${styling.source}|.`, "gsu"))) {
    if (part.startsWith("\u001b[")) fitted += part;
    else if (left > 0) {
      left -= 1;
      fitted += part;
    }
  }
  return fitted;
}
