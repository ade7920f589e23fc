/** Keeps the last healthy instance of an app in a failure domain from being touched. */
import type { AppBoard, Board, Domains } from "./board.ts";
import type { Block } from "./block.ts";
import { own } from "./own.ts";
import type { SiteFacts } from "./planner-types.ts";
import { isSpoken } from "./site-state.ts";
import { isHealthy, type SiteView, standingOf, standingTree, viewSite } from "./site-view.ts";
import { someOf } from "./words.ts";

/**
 * The sites of an app by failure domain, counted when they are first asked for. A site that operators have excused, or
 * that is still joining, is no instance that could stand in for another; nor is a suspended one that is broken.
 */
function domainsOf(board: Board, app: AppBoard): Domains {
  app.domains ??= indexDomains(board, app);
  return app.domains;
}

function indexDomains(board: Board, app: AppBoard): Domains {
  const domains = new Map<string, { reachable: Set<string>; free: Set<string> }>();
  const excused = excusedAt(app);
  for (const [site, facts] of board.input.sites) {
    const view = viewSite(board.input, app.app, site);
    const isInFlight = app.inFlight.has(site);
    if (excused.has(site) || !isInstance(view, isInFlight)) continue;
    const key = domainOf(board, facts);
    const domain = domains.get(key) ?? { reachable: new Set(), free: new Set() };
    domains.set(key, domain);
    domain.reachable.add(site);
    if (isHealthy(view, false) && !isInFlight) domain.free.add(site);
  }
  return domains;
}

/** Sites of which people have said so in an open release, or beside them. */
function excusedAt({ open, arrivals }: AppBoard): ReadonlySet<string> {
  const spoken = [...open.values()].flatMap(({ excused }) =>
    Object.entries(excused).flatMap(([site, record]) => (isSpoken(record) ? [site] : [])),
  );
  return new Set([...spoken, ...Object.keys(arrivals.excused ?? {})]);
}

function isInstance(view: SiteView, isInFlight: boolean): boolean {
  if (standingTree(view.entry) === undefined) return false;
  // Nothing more comes to what is suspended: for what is broken there, nobody has to wait.
  if (view.facts?.suspend === true && !isInFlight && !isHealthy(view, false)) return false;
  if (!view.isReachable || view.silentSince !== null) return false;
  return standingOf(view, false) !== "joining";
}

/** A failure domain of which one site is the last healthy one. */
interface LoneDomain {
  readonly domain: string;
  /** Its other sites that answer. */
  readonly others: readonly string[];
}

/**
 * The domain in which a hand-over to a healthy site would leave no healthy one; undefined: it may go. Not waited for are
 * broken sites whose turn comes `later`: they would wait for this one, and neither would ever move.
 */
export function loneDomain(
  board: Board,
  app: AppBoard,
  { site, later }: { readonly site: string; later: (other: string) => boolean },
): LoneDomain | undefined {
  const facts = board.input.sites.get(site);
  if (facts === undefined) return undefined;
  const key = domainOf(board, facts);
  const domain = domainsOf(board, app).get(key);
  if (domain === undefined) return undefined;
  if (domain.free.size > (domain.free.has(site) ? 1 : 0)) return undefined;
  const mayHeal = (other: string): boolean => app.inFlight.has(other) || !later(other);
  const others = [...domain.reachable].filter((other) => other !== site);
  return others.some(mayHeal) ? { domain: key, others } : undefined;
}

/** Notes a hand-over of this plan. */
export function takeFromDomain(board: Board, app: AppBoard, site: string): void {
  const facts = board.input.sites.get(site);
  if (facts !== undefined) app.domains?.get(domainOf(board, facts))?.free.delete(site);
}

function domainOf(board: Board, facts: SiteFacts): string {
  const keys = board.input.budgets.failureDomains;
  if (keys.length === 0) return `region ${facts.region}`;
  return keys.map((key) => `${key}=${own(facts.labels, key) ?? ""}`).join(",");
}

/** The block of a site that is the last healthy one of its failure domain. */
export function loneBlock({ domain, others }: LoneDomain, app: string): Block {
  return {
    code: "failure-domain",
    reason: `failure domain ${domain} keeps 1 site where ${app} is healthy and not in flight, and this is the last: not ${someOf(others)}`,
    endsWhen: "another one of them is, or those that are not are excused or suspended",
  };
}
