import { type Json, isJsonObject } from "../core/model/json.ts";
import { type KubeObject, type ObjectId, parseObjectId } from "../core/model/kube-object.ts";
import type { AppState } from "./app-state.ts";
import { lookUp } from "./look-up.ts";
import { pruneObjects } from "./prune-objects.ts";
import type { SiteContext } from "./site-context.ts";
import type { AppRow } from "./state-store.ts";
import type { AppTree } from "./tree-cache.ts";
import { unreleased } from "./unapproved-objects.ts";

const webhookKinds: ReadonlySet<string> = new Set([
  "ValidatingWebhookConfiguration",
  "MutatingWebhookConfiguration",
]);
const bindingKind = "ValidatingAdmissionPolicyBinding";

/**
 * Takes away what the app has dropped and what refuses the rest of it, by what API servers have `said`: a webhook whose
 * service is gone, or a policy that the new version does not keep to. All else is pruned once the app is well, which it
 * would never be with these in its way. An app that still has the webhook keeps it, however much that refuses; one that
 * leaves (`tree`: null) has nothing any more. True: the way is clear, try again.
 */
export async function clearTheWay(
  context: SiteContext,
  state: AppState,
  { row, tree, said }: { row: AppRow; tree: AppTree | null; said: readonly string[] },
): Promise<boolean> {
  const refusing = new Set(said.flatMap(named));
  if (refusing.size === 0) return false;
  const dropped = [...state.rows.keys()].filter((id) => tree?.ids.has(id) !== true);
  const going = new Set<ObjectId>();
  for (const id of dropped.filter(mayRefuse)) {
    const found = await lookUp(context, id, state.rows.get(id));
    if (found !== null && namesOf(found.live).some((name) => refusing.has(name))) going.add(id);
  }
  if (going.size === 0) return false;
  const stays =
    tree === null
      ? new Set<ObjectId>()
      : await unreleased(context, state, { tree: tree.tree, ids: dropped });
  const all = [...(tree?.ids ?? []), ...state.rows.keys()];
  const desired = new Set(all.filter((id) => !going.has(id)));
  const options = { row, desired, stays, dropped, verb: "delete" } as const;
  const { failed, waiting } = await pruneObjects(context, state, options);
  return failed.length === 0 && waiting.length === 0;
}

/**
 * What waits to be pruned may go, or waits for something else than it said: the app is well, or what controllers make for it
 * is refused, perhaps by just that.
 */
export function mayGoOn({ failures, health, healthySince, waiting }: AppState): boolean {
  if (waiting === "" || failures > 0) return false;
  const older = health?.olderPods;
  if (healthySince !== null) return older === undefined || !waiting.endsWith(older);
  return (health?.said ?? []).some((said) => named(said).length > 0);
}

/** Webhooks and bindings that an API server names where they refuse, or cannot be asked. */
function named(said: string): string[] {
  const found = said.matchAll(/\bwebhook "(?<webhook>[^"]+)"|\bwith binding '(?<binding>[^']+)'/g);
  return [...found].map(({ groups }) => groups?.["webhook"] ?? groups?.["binding"] ?? "");
}

function mayRefuse(id: ObjectId): boolean {
  const key = parseObjectId(id);
  if (key?.group !== "admissionregistration.k8s.io") return false;
  return webhookKinds.has(key.kind) || key.kind === bindingKind;
}

/** What an API server calls it in a refusal. */
function namesOf(live: KubeObject): string[] {
  if (live.kind === bindingKind) return [live.metadata.name];
  const webhooks = Array.isArray(live["webhooks"]) ? live["webhooks"] : [];
  return webhooks.flatMap((one: Json) => {
    const name = isJsonObject(one) ? one["name"] : undefined;
    return typeof name === "string" ? [name] : [];
  });
}
