/**
 * How much a release deletes, counted as things stand: what it deleted where it has been, and what it would delete where
 * it still goes. Whatever makes that more (another app does not come any more, a list has grown) shows in the next count.
 */
import { describeKey, type ObjectId, parseObjectId } from "../model/kube-object.ts";
import type { TreeId } from "../render/rendered.ts";
import { removalVerb } from "./approvals.ts";
import type { Block } from "./block.ts";
import { type Board, setRelease } from "./board.ts";
import { droppedObjects, finalLosses, type TreeStep } from "./losses.ts";
import { treeToLeave } from "./leaving-markers.ts";
import { own } from "./own.ts";
import type { Release } from "./records.ts";
import { isUnseen, treeAt } from "./site-view.ts";
import { someOf } from "./words.ts";

export interface LossCount {
  readonly objects: number;
  /** Where it still goes. */
  readonly bySite: ReadonlyMap<string, number>;
  readonly deleted: ReadonlySet<ObjectId>;
  /** What it drops and other apps have or take at every site. */
  readonly spared: ReadonlySet<ObjectId>;
}

/** Counts what a release deletes over all its sites. */
export function countLosses(board: Board, release: Release): LossCount {
  const bySite = new Map<string, number>();
  const [deleted, spared] = [new Set<ObjectId>(), new Set<ObjectId>()];
  const before = release.deletions.handed ?? {};
  let objects = 0;
  for (const [site, { from }] of Object.entries(release.list)) {
    const step = stepAt(board, release, site);
    if (step === undefined) continue;
    const steps = from === null || from === step.from ? [step] : [step, { ...step, from }];
    const { dropped, gone } = lossesBy(board, site, steps);
    for (const object of dropped) {
      (gone.has(object) ? deleted : spared).add(object);
    }
    bySite.set(site, gone.size);
    objects += gone.size;
  }
  for (const [site, number] of Object.entries(before)) if (!bySite.has(site)) objects += number;
  return { objects, bySite, deleted, spared: spared.difference(deleted) };
}

/** What steps drop, and what of that is gone then: nothing at most sites. */
function lossesBy(
  board: Board,
  site: string,
  steps: readonly TreeStep[],
): { readonly dropped: readonly ObjectId[]; readonly gone: ReadonlySet<ObjectId> } {
  const dropped = steps.flatMap((step) => droppedObjects(board, step));
  if (dropped.length === 0) return { dropped, gone: new Set() };
  return { dropped, gone: new Set(steps.flatMap((step) => finalLosses(board, site, step))) };
}

/** What a release still does at a site; undefined: nothing that could delete. */
function stepAt(board: Board, release: Release, site: string): TreeStep | undefined {
  const entry = own(release.list, site);
  const from = treeAt(board.input, release.app, site) ?? unseenTree(board, release, site);
  if (entry === undefined || from === undefined || from === entry.to) return undefined;
  if (goesNoMore(release, site)) return undefined;
  const hasPassed = Object.hasOwn(release.passed, release.stages[entry.stage]?.name ?? "");
  if (hasPassed && release.kind !== "removal") return undefined;
  return stepOf(release, { from, to: entry.to });
}

/**
 * What a removal, which has not come there yet, is to take away where the mirror is not known whole, or where the app was
 * leaving already.
 */
function unseenTree(
  { input }: Board,
  { app, kind, list, handed }: Release,
  site: string,
): TreeId | undefined {
  if (kind !== "removal" || Object.hasOwn(handed, site)) return undefined;
  const isLeaving = treeToLeave(own(own(input.mirrors, site), app)) !== undefined;
  return isLeaving || isUnseen(input, app, site) ? (own(list, site)?.from ?? undefined) : undefined;
}

/** It goes back, as a whole or there. */
function goesNoMore({ goingBack, back }: Release, site: string): boolean {
  return goingBack !== undefined || own(back, site) !== undefined;
}

/** The step by which a release takes a tree away. */
export function stepOf(
  release: Release,
  { from, to }: { from: TreeId | undefined; to: TreeId | null },
): TreeStep {
  const isOrphaned = to === null && removalVerb(release) === "orphan";
  return { app: release.app, from, to, isOrphaned, isBack: release.backTo !== undefined };
}

/**
 * Counts again what all releases delete, before anything moves. More than was counted when they began, or something
 * protected that another app was to take, waits for a word, whatever was approved before. Not of `held` apps: nobody can
 * tell now.
 */
export function recountLosses(board: Board, held: ReadonlyMap<string, Block>): void {
  for (const { app, open } of board.apps.values()) {
    if (held.has(app)) continue;
    for (const release of open.values()) recount(board, release);
  }
}

function recount(board: Board, known: Release): void {
  const { release, others } = asSeen(board, known);
  const count = countLosses(board, release);
  board.counted.set(release.id, count.bySite);
  const { deletions } = release;
  const lost = deletions.spared?.filter((object) => count.deleted.has(object)) ?? [];
  const unjudged = others.filter((site) => (count.bySite.get(site) ?? 0) > 0);
  const isMore = count.objects > deletions.objects || lost.length + unjudged.length > 0;
  if (isMore) {
    const next = grown(release, count, { lost, unjudged });
    setRelease(board, next, `${release.id} deletes more than was counted`);
  } else if (release !== known) {
    setRelease(board, release, `${release.id}: what it takes away is seen`);
  }
}

/** A removal with what stands at its sites, and where that is not the tree which was counted: it could not be seen then. */
function asSeen(
  { input }: Board,
  release: Release,
): { readonly release: Release; readonly others: readonly string[] } {
  if (release.kind !== "removal") return { release, others: [] };
  const others = Object.entries(release.list).flatMap(([site, entry]) => {
    const from = treeAt(input, release.app, site);
    return from === undefined || from === entry.from ? [] : [[site, { ...entry, from }] as const];
  });
  if (others.length === 0) return { release, others: [] };
  const list = { ...release.list, ...Object.fromEntries(others) };
  return { release: { ...release, list }, others: others.map(([site]) => site) };
}

interface Growth {
  readonly lost: readonly ObjectId[];
  /** Sites that have something else than was judged when it began. */
  readonly unjudged: readonly string[];
}

function grown(release: Release, count: LossCount, { lost, unjudged }: Growth): Release {
  const { deletions, approvals } = release;
  const [first] = lost;
  const needsApproval =
    first === undefined ? growthInWords(release, count, unjudged) : protectedWords(first);
  return {
    ...release,
    approvals: approvals.filter(({ what }) => what !== "deletions"),
    deletions: {
      ...deletions,
      objects: Math.max(count.objects, deletions.objects),
      needsApproval,
      ...(first === undefined
        ? {}
        : {
            protected: [...(deletions.protected ?? []), ...lost].toSorted(),
            spared: (deletions.spared ?? []).filter((object) => !lost.includes(object)),
          }),
    },
  };
}

function growthInWords(
  { deletions }: Release,
  { objects }: LossCount,
  unjudged: readonly string[],
): string {
  if (unjudged.length > 0)
    return `what stands at ${someOf(unjudged.toSorted())} is not what was counted: it could not be seen then`;
  const more = objects - deletions.objects;
  return `${more} more than were counted before: no other app takes them over any more`;
}

/**
 * How much a release was counted to delete at a site when this plan began. That goes on record when it gets there: what
 * another app keeps in this moment may be what that one drops in the next.
 */
export function countedAt({ counted }: Board, release: Release, site: string): number {
  return counted.get(release.id)?.get(site) ?? 0;
}

/** The block of a deletion that came up within a plan. */
export function recountBlock({ id }: Release): Block {
  return {
    code: "deletions",
    reason: `what ${id} deletes there has just changed`,
    endsWhen: "it has been counted again",
  };
}

/** What a release's hand-overs delete, on record. */
export function withLosses(
  { deletions }: Release,
  losses: Readonly<Record<string, number>>,
): Release["deletions"] {
  const handed = { ...deletions.handed, ...losses };
  const some = Object.fromEntries(Object.entries(handed).filter(([, number]) => number > 0));
  const { handed: _, ...rest } = deletions;
  return Object.keys(some).length === 0 ? rest : { ...rest, handed: some };
}

/** `ConfigMap x/settings is protected`. */
export function protectedWords(object: ObjectId): string {
  const key = parseObjectId(object);
  return `${key === undefined ? object : describeKey(key)} is protected`;
}
