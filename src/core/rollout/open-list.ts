/**
 * The open list of an app: joiners, returning sites and all others that are not on what they are entitled to and that
 * no open release lists. They get it under the budgets of the last stage as shares of the app's sites, without stages
 * or approvals; a hold stops them only with `all`.
 */
import { resolveAmount } from "../model/amount.ts";
import type { TreeId } from "../render/rendered.ts";
import { budgetsOf, entitledTree, isListed, settleArrivals } from "./arrivals.ts";
import { type AppBoard, type Board, setArrivals } from "./board.ts";
import { loneBlock, loneDomain, takeFromDomain } from "./failure-domains.ts";
import type { Block } from "./block.ts";
import { goodTree } from "./good-tree.ts";
import { fitsFleet, openHoldBlock, siteBlock } from "./site-blocks.ts";
import { own } from "./own.ts";
import type { Arrivals, OpenListBudgets } from "./records.ts";
import { type SiteView, standingOf, standingTree, viewSite } from "./site-view.ts";
import { siteHash } from "./stable-order.ts";
import { budget, fleetWords } from "./stage-waits.ts";
import { healthInWords, someOf } from "./words.ts";

interface OpenList {
  readonly board: Board;
  readonly app: AppBoard;
  readonly budgets: OpenListBudgets;
  readonly most: {
    readonly inFlight: number;
    readonly unavailable: number;
    readonly failed: number;
  };
  readonly inFlight: Set<string>;
  readonly unavailable: Set<string>;
}

interface Arrival {
  readonly view: SiteView;
  readonly to: TreeId;
}

/** Settles what has arrived, hands over what may go, tells why the others wait. */
export function planOpenList(board: Board, app: AppBoard): void {
  settleArrivals(board, app);
  const arrivals = arrivalsOf(board, app);
  if (arrivals.length === 0 && Object.keys(app.arrivals.handed).length === 0) {
    reportUnreleased(board, app);
    return;
  }
  const list = openList(board, app, arrivals);
  const handed: Arrivals["handed"] = {};
  for (const arrival of inOrder(list, arrivals)) {
    const block = arrivalBlock(list, arrival);
    if (block === null) handed[arrival.view.site] = handOver(list, arrival);
    else addWait(board, app, { site: arrival.view.site, block });
  }
  reportInFlight(board, app, arrivals);
  recordHanded(board, app, handed);
  reportUnreleased(board, app);
}

/** Sites that are entitled to another tree than stands there, and that no open release lists. */
function arrivalsOf(board: Board, app: AppBoard): Arrival[] {
  const trees = own(board.input.entitled, app.app);
  const sites = new Set([...Object.keys(trees ?? {}), ...app.promoted.keys()]);
  const arrivals: Arrival[] = [];
  for (const site of sites) {
    const to = entitledTree(board, app, site);
    if (to === undefined || standing(board, site, app.app) === to || isListed(app, site)) continue;
    const view = viewSite(board.input, app.app, site);
    if (view.facts !== undefined) arrivals.push({ view, to });
  }
  return arrivals;
}

function standing({ input }: Board, site: string, app: string): TreeId | undefined {
  return standingTree(own(own(input.mirrors, site), app));
}

function openList(board: Board, app: AppBoard, arrivals: readonly Arrival[]): OpenList {
  const budgets = budgetsOf(app);
  const total = Object.keys(own(board.input.entitled, app.app) ?? {}).length;
  const inFlight = new Set(Object.keys(app.arrivals.handed));
  const unavailable = new Set<string>();
  const views = [...inFlight].map((site) => viewSite(board.input, app.app, site));
  for (const view of [...views, ...arrivals.map((arrival) => arrival.view)]) {
    if (isUnavailable(view, { budgets, inFlight })) unavailable.add(view.site);
  }
  const most = {
    inFlight: resolveAmount(budgets.maxInFlight, total),
    unavailable: resolveAmount(budgets.maxUnavailable, total),
    failed: resolveAmount(budgets.failureBudget, total),
  };
  return { board, app, budgets, most, inFlight, unavailable };
}

function isUnavailable(
  view: SiteView,
  { budgets, inFlight }: { budgets: OpenListBudgets; inFlight: ReadonlySet<string> },
): boolean {
  const standingNow = standingOf(view, budgets.unknownBlocks);
  if (standingNow === "joining" || !view.isReachable || view.facts?.suspend === true) return false;
  return inFlight.has(view.site) || standingNow !== "healthy";
}

/** What is not healthy first, then by hash. */
function inOrder(
  { app, budgets, most, inFlight }: OpenList,
  arrivals: readonly Arrival[],
): readonly Arrival[] {
  if (arrivals.length < 2 || inFlight.size >= most.inFlight) return arrivals;
  const keyed = arrivals.map((arrival) => ({
    arrival,
    rank: standingOf(arrival.view, budgets.unknownBlocks) === "healthy" ? 1 : 0,
    hash: siteHash(app.app, arrival.view.site),
  }));
  keyed.sort(
    (a, b) =>
      a.rank - b.rank || a.hash - b.hash || (a.arrival.view.site < b.arrival.view.site ? -1 : 1),
  );
  return keyed.map(({ arrival }) => arrival);
}

function arrivalBlock(list: OpenList, { view, to }: Arrival): Block | null {
  const { board, app } = list;
  const block = siteBlock(view) ?? openHoldBlock(board, app.app, view);
  if (block !== null) return block;
  const isAgain = own(app.arrivals.handed, view.site)?.to === to;
  return isAgain ? null : budgetBlock(list, view);
}

function budgetBlock(list: OpenList, view: SiteView): Block | null {
  const { app, most } = list;
  const stage = `${app.app}'s open list`;
  const failed = new Set(Object.keys(app.arrivals.failed));
  if (failed.size > most.failed) {
    return {
      code: "failure-budget",
      reason: `${failed.size} sites of ${stage} failed (${someOf(failed)}); its failureBudget is ${most.failed}`,
      endsWhen: "they are healthy, or another release reaches them",
    };
  }
  const holder = app.inFlight.get(view.site);
  if (typeof holder === "string") {
    return {
      code: "progressing",
      reason: `${holder} has ${view.site} in flight`,
      endsWhen: "it has settled there",
    };
  }
  return countBlock(list, view, stage) ?? fleetBlock(list, view);
}

function countBlock(
  { most, inFlight, unavailable, budgets }: OpenList,
  view: SiteView,
  stage: string,
): Block | null {
  const without = (sites: ReadonlySet<string>): number =>
    sites.size - (sites.has(view.site) ? 1 : 0);
  if (without(inFlight) >= most.inFlight) {
    return budget("in-flight-budget", {
      name: "maxInFlight",
      most: most.inFlight,
      users: inFlight,
      stage,
    });
  }
  const isHealthySite = standingOf(view, budgets.unknownBlocks) === "healthy";
  if (!isHealthySite || without(unavailable) < most.unavailable) return null;
  return budget("unavailable-budget", {
    name: "maxUnavailable",
    most: most.unavailable,
    users: unavailable,
    stage,
  });
}

function fleetBlock({ board, app, budgets }: OpenList, view: SiteView): Block | null {
  if (!fitsFleet(board, view.site)) {
    return fleetWords(board.input.budgets.maxSitesInFlight ?? 0, board.sitesInFlight);
  }
  if (standingOf(view, budgets.unknownBlocks) !== "healthy") return null;
  const domain = loneDomain(board, app, view.site);
  return domain === undefined ? null : loneBlock(domain, app.app);
}

function handOver(list: OpenList, { view, to }: Arrival): Arrivals["handed"][string] {
  const { board, app, budgets } = list;
  const was = own(app.arrivals.handed, view.site)?.was ?? standingOf(view, budgets.unknownBlocks);
  const apps = [{ app: app.app, release: null, set: { tree: to }, good: goodTree(app, view) }];
  board.handOvers.push({ site: view.site, mirror: view.mirror, apps });
  list.inFlight.add(view.site);
  if (was !== "joining") list.unavailable.add(view.site);
  board.sitesInFlight.add(view.site);
  app.inFlight.set(view.site, null);
  takeFromDomain(board, app, view.site);
  return { at: board.at, to, was };
}

function recordHanded(board: Board, app: AppBoard, handed: Arrivals["handed"]): void {
  const sites = Object.keys(handed);
  if (sites.length === 0) return;
  const failed = Object.fromEntries(
    Object.entries(app.arrivals.failed).filter(([site]) => !Object.hasOwn(handed, site)),
  );
  const arrivals = { handed: { ...app.arrivals.handed, ...handed }, failed };
  setArrivals(board, app, {
    arrivals,
    why: `${app.app}: open list handed over to ${someOf(sites)}`,
  });
  for (const site of sites) {
    const block: Block = {
      code: "progressing",
      reason: "handed over now",
      endsWhen: "it is healthy",
    };
    addWait(board, app, { site, block });
  }
}

function reportInFlight(board: Board, app: AppBoard, arrivals: readonly Arrival[]): void {
  const waiting = new Set(arrivals.map(({ view }) => view.site));
  for (const site of Object.keys(app.arrivals.handed)) {
    if (waiting.has(site)) continue;
    const view = viewSite(board.input, app.app, site);
    const reason = `in flight: ${healthInWords(view.observed)}`;
    const block = siteBlock(view) ?? {
      code: "progressing",
      reason,
      endsWhen: "it is healthy, or its deadline",
    };
    addWait(board, app, { site, block });
  }
}

/** Sites that the followed head places but no release does yet: they wait for the candidate. */
function reportUnreleased(board: Board, app: AppBoard): void {
  for (const site of own(board.input.placedByHead, app.app) ?? []) {
    if (entitledTree(board, app, site) !== undefined || isListed(app, site)) continue;
    if (own(own(board.input.mirrors, site), app.app) !== undefined) continue;
    const block: Block = {
      code: "no-current",
      reason: `no release of ${app.app} that places it is current yet`,
      endsWhen: "the open candidate is through",
    };
    addWait(board, app, { site, block });
  }
}

function addWait(
  board: Board,
  app: AppBoard,
  { site, block }: { site: string; block: Block },
): void {
  board.waits.push({ app: app.app, release: null, stage: null, site, ...block });
}
