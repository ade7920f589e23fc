import { UnknownKindError } from "../adapters/kubernetes/api-error.ts";
import { addressOf } from "../adapters/kubernetes/object-address.ts";
import { assessHealth } from "../core/health/assess-health.ts";
import type { FleetError } from "../core/errors.ts";
import { type ObjectId, describeKey } from "../core/model/kube-object.ts";
import type { AppState } from "./app-state.ts";
import { policyOf } from "./app-policy.ts";
import { type Before, beforeOf, noteBegun } from "./begin-version.ts";
import { type ObjectWork, applyOneObject } from "./apply-object.ts";
import { writeChildInventory } from "./child-inventory.ts";
import { openObject } from "./open-object.ts";
import { observable } from "./read-live.ts";
import { isDefiner, isServedBy } from "./served-by.ts";
import { type SiteContext, desiredIds, throwUnlessPassable } from "./site-context.ts";
import { type AppRow, type ObjectRow, pendingRow, standsWhole } from "./state-store.ts";
import { noteStaying } from "./told-notes.ts";
import type { AppTree, TreeObject } from "./tree-cache.ts";
import { tryOneObject } from "./try-object.ts";

/** How writing an app ended. `failed` and `blocked` empty: all of its tree stands. */
export interface ApplyOutcome {
  readonly failed: readonly { readonly id: ObjectId; readonly error: FleetError }[];
  /** Objects whose prerequisites do not stand yet. */
  readonly blocked: readonly { readonly id: ObjectId; readonly reason: string }[];
  readonly written: number;
  /** How the app stood before this began another version; absent where it began none. */
  readonly before?: Before;
}

/** Objects written at once in one app, where its cluster takes so many. */
const parallel = 16;

interface Wanted {
  readonly tree: AppTree;
  readonly row: AppRow;
}

/**
 * Makes a tree stand at a site: writes what is not known to stand, in order, everything whose prerequisites hold, and
 * collects what fails. What is about to be created is in the inventory, here and there, before it is.
 */
export async function applyTree(
  context: SiteContext,
  state: AppState,
  wanted: Wanted,
): Promise<ApplyOutcome> {
  const { tree } = wanted;
  const todo = tree.objects.filter((object) => needsWrite(state, object));
  if (todo.length === 0) return { failed: [], blocked: [], written: 0 };
  await context.link.verify({
    signal: context.signal(),
    ...(isCreating(state, todo) && { maxAgeMs: freshIdentityMs }),
  });
  const refused = isTriedFirst(context, state, wanted) ? await tryAll(context, state, wanted) : [];
  if (refused.length === 0) return writeTodo(context, state, { ...wanted, todo });
  // What stands as it is in this version too is repaired all the same.
  const repairs = todo.filter((object) => wasWritten(state, object));
  const before = nothingWritten(refused);
  if (repairs.length === 0) return before;
  const repaired = await writeTodo(context, state, { ...wanted, todo: repairs });
  return joined(before, repaired);
}

function joined(one: ApplyOutcome, other: ApplyOutcome): ApplyOutcome {
  return {
    failed: [...one.failed, ...other.failed],
    blocked: [...one.blocked, ...other.blocked],
    written: one.written + other.written,
  };
}

async function writeTodo(
  context: SiteContext,
  state: AppState,
  { tree, row, todo }: Wanted & { readonly todo: readonly TreeObject[] },
): Promise<ApplyOutcome> {
  state.isBeingWritten = true;
  try {
    const fresh = todo.filter((object) => !wasWritten(state, object));
    const before = beforeOf(state, row);
    const begun = await noteBegun(context, state, { row, tree, fresh });
    const isNew = isCreating(state, todo);
    const unheard = todo.filter((object) => !state.rows.has(object.id));
    const rows = unheard.map((object) => pendingRow(object.id, object.object.apiVersion));
    save(context, state, rows);
    const isTaking = await noteTaken(context, state, todo);
    state.row = await writeChildInventory(context, begun, state.rows.keys());
    if (isNew || isTaking) await context.store.durable();
    state.writes += 1;
    const { health: rules = [] } = policyOf(context, state.app);
    state.isStirred ||= observable(todo, rules).length > 0;
    const outcome = await writeAll({ context, state, row: state.row, tree }, todo);
    // Which Jobs were run outlives the store.
    state.row = await writeChildInventory(context, state.row, state.rows.keys());
    return begun === row ? outcome : { ...outcome, before };
  } finally {
    state.isBeingWritten = false;
  }
}

function isCreating({ rows }: AppState, todo: readonly TreeObject[]): boolean {
  return todo.some((object) => !isKnown(rows.get(object.id)));
}

/**
 * What is about to be written may have been another app's, which still has it on record: what it knows of it counts no
 * more, so that it writes it again, should it get it back before it has let go of it. True where there is such an object.
 */
async function noteTaken(
  context: SiteContext,
  state: AppState,
  todo: readonly TreeObject[],
): Promise<boolean> {
  let isTaking = false;
  for (const other of context.apps.values()) {
    if (other === state || !todo.some(({ id }) => isHashed(other.rows.get(id)))) continue;
    const wanted = await desiredIds(context, other.app);
    const taken = todo.flatMap(({ id }) => {
      const row = other.rows.get(id);
      return isHashed(row) && wanted?.has(id) !== true ? [{ ...row, hash: "" }] : [];
    });
    save(context, other, taken);
    isTaking ||= taken.length > 0;
  }
  return isTaking;
}

function isHashed(row: ObjectRow | undefined): row is ObjectRow {
  return row !== undefined && row.hash !== "";
}

/** What is new is tried as a whole where the app asks for that; a repair of what stands mends what it can. */
function isTriedFirst(context: SiteContext, state: AppState, { tree, row }: Wanted): boolean {
  return policyOf(context, state.app).atomic === true && !standsWhole(row, tree.tree);
}

/** Objects that the cluster would refuse, by dry runs of all that is to be written. */
async function tryAll(
  context: SiteContext,
  state: AppState,
  { tree, row }: Wanted,
): Promise<ApplyOutcome["failed"]> {
  const job: Job = { context, state, row, tree };
  const namespaces = tree.objects.filter(({ key }) => key.kind === "Namespace" && key.group === "");
  const brought = new Set(namespaces.map(({ key }) => key.name));
  const refused: { id: ObjectId; error: FleetError }[] = [];
  const queue = tree.objects.filter((object) => needsWrite(state, object));
  await writeQueue(queue, async (object) => {
    try {
      const opened = await openObject(context, object, row.owner);
      await tryOneObject(context, workOf(job, opened.object), brought);
    } catch (error) {
      throwUnlessPassable(context, error);
      const isYetToCome = error instanceof UnknownKindError && isDefined(job, object);
      if (!isYetToCome) refused.push({ id: object.id, error });
    }
  });
  return refused;
}

function nothingWritten(failed: ApplyOutcome["failed"]): ApplyOutcome {
  const [first] = failed;
  const reason = "nothing of this version is written here: the app is atomic";
  return { failed, blocked: first === undefined ? [] : [{ id: first.id, reason }], written: 0 };
}

const freshIdentityMs = 30_000;

/** It was written in the form that the tree has. */
export function wasWritten(state: AppState, { id, hash }: TreeObject): boolean {
  const row = state.rows.get(id);
  return isKnown(row) && row?.hash === hash;
}

/** True when a request is needed to know that the object stands as the tree has it. */
export function needsWrite(state: AppState, object: TreeObject): boolean {
  return (
    !wasWritten(state, object) ||
    (!state.isRepairHeld && state.drifted.get(object.id)?.repair === true) ||
    state.stale.has(object.id)
  );
}

/** True where an object was applied, in whatever form, and seen. */
export function isKnown(row: ObjectRow | undefined): boolean {
  return row !== undefined && row.phase === "applied" && row.uid !== "";
}

interface Job {
  readonly context: SiteContext;
  readonly state: AppState;
  readonly row: AppRow;
  readonly tree: AppTree;
}

interface Progress {
  readonly failed: { id: ObjectId; error: FleetError }[];
  readonly blocked: { id: ObjectId; reason: string }[];
  /** Not standing: failed or blocked; whoever needs one of these is blocked. */
  readonly absent: Set<ObjectId>;
  written: number;
}

async function writeAll(job: Job, todo: readonly TreeObject[]): Promise<ApplyOutcome> {
  const progress: Progress = { failed: [], blocked: [], absent: new Set(), written: 0 };
  const write = (object: TreeObject): Promise<void> => writeOne(job, object, progress);
  let isNamespaceKnown = [...job.state.rows.values()].some((row) => isKnown(row));
  for (const rank of new Set(todo.map((object) => object.rank))) {
    const queue = todo.filter((object) => object.rank === rank);
    // The first one finds out whether the namespace has to be made; otherwise each would.
    const first = isNamespaceKnown ? -1 : queue.findIndex((object) => isInside(job, object));
    if (first >= 0) await writeQueue(queue.splice(first, 1), write);
    isNamespaceKnown ||= first >= 0;
    await writeQueue(queue, write);
    await waitForDefinitions(job, progress, rank);
  }
  return progress;
}

function isInside({ row }: Job, object: TreeObject): boolean {
  return object.key.namespace === row.namespace;
}

/** Some at once, until the first throws; ends when no write is under way any more, however it ends. */
async function writeQueue(
  queue: TreeObject[],
  write: (object: TreeObject) => Promise<void>,
): Promise<void> {
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      try {
        await write(next);
      } catch (error) {
        queue.length = 0;
        throw error;
      }
    }
  };
  const workers = Array.from({ length: Math.min(parallel, queue.length) }, worker);
  const ends = await Promise.allSettled(workers);
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}

async function writeOne(job: Job, object: TreeObject, progress: Progress): Promise<void> {
  const { context, state, row } = job;
  const need = object.needs.find((id) => progress.absent.has(id));
  if (need !== undefined) {
    const found = job.tree.objects.find((one) => one.id === need);
    block(progress, object, `waits for ${found === undefined ? need : describeKey(found.key)}`);
    return;
  }
  try {
    const opened = await openObject(context, object, row.owner);
    const applied = await applyOneObject(context, workOf(job, opened.object));
    // What a release changes ends a fight: the next round is the first one again.
    if (state.rows.get(object.id)?.hash !== object.hash) state.fights.delete(object.id);
    save(context, state, [applied.row]);
    if (applied.ending !== null) throw applied.ending;
    noteBeside(state, object, applied.beside);
    noteStaying(context, state, { id: object.id, staying: applied.staying });
    state.drifted.delete(object.id);
    state.stale.delete(object.id);
    if (opened.source !== null) state.sources.set(object.id, opened.source);
    progress.written += 1;
  } catch (error) {
    throwUnlessPassable(context, error);
    noteFailed(job, object, { progress, error });
  }
}

/** What others manage too is not deleted: told before it comes to that. */
function noteBeside(state: AppState, { id, key }: TreeObject, beside: readonly string[]): void {
  const who = beside.join(", ");
  const note = `${describeKey(key)} is managed by ${who} too: it would be let go of, not deleted`;
  if (who === "") state.notes.delete(id);
  else state.notes.set(id, note);
}

function workOf({ state, row }: Job, object: TreeObject): ObjectWork {
  return {
    app: state.app,
    owner: row.owner,
    namespace: row.namespace,
    object,
    row: state.rows.get(object.id),
    // What differs was judged with the data that it had.
    drifted: state.stale.has(object.id) ? undefined : state.drifted.get(object.id),
    staying: state.staying.get(object.id),
  };
}

function noteFailed(
  job: Job,
  object: TreeObject,
  { progress, error }: { readonly progress: Progress; readonly error: FleetError },
): void {
  if (error instanceof UnknownKindError && isDefined(job, object)) {
    block(progress, object, "waits for its definition to be served");
    return;
  }
  progress.absent.add(object.id);
  progress.failed.push({ id: object.id, error });
}

function block(progress: Progress, object: TreeObject, reason: string): void {
  progress.absent.add(object.id);
  progress.blocked.push({ id: object.id, reason: `${describeKey(object.key)} ${reason}` });
}

/** A definition of the same app that some other object needs must be established, an API server available, before that is written. */
async function waitForDefinitions(job: Job, progress: Progress, rank: number): Promise<void> {
  const needed = new Set(
    job.tree.objects.filter((one) => needsWrite(job.state, one)).flatMap((one) => one.needs),
  );
  for (const object of job.tree.objects) {
    if (!isDefiner(object.object) || object.rank !== rank || !needed.has(object.id)) continue;
    if (progress.absent.has(object.id)) continue;
    const live = await job.context.client.get(addressOf(object.object), job.context.signal());
    const now = job.context.clock.now();
    if (live === null || assessHealth(live, { now, hasStatus: true }).status !== "Healthy") {
      progress.absent.add(object.id);
    }
  }
}

/** The app brings what makes the API server know this very version of the kind. */
function isDefined(job: Job, { needs, object }: TreeObject): boolean {
  return job.tree.objects.some((one) => needs.includes(one.id) && isServedBy(one.object, object));
}

/** Keeps rows in store and memory alike. */
export function save(context: SiteContext, state: AppState, rows: readonly ObjectRow[]): void {
  if (rows.length === 0) return;
  context.store.saveObjects({ site: context.site, app: state.app }, rows);
  for (const row of rows) state.rows.set(row.id, row);
}
