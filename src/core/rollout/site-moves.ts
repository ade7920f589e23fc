/**
 * Which mirror serves which site: new sites are assigned, forgotten ones let go, and a site whose region changed goes
 * over only when nobody writes to it any more. Its trees go along; nothing is deleted.
 */
import { type Board, change, setRelease } from "./board.ts";
import { controlPaths } from "./control-files.ts";
import { own } from "./own.ts";
import type { MirrorEntry, SiteFacts } from "./planner-types.ts";
import type { SiteAssignment } from "./records.ts";
import { silentSinceOf, standingTree } from "./site-view.ts";

type Moving = NonNullable<SiteAssignment["moving"]>;

/** Assigns, moves and forgets sites, one step each. */
export function planSiteMoves(board: Board): void {
  const { sites, control } = board.input;
  for (const site of Object.keys(sites)) {
    const [facts, assignment] = [own(sites, site), own(control.sites, site)];
    if (facts === undefined) continue;
    if (assignment === undefined)
      assign(board, site, {
        record: { mirror: facts.mirror },
        why: `is assigned to ${facts.mirror}`,
      });
    else if (assignment.moving !== undefined)
      goOn(board, site, { facts, assignment, moving: assignment.moving });
    else if (facts.mirror !== assignment.mirror) leave(board, site, { facts, assignment });
  }
  for (const site of Object.keys(control.sites))
    if (own(sites, site) === undefined) forget(board, site);
}

function assign(
  board: Board,
  site: string,
  { record, why }: { record: SiteAssignment; why: string },
): void {
  change(board, controlPaths.site(site), { record, why: `${site} ${why}` });
}

/** The site is no longer in the fleet: its mirror lets it go, and its worker stops there. Nothing is deleted. */
function forget(board: Board, site: string): void {
  const { control, mirrors } = board.input;
  const assignment = own(control.sites, site);
  if (assignment === undefined) return;
  const why = `${site} is no longer in the fleet`;
  board.siteMoves.push({ site, leave: assignment.mirror, why });
  if (own(mirrors, site) === undefined)
    change(board, controlPaths.site(site), { record: null, why });
}

function leave(
  board: Board,
  site: string,
  { facts, assignment }: { facts: SiteFacts; assignment: SiteAssignment },
): void {
  const { good, workers } = board.input;
  const moving: Moving = {
    to: facts.mirror,
    commit: own(own(workers, assignment.mirror)?.stopped, site) ?? "",
    at: board.at,
    trees: treesToTake(board, site),
    good: { ...own(good, site) },
  };
  assign(board, site, {
    record: { ...assignment, moving },
    why: `leaves ${assignment.mirror} for ${facts.mirror}`,
  });
  board.siteMoves.push({ site, leave: assignment.mirror, why: `${site} moves to ${facts.mirror}` });
}

/** What stands there. An app that is leaving goes along whole: it leaves from the new mirror. */
function treesToTake(board: Board, site: string): Record<string, string> {
  const trees: Record<string, string> = {};
  for (const [app, entry] of Object.entries(own(board.input.mirrors, site) ?? {})) {
    const tree = standingTree(entry) ?? unleave(board, app, { site, entry });
    if (tree !== undefined) trees[app] = tree;
  }
  return trees;
}

function unleave(
  board: Board,
  app: string,
  { site, entry }: { site: string; entry: MirrorEntry },
): string | undefined {
  if (!("leaving" in entry)) return undefined;
  const release = board.apps.get(app)?.open.get(entry.leaving.release);
  const from = own(release?.list, site)?.from ?? undefined;
  if (release === undefined || from === undefined) return undefined;
  const without = <T>(record: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(record).filter(([name]) => name !== site));
  const next = { ...release, handed: without(release.handed), failed: without(release.failed) };
  setRelease(board, next, `${app} leaves ${site} once it has moved`);
  return from;
}

interface Move {
  readonly facts: SiteFacts;
  readonly assignment: SiteAssignment;
  readonly moving: Moving;
}

function goOn(board: Board, site: string, move: Move): void {
  const { assignment, moving } = move;
  const stands = own(board.input.mirrors, site) !== undefined;
  if (moving.entering !== undefined) {
    const isThere = stands || Object.keys(moving.trees).length === 0;
    if (isThere) arrive(board, site, move);
    else enter(board, site, { moving, from: assignment.mirror });
    return;
  }
  const aimed = redirected(board, site, move);
  if (stands) {
    board.siteMoves.push({ site, leave: assignment.mirror, why: `${site} moves to ${aimed.to}` });
    return;
  }
  const isHome = aimed.to === assignment.mirror;
  if (!isHome && aimed.released === undefined && !hasStopped(board, site, assignment)) {
    board.siteMoves.push({ site, leave: assignment.mirror, why: `${site} moves to ${aimed.to}` });
    return;
  }
  const entering = { ...aimed, entering: board.at };
  assign(board, site, {
    record: { ...assignment, moving: entering },
    why: `may enter ${entering.to}`,
  });
  enter(board, site, { moving: entering, from: assignment.mirror });
}

/** The region changed again before anything was entered: the newest one counts. */
function redirected(board: Board, site: string, { facts, assignment, moving }: Move): Moving {
  if (facts.mirror === moving.to) return moving;
  const next = { ...moving, to: facts.mirror };
  assign(board, site, {
    record: { ...assignment, moving: next },
    why: `goes to ${next.to} instead`,
  });
  return next;
}

/**
 * Nobody writes there any more: there was nothing to write, or the old worker said that it has stopped, which is not
 * what it had said before the move.
 */
function hasStopped(board: Board, site: string, { mirror, moving }: SiteAssignment): boolean {
  if (Object.keys(moving?.trees ?? {}).length === 0) return true;
  const stopped = own(own(board.input.workers, mirror)?.stopped, site);
  const isLive = silentSinceOf(board.input, mirror) === null;
  return isLive && stopped !== undefined && stopped !== moving?.commit;
}

function enter(
  board: Board,
  site: string,
  { moving, from }: { moving: Moving; from: string },
): void {
  const { to, trees, good } = moving;
  board.siteMoves.push({ site, enter: to, trees, good, fromMirror: from });
}

/** The new mirror has it. What was in flight starts its clock again: no worker looked at it meanwhile. */
function arrive(board: Board, site: string, { assignment, moving }: Move): void {
  const { uid } = assignment;
  const record: SiteAssignment = { mirror: moving.to, ...(uid === undefined ? {} : { uid }) };
  assign(board, site, { record, why: `has moved to ${record.mirror}` });
  for (const app of board.apps.values()) {
    for (const release of app.open.values()) {
      const handed = own(release.handed, site);
      if (handed === undefined) continue;
      const next = { ...release.handed, [site]: { ...handed, at: board.at } };
      setRelease(board, { ...release, handed: next }, `${site} has moved: its clock starts again`);
    }
  }
}
