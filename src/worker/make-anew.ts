import { type ApiError, isApiError } from "../adapters/kubernetes/api-error.ts";
import { addressOf } from "../adapters/kubernetes/object-address.ts";
import { isKept, wasKept } from "../core/apply/kept-objects.ts";
import { managedEntries } from "../core/apply/compare-fields.ts";
import {
  isOfFixedField,
  madeAnewIds,
  mayBeMadeAnew,
  wasToBeMadeAnew,
} from "../core/apply/made-anew.ts";
import { fieldManagerOf, liveOwner, metadataText } from "../core/apply/ownership.ts";
import { FleetError } from "../core/errors.ts";
import { type KubeObject, describeKey } from "../core/model/kube-object.ts";
import { writerFor } from "./app-policy.ts";
import type { ObjectWork } from "./apply-object.ts";
import { managersBeside } from "./let-go.ts";
import { finalizersOf, inWords, isOfImmutableField } from "./refusals.ts";
import { type SiteContext, desiredTree } from "./site-context.ts";
import type { ObjectRow } from "./state-store.ts";
import type { TreeObject } from "./tree-cache.ts";

/**
 * Whether a refusal may be met by deleting the object and making it anew: the object says so, in this version and in
 * the one that stands, and a release has changed it since. Drift is never met so, nor is what was only found there: no
 * release has counted these deletions.
 */
export function isToBeMadeAnew({ object, row }: ObjectWork, error: ApiError): boolean {
  if (row === undefined || row.phase === "pending") return false;
  // What was begun is ended, also where the version before has come back meanwhile.
  if (row.phase === "applied" && row.hash === object.hash) return false;
  const named = error.facts.causes.map(({ field }) => field);
  return (
    isOfImmutableField(error) &&
    mayBeMadeAnew(object.object) &&
    wasToBeMadeAnew(row.owned) &&
    isOfFixedField(object.object, named)
  );
}

/**
 * Deletes the object that stands, once it is certain that it is the one that was applied and that the new one would be
 * taken. Throws the refusal where it must stay, and while something holds it; whoever comes next goes on from there.
 */
export async function deleteToMakeAnew(
  context: SiteContext,
  work: ObjectWork,
  refusal: ApiError,
): Promise<void> {
  const { object, key } = work.object;
  const signal = context.signal();
  await context.link.verify({ signal, maxAgeMs: 30_000 });
  const live = await context.client.get(addressOf(object), signal);
  if (live === null) return;
  await tryToMakeAnew(context, work, { live, refusal });
  await noteDeleting(context, work);
  const uid = metadataText(live, "uid");
  const resourceVersion = metadataText(live, "resourceVersion");
  const writer = writerFor(context, work.app);
  const ended = await writer.delete(addressOf(object), { uid, resourceVersion }, signal);
  context.logger.info("deleted to be made anew", { app: work.app, object: describeKey(key) });
  if (ended === "gone") return;
  throw new FleetError("API_REFUSED", `${describeKey(key)} is being deleted to be made anew`, {
    hint: `held by ${finalizersOf(live)}`,
  });
}

/**
 * Throws where the live object must stay: the refusal where it is not the one that was applied or no release has counted
 * its deletion, another error where the new one would not be taken. Nothing is written.
 */
export async function tryToMakeAnew(
  context: SiteContext,
  work: ObjectWork,
  { live, refusal }: { readonly live: KubeObject; readonly refusal: ApiError },
): Promise<void> {
  if (
    !isOurs(work, live) ||
    managersBeside(context, live).length > 0 ||
    !(await isCounted(context, work))
  ) {
    throw inWords(context.site, refusal, work.object);
  }
  await tryAnew(context, work);
}

/** It is the object that was applied, or that took its place when it was made anew, and says so itself. */
function isOurs({ app, owner, row }: ObjectWork, live: KubeObject): boolean {
  if (row === undefined || isKept(live) || wasKept(row.owned, live)) return false;
  if (liveOwner(live) !== owner || !mayBeMadeAnew(live)) return false;
  if (metadataText(live, "uid") === row.uid) return true;
  const manager = fieldManagerOf(app);
  const isApplied = managedEntries(live).some((entry) => entry.manager === manager);
  return row.phase === "deleting" && isApplied;
}

/**
 * Whether the release has counted the deletion, by the measure that planners have: the version that stands and the one
 * that comes are another object by their trees. That a cluster refuses alone is no such word: somebody may have made it
 * immutable there, and clusters refuse more fields than planners know. What was begun was counted.
 */
async function isCounted(context: SiteContext, work: ObjectWork): Promise<boolean> {
  if (work.row?.phase === "deleting") return true;
  const after = await desiredTree(context, work.app);
  const from = digestOf(await standingObject(context, work));
  const to = digestOf(after?.objects.find((one) => one.id === work.object.id));
  return from !== undefined && to !== undefined && from !== to;
}

/** The version that was applied, by the tree that stands; undefined where it is of another one. */
async function standingObject(
  context: SiteContext,
  { app, owner, object, row }: ObjectWork,
): Promise<TreeObject | undefined> {
  const standing = context.apps.get(app)?.row?.tree ?? null;
  if (standing === null) return undefined;
  const { objects } = await context.trees.load(standing, owner);
  return objects.find((one) => one.id === object.id && one.hash === row?.hash);
}

function digestOf(object: TreeObject | undefined): string | undefined {
  return object === undefined ? undefined : madeAnewIds([object]).get(object.id);
}

/** From here on nobody takes it for standing: it is written again, whichever version comes next, and after a crash too. */
async function noteDeleting(context: SiteContext, { app, row }: ObjectWork): Promise<void> {
  if (row === undefined) return;
  const marked: ObjectRow = { ...row, phase: "deleting" };
  context.store.saveObjects({ site: context.site, app }, [marked]);
  context.apps.get(app)?.rows.set(row.id, marked);
  await context.store.durable();
}

/** Asked under another name, as a dry run: what would not be taken is no reason to delete anything. */
async function tryAnew(context: SiteContext, { app, object }: ObjectWork): Promise<void> {
  const { metadata } = object.object;
  const name = `${metadata.name.slice(0, 40).replace(/[.-]+$/, "")}-fresh`;
  const fresh = { ...metadata, name };
  const options = { fieldManager: fieldManagerOf(app), dryRun: true, signal: context.signal() };
  try {
    await writerFor(context, app).apply({ ...object.object, metadata: fresh }, options);
  } catch (error) {
    if (!isApiError(error)) throw error;
    throw new FleetError(
      "API_REFUSED",
      `${describeKey(object.key)} at site ${context.site} would not be taken if it were made anew`,
      { cause: error, hint: error.message },
    );
  }
}
