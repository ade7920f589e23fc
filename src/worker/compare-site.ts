import { isKept, wasKept } from "../core/apply/kept-objects.ts";
import pLimit from "p-limit";
import { UnknownKindError, isApiError } from "../adapters/kubernetes/api-error.ts";
import { addressOf } from "../adapters/kubernetes/object-address.ts";
import { liveOwner, metadataText, ownerOf } from "../core/apply/ownership.ts";
import { mergeFields } from "../core/apply/compare-fields.ts";
import { takeOver, withoutTaken } from "../core/apply/take-over.ts";
import { FleetError } from "../core/errors.ts";
import { type KubeObject, describeKey, parseObjectId } from "../core/model/kube-object.ts";
import type { ObjectComparison, SiteDiff } from "../core/protocol/site-diff.ts";
import type { FieldConflict } from "../core/apply/judge-conflicts.ts";
import { leftOf } from "./app-policy.ts";
import { isClearedAway } from "./cleared-jobs.ts";
import {
  type ObjectWork,
  dryApply,
  isLookedAtFirst,
  judgeConflicts,
  refuseForeign,
  rowFor,
} from "./apply-object.ts";
import { type Comparison, claimsOf, differencesOf, tell } from "./describe-comparison.ts";
import { meetSecrets } from "./learn-secrets.ts";
import { managersBeside } from "./let-go.ts";
import { keptOfOthers } from "./kept-of-others.ts";
import { lookUp } from "./look-up.ts";
import { openObject } from "./open-object.ts";
import { tryChange, tryRemovals } from "./remove-dropped.ts";
import { type SiteContext, desiredTree, throwUnlessPassable } from "./site-context.ts";
import { newAppState, type AppState } from "./app-state.ts";
import { inWords } from "./in-words.ts";

/** Requests at once. */
const parallel = 6;

/**
 * How the live objects of a site differ from what the mirror wants of its apps (or of one), at the fields that an apply
 * sends or has sent, and who else has these. Each object is read and applied as a dry run, so that defaults, webhooks
 * and equal ways to write a value are as the API server has them. Nothing is written.
 */
export async function compareSite(context: SiteContext, app: string | null): Promise<SiteDiff> {
  const target = context.target();
  if (target === null) {
    const hint = "flotilla status names what there is";
    throw notFound(`this worker does not serve site ${context.site} now`, hint);
  }
  if (app !== null && !target.apps.has(app)) {
    const hint = `flotilla explain ${context.site} ${app} tells why`;
    throw notFound(`no app ${app} has been handed over to site ${context.site}`, hint);
  }
  if (!context.link.hasAnswered()) throw unreachable(context);
  await context.link.verify({ signal: context.signal(), maxAgeMs: 30_000 });
  const names = app === null ? [...target.apps.keys()].toSorted() : [app];
  const apps: SiteDiff["apps"] = [];
  for (const name of names) apps.push(await compareApp(context, name));
  // What differs may quote a Secret of another app, or one that was changed since.
  if (apps.some(({ objects }) => objects.length > 0)) await meetSecrets(context);
  return { site: context.site, apps };
}

function notFound(message: string, hint: string): FleetError {
  return new FleetError("NOT_FOUND", message, { hint, retry: "never" });
}

function unreachable({ site, link }: SiteContext): FleetError {
  const { message } = link.facts();
  const why = message === "" ? "it has not answered yet" : message;
  return new FleetError("CLUSTER_UNREACHABLE", `site ${site} cannot be asked: ${why}`);
}

async function compareApp(context: SiteContext, app: string): Promise<SiteDiff["apps"][number]> {
  const state = context.apps.get(app) ?? newAppState(app);
  const tree = await desiredTree(context, app);
  const meta = context.target()?.meta;
  const owner = ownerOf(meta?.fleet ?? "", app);
  const namespace = meta?.apps[app]?.namespace ?? "default";
  const unwanted = [...state.rows.keys()].filter((id) => tree?.ids.has(id) !== true);
  const looks = [
    ...(tree?.objects ?? []).map((object) => () => {
      const row = state.rows.get(object.id);
      const staying = state.staying.get(object.id);
      const work = { app, owner, namespace, object, row, drifted: undefined, staying };
      return compareObject(context, work);
    }),
    ...unwanted.map((id) => () => compareExtra(context, state, { id, owner })),
  ];
  const found = await allOf(looks);
  const objects = found.filter(({ state: is, claims, reason }) => {
    return is !== "same" || claims.length > 0 || reason !== "";
  });
  return { app, compared: found.length, objects };
}

/** What they find, in their order; ends when none is under way any more, and throws the first failure. */
async function allOf(
  looks: readonly (() => Promise<ObjectComparison | null>)[],
): Promise<ObjectComparison[]> {
  const limit = pLimit(parallel);
  const ends = await Promise.allSettled(looks.map((look) => limit(look)));
  return ends.flatMap((end) => {
    if (end.status === "rejected") throw end.reason;
    return end.value === null ? [] : [end.value];
  });
}

async function compareObject(context: SiteContext, work: ObjectWork): Promise<ObjectComparison> {
  const object = describeKey(work.object.key);
  try {
    const live = await context.client.get(addressOf(work.object.object), context.signal());
    if (live === null) return tell({ object, state: isDone(work) ? "same" : "missing" });
    const { object: opened } = await openObject(context, work.object, work.owner);
    return await compareLive(context, { ...work, object: opened }, live);
  } catch (error) {
    throwUnlessPassable(context, error);
    // Nothing of a kind is there that the cluster does not know: its definition may be on its way.
    const state = error instanceof UnknownKindError ? "missing" : "unknown";
    return tell({ object, state, reason: inWords(error) });
  }
}

/** Gone as it should be, and not made again. */
function isDone({ row, object }: ObjectWork): boolean {
  return row !== undefined && row.hash === object.hash && isClearedAway(row);
}

async function compareLive(
  context: SiteContext,
  work: ObjectWork,
  live: KubeObject,
): Promise<ObjectComparison> {
  const object = describeKey(work.object.key);
  if (metadataText(live, "deletionTimestamp") !== "") {
    return tell({ object, state: "unknown", reason: "it is being deleted" });
  }
  const reason = await whyForeign(context, work, live);
  if (reason !== "") return tell({ object, state: "conflict", reason });
  const { applied, ...met } = await tryApply(context, work, live);
  const { stays, ...end } = await trySettling(context, work, { live, applied });
  const found: Comparison = { work, live, applied, ...end, ...met };
  const fields = differencesOf(found);
  const isConflict = met.forbidden.length > 0;
  // What is another app's is handed over: that knows what it had.
  const kept = liveOwner(live) === "" ? await keptOfOthers(context, work, end.settled) : "";
  const held = "nothing of it is written while another manager has these fields";
  return tell({
    object,
    state: isConflict ? "conflict" : fields.length > 0 ? "differs" : "same",
    reason: isConflict ? held : kept === "" ? stays : kept,
    adopts: liveOwner(live) !== work.owner,
    fields,
    claims: claimsOf(found),
  });
}

/** Why the object is not this app's to write; "" when it is. */
async function whyForeign(
  context: SiteContext,
  work: ObjectWork,
  live: KubeObject,
): Promise<string> {
  try {
    await refuseForeign(context, work, live);
    return "";
  } catch (error) {
    if (!(error instanceof FleetError) || error.code !== "CONFLICT") throw error;
    return inWords(error);
  }
}

interface Tried {
  readonly applied: KubeObject;
  readonly conflicts: readonly FieldConflict[];
  readonly forbidden: readonly FieldConflict[];
}

/** The object as an apply would leave it, and what would stand in its way. */
async function tryApply(context: SiteContext, work: ObjectWork, live: KubeObject): Promise<Tried> {
  try {
    const applied = await dryApply(context, work, { live, force: false });
    return { applied, conflicts: [], forbidden: [] };
  } catch (error) {
    if (!isApiError(error) || error.code !== "CONFLICT") throw error;
    const known = { ...work, row: rowFor(work, live) };
    const judged = await judgeConflicts(context, known, error);
    return { applied: await dryApply(context, work, { live, force: true }), ...judged };
  }
}

type End = Pick<Comparison, "taken" | "settled" | "gone"> & { readonly stays: string };

/** What would become of it all in all: what is taken over and not in Git goes, and so does what only kubectl has then. */
async function trySettling(
  context: SiteContext,
  work: ObjectWork,
  { live, applied }: { readonly live: KubeObject; readonly applied: KubeObject },
): Promise<End> {
  const { app, object } = work;
  const known = { ...work, row: rowFor(work, live) };
  const left = leftOf(context, app, object.key);
  const over = isTakenFrom(work, live) ? takeOver(live, object.object, { app, left }) : null;
  if (over === null) {
    const { settled, removed, stays } = await tryRemovals(context, known, { live, applied });
    return { taken: [], settled, gone: removed, stays };
  }
  const { rest, gone } = withoutTaken(applied, object.object, left);
  const wanted = await tryChange(context, work, { live, wanted: rest });
  const { settled, removed, stays } = await tryRemovals(context, known, { live, applied: wanted });
  return { taken: over.taken, settled, gone: mergeFields(gone, removed), stays };
}

/** An apply takes over where it looks at the object first, or finds another one than it knows. */
function isTakenFrom(work: ObjectWork, live: KubeObject): boolean {
  return isLookedAtFirst(work) || work.row?.uid !== metadataText(live, "uid");
}

/** An object of the inventory that nobody wants; null: it is not there, or not ours any more. */
async function compareExtra(
  context: SiteContext,
  state: AppState,
  { id, owner }: { readonly id: string; readonly owner: string },
): Promise<ObjectComparison | null> {
  const key = parseObjectId(id);
  const object = key === undefined ? id : describeKey(key);
  try {
    const found = await lookUp(context, id, state.rows.get(id));
    if (found === null || liveOwner(found.live) !== owner) return null;
    return tell({
      object,
      state: "extra",
      reason: await fateOf(context, state, { id, live: found.live }),
    });
  } catch (error) {
    throwUnlessPassable(context, error);
    return tell({ object, state: "unknown", reason: inWords(error) });
  }
}

async function fateOf(
  context: SiteContext,
  state: AppState,
  { id, live }: { readonly id: string; readonly live: KubeObject },
): Promise<string> {
  const { app } = state;
  const wanted = context.target()?.apps.get(app);
  const kept = whyKept(context, state, { id, live });
  if (wanted !== undefined && "leaving" in wanted) {
    if (wanted.leaving.verb === "orphan") return "would be let go of";
    return kept ?? "would be deleted";
  }
  const { never } = await context.history.past({ site: context.site, app, ids: [id] });
  return never.length > 0
    ? "stays: no release has dropped it (delete it by hand, or take the annotation flotilla.dev/owner off it)"
    : (kept ?? `would be pruned once ${pruneTime(state)}`);
}

/** null: nothing keeps it. */
function whyKept(
  context: SiteContext,
  { rows }: AppState,
  { id, live }: { readonly id: string; readonly live: KubeObject },
): string | null {
  if (isKept(live) || wasKept(rows.get(id)?.owned ?? "", live)) {
    return "would be let go of: it says that it is to stay";
  }
  const beside = managersBeside(context, live).join(", ");
  return beside === "" ? null : `would be let go of: it is managed by ${beside} too`;
}

function pruneTime({ health, healthySince }: AppState): string {
  const older = health?.olderPods;
  return older === undefined || healthySince === null
    ? "the app is healthy"
    : `no pod of an older template runs: ${older}`;
}
