/**
 * Text into HTML. Whatever is put into a template is escaped, unless it came out of one itself, so text from clusters
 * and commits stays text. Attributes are always written in double quotes.
 */

/** Markup that is safe to send. Only `html` makes it. */
export type Html = Markup;

/** What a template takes: text is escaped, lists are joined, `null` and `false` are nothing. */
export type Piece = Html | string | number | null | false | readonly Piece[];

class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A template whose pieces are escaped. */
export function html(strings: TemplateStringsArray, ...pieces: readonly Piece[]): Html {
  let text = strings[0] ?? "";
  for (const [index, piece] of pieces.entries()) {
    text += markupOf(piece) + (strings[index + 1] ?? "");
  }
  return new Markup(text);
}

/** The same without the line breaks and indents of the templates, which mean nothing in HTML. */
export function compact({ text }: Html): Html {
  return new Markup(text.replaceAll(/\s*\n\s*/g, "\n"));
}

function markupOf(piece: Piece): string {
  if (piece === null || piece === false) return "";
  if (piece instanceof Markup) return piece.text;
  if (typeof piece === "string") return escapeText(piece);
  if (typeof piece === "number") return String(piece);
  return piece.map(markupOf).join("");
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Control characters, and those that turn the direction of the text around them, are shown as a sign. */
function escapeText(text: string): string {
  return text
    .replaceAll(/[&<>"']/g, (sign) => entities[sign] ?? "")
    .replaceAll(/[^\P{Cc}\n\t]|[\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "\ufffd");
}
