/** The head of the page: one sentence, the totals, and what needs a person. */
import type { FleetStatus } from "../core/protocol/api.ts";
import { countOf, someOf } from "../core/rollout/words.ts";
import type { AttentionItem } from "../core/protocol/attention.ts";
import { resumeCommand } from "../core/protocol/answer-commands.ts";
import { type Html, html } from "./html.ts";
import { hrefOf, type PageQuery, type SiteFilter } from "./page-query.ts";
import { chip, command, number, revisionText, section } from "./parts.ts";
import { timed } from "./times.ts";

/** How the fleet is, in one sentence; also what a screen reader is told when it changes. */
export function summaryOf(status: FleetStatus, items: readonly AttentionItem[]): string {
  const open = status.releases.filter(({ state }) => state !== "done");
  const parts = [
    ...(items.length > 0 ? [`${countOf(items.length, "thing")} to decide`] : []),
    ...(open.length > 0 ? [`${countOf(open.length, "rollout")} under way`] : []),
  ];
  if (parts.length > 0) return parts.join(", ");
  const { total, synced, healthy } = status.sites;
  if (status.revision === null) return "no commit is followed yet";
  if (total === 0) return "the fleet has no sites";
  if (synced < total || healthy < total) return "no rollout under way, but not every site is well";
  return "every site is in sync and healthy";
}

export function headline(status: FleetStatus, summary: string): Html {
  return html`<div class="headline">
    <h1>${status.fleet === "" ? "Fleet" : status.fleet}</h1>
    <p class="revision">Follows ${revisionText(status.revision)}</p>
    ${leaving(status)}
    <p class="summary">${capital(summary)}.</p>
  </div> `;
}

/** As `flotilla status` says it. */
function leaving({ siteList }: FleetStatus): Html | null {
  const names = siteList.flatMap(({ site, leaving: leaves }) => (leaves === true ? [site] : []));
  return names.length === 0
    ? null
    : html`<p class="revision">Leaving the fleet: ${someOf(names, 5)}</p> `;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function totals(status: FleetStatus, query: PageQuery): Html {
  const { total, synced, healthy, offline, suspended } = status.sites;
  const silent = status.regions.filter(({ worker }) => worker === "silent").length;
  const show = (filter: SiteFilter): string =>
    `${hrefOf(query, { show: filter, text: "", page: 1, regions: new Map() })}#sites`;
  const tiles: Tile[] = [
    { name: "Sites", value: number(total), note: countOf(status.regions.length, "region") },
    tile("In sync", synced, { total, href: show("unsynced") }),
    tile("Healthy", healthy, { total, href: show("unhealthy") }),
    {
      name: "Offline",
      value: number(offline),
      isBad: offline > 0,
      ...linked(offline, show("offline")),
    },
    { name: "Suspended", value: number(suspended), ...linked(suspended, show("suspended")) },
    {
      name: "Silent workers",
      value: number(silent),
      note: `of ${countOf(status.regions.length, "region")}`,
      isBad: silent > 0,
    },
  ];
  return html`<section aria-label="Totals">
    <dl class="tiles">${tiles.map(tileHtml)}</dl>
  </section> `;
}

interface Tile {
  readonly name: string;
  readonly value: string;
  readonly note?: string;
  readonly href?: string;
  readonly isBad?: boolean;
}

function tile(name: string, count: number, { total, href }: { total: number; href: string }): Tile {
  const rest = total - count;
  if (rest === 0) return { name, value: number(count), note: total === 0 ? "" : "all of them" };
  return { name, value: number(count), note: `${number(rest)} not`, href, isBad: true };
}

function linked(count: number, href: string): Partial<Tile> {
  return count > 0 ? { note: "show", href } : { note: "none" };
}

function tileHtml({ name, value, note = "", href, isBad = false }: Tile): Html {
  const text =
    href === undefined
      ? html`${note}`
      : html`<a href="${href}">${note}<span class="hidden">: list the sites (${name})</span></a>`;
  return html`<div class="tile${isBad ? " off" : ""}">
    <dt>${name}</dt>
    <dd><b>${value}</b> <small>${text}</small></dd>
  </div> `;
}

export function attention(items: readonly AttentionItem[]): Html | null {
  if (items.length === 0) return null;
  return section(
    "attention",
    "To decide",
    html`<ul class="items">
      ${items.map(itemHtml)}
    </ul>`,
  );
}

function itemHtml({ key, tone, title, text, lines, commands }: AttentionItem): Html {
  return html`<li class="item ${tone}" data-key="${key}">
    <h3>${chip(tone, title)}</h3>
    <p>${timed(text)}</p>
    ${
      lines.length > 0 &&
      html`<ul class="mistakes">
        ${lines.map((line) => html`<li><code>${line}</code></li>`)}
      </ul>`
    }
    ${commands.length > 0 && html`<p class="commands">${commands.map(command)}</p>`}
  </li> `;
}

/** Holds and warnings: what stands, and is known. */
export function notes({ holds, warnings }: FleetStatus): Html {
  return html`${section(
    "holds",
    "Holds",
    holds.length === 0
      ? html`<p class="none">Nothing is on hold.</p>`
      : html`<ul class="items">
          ${holds.map(
            (hold) =>
              html`<li class="item ask" data-key="hold-${hold.id}">
                <h3>${chip("ask", `Held: ${hold.scope}`)}</h3>
                <p>${timed(hold.why)} (by ${hold.by})</p>
                ${
                  hold.declared === undefined
                    ? html`<p class="commands">
                        ${command(resumeCommand(hold.target, hold.release))}
                      </p>`
                    : html`<p>It ends when ${hold.declared} leaves the fleet repository.</p>`
                }
              </li>`,
          )}
        </ul>`,
  )}${
    warnings.length > 0 &&
    section(
      "warnings",
      "Warnings",
      html`<ul class="plain">
        ${warnings.map((line) => html`<li>${timed(line)}</li>`)}
      </ul>`,
    )
  }`;
}
