/**
 * The open list of an app: joiners, returning sites and all others that are not on what they are entitled to and that
 * no open release lists. They get it under the budgets of the last stage as shares of the app's sites, without stages
 * or approvals; a hold stops them only with `all`.
 */
import { canonicalJson } from "../model/json.ts";
import {
  type Arrival,
  arrivalAt,
  budgetsOf,
  endExcuses,
  entitledTree,
  isListed,
  settleArrivals,
} from "./arrivals.ts";
import { arrivalBlock, type OpenList, openList } from "./arrival-blocks.ts";
import { addHandOver, type AppBoard, type Board, setArrivals } from "./board.ts";
import type { Block } from "./block.ts";
import { dependencyBlock } from "./dependencies.ts";
import { giverBlock, goTogether, isBlock, takeAlong } from "./go-together.ts";
import { finalLosses } from "./losses.ts";
import { own } from "./own.ts";
import type { Arrivals, SiteLosses } from "./records.ts";
import { reportJoiners } from "./report-joiners.ts";
import { reportStays } from "./rollback/staying-sites.ts";
import { siteBlock } from "./site-blocks.ts";
import { standingOf, standingTree, treeAt, viewSite } from "./site-view.ts";
import { isRefused } from "./start/start-candidate.ts";
import { unknownTakerBlock, unrenderedBlock } from "./unrendered.ts";
import { siteHash } from "./stable-order.ts";
import { isGranted } from "./arrival-losses.ts";
import { healthInWords, readyInWords } from "./words.ts";

/** Settles what has arrived, hands over what may go, tells why the others wait, or are to stay. */
export function planOpenList(board: Board, app: AppBoard): void {
  planArrivals(board, app);
  reportUnreleased(board, app);
  reportStays(board, app);
  reportJoiners(board, app);
}

function planArrivals(board: Board, app: AppBoard): void {
  reportRefused(board, app);
  const unrendered = unrenderedBlock(board.input, app.app);
  if (unrendered !== null) addWait(board, app, { site: null, block: unrendered });
  settleArrivals(board, app);
  const arrivals = arrivalsOf(board, app);
  if (!app.isCompleted) endExcuses(board, app, arrivals.length);
  if (!app.isCompleted) noteLosses(board, app, arrivals);
  if (arrivals.length === 0 && Object.keys(app.arrivals.handed).length === 0) return;
  const list = openList(board, app, arrivals);
  const handed = new Set<string>();
  for (const arrival of inOrder(list, arrivals)) {
    const { site } = arrival.view;
    if (app.movedNow.has(site)) continue;
    const block = handOver(list, arrival);
    if (block === null) handed.add(site);
    else addWait(board, app, { site, block });
  }
  for (const site of handed) addWait(board, app, { site, block: handedNow });
  reportInFlight(board, app, arrivals);
}

const handedNow: Block = {
  code: "progressing",
  reason: "handed over now",
  endsWhen: "it is healthy",
};

/** Hands an arrival over, with what has to go along; null: it is done. */
function handOver(list: OpenList, arrival: Arrival): Block | null {
  const { board } = list;
  const { view, to } = arrival;
  const from = treeAt(board.input, list.app.app, view.site);
  const block =
    dependencyBlock(board, view.site, [{ app: list.app.app, from, to }]) ??
    arrivalBlock(list, arrival);
  if (block !== null) return block;
  const together = goTogether(board, view.site, { steps: [], arrivals: [{ list, arrival }] });
  if (isBlock(together)) return together;
  const early = giverBlock(board, view.site, together.steps);
  if (early !== null) return early;
  const apps = takeAlong(board, together.arrivals);
  addHandOver(board, { site: view.site, mirror: view.mirror, apps });
  return null;
}

/** Sites that are entitled to another tree than stands there, and that no open release lists. */
function arrivalsOf(board: Board, app: AppBoard): Arrival[] {
  const trees = own(board.input.entitled, app.app) ?? {};
  const sites = Object.keys(trees).filter((site) => {
    if (app.promoted.has(site)) return true;
    // Of most sites this is all that has to be known.
    const entry = own(own(board.input.mirrors, site), app.app);
    return standingTree(entry) !== trees[site];
  });
  const promoted = [...app.promoted.keys()].filter((site) => !Object.hasOwn(trees, site));
  return [...sites, ...promoted].flatMap((site) => arrivalAt(board, app, site) ?? []);
}

/** Writes down what sites would lose that nobody has counted, and forgets what is no question any more. */
function noteLosses(board: Board, app: AppBoard, arrivals: readonly Arrival[]): void {
  const [granted, waiting]: [SiteLosses, SiteLosses] = [{}, {}];
  for (const { view, to } of arrivals) {
    const { site } = view;
    const known = own(app.arrivals.granted, site);
    if (known?.to === to) granted[site] = known;
    const step = { app: app.app, from: treeAt(board.input, app.app, site), to };
    const deleted = finalLosses(board, site, step);
    if (isGranted(app, { site, to }, deleted)) continue;
    // What another app may take is no question yet.
    if (unknownTakerBlock(board.input, { app: app.app, site }) !== null) continue;
    waiting[site] = { to, objects: [...deleted] };
  }
  const { granted: _, waiting: __, ...rest } = app.arrivals;
  const next: Arrivals = {
    ...rest,
    ...(Object.keys(granted).length === 0 ? {} : { granted }),
    ...(Object.keys(waiting).length === 0 ? {} : { waiting }),
  };
  if (canonicalJson(next) === canonicalJson(app.arrivals)) return;
  const why = `${app.app}: what the open list would delete and nobody has counted`;
  setArrivals(board, app, { arrivals: next, why });
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

function reportInFlight(board: Board, app: AppBoard, arrivals: readonly Arrival[]): void {
  const waiting = new Set(arrivals.map(({ view }) => view.site));
  for (const site of Object.keys(app.arrivals.handed)) {
    if (waiting.has(site)) continue;
    const view = viewSite(board.input, app.app, site);
    const { observed } = view;
    const budgets = budgetsOf(app);
    const reason = `in flight: ${healthInWords(observed, budgets.unknownBlocks)}`;
    const block = siteBlock(view, "slot") ?? {
      code: "progressing",
      reason,
      endsWhen: `${readyInWords(observed, budgets)}, or its deadline`,
    };
    addWait(board, app, { site, block });
  }
}

/** The followed head has a version that was found bad: nothing begins, and that would otherwise show nowhere. */
function reportRefused(board: Board, app: AppBoard): void {
  if (!isRefused(app, own(board.input.wanted ?? {}, app.app))) return;
  addWait(board, app, {
    site: null,
    block: {
      code: "bad-version",
      reason: `the followed commit has a version of ${app.app} that is known to be bad: it is not tried again`,
      endsWhen: `a newer commit changes ${app.app}`,
    },
  });
}

/** Sites that the followed head places but no release does yet: they wait for the candidate. */
function reportUnreleased(board: Board, app: AppBoard): void {
  for (const site of own(board.input.placedByHead, app.app) ?? []) {
    if (entitledTree(board, app, site) !== undefined || isListed(app, site)) continue;
    if (own(own(board.input.mirrors, site), app.app) !== undefined) continue;
    const block: Block = unrenderedBlock(board.input, app.app) ?? {
      code: "no-current",
      reason: `no release of ${app.app} that places it is current yet`,
      endsWhen: releasedWhen(app),
    };
    addWait(board, app, { site, block });
  }
}

/** What makes something of the app current. */
function releasedWhen({ app, open }: AppBoard): string {
  const candidate = [...open.values()].find(({ kind }) => kind === "app");
  if (candidate === undefined) return `a newer commit changes ${app}`;
  if (candidate.goingBack === undefined) return `${candidate.id} is through`;
  return `a newer commit replaces ${candidate.id}, which went back`;
}

function addWait(
  board: Board,
  app: AppBoard,
  { site, block }: { site: string | null; block: Block },
): void {
  board.waits.push({ app: app.app, release: null, stage: null, site, ...block });
}
