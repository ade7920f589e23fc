import { type ApiError, isApiError } from "../adapters/kubernetes/api-error.ts";
import { addressOf } from "../adapters/kubernetes/object-address.ts";
import { isKept, wasKept } from "../core/apply/kept-objects.ts";
import { isOfFixedField, mayBeMadeAnew, wasToBeMadeAnew } from "../core/apply/made-anew.ts";
import { fieldManagerOf, liveOwner, metadataText } from "../core/apply/ownership.ts";
import { FleetError } from "../core/errors.ts";
import { type KubeObject, describeKey } from "../core/model/kube-object.ts";
import type { ObjectWork } from "./apply-object.ts";
import { finalizersOf, inWords, isOfImmutableField } from "./refusals.ts";
import type { SiteContext } from "./site-context.ts";

/**
 * Whether a refusal may be met by deleting the object and making it anew: the object says so, in this version and in
 * the one that stands, and a release has changed it since. Drift is never met so, nor is what was only found there: no
 * release has counted these deletions.
 */
export function isToBeMadeAnew({ object, row }: ObjectWork, error: ApiError): boolean {
  if (row === undefined || row.phase === "pending" || row.hash === object.hash) return false;
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
  if (!isOurs(work, live)) throw inWords(context.site, refusal);
  await tryAnew(context, work);
  // A worker that is killed from here on finds it gone, or tries again.
  if (work.row !== undefined) {
    const place = { site: context.site, app: work.app };
    context.store.saveObjects(place, [{ ...work.row, phase: "deleting" }]);
  }
  const uid = metadataText(live, "uid");
  const resourceVersion = metadataText(live, "resourceVersion");
  const ended = await context.client.delete(addressOf(object), { uid, resourceVersion }, signal);
  context.logger.info("deleted to be made anew", { app: work.app, object: describeKey(key) });
  if (ended === "gone") return;
  throw new FleetError("API_REFUSED", `${describeKey(key)} is being deleted to be made anew`, {
    hint: `held by ${finalizersOf(live)}`,
  });
}

/** It is the object that was applied, and says so itself. */
function isOurs({ owner, row }: ObjectWork, live: KubeObject): boolean {
  if (row === undefined || metadataText(live, "uid") !== row.uid) return false;
  if (isKept(live) || wasKept(row.owned)) return false;
  return liveOwner(live) === owner && mayBeMadeAnew(live);
}

/** Asked under another name, as a dry run: what would not be taken is no reason to delete anything. */
async function tryAnew(context: SiteContext, { app, object }: ObjectWork): Promise<void> {
  const { metadata } = object.object;
  const fresh = { ...metadata, name: `${metadata.name.slice(0, 40)}-fresh` };
  const options = { fieldManager: fieldManagerOf(app), dryRun: true, signal: context.signal() };
  try {
    await context.client.apply({ ...object.object, metadata: fresh }, options);
  } catch (error) {
    if (!isApiError(error)) throw error;
    throw new FleetError(
      "API_REFUSED",
      `${describeKey(object.key)} at site ${context.site} would not be taken if it were made anew`,
      { cause: error, hint: error.message },
    );
  }
}
