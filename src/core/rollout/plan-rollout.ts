/**
 * The planner. In: control, what stands in the mirrors, what is observed, the time. Out: what may move now, what is
 * to be recorded first, what waits, why, and what ends it. Level-based: run again on the state that its plan leads to,
 * it plans nothing. Nothing reaches a site but through a hand-over of this plan; nothing leaves one but by a removal
 * release; silence frees no slot and passes no gate.
 */
import { arrivalsInFlight, budgetsOf, isArriving } from "./arrivals.ts";
import type { Block } from "./block.ts";
import { type AppBoard, type Board, change, changesOf, newBoard, setInFlight } from "./board.ts";
import { controlPaths } from "./control-files.ts";
import { noteTies } from "./dependencies.ts";
import { clearMarkers } from "./leaving-markers.ts";
import { planOpenList } from "./open-list.ts";
import { recountLosses } from "./count-losses.ts";
import { own } from "./own.ts";
import type { PlannerInput, RolloutPlan } from "./planner-types.ts";
import type { Release } from "./records.ts";
import { planUnit } from "./plan-unit.ts";
import { movedSites } from "./rollback/brought.ts";
import { planSiteMoves } from "./site-moves.ts";
import type { ListedSite } from "./site-state.ts";
import { silentSinceOf } from "./site-view.ts";
import { unitsOf } from "./ties.ts";
import { reportUnknownApps } from "./unknown-apps.ts";
import { heldByUnknown } from "./unrendered.ts";
import { holdsSlot, partAt } from "./units.ts";
import type { UnitMemory } from "./unit-memory.ts";

/** What may move now, and why the rest may not. `memory`: what is known already of this input, and is added to. */
export function planRollout(input: PlannerInput, memory?: UnitMemory): RolloutPlan {
  const board = newBoard(input, memory);
  const { controlLost, awaitsHead } = input;
  if (controlLost !== undefined) return heldPlan(input, lostBlock(controlLost, lostEnd));
  if (awaitsHead !== undefined) {
    return heldPlan(input, lostBlock(awaitsHead.reason, "a head is followed"));
  }
  planSiteMoves(board);
  endRegionExcuses(board);
  clearMarkers(board);
  countInFlight(board);
  const units = unitsOf(board);
  noteTies(board, units);
  const held = heldByUnknown(board, units);
  board.held = held;
  recountLosses(board, held);
  for (const unit of units) {
    if (!unit.members.some(({ app }) => held.has(app))) planUnit(board, unit);
  }
  for (const app of board.apps.values()) {
    const block = held.get(app.app);
    if (block === undefined) planOpenList(board, app);
    else board.waits.push({ app: app.app, release: null, stage: null, site: null, ...block });
  }
  reportUnknownApps(board);
  return {
    changes: changesOf(board),
    handOvers: board.handOvers,
    siteMoves: board.siteMoves,
    waits: board.waits,
    wakeAt: board.wakeAt,
    asks: board.asks,
    readyMs: readyTimes(board),
  };
}

const lostEnd = "an operator confirms what the mirrors have (`rollout recover`)";

/**
 * Control is missing or older than a mirror: nothing moves until an operator has looked, and then until a head says
 * what is wanted, for what control knows as current may be older than what stands.
 */
function lostBlock(reason: string, endsWhen: string): Block {
  return { code: "control-lost", reason, endsWhen };
}

/** Nothing moves, for one reason. */
function heldPlan({ control }: PlannerInput, block: Block): RolloutPlan {
  const apps = Object.keys(control.apps).toSorted();
  return {
    changes: [],
    handOvers: [],
    siteMoves: [],
    waits: apps.map((app) => ({
      app,
      release: null,
      stage: null,
      site: null,
      ...block,
    })),
    wakeAt: null,
    asks: new Map(),
    readyMs: new Set(),
  };
}

function readyTimes({ apps }: Board): Set<number> {
  const times = new Set<number>();
  for (const app of apps.values()) {
    for (const { minReadyMs } of app.open.values()) times.add(minReadyMs);
    if (isArriving(app)) times.add(budgetsOf(app).minReadyMs);
  }
  return times;
}

/** An excuse of a region holds until its worker is back. */
function endRegionExcuses(board: Board): void {
  const { workers } = board.input.control;
  for (const mirror of Object.keys(workers)) {
    const record = own(workers, mirror);
    if (record?.excused === undefined || silentSinceOf(board.input, mirror) !== null) continue;
    const { excused: _, ...rest } = record;
    change(board, controlPaths.worker(mirror), {
      record: rest,
      why: `${mirror} is back: its excuse ends`,
    });
  }
}

/** Who has what in flight already, before anything is handed over: budgets count over all apps and releases. */
function countInFlight(board: Board): void {
  for (const app of board.apps.values()) {
    for (const site of arrivalsInFlight(board, app)) setInFlight(board, app, { site, by: null });
    for (const release of app.open.values()) countRelease(board, app, release);
  }
}

function countRelease(board: Board, app: AppBoard, release: Release): void {
  for (const site of movedSites(release)) {
    if (hasInFlight(board, release, site)) setInFlight(board, app, { site, by: release.id });
  }
}

function hasInFlight(board: Board, release: Release, site: string): boolean {
  const part = partAt(board, release, site);
  return part !== null && !isBehind(part) && holdsSlot(part.state);
}

/** Its stage has passed: the release has nothing in flight there any more, unless it takes the app away or goes back. */
function isBehind({ release, entry, view }: ListedSite): boolean {
  if (own(release.back, view.site) !== undefined) return false;
  const stage = release.stages[entry.stage]?.name ?? "";
  return release.kind !== "removal" && Object.hasOwn(release.passed, stage);
}
