/** The lines in which git's protocol speaks: each with its length before it. */

/** The end of a message. */
export const flush = "0000";
/** The end of a part of a message. */
export const delimiter = "0001";

/** One line. */
export function packetLine(text: string): string {
  return (text.length + 4).toString(16).padStart(4, "0") + text;
}

/** What the lines of a message hold, up to its end; null where it has none, or is none. */
export function packets(message: Buffer): readonly Buffer[] | null {
  const found: Buffer[] = [];
  for (let at = 0; at < message.length;) {
    const mark = message.toString("latin1", at, at + 4);
    if (mark === flush) return found;
    const length = mark === delimiter ? 4 : Number.parseInt(mark, 16);
    if (!(length >= 4) || at + length > message.length) return null;
    if (length > 4) found.push(message.subarray(at + 4, at + length));
    at += length;
  }
  return null;
}

/** The same as text, without the ends of lines. */
export function packetLines(message: Buffer): readonly string[] | null {
  return packets(message)?.map((line) => line.toString("latin1").replace(/\n$/, "")) ?? null;
}
