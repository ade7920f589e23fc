/**
 * The status page: HTML from the values that `flotilla status` shows. In: a status, and what the viewer asks for. Out:
 * the part that lives (`renderLive`), or a whole document. It decides nothing, and the same values give the same
 * bytes: how long ago something was is for the script to say, so that the live part only changes when something does.
 */
import type { FleetStatus } from "../core/protocol/api.ts";
import { groupWaits } from "../core/rollout/group-waits.ts";
import { readableTimes } from "../core/rollout/words.ts";
import { attentionOf } from "../core/protocol/attention.ts";
import { compact, type Html, html } from "./html.ts";
import { attention, headline, notes, summaryOf, totals } from "./overview.ts";
import type { PageQuery } from "./page-query.ts";
import { chip } from "./parts.ts";
import { rollouts } from "./rollouts.ts";
import { apps, sites } from "./sites.ts";

/** What there is to show; `status` null: the controller cannot tell yet, and says why. */
export interface PageState {
  readonly status: FleetStatus | null;
  readonly problem: string | null;
}

/** The part that changes: what the script fetches, again and again, and puts into the page. */
export interface LivePart {
  readonly title: string;
  readonly markup: Html;
}

export function renderLive({ status, problem }: PageState, query: PageQuery): LivePart {
  const trouble =
    problem !== null && html`<p class="trouble" data-key="trouble">${chip("bad", problem)}</p> `;
  if (status === null) {
    const summary = "the controller cannot tell yet";
    return livePart(
      "Flotilla",
      summary,
      html`<h1>Flotilla</h1>
        ${trouble}`,
    );
  }
  const groups = groupWaits(status.waits);
  const items = attentionOf(status, groups);
  const summary = summaryOf(status, items);
  const title = `${items.length > 0 ? `(${items.length}) ` : ""}${status.fleet} · Flotilla`;
  return livePart(
    title,
    summary,
    html`${headline(status, summary)}${trouble}${totals(status, query)}${attention(items)}
      <div class="columns">
        <div class="rollouts">${rollouts(status, groups)}</div>
        <div class="side">${apps(status)}${notes(status)}</div>
        <div class="places">${sites(status, query)}</div>
      </div>`,
  );
}

function livePart(title: string, summary: string, content: Html): LivePart {
  const markup = html`<div id="fleet" data-title="${title}" data-summary="${summary}">
    ${content}
  </div>`;
  return { title, markup: compact(markup) };
}

/** The whole page around a live part. `at`: when it was made, for those who read it without the script. */
export function renderPage(
  { title, markup }: LivePart,
  { tag, at }: { tag: string; at: number },
): string {
  const time = new Date(at).toISOString();
  return documentOf({
    title,
    scripted: html`<script src="/page.js" defer></script>
      <noscript><meta http-equiv="refresh" content="15" /></noscript>`,
    body: html`<a class="skip" href="#live">Skip to the content</a>
      <header class="top">
        <p class="brand">Flotilla</p>
        <p id="connection" class="connection">
          <span id="connection-word">As of</span>
          <time id="connection-time" datetime="${time}">${readableTimes(time)}</time>
        </p>
      </header>
      <p id="announce" class="hidden" role="status"></p>
      <main id="live" tabindex="-1" data-tag="${tag}">${markup}</main>
      <footer class="bottom">
        <p>
          <code>flotilla status</code> tells the same in a terminal,
          <code>flotilla explain SITE APP</code> why an app is where it is. This page only shows;
          decisions are made with <code>flotilla rollout</code>.
        </p>
      </footer>`,
  });
}

/** What a viewer without a session sees. Nothing of the fleet stands in it. */
export function renderDoor(reason: "none" | "code"): string {
  return documentOf({
    title: "Flotilla",
    scripted: null,
    body: html`<main class="door">
      <h1>Flotilla</h1>
      <p>
        ${reason === "code" ? "This link was used already, or is too old." : "This page is for those who may read the controller's token file."}
      </p>
      <p>Get a new link on a machine that can reach the controller, and open it in this browser:</p>
      <p>
        <span class="command"
          ><code>flotilla dashboard --token-file STATE_DIR/api-token</code></span
        >
      </p>
    </main>`,
  });
}

/** Leads from the one-time link to the page: by a page of ours, because a strict cookie does not follow a redirect. */
export function renderEntered(): string {
  return documentOf({
    title: "Flotilla",
    scripted: html`<meta http-equiv="refresh" content="0; url=/" />`,
    body: html`<main class="door">
      <h1>Flotilla</h1>
      <p><a href="/">Go on to the fleet</a></p>
    </main>`,
  });
}

function documentOf({
  title,
  scripted,
  body,
}: {
  title: string;
  scripted: Html | null;
  body: Html;
}): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <link rel="stylesheet" href="/page.css" />
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
        ${scripted}
      </head>
      <body>
        ${body}
      </body>
    </html> `.text;
}
