import { metadataText } from "../core/apply/ownership.ts";
import { type KubeObject, describeKey } from "../core/model/kube-object.ts";
import type { AppState, DriftedObject } from "./app-state.ts";
import { isKnown, save, wasWritten } from "./apply-app.ts";
import { isClearedAway } from "./cleared-jobs.ts";
import { leftOf, policyOf } from "./app-policy.ts";
import { type Difference, compareObject } from "./compare-object.ts";
import { describeFight, isFight, meetAgain, noteQuiet } from "./fights.ts";
import { finalizersOf } from "./refusals.ts";
import { comparedOf, isOfLostKey, parseFields, projectionOf } from "./projection.ts";
import { type LiveObjects, readLive, whyUnread } from "./read-live.ts";
import { stillStaying } from "./remove-dropped.ts";
import { type SiteContext, desiredTree, throwUnlessPassable } from "./site-context.ts";
import { type ObjectRow, standsWhole } from "./state-store.ts";
import { keepDrift, noteStaying } from "./told-notes.ts";
import type { AppTree, TreeObject } from "./tree-cache.ts";

/**
 * Compares the live objects of all apps at a site with what was applied of the version that they are to have, or of an
 * earlier one where that has not come: only fields that were ours. What differs is noted at the app (`drifted`); gives the
 * apps that have such objects, or had. Writes nothing to the cluster.
 */
export async function checkDrift(context: SiteContext): Promise<readonly AppState[]> {
  const { looks, freed } = await standing(context);
  if (looks.length === 0) return freed;
  await context.link.verify({ signal: context.signal(), maxAgeMs: 0 });
  const live = await readLive(
    context,
    looks.map(({ state, objects }) => ({ app: state.app, objects })),
  );
  const found = [...freed];
  for (const look of looks) {
    const { state, writes } = look;
    if (state.writes !== writes) continue; // written meanwhile: looked at next time
    const had = state.drifted.size > 0;
    compareApp(context, look, live);
    keepDrift(context, state);
    const isLess = lookAtStaying(context, look, live);
    if (had || isLess || state.drifted.size > 0) found.push(state);
  }
  return found;
}

interface Look {
  readonly state: AppState;
  readonly objects: readonly TreeObject[];
  /** Those of them that stand in the form of an earlier version. */
  readonly old: ReadonlySet<TreeObject>;
  readonly writes: number;
}

/**
 * The apps that are looked at: something of their trees stands, and their drift is not ignored. `freed`: those of which
 * nothing is wanted here any more, so that nothing of them has drifted either, as had been found before.
 */
async function standing(
  context: SiteContext,
): Promise<{ readonly looks: readonly Look[]; readonly freed: readonly AppState[] }> {
  const looks: Look[] = [];
  const freed: AppState[] = [];
  for (const state of context.apps.values()) {
    state.unchecked = "";
    if (policyOf(context, state.app).drift === "ignore") continue;
    const tree = await checkableTree(context, state);
    if (tree === null) {
      if (state.unchecked === "" && forgetDrift(context, state)) freed.push(state);
      continue;
    }
    const old = oldForms(state, tree);
    const objects = [...standingObjects(state, tree), ...old];
    if (objects.length === 0) continue;
    looks.push({ state, objects, old: new Set(old), writes: state.writes });
  }
  return { looks, freed };
}

/** True where it had some. */
function forgetDrift(context: SiteContext, state: AppState): boolean {
  const had = state.drifted.size > 0;
  state.drifted.clear();
  keepDrift(context, state);
  return had;
}

/** All of a tree that stands whole; of one that does not, what was written of it, unless that is under way. */
function standingObjects(state: AppState, tree: AppTree): readonly TreeObject[] {
  const { row } = state;
  if (row === null || row.left) return [];
  if (standsWhole(row, tree.tree)) return tree.objects;
  return state.isBeingWritten ? [] : tree.objects.filter((object) => wasWritten(state, object));
}

/** Objects of the tree that stand in an earlier form, for the one that it has of them has not come. */
function oldForms(state: AppState, tree: AppTree): readonly TreeObject[] {
  const { row } = state;
  if (row === null || row.left || state.isBeingWritten || standsWhole(row, tree.tree)) return [];
  return tree.objects.filter(
    (object) => !wasWritten(state, object) && standsAs(object, state.rows.get(object.id)),
  );
}

/** Some form of it was applied, in the version of its kind in which it is read now. */
function standsAs({ object }: TreeObject, row: ObjectRow | undefined): boolean {
  return isKnown(row) && row?.owned !== "" && row?.apiVersion === object.apiVersion;
}

/** A damaged tree holds up only its own app. */
async function checkableTree(context: SiteContext, state: AppState): Promise<AppTree | null> {
  if (state.target === null) return null;
  try {
    return await desiredTree(context, state.app);
  } catch (error) {
    throwUnlessPassable(context, error);
    state.unchecked = error.message;
    return null;
  }
}

function compareApp(context: SiteContext, { state, objects, old }: Look, live: LiveObjects): void {
  state.unchecked = whyUnread(live, objects);
  const unchanged = objects.flatMap((object) => {
    const row = state.rows.get(object.id);
    // It stands, by its app's row, and is not known to stand as it should: it is written again. A Secret that is
    // another one in the region now is written without that.
    const isOld = old.has(object);
    const isKnownToStand = isOld || wasWritten(state, object) || state.drifted.has(object.id);
    if (row === undefined || !isKnownToStand) {
      state.drifted.set(object.id, { force: false, repair: true, note: "" });
      return [];
    }
    const found = live.objects.get(object.id);
    return found === undefined ? [] : compareOne(context, { state, object, row, isOld }, found);
  });
  save(context, state, unchanged);
}

/** What was told to stay may be gone; true where something else is to be told of it. */
function lookAtStaying(context: SiteContext, { state, objects }: Look, live: LiveObjects): boolean {
  let isOther = false;
  for (const { id, key } of objects) {
    const staying = state.staying.get(id);
    const found = live.objects.get(id);
    if (staying === undefined || found === undefined) continue;
    const left = stillStaying(context, { app: state.app, key, staying }, found);
    isOther = noteStaying(context, state, { id, staying: left }) || isOther;
  }
  return isOther;
}

interface Compared {
  readonly state: AppState;
  readonly object: TreeObject;
  readonly row: ObjectRow;
  /** Its new form has not come. */
  readonly isOld: boolean;
}

/** Notes how an object differs; gives its row where it is the same and only its version is another. */
function compareOne(
  context: SiteContext,
  { state, object, row, isOld }: Compared,
  live: KubeObject | null,
): readonly ObjectRow[] {
  const { id, key } = object;
  if (live !== null && metadataText(live, "deletionTimestamp") !== "") {
    noteEnding(state, { object, row }, live);
    return [];
  }
  const left = leftOf(context, state.app, key);
  const stateKey = context.store.key;
  const compared = compareObject({ app: state.app, row, left, key: stateKey }, live);
  if (typeof compared !== "string") {
    const judged = isOld
      ? judgeOld(context, { state, object }, compared)
      : judge(context, { state, object }, compared);
    state.drifted.set(id, judged);
    return [];
  }
  state.drifted.delete(id);
  noteQuiet(state.fights, id);
  return compared === "same" && live !== null ? renewed(context, { state, row }, live) : [];
}

/**
 * Somebody deletes it: nothing can be done before it is gone. A Job that may go of itself is none of that.
 */
function noteEnding(
  { drifted }: AppState,
  { object, row }: { readonly object: TreeObject; readonly row: ObjectRow },
  live: KubeObject,
): void {
  const note = `${describeKey(object.key)} is being deleted, held by ${finalizersOf(live)}`;
  if (isClearedAway(row)) drifted.delete(object.id);
  else drifted.set(object.id, { force: false, repair: false, note });
}

/** The row of an object that is as it was applied, where the row is of an older version or a key that is lost. */
function renewed(
  { store: { key } }: SiteContext,
  { state: { app }, row }: Pick<Compared, "state" | "row">,
  live: KubeObject,
): readonly ObjectRow[] {
  const resourceVersion = metadataText(live, "resourceVersion");
  const isOfLost = isOfLostKey(live, row.projection, key);
  if (resourceVersion === row.resourceVersion && !isOfLost) return [];
  if (!isOfLost) return [{ ...row, resourceVersion }];
  const compared = comparedOf(live, app, parseFields(row.owned));
  return [{ ...row, resourceVersion, projection: projectionOf(live, compared, key) }];
}

interface Judged {
  readonly state: AppState;
  readonly object: TreeObject;
}

/**
 * Nothing of an earlier form is sent while a newer one is wanted, which is what goes out for a repair. Where the earlier
 * one is wanted again, it is repaired as any other.
 */
function judgeOld(
  context: SiteContext,
  { state, object: { key } }: Judged,
  difference: Difference,
): DriftedObject {
  const { force } = difference;
  const note = `${describeKey(key)}${describeDifference(difference)}`;
  if (policyOf(context, state.app).drift !== "correct") return { force, repair: false, note };
  return { force, repair: true, note: `${note} (not repaired while its new form is not taken)` };
}

/** Whether it is repaired now: that is the app's word, and what comes back each time is repaired ever more seldom. */
function judge(
  context: SiteContext,
  { state, object: { id, key } }: Judged,
  difference: Difference,
): DriftedObject {
  const { force, changes } = difference;
  const note = `${describeKey(key)}${describeDifference(difference)}`;
  if (policyOf(context, state.app).drift !== "correct") return { force, repair: false, note };
  const times = timesOf(context);
  const round = { changes, isBack: !state.drifted.has(id), ...times };
  const fight = meetAgain(state.fights.get(id), round);
  state.fights.set(id, fight);
  const repair = times.now >= fight.repairFrom;
  if (!isFight(fight)) return { force, repair, note };
  return { force, repair, note: `${describeKey(key)}${describeFight(fight)}` };
}

function timesOf(context: SiteContext): { now: number; intervalMs: number } {
  const intervalMs = context.target()?.meta.drift.intervalMs ?? 0;
  return { now: context.clock.monotonic(), intervalMs };
}

function describeDifference({ changes: [{ field, manager }, ...more] }: Difference): string {
  if (field === "") return " is gone or not what was applied";
  const others = more.length === 0 ? "" : ` and ${more.length} more`;
  return `: ${field}${others} changed${manager === "" ? "" : ` by ${manager}`}`;
}
