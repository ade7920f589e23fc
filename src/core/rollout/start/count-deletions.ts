/**
 * Counts what the releases of one head delete, and asks for approvals where that is over the budget or touches what is
 * protected. An object that another app takes over, or that is orphaned, is not deleted.
 */
import { describeKey, type ObjectId, parseObjectId } from "../../model/kube-object.ts";
import { resolveAmount } from "../../model/amount.ts";
import type { TreeId } from "../../render/rendered.ts";
import { setRelease } from "../board.ts";
import { own } from "../own.ts";
import type { Release } from "../records.ts";
import { standingTree } from "../site-view.ts";
import type { StartRun } from "./start-run.ts";

interface Count {
  readonly release: Release;
  readonly objects: number;
  readonly protectedObject: ObjectId | undefined;
}

/** Writes numbers and needed approvals into the releases that the run has begun, or made delete more. */
export function countDeletions(run: StartRun): void {
  const begun = run.begun.flatMap(({ app, id }) => run.board.apps.get(app)?.open.get(id) ?? []);
  const counts = [...begun.map((release) => countOf(run, release)), ...grownCounts(run)].filter(
    ({ objects }) => objects > 0,
  );
  const total = counts.reduce((sum, { objects }) => sum + objects, 0);
  const byApp = new Map<string, number>();
  for (const { release, objects } of counts) {
    byApp.set(release.app, (byApp.get(release.app) ?? 0) + objects);
  }
  for (const count of counts) {
    const needsApproval = reasonFor(run, count, {
      total,
      ofApp: byApp.get(count.release.app) ?? 0,
    });
    const deletions = {
      objects: count.objects,
      ...(needsApproval === undefined ? {} : { needsApproval }),
    };
    setRelease(
      run.board,
      { ...count.release, deletions },
      `${count.release.id} deletes ${count.objects} objects`,
    );
    if (needsApproval !== undefined)
      run.notes.push(
        `${count.release.id} waits for an approval of ${count.objects} deletions: ${needsApproval}`,
      );
  }
}

/** Releases under way whose lists this head has rewritten, so that they delete more than was known of them. */
function grownCounts(run: StartRun): Count[] {
  return [...run.board.apps.values()].flatMap(({ app, open }) =>
    (own(run.input.control.apps, app)?.open ?? []).flatMap((before) => {
      const release = open.get(before.id);
      return release === undefined || release === before ? [] : grownCount(run, before, release);
    }),
  );
}

function grownCount(run: StartRun, before: Release, release: Release): Count[] {
  const sites = Object.keys(release.list).filter((site) => isRewritten(before, release, site));
  if (sites.length === 0) return [];
  const { objects, protectedObject } = countOf(run, pick(release, sites));
  const more = objects - countOf(run, pick(before, sites)).objects;
  return more > 0 ? [{ release, objects: release.deletions.objects + more, protectedObject }] : [];
}

function isRewritten(before: Release, after: Release, site: string): boolean {
  const [old, now] = [own(before.list, site), own(after.list, site)];
  return old !== undefined && (old.from !== now?.from || old.to !== now.to);
}

function pick(release: Release, sites: readonly string[]): Release {
  const list: Release["list"] = {};
  for (const site of sites) {
    const entry = own(release.list, site);
    if (entry !== undefined) list[site] = entry;
  }
  return { ...release, list };
}

function reasonFor(
  run: StartRun,
  { release, protectedObject }: Count,
  { total, ofApp }: { total: number; ofApp: number },
): string | undefined {
  const { objects, percent } = run.input.deletionBudget;
  if (protectedObject !== undefined) {
    const key = parseObjectId(protectedObject);
    return `${key === undefined ? protectedObject : describeKey(key)} is protected`;
  }
  if (total > objects)
    return `this commit deletes ${total} objects over all apps, its budget is ${objects}`;
  const all = objectsOfApp(run, release.app);
  const share = resolveAmount({ percent }, all);
  if (ofApp <= share) return undefined;
  return `${ofApp} of the ${all} objects of ${release.app} go, the budget is ${percent} % of ${all} = ${share}`;
}

function countOf(run: StartRun, release: Release): Count {
  if (release.verb === "orphan") return { release, objects: 0, protectedObject: undefined };
  let objects = 0;
  let protectedObject: ObjectId | undefined;
  const dropped = new Map<string, readonly ObjectId[]>();
  for (const [site, { from, to }] of Object.entries(release.list)) {
    if (from === null) continue;
    const key = `${from} ${to}`;
    const candidates = dropped.get(key) ?? droppedObjects(run, from, to);
    dropped.set(key, candidates);
    if (candidates.length === 0) continue;
    const deleted = candidates.filter((object) => !isTakenOver(run, release.app, { site, object }));
    objects += deleted.length;
    protectedObject ??= deleted.find((object) => run.input.isProtected(object));
  }
  return { release, objects, protectedObject };
}

function droppedObjects({ input }: StartRun, from: TreeId, to: TreeId | null): readonly ObjectId[] {
  const kept = to === null ? new Set<ObjectId>() : input.objectsOf(to);
  return [...input.objectsOf(from)].filter((object) => !kept.has(object));
}

function isTakenOver(
  { input }: StartRun,
  app: string,
  { site, object }: { site: string; object: ObjectId },
): boolean {
  return Object.entries(input.desired).some(([other, { sites }]) => {
    const tree = other === app ? undefined : own(sites, site);
    return tree !== undefined && input.objectsOf(tree).has(object);
  });
}

function objectsOfApp({ input }: StartRun, app: string): number {
  let objects = 0;
  for (const site of Object.keys(input.mirrors)) {
    const tree = standingTree(own(own(input.mirrors, site), app));
    if (tree !== undefined) objects += input.objectsOf(tree).size;
  }
  return objects;
}
