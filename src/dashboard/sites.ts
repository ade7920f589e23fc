/** Apps, and the sites by region or as found: tables whose rows stay few. */
import type { FleetStatus, SiteStatus } from "../core/protocol/api.ts";
import { countOf } from "../core/rollout/words.ts";
import { type Html, html, type Piece } from "./html.ts";
import { hrefOf, isSearch, type PageQuery, siteFilters } from "./page-query.ts";
import { bar, chip, number, section, type Tone } from "./parts.ts";
import {
  foundSites,
  type RegionGroup,
  regionGroups,
  type SitePage,
  type SiteState,
  sitesPerPage,
  stateOf,
} from "./site-groups.ts";
import { timed } from "./times.ts";

const stateWords: Readonly<Record<SiteState, { readonly word: string; readonly tone: Tone }>> = {
  well: { word: "well", tone: "good" },
  changing: { word: "changing", tone: "busy" },
  unwell: { word: "not healthy", tone: "bad" },
  offline: { word: "offline", tone: "bad" },
  unknown: { word: "unknown", tone: "idle" },
  suspended: { word: "suspended", tone: "idle" },
};
const states = Object.keys(stateWords) as SiteState[]; // a Record's keys

export function apps({ apps: rows }: FleetStatus): Html {
  if (rows.length === 0)
    return section("apps", "Apps", html`<p class="none">The fleet has no apps.</p>`);
  return section(
    "apps",
    "Apps",
    html`<table>
      <caption class="hidden">
        Apps, with the number of their sites and the current release
      </caption>
      <thead>
        <tr>
          <th scope="col">App</th>
          <th scope="col" class="count">Sites</th>
          <th scope="col" class="count">In sync</th>
          <th scope="col" class="count">Healthy</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ({ app, sites, synced, healthy, release }) =>
            html`<tr data-key="app-${app}">
              <th scope="row">
                ${app}<small class="release">${release ?? "no release yet"}</small>
              </th>
              ${[sites, synced, healthy].map((count, index) =>
                countCell(count, index > 0 && count < sites),
              )}
            </tr> `,
        )}
      </tbody>
    </table>`,
  );
}

function countCell(count: number, isShort: boolean): Html {
  return html`<td class="count${isShort ? " short" : ""}">${number(count)}</td>`;
}

export function sites(status: FleetStatus, query: PageQuery): Html {
  const content = isSearch(query)
    ? found(status, query)
    : html`${legend}${regionGroups(status, query).map((group) => regionHtml(group, query))}`;
  return section("sites", "Sites", html`${searchForm(query)}${content}`);
}

const legend = html`<p class="legend">
  ${states.map(
    (state) =>
      html`<span class="part"
        ><i class="${state}" aria-hidden="true"></i>${stateWords[state].word}</span
      >`,
  )}
</p> `;

function searchForm({ text, show }: PageQuery): Html {
  return html`<form class="search" method="get" action="/#sites" role="search" aria-label="Sites">
    <label
      >Name of a site, region or app
      <input
        type="search"
        name="q"
        id="q"
        value="${text}"
        maxlength="100"
        autocomplete="off"
        spellcheck="false"
    /></label>
    <label
      >Show
      <select name="show" id="show">
        ${Object.entries(siteFilters).map(
          ([value, word]) =>
            html`<option value="${value}" ${value === show && html` selected`}>${word}</option>`,
        )}
      </select></label
    >
    <button type="submit">Find</button>
  </form> `;
}

function found(status: FleetStatus, query: PageQuery): Html {
  const page = foundSites(status, query);
  const all = hrefOf(query, { text: "", show: "all", page: 1 });
  return html`<p class="found" role="status">
      ${countOf(page.total, "site")} found. <a href="${all}#sites">Show all by region</a>
    </p>
    ${page.total > 0 && siteTable("Sites found", page, true)}
    ${pager(page, "Sites found", (number) => hrefOf(query, { page: number }))}`;
}

function regionHtml(group: RegionGroup, query: PageQuery): Html {
  const { name, worker, message, total, states: counts, sites: page } = group;
  const id = `region-${name}`;
  const toPage = (number: number): string =>
    hrefOf(query, { regions: new Map([...query.regions, [name, number]]) });
  const content: Piece =
    page === null
      ? html`<p><a href="${toPage(1)}#${id}">Show ${countOf(total, "site")} of ${name}</a></p>`
      : html`${siteTable(`Sites of ${name}`, page, false)}${pager(page, `Sites of ${name}`, toPage)}`;
  return html`<details
    class="region"
    id="${id}"
    data-key="${id}"
    data-region="${name}"
    ${page !== null && html` open`}
  >
    <summary>
      <span class="name">${name}</span> ${worker === "silent" && chip("bad", "worker silent")}
      <span class="counts">${countWords(group)}</span> ${bar(
        states.map((kind) => ({ kind, count: counts[kind] })),
        total,
      )}
    </summary>
    ${message !== "" && html`<p class="message">${timed(message)}</p>`} ${content}
  </details> `;
}

function countWords({ total, states: counts }: RegionGroup): Html {
  const others = states.filter((state) => state !== "well" && counts[state] > 0);
  return html`<span><b>${number(counts.well)} of ${number(total)}</b> well</span>${others.map(
      (state) =>
        html`<span class="part"
          ><i class="${state}" aria-hidden="true"></i>${number(counts[state])}
          ${stateWords[state].word}</span
        >`,
    )}`;
}

function siteTable(caption: string, { rows }: SitePage, hasRegion: boolean): Html {
  return html`<table class="sites" role="table">
    <caption class="hidden">
      ${caption}: apps, and what differs
    </caption>
    <thead role="rowgroup">
      <tr role="row">
        <th scope="col" role="columnheader">Site</th>
        <th scope="col" role="columnheader">App</th>
        <th scope="col" role="columnheader">Sync</th>
        <th scope="col" role="columnheader">Health</th>
        <th scope="col" role="columnheader">Revision</th>
        <th scope="col" role="columnheader">What differs</th>
      </tr>
    </thead>
    ${rows.map((site) => siteRows(site, hasRegion))}
  </table> `;
}

function siteRows(site: SiteStatus, hasRegion: boolean): Html {
  const rows = [...saidOfSite(site), ...rowsOfApps(site)];
  const { word, tone } = stateWords[stateOf(site)];
  const head = html`<th scope="rowgroup" role="rowheader" rowspan="${rows.length}">
    <span class="name">${site.site}</span>${hasRegion && html` <small>${site.region}</small>`}
    ${chip(tone, word)}${site.leaving === true && html` <small>leaving the fleet</small>`}
  </th>`;
  return html`<tbody role="rowgroup" data-key="site-${site.site}">
    ${rows.map(
      ({ key, cells }, index) =>
        html`<tr role="row" data-key="${key}">
          ${index === 0 && head}${cells}
        </tr> `,
    )}
  </tbody> `;
}

interface Row {
  readonly key: string;
  readonly cells: Html;
}

/** Over all columns beside its name: it may be long. No app has a key with a blank. */
function saidOfSite({ message }: SiteStatus): readonly Row[] {
  if (message === undefined) return [];
  const cells = html`<td role="cell" colspan="5" class="message">${timed(message)}</td>`;
  return [{ key: "the site", cells }];
}

function rowsOfApps({ apps: all }: SiteStatus): readonly Row[] {
  if (all.length === 0) {
    return [{ key: "no apps", cells: html`<td role="cell" colspan="5">no apps</td>` }];
  }
  return all.map((app) => ({ key: app.app, cells: appCells(app) }));
}

const syncTones: Readonly<Record<string, Tone>> = { Synced: "good", OutOfSync: "busy" };
const healthTones: Readonly<Record<string, Tone>> = {
  Healthy: "good",
  Progressing: "busy",
  Degraded: "bad",
  Missing: "bad",
};

function appCells({
  app,
  sync,
  health,
  release,
  revision,
  message,
}: SiteStatus["apps"][number]): Html {
  // The release bears its commit in its name; where control has forgotten it, the name is what is left.
  const stands =
    revision === null
      ? html`${release ?? "–"}`
      : html`<code title="${release ?? ""}">${revision.slice(0, 8)}</code>`;
  return html`<td role="cell" class="app">${app}</td>
    <td role="cell">${chip(syncTones[sync] ?? "idle", sync)}</td>
    <td role="cell">${chip(healthTones[health] ?? "idle", health)}</td>
    <td role="cell" class="release">${stands}</td>
    <td role="cell" class="says">${timed(message)}</td>`;
}

function pager(
  { page, pages, total }: SitePage,
  label: string,
  href: (page: number) => string,
): Html | null {
  if (pages === 1) return null;
  const first = (page - 1) * sitesPerPage + 1;
  const last = Math.min(total, page * sitesPerPage);
  const link = (to: number, word: string): Html =>
    to < 1 || to > pages
      ? html`<span class="none">${word}</span>`
      : html`<a href="${href(to)}">${word}</a>`;
  return html`<nav class="pager" aria-label="${label}: pages">
    ${link(page - 1, "Previous")}
    <span>${number(first)} to ${number(last)} of ${number(total)}</span> ${link(page + 1, "Next")}
  </nav>`;
}
