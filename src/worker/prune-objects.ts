import { isApiError } from "../adapters/kubernetes/api-error.ts";
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
import { askedText, stuckText, unreleasedText, waitText } from "./describe-prune.ts";
import {
  type Job,
  type Progress,
  type Verb,
  goingService,
  guarded,
  holdsKept,
  isAsked,
  isToStay,
} from "./kept-in-prune.ts";
import { giveUpFields, leaveToOthers, managersBeside, placeOf, takeMarksOff } from "./let-go.ts";
import { type Found, lookUp } from "./look-up.ts";
import { claimedInOtherGroup, claimsByName } from "./other-group.ts";
import { tenantOf } from "./tenants.ts";
import { type SiteContext, othersObjects, versionsIn } from "./site-context.ts";
import type { AppRow, ObjectRow } from "./state-store.ts";
import { noteStaying } from "./told-notes.ts";

/** How pruning ended; `waiting` and `failed` empty: the inventory holds nothing but what is wanted. */
export interface PruneOutcome {
  readonly waiting: readonly string[];
  readonly failed: readonly FleetError[];
}

interface PruneOptions {
  readonly row: AppRow;
  readonly desired: ReadonlySet<ObjectId>;
  /** Not desired, and not deleted either while it is ours: told instead. */
  readonly stays: ReadonlySet<ObjectId>;
  readonly verb: Verb;
  /** All that the app has no more, where that is more than what is to go now. */
  readonly dropped?: readonly ObjectId[];
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
  const { dropped = unwanted } = options;
  const job = { context, state, row, unwanted, dropped, stays, verb, defined, claims, wereKept };
  await removeInSteps(job, plan.steps, progress);
  for (const { id, reason } of plan.wait) {
    await guarded(job, progress, () => releaseOne(job, id, { reason, progress }));
  }
  // Last, and a Namespace before what is in it: until then the inventory tells what must not go with it.
  for (const { id, address, live } of progress.kept.toReversed()) {
    const isInside = (other: ObjectId): boolean =>
      containedIn(other, defined)?.(id, address.apiVersion) === true;
    if (unwanted.some((other) => state.rows.has(other) && isInside(other))) continue;
    await guarded(job, progress, async () => {
      const service = await goingService(job, live, progress);
      if (service === undefined) return letGo(job, { id, address, live }, progress);
      progress.waiting.push(askedText(live, service, true));
    });
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

/** Begins no step while something of the one before is not away: what has to end it may be in there. */
async function removeInSteps(
  job: Job,
  steps: readonly (readonly ObjectId[])[],
  progress: Progress,
): Promise<void> {
  for (const [index, step] of steps.entries()) {
    if (await isAsked(job, step, progress)) return;
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
  progress.waiting.push(stuckText(live));
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
  else progress.waiting.push(stuckText(live));
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
