/** What a site takes along that leaves its mirror: to another one, or as it is forgotten. */
import { type Board, setRelease } from "./board.ts";
import { isSaidToHaveLeft, removalAt, treeToLeave } from "./leaving-markers.ts";
import { own } from "./own.ts";
import type { MirrorEntry } from "./planner-types.ts";
import type { Release } from "./records.ts";
import { standingTree } from "./site-view.ts";

type Marker = Extract<MirrorEntry, { readonly leaving: unknown }>["leaving"];

/**
 * What stands there. An app that is leaving goes along whole: it leaves from the new mirror, or when the site is back, or
 * has come back itself, and what it has no more is dropped there. Where it was to be let go of, being forgotten is just
 * that.
 */
export function treesToTake(board: Board, site: string): Record<string, string> {
  const trees: Record<string, string> = {};
  for (const [app, entry] of Object.entries(own(board.input.mirrors, site) ?? {})) {
    const tree = standingTree(entry) ?? unleave(board, app, { site, entry });
    if (tree !== undefined) trees[app] = tree;
  }
  return trees;
}

/** All that stands there, and that is known here, is among these trees: what leaves there as what it was before. */
export function isAllTaken(
  board: Board,
  site: string,
  trees: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(own(board.input.mirrors, site) ?? {}).every(([app, entry]) => {
    const tree = standingTree(entry);
    if (tree !== undefined) return !board.apps.has(app) || tree === own(trees, app);
    return Object.hasOwn(trees, app) || leftBy(board, app, { site, entry }) === undefined;
  });
}

/** The removal whose marker is not carried out (undefined: it is over there), and what it takes away. */
function leftBy(
  board: Board,
  app: string,
  { site, entry }: { site: string; entry: MirrorEntry },
): { readonly release: Release | undefined; readonly from: string } | undefined {
  if (!("leaving" in entry) || isGone(board, app, { site, marker: entry.leaving }))
    return undefined;
  const release = removalAt(board.apps.get(app), site);
  if (release === undefined) {
    const from = hasComeBack(board, app, site) ? treeToLeave(entry) : undefined;
    return from === undefined ? undefined : { release, from };
  }
  const from = own(release.list, site)?.from ?? undefined;
  return from === undefined ? undefined : { release, from };
}

function unleave(
  board: Board,
  app: string,
  there: { site: string; entry: MirrorEntry },
): string | undefined {
  const left = leftBy(board, app, there);
  if (left?.release === undefined) return left?.from;
  const { site } = there;
  const { release, from } = left;
  const without = <T>(record: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(record).filter(([name]) => name !== site));
  const next = { ...release, handed: without(release.handed), failed: without(release.failed) };
  setRelease(board, next, `${app} leaves ${site} once it has moved`);
  return from;
}

/** Its removal is over, for the head has it there again. */
function hasComeBack({ input }: Board, app: string, site: string): boolean {
  return own(input.placedByHead ?? {}, app)?.includes(site) === true;
}

/** It has left, or was to be let go of where the site is let go of. */
function isGone(
  board: Board,
  app: string,
  { site, marker: { release, verb } }: { site: string; marker: Marker },
): boolean {
  if (!board.input.sites.has(site) && verb === "orphan") return true;
  const known = board.apps.get(app)?.open.get(release);
  return own(known?.left, site) !== undefined || isSaidToHaveLeft(board, site, app);
}
