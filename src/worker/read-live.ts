import { appLabel } from "../core/apply/ownership.ts";
import { isConfigKind } from "../core/health/assess-health.ts";
import type { HealthRule } from "../core/protocol/mirror-layout.ts";
import { ruleFor } from "./app-policy.ts";
import { type KubeObject, type ObjectId, keyOf, objectId } from "../core/model/kube-object.ts";
import { isApiError } from "../adapters/kubernetes/api-error.ts";
import { addressOf } from "../adapters/kubernetes/object-address.ts";
import { type SiteContext, throwUnlessPassable } from "./site-context.ts";
import type { TreeObject } from "./tree-cache.ts";

/** Which objects of which apps to look at. */
export interface LiveQuery {
  readonly app: string;
  readonly objects: readonly TreeObject[];
}

/** The objects that say something about their health. */
export function observable(
  objects: readonly TreeObject[],
  rules: readonly HealthRule[] = [],
): readonly TreeObject[] {
  return objects.filter(
    ({ key }) => !isConfigKind(key.group, key.kind) || ruleFor(rules, key) !== undefined,
  );
}

/** What was read of the live objects. */
export interface LiveObjects {
  /** null: the cluster says that there is none. */
  readonly objects: ReadonlyMap<ObjectId, KubeObject | null>;
  /** Objects that could not be read, with the reason: nothing is known of them, least of all that they are gone. */
  readonly unread: ReadonlyMap<ObjectId, string>;
}

/**
 * Reads the live objects of some apps with few requests: one list for each kind by the app label, and a read of its own
 * for what the list does not have (the label may have been taken off) or for a kind's only object. A kind that cannot
 * be read holds up no other; throws where the cluster itself does not answer.
 */
export async function readLive(
  context: SiteContext,
  queries: readonly LiveQuery[],
): Promise<LiveObjects> {
  const objects = new Map<ObjectId, KubeObject | null>();
  const unread = new Map<ObjectId, string>();
  const byKind = new Map<string, Wanted[]>();
  for (const { app, objects: asked } of queries) {
    for (const object of asked) {
      const kind = `${object.object.apiVersion} ${object.key.kind}`;
      const wanted = byKind.get(kind) ?? [];
      wanted.push({ app, object });
      byKind.set(kind, wanted);
    }
  }
  for (const wanted of byKind.values()) {
    try {
      await readKind(context, wanted, objects);
    } catch (error) {
      throwUnlessPassable(context, error);
      const missed = wanted.map(({ object }) => object.id).filter((id) => !objects.has(id));
      for (const id of missed) unread.set(id, error.message);
    }
  }
  return { objects, unread };
}

/** The first reason why one of these objects could not be read; "" when all were. */
export function whyUnread({ unread }: LiveObjects, objects: readonly TreeObject[]): string {
  return objects.map(({ id }) => unread.get(id) ?? "").find((reason) => reason !== "") ?? "";
}

interface Wanted {
  readonly app: string;
  readonly object: TreeObject;
}

async function readKind(
  context: SiteContext,
  wanted: readonly Wanted[],
  live: Map<ObjectId, KubeObject | null>,
): Promise<void> {
  if (wanted.length > 1) await readList(context, wanted, live);
  for (const { object } of wanted) {
    if (live.has(object.id)) continue;
    const found = await context.client.get(addressOf(object.object), context.signal());
    live.set(object.id, found);
  }
}

async function readList(
  context: SiteContext,
  wanted: readonly Wanted[],
  live: Map<ObjectId, KubeObject | null>,
): Promise<void> {
  const ids = new Set(wanted.map(({ object }) => object.id));
  for (const object of await listOwn(context, wanted)) {
    const id = objectId(keyOf(object));
    if (ids.has(id)) live.set(id, object);
  }
}

/** By one list for all namespaces; by one for each where only that is allowed, which is found out once. */
async function listOwn(
  context: SiteContext,
  wanted: readonly Wanted[],
): Promise<readonly KubeObject[]> {
  const [first] = wanted;
  if (first === undefined) return [];
  const { apiVersion } = first.object.object;
  const { kind } = first.object.key;
  const namespaces = [...new Set(wanted.map(({ object }) => object.key.namespace))];
  const apps = [...new Set(wanted.map(({ app }) => app))].toSorted();
  const labelSelector = `${appLabel} in (${apps.join(",")})`;
  const list = (namespace: string): Promise<readonly KubeObject[]> =>
    context.client.list({
      apiVersion,
      kind,
      labelSelector,
      namespace,
      signal: context.signal(),
    });
  const [only] = namespaces;
  if (namespaces.length === 1 && only !== undefined) return list(only);
  const kindKey = `${apiVersion} ${kind}`;
  try {
    if (!context.listedApart.has(kindKey)) return await list("");
  } catch (error) {
    if (!isApiError(error) || error.facts.status !== 403) throw error;
    context.listedApart.add(kindKey);
  }
  const lists: KubeObject[] = [];
  for (const namespace of namespaces) lists.push(...(await list(namespace)));
  return lists;
}
