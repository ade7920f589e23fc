/**
 * Order between apps at one site (`App.spec.dependsOn`): an app moves there when what it depends on has come, and leaves
 * when what depends on it and leaves too has left. Only what is on its way is waited for; nothing is waited for in a
 * circle: what moves together, and what would wait for that, is not waited for.
 */
import { arrivalAt } from "./arrivals.ts";
import type { Block } from "./block.ts";
import type { AppBoard, Board } from "./board.ts";
import { lossesOf, type TreeStep } from "./losses.ts";
import { own } from "./own.ts";
import type { Release } from "./records.ts";
import { isSpoken, type ListedSite, listedSite, siteState, type SiteState } from "./site-state.ts";
import { isHealthyOn, standingTree } from "./site-view.ts";
import type { Unit } from "./units.ts";
import { healthInWords } from "./words.ts";

/** What an app does, as a node of the graph of what waits for what. */
type Move = `${"comes" | "leaves"} ${string}`;

function moveOf(app: string, isLeaving: boolean): Move {
  return `${isLeaving ? "leaves" : "comes"} ${app}`;
}

/** Notes which releases move as one: none of them waits for another, nor for what waits for one. */
export function noteTies(board: Board, units: readonly Unit[]): void {
  for (const { members } of units) {
    if (members.length < 2) continue;
    const moves = members.map(({ app, id }) =>
      moveOf(app, board.apps.get(app)?.open.get(id)?.kind === "removal"),
    );
    for (const move of moves) board.ties.set(move, [...(board.ties.get(move) ?? []), ...moves]);
  }
}

/** The dependency that one of these steps, which a site takes in one commit, waits for. */
export function dependencyBlock(
  board: Board,
  site: string,
  steps: readonly TreeStep[],
): Block | null {
  for (const { app, to } of steps) {
    const others = to === null ? dependantsOf(board, app) : dependenciesOf(board, app);
    if (others.length === 0) continue;
    const first = to === null ? leavesFirst : comesFirst;
    const along = movesAlong(board, site, steps);
    for (const other of others) {
      const block = first(board, site, { app, other });
      if (block === null || leadsTo(board, moveOf(other, to === null), along)) continue;
      return block;
    }
  }
  return null;
}

/** What the steps do, and what goes along with them because it takes an object over. */
function movesAlong(board: Board, site: string, steps: readonly TreeStep[]): Move[] {
  return steps.flatMap((step) => {
    const { awaited } = lossesOf(board, site, { step, steps });
    const taker = awaited === undefined ? [] : [moveOf(awaited.app, false)];
    return [moveOf(step.app, step.to === null), ...taker];
  });
}

function dependenciesOf({ input }: Board, app: string): readonly string[] {
  return own(input.dependsOn ?? {}, app) ?? [];
}

/** Apps with an open removal that depend on this one: as the fleet says, or said when it last had them. */
function dependantsOf(board: Board, app: string): string[] {
  const dependsOn = board.input.dependsOn ?? {};
  return [...board.apps.values()].flatMap(({ app: other, open }) => {
    const removals = [...open.values()].filter(({ kind }) => kind === "removal");
    const depends = removals.some((removal) =>
      (own(dependsOn, other) ?? removal.dependsOn ?? []).includes(app),
    );
    return depends ? [other] : [];
  });
}

/** A move waits, over any number of others, for one of these. */
function leadsTo(board: Board, from: Move, targets: readonly Move[]): boolean {
  if (comesAlone(board, targets)) return targets.includes(from);
  const seen = new Set<string>([from]);
  for (const move of seen) {
    if (targets.includes(move as Move)) return true; // only moves are added
    const app = move.slice(move.indexOf(" ") + 1);
    const isLeaving = move === moveOf(app, true);
    const others = isLeaving ? dependantsOf(board, app) : dependenciesOf(board, app);
    for (const other of others) seen.add(moveOf(other, isLeaving));
    for (const tied of board.ties.get(move) ?? []) seen.add(tied);
  }
  return false;
}

/** What comes by itself, where nothing moves as one, is in no circle: no commit declares one. */
function comesAlone({ ties }: Board, moves: readonly Move[]): boolean {
  return ties.size === 0 && moves.length === 1 && moves.every((move) => move.startsWith("comes "));
}

interface Pair {
  readonly app: string;
  readonly other: string;
}

/** What an app depends on is on its way to the site, or to another tree there. */
function comesFirst(board: Board, site: string, { app, other }: Pair): Block | null {
  const needed = board.apps.get(other);
  if (needed === undefined) return null;
  for (const release of needed.open.values()) {
    const block = release.kind === "removal" ? null : releaseFirst(board, site, { app, release });
    if (block !== null) return block;
  }
  return arrivesFirst(board, site, { app, needed });
}

function releaseFirst(
  { input }: Board,
  site: string,
  { app, release }: { app: string; release: Release },
): Block | null {
  const listed = listedSite(input, release, site);
  const stage = release.stages[listed?.entry.stage ?? -1]?.name ?? "";
  if (listed === undefined) return null;
  const words = Object.hasOwn(release.passed, stage)
    ? failedWords(listed)
    : stateWords(
        siteState(listed),
        release,
        healthInWords(listed.view.observed, release.unknownBlocks),
      );
  if (words === null) return null;
  return {
    code: "dependency",
    reason: `${app} depends on ${release.app}, and ${release.id} ${words.now}`,
    endsWhen: words.ends ?? `${release.app} has got it there and is healthy`,
  };
}

/** Its stage has passed without the site, for it failed there within its budget: that is waited for while it is open. */
function failedWords(listed: ListedSite): ReturnType<typeof stateWords> {
  const { release, entry, view } = listed;
  const state = siteState(listed);
  const isThere =
    entry.to !== null &&
    standingTree(view.entry) === entry.to &&
    isHealthyOn(view, entry.to, release.unknownBlocks);
  if (state.kind !== "failed" || isThere) return null;
  const ends = `${release.app} is healthy there on what it brings, or ${release.id} is through or replaced`;
  return { now: `failed there: ${state.cause}`, ends };
}

/** How a release stands at the site, for what waits for it; null: there is nothing to wait for. */
function stateWords(
  state: SiteState,
  { id, goingBack }: Release,
  health: string,
): { readonly now: string; readonly ends?: string } | null {
  const ends = `a newer commit replaces ${id}, or an operator retries it or excuses the site`;
  switch (state.kind) {
    case "done":
    case "excused":
      return null;
    case "failed":
    case "fails":
      return { now: `failed there: ${state.cause}`, ends };
    case "unchanged":
      return { now: `has not made it healthy there: ${health}`, ends };
    case "in-flight":
      return { now: `is in flight there: ${health}` };
    case "waiting":
      break;
  }
  return goingBack === undefined
    ? { now: "has still to reach the site" }
    : { now: "goes back", ends };
}

function arrivesFirst(
  board: Board,
  site: string,
  { app, needed }: { app: string; needed: AppBoard },
): Block | null {
  const { handed, failed } = needed.arrivals;
  const isUnderWay = Object.hasOwn(handed, site) || Object.hasOwn(failed, site);
  if (!isUnderWay && arrivalAt(board, needed, site) === undefined) return null;
  const cause = own(failed, site)?.cause;
  return {
    code: "dependency",
    reason: `${app} depends on ${needed.app}, which ${cause === undefined ? "comes to the site by the open list first" : `failed there: ${cause}`}`,
    endsWhen: `${needed.app} is healthy there`,
  };
}

/** What depends on an app, and leaves the site too, stands there still. */
function leavesFirst(board: Board, site: string, { app, other }: Pair): Block | null {
  for (const release of board.apps.get(other)?.open.values() ?? []) {
    if (release.kind !== "removal" || !isToLeave(board, release, site)) continue;
    return {
      code: "dependency",
      reason: `${other} depends on ${app} and leaves the site first, by ${release.id}`,
      endsWhen: `${other} has left it, or an operator excuses the site from ${release.id}`,
    };
  }
  return null;
}

function isToLeave({ input }: Board, release: Release, site: string): boolean {
  const listed = listedSite(input, release, site);
  if (listed?.view.entry === undefined || Object.hasOwn(release.left ?? {}, site)) return false;
  const excused = own(release.excused, site);
  return excused === undefined || !isSpoken(excused);
}
