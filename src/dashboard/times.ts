/** Texts with times in them: each becomes a `<time>`, which the page's script shows as so long ago, or so long from now. */
import { readableTimes } from "../core/rollout/words.ts";
import { type Html, html } from "./html.ts";

const iso = /\b(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)\b/;

/** The text; without the script its times read `2026-03-02 14:02:11 UTC`. */
export function timed(text: string): Html {
  const parts = text.split(iso); // every second one is a time
  return html`${parts.map((part, index) => (index % 2 === 0 ? part : timeHtml(part)))}`;
}

function timeHtml(time: string): Html {
  return html`<time datetime="${time}">${readableTimes(time)}</time>`;
}
