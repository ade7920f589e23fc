/** Sites as the page groups them: one state for each, counts by region, and the pages of a list. Pure. */
import type { FleetStatus, SiteStatus } from "../core/protocol/api.ts";
import { isSearch, type PageQuery, type SiteFilter } from "./page-query.ts";

/** The one state of a site, worst first. */
export type SiteState = "unwell" | "offline" | "changing" | "unknown" | "suspended" | "well";

export interface RegionGroup {
  readonly name: string;
  readonly worker: "live" | "silent";
  readonly message: string;
  readonly total: number;
  readonly states: Readonly<Record<SiteState, number>>;
  /** null: its sites are not shown. */
  readonly sites: SitePage | null;
}

/** Some of a list. */
export interface SitePage {
  readonly rows: readonly SiteStatus[];
  readonly total: number;
  readonly page: number;
  readonly pages: number;
}

export const sitesPerPage = 50;

const ranks: Readonly<Record<SiteState, number>> = {
  unwell: 0,
  offline: 1,
  changing: 2,
  unknown: 3,
  suspended: 4,
  well: 5,
};

export function stateOf({ reachable, suspended, apps }: SiteStatus): SiteState {
  if (suspended) return "suspended";
  if (!reachable) return "offline";
  if (apps.some(({ health }) => health === "Degraded")) return "unwell";
  const isChanging = apps.some(
    ({ sync, health }) => sync === "OutOfSync" || health === "Progressing" || health === "Missing",
  );
  if (isChanging) return "changing";
  return apps.some(({ sync, health }) => sync === "Unknown" || health === "Unknown")
    ? "unknown"
    : "well";
}

/** The regions with their counts; the sites of those that the viewer has opened. */
export function regionGroups(status: FleetStatus, query: PageQuery): RegionGroup[] {
  const byRegion = Map.groupBy(status.siteList, ({ region }) => region);
  return status.regions.map(({ name, worker, message }) => {
    const rows = byRegion.get(name) ?? [];
    const states = { unwell: 0, offline: 0, changing: 0, unknown: 0, suspended: 0, well: 0 };
    for (const site of rows) states[stateOf(site)] += 1;
    const page = query.regions.get(name);
    const sites = page === undefined || isSearch(query) ? null : pageOf(rows, page);
    return { name, worker, message, total: rows.length, states, sites };
  });
}

/** The sites that the viewer looks for. */
export function foundSites(status: FleetStatus, { text, show, page }: PageQuery): SitePage {
  const isShown = filters[show];
  const found = status.siteList.filter((site) => isShown(site) && matches(site, text));
  return pageOf(found, page);
}

const isHealthy = ({ health }: SiteStatus["apps"][number]): boolean =>
  health === "Healthy" || health === "Suspended";
const isSynced = ({ sync }: SiteStatus["apps"][number]): boolean => sync === "Synced";

/** The same questions that the totals of `flotilla status` answer. */
const filters: Readonly<Record<SiteFilter, (site: SiteStatus) => boolean>> = {
  all: () => true,
  unwell: ({ reachable, message, apps }) =>
    !reachable || message !== undefined || !apps.every((app) => isSynced(app) && isHealthy(app)),
  unsynced: ({ apps }) => !apps.every(isSynced),
  unhealthy: ({ apps }) => !apps.every(isHealthy),
  offline: ({ reachable }) => !reachable,
  suspended: ({ suspended }) => suspended,
};

function matches({ site, region, apps }: SiteStatus, text: string): boolean {
  return [site, region, ...apps.map(({ app }) => app)].some((name) => name.includes(text));
}

/** Worst first: what somebody came to look for stands on the first page. */
function pageOf(sites: readonly SiteStatus[], wanted: number): SitePage {
  const all = sites.toSorted((a, b) => ranks[stateOf(a)] - ranks[stateOf(b)]);
  const pages = Math.max(1, Math.ceil(all.length / sitesPerPage));
  const page = Math.min(wanted, pages);
  const rows = all.slice((page - 1) * sitesPerPage, page * sitesPerPage);
  return { rows, total: all.length, page, pages };
}
