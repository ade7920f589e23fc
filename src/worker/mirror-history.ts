import type { ObjectStore } from "../adapters/git/object-store.ts";
import type { ObjectId } from "../core/model/kube-object.ts";
import type { TreeCache } from "./tree-cache.ts";

/** What earlier commits of the mirror say about the objects of an app that is to leave a site. */
interface PastObjects {
  /** Those of its last tree there: what the marker took the place of. */
  readonly last: readonly ObjectId[];
  /** Those that no tree of it there ever had, as far as the mirror goes back. */
  readonly never: readonly ObjectId[];
}

/** The followed mirror's past. */
export interface MirrorHistory {
  past(place: {
    readonly site: string;
    readonly app: string;
    readonly ids: readonly ObjectId[];
  }): Promise<PastObjects>;
}

/** Commits that are looked through. */
const maxCommits = 10_000;

/** Reads it from the worker's copy of the mirror: slow, for the rare case that needs it. */
export function createMirrorHistory(
  store: ObjectStore,
  ref: string,
  trees: TreeCache,
): MirrorHistory {
  return {
    past: async ({ site, app, ids }) => {
      let last: readonly ObjectId[] | undefined;
      let never = ids;
      for await (const tree of pastTrees(store, ref, `sites/${site}/${app}`)) {
        const had = await trees.ids(tree);
        last ??= ids.filter((id) => had.has(id));
        never = never.filter((id) => !had.has(id));
        if (never.length === 0) break;
      }
      return { last: last ?? [], never };
    },
  };
}

/** The trees that stood at a path, newest first, none twice in a row. */
async function* pastTrees(store: ObjectStore, ref: string, path: string): AsyncGenerator<string> {
  let commit = await store.resolve(ref);
  let newest = "";
  for (let age = 0; commit !== null && age < maxCommits; age += 1) {
    const entry = await store.at(commit, path);
    if (entry?.type === "tree" && entry.oid !== newest) {
      newest = entry.oid;
      yield newest;
    }
    commit = (await store.commit(commit))?.parents[0] ?? null;
  }
}
