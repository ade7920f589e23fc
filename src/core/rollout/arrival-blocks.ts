/** What the open list of an app may hand over: its budgets, who uses them, and what stops an arrival. */
import { resolveAmount } from "../model/amount.ts";
import { openListName } from "./arrival-losses.ts";
import { type Arrival, budgetsOf } from "./arrivals.ts";
import type { AppBoard, Board } from "./board.ts";
import { blockOf } from "./checks/check-blocks.ts";
import { untrueBefore } from "./checks/site-checks.ts";
import { loneBlock, loneDomain } from "./failure-domains.ts";
import type { Block } from "./block.ts";
import { fitsFleet, openHoldBlock, siteBlock } from "./site-blocks.ts";
import { own } from "./own.ts";
import type { OpenListBudgets } from "./records.ts";
import { absenceOf, type SiteView, standingOf, viewSite } from "./site-view.ts";
import { budget, fleetWords } from "./stage-waits.ts";
import { windowBlock } from "./windows/window-block.ts";
import { countOf, someOf } from "./words.ts";

export interface OpenList {
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
  readonly failed: Set<string>;
}

/** The open list as it stands now, with these arrivals to come. */
export function openList(board: Board, app: AppBoard, arrivals: readonly Arrival[]): OpenList {
  const budgets = budgetsOf(app);
  const total = Object.keys(own(board.input.entitled, app.app) ?? {}).length;
  const handed = Object.keys(app.arrivals.handed);
  const views = handed
    .map((site) => viewSite(board.input, app.app, site))
    .filter(({ isRegionExcused }) => !isRegionExcused);
  const inFlight = new Set(views.map(({ site }) => site));
  const unavailable = new Set<string>();
  for (const view of [...views, ...arrivals.map((arrival) => arrival.view)]) {
    if (isUnavailable(view, { budgets, inFlight })) unavailable.add(view.site);
  }
  const most = {
    inFlight: resolveAmount(budgets.maxInFlight, total),
    unavailable: resolveAmount(budgets.maxUnavailable, total),
    failed: resolveAmount(budgets.failureBudget, total),
  };
  const failed = new Set(Object.keys(app.arrivals.failed));
  return { board, app, budgets, most, inFlight, unavailable, failed };
}

function isUnavailable(
  view: SiteView,
  { budgets, inFlight }: { budgets: OpenListBudgets; inFlight: ReadonlySet<string> },
): boolean {
  const standingNow = standingOf(view, budgets.unknownBlocks);
  if (standingNow === "joining" || view.isRegionExcused || absenceOf(view) !== undefined)
    return false;
  return inFlight.has(view.site) || standingNow !== "healthy";
}

/** What stops an arrival; null: it may go as far as its app is concerned. */
export function arrivalBlock(list: OpenList, { view, to }: Arrival): Block | null {
  const { board, app } = list;
  const block = siteBlock(view) ?? openHoldBlock(board, app.app, view) ?? arrivalWindow(list, view);
  if (block !== null) return block;
  const isAgain = own(app.arrivals.handed, view.site)?.to === to;
  return isAgain ? null : (budgetBlock(list, view) ?? checkBlock(list, view));
}

/** A check of the app that counts no sites holds where no stage is, too. */
function checkBlock({ board, app: { app }, budgets }: OpenList, view: SiteView): Block | null {
  const untrue = untrueBefore(board.input, budgets, { app, view });
  return untrue === null ? null : blockOf(board, untrue);
}

function arrivalWindow({ board, budgets }: OpenList, view: SiteView): Block | null {
  const isFirst = view.entry === undefined;
  return windowBlock(board, view, { names: budgets.windows, isFirst });
}

function budgetBlock(list: OpenList, view: SiteView): Block | null {
  const { app, most, failed } = list;
  const stage = `${app.app}'s open list`;
  if (failed.size > most.failed) {
    return {
      code: "failure-budget",
      reason: `${countOf(failed.size, "site")} of ${stage} failed (${someOf(failed)}); its failureBudget is ${most.failed}`,
      endsWhen: `they are healthy, another release reaches them, or an operator excuses them (\`excuse ${app.app} ${openListName} --site SITE\`)`,
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
  if (!fitsFleet(board, view.site)) return fleetWords(board);
  if (standingOf(view, budgets.unknownBlocks) !== "healthy") return null;
  const domain = loneDomain(board, app, { site: view.site, later: () => false });
  return domain === undefined ? null : loneBlock(domain, app.app);
}
