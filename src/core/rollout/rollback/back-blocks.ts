/** What stops a site from going back: no good tree, the site itself, an object that is another app's now, consent, a slot. */
import { areDeletionsApproved } from "../approvals.ts";
import type { Board } from "../board.ts";
import type { Block } from "../block.ts";
import { consentGate } from "../gates.ts";
import { own } from "../own.ts";
import { fitsFleet, siteBlock } from "../site-blocks.ts";
import { treeAt } from "../site-view.ts";
import { budget, fleetWords } from "../stage-waits.ts";
import { holdsSlot, releasesOf, type Unit, unitSite } from "../units.ts";
import { awaitedAt } from "./back-losses.ts";
import type { Back, BackStep } from "./back-steps.ts";

export interface BackRun {
  readonly board: Board;
  readonly unit: Unit;
  readonly users: SlotUsers;
  /** Release id -> what was handed back, to be recorded. */
  readonly handed: Map<string, BackStep[]>;
}

/** Index of a stage -> its sites that hold a slot, and whether they are on their way back. */
type SlotUsers = Map<number, Map<string, boolean>>;

/** Sites of the unit that hold a slot now. */
export function slotUsers(board: Board, unit: Unit): SlotUsers {
  const releases = releasesOf(board, unit);
  const users: SlotUsers = new Map();
  const inFlight = releases.flatMap(({ app, id }) =>
    [...(board.apps.get(app)?.inFlight ?? [])].flatMap(([site, by]) => (by === id ? [site] : [])),
  );
  for (const site of new Set(inFlight)) {
    const { parts } = unitSite(board, releases, site);
    const holders = parts.filter(({ state }) => holdsSlot(state));
    if (holders.length === 0) continue;
    const isBack = holders.some(({ state }) => state.kind === "failed");
    addUser(users, { stage: parts[0]?.entry.stage ?? 0, site, isBack });
  }
  return users;
}

/** The site takes a slot of its stage. */
export function addUser(
  users: SlotUsers,
  { stage, site, isBack }: { stage: number; site: string; isBack: boolean },
): void {
  users.set(stage, (users.get(stage) ?? new Map<string, boolean>()).set(site, isBack));
}

/** Why the site stays for now; null: it goes, or has nothing left to do. */
export function backBlock(run: BackRun, back: Back): Block | null {
  const { board } = run;
  const view = back.parts[0]?.view;
  if (back.steps.length === 0 || view === undefined) return null;
  return (
    noTreeBlock(back) ??
    siteBlock(view) ??
    busyBlock(board, back) ??
    takenBlock(board, back) ??
    awaitedAt(board, back) ??
    lossBlock(board, back) ??
    slotBlock(run, back)
  );
}

/** Without a good tree for each of its apps a site stays as it is; and what has left is not brought back. */
function noTreeBlock({ site, parts, steps }: Back): Block | null {
  const endsWhen = "a newer commit reaches it";
  const gone = parts.find(({ release }) => release.kind === "removal" && own(release.handed, site));
  if (gone !== undefined) {
    const reason = `${gone.release.app} has been told to leave ${site}, and went together with it: what is gone does not come back`;
    return { code: "no-good-tree", reason, endsWhen };
  }
  const without = steps.find(({ to }) => to === null);
  if (without === undefined) return null;
  const { app } = without.part.release;
  const reason = `nothing good of ${app} is recorded for ${site}: it stays as it is`;
  // That it heals is not enough: a release that goes back stays one until somebody says otherwise.
  return {
    code: "no-good-tree",
    reason,
    endsWhen: `${endsWhen}, or an operator retries the release`,
  };
}

/** Another release of the app has the site in flight, or has moved it in this plan. */
function busyBlock(board: Board, { site, steps }: Back): Block | null {
  for (const { part } of steps) {
    const { app: name, id } = part.release;
    const app = board.apps.get(name);
    const holder = app?.inFlight.get(site);
    if (app === undefined || holder === undefined || holder === id) continue;
    const reason = `${holder ?? "the open list"} has ${site} in flight`;
    return { code: "progressing", reason, endsWhen: "it has settled there" };
  }
  return null;
}

/** What the app had before belongs to another app now: two would fight over it. */
function takenBlock(board: Board, { site, steps }: Back): Block | null {
  const moving = new Set(steps.map(({ part }) => part.release.app));
  const others = [...board.apps.keys()].filter((app) => !moving.has(app));
  for (const step of steps) {
    const gained = gainedBy(board, step);
    for (const app of gained.length === 0 ? [] : others) {
      const trees = [treeAt(board.input, app, site), board.handedTrees.get(site)?.get(app)];
      const objects = trees.flatMap((tree) => (tree ? [...board.input.objectsOf(tree)] : []));
      const taken = gained.find((object) => objects.includes(object));
      if (taken === undefined) continue;
      const reason = `${taken} of the good version of ${step.part.release.app} is part of ${app} at ${site} now`;
      return {
        code: "object-taken",
        reason,
        endsWhen: `${app} gives it up, or a newer commit comes`,
      };
    }
  }
  return null;
}

function gainedBy({ input }: Board, { from, to }: BackStep): readonly string[] {
  const had = input.objectsOf(from);
  return to === null ? [] : [...input.objectsOf(to)].filter((object) => !had.has(object));
}

/** A site where something is deleted waits until people have agreed, where they have to. */
function lossBlock(board: Board, { steps }: Back): Block | null {
  for (const { part, lost } of steps) {
    const release = board.apps.get(part.release.app)?.open.get(part.release.id);
    if (release === undefined || lost === 0 || areDeletionsApproved(release)) continue;
    return consentGate(release);
  }
  return null;
}

function slotBlock({ board, unit, users }: BackRun, { site, stage, steps }: Back): Block | null {
  if (steps.some(({ isAgain }) => isAgain)) return null;
  const full = fullSlots({ board, unit, users }, { site, stage });
  if (full !== null) return full;
  if (fitsFleet(board, site)) return null;
  return fleetWords(board);
}

/** The `maxInFlight` that has no slot left, of any release that lists the site. */
function fullSlots(
  { board, unit, users }: Pick<BackRun, "board" | "unit" | "users">,
  { site, stage }: Pick<Back, "site" | "stage">,
): Block | null {
  const all = usersFor(users.get(stage) ?? new Map<string, boolean>(), site);
  const releases = releasesOf(board, unit);
  for (const { app, list, stages } of releases) {
    const frozen = stages[stage];
    if (frozen === undefined || !Object.hasOwn(list, site)) continue;
    const used = new Set([...all].filter((user) => Object.hasOwn(list, user)));
    if (used.size < frozen.maxInFlight) continue;
    const whose = releases.length > 1 ? `stage ${frozen.name} of ${app}` : `stage ${frozen.name}`;
    const words = { name: "maxInFlight", most: frozen.maxInFlight, users: used, stage: whose };
    return budget("in-flight-budget", words);
  }
  return null;
}

/**
 * Whose slots count for a site that is to go back: all; where it holds one itself, those on their way back. Sites that
 * came to another region are in flight anew, and may be more than the stage has slots for.
 */
function usersFor(users: ReadonlyMap<string, boolean>, site: string): ReadonlySet<string> {
  const others = [...users].filter(([name]) => name !== site);
  const counted = users.has(site) ? others.filter(([, isBack]) => isBack) : others;
  return new Set(counted.map(([name]) => name));
}
