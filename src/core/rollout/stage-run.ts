/** One stage of a unit while it is being planned: its sites, who uses which budget, and what was decided. */
import { type Board, setRelease, wakeLater } from "./board.ts";
import type { Block } from "./block.ts";
import type { WaitCode } from "./planner-types.ts";
import type { FrozenStage, Release, Standing } from "./records.ts";
import { holdsSlot, isUnavailable, releasesOf, type Unit, type UnitSite } from "./units.ts";

/** A budget without room; `share`: whose, null: the fleet's. Its words need the final counts. */
export interface FullBudget {
  readonly full: WaitCode;
  readonly share: StageShare | null;
}

/** Sites that stay, with the reason. */
export type Blocked = ReadonlyMap<UnitSite, Block | FullBudget>;

/** Who uses the budgets of a stage up. */
interface Users {
  readonly inFlight: Set<string>;
  readonly unavailable: Set<string>;
  readonly failed: Set<string>;
}

/** One release's part of a stage: its budgets are of the sites that it lists. */
export interface StageShare extends Users {
  readonly app: string;
  readonly stage: FrozenStage;
  lists(this: void, site: string): boolean;
}

export interface StageRun extends Users {
  readonly board: Board;
  readonly unit: Unit;
  readonly stage: FrozenStage;
  readonly sites: readonly UnitSite[];
  /** One for each release that moves in it: a site fits the budgets of all that list it. */
  readonly shares: readonly StageShare[];
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
  const users = {
    inFlight: named(sites.filter(({ parts }) => parts.some(({ state }) => holdsSlot(state)))),
    unavailable: named(sites.filter(isUnavailable)),
    failed: named(sites.filter(({ parts }) => parts.some(({ state }) => state.kind === "failed"))),
  };
  return {
    ...run,
    ...users,
    shares: sharesOf(run, users),
    handedNow: new Set(),
    handed: new Map(),
    losses: new Map(),
    followed: new Map(),
  };
}

function sharesOf(
  { board, unit, stage }: Pick<StageRun, "board" | "unit" | "stage">,
  users: Users,
): StageShare[] {
  const releases = releasesOf(board, unit);
  if (releases.length < 2) {
    return [{ app: releases[0]?.app ?? "", stage, lists: () => true, ...users }];
  }
  return releases.map(({ app, list, stages }) => {
    const lists = (site: string): boolean => Object.hasOwn(list, site);
    return {
      app,
      stage: stages.find(({ name }) => name === stage.name) ?? stage,
      lists,
      inFlight: new Set([...users.inFlight].filter(lists)),
      unavailable: new Set([...users.unavailable].filter(lists)),
      failed: new Set([...users.failed].filter(lists)),
    };
  });
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

/** Plans again when a site that its mirror never got to keeps its slot no more. */
export function wakeAtDeadline({ board }: StageRun, { parts }: UnitSite): void {
  for (const { state } of parts) {
    if (state.kind === "in-flight" && state.until !== null) wakeLater(board, state.until);
  }
}
