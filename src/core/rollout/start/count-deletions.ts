/**
 * Counts what releases delete when a head begins to be followed, and asks for approvals where that is over the budget or
 * touches what is protected: of the releases that it begins, and of those under way that delete more than was known.
 * What orphaned objects become, or objects that another app has or takes at that site, is no deletion.
 */
import { resolveAmount } from "../../model/amount.ts";
import type { ObjectId } from "../../model/kube-object.ts";
import type { TreeId } from "../../render/rendered.ts";
import { setRelease } from "../board.ts";
import { countLosses, protectedWords } from "../count-losses.ts";
import { own } from "../own.ts";
import type { StartInput } from "../planner-types.ts";
import type { Release } from "../records.ts";
import { isUnseen, treeAt } from "../site-view.ts";
import { countOf as inWords } from "../words.ts";
import type { StartRun } from "./start-run.ts";

/** Protected objects of the trees that a release goes to: the planner knows no contents. */
function noteGuarded({ board, input }: StartRun, release: Release): void {
  const trees = new Set(Object.values(release.list).flatMap(({ to }) => to ?? []));
  const guarded = new Set(release.guarded);
  for (const tree of trees) {
    for (const object of input.objectsOf(tree)) if (input.isProtected(object)) guarded.add(object);
  }
  if (guarded.size === (release.guarded?.length ?? 0)) return;
  const why = `${release.id}: protected objects that it goes to`;
  setRelease(board, { ...release, guarded: [...guarded].toSorted() }, why);
}

interface Count {
  readonly release: Release;
  readonly objects: number;
  readonly protected: readonly ObjectId[];
  readonly spared: readonly ObjectId[];
}

/** Writes numbers and needed approvals into the releases that the run has begun, or made delete more. */
export function countDeletions(run: StartRun): void {
  for (const { open } of run.board.apps.values()) {
    for (const release of open.values()) noteGuarded(run, release);
  }
  const open = [...run.board.apps.values()].flatMap((app) => [...app.open.values()]);
  const counts = open.map((release) => countOf(run, release));
  const isBegun = ({ release }: Count): boolean => run.begun.some(({ id }) => id === release.id);
  const counted = counts.filter(
    (count) => count.objects > 0 && (isBegun(count) || hasGrown(count)),
  );
  const total = counted.reduce((sum, { objects }) => sum + objects, 0);
  for (const count of counts) {
    if (!counted.includes(count)) noteSpared(run, count);
  }
  for (const count of counted) {
    const ofApp = counted.filter(({ release }) => release.app === count.release.app);
    const sum = ofApp.reduce((before, { objects }) => before + objects, 0);
    noteCount(run, count, reasonFor(run, count, { total, ofApp: sum }));
  }
}

function countOf({ board, input }: StartRun, release: Release): Count {
  const { objects, deleted, spared } = countLosses(board, release);
  const guarded = (all: ReadonlySet<ObjectId>): ObjectId[] =>
    [...all].filter((object) => input.isProtected(object)).toSorted();
  const protectedNow = new Set([...(release.deletions.protected ?? []), ...guarded(deleted)]);
  return { release, objects, protected: [...protectedNow].toSorted(), spared: guarded(spared) };
}

/** It deletes more than was counted before, or something protected that was not known to be. */
function hasGrown({ release: { deletions }, objects, protected: now }: Count): boolean {
  return objects > deletions.objects || now.length > (deletions.protected?.length ?? 0);
}

function noteSpared(run: StartRun, { release, spared }: Count): void {
  const known = release.deletions.spared ?? [];
  if (known.join(" ") === spared.join(" ")) return;
  const { spared: _, ...deletions } = release.deletions;
  const next = { ...deletions, ...(spared.length === 0 ? {} : { spared: [...spared] }) };
  setRelease(run.board, { ...release, deletions: next }, `${release.id}: what others take over`);
}

function noteCount(run: StartRun, count: Count, needsApproval: string | undefined): void {
  const { release, objects, spared } = count;
  const { handed } = release.deletions;
  const deletions: Release["deletions"] = {
    objects,
    ...(needsApproval === undefined ? {} : { needsApproval }),
    ...(count.protected.length === 0 ? {} : { protected: [...count.protected] }),
    ...(spared.length === 0 ? {} : { spared: [...spared] }),
    ...(handed === undefined ? {} : { handed }),
  };
  const approvals = release.approvals.filter(({ what }) => what !== "deletions");
  setRelease(
    run.board,
    { ...release, approvals, deletions },
    `${release.id} deletes ${inWords(objects, "object")}`,
  );
  if (needsApproval === undefined) return;
  const asked = inWords(objects, "deletion");
  run.notes.push(`${release.id} waits for an approval of ${asked}: ${needsApproval}`);
}

function reasonFor(
  run: StartRun,
  { release, protected: [first] }: Count,
  { total, ofApp }: { total: number; ofApp: number },
): string | undefined {
  const { objects, percent } = run.input.deletionBudget;
  if (first !== undefined) return protectedWords(first);
  if (total > objects)
    return `this commit deletes ${inWords(total, "object")} over all apps, its budget is ${objects}`;
  const all = objectsOfApp(run, release.app);
  const share = resolveAmount({ percent }, all);
  if (ofApp <= share) return undefined;
  return `${ofApp} of the ${all} objects of ${release.app} go, the budget is ${percent} % of ${all} = ${share}`;
}

function objectsOfApp({ input }: StartRun, app: string): number {
  let objects = 0;
  for (const site of input.headSites.keys()) {
    const tree = treeAt(input, app, site) ?? unseenTree(input, app, site);
    if (tree !== undefined) objects += input.objectsOf(tree).size;
  }
  return objects;
}

/** What should stand where the mirror is not known whole: it counts among the objects of the app as well as among those that go. */
function unseenTree(input: StartInput, app: string, site: string): TreeId | undefined {
  return isUnseen(input, app, site) ? own(own(input.entitledBefore, app), site) : undefined;
}
