/**
 * Finds releases that must move as one: an object leaves one app and comes to another at the same site. Tied releases
 * get the same stages (those of the one that has the most, with the stricter gates of all) and one list. Budgets stay each
 * one's own: they are of the sites that it lists, and a site of several fits all of theirs.
 */
import { canonicalJson } from "../model/json.ts";
import type { ObjectId } from "../model/kube-object.ts";
import type { TreeId } from "../render/rendered.ts";
import { type Board, setRelease } from "./board.ts";
import { droppedObjects } from "./losses.ts";
import { own } from "./own.ts";
import type { FrozenStage, Release } from "./records.ts";
import { hasPassedAt, shareExcuses, type Ties } from "./share-excuses.ts";
import { treeAt } from "./site-view.ts";
import { releasesOf, type Unit } from "./units.ts";
import { foldStages, withUrgency } from "./urgent.ts";
import { compareText } from "./stable-order.ts";
import { budgetsFor, stageSizes, withBudgets } from "./stage-budgets.ts";
import { covering, withoutNames } from "./stage-names.ts";

/** All open releases as units, tied ones together; each tie is written into the records of its members. */
export function unitsOf(board: Board): Unit[] {
  const releases = [...board.apps.values()].flatMap(({ open }) => [...open.values()]);
  const groups = new Map(releases.map((release) => [release, new Set([release])]));
  const ties = tiesOf(board, releases);
  for (const [a, b] of [...ties.values()].flat()) {
    const [one, other] = [groups.get(a), groups.get(b)];
    if (one === undefined || other === undefined || one === other) continue;
    for (const release of other) {
      one.add(release);
      groups.set(release, one);
    }
  }
  return [...new Set(groups.values())].map((group) => {
    const members = [...group].toSorted(
      (a, b) => compareText(a.app, b.app) || compareText(a.id, b.id),
    );
    if (members.length > 1) align(board, members);
    shareExcuses(board, releasesOf(board, { members }), ties);
    return { members: members.map(({ app, id }) => ({ app, id })) };
  });
}

/** Pairs between which an object goes over at a site that both have still to move. */
function tiesOf(board: Board, releases: readonly Release[]): Ties {
  if (new Set(releases.map(({ app }) => app)).size < 2) return new Map();
  const bySite = new Map<string, Release[]>();
  for (const release of releases) {
    for (const site of Object.keys(release.list)) {
      if (hasPassedAt(release, site)) continue;
      const others = bySite.get(site);
      if (others === undefined) bySite.set(site, [release]);
      else others.push(release);
    }
  }
  const known = { board, answers: new Map<string, boolean>() };
  const ties = new Map<string, [Release, Release][]>();
  for (const [site, there] of bySite) {
    const pairs = pairsAt(known, site, there);
    if (pairs.length > 0) ties.set(site, pairs);
  }
  return ties;
}

function pairsAt(known: Transfers, site: string, there: readonly Release[]): [Release, Release][] {
  if (there.length < 2) return [];
  return there.flatMap((giver) => {
    const loss = lossOf(known.board, giver, site);
    if (loss === undefined) return [];
    return there
      .filter((taker) => goesOver(known, { giver, taker, site, loss }))
      .map((taker): [Release, Release] => [giver, taker]);
  });
}

/** What a release takes away at a site; `trees` name it. */
interface Loss {
  readonly trees: string;
  readonly dropped: readonly ObjectId[];
}

function lossOf(board: Board, giver: Release, site: string): Loss | undefined {
  const gives = own(giver.list, site);
  const from = leftTree(board, giver, site);
  if (gives === undefined || from === undefined) return undefined;
  const dropped = droppedObjects(board, { from, to: gives.to });
  return dropped.length === 0 ? undefined : { trees: `${from} ${gives.to}`, dropped };
}

/** Answers that were worked out already, by trees. */
interface Transfers {
  readonly board: Board;
  readonly answers: Map<string, boolean>;
}

function goesOver(
  known: Transfers,
  { giver, taker, site, loss }: { giver: Release; taker: Release; site: string; loss: Loss },
): boolean {
  if (giver.app === taker.app || hasGivenBefore(giver, taker, site)) return false;
  const takes = own(taker.list, site);
  if (takes === undefined || takes.to === null) return false;
  const key = `${loss.trees} ${takes.to}`;
  const answer = known.answers.get(key);
  if (answer !== undefined) return answer;
  const taken = known.board.input.objectsOf(takes.to);
  const isTaken = loss.dropped.some((object) => taken.has(object));
  known.answers.set(key, isTaken);
  return isTaken;
}

/**
 * What a site release changes comes to a site where the giver had moved before it, with what was then taken: nothing goes
 * over with it any more.
 */
function hasGivenBefore(giver: Release, taker: Release, site: string): boolean {
  const [gave, took] = [own(giver.handed, site), own(taker.handed, site)];
  if (taker.kind !== "site" || gave === undefined) return false;
  return took === undefined || Date.parse(gave.at) < Date.parse(took.at);
}

/** The tree that a release takes away: what stands there as long as it has not been handed over. */
function leftTree({ input }: Board, release: Release, site: string): TreeId | undefined {
  const from = own(release.list, site)?.from ?? undefined;
  if (Object.hasOwn(release.handed, site)) return from;
  return treeAt(input, release.app, site) ?? from;
}

/** Gives all members the stages of the one that leads, with the stricter gates, and each site one stage for all. */
function align(board: Board, tied: readonly Release[]): void {
  const urgent = withUnitUrgency(tied);
  const members = leadFirst(urgent);
  const [lead] = members;
  if (lead === undefined) return;
  const stages = lead.stages.map((stage, index) =>
    strictest(
      stage,
      members.flatMap((member) => stageAt(member, index)),
    ),
  );
  const strict = {
    minReadyMs: Math.max(...members.map(({ minReadyMs }) => minReadyMs)),
    progressDeadlineMs: Math.min(...members.map(({ progressDeadlineMs }) => progressDeadlineMs)),
    unknownBlocks: members.some(({ unknownBlocks }) => unknownBlocks),
  };
  const stageOf = stagesBySite(members, stages.length);
  for (const [index, member] of tied.entries()) {
    const aligned = withStages({ ...(urgent[index] ?? member), ...strict }, stages, stageOf);
    if (isSame(member, aligned)) continue;
    const names = tied.filter(({ id }) => id !== member.id).map(({ id }) => id);
    setRelease(board, aligned, `${member.id} moves together with ${names.join(", ")}`);
  }
}

/** The members with the numbers of urgent ones; only where all of them are urgent do they go in fewer stages. */
function withUnitUrgency(tied: readonly Release[]): Release[] {
  const areUrgent = tied.every(({ urgent }) => urgent !== undefined);
  return tied.map((release) => withUrgency(areUrgent ? foldStages(release) : release));
}

/**
 * The one with the most stages leads, so that no stage of another is lost; one that goes back, which has none of its own,
 * leads no other.
 */
function leadFirst(members: readonly Release[]): Release[] {
  const isBack = ({ backTo }: Release): number => (backTo === undefined ? 0 : 1);
  return members.toSorted((a, b) => isBack(a) - isBack(b) || b.stages.length - a.stages.length);
}

/** Where a member has fewer stages, its last one counts at all later ones of the lead. */
function stageAt({ stages }: Release, index: number): readonly FrozenStage[] {
  const last = Math.min(index, stages.length - 1);
  return stages.slice(last, last + 1);
}

function strictest(stage: FrozenStage, stages: readonly FrozenStage[]): FrozenStage {
  return {
    ...stage,
    approval: stages.some(({ approval }) => approval),
    ...(stages.some(({ promotion }) => promotion === "manual") ? { promotion: "manual" } : {}),
    soakMs: Math.max(...stages.map(({ soakMs }) => soakMs)),
  };
}

/** One list: a site is in the stage in which the first member that lists it has it. */
function stagesBySite(members: readonly Release[], count: number): Map<string, number> {
  const stageOf = new Map<string, number>();
  for (const { list } of members) {
    for (const [site, { stage }] of Object.entries(list)) {
      if (!stageOf.has(site)) stageOf.set(site, Math.min(stage, count - 1));
    }
  }
  return stageOf;
}

function withStages(
  release: Release,
  stages: readonly FrozenStage[],
  stageOf: ReadonlyMap<string, number>,
): Release {
  const list: Release["list"] = {};
  for (const [site, entry] of Object.entries(release.list)) {
    list[site] = { ...entry, stage: stageOf.get(site) ?? entry.stage };
  }
  const [before, after] = [stageSizes(release), stageSizes({ stages, list })];
  const aligned = {
    ...release,
    stages: stages.map((stage, index) => {
      const [has, had] = [after[index] ?? 0, before[index] ?? 0];
      return standing(release, stage, { index, sites: has === had ? null : has });
    }),
    list,
  };
  const isRenamed = stages.some(({ name }, index) => release.stages[index]?.name !== name);
  const isMoved = Object.entries(list).some(
    ([site, { stage }]) => own(release.list, site)?.stage !== stage,
  );
  return isRenamed || isMoved ? { ...aligned, ...translated(release, aligned) } : aligned;
}

/**
 * The stage in place of the release's own one, whose holds and later numbers go on to count by its name. Its budgets are
 * the release's own: as they were frozen, or for `sites` of it where that is another number now.
 */
function standing(
  release: Release,
  stage: FrozenStage,
  { index, sites }: { index: number; sites: number | null },
): FrozenStage {
  const replaced = stageAt(release, index);
  const [budgets = stage] = replaced;
  const resized = sites === null ? budgets : budgetsFor(budgets, sites);
  return withBudgets(covering(withoutNames(stage), replaced), resized);
}

/** A stage of the new division is open or passed when all its sites were in one that was, and all before it are. */
function translated(before: Release, after: Release): Pick<Release, "opened" | "passed"> {
  const opened: Record<string, string> = {};
  const passed: Record<string, string> = {};
  for (const [index, { name }] of after.stages.entries()) {
    const sites = Object.keys(after.list).filter((site) => own(after.list, site)?.stage === index);
    const open = latest(before, sites, before.opened);
    const done = latest(before, sites, before.passed);
    if (open !== undefined) opened[name] = open;
    if (done === undefined) break;
    passed[name] = done;
  }
  return { opened, passed };
}

/** When the last of the sites' former stages was marked; undefined when one was not, or there are no sites. */
function latest(
  before: Release,
  sites: readonly string[],
  times: Readonly<Record<string, string>>,
): string | undefined {
  const stageOf = (site: string): string =>
    before.stages[own(before.list, site)?.stage ?? -1]?.name ?? "";
  const marked = sites.flatMap((site) => own(times, stageOf(site)) ?? []);
  return marked.length === sites.length ? marked.toSorted().at(-1) : undefined;
}

function isSame(a: Release, b: Release): boolean {
  return canonicalJson(a) === canonicalJson(b);
}
