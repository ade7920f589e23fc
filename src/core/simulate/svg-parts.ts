/** What a chart in SVG is made of: its frame, and text in it. */

/** The rectangle of a chart, and what its sides stand for. */
export interface SvgFrame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly mostMs: number;
  readonly mostSites: number;
}

/** Where a time lies. */
export function x({ left, width, mostMs }: SvgFrame, ms: number): number {
  return left + (width * ms) / mostMs;
}

/** Where a number of sites lies. */
export function y({ top, height, mostSites }: SvgFrame, sites: number): number {
  return top + height - (height * sites) / mostSites;
}

/** A line of text; with `most`, cut where it would be wider than that, and left out where nothing would be left. */
export function svgText(of: {
  readonly at: readonly [number, number];
  readonly text: string;
  readonly class: string;
  readonly anchor?: "start" | "middle" | "end";
  readonly most?: number;
}): string {
  const [left, baseline] = of.at;
  const text = fitted(of.text, of.most ?? Infinity);
  if (text === "") return "";
  const anchor = of.anchor === undefined ? "" : ` text-anchor="${of.anchor}"`;
  const name = of.class === "" ? "" : ` class="${of.class}"`;
  return `<text${name} x="${left.toFixed(1)}" y="${baseline.toFixed(1)}"${anchor}>${escapeXml(text)}</text>`;
}

/** A letter of the chart's text is about so wide. */
const letterWidth = 7.2;

function fitted(text: string, most: number): string {
  const letters = Math.floor(most / letterWidth);
  if (text.length <= letters) return text;
  return letters < 4 ? "" : `${text.slice(0, letters - 1)}…`;
}

/** Words in lines that are no wider, each as full as it may be. */
export function wrapped(text: string, most: number): readonly string[] {
  const letters = Math.floor(most / letterWidth);
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const longer = `${lines.at(-1) ?? ""} ${word}`;
    if (lines.length > 0 && longer.length <= letters) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/** Text for content and attributes of XML. */
export function escapeXml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (sign) => entities[sign] ?? "");
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
