import { ApiError } from "../adapters/kubernetes/api-error.ts";
import { addressOf } from "../adapters/kubernetes/object-address.ts";
import { mergeFields } from "../core/apply/compare-fields.ts";
import { type FieldSet, ownedFields } from "../core/apply/owned-fields.ts";
import { fieldManagerOf, metadataText } from "../core/apply/ownership.ts";
import {
  type StayingField,
  cutOf,
  describeStaying,
  isAlone,
  notAmong,
  patchBetween,
  removalOf,
  setOf,
  stayingFields,
  withoutFields,
} from "../core/apply/staying-fields.ts";
import type { JsonObject } from "../core/model/json.ts";
import { type KubeObject, type ObjectKey, describeKey } from "../core/model/kube-object.ts";
import type { Staying } from "./app-state.ts";
import { leftOf, writerFor } from "./app-policy.ts";
import type { ObjectWork } from "./apply-object.ts";
import { parseFields } from "./projection.ts";
import { inWords } from "./refusals.ts";
import type { SiteContext } from "./site-context.ts";

/** An object as it stands, and what of it is no longer in Git. */
interface Settled {
  readonly live: KubeObject;
  readonly staying: Staying | null;
}

/** Others may write it between two looks. */
const maxTries = 6;

/**
 * Takes out of an object that was just applied what it no longer has in Git and kubectl alone still has: one more write,
 * only then, and only of the object as it was read. What others have stays, and so does what the cluster refuses to
 * remove: it is told.
 */
export async function removeDropped(
  context: SiteContext,
  work: ObjectWork,
  applied: KubeObject,
): Promise<Settled> {
  const { live, found } = await settle(context, work, {
    applied,
    remove: (removal) => remove(context, work, removal),
  });
  return { live, staying: stayingOf(work.object.key, found) };
}

/** What would become of an object by that, and what of it would stay, in words; "" where that is nothing. */
interface Preview {
  readonly settled: KubeObject;
  /** What would be removed. */
  readonly removed: FieldSet;
  readonly stays: string;
}

/**
 * The same by dry runs of the live object: nothing is written. `applied`: the object as the apply would leave it.
 */
export async function tryRemovals(
  context: SiteContext,
  work: ObjectWork,
  { live, applied }: { readonly live: KubeObject; readonly applied: KubeObject },
): Promise<Preview> {
  let removed: FieldSet = {};
  const { live: settled, found } = await settle(context, work, {
    applied,
    remove: async ({ live: now, removable, refused }) => {
      const cut = cutOf(removable, refused);
      const left = await tryChange(context, work, { live, wanted: withoutFields(now, cut) });
      removed = mergeFields(removed, cut);
      return left;
    },
  });
  return { settled, removed, stays: stayingWords(found) };
}

/** A live object with the values of another one, defaults filled in, as a dry run gives it; its managers are the other's. */
export async function tryChange(
  context: SiteContext,
  { app, object }: ObjectWork,
  { live, wanted }: { readonly live: KubeObject; readonly wanted: KubeObject },
): Promise<KubeObject> {
  const { managedFields = [] } = wanted.metadata;
  const { metadata, ...patch } = patchBetween(live, wanted);
  // Of two objects; and a version would refuse it where the object was written between the two.
  const { managedFields: _, resourceVersion: __, ...rest } = (metadata ?? {}) as JsonObject;
  const address = addressOf(object.object);
  const changed = { ...patch, metadata: rest };
  const tried = await writerFor(context, app).tryPatch(address, changed, context.signal());
  return { ...tried, metadata: { ...tried.metadata, managedFields } };
}

interface Removal extends Pick<Progress, "live" | "refused"> {
  readonly removable: readonly StayingField[];
}

/** Removes what can be; what is found then stays. */
async function settle(
  context: SiteContext,
  work: ObjectWork,
  {
    applied,
    remove: removeFrom,
  }: {
    readonly applied: KubeObject;
    readonly remove: (removal: Removal) => Promise<KubeObject>;
  },
): Promise<{ readonly live: KubeObject; readonly found: readonly StayingField[] }> {
  const { app, object } = work;
  if (isAlone(applied, app)) return { live: applied, found: [] };
  // What the apply has left to the app is in Git: whoever has it later, it is not removed.
  const before = notAmong(fieldsBefore(work), ownedFields(applied, fieldManagerOf(app)));
  let now: Progress = { live: applied, refused: [], isRefused: false };
  for (let tries = 1; ; tries += 1) {
    const found = stayingIn(context, { app, key: object.key, before }, now.live);
    const removable = found.filter(({ isRemovable }) => isRemovable);
    if (removable.length === 0 || now.isRefused || tries > maxTries) {
      return { live: now.live, found };
    }
    try {
      now = { ...now, live: await removeFrom({ ...now, removable }) };
    } catch (error) {
      now = await afterRefusal(context, work, { now, error });
    }
  }
}

interface Progress {
  readonly live: KubeObject;
  /** Paths that were named where a removal was refused. */
  readonly refused: readonly string[];
  readonly isRefused: boolean;
}

/** How it goes on after a refusal; throws where that says nothing of the fields. */
async function afterRefusal(
  context: SiteContext,
  work: ObjectWork,
  { now, error }: { readonly now: Progress; readonly error: unknown },
): Promise<Progress> {
  if (!(error instanceof ApiError)) throw error;
  if (error.code !== "API_REFUSED") throw inWords(context.site, error, work.object);
  if (error.facts.status !== 409) {
    const refused = error.facts.causes.map(({ field }) => field);
    // Once more at most, and only where that may be another patch.
    return { ...now, refused, isRefused: now.refused.length > 0 || refused.length === 0 };
  }
  const live = await context.client.get(addressOf(work.object.object), context.signal());
  // Gone, or another one: the next round finds that.
  const isSame = live !== null && metadataText(live, "uid") === metadataText(now.live, "uid");
  return isSame ? { ...now, live } : { ...now, isRefused: true };
}

/** Nothing is known of another version's fields: their paths are others. */
function fieldsBefore({ row, staying, object }: ObjectWork): FieldSet {
  if (row === undefined || row.apiVersion !== object.object.apiVersion) return {};
  return mergeFields(parseFields(row.owned), staying?.fields ?? {});
}

async function remove(
  context: SiteContext,
  { app, object: { object, key } }: ObjectWork,
  { live, removable, refused }: Removal,
): Promise<KubeObject> {
  const { metadata, ...removal } = removalOf(live, removable, refused);
  const uid = metadataText(live, "uid");
  const resourceVersion = metadataText(live, "resourceVersion");
  const patch = {
    ...removal,
    metadata: { ...(metadata as object | undefined), uid, resourceVersion },
  };
  const left = await writerFor(context, app).mergePatch(addressOf(object), patch, context.signal());
  context.logger.info("removed what kubectl had too", { app, object: describeKey(key) });
  return left;
}

interface Known {
  readonly app: string;
  readonly key: ObjectKey;
  readonly before: FieldSet;
}

function stayingIn(
  context: SiteContext,
  { app, key, before }: Known,
  live: KubeObject,
): readonly StayingField[] {
  if (Object.keys(before).length === 0) return [];
  return stayingFields(live, { app, before, left: leftOf(context, app, key) });
}

function stayingOf(key: ObjectKey, found: readonly StayingField[]): Staying | null {
  const words = stayingWords(found);
  return words === "" ? null : { fields: setOf(found), note: `${describeKey(key)} ${words}` };
}

/** Which fields stay, and who has them; "" where nothing is told. */
function stayingWords(found: readonly StayingField[]): string {
  const words = describeStaying(found);
  return words === "" ? "" : `keeps what is no longer in Git: ${words}`;
}

/** What is left now of what was told to stay; null: nothing. */
export function stillStaying(
  context: SiteContext,
  known: { readonly app: string; readonly key: ObjectKey; readonly staying: Staying },
  live: KubeObject | null,
): Staying | null {
  if (live === null) return null;
  const { app, key, staying } = known;
  return stayingOf(key, stayingIn(context, { app, key, before: staying.fields }, live));
}
