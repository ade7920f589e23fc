import { FleetError } from "../core/errors.ts";
import { ownerOf } from "../core/apply/ownership.ts";
import { type AppState, hasLeft } from "./app-state.ts";
import { type ApplyOutcome, applyTree, needsWrite, save } from "./apply-app.ts";
import { readChildInventory, writeChildInventory } from "./child-inventory.ts";
import { pruneObjects } from "./prune-objects.ts";
import { type SiteContext, desiredTree } from "./site-context.ts";
import { type AppRow, type ObjectRow, pendingRow } from "./state-store.ts";
import { type TargetForm, formOfTarget } from "./target-form.ts";
import type { AppTree } from "./tree-cache.ts";

/** When to look at the app again: "settled" only when something changes, "soon" by itself, "backoff" after a failure. */
export type NextLook = "settled" | "soon" | { readonly backoff: FleetError };

/**
 * Brings one app at one site to what the mirror says of it, as far as it goes now. Level-based: it reads target and
 * inventory and does what is missing, whoever woke it. An app that the mirror does not name is left alone.
 */
export async function reconcileApp(context: SiteContext, state: AppState): Promise<NextLook> {
  const target = context.target();
  const wanted = target?.apps.get(state.app);
  state.target = wanted ?? null;
  if (target === null || wanted === undefined) return "settled";
  const row = await currentRow(context, state);
  const form = formOfTarget(wanted, row);
  if (form.leave !== null) return leave(context, state, { row, marker: form.leave });
  const tree = await desiredTree(context, state.app);
  if (tree === null) return "settled"; // told to hold what never stood
  return keep(context, state, { row, tree });
}

/** The store's row; where the store does not know the app, what the cluster's inventory says of it. */
async function currentRow(context: SiteContext, state: AppState): Promise<AppRow> {
  const meta = context.target()?.meta;
  const owner = ownerOf(meta?.fleet ?? "", state.app);
  const told = meta?.apps[state.app]?.namespace;
  const known = state.row;
  if (known === null) return rebuild(context, state, { owner, namespace: told ?? "default" });
  const namespace = told ?? known.namespace;
  state.row = { ...known, owner, namespace };
  return state.row;
}

async function rebuild(
  context: SiteContext,
  state: AppState,
  facts: Pick<AppRow, "owner" | "namespace">,
): Promise<AppRow> {
  await context.link.verify({ signal: context.signal(), maxAgeMs: 30_000 });
  const found = await readChildInventory(context, state.app);
  // That there is none must have been said by this cluster: nothing would be asked again.
  await context.link.verify({ signal: context.signal() });
  const row: AppRow = {
    ...facts,
    site: context.site,
    app: state.app,
    tree: null,
    release: null,
    left: false,
    everHealthy: false,
    longestHealthyMs: 0,
    health: "",
    childSet: "",
    childParts: found?.parts ?? 0,
  };
  // Known to be ours, and nothing else: each is looked at before anything is done to it.
  const rows = (found?.ids ?? []).map((id) => pendingRow(id, ""));
  save(context, state, rows);
  context.store.saveApp(row);
  state.row = row;
  return row;
}

async function keep(
  context: SiteContext,
  state: AppState,
  wanted: { readonly row: AppRow; readonly tree: AppTree },
): Promise<NextLook> {
  const { tree } = wanted;
  const row = { ...wanted.row, left: false };
  // Durable before anything is created: what has objects has not left, however far the apply comes.
  if (wanted.row.left) keepRow(context, state, row);
  const outcome = await applyTree(context, state, { row, tree });
  state.trouble = describeOutcome(outcome);
  if (outcome.failed.length > 0) return { backoff: outcome.failed[0]?.error ?? unknownFailure() };
  if (outcome.blocked.length > 0) return "soon";
  noteApplied(context, state, tree.tree);
  return prune(context, state, tree);
}

/** The tree stands, whole. */
function noteApplied(context: SiteContext, state: AppState, tree: string): void {
  const row = state.row;
  if (row === null) return;
  const release = context.target()?.meta.apps[state.app]?.release ?? null;
  const isNew = row.tree !== tree || row.left;
  if (isNew) noteNewTree(context, state, { ...row, tree, release });
  else if (row.release !== release) keepRow(context, state, { ...row, release });
}

function noteNewTree(context: SiteContext, state: AppState, row: AppRow): void {
  const now = context.clock.monotonic();
  const everHealthy = row.everHealthy || state.healthySince !== null;
  keepRow(context, state, { ...row, left: false, everHealthy, longestHealthyMs: 0, health: "" });
  state.appliedAt = now;
  state.writes += 1;
  state.health = null;
  state.healthySince = null;
  state.unseen = { since: 0, reason: "" };
  state.unchecked = "";
}

function keepRow(context: SiteContext, state: AppState, row: AppRow): void {
  state.row = row;
  context.store.saveApp(row);
}

/** What the tree no longer has goes once all of the tree stands and is healthy: never before, never after a failure. */
async function prune(context: SiteContext, state: AppState, tree: AppTree): Promise<NextLook> {
  const row = state.row;
  const unwanted = [...state.rows.keys()].filter((id) => !tree.ids.has(id)).length;
  if (unwanted === 0 || row === null) {
    state.waiting = "";
    return "settled";
  }
  if (state.healthySince === null || tree.objects.some((object) => needsWrite(state, object))) {
    state.waiting = `${count(unwanted)} to be pruned once the app is healthy`;
    return "settled"; // its health, once observed, wakes it
  }
  const outcome = await pruneObjects(context, state, { row, desired: tree.ids, verb: "delete" });
  state.waiting = outcome.waiting.join("; ");
  state.trouble = outcome.failed.map((error) => error.message).join("; ");
  const [failure] = outcome.failed;
  if (failure !== undefined) return { backoff: failure };
  return outcome.waiting.length === 0 ? "settled" : "soon";
}

async function leave(
  context: SiteContext,
  state: AppState,
  options: { readonly row: AppRow; readonly marker: NonNullable<TargetForm["leave"]> },
): Promise<NextLook> {
  const { row, marker } = options;
  if (hasLeft(state)) return "settled";
  const standing = [...state.rows.values()].filter(mayStand).length;
  if (marker.verb === "delete" && standing > marker.expected) {
    state.trouble = `the app is to leave with ${marker.expected} objects, but has ${standing} here: nothing is deleted`;
    return "settled";
  }
  const outcome = await pruneObjects(context, state, {
    row,
    desired: new Set(),
    verb: marker.verb,
  });
  state.waiting = outcome.waiting.join("; ");
  state.trouble = outcome.failed.map((error) => error.message).join("; ");
  const [failure] = outcome.failed;
  if (failure !== undefined) return { backoff: failure };
  if (state.rows.size > 0) return "soon";
  const emptied = await writeChildInventory(context, state.row ?? row, []);
  state.row = { ...emptied, tree: null, release: null, left: true };
  context.store.saveApp(state.row);
  state.health = null;
  state.healthySince = null;
  return "settled";
}

/** False for an object whose first write never got through. */
function mayStand(row: ObjectRow): boolean {
  return row.phase !== "pending" || row.apiVersion === "";
}

function describeOutcome(outcome: ApplyOutcome): string {
  const failures = outcome.failed.map(({ error }) =>
    error.hint === undefined ? error.message : `${error.message} (${error.hint})`,
  );
  const all = [...failures, ...outcome.blocked.map(({ reason }) => reason)];
  const more = all.length > 5 ? [`and ${all.length - 5} more`] : [];
  return [...all.slice(0, 5), ...more].join("; ");
}

function count(objects: number): string {
  return objects === 1 ? "1 object is" : `${objects} objects are`;
}

function unknownFailure(): FleetError {
  return new FleetError("API_REFUSED", "an object could not be applied");
}
