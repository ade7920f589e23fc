/** What stood at the sites of an app at an earlier time, from the history of the mirrors. */
import {
  mirrorBranch,
  type MirrorTrailers,
  parseTrailers,
} from "../core/protocol/mirror-layout.ts";
import type { TreeId } from "../core/render/rendered.ts";
import type { ObjectStore } from "../adapters/git/object-store.ts";
import type { MirrorRepository } from "./mirror-repository.ts";
import { nameOf } from "./mirror-snapshot.ts";

/** By site. */
interface StoodTrees {
  readonly trees: Record<string, TreeId>;
  /** When the app was last changed there since (ISO 8601). */
  readonly touched: Record<string, string>;
}

/**
 * The trees of an app before control was at any of these commits, and when each site was changed since. The trees are
 * known to their mirrors afterwards.
 */
export async function treesBefore(
  mirrors: readonly MirrorRepository[],
  app: string,
  later: ReadonlySet<string>,
): Promise<StoodTrees> {
  const stood: StoodTrees = { trees: {}, touched: {} };
  for (const mirror of mirrors) {
    const commit = await walkBack(mirror.store, { app, later, touched: stood.touched });
    if (commit === null) continue;
    for (const { path, type } of await mirror.store.children(commit, "sites")) {
      if (type !== "tree") continue;
      const entry = await mirror.store.at(commit, `${path}/${app}`);
      if (entry?.type !== "tree" || !(await mirror.find(entry.oid))) continue;
      stood.trees[nameOf(path)] = entry.oid;
    }
  }
  return stood;
}

/** The newest commit of the mirror that depends on none of these commits of control; null: there is none. */
async function walkBack(store: ObjectStore, walk: Walk): Promise<string | null> {
  const head = await store.resolve(mirrorBranch);
  if (head === null) return null;
  for await (const { oid, message, at } of store.line(head)) {
    const trailers = parseTrailers(message);
    if (trailers !== undefined && !walk.later.has(trailers.control)) return oid;
    noteTouched(walk, at, trailers?.changes ?? []);
  }
  return null;
}

interface Walk {
  readonly app: string;
  readonly later: ReadonlySet<string>;
  readonly touched: Record<string, string>;
}

function noteTouched({ app, touched }: Walk, at: number, changes: MirrorTrailers["changes"]): void {
  for (const { site, app: moved } of changes) {
    if (moved === app) touched[site] ??= new Date(at).toISOString();
  }
}
