import { fieldManagerOf, hashOf, liveOwner, metadataText } from "../core/apply/ownership.ts";
import { forbiddenConflicts } from "../core/apply/judge-conflicts.ts";
import { fieldPaths, ownedFields, projectFields } from "../core/apply/owned-fields.ts";
import { type JsonObject, isJsonObject } from "../core/model/json.ts";
import type { KubeObject } from "../core/model/kube-object.ts";
import type { AppState, DriftedObject } from "./app-state.ts";
import { needsWrite, save } from "./apply-app.ts";
import { parseFields } from "./apply-object.ts";
import { type LiveObjects, readLive, whyUnread } from "./read-live.ts";
import { type SiteContext, desiredTree, throwUnlessPassable } from "./site-context.ts";
import type { ObjectRow } from "./state-store.ts";
import type { AppTree } from "./tree-cache.ts";

/**
 * Compares the live objects of all apps that stand at a site with what was applied: only fields that were ours. What
 * differs is noted at the app (`drifted`); gives the apps that have such objects. Writes nothing to the cluster.
 */
export async function checkDrift(context: SiteContext): Promise<readonly AppState[]> {
  const looks: { state: AppState; tree: AppTree; writes: number }[] = [];
  for (const state of context.apps.values()) {
    state.unchecked = "";
    const tree = await checkableTree(context, state);
    if (tree === null || tree.tree !== state.row?.tree) continue;
    looks.push({ state, tree, writes: state.writes });
  }
  if (looks.length === 0) return [];
  await context.link.verify({ signal: context.signal(), maxAgeMs: 0 });
  const live = await readLive(
    context,
    looks.map(({ state, tree }) => ({ app: state.app, objects: tree.objects })),
  );
  const found: AppState[] = [];
  for (const { state, tree, writes } of looks) {
    if (state.writes !== writes) continue; // written meanwhile: looked at next time
    compareApp(context, state, { tree, live });
    if (state.drifted.size > 0) found.push(state);
  }
  return found;
}

/** A damaged tree holds up only its own app. */
async function checkableTree(context: SiteContext, state: AppState): Promise<AppTree | null> {
  if (state.target === null) return null;
  try {
    return await desiredTree(context, state.app);
  } catch (error) {
    throwUnlessPassable(context, error);
    state.unchecked = error.message;
    return null;
  }
}

function compareApp(
  context: SiteContext,
  state: AppState,
  { tree, live }: { readonly tree: AppTree; readonly live: LiveObjects },
): void {
  state.unchecked = whyUnread(live, tree.objects);
  const unchanged: ObjectRow[] = [];
  for (const object of tree.objects) {
    const row = state.rows.get(object.id);
    // It stands, by its app's row, and is not known to stand as it should: it is written again.
    if (row === undefined || (needsWrite(state, object) && !state.drifted.has(object.id))) {
      state.drifted.set(object.id, { force: false });
      continue;
    }
    const found = live.objects.get(object.id);
    if (found === undefined) continue; // could not be read
    const drift = driftOf(state.app, row, found);
    if (drift !== null) {
      state.drifted.set(object.id, drift);
      continue;
    }
    state.drifted.delete(object.id);
    const resourceVersion = found === null ? "" : metadataText(found, "resourceVersion");
    if (resourceVersion !== row.resourceVersion) unchanged.push({ ...row, resourceVersion });
  }
  save(context, state, unchanged);
}

/** null: it is as we applied it. */
function driftOf(app: string, row: ObjectRow, live: KubeObject | null): DriftedObject | null {
  if (live === null && row.finished) return null; // a Job that is done and was cleared away
  if (live === null || metadataText(live, "uid") !== row.uid) return { force: false };
  if (metadataText(live, "deletionTimestamp") !== "") return null;
  if (metadataText(live, "resourceVersion") === row.resourceVersion) return null;
  // Nothing is known of what it was (an inventory that was read back): it is applied anew.
  if (row.owned === "") return { force: false };
  const owned = parseFields(row.owned);
  if (hashOf(projectFields(live, owned)) === row.projection) return null;
  return { force: mayForce(app, live, owned) };
}

/** Whether all that others took of our fields may be taken back, by what the live object says of its managers. */
function mayForce(app: string, live: KubeObject, owned: JsonObject): boolean {
  const owner = liveOwner(live);
  if (owner !== "" && !owner.endsWith(`/${app}`)) return false;
  const ours = new Set(fieldPaths(owned));
  const still = new Set(fieldPaths(ownedFields(live, fieldManagerOf(app))));
  const lost = new Set([...ours].filter((path) => !still.has(path)));
  const entries = live.metadata["managedFields"];
  const managers = Array.isArray(entries) ? entries.filter(isJsonObject) : [];
  const conflicts = managers.flatMap((entry: JsonObject) => {
    const fields = isJsonObject(entry["fieldsV1"]) ? entry["fieldsV1"] : {};
    const operation = entry["operation"] === "Apply" ? ("Apply" as const) : ("Update" as const);
    const subresource = typeof entry["subresource"] === "string" ? entry["subresource"] : "";
    const manager = typeof entry["manager"] === "string" ? entry["manager"] : "";
    if (manager === fieldManagerOf(app)) return [];
    return fieldPaths(fields)
      .filter((path) => lost.has(path))
      .map((field) => ({ field, manager, operation, subresource }));
  });
  return forbiddenConflicts(conflicts, { owned: ours, handedOver: [] }).length === 0;
}
