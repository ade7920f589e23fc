/**
 * What a site loses by a hand-over. An object is lost when it stands in a tree that the hand-over takes away and in no
 * tree that stands at the site afterwards; its worker deletes it then. It is no loss while another app is on its way
 * there with it: then the hand-over waits, and both go together.
 */
import type { ObjectId } from "../model/kube-object.ts";
import type { TreeId } from "../render/rendered.ts";
import { entitledTree, isListed } from "./arrivals.ts";
import type { AppBoard, Board } from "./board.ts";
import { own } from "./own.ts";
import type { Release } from "./records.ts";
import { hasPassedAt } from "./share-excuses.ts";
import { treeAt } from "./site-view.ts";

/** One app changes its tree at a site; `to` null: it leaves. */
export interface TreeStep {
  readonly app: string;
  readonly from: TreeId | undefined;
  readonly to: TreeId | null;
  /** What it drops is let go of, not deleted. */
  readonly isOrphaned?: boolean;
  /** It goes back to an older release. */
  readonly isBack?: boolean;
}

/** What becomes of the objects that an app drops and that no other app has there. */
export interface Losses {
  readonly deleted: readonly ObjectId[];
  /** The first app that is on its way with one of them, and that one. */
  readonly awaited: { readonly app: string; readonly object: ObjectId } | undefined;
}

const nothing: Losses = { deleted: [], awaited: undefined };

/** What the site loses by one of the steps that are taken there in one mirror commit. */
export function lossesOf(
  board: Board,
  site: string,
  { step, steps }: { step: TreeStep; steps: readonly TreeStep[] },
): Losses {
  const dropped = droppedObjects(board, step);
  if (dropped.length === 0) return nothing;
  const others = [...board.apps.values()].filter(({ app }) => app !== step.app);
  const kept = others.map(({ app }) => treesAfter(board, app, { site, steps }));
  const gone = dropped.filter(
    (object) =>
      !kept.some(
        (trees) => trees.length > 0 && trees.every((tree) => hasObject(board, tree, object)),
      ),
  );
  if (gone.length === 0) return nothing;
  const coming = others.flatMap((other) => {
    const tree = comingTree(board, other, site);
    return tree === undefined ? [] : [{ app: other.app, tree }];
  });
  const deleted: ObjectId[] = [];
  let awaited: Losses["awaited"];
  for (const object of gone) {
    const taker = coming.find(({ tree }) => hasObject(board, tree, object));
    if (taker === undefined && isLetGo(board, site, { step, object }) !== true)
      deleted.push(object);
    if (taker === undefined) continue;
    awaited ??= { app: taker.app, object };
  }
  return { deleted, awaited };
}

/** Objects of `from` that `to` does not have, or has as another one that takes its place. */
export function droppedObjects(
  { input, dropped }: Board,
  { from, to }: Pick<TreeStep, "from" | "to">,
): readonly ObjectId[] {
  if (from === undefined || from === to) return [];
  const byTarget = dropped.get(from) ?? new Map<TreeId | null, readonly ObjectId[]>();
  dropped.set(from, byTarget);
  const known = byTarget.get(to);
  if (known !== undefined) return known;
  const kept = to === null ? new Set<ObjectId>() : input.objectsOf(to);
  const anew = to === null ? new Set<ObjectId>() : objectsMadeAnew(input, from, to);
  const objects = [...input.objectsOf(from)].filter(
    (object) => !kept.has(object) || anew.has(object),
  );
  byTarget.set(to, objects);
  return objects;
}

/** What is deleted to be made anew. Of a tree of which nothing is known, all that may be: never less than will be. */
function objectsMadeAnew(input: Board["input"], from: TreeId, to: TreeId): ReadonlySet<ObjectId> {
  const before = input.madeAnewOf?.(from);
  if (before === undefined || before.size === 0) return new Set();
  const after = input.madeAnewOf?.(to);
  const isAnother = ([object, digest]: [ObjectId, string]): boolean =>
    after === undefined || (after.get(object) ?? digest) !== digest;
  return new Set([...before].filter(isAnother).map(([object]) => object));
}

function hasObject({ input }: Board, tree: TreeId, object: ObjectId): boolean {
  return input.objectsOf(tree).has(object);
}

/**
 * The tree of an app at a site once the steps have been taken. Where this plan has handed it over already, only what it
 * had before and has then is sure to be there: another hand-over may not be carried out.
 */
function treesAfter(
  board: Board,
  app: string,
  { site, steps }: { site: string; steps: readonly TreeStep[] },
): readonly TreeId[] {
  const step = steps.find((each) => each.app === app);
  if (step !== undefined) return step.to === null ? [] : [step.to];
  const standing = treeAt(board.input, app, site);
  const handed = board.handedTrees.get(site)?.get(app);
  if (standing === undefined || handed === null) return [];
  return handed === undefined ? [standing] : [standing, handed];
}

/** What a step deletes once every other app has come to where it goes at the site: never less than by any hand-over. */
export function finalLosses(board: Board, site: string, step: TreeStep): readonly ObjectId[] {
  const dropped = droppedObjects(board, step);
  if (dropped.length === 0 || step.isOrphaned === true) return [];
  const others = [...board.apps.values()].filter(({ app }) => app !== step.app);
  const kept = others.flatMap((other) => finalTree(board, other, site) ?? []);
  return dropped.filter(
    (object) =>
      isLetGo(board, site, { step, object }) === false &&
      !kept.some((tree) => hasObject(board, tree, object)),
  );
}

/** An app that has an object at a site which another one takes there. */
export interface Giver {
  readonly app: string;
  readonly object: ObjectId;
}

/** The apps, of those that take none of the steps, that have an object there which a step takes, and are to give it up. */
export function giversOf(
  board: Board,
  site: string,
  { step: { from, to }, steps }: { step: TreeStep; steps: readonly TreeStep[] },
): readonly Giver[] {
  const taken = to === null ? [] : droppedObjects(board, { from: to, to: from ?? null });
  if (taken.length === 0) return [];
  return [...board.apps.values()].flatMap((other) => {
    if (steps.some(({ app }) => app === other.app)) return [];
    const standing = treeAt(board.input, other.app, site);
    if (standing === undefined) return [];
    const object = taken.find((each) => hasObject(board, standing, each));
    if (object === undefined) return [];
    const last = finalTree(board, other, site);
    return last === undefined || !hasObject(board, last, object)
      ? [{ app: other.app, object }]
      : [];
  });
}

/**
 * What it drops stays in the cluster: by the word of the removal, or of the object itself. That word counts where it has
 * come: a site that is behind has the object as an earlier tree said, and its worker goes by that. Undefined: nobody has
 * told yet what the site has, and nothing goes there before.
 */
function isLetGo(
  { input }: Board,
  site: string,
  { step, object }: { step: TreeStep; object: ObjectId },
): boolean | undefined {
  const { app, from, isOrphaned } = step;
  if (isOrphaned === true) return true;
  if (from === undefined || input.keptOf?.(from).has(object) !== true) return false;
  const applied = own(own(input.observed, site)?.apps, app)?.tree;
  if (applied === undefined) return undefined;
  if (applied === from) return true;
  return applied !== null && input.keptOf(applied).has(object);
}

function finalTree(board: Board, app: AppBoard, site: string): TreeId | undefined {
  const isLeaving = [...app.open.values()].some(
    ({ kind, list }) => kind === "removal" && Object.hasOwn(list, site),
  );
  if (isLeaving) return undefined;
  return comingTree(board, app, site) ?? treeAt(board.input, app.app, site);
}

/** The tree with which an app is on its way to a site, by an open release or by the open list. */
function comingTree(board: Board, app: AppBoard, site: string): TreeId | undefined {
  const standing = treeAt(board.input, app.app, site);
  const listed = [...app.open.values()].flatMap((release) => comingBy(release, site) ?? [])[0];
  if (listed !== undefined) return listed === standing ? undefined : listed;
  if (isListed(app, site) || !board.input.sites.has(site)) return undefined;
  const to = entitledTree(board, app, site);
  return to === standing ? undefined : to;
}

function comingBy(release: Release, site: string): TreeId | undefined {
  const entry = own(release.list, site);
  if (entry === undefined || entry.to === null) return undefined;
  // Where it was excused it comes later, when its stage has passed; but not if it goes back.
  const isOver =
    Object.hasOwn(release.failed, site) ||
    (Object.hasOwn(release.excused, site) && release.goingBack !== undefined);
  return isOver || hasPassedAt(release, site) ? undefined : entry.to;
}
