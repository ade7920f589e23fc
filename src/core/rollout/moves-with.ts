/** What a word for one release means for others: for those that may move together with it, and those that wait for it. */
import { isStageApproved } from "./approvals.ts";
import { stageOf, type Word } from "./decision-result.ts";
import { own } from "./own.ts";
import type { ControlState } from "./planner-types.ts";
import type { Release } from "./records.ts";
import { hasPassedAt } from "./share-excuses.ts";
import { someOf } from "./words.ts";

/**
 * `; where beta-v2 moves together with it, only once that is promoted too`; empty where nothing else may hold it. Only the
 * planner knows what moves as one: told of are those that have the same stages, and a site still to move with it.
 */
export function togetherInWords(
  control: ControlState,
  release: Release,
  { lacks, word }: { readonly lacks: (other: Release) => boolean; readonly word: string },
): string {
  const others = Object.values(control.apps).flatMap(({ open }) => open);
  const ids = others.filter((other) => mayMoveWith(release, other) && lacks(other));
  if (ids.length === 0) return "";
  const names = someOf(ids.map(({ id }) => id));
  const verb = ids.length === 1 ? "moves" : "move";
  const all = ids.length === 1 ? "that is" : "those are";
  return `; where ${names} ${verb} together with it, only once ${all} ${word} too`;
}

/**
 * `; where it is healthy web-v2 may go next, for that depends on it`: releases that wait at these sites for this one, by
 * `dependsOn`, and that nobody has to approve there. What leaves is waited for by what it depends on.
 */
export function nextInWords(
  control: ControlState,
  release: Release,
  { sites, dependsOn = {} }: Pick<Word, "dependsOn"> & { readonly sites: readonly string[] },
): string {
  const isRemoval = release.kind === "removal";
  const waiting = isRemoval
    ? (app: string) => own(dependsOn, app) ?? removalOf(control, app)?.dependsOn ?? []
    : (app: string) => Object.keys(dependsOn).filter((other) => dependsOn[other]?.includes(app));
  const next = new Map<string, readonly Release[]>([[release.app, []]]);
  for (const from of next.keys()) {
    for (const app of waiting(from)) {
      const open = (own(control.apps, app)?.open ?? []).filter(
        (other) => (other.kind === "removal") === isRemoval && mayGoAt(other, sites),
      );
      if (open.length > 0 && !next.has(app)) next.set(app, open);
    }
  }
  const ids = [...next.values()].flat().map(({ id }) => id);
  return ids.length === 0 ? "" : nextWords(ids, isRemoval);
}

function nextWords(ids: readonly string[], isRemoval: boolean): string {
  const names = someOf(ids);
  if (isRemoval) return `; where it has left ${names} may leave next, for it depends on that`;
  const depends = ids.length === 1 ? "that depends" : "they depend";
  return `; where it is healthy ${names} may go next, for ${depends} on it`;
}

function removalOf(control: ControlState, app: string): Release | undefined {
  return own(control.apps, app)?.open.find(({ kind }) => kind === "removal");
}

/** It is still to go to one of the sites, in a stage that nobody has to approve any more. */
function mayGoAt(release: Release, sites: readonly string[]): boolean {
  return sites.some((site) => {
    if (!Object.hasOwn(release.list, site) || hasPassedAt(release, site)) return false;
    const stage = release.stages.find(({ name }) => name === stageOf(release, site));
    if (stage === undefined) return false;
    return !stage.approval || isStageApproved(release, stage.name);
  });
}

function mayMoveWith(release: Release, other: Release): boolean {
  if (other.app === release.app || other.stages.length !== release.stages.length) return false;
  if (other.stages.some(({ name }, index) => name !== release.stages[index]?.name)) return false;
  return Object.keys(release.list).some(
    (site) =>
      Object.hasOwn(other.list, site) && !hasPassedAt(release, site) && !hasPassedAt(other, site),
  );
}
