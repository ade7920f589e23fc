/** Small pieces that several sections of the page use. */
import { type Html, html, type Piece } from "./html.ts";

/** How a thing is doing, as a colour. The word always stands beside it. */
export type Tone = "good" | "busy" | "bad" | "ask" | "idle";

const signs: Readonly<Record<Tone, string>> = {
  good: "✓",
  busy: "↻",
  bad: "✕",
  ask: "!",
  idle: "–",
};

/** A word with its sign and colour. */
export function chip(tone: Tone, word: string): Html {
  return html`<span class="chip ${tone}"
    ><span aria-hidden="true">${signs[tone]}</span> ${word}</span
  >`;
}

export interface BarPart {
  readonly kind: string;
  readonly count: number;
}

/** Shares as a bar; for the eye only, as the numbers stand beside it. */
export function bar(parts: readonly BarPart[], total: number): Html {
  let x = 0;
  const rects = parts.map(({ kind, count }) => {
    const width = total === 0 ? 0 : Math.round((count / total) * 10_000) / 10;
    const rect = html`<rect class="${kind}" x="${x}" width="${width}" height="8" />`;
    x = Math.round((x + width) * 10) / 10;
    return count === 0 ? null : rect;
  });
  return html`<svg class="bar" viewBox="0 0 1000 8" preserveAspectRatio="none" aria-hidden="true">
    ${rects}
  </svg>`;
}

/** A command line to copy. */
export function command(line: string): Html {
  return html`<span class="command"
    ><code>${line}</code
    ><button type="button" class="copy" data-copy="${line}">
      Copy<span class="hidden"> the command ${line}</span>
    </button></span
  >`;
}

/** A section with its heading. */
export function section(id: string, title: string, content: Piece): Html {
  return html`<section id="${id}" aria-labelledby="${id}-title">
    <h2 id="${id}-title">${title}</h2>
    ${content}
  </section> `;
}

/** `1,234`. */
export function number(value: number): string {
  return String(value).replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
}

/** `main at 4be1c07d5b57`, the whole of it as a hint. */
export function revisionText(revision: string | null): Html {
  if (revision === null) return html`no commit followed yet`;
  const [branch = "", commit = ""] = revision.split("@sha1:");
  return html`${branch} at <code title="${revision}">${commit.slice(0, 12)}</code>`;
}
