/** What goes back at a site: every app of the unit that has the release there, in one mirror commit. */
import type { TreeId } from "../../render/rendered.ts";
import { addHandOver, type Board, setInFlight, setRelease, wakeLater } from "../board.ts";
import type { Block } from "../block.ts";
import { takeFromDomain } from "../failure-domains.ts";
import { own } from "../own.ts";
import type { Release } from "../records.ts";
import { siteBlock } from "../site-blocks.ts";
import { standingTree } from "../site-view.ts";
import { editMembers } from "../stage-run.ts";
import { type Part, releasesOf, type Unit, unitSite } from "../units.ts";
import { healthInWords, readyInWords } from "../words.ts";
import { addUser, type BackRun } from "./back-blocks.ts";
import { backState } from "./back-state.ts";
import { backWordAt } from "./back-words.ts";
import { broughtTo } from "./brought.ts";
import { goodAt } from "./good-at.ts";

/** One app of a site on its way back. */
export interface BackStep {
  readonly part: Part;
  readonly from: TreeId;
  /** Null: nothing good is recorded there. */
  readonly to: TreeId | null;
  /** It is recorded already, and the mirror does not have it. */
  readonly isAgain: boolean;
  /** Objects that it deletes there; filled in when they are counted. */
  lost: number;
}

/** A site that goes back, with what is still to be done there. */
export interface Back {
  readonly site: string;
  /** Index of its stage. */
  readonly stage: number;
  readonly handedAt: number;
  readonly parts: readonly Part[];
  readonly steps: readonly BackStep[];
}

/** The sites with their steps. */
export function backsOf(board: Board, unit: Unit, sites: readonly string[]): Back[] {
  const releases = releasesOf(board, unit);
  return sites.map((site) => {
    const { parts } = unitSite(board, releases, site);
    const handed = parts.flatMap(({ release }) => own(release.handed, site)?.at ?? []);
    return {
      site,
      stage: parts[0]?.entry.stage ?? 0,
      handedAt: Math.max(...handed.map((at) => Date.parse(at))),
      parts,
      steps: parts.flatMap((part) => stepOf(board, part) ?? []),
    };
  });
}

function stepOf(board: Board, part: Part): BackStep | undefined {
  const { release, view } = part;
  const standing = standingTree(view.entry);
  if (release.kind === "removal" || standing === undefined) return undefined;
  const record = own(release.back, view.site);
  if (record !== undefined) {
    if (backState(board.input, release, view)?.kind !== "pending") return undefined;
    return { part, from: record.from, to: record.to, isAgain: true, lost: 0 };
  }
  if (!broughtTo(release, view.site).includes(standing)) return undefined;
  return { part, from: standing, to: goodTreeAt(board, part), isAgain: false, lost: 0 };
}

/** What is recorded as good at the site; null where that is nothing, or nothing else than what stands there. */
function goodTreeAt(board: Board, { release, view }: Part): TreeId | null {
  const good = goodAt(board.input, board.apps.get(release.app), view.site);
  return good === undefined || good === standingTree(view.entry) ? null : good;
}

/** Hands the site back: in one mirror commit, once every app has it on record (`recordBacks`). */
export function handBack(run: BackRun, back: Back): void {
  const { board } = run;
  const { site, steps } = back;
  const mirror = back.parts[0]?.view.mirror ?? "";
  const apps = steps.flatMap(({ part: { release }, to }) =>
    to === null ? [] : [{ app: release.app, release: release.id, set: { tree: to }, good: null }],
  );
  addHandOver(board, { site, mirror, apps });
  addUser(run.users, { stage: back.stage, site, isBack: true });
  for (const step of steps) {
    const { id } = step.part.release;
    const handed = run.handed.get(id) ?? [];
    run.handed.set(id, handed);
    handed.push(step);
    noteMoved(board, step.part, site);
  }
}

/** Writes what was handed back into every release: once, however many sites it is. */
export function recordBacks({ board, unit, handed }: BackRun): void {
  editMembers(board, unit, (release) => {
    const steps = handed.get(release.id);
    return steps === undefined ? undefined : withBacks(board, release, steps);
  });
}

function withBacks(
  board: Board,
  release: Release,
  steps: readonly BackStep[],
): { release: Release; why: string } {
  const [back, failed] = [{ ...release.back }, { ...release.failed }];
  const losses: Record<string, number> = {};
  const whys: string[] = [];
  for (const { part, from, to, lost } of steps) {
    const { site } = part.view;
    if (to === null) continue;
    back[site] = { at: board.at, from, to };
    if (!Object.hasOwn(failed, site))
      failed[site] = { at: board.at, cause: causeOf(release, site) };
    if (lost > 0) losses[site] = lost;
    whys.push(`${release.app}: ${site} goes back from ${release.id}`);
  }
  const { deletions } = release;
  const handed = { ...deletions.handed, ...losses };
  const isNone = Object.keys(losses).length === 0;
  return {
    release: {
      ...release,
      back,
      failed,
      deletions: isNone ? deletions : { ...deletions, handed },
    },
    why: whys.join("; "),
  };
}

function causeOf(release: Release, site: string): string {
  const word = own(release.setBack, site);
  if (word !== undefined) return `set back by ${word.by}: ${word.why}`;
  return backWordAt(release, site)?.scope === "stage"
    ? "it went back with its stage"
    : `it went back with ${release.id}`;
}

/** The app moves there; other releases that had brought it their tree have it there no more. */
function noteMoved(board: Board, { release: { app: name, id } }: Part, site: string): void {
  const app = board.apps.get(name);
  if (app === undefined) return;
  setInFlight(board, app, { site, by: id });
  app.movedNow.add(site);
  takeFromDomain(board, app, site);
  for (const other of app.open.values()) {
    const isConcerned = other.kind !== "removal" && Object.hasOwn(other.handed, site);
    if (other.id === id || !isConcerned || Object.hasOwn(other.failed, site)) continue;
    const failed = { ...other.failed, [site]: { at: board.at, cause: `it went back with ${id}` } };
    setRelease(board, { ...other, failed }, `${other.id}: ${site} went back with ${id}`);
  }
}

/** Why a site that has nothing to do any more is not through. */
export function reportStanding({ board }: BackRun, { site, parts, steps }: Back): Block | null {
  const [first] = steps;
  if (first !== undefined) {
    return inFlightBlock("it goes back now", readyInWords(undefined, first.part.release));
  }
  for (const { release, view } of parts) {
    const state = backState(board.input, release, view);
    if (state?.kind === "stuck") {
      return {
        code: "rolling-back",
        reason: `${site} went back and is not healthy: ${healthInWords(view.observed, release.unknownBlocks)}`,
        endsWhen: "it heals, or a newer commit reaches it",
      };
    }
    if (state?.kind !== "in-flight") continue;
    if (state.until === null) return siteBlock(view, "slot");
    wakeLater(board, state.until);
    const reason = `going back: ${healthInWords(view.observed, release.unknownBlocks)}`;
    return inFlightBlock(reason, readyInWords(view.observed, release));
  }
  return wentBackBlock(parts, site);
}

function wentBackBlock(parts: readonly Part[], site: string): Block | null {
  const release = parts.find((part) => Object.hasOwn(part.release.failed, site))?.release;
  const failed = release && own(release.failed, site);
  if (release === undefined || failed === undefined) return null;
  return {
    code: "failed",
    reason: Object.hasOwn(release.back ?? {}, site)
      ? `${failed.cause}; it went back`
      : failed.cause,
    endsWhen: "an operator retries it, or a newer commit replaces the release",
  };
}

function inFlightBlock(reason: string, ready: string): Block {
  return { code: "rolling-back", reason, endsWhen: `${ready}, or its deadline` };
}
