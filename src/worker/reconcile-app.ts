import { isApiError } from "../adapters/kubernetes/api-error.ts";
import type { FleetError } from "../core/errors.ts";
import { ownerOf } from "../core/apply/ownership.ts";
import type { ObjectId } from "../core/model/kube-object.ts";
import { type AppState, hasLeft } from "./app-state.ts";
import { type ApplyOutcome, applyTree, needsWrite } from "./apply-app.ts";
import { noteNothingCame, noteReturn } from "./begin-version.ts";
import { clearTheWay } from "./clear-way.ts";
import { writeChildInventory } from "./child-inventory.ts";
import { meetSecrets } from "./learn-secrets.ts";
import { isNewSet, meetInventoryOnce, meetInventory, saveUnknown } from "./meet-inventory.ts";
import { pruneObjects } from "./prune-objects.ts";
import { type SiteContext, desiredTree } from "./site-context.ts";
import { type AppRow, standsWhole } from "./state-store.ts";
import { type TargetForm, formOfTarget } from "./target-form.ts";
import type { AppTree } from "./tree-cache.ts";
import { noteWaiting } from "./told-notes.ts";
import { reasonNotToLeave, unreleased } from "./unapproved-objects.ts";
import { inWords } from "./in-words.ts";

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
  const found = await meetInventory(context, state);
  const row: AppRow = {
    ...facts,
    site: context.site,
    app: state.app,
    tree: null,
    release: null,
    left: false,
    isMixed: false,
    everHealthy: false,
    longestHealthyMs: 0,
    health: "",
    childSet: "",
    childParts: found?.parts ?? 0,
  };
  // The store knows some of a site that was away.
  const kept = context.store.objects(context.site, state.app).map(({ id }) => id);
  saveUnknown(context, state, { ids: kept });
  keepRow(context, state, row);
  return row;
}

async function keep(
  context: SiteContext,
  state: AppState,
  wanted: { readonly row: AppRow; readonly tree: AppTree },
): Promise<NextLook> {
  const { tree } = wanted;
  const known = isNewSet(state, tree)
    ? await meetInventoryOnce(context, state, wanted.row)
    : wanted.row;
  const row = { ...known, left: false };
  // Durable before anything is created: what has objects has not left, however far the apply comes.
  if (wanted.row.left) keepRow(context, state, row);
  // What was let go of was of the version before.
  if (!standsWhole(wanted.row, tree.tree)) state.notes = notesOf(state, tree);
  noteReturn(context, state, { row, tree });
  const outcome = await applyTree(context, state, { row, tree });
  const trouble = describeOutcome(outcome);
  if (trouble !== "" && trouble !== state.trouble) await meetSecrets(context);
  state.trouble = trouble;
  if (outcome.failed.length > 0) {
    const errors = outcome.failed.map(({ error }) => error);
    const next = await afterFailure(context, state, { row: state.row ?? row, tree, errors });
    // Where something was removed for the new version, the one before stands no more.
    if (next !== "soon") noteNothingCame(context, state, { before: outcome.before, errors });
    return next;
  }
  if (outcome.blocked.length > 0) return "soon";
  noteApplied(context, state, tree.tree);
  return prune(context, state, tree);
}

function notesOf({ notes }: AppState, tree: AppTree): AppState["notes"] {
  return new Map([...notes].filter(([id]) => tree.ids.has(id)));
}

/** The tree stands, whole. */
function noteApplied(context: SiteContext, state: AppState, tree: string): void {
  const row = state.row;
  if (row === null) return;
  const release = context.target()?.meta.apps[state.app]?.release ?? null;
  // What stood before another version was begun is as new as that one: nobody has seen it well since.
  if (!standsWhole(row, tree)) noteNewTree(context, state, { ...row, tree, release });
  else if (row.release !== release) keepRow(context, state, { ...row, release });
}

function noteNewTree(context: SiteContext, state: AppState, row: AppRow): void {
  const now = context.clock.monotonic();
  const everHealthy = row.everHealthy || state.healthySince !== null;
  const begun = { left: false, isMixed: false, longestHealthyMs: 0, health: "" };
  keepRow(context, state, { ...row, ...begun, everHealthy });
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

/**
 * What the tree no longer has goes once all of the tree stands, is healthy and is all that runs: never before, never after
 * a failure.
 */
async function prune(context: SiteContext, state: AppState, tree: AppTree): Promise<NextLook> {
  const row = state.row;
  const unwanted = [...state.rows.keys()].filter((id) => !tree.ids.has(id));
  if (row === null) return "settled";
  if (unwanted.length === 0) {
    noteWaiting(context, state, "");
    // What a worker that was killed between a delete and this has left behind.
    state.row = await writeChildInventory(context, row, state.rows.keys());
    return "settled";
  }
  if (state.healthySince === null || tree.objects.some((object) => needsWrite(state, object))) {
    noteWaiting(context, state, `${count(unwanted.length)} to be pruned once the app is healthy`);
    const said = state.health?.said ?? [];
    const isClear = await clearTheWay(context, state, { row, tree, said });
    return isClear ? "soon" : "settled"; // its health, once observed, wakes it
  }
  const { olderPods } = state.health ?? {};
  if (olderPods !== undefined) {
    const until = `once no pod of an older template runs: ${olderPods}`;
    noteWaiting(context, state, `${count(unwanted.length)} to be pruned ${until}`);
    return "settled"; // its health wakes it here too
  }
  return pruneNow(context, state, { row, tree, unwanted });
}

async function pruneNow(
  context: SiteContext,
  state: AppState,
  {
    row,
    tree,
    unwanted,
  }: { readonly row: AppRow; readonly tree: AppTree; readonly unwanted: readonly ObjectId[] },
): Promise<NextLook> {
  const stays = await unreleased(context, state, { tree: tree.tree, ids: unwanted });
  const options = { row, desired: tree.ids, stays, verb: "delete" } as const;
  const outcome = await pruneObjects(context, state, options);
  const left = [...state.rows.keys()].filter((id) => !tree.ids.has(id)).length;
  // While it is tried again, no trouble is told: what is left is no less to go.
  const waits = outcome.waiting.length > 0 || left === 0;
  const why = outcome.waiting.join("; ");
  noteWaiting(context, state, waits ? why : `${count(left)} to be pruned`);
  state.trouble = describeFailures(outcome.failed).join("; ");
  if (outcome.failed.length > 0) {
    return afterFailure(context, state, { row, tree, errors: outcome.failed });
  }
  return outcome.waiting.length === 0 ? "settled" : "soon";
}

/** What was refused by something that is to go too is tried again once that is gone; else later. */
async function afterFailure(
  context: SiteContext,
  state: AppState,
  { row, tree, errors }: { row: AppRow; tree: AppTree | null; errors: readonly FleetError[] },
): Promise<NextLook> {
  const said = errors.flatMap((error) => (isApiError(error) ? error.said : []));
  if (await clearTheWay(context, state, { row, tree, said })) return "soon";
  const [first] = errors;
  return first === undefined ? "soon" : { backoff: first };
}

async function leave(
  context: SiteContext,
  state: AppState,
  options: { readonly row: AppRow; readonly marker: NonNullable<TargetForm["leave"]> },
): Promise<NextLook> {
  const { marker } = options;
  if (hasLeft(state)) return "settled";
  const row = await meetInventoryOnce(context, state, options.row);
  const reason =
    marker.verb === "delete" ? await reasonNotToLeave(context, state, { row, marker }) : null;
  if (reason !== null) {
    state.trouble = inWords(reason);
    return { backoff: reason };
  }
  const outcome = await pruneObjects(context, state, {
    row,
    desired: new Set(),
    stays: new Set(),
    verb: marker.verb,
  });
  noteWaiting(context, state, outcome.waiting.join("; "));
  state.trouble = describeFailures(outcome.failed).join("; ");
  const [failure] = outcome.failed;
  if (failure !== undefined && marker.verb !== "delete") return { backoff: failure };
  if (failure !== undefined) {
    return afterFailure(context, state, { row, tree: null, errors: outcome.failed });
  }
  if (state.rows.size > 0) return "soon";
  const emptied = await writeChildInventory(context, state.row ?? row, []);
  const gone: AppRow = { ...emptied, tree: null, release: null, left: true, isMixed: false };
  context.store.saveApp(gone);
  // The marker goes for good once this is told.
  await context.store.durable();
  state.row = gone;
  state.health = null;
  state.healthySince = null;
  return "settled";
}

/** What failed and what waits for it. */
function describeOutcome(outcome: ApplyOutcome): string {
  const failures = describeFailures(outcome.failed.map(({ error }) => error));
  const all = [...failures, ...outcome.blocked.map(({ reason }) => reason)];
  const more = all.length > 5 ? [`and ${all.length - 5} more`] : [];
  return [...all.slice(0, 5), ...more].join("; ");
}

/** What an API server says alike of many objects is said once. */
function describeFailures(errors: readonly FleetError[]): readonly string[] {
  const alike = new Map<string, FleetError[]>();
  for (const error of errors) {
    const key = isApiError(error) ? error.said : inWords(error);
    alike.set(key, [...(alike.get(key) ?? []), error]);
  }
  return [...alike.values()].map(describeAlike);
}

function describeAlike([first, ...others]: readonly FleetError[]): string {
  const words = first === undefined ? "" : inWords(first);
  if (others.length === 0) return words;
  return `${words} (and the same of ${others.length === 1 ? "1 other object" : `${others.length} other objects`})`;
}

function count(objects: number): string {
  return objects === 1 ? "1 object is" : `${objects} objects are`;
}
