/** One stage of a unit while it is being planned: its sites, who uses which budget, and what was decided. */
import { type Board, setRelease } from "./board.ts";
import type { Block } from "./block.ts";
import type { WaitCode } from "./planner-types.ts";
import type { FrozenStage, Release, Standing } from "./records.ts";
import { holdsSlot, isUnavailable, releasesOf, type Unit, type UnitSite } from "./units.ts";

/** Sites that stay, with the reason. Budgets only give a code: their words need the final counts. */
export type Blocked = ReadonlyMap<UnitSite, Block | WaitCode>;

export interface StageRun {
  readonly board: Board;
  readonly unit: Unit;
  readonly stage: FrozenStage;
  readonly sites: readonly UnitSite[];
  readonly inFlight: Set<string>;
  readonly unavailable: Set<string>;
  readonly failed: Set<string>;
  /** Gate of the whole stage that is shut; null: none. */
  readonly gate: Block | null;
  /** Sites handed over by this plan. */
  readonly handedNow: Set<string>;
  /** Release id -> site -> record. */
  readonly handed: Map<string, Record<string, { at: string; was: Standing }>>;
  /** Release id -> site -> objects that it deletes there. */
  readonly losses: Map<string, Record<string, number>>;
  /** Stages of candidates that have to follow what a site release moves, by candidate and stage. */
  readonly followed: Map<string, StageRun>;
}

export function newStageRun(run: {
  board: Board;
  unit: Unit;
  stage: FrozenStage;
  sites: readonly UnitSite[];
  gate: Block | null;
}): StageRun {
  const { sites } = run;
  const named = (chosen: readonly UnitSite[]): Set<string> =>
    new Set(chosen.map(({ site }) => site));
  return {
    ...run,
    inFlight: named(sites.filter(({ parts }) => parts.some(({ state }) => holdsSlot(state)))),
    unavailable: named(sites.filter(isUnavailable)),
    failed: named(sites.filter(({ parts }) => parts.some(({ state }) => state.kind === "failed"))),
    handedNow: new Set(),
    handed: new Map(),
    losses: new Map(),
    followed: new Map(),
  };
}

/** Writes into each member what `edit` makes of it; undefined leaves it alone. */
export function editMembers(
  board: Board,
  unit: Unit,
  edit: (release: Release) => { readonly release: Release; readonly why: string } | undefined,
): void {
  for (const release of releasesOf(board, unit)) {
    const edited = edit(release);
    if (edited !== undefined) setRelease(board, edited.release, edited.why);
  }
}
