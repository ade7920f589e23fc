/** Objects that no cluster lets anybody change: those that say so are deleted and made anew, others stand in the way. */
import { parse } from "yaml";
import type { ObjectStore } from "../../src/adapters/git/object-store.ts";
import { parseObjectId } from "../../src/core/model/kube-object.ts";
import type { SimSite } from "./cluster-connection.ts";
import { at } from "./live-object.ts";
import type { MirrorReader } from "./mirror-reader.ts";

const annotation = "flotilla.dev/immutable";

/** Where an app's tree is, and what reads it. */
export interface TreeThere {
  readonly reader: MirrorReader;
  readonly store: ObjectStore;
  readonly tree: string;
}

/** Both the live object and a tree say that it is made anew, and what cannot be changed is another in the tree. */
export async function isMadeAnewBy(live: object, id: string, there: TreeThere): Promise<boolean> {
  const wanted = await objectIn(there, id);
  return isMarked(live) && isMarked(wanted) && versionOf(live) !== versionOf(wanted);
}

/** The cluster refuses what a tree has of an object, for another stands there that cannot be changed. */
export async function isRefusedAt(site: SimSite, there: TreeThere): Promise<boolean> {
  for (const id of await there.reader.objectsOf(there.store, there.tree)) {
    const { kind, namespace = "", name = "" } = parseObjectId(id) ?? {};
    if (kind !== "ConfigMap") continue;
    const live = site.cluster.store.get("configmaps", `${namespace}/${name}`);
    if (at(live, "immutable") !== true) continue;
    if (isRefused(live, await objectIn(there, id))) return true;
  }
  return false;
}

function isRefused(fixed: unknown, wanted: unknown): boolean {
  if (at(wanted, "immutable") !== true) return true;
  return versionOf(fixed) !== versionOf(wanted) && !(isMarked(fixed) && isMarked(wanted));
}

async function objectIn({ reader, store, tree }: TreeThere, id: string): Promise<unknown> {
  return parse(await reader.textIn(store, tree, id));
}

function isMarked(object: unknown): boolean {
  return at(object, "metadata", "annotations", annotation) === "recreate";
}

function versionOf(object: unknown): unknown {
  return at(object, "data", "version");
}
