import { askedServices, mayAsk } from "../core/apply/asked-services.ts";
import { isKept, wasKept } from "../core/apply/kept-objects.ts";
import { liveOwner } from "../core/apply/ownership.ts";
import { containedIn } from "../core/apply/plan-prune.ts";
import type { FleetError } from "../core/errors.ts";
import { type KubeObject, type ObjectId, parseObjectId } from "../core/model/kube-object.ts";
import type { AppState } from "./app-state.ts";
import { askedText } from "./describe-prune.ts";
import { managersBeside } from "./let-go.ts";
import { type Found, lookUp } from "./look-up.ts";
import type { ClaimsByName } from "./other-group.ts";
import { type SiteContext, throwUnlessPassable } from "./site-context.ts";
import type { AppRow } from "./state-store.ts";

/** What to do with an object that is no longer wanted. */
export type Verb = "delete" | "orphan";

/** One prune of an app at a site. */
export interface Job {
  readonly context: SiteContext;
  readonly state: AppState;
  readonly row: AppRow;
  readonly unwanted: readonly ObjectId[];
  /** `unwanted`, and more where only some of it is to go now. */
  readonly dropped: readonly ObjectId[];
  readonly stays: ReadonlySet<ObjectId>;
  readonly verb: Verb;
  /** By definition that is to go: the kind that it defines. */
  readonly defined: ReadonlyMap<ObjectId, string>;
  readonly claims: ClaimsByName;
  /** Applied with the word to keep them, it may be. */
  readonly wereKept: ReadonlySet<ObjectId>;
}

/** How far it has come. */
export interface Progress {
  readonly waiting: string[];
  readonly failed: FleetError[];
  gone: number;
  /** Objects that are let go of though they are not wanted: they say so themselves, or others manage them too. */
  readonly kept: (Found & { readonly id: ObjectId })[];
}

/** One object that cannot be removed holds up only itself; a cluster that does not answer holds up all. */
export async function guarded(
  job: Job,
  progress: Progress,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    throwUnlessPassable(job.context, error);
    progress.failed.push(error);
  }
}

/** The object says so, somebody else manages it too, or what is to stay would go with it. */
export function isToStay(
  job: Job,
  { id, live }: { readonly id: ObjectId; readonly live: KubeObject },
  progress: Progress,
): boolean {
  const owned = job.state.rows.get(id)?.owned ?? "";
  if (isKept(live) || wasKept(owned, live) || job.wereKept.has(id)) return true;
  if (holdsKept(job, id, progress)) return true;
  return managersBeside(job.context, live).length > 0;
}

/** What is kept would go with it. */
export function holdsKept(job: Job, id: ObjectId, { kept }: Progress): boolean {
  const holds = containedIn(id, job.defined);
  return holds !== undefined && kept.some((one) => holds(one.id, one.address.apiVersion));
}

/**
 * True where something stays, or cannot be looked at, for which a Service of a step has to answer. What is kept is told
 * where it would be let go of.
 */
export async function isAsked(
  job: Job,
  step: readonly ObjectId[],
  progress: Progress,
): Promise<boolean> {
  const { state, unwanted, verb } = job;
  if (verb === "orphan" || !step.some(isService)) return false;
  let isHeld = false;
  for (const id of unwanted.filter((one) => mayAsk(one) && state.rows.has(one))) {
    let isAsking = true;
    await guarded(job, progress, async () => {
      isAsking = await asksOneOf(job, { id, step }, progress);
    });
    isHeld ||= isAsking;
  }
  return isHeld;
}

async function asksOneOf(
  job: Job,
  { id, step }: { readonly id: ObjectId; readonly step: readonly ObjectId[] },
  progress: Progress,
): Promise<boolean> {
  const found = await lookUp(job.context, id, job.state.rows.get(id));
  if (found === null || liveOwner(found.live) !== job.row.owner) return false;
  const service = await goingService(job, found.live, progress);
  if (service === undefined || !step.includes(service)) return false;
  const isTold = progress.kept.some((one) => one.id === id);
  if (!isTold) progress.waiting.push(askedText(found.live, service, false));
  return true;
}

function isService(id: ObjectId): boolean {
  const key = parseObjectId(id);
  return key?.group === "" && key.kind === "Service";
}

/** A Service that an object asks, and that is to be deleted. */
export async function goingService(
  job: Job,
  asking: KubeObject,
  progress: Progress,
): Promise<ObjectId | undefined> {
  const { context, state, row, dropped, stays, verb } = job;
  if (verb === "orphan") return undefined;
  for (const id of askedServices(asking)) {
    if (!dropped.includes(id) || !state.rows.has(id) || stays.has(id)) continue;
    const found = await lookUp(context, id, state.rows.get(id));
    if (found === null || liveOwner(found.live) !== row.owner) continue;
    if (!isToStay(job, { id, live: found.live }, progress)) return id;
  }
  return undefined;
}
