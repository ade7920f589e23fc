/** An expression in a text: what stands between `${` and `}`, and where that begins (0-based). */
interface TemplateHole {
  readonly cel: string;
  readonly offset: number;
}

/** A text in its parts: literal ones (`$${` is a literal `${`), and expressions. */
export type TemplateText =
  | { readonly ok: true; readonly parts: readonly (string | TemplateHole)[] }
  | { readonly ok: false; readonly offset: number };

const open = "${";
const escaped = "$${";

/** True for a text that is not simply itself. */
export function hasTemplate(text: string): boolean {
  return text.includes(open);
}

/** The parts of a text, or where an expression begins that does not end. */
export function parseTemplate(text: string): TemplateText {
  const parts: (string | TemplateHole)[] = [];
  let literal = "";
  let at = 0;
  while (at < text.length) {
    if (text.startsWith(escaped, at)) {
      literal += open;
      at += escaped.length;
    } else if (text.startsWith(open, at)) {
      const offset = at + open.length;
      const end = endOfExpression(text, offset);
      if (end === undefined) return { ok: false, offset: at };
      if (literal !== "") parts.push(literal);
      literal = "";
      parts.push({ cel: text.slice(offset, end), offset });
      at = end + 1;
    } else {
      const next = text.indexOf("$", at + 1);
      const end = next < 0 ? text.length : next;
      literal += text.slice(at, end);
      at = end;
    }
  }
  if (literal !== "") parts.push(literal);
  return { ok: true, parts };
}

/** Where the `}` of an expression is: not one in a text of it, nor that of a map. */
function endOfExpression(text: string, start: number): number | undefined {
  let depth = 0;
  let at = start;
  while (at < text.length) {
    const character = text.charAt(at);
    if (character === '"' || character === "'") {
      const end = endOfLiteral(text, at);
      if (end === undefined) return undefined;
      at = end;
      continue;
    }
    if (character === "{") depth += 1;
    if (character === "}") {
      if (depth === 0) return at;
      depth -= 1;
    }
    at += 1;
  }
  return undefined;
}

/** Behind the closing quote of the text that begins at `start`. */
function endOfLiteral(text: string, start: number): number | undefined {
  const quote = text.charAt(start);
  const triple = quote.repeat(3);
  const closing = text.startsWith(triple, start) ? triple : quote;
  const isRaw = /[rR]/.test(text.charAt(start - 1));
  let at = start + closing.length;
  while (at < text.length) {
    if (text.startsWith(closing, at)) return at + closing.length;
    at += !isRaw && text.charAt(at) === "\\" ? 2 : 1;
  }
  return undefined;
}
