import { isApiError } from "../adapters/kubernetes/api-error.ts";
import { isKept, wasKept } from "../core/apply/kept-objects.ts";
import { liveOwner, metadataText } from "../core/apply/ownership.ts";
import { containedIn, planPrune } from "../core/apply/plan-prune.ts";
import type { FleetError } from "../core/errors.ts";
import {
  type KubeObject,
  type ObjectId,
  describeKey,
  parseObjectId,
} from "../core/model/kube-object.ts";
import type { AppState } from "./app-state.ts";
import { writerFor } from "./app-policy.ts";
import { save } from "./apply-app.ts";
import { writeChildInventory } from "./child-inventory.ts";
import { definedKinds } from "./defined-kinds.ts";
import { giveUpFields, leaveToOthers, managersBeside, placeOf, takeMarksOff } from "./let-go.ts";
import { type Found, lookUp } from "./look-up.ts";
import { finalizersOf } from "./refusals.ts";
import { type ClaimsByName, claimedInOtherGroup, claimsByName } from "./other-group.ts";
import { tenantOf } from "./tenants.ts";
import {
  type SiteContext,
  othersObjects,
  throwUnlessPassable,
  versionsIn,
} from "./site-context.ts";
import type { AppRow, ObjectRow } from "./state-store.ts";
import { noteStaying } from "./told-notes.ts";

/** How pruning ended; `waiting` and `failed` empty: the inventory holds nothing but what is wanted. */
export interface PruneOutcome {
  readonly waiting: readonly string[];
  readonly failed: readonly FleetError[];
}

/** What to do with an object that is no longer wanted. */
type Verb = "delete" | "orphan";

interface PruneOptions {
  readonly row: AppRow;
  readonly desired: ReadonlySet<ObjectId>;
  /** Not desired, and not deleted either while it is ours: told instead. */
  readonly stays: ReadonlySet<ObjectId>;
  readonly verb: Verb;
}

/**
 * Takes out of the cluster what is in the inventory and not in `desired`: each object is read first, and only one that
 * names this app as its owner is touched, by its uid and version. Never called with less than a complete tree, or a
 * leaving marker.
 */
export async function pruneObjects(
  context: SiteContext,
  state: AppState,
  options: PruneOptions,
): Promise<PruneOutcome> {
  const { row, desired, stays, verb } = options;
  const unwanted = [...state.rows.keys()].filter((id) => !desired.has(id));
  if (unwanted.length === 0) return { waiting: [], failed: [] };
  await context.link.verify({ signal: context.signal(), maxAgeMs: 30_000 });
  state.writes += 1;
  const defined = await definedKinds(context, state, unwanted);
  const others = await othersObjects(context, state.app);
  const wanted = versionsIn(state.rows, desired);
  const plan = planPrune({ desired: wanted, inventory: unwanted, others, defined });
  const claims = claimsByName([...others, [state.app, desired]]);
  const progress: Progress = { waiting: [], failed: [], gone: 0, kept: [] };
  // Where nothing is to be deleted, nobody asks.
  const ids = verb === "orphan" ? [] : unwanted;
  const wereKept = await givenAsKept(context, state, { row, ids });
  const job = { context, state, row, stays, verb, defined, claims, wereKept };
  await removeInSteps(job, plan.steps, progress);
  for (const { id, reason } of plan.wait) {
    await guarded(job, progress, () => releaseOne(job, id, { reason, progress }));
  }
  // Last, and a Namespace before what is in it: until then the inventory tells what must not go with it.
  for (const { id, address, live } of progress.kept.toReversed()) {
    const isInside = (other: ObjectId): boolean =>
      containedIn(other, defined)?.(id, address.apiVersion) === true;
    if (unwanted.some((other) => state.rows.has(other) && isInside(other))) continue;
    await guarded(job, progress, () => letGo(job, { id, address, live }, progress));
  }
  if (progress.gone > 0 || progress.waiting.length + progress.failed.length === 0) {
    state.row = await writeChildInventory(context, row, state.rows.keys());
  }
  return progress;
}

/**
 * Of what only the cluster's inventory tells, nobody knows with which fields it was applied, and somebody may have taken the
 * annotation off since: what the mirror gave as kept counts for it. Each is looked up once: something may wait for long.
 */
async function givenAsKept(
  { history, site }: SiteContext,
  { rows, wereKept }: AppState,
  { row: { app, owner }, ids }: { readonly row: AppRow; readonly ids: readonly ObjectId[] },
): Promise<ReadonlySet<ObjectId>> {
  const unknown = ids.filter((id) => rows.get(id)?.owned === "");
  const unasked = unknown.filter((id) => !wereKept.has(id));
  if (unasked.length > 0) {
    const kept = await history.kept({ site, app, owner, ids: unasked });
    for (const id of unasked) wereKept.set(id, kept.has(id));
  }
  return new Set(unknown.filter((id) => wereKept.get(id)));
}

interface Job {
  readonly context: SiteContext;
  readonly state: AppState;
  readonly row: AppRow;
  readonly stays: ReadonlySet<ObjectId>;
  readonly verb: Verb;
  /** By definition that is to go: the kind that it defines. */
  readonly defined: ReadonlyMap<ObjectId, string>;
  readonly claims: ClaimsByName;
  /** Applied with the word to keep them, it may be. */
  readonly wereKept: ReadonlySet<ObjectId>;
}

interface Progress {
  readonly waiting: string[];
  readonly failed: FleetError[];
  gone: number;
  /** Objects that are let go of though they are not wanted: they say so themselves, or others manage them too. */
  readonly kept: (Found & { readonly id: ObjectId })[];
}

/** One object that cannot be removed holds up only itself; a cluster that does not answer holds up all. */
async function guarded(job: Job, progress: Progress, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throwUnlessPassable(job.context, error);
    progress.failed.push(error);
  }
}

/** Begins no step while something of the one before is not away: what has to end it may be in there. */
async function removeInSteps(
  job: Job,
  steps: readonly (readonly ObjectId[])[],
  progress: Progress,
): Promise<void> {
  for (const [index, step] of steps.entries()) {
    const going: ObjectId[] = [];
    for (const id of step) {
      let isGoing = true;
      await guarded(job, progress, async () => {
        isGoing = await removeOne(job, id, progress);
      });
      if (isGoing) going.push(id);
    }
    const later = steps.slice(index + 1).flat().length;
    if (going.length === 0 || later === 0) continue;
    progress.waiting.push(waitText(going, later));
    return;
  }
}

/** Gives true where it is to go, and is not away yet. */
async function removeOne(job: Job, id: ObjectId, progress: Progress): Promise<boolean> {
  const found = await lookUp(job.context, id, job.state.rows.get(id));
  if (found === null) {
    await forgetAbsent(job, id, progress);
    return false;
  }
  const { live } = found;
  if (liveOwner(live) !== job.row.owner) {
    await release(job, { id, ...found }, progress);
    return false;
  }
  // What somebody else deletes goes without the app, where it is only to be let go of.
  if (job.verb === "orphan" || metadataText(live, "deletionTimestamp") === "")
    return removeOurs(job, { id, ...found }, progress);
  progress.waiting.push(stuck(live));
  return true;
}

/** Deletes an object that is ours, or lets go of it; true: it is to go, and is not away yet. */
async function removeOurs(
  job: Job,
  { id, address, live }: Found & { readonly id: ObjectId },
  progress: Progress,
): Promise<boolean> {
  const { context } = job;
  if (await isWanted(job, { id, live }, progress)) return false;
  if (job.stays.has(id)) {
    progress.waiting.push(unreleasedText(live));
    return false;
  }
  if (job.verb === "orphan") {
    await letGo(job, { id, address, live }, progress);
    return false;
  }
  if (isToStay(job, { id, live }, progress)) {
    progress.kept.push({ id, address, live });
    return false;
  }
  const tenant = await whoIsInside(job, { id, live }, progress);
  if (tenant !== null) {
    progress.waiting.push(tenant);
    return false;
  }
  mark(job, id, "deleting");
  const ended = await writerFor(context, job.row.app).delete(
    address,
    { uid: metadataText(live, "uid"), resourceVersion: metadataText(live, "resourceVersion") },
    context.signal(),
  );
  if (ended === "gone") forget(job, id, progress);
  else progress.waiting.push(stuck(live));
  return ended !== "gone";
}

/** It is wanted in another group: by this app, which forgets that it had it in this one, or by another, which takes it over. */
async function isWanted(
  job: Job,
  { id, live }: { readonly id: ObjectId; readonly live: KubeObject },
  progress: Progress,
): Promise<boolean> {
  const app = await claimedInOtherGroup(job.context, job.claims, { id, live });
  if (app === null) return false;
  if (app === job.state.app) forget(job, id, progress);
  else progress.waiting.push(`${placeOf(live)}: app ${app} has it too or takes it over`);
  return true;
}

/** The object says so, somebody else manages it too, or what is to stay would go with it. */
function isToStay(
  job: Job,
  { id, live }: { readonly id: ObjectId; readonly live: KubeObject },
  progress: Progress,
): boolean {
  const owned = job.state.rows.get(id)?.owned ?? "";
  if (isKept(live) || wasKept(owned, live) || job.wereKept.has(id)) return true;
  if (holdsKept(job, id, progress)) return true;
  return managersBeside(job.context, live).length > 0;
}

function holdsKept(job: Job, id: ObjectId, { kept }: Progress): boolean {
  const holds = containedIn(id, job.defined);
  return holds !== undefined && kept.some((one) => holds(one.id, one.address.apiVersion));
}

/** Why a Namespace or definition waits: what could not be looked at may be in there, and to stay, or somebody has something there. */
async function whoIsInside(
  { context, row, defined }: Job,
  { id, live }: { readonly id: ObjectId; readonly live: KubeObject },
  { failed }: Progress,
): Promise<string | null> {
  const holds = containedIn(id, defined);
  if (holds === undefined) return null;
  if (failed.length > 0) return `${placeOf(live)} waits for what could not be looked at`;
  return tenantOf(context, { id, holds }, row);
}

/** What another app wants stays; once that app is its owner, this one lets go of it. At once where it holds what is kept. */
async function releaseOne(
  job: Job,
  id: ObjectId,
  { reason, progress }: { readonly reason: string; readonly progress: Progress },
): Promise<void> {
  const found = await lookUp(job.context, id, job.state.rows.get(id));
  if (found === null) return forgetAbsent(job, id, progress);
  if (liveOwner(found.live) !== job.row.owner) {
    return release(job, { id, ...found }, progress);
  }
  if (holdsKept(job, id, progress)) return letGo(job, { id, ...found }, progress);
  const key = parseObjectId(id);
  progress.waiting.push(`${key === undefined ? id : describeKey(key)}: ${reason}`);
}

/** Lets go of an object that another owner has by now: its fields that only this app set go with it. */
async function release(
  job: Job,
  { id, ...found }: Found & { readonly id: ObjectId },
  progress: Progress,
): Promise<void> {
  const { context, state, row } = job;
  if (state.rows.get(id)?.phase === "applied" && liveOwner(found.live) !== "") {
    try {
      await giveUpFields(context, row.app, found);
    } catch (error) {
      // Refused: the fields stay as they are, which harms nobody.
      if (!isApiError(error)) throw error;
    }
  }
  forget(job, id, progress);
}

/** Lets go of an object that is not to be deleted, and tells why where that is not what was asked for. */
async function letGo(
  job: Job,
  { id, ...found }: Found & { readonly id: ObjectId },
  progress: Progress,
): Promise<void> {
  const { context, state, row, verb } = job;
  const others = verb === "orphan" ? [] : managersBeside(context, found.live);
  if (others.length === 0) await takeMarksOff(context, row.app, found);
  else await leaveToOthers(context, row, found);
  forget(job, id, progress);
  if (verb === "orphan") return;
  const holds = holdsKept(job, id, progress);
  const own = holds ? "it holds what is to stay" : "it says that it is to stay";
  const why = others.length === 0 ? own : `it is managed by ${others.join(", ")} too`;
  const note = `${placeOf(found.live)} was let go of, not deleted: ${why}`;
  state.notes.set(id, note);
  context.logger.info("let go of, not deleted", { app: state.app, note });
}

/** Forgets what is not there, once it is certain that the site's own cluster said so. */
async function forgetAbsent(job: Job, id: ObjectId, progress: Progress): Promise<void> {
  await job.context.link.verify({ signal: job.context.signal() });
  forget(job, id, progress);
}

function forget(job: Job, id: ObjectId, progress: Progress): void {
  const { context, state } = job;
  context.store.saveObjects({ site: context.site, app: state.app }, [], [id]);
  state.rows.delete(id);
  job.state.drifted.delete(id);
  job.state.fights.delete(id);
  job.state.notes.delete(id);
  noteStaying(context, state, { id, staying: null });
  progress.gone += 1;
}

function mark(job: Job, id: ObjectId, phase: ObjectRow["phase"]): void {
  const row = job.state.rows.get(id);
  if (row !== undefined) save(job.context, job.state, [{ ...row, phase }]);
}

function unreleasedText(live: KubeObject): string {
  return `${placeOf(live)} is from before the app came to this site, and no release has dropped it: it stays (delete it by hand, or take the annotation flotilla.dev/owner off it)`;
}

function stuck(live: KubeObject): string {
  const { kind, metadata } = live;
  const more =
    kind === "CustomResourceDefinition"
      ? ` until the last object of its kind is gone (kubectl get ${metadata.name} -A)`
      : "";
  return `${placeOf(live)} is being deleted, held by ${finalizersOf(live)}${more}`;
}

const maxNamed = 3;

function waitText(going: readonly ObjectId[], later: number): string {
  const keys = going.slice(0, maxNamed).map(parseObjectId);
  const names = keys.flatMap((key) => (key === undefined ? [] : [describeKey(key)]));
  const more = going.length > maxNamed ? ` and ${going.length - maxNamed} more` : "";
  const others = later === 1 ? "1 other object waits" : `${later} other objects wait`;
  return `${others} until ${names.join(", ")}${more} ${going.length === 1 ? "is" : "are"} gone: a controller among them may have to end that; where none runs any more, take finalizers off by hand`;
}
