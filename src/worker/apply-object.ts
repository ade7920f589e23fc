import { ApiError } from "../adapters/kubernetes/api-error.ts";
import { addressOf } from "../adapters/kubernetes/object-address.ts";
import {
  type FieldConflict,
  type OwnedBefore,
  describeConflicts,
  forbiddenConflicts,
  parseConflicts,
} from "../core/apply/judge-conflicts.ts";
import { withLeft } from "../core/apply/left-to-others.ts";
import {
  encodeObject,
  fieldManagerOf,
  liveOwner,
  metadataText,
  withUid,
} from "../core/apply/ownership.ts";
import { declaredTakeOver, takeOver } from "../core/apply/take-over.ts";
import { FleetError } from "../core/errors.ts";
import { hasLargeInteger } from "../core/model/exact-integers.ts";
import { type KubeObject, describeKey } from "../core/model/kube-object.ts";
import { endingOf, refuseDeleted } from "./being-deleted.ts";
import { leftOf, writerFor } from "./app-policy.ts";
import type { DriftedObject, Staying } from "./app-state.ts";
import { appliedRow } from "./applied-row.ts";
import { clearedRow, wasRun } from "./cleared-jobs.ts";
import { deleteToMakeAnew, isToBeMadeAnew } from "./make-anew.ts";
import { inWords, isAnotherObject, isNamespaceMissing, isOfLostVersion } from "./refusals.ts";
import { type SiteContext, desiredIds } from "./site-context.ts";
import { createNamespace } from "./create-namespace.ts";
import { managersBeside } from "./let-go.ts";
import { parseFields } from "./projection.ts";
import { removeDropped } from "./remove-dropped.ts";
import { renewVersions } from "./renew-versions.ts";
import type { ObjectRow } from "./state-store.ts";
import type { TreeObject } from "./tree-cache.ts";

/** One object to be written, and what is known of it. */
export interface ObjectWork {
  readonly app: string;
  readonly owner: string;
  /** Namespace of the app: it is made where it is missing. */
  readonly namespace: string;
  readonly object: TreeObject;
  readonly row: ObjectRow | undefined;
  readonly drifted: DriftedObject | undefined;
  /** What stayed of what earlier releases dropped. */
  readonly staying: Staying | undefined;
}

/** How an object stands after it was written. */
export interface Applied {
  readonly row: ObjectRow;
  /** Who manages it too. */
  readonly beside: readonly string[];
  /** What stays of what releases dropped; null: nothing. */
  readonly staying: Staying | null;
  /** It took what was written and is being deleted all the same, so that its row knows of no form; null: it stands. */
  readonly ending: FleetError | null;
}

/**
 * Writes one object and gives its new row. A known object costs one request; an unknown one is looked at first, so that
 * nobody else's is taken. Throws CONFLICT where it is another's, and whatever the cluster refuses.
 */
export async function applyOneObject(context: SiteContext, work: ObjectWork): Promise<Applied> {
  const { row } = work;
  const isFirst = row === undefined || isLookedAtFirst(work);
  const found = isFirst ? await inspect(context, work) : { uid: row.uid, row };
  if (found.uid === "" && wasRun(row, work.object.hash)) {
    await context.link.verify({ signal: context.signal() });
    const cleared = clearedRow(row, work.object.object.apiVersion);
    return { row: cleared, beside: [], staying: null, ending: null };
  }
  const sent = await sendUntilDone(context, work, { ...found, force: mayForce(work) });
  // Of the answer to our own apply: what is read later may have been changed by others.
  const written = appliedRow(work, sent.live, context.store.key);
  const ending = endingOf(sent.live, work.object.key);
  if (ending !== null) {
    return { row: { ...written, hash: "" }, beside: [], staying: null, ending };
  }
  const { live, staying } = await removeDropped(context, { ...work, row: sent.row }, sent.live);
  return { row: written, beside: managersBeside(context, live), staying, ending };
}

/** Whether an object is read before it is written, and what is to be taken over of it is. */
export function isLookedAtFirst({ row, object }: ObjectWork): boolean {
  const isKnown = row !== undefined && row.phase === "applied" && row.uid !== "";
  return !isKnown || declaredTakeOver(object.object).length > 0;
}

/** The answer of an apply, and what was known of the object before it. */
interface Sent {
  readonly live: KubeObject;
  readonly row: ObjectRow | undefined;
}

/** Only where the form that was applied is sent again: others may have what a new one adds to it. */
function mayForce({ row, drifted, object }: ObjectWork): boolean {
  return drifted?.force === true && row?.hash === object.hash;
}

async function sendUntilDone(
  context: SiteContext,
  work: ObjectWork,
  first: Attempt,
): Promise<Sent> {
  let attempt = first;
  const answered = new Set<Remedy>();
  for (;;) {
    try {
      return { live: await send(context, work, attempt), row: attempt.row };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // Each at most once: what a remedy did not mend is refused for good.
      const remedy = remedyOf(work, attempt, error);
      if (remedy === null || answered.has(remedy)) throw inWords(context.site, error, work.object);
      answered.add(remedy);
      // Another object than the one whose fields were judged: it is judged by itself.
      if (remedy === "look") answered.delete("take");
      attempt = await remedied(context, work, { attempt, remedy, error });
    }
  }
}

/** An object that is to be written. */
interface Found {
  /** "": there is none. */
  readonly uid: string;
  /** What is known of just this one. */
  readonly row: ObjectRow | undefined;
}

interface Attempt extends Found {
  readonly force: boolean;
}

/**
 * What can be done about a refusal: take fields, make the namespace, forget lost versions, delete it to make it anew,
 * look at what stands there now.
 */
type Remedy = "take" | "namespace" | "versions" | "anew" | "look";

async function send(context: SiteContext, work: ObjectWork, attempt: Attempt): Promise<KubeObject> {
  const { object } = work.object;
  const text = await textToSend(context, work, attempt);
  return writerFor(context, work.app).apply(object, {
    text: attempt.uid === "" ? text : withUid(text, attempt.uid),
    fieldManager: fieldManagerOf(work.app),
    force: attempt.force,
    signal: context.signal(),
  });
}

/** Fields that are left to others are sent as they stand; that costs a look. */
async function textToSend(
  context: SiteContext,
  work: ObjectWork,
  { uid }: Pick<Attempt, "uid">,
): Promise<string> {
  const { object, text } = work.object;
  if (uid === "" || leftOf(context, work.app, work.object.key) === null) return text;
  const live = await context.client.getExactly(addressOf(object), context.signal());
  return live === null ? text : textBeside(context, work, live);
}

/** `live`: read exactly, for of it is sent. */
function textBeside(context: SiteContext, work: ObjectWork, live: KubeObject): string {
  const { object, key, text } = work.object;
  const left = leftOf(context, work.app, key);
  return left === null ? text : encodeObject(withLeft(object, { live, app: work.app }, left));
}

/** Throws when the live object is not this app's to write. */
async function inspect(context: SiteContext, work: ObjectWork): Promise<Found> {
  const live = await context.client.get(addressOf(work.object.object), context.signal());
  if (live === null) return nothingThere;
  refuseDeleted(live, work.object.key);
  await refuseForeign(context, work, live);
  const row = rowFor(work, live);
  await takeOverFields(context, { ...work, row }, live);
  return { uid: metadataText(live, "uid"), row };
}

/** Whoever makes it meanwhile has made another one. */
const nothingThere: Found = { uid: "", row: undefined };

/**
 * What is known of an object tells whose its fields were. Of what somebody has made in its place it tells nothing, unless
 * that says itself that it is this app's, as what was brought back from a copy does.
 */
export function rowFor({ row, owner }: ObjectWork, live: KubeObject): ObjectRow | undefined {
  return row?.uid === metadataText(live, "uid") || liveOwner(live) === owner ? row : undefined;
}

/** Puts fields of others that are to be taken over into our name, if the object can be taken whole; changes no value. */
async function takeOverFields(
  context: SiteContext,
  work: ObjectWork,
  live: KubeObject,
): Promise<void> {
  const { object, key } = work.object;
  const left = leftOf(context, work.app, key);
  const over = takeOver(live, object, { app: work.app, left });
  if (over === null) return;
  try {
    await dryApply(context, work, { live, force: false });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.code !== "CONFLICT") throw inWords(context.site, error, work.object);
    await judge(context, work, error);
  }
  const uid = metadataText(live, "uid");
  const resourceVersion = metadataText(live, "resourceVersion");
  const patch = { metadata: { uid, resourceVersion, managedFields: over.managedFields } };
  await writerFor(context, work.app).mergePatch(addressOf(object), patch, context.signal());
  context.logger.info("took fields over", { app: work.app, object: describeKey(key) });
}

/** What an apply of the object would leave of the live one (null: there is none); nothing is written. */
export async function dryApply(
  context: SiteContext,
  work: ObjectWork,
  { live, force }: { readonly live: KubeObject | null; readonly force: boolean },
): Promise<KubeObject> {
  const { object } = work.object;
  const text = live === null ? work.object.text : await dryText(context, work, live);
  const fieldManager = fieldManagerOf(work.app);
  const signal = context.signal();
  const writer = writerFor(context, work.app);
  return writer.apply(object, { text, fieldManager, force, dryRun: true, signal });
}

/** As `textToSend`, of an object that was read; it is read once more where it was not read exactly. */
async function dryText(context: SiteContext, work: ObjectWork, live: KubeObject): Promise<string> {
  const isLeft = leftOf(context, work.app, work.object.key) !== null;
  if (!isLeft || !hasLargeInteger(live)) return textBeside(context, work, live);
  return textToSend(context, work, { uid: metadataText(live, "uid") });
}

/** Another owner's object is taken only where that app, of this fleet, no longer has it in the mirror. */
export async function refuseForeign(
  context: SiteContext,
  work: ObjectWork,
  live: KubeObject,
): Promise<void> {
  const owner = liveOwner(live);
  if (owner === "" || owner === work.owner) return;
  if (await hasHandedOver(context, work, owner)) return;
  throw new FleetError(
    "CONFLICT",
    `${describeKey(work.object.key)} at site ${context.site} belongs to ${owner}`,
    { hint: `remove it from one of the two, or hand it over in one commit` },
  );
}

async function hasHandedOver(
  context: SiteContext,
  work: ObjectWork,
  owner: string,
): Promise<boolean> {
  const slash = owner.indexOf("/");
  const [fleet, app] = [owner.slice(0, slash), owner.slice(slash + 1)];
  if (fleet !== work.owner.slice(0, work.owner.indexOf("/")) || app === work.app) return false;
  const ids = await desiredIds(context, app);
  return ids === null || !ids.has(work.object.id);
}

function remedyOf(work: ObjectWork, attempt: Attempt, error: ApiError): Remedy | null {
  if (error.code === "CONFLICT") return attempt.force ? null : "take";
  if (isNamespaceMissing(error, work.object, work.namespace)) return "namespace";
  if (isOfLostVersion(error)) return "versions";
  if (isToBeMadeAnew(work, error)) return "anew";
  return attempt.uid !== "" && isAnotherObject(error) ? "look" : null;
}

/** How it may be tried again; throws, in words that name site and object, where it must not be. */
async function remedied(
  context: SiteContext,
  work: ObjectWork,
  { attempt, remedy, error }: { attempt: Attempt; remedy: Remedy; error: ApiError },
): Promise<Attempt> {
  if (remedy === "take") {
    await judge(context, { ...work, row: attempt.row }, error);
    return { ...attempt, force: true };
  }
  if (remedy === "namespace" || remedy === "anew") {
    if (remedy === "anew") await deleteToMakeAnew(context, work, error);
    else await createNamespace(context, work);
    return { ...nothingThere, force: false };
  }
  if (remedy === "versions") {
    await renewVersions(context, work);
    return attempt;
  }
  // Gone, or another object by the same name: that may also mean another cluster.
  await context.link.verify({ signal: context.signal(), maxAgeMs: 0 });
  return { ...(await inspect(context, work)), force: false };
}

/** Throws where a conflict is over fields that are not to be taken. */
export async function judge(
  context: SiteContext,
  work: ObjectWork,
  error: ApiError,
): Promise<void> {
  const { conflicts, forbidden } = await judgeConflicts(context, work, error);
  if (conflicts.length > 0 && forbidden.length === 0) return;
  throw new FleetError(
    "CONFLICT",
    `${describeKey(work.object.key)} at site ${context.site}: ${describeConflicts(forbidden)}`,
    {
      cause: error,
      hint: "remove from the manifest what others own, or make them give it up",
    },
  );
}

/** All conflicts that an apply met, and those of them that forbid it. */
export async function judgeConflicts(
  context: SiteContext,
  work: ObjectWork,
  error: ApiError,
): Promise<Record<"conflicts" | "forbidden", readonly FieldConflict[]>> {
  const conflicts = parseConflicts(error.facts.causes);
  const rivals = conflicts.map((conflict) => conflict.manager).filter(isApp);
  const gave = rivals.length === 0 ? [] : await managersThatGave(context, work, rivals);
  const handedOver = [...gave, ...declaredTakeOver(work.object.object)];
  const known = { owned: ownedBefore(work), handedOver };
  return { conflicts, forbidden: forbiddenConflicts(conflicts, known) };
}

const appManager = "flotilla/";

function isApp(manager: string): boolean {
  return manager.startsWith(appManager);
}

/** Managers of apps of this fleet that no longer have the object, which is still theirs, ours or nobody's. */
async function managersThatGave(
  context: SiteContext,
  work: ObjectWork,
  managers: readonly string[],
): Promise<readonly string[]> {
  const live = await context.client.get(addressOf(work.object.object), context.signal());
  const owner = live === null ? "" : liveOwner(live);
  const fleet = work.owner.slice(0, work.owner.indexOf("/"));
  const gave: string[] = [];
  for (const manager of managers) {
    const rival = `${fleet}/${manager.slice(appManager.length)}`;
    const isAllowed = [rival, work.owner, ""].includes(owner);
    if (isAllowed && (await hasHandedOver(context, work, rival))) gave.push(manager);
  }
  return gave;
}

function ownedBefore({ row, object }: ObjectWork): OwnedBefore | "all" {
  const sent = object.object;
  if (row === undefined || row.phase !== "applied") return { fields: {}, sent };
  return row.owned === "" ? "all" : { fields: parseFields(row.owned), sent };
}
