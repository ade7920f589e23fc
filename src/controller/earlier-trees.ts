/** What apps had at a site that has left a mirror, from the history of that mirror. */
import { broughtAlong } from "../adapters/git/brought-along.ts";
import type { ObjectStore } from "../adapters/git/object-store.ts";
import { mirrorBranch } from "../core/protocol/mirror-layout.ts";
import type { TreeId } from "../core/render/rendered.ts";
import { own } from "../core/rollout/own.ts";
import { nameOf } from "./mirror-snapshot.ts";

/** Commits since the site left that are looked through. */
const maxAge = 10_000;
/** Commits of its stay that are looked through. */
const maxStay = 200;
/** Trees of one app. */
const maxTrees = 20;

/** An app that every commit had so far, from the newest on. */
interface Stay {
  readonly trees: Set<TreeId>;
  oldest: string;
}

/**
 * App -> the trees that it had at a site before the one that it takes along, since it last came there, newest first, none
 * twice, then those which it had brought along. The site may have left the mirror since. What the mirror did not name for
 * a while was let go of then: older trees of it are not among them. Nor is anything of an app whose tree was not there,
 * and nothing newer than that: no release has dropped it for the tree that the site takes along.
 */
export async function earlierTrees(
  store: ObjectStore,
  site: string,
  taken: Readonly<Record<string, TreeId>>,
): Promise<ReadonlyMap<string, readonly TreeId[]>> {
  const ended = new Map<string, Stay>();
  let staying: Map<string, Stay> | undefined;
  let known = { oid: "", apps: new Map<string, TreeId | null>() };
  for await (const { commit, oid } of staysOf(store, site)) {
    if (oid !== known.oid) known = { oid, apps: await appsIn(store, oid) };
    staying ??= new Map([...known.apps.keys()].map((app) => [app, newStay(commit)]));
    for (const [app, stay] of staying) {
      const tree = known.apps.get(app);
      if (tree === undefined) {
        staying.delete(app);
        ended.set(app, stay);
        continue;
      }
      stay.oldest = commit;
      if (tree !== null) stay.trees.add(tree);
    }
  }
  const found = new Map<string, readonly TreeId[]>();
  for (const [app, { trees, oldest }] of [...ended, ...(staying ?? [])]) {
    const tree = own(taken, app);
    if (tree === undefined || !trees.has(tree)) continue;
    const before = [...trees].slice([...trees].indexOf(tree) + 1);
    const all = new Set([...before, ...(await broughtAlong(store, oldest, { site, app }))]);
    all.delete(tree);
    found.set(app, [...all].slice(0, maxTrees));
  }
  return found;
}

function newStay(oldest: string): Stay {
  return { trees: new Set(), oldest };
}

/** The commits that have the site without a break, newest first, and its folder's id. */
async function* staysOf(
  store: ObjectStore,
  site: string,
): AsyncGenerator<{ readonly commit: string; readonly oid: string }> {
  let commit = await store.resolve(mirrorBranch);
  let stays = 0;
  for (let age = 0; commit !== null && age < maxAge && stays < maxStay; age += 1) {
    const folder = await store.at(commit, `sites/${site}`);
    if (folder !== null) {
      stays += 1;
      yield { commit, oid: folder.oid };
    } else if (stays > 0) return;
    commit = (await store.commit(commit))?.parents[0] ?? null;
  }
}

/** App -> its tree in a site's folder; null: it is marked as leaving. */
async function appsIn(store: ObjectStore, folder: string): Promise<Map<string, TreeId | null>> {
  const entries = await store.children(folder);
  return new Map(
    entries.map(({ path, type, oid }) =>
      type === "tree" ? [nameOf(path), oid] : [nameOf(path).replace(/\.leaving$/, ""), null],
    ),
  );
}
