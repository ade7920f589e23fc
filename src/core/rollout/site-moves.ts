/**
 * Which mirror serves which site: new sites are assigned, forgotten ones let go, and a site whose region changed goes
 * over only when nobody writes to it any more. Its trees go along; nothing is deleted.
 */
import { type AppBoard, type Board, change, setArrivals, setRelease } from "./board.ts";
import { controlPaths } from "./control-files.ts";
import { hasMarkerToClear } from "./leaving-markers.ts";
import { isEmptied, withoutLeaving } from "./leaving-sites.ts";
import { leftBehindInWords, mayStand, stoppedForSure } from "./left-behind.ts";
import { own } from "./own.ts";
import type { SiteFacts, StartInput } from "./planner-types.ts";
import type { SiteAssignment } from "./site-assignment.ts";
import { isMirrorAwaited, mayLack, mirrorsWith, silentSinceOf, standingTree } from "./site-view.ts";
import { isAllTaken, treesToTake } from "./trees-to-take.ts";

type Moving = NonNullable<SiteAssignment["moving"]>;

/** Assigns, moves and forgets sites, one step each. */
export function planSiteMoves(board: Board): void {
  const { sites, control } = board.input;
  for (const [site, facts] of sites) {
    const assignment = own(control.sites, site);
    if (assignment === undefined)
      assign(board, site, {
        record: { mirror: facts.mirror },
        why: `is assigned to ${facts.mirror}`,
      });
    else if (assignment.moving !== undefined)
      goOn(board, site, { facts, assignment, moving: assignment.moving });
    else if (facts.leaves === true && isEmptied(board, site, assignment)) forget(board, site);
    else {
      const from = wrongMirror(board, site, { facts, assignment });
      // What has left there is recorded first: a move takes along what is to leave still.
      if (from === undefined || hasMarkerToClear(board, site)) continue;
      leave(board, site, { assignment, from, to: facts.mirror });
    }
  }
  forgetSites(board);
}

function assign(
  board: Board,
  site: string,
  { record, why }: { record: SiteAssignment; why: string },
): void {
  change(board, controlPaths.site(site), { record, why: `${site} ${why}` });
}

/**
 * The site is no longer in the fleet: its mirror lets it go, and its worker stops there. Nothing is deleted. What it had,
 * and whether its worker has stopped, stays on record: should it come back, here or elsewhere, it goes on from there.
 */
function forget(board: Board, site: string, before?: StartInput["entitledBefore"]): void {
  const known = own(board.input.control.sites, site);
  if (known === undefined) return;
  const assignment = withoutLeaving(known);
  const { moving } = assignment;
  if (moving?.forgotten !== undefined && moving.entering === undefined)
    return forgetFurther(board, site, { assignment, moving });
  const mirror = hostOf(board, site, assignment);
  const next = { ...forgottenMove(board, site, { mirror, moving }), forgotten: board.at };
  const behind = leftBehindInWords(board, { site, mirror }, before);
  letGo(board, site, { record: { ...assignment, mirror, moving: next }, behind });
}

/** The site leaves the mirror that its record names, and is forgotten. */
function letGo(
  board: Board,
  site: string,
  { record, behind = "" }: { record: SiteAssignment; behind?: string },
): void {
  assign(board, site, { record, why: `is no longer in the fleet${behind}` });
  board.siteMoves.push({ site, leave: record.mirror, why: whyForgotten(site) });
}

function whyForgotten(site: string): string {
  return `${site} is no longer in the fleet`;
}

/** The mirror that has the site, or had it last: one that is being entered, as soon as it stands there. */
function hostOf(board: Board, site: string, { mirror, moving }: SiteAssignment): string {
  return moving !== undefined && hasEntered(board, site, moving) ? moving.to : mirror;
}

function hasEntered(board: Board, site: string, { entering, to }: Moving): boolean {
  return entering !== undefined && mirrorsWith(board.input, site).includes(to);
}

/** A move that had not come further than out of its mirror goes nowhere now; else the site leaves where it is. */
function forgottenMove(
  board: Board,
  site: string,
  { mirror, moving }: { mirror: string; moving: Moving | undefined },
): Moving {
  if (moving === undefined || hasEntered(board, site, moving))
    return beginMove(board, site, { mirror, to: mirror });
  const { entering, ...rest } = moving;
  return entering === undefined ? rest : { ...rest, stopped: entering };
}

/** It leaves one mirror after the other, should it stand in several; on record is what it had when it was forgotten. */
function forgetFurther(
  board: Board,
  site: string,
  { assignment, moving }: Omit<Move, "facts">,
): void {
  if (!isLeft(board, site, { assignment, moving })) {
    if (isBroughtBack(board, site, moving)) return forgetAnew(board, site, { assignment, moving });
    const why = whyForgotten(site);
    board.siteMoves.push({ site, leave: assignment.mirror, why });
    return;
  }
  const [mirror] = mirrorsWith(board.input, site);
  if (mirror !== undefined) {
    return forgetAnew(board, site, { assignment: { ...assignment, mirror }, moving });
  }
  const isEmpty = Object.keys(moving.trees).length === 0;
  const isGoneForGood = moving.released !== undefined;
  // What a lost mirror had of it is not known before its worker is back: it stays on record that it was forgotten.
  if (isEmpty && !isGoneForGood && mayLack(board.input, assignment.mirror)) return;
  if (isEmpty)
    return change(board, controlPaths.site(site), { record: null, why: whyForgotten(site) });
  if (moving.stopped !== undefined) return;
  const record = { ...assignment, moving: { ...moving, stopped: board.at } };
  assign(board, site, { record, why: `is left alone by the worker of ${record.mirror}` });
}

/** Its worker has brought back into the mirror what the record does not have. */
function isBroughtBack(board: Board, site: string, { trees }: Moving): boolean {
  const isNew = Object.entries(own(board.input.mirrors, site) ?? {}).some(
    ([app, entry]) => standingTree(entry) !== undefined && !Object.hasOwn(trees, app),
  );
  const isFirst = Object.keys(trees).length === 0;
  return isNew || (isFirst && Object.keys(treesToTake(board, site)).length > 0);
}

/** It leaves the mirror that its record names, with what stands there. */
function forgetAnew(board: Board, site: string, { assignment, moving }: Omit<Move, "facts">): void {
  const { mirror } = assignment;
  const next = beginMove(board, site, { mirror, to: mirror });
  const trees = { ...moving.trees, ...next.trees };
  const good = { ...moving.good, ...next.good };
  const record = { ...assignment, moving: { ...next, trees, good, forgotten: board.at } };
  letGo(board, site, { record });
}

/** The mirror that the site leaves does not have it, and its worker does not write there any more. */
function isLeft(board: Board, site: string, move: Omit<Move, "facts">): boolean {
  const stands = mirrorsWith(board.input, site).includes(move.assignment.mirror);
  return !stands && hasStopped(board, site, move);
}

/** The mirror that it has to leave: that of the region which it had, or one in which a loss has left it too. */
function wrongMirror(
  board: Board,
  site: string,
  { facts, assignment }: Omit<Move, "moving">,
): string | undefined {
  if (assignment.mirror !== facts.mirror) return assignment.mirror;
  return mirrorsWith(board.input, site).find((mirror) => mirror !== facts.mirror);
}

/** Where it was forgotten, it stays on record until it has arrived: its cluster may be another one, and what it had was let go of. */
function leave(
  board: Board,
  site: string,
  { assignment, from, to }: { assignment: SiteAssignment; from: string; to: string },
): void {
  const { forgotten } = assignment.moving ?? {};
  const isFirst = assignment.moving === undefined && mirrorsWith(board.input, site).length < 2;
  const begun: Moving = {
    ...beginMove(board, site, { mirror: from, to }),
    ...(isFirst ? {} : { several: true }),
  };
  const moving = forgotten === undefined ? begun : { ...begun, forgotten };
  assign(board, site, {
    record: { ...assignment, mirror: from, moving },
    why: `leaves ${from} for ${to}`,
  });
  board.siteMoves.push({ site, leave: from, why: `${site} moves to ${to}` });
}

/** What a site takes along from a mirror. Where nothing stands, nobody has to stop. */
function beginMove(
  board: Board,
  site: string,
  { mirror, to }: { mirror: string; to: string },
): Moving {
  const { good, workers, mirrors } = board.input;
  const isEmpty =
    Object.keys(own(mirrors, site) ?? {}).length === 0 &&
    (to === mirror || !mayStand(board, site, mirror));
  return {
    to,
    commit: own(own(workers, mirror)?.stopped, site) ?? "",
    at: board.at,
    trees: treesToTake(board, site),
    good: { ...own(good, site) },
    ...(isEmpty ? { stopped: board.at } : {}),
  };
}

/**
 * Sites that the fleet has no more are forgotten. Done when the head that says so begins to be followed, too: while the
 * removals still list them, of which they take along what is not carried out. `before`: what the head before places.
 */
export function forgetSites(board: Board, before?: StartInput["entitledBefore"]): void {
  const { sites, control } = board.input;
  for (const site of Object.keys(control.sites)) if (!sites.has(site)) forget(board, site, before);
}

interface Move {
  readonly facts: SiteFacts;
  readonly assignment: SiteAssignment;
  readonly moving: Moving;
}

/** Where a loss has left it in several mirrors, it leaves one after the other, until it stands in its new one alone. */
function goOn(board: Board, site: string, known: Move): void {
  const { assignment } = known;
  const moving = takenAnew(board, site, known);
  const move = { ...known, moving };
  const standing = mirrorsWith(board.input, site);
  if (moving.entering !== undefined) {
    const isThere = standing.includes(moving.to) || Object.keys(moving.trees).length === 0;
    if (isThere) arrive(board, site, move);
    else enter(board, site, { moving, from: assignment.mirror });
    return;
  }
  const aimed = standing.includes(moving.to) ? moving : redirected(board, site, move);
  if (!isReadyToGo(board, site, { assignment, moving: aimed })) {
    board.siteMoves.push({ site, leave: assignment.mirror, why: `${site} moves to ${aimed.to}` });
    return;
  }
  const other = standing.find((mirror) => mirror !== aimed.to);
  if (other !== undefined) return leave(board, site, { assignment, from: other, to: aimed.to });
  if (standing.length > 0) return arrive(board, site, { ...move, moving: aimed });
  if (isMirrorAwaited(board.input, aimed.to))
    return waitOutside(board, site, { assignment, moving: aimed });
  const entering = { ...aimed, entering: board.at };
  assign(board, site, {
    record: { ...assignment, moving: entering },
    why: `may enter ${entering.to}`,
  });
  enter(board, site, { moving: entering, from: assignment.mirror });
}

/**
 * The move as the mirror is now. One that a loss had left older than its worker, where the move began, has what that
 * worker brought: that is what the site takes along, and whoever has it has to stop.
 */
function takenAnew(board: Board, site: string, { assignment, moving }: Move): Moving {
  const { mirror } = assignment;
  const isLeaving = moving.entering === undefined;
  if (!isLeaving || !mirrorsWith(board.input, site).includes(mirror)) return moving;
  if (isAllTaken(board, site, moving.trees)) return moving;
  const { stopped: _, ...rest } = moving;
  const next = { ...rest, ...beginMove(board, site, { mirror, to: moving.to }), at: moving.at };
  assign(board, site, {
    record: { ...assignment, moving: next },
    why: `takes along what ${mirror} has now`,
  });
  return next;
}

/** It is out of its mirror, and nobody writes there any more but the worker to which it comes back. */
function isReadyToGo(board: Board, site: string, move: Omit<Move, "facts">): boolean {
  const { assignment, moving } = move;
  const isHome = moving.to === assignment.mirror;
  if (!isHome) return isLeft(board, site, move);
  return !mirrorsWith(board.input, site).includes(assignment.mirror);
}

/**
 * The new worker was not heard yet, so nobody knows whether its mirror may be written: the site stays out of it, free to
 * go elsewhere. That nobody writes there any more is kept.
 */
function waitOutside(
  board: Board,
  site: string,
  { assignment, moving }: Omit<Move, "facts">,
): void {
  if (moving.stopped !== undefined || moving.to === assignment.mirror) return;
  const record = { ...assignment, moving: { ...moving, stopped: board.at } };
  assign(board, site, { record, why: `waits for the worker of ${moving.to}` });
}

/**
 * The region changed again before anything was entered: the newest one counts. A site that was forgotten and is back
 * takes along what control still knows; apps that are gone meanwhile stay as they are in its cluster, unassigned.
 */
function redirected(board: Board, site: string, { facts, assignment, moving }: Move): Moving {
  const trees = Object.fromEntries(
    Object.entries(moving.trees).filter(([app]) => board.apps.has(app)),
  );
  const isSame = Object.keys(trees).length === Object.keys(moving.trees).length;
  if (facts.mirror === moving.to && isSame) return moving;
  const next = { ...stoppedForSure(board, site, { assignment, moving }), to: facts.mirror, trees };
  assign(board, site, {
    record: { ...assignment, moving: next },
    why: `goes to ${next.to}`,
  });
  return next;
}

/**
 * Nobody writes there any more: there was nothing to write, an operator said so, or the old worker said that it has
 * stopped: anew since the move, or it follows the mirror's newest commit, in which the site is not, and has never seen
 * it come back. One that follows nothing has nothing to stop.
 */
function hasStopped(
  board: Board,
  site: string,
  { assignment, moving }: Omit<Move, "facts">,
): boolean {
  const { mirror } = assignment;
  if (moving.stopped !== undefined || moving.released !== undefined) return true;
  if (hasNothing(board, assignment)) return true;
  const worker = own(board.input.workers, mirror);
  if (worker === undefined || silentSinceOf(board.input, mirror) !== null) return false;
  if (worker.followsNothing === true) return true;
  const stopped = own(worker.stopped, site);
  const hasHadIt = stopped !== "" && stopped !== moving.commit;
  return stopped !== undefined && (hasHadIt || worker.isAtHead === true);
}

/** Its mirror, which could not be read when the move began, can be, and has nothing; nor has a worker ever told of its cluster. */
function hasNothing({ input }: Board, { mirror, uid, moving }: SiteAssignment): boolean {
  const isEmpty = Object.keys(moving?.trees ?? {}).length === 0;
  return isEmpty && uid === undefined && !mayLack(input, mirror);
}

function enter(
  board: Board,
  site: string,
  { moving, from }: { moving: Moving; from: string },
): void {
  const { to, trees, good } = moving;
  board.siteMoves.push({ site, enter: to, trees, good, fromMirror: from });
}

/**
 * The new mirror has it. What was in flight starts its clock again: no worker looked at it meanwhile. The cluster of a
 * site that was forgotten may be another one now: its worker tells.
 */
function arrive(board: Board, site: string, { assignment, moving }: Move): void {
  const { moving: _, uid, ...rest } = assignment;
  const isKnown = uid !== undefined && moving.forgotten === undefined;
  const identity = isKnown ? { uid } : uid === undefined ? {} : { formerUid: uid };
  const record: SiteAssignment = { ...rest, ...identity, mirror: moving.to };
  assign(board, site, { record, why: `has moved to ${record.mirror}` });
  for (const app of board.apps.values()) restartClocks(board, app, site);
}

function restartClocks(board: Board, app: AppBoard, site: string): void {
  const why = `${site} has moved: its clock starts again`;
  const again = <T extends { readonly at: string }>(records: Readonly<Record<string, T>>) => {
    const record = own(records, site);
    return record === undefined
      ? { ...records }
      : { ...records, [site]: { ...record, at: board.at } };
  };
  for (const release of app.open.values()) {
    if (![release.handed, release.carried].some((records) => Object.hasOwn(records, site)))
      continue;
    const { handed, carried } = release;
    setRelease(board, { ...release, handed: again(handed), carried: again(carried) }, why);
  }
  if (!Object.hasOwn(app.arrivals.handed, site)) return;
  const arrivals = { ...app.arrivals, handed: again(app.arrivals.handed) };
  setArrivals(board, app, { arrivals, why });
}
