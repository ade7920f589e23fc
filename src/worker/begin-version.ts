import type { FleetError } from "../core/errors.ts";
import { type ObjectId, parseObjectId } from "../core/model/kube-object.ts";
import type { AppState } from "./app-state.ts";
import type { SiteContext } from "./site-context.ts";
import type { AppRow, ObjectRow } from "./state-store.ts";
import type { AppTree, TreeObject } from "./tree-cache.ts";

/** What is about to be written of a version. */
interface Begun {
  readonly row: AppRow;
  readonly tree: AppTree;
  /** Objects that do not stand as the version has them. */
  readonly fresh: readonly TreeObject[];
}

/**
 * Notes that the version that stands does so no more, before the first object of another one is sent: its healthy times
 * end, also where the worker is killed right after, or the next version is the one before. Gives the app's row.
 */
export async function noteBegun(
  context: SiteContext,
  state: AppState,
  { row, tree, fresh }: Begun,
): Promise<AppRow> {
  const isOther = row.tree !== null && row.tree !== tree.tree;
  if (!isOther || row.isMixed || fresh.length === 0) return row;
  const everHealthy = row.everHealthy || state.healthySince !== null;
  const begun: AppRow = { ...row, isMixed: true, everHealthy, longestHealthyMs: 0 };
  state.row = begun;
  state.healthySince = null;
  state.appliedAt = context.clock.monotonic();
  state.writes += 1;
  context.store.saveApp(begun);
  await context.store.durable();
  return begun;
}

/** How an app stood before another version was begun. */
export type Before = Pick<AppState, "health" | "healthySince" | "appliedAt"> & {
  readonly row: AppRow;
  readonly rows: ReadonlyMap<ObjectId, ObjectRow>;
};

/** How it stands by `row`, as long as no other version was begun. */
export function beforeOf({ health, healthySince, appliedAt, rows }: AppState, row: AppRow): Before {
  return { row, rows: new Map(rows), health, healthySince, appliedAt };
}

/**
 * Takes back that another version was begun, where nothing of it has come: the cluster has said of each object that was
 * sent that it does not take it. Where one got no answer, or an error on the server, it may have come all the same.
 */
export function noteNothingCame(
  context: SiteContext,
  state: AppState,
  {
    before,
    errors,
  }: { readonly before: Before | undefined; readonly errors: readonly FleetError[] },
): void {
  const isSure = errors.every(({ code }) => code !== "CLUSTER_UNREACHABLE");
  if (state.row === null || before === undefined || !isSure || !isAsBefore(state, before)) return;
  const { longestHealthyMs } = before.row;
  state.row = { ...state.row, isMixed: false, longestHealthyMs };
  context.store.saveApp(state.row);
  state.appliedAt = before.appliedAt;
  // Who has looked meanwhile knows better.
  if (state.health === before.health) state.healthySince = before.healthySince;
}

/** What stood is known as it was, and nothing else stands. */
function isAsBefore({ rows }: AppState, before: Before): boolean {
  const had = [...before.rows].every(([id, { hash, phase }]) => {
    const row = rows.get(id);
    return row?.hash === hash && row.phase === phase;
  });
  return (
    had && [...rows.values()].every(({ id, phase }) => before.rows.has(id) || phase === "pending")
  );
}

/**
 * Of a version that is gone back to while another one was begun, nothing counts as standing: what was sent last, before
 * the worker was killed or the link broke, may have come through without a word. All of it is written again, once. Not
 * Jobs: they do not change, and one that is done is not run again.
 */
export function noteReturn(
  context: SiteContext,
  state: AppState,
  { row, tree }: { readonly row: AppRow; readonly tree: AppTree },
): void {
  const isReturning = row.isMixed && row.tree === tree.tree;
  const isNew = isReturning && !state.isReturning;
  state.isReturning = isReturning;
  if (!isNew) return;
  const rows = [...state.rows.values()].filter(({ id, hash }) => {
    return hash !== "" && tree.ids.has(id) && parseObjectId(id)?.kind !== "Job";
  });
  const unsure = rows.map((known) => ({ ...known, hash: "" }));
  context.store.saveObjects({ site: context.site, app: state.app }, unsure);
  for (const known of unsure) state.rows.set(known.id, known);
}
