/**
 * What has to change at a site in one mirror commit: an app that gives an object away goes together with the app that
 * takes it, so that ownership goes over and nothing is deleted in between. What comes by the open list is taken along,
 * be it the one or the other.
 */
import type { TreeId } from "../render/rendered.ts";
import { type Arrival, arrivalAt } from "./arrivals.ts";
import { arrivalBlock, type OpenList, openList } from "./arrival-blocks.ts";
import { isGranted, lossBlock } from "./arrival-losses.ts";
import { type AppBoard, type Board, draftArrivals, setInFlight } from "./board.ts";
import { takeFromDomain } from "./failure-domains.ts";
import type { Block } from "./block.ts";
import { dependencyBlock } from "./dependencies.ts";
import { goodTree } from "./good-tree.ts";
import { giversOf, lossesOf, type TreeStep } from "./losses.ts";
import { own } from "./own.ts";
import type { HandOver } from "./planner-types.ts";
import { noteBrought } from "./rollback/note-brought.ts";
import { standingOf, treeAt } from "./site-view.ts";
import { unknownTakerBlock } from "./unrendered.ts";

/** An arrival of the open list, with the budgets that it uses. */
export interface Coming {
  readonly list: OpenList;
  readonly arrival: Arrival;
}

export interface Together {
  /** Of releases and of arrivals. */
  readonly steps: readonly TreeStep[];
  readonly arrivals: readonly Coming[];
}

/** Why it does not go, instead of what goes. */
export function isBlock(result: Together | Block): result is Block {
  return "code" in result;
}

/** Everything that goes at a site together with these steps and arrivals; a block where part of it may not. */
export function goTogether(
  board: Board,
  site: string,
  { steps, arrivals }: Together,
): Together | Block {
  const all = [...steps, ...arrivals.map(({ list, arrival }) => arrivalStep(board, list, arrival))];
  const coming = [...arrivals];
  for (let index = 0; index < all.length; index += 1) {
    const step = all[index];
    if (step === undefined) break;
    const block = leavingBlock(board, site, step);
    if (block !== null) return block;
    for (;;) {
      const next = neededBy(board, site, { step, steps: all });
      if (next === undefined) break;
      if (isComingBlock(next)) return next;
      coming.push(next);
      all.push(arrivalStep(board, next.list, next.arrival));
    }
  }
  return (
    uncounted(board, site, { steps: all, arrivals: coming }) ?? { steps: all, arrivals: coming }
  );
}

/** What has to come along with a step, or why it may not: what takes an object from it, or by the open list gives it one. */
function neededBy(
  board: Board,
  site: string,
  { step, steps }: { step: TreeStep; steps: readonly TreeStep[] },
): Coming | Block | undefined {
  const { awaited } = lossesOf(board, site, { step, steps });
  if (awaited !== undefined) {
    const next = comingOf(board, site, { name: awaited.app, steps });
    return isComingBlock(next) ? tiedWords(next, { giver: step.app, ...awaited }) : next;
  }
  for (const { app, object } of giversOf(board, site, { step, steps })) {
    const giver = board.apps.get(app);
    // Where a release decides about the giver, that one moves together with the taker, or comes when it may.
    if (giver === undefined || arrivalAt(board, giver, site) === undefined) continue;
    const next = comingOf(board, site, { name: app, steps });
    if (!isComingBlock(next)) return next;
    // What goes back waits for nobody.
    if (step.isBack !== true) return tiedWords(next, { giver: app, app: step.app, object });
  }
  return undefined;
}

function arrivalStep(board: Board, { app }: OpenList, { view, to }: Arrival): TreeStep {
  return { app: app.app, from: treeAt(board.input, app.app, view.site), to };
}

/** What a marker says is first carried out: a tree in its place would delete what was to be let go of. */
function leavingBlock(board: Board, site: string, { app, to }: TreeStep): Block | null {
  const entry = own(own(board.input.mirrors, site), app);
  if (to === null || entry === undefined || !("leaving" in entry)) return null;
  if (entry.leaving.verb !== "orphan") return null;
  return {
    code: "progressing",
    reason: `${site} is letting go of ${app}, which its marker says is orphaned there`,
    endsWhen: "its worker reports that it has",
  };
}

/** The arrival of an app at a site, if it may come now, with these steps. */
function comingOf(
  board: Board,
  site: string,
  { name, steps }: { name: string; steps: readonly TreeStep[] },
): Coming | Block {
  const app = board.apps.get(name);
  const arrival = app === undefined ? undefined : arrivalAt(board, app, site);
  if (app === undefined || arrival === undefined) {
    const reason = `${name} has not come to ${site} yet`;
    return { code: "progressing", reason, endsWhen: `its release reaches ${site}` };
  }
  const held = board.held.get(name);
  if (held !== undefined) return held;
  const list = openList(board, app, [arrival]);
  const all = [...steps, arrivalStep(board, list, arrival)];
  return dependencyBlock(board, site, all) ?? arrivalBlock(list, arrival) ?? { list, arrival };
}

function isComingBlock(coming: Coming | Block): coming is Block {
  return "code" in coming;
}

function tiedWords(
  block: Block,
  { giver, app, object }: { giver: string; app: string; object: string },
): Block {
  return {
    ...block,
    reason: `${block.reason} (${giver} moves together with ${app}: ${object} goes from one to the other)`,
  };
}

/** An app that does not go along has an object that comes by one of these steps, and takes that one along later. */
export function giverBlock(board: Board, site: string, steps: readonly TreeStep[]): Block | null {
  for (const step of steps) {
    const [giver] = giversOf(board, site, { step, steps });
    if (giver === undefined) continue;
    return {
      code: "progressing",
      reason: `${giver.app} still has ${giver.object} at ${site}, which goes from it to ${step.app}`,
      endsWhen: `${giver.app} gives it up there: both go together`,
    };
  }
  return null;
}

/** An arrival deletes what nobody has counted. */
function uncounted(board: Board, site: string, { steps, arrivals }: Together): Block | null {
  for (const { list, arrival } of arrivals) {
    const step = arrivalStep(board, list, arrival);
    const { deleted } = lossesOf(board, site, { step, steps });
    const at = { site, to: arrival.to };
    if (isGranted(list.app, at, deleted)) continue;
    const unknown = unknownTakerBlock(board.input, { app: list.app.app, site });
    return unknown ?? lossBlock(list.app, site, deleted);
  }
  return null;
}

/** Takes arrivals into a hand-over: records them, and gives their parts of it. */
export function takeAlong(board: Board, arrivals: readonly Coming[]): HandOver["apps"][number][] {
  return arrivals.map(({ list, arrival }) => {
    const { app, budgets } = list;
    const { view, to } = arrival;
    const { site } = view;
    const was = own(app.arrivals.handed, site)?.was ?? standingOf(view, budgets.unknownBlocks);
    record(board, app, { site, to, was });
    list.inFlight.add(site);
    list.failed.delete(site);
    if (was !== "joining") list.unavailable.add(site);
    setInFlight(board, app, { site, by: null });
    app.movedNow.add(site);
    takeFromDomain(board, app, site);
    const good = goodTree(board, app, view);
    noteBrought(board, app, [{ site, tree: to }]);
    return { app: app.app, release: null, set: { tree: to }, good };
  });
}

function record(
  board: Board,
  app: AppBoard,
  { site, to, was }: { site: string; to: TreeId; was: "healthy" | "unhealthy" | "joining" },
): void {
  const { handed, failed } = draftArrivals(board, app, `${app.app}: open list handed over`);
  handed[site] = { at: board.at, to, was };
  delete failed[site];
}
