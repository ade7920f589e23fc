/**
 * What going back deletes. What the release itself brought to a site goes with it without a word: it was not there
 * before. What is protected, and what the release found there, waits for an approval that names release and number.
 */
import type { ObjectId } from "../../model/kube-object.ts";
import type { Board } from "../board.ts";
import type { Block } from "../block.ts";
import { protectedWords } from "../count-losses.ts";
import { lossesOf, type TreeStep } from "../losses.ts";
import { isProtectedKind } from "../protected-objects.ts";
import type { Release } from "../records.ts";
import { editMembers } from "../stage-run.ts";
import type { Unit } from "../units.ts";
import { countOf } from "../words.ts";
import type { Back, BackStep } from "./back-steps.ts";

/** An app is on its way to the site with an object that would be deleted until then: it is waited for. */
export function awaitedAt(board: Board, back: Back): Block | null {
  for (const step of back.steps) {
    const { awaited } = lossesOf(board, back.site, { step: treeStep(step), steps: steps(back) });
    if (awaited === undefined) continue;
    const { app, object } = awaited;
    const reason = `${app} is on its way to ${back.site} with ${object}, which would be deleted until then`;
    return { code: "progressing", reason, endsWhen: `${app} has arrived, or does not come` };
  }
  return null;
}

/** Counts what all sites that go back lose; more than was counted, or protected, is asked for. */
export function countBackLosses(board: Board, unit: Unit, backs: readonly Back[]): void {
  const counts = new Map<string, Count>();
  for (const back of backs) {
    for (const step of back.steps) {
      if (step.to !== null) addStep(board, counts, { back, step });
    }
  }
  editMembers(board, unit, (release) => {
    const count = counts.get(release.id);
    const next = count && withCount(release, count);
    return next && { release: next, why: `${release.id}: what going back deletes` };
  });
}

interface Count {
  /** Site -> number of objects. */
  readonly bySite: Map<string, number>;
  readonly protected: Set<ObjectId>;
  /** Objects that the release did not bring. */
  found: number;
}

function addStep(
  board: Board,
  counts: Map<string, Count>,
  { back, step }: { back: Back; step: BackStep },
): void {
  const { release, entry } = step.part;
  const lost = lossesOf(board, back.site, { step: treeStep(step), steps: steps(back) }).deleted;
  step.lost = lost.length;
  const count = counts.get(release.id) ?? { bySite: new Map(), protected: new Set(), found: 0 };
  counts.set(release.id, count);
  count.bySite.set(back.site, lost.length);
  const before = entry.from === null ? new Set<ObjectId>() : board.input.objectsOf(entry.from);
  // What only is made anew, as it was before, does not go.
  const stays = step.to === null ? new Set<ObjectId>() : board.input.objectsOf(step.to);
  for (const object of lost) {
    if (isGuarded(release, object)) count.protected.add(object);
    else if (before.has(object) && !stays.has(object)) count.found += 1;
  }
}

function isGuarded({ guarded }: Release, object: ObjectId): boolean {
  return isProtectedKind(object) || guarded?.includes(object) === true;
}

/** The release with what it asks for; undefined: nothing new. */
function withCount(release: Release, count: Count): Release | undefined {
  const { deletions } = release;
  const handed = new Map(Object.entries(deletions.handed ?? {}));
  for (const [site, number] of count.bySite) {
    handed.set(site, Math.max(number, handed.get(site) ?? 0));
  }
  const objects = [...handed.values()].reduce((sum, number) => sum + number, 0);
  const known = new Set(deletions.protected);
  const isNew = [...count.protected].some((object) => !known.has(object));
  const needs = needsWords(count);
  const isAsked = needs === undefined || deletions.needsApproval !== undefined;
  if (objects <= deletions.objects && !isNew && isAsked) return undefined;
  const all = [...known.union(count.protected)].toSorted();
  return {
    ...release,
    approvals: release.approvals.filter(({ what }) => what !== "deletions"),
    deletions: {
      ...deletions,
      objects: Math.max(objects, deletions.objects),
      ...(needs !== undefined && { needsApproval: needs }),
      ...(all.length > 0 && { protected: all }),
    },
  };
}

function needsWords({ protected: objects, found }: Count): string | undefined {
  const [first] = [...objects].toSorted();
  if (first !== undefined) return `going back, ${protectedWords(first)}`;
  if (found === 0) return undefined;
  return `going back, ${countOf(found, "object")} of them it did not bring`;
}

function steps(back: Back): TreeStep[] {
  return back.steps.map((step) => treeStep(step));
}

function treeStep({ part, from, to }: BackStep): TreeStep {
  return { app: part.release.app, from, to };
}
