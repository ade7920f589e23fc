/** What may stand in the cluster of a site that leaves a mirror which may lack what its worker follows. */
import type { Board } from "./board.ts";
import { own } from "./own.ts";
import type { StartInput } from "./planner-types.ts";
import type { SiteAssignment } from "./site-assignment.ts";
import { mayLack } from "./site-view.ts";

type Moving = NonNullable<SiteAssignment["moving"]>;

/** Apps that are to leave the site, and of which nobody has said that they have. */
function leaversAt({ apps }: Board, site: string): readonly string[] {
  const leaves = [...apps.values()].filter(({ open }) =>
    [...open.values()].some(
      ({ kind, list, left }) =>
        kind === "removal" && Object.hasOwn(list, site) && own(left, site) === undefined,
    ),
  );
  return leaves.map(({ app }) => app);
}

/**
 * Nothing of the site stands in the mirror, which is lost, and a worker has told its cluster, or an app is to leave that
 * has not: only who writes there knows what stands. One that cannot be read may have anything.
 */
export function mayStand(board: Board, site: string, mirror: string): boolean {
  if (!mayLack(board.input, mirror)) return false;
  const { uid } = own(board.input.control.sites, site) ?? {};
  const isUnread = own(board.input.workers, mirror)?.isMirrorUnreadable === true;
  return uid !== undefined || isUnread || leaversAt(board, site).length > 0;
}

/**
 * Of a site that was forgotten where its mirror was lost, nobody had to stop as long as it could only come back there:
 * elsewhere it waits for the worker that may still write to it.
 */
export function stoppedForSure(
  board: Board,
  site: string,
  { assignment: { mirror }, moving }: { assignment: SiteAssignment; moving: Moving },
): Moving {
  const isToldBySomebody = moving.to !== mirror || Object.keys(moving.trees).length > 0;
  if (isToldBySomebody || !mayStand(board, site, mirror)) return moving;
  const { stopped: _, ...rest } = moving;
  return rest;
}

/**
 * Said beside that the site is no longer in the fleet; "" where its mirror is whole, or has all that may be there. `before`:
 * what the head before places, where that is known here.
 */
export function leftBehindInWords(
  board: Board,
  { site, mirror }: { readonly site: string; readonly mirror: string },
  before?: StartInput["entitledBefore"],
): string {
  if (!mayLack(board.input, mirror)) return "";
  const there = own(board.input.mirrors, site) ?? {};
  const placed = Object.entries(before ?? {}).flatMap(([app, trees]) =>
    own(trees, site) === undefined ? [] : app,
  );
  const apps = [...new Set([...leaversAt(board, site), ...placed])]
    .filter((app) => !Object.hasOwn(there, app))
    .toSorted();
  const isAllKnown = before !== undefined || Object.keys(there).length > 0;
  if (apps.length === 0 && isAllKnown) return "";
  const what = apps.length === 0 ? "" : ` of ${apps.join(", ")}`;
  return `: what its cluster has${what} may stay there, for the newest of ${mirror} is not known here`;
}
