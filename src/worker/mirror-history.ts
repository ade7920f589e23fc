import { broughtAlong } from "../adapters/git/brought-along.ts";
import type { ObjectStore } from "../adapters/git/object-store.ts";
import { keptIds } from "../core/apply/kept-objects.ts";
import { FleetError } from "../core/errors.ts";
import type { ObjectId } from "../core/model/kube-object.ts";
import type { TreeCache } from "./tree-cache.ts";

/** What earlier commits of the mirror say about objects of an app at a site. */
interface PastObjects {
  /** Those of its last tree there: where it is to leave, what the marker took the place of. */
  readonly last: readonly ObjectId[];
  /** Those that no tree had which the mirror gave the app there since it last came. */
  readonly never: readonly ObjectId[];
}

/** The followed mirror's past. */
export interface MirrorHistory {
  past(place: {
    readonly site: string;
    readonly app: string;
    readonly ids: readonly ObjectId[];
  }): Promise<PastObjects>;
  /** Those which one of these trees gave as objects that are kept, whatever the others say. */
  kept(place: {
    readonly site: string;
    readonly app: string;
    readonly owner: string;
    readonly ids: readonly ObjectId[];
  }): Promise<ReadonlySet<ObjectId>>;
}

/** Commits that are looked through. */
const maxCommits = 10_000;

/** Reads it from the worker's copy of the mirror, newest commit first: quick for what was dropped lately. */
export function createMirrorHistory(
  store: ObjectStore,
  ref: string,
  trees: TreeCache,
): MirrorHistory {
  return {
    past: async ({ site, app, ids }) => {
      let last: readonly ObjectId[] | undefined;
      let never = ids;
      for await (const tree of pastTrees(store, ref, { site, app })) {
        const had = await trees.ids(tree);
        last ??= ids.filter((id) => had.has(id));
        never = never.filter((id) => !had.has(id));
        if (never.length === 0) break;
      }
      return { last: last ?? [], never };
    },
    kept: async ({ site, app, owner, ids }) => {
      const kept = new Set<ObjectId>();
      for await (const tree of pastTrees(store, ref, { site, app })) {
        const had = await trees.ids(tree);
        if (!ids.some((id) => had.has(id))) continue;
        for (const id of await keptOf(trees, tree, owner)) kept.add(id);
      }
      return kept;
    },
  };
}

/** None of a tree that is no tree of an app: it was never applied. */
async function keptOf(
  trees: TreeCache,
  tree: string,
  owner: string,
): Promise<ReadonlySet<ObjectId>> {
  try {
    return keptIds((await trees.load(tree, owner)).objects);
  } catch (error) {
    if (!(error instanceof FleetError) || error.code !== "MIRROR_INVALID") throw error;
    return new Set();
  }
}

interface Place {
  readonly site: string;
  readonly app: string;
}

/** The trees that an app had at a site since it last came there, newest first, then those that came along. */
async function* pastTrees(store: ObjectStore, ref: string, place: Place): AsyncGenerator<string> {
  let [newest, oldest] = ["", ""];
  for await (const { commit, tree } of presence(store, ref, place)) {
    oldest = commit;
    if (tree === null || tree === newest) continue;
    newest = tree;
    yield tree;
  }
  if (oldest !== "") yield* await broughtAlong(store, oldest, place);
}

/**
 * The commits that name an app at a site without a break, newest first; tree null: a marker. What stood before the mirror
 * once had neither tree nor marker of it was let go of then, by nobody's release.
 */
async function* presence(
  store: ObjectStore,
  ref: string,
  { site, app }: Place,
): AsyncGenerator<{ readonly commit: string; readonly tree: string | null }> {
  let commit = await store.resolve(ref);
  for (let age = 0; commit !== null && age < maxCommits; age += 1) {
    const entry = await store.at(commit, `sites/${site}/${app}`);
    const isNamed = entry ?? (await store.at(commit, `sites/${site}/${app}.leaving`));
    if (isNamed === null) return;
    yield { commit, tree: entry?.type === "tree" ? entry.oid : null };
    commit = (await store.commit(commit))?.parents[0] ?? null;
  }
}
