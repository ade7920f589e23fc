/** Where every open release stands, for status, checks and the page: derived, like everything else, from the state. */
import { type Board, newBoard } from "./board.ts";
import { refOf } from "./entitled-release.ts";
import { stageGate } from "./gates.ts";
import { own } from "./own.ts";
import type { PlannerInput, ReleaseProgress, StageProgress } from "./planner-types.ts";
import type { FrozenStage, Release } from "./records.ts";
import { isSpoken, type SiteState } from "./site-state.ts";
import { soakBlock } from "./soak.ts";
import { newStageRun } from "./stage-run.ts";
import { sitesByStage, unitSite } from "./units.ts";
import type { UnitMemory } from "./unit-memory.ts";

/** All open releases, by app and start. `memory`: what a plan of the same input has worked out. */
export function progressOf(input: PlannerInput, memory?: UnitMemory): ReleaseProgress[] {
  const board = newBoard(input, memory);
  const releases = [...board.apps.values()].flatMap(({ open }) => [...open.values()]);
  return releases.map((release) => {
    const sites = sitesByStage(board, [release]);
    const stages = release.stages.map((stage, index) =>
      stageProgress(board, { release, stage, sites: sites[index] ?? [] }),
    );
    const { app, kind, urgent } = release;
    const at = release.stages.findIndex(({ name }) => !Object.hasOwn(release.passed, name));
    const open = release.stages[at];
    const isHeld = open !== undefined && stageGate(board, [release], open)?.code === "held";
    const soaks = (): boolean =>
      open !== undefined && isSoaking(board, { release, stage: open, sites: sites[at] ?? [] });
    return {
      app,
      release: refOf(release),
      kind,
      stages,
      state: stateOf(release, stages, { isHeld, soaks }),
      ...(urgent === undefined ? {} : { urgent }),
    };
  });
}

interface StageOf {
  readonly release: Release;
  readonly stage: FrozenStage;
  readonly sites: readonly string[];
}

/** The soak of a stage whose sites have settled is not over. */
function isSoaking(board: Board, { release, stage, sites }: StageOf): boolean {
  const unit = { members: [{ app: release.app, id: release.id }] };
  const its = sites.map((site) => unitSite(board, [release], site));
  return soakBlock(newStageRun({ board, unit, stage, sites: its, gate: null })) !== null;
}

type Columns = Pick<
  StageProgress,
  "done" | "inFlight" | "waiting" | "failed" | "unchanged" | "excused"
>;

function stageProgress(board: Board, { release, stage, sites }: StageOf): StageProgress {
  const columns = { done: 0, inFlight: 0, waiting: 0, failed: 0, unchanged: 0, excused: 0 };
  const passed = Object.hasOwn(release.passed, stage.name);
  let [offline, rolledBack] = [0, 0];
  for (const site of sites) {
    const { state } = unitSite(board, [release], site);
    const column = columnAt(release, site, { state, passed });
    columns[column] += 1;
    if (column === "excused" && isOffline(release, site, state)) offline += 1;
    if (own(release.back, site) !== undefined) rolledBack += 1;
  }
  const { name, by, failureBudget, maxInFlight, maxUnavailable, soakMs } = stage;
  const budgets = { failureBudget, maxInFlight, maxUnavailable, soakMs };
  const opened = Object.hasOwn(release.opened, name);
  return {
    name,
    by,
    ...budgets,
    sites: sites.length,
    ...columns,
    offline,
    rolledBack,
    opened,
    passed,
  };
}

const columnOf: Readonly<Record<SiteState["kind"], keyof Columns>> = {
  done: "done",
  "in-flight": "inFlight",
  waiting: "waiting",
  failed: "failed",
  fails: "failed",
  unchanged: "unchanged",
  excused: "excused",
};

/** What leaves the fleet is forgotten as soon as its apps have left it: that they have counts, not that it is gone. */
function columnAt(
  release: Release,
  site: string,
  { state, passed }: { state: SiteState; passed: boolean },
): keyof Columns {
  const word = own(release.excused, site);
  const isTold = Object.hasOwn(release.failed, site) || (word !== undefined && isSpoken(word));
  if (!isTold && Object.hasOwn(release.left ?? {}, site)) return "done";
  return passed ? columnBehind(release, site, state) : columnOf[state.kind];
}

/** It was excused because it could not be reached, now or when its stage passed. */
function isOffline(release: Release, site: string, state: SiteState): boolean {
  const record = own(release.excused, site);
  if (record !== undefined) return !isSpoken(record) && record.why === "offline";
  return state.kind === "excused" && state.because === "offline";
}

/** In a stage that has passed, what was recorded counts; how its sites are doing now is not the release's any more. */
function columnBehind(release: Release, site: string, state: SiteState): keyof Columns {
  if (Object.hasOwn(release.excused, site)) return "excused";
  if (Object.hasOwn(release.failed, site)) return "failed";
  if (state.kind === "unchanged") return "unchanged";
  const isRemovalUnderWay = release.kind === "removal" && state.kind === "in-flight";
  return isRemovalUnderWay && own(release.handed, site) !== undefined ? "inFlight" : "done";
}

function stateOf(
  release: Release,
  stages: readonly StageProgress[],
  { isHeld, soaks }: { readonly isHeld: boolean; readonly soaks: () => boolean },
): ReleaseProgress["state"] {
  const open = stages.find(({ passed }) => !passed);
  if (open === undefined) return "done";
  if (open.failed > open.failureBudget || release.goingBack !== undefined) return "failed";
  if (isHeld) return "held";
  if (!open.opened) return "waiting";
  if (open.inFlight > 0) return "moving";
  return open.waiting > 0 || open.done === 0 || !soaks() ? "waiting" : "soaking";
}
