/** The followed head was valid, and kustomize or Helm cannot be had now: what needs no new rendering goes on. */
import type { ObjectId } from "../model/kube-object.ts";
import { entitledTree } from "./arrivals.ts";
import type { Block } from "./block.ts";
import type { AppBoard, Board } from "./board.ts";
import { droppedObjects, type TreeStep } from "./losses.ts";
import { own } from "./own.ts";
import type { PlannerInput } from "./planner-types.ts";
import { treeAt } from "./site-view.ts";
import type { Unit } from "./units.ts";

const endsWhen = "they have rendered it, which is tried again by itself";

/** What an app waits for that they have not rendered; null for any other. */
export function unrenderedBlock({ unrendered }: PlannerInput, app: string): Block | null {
  if (unrendered?.apps.includes(app) !== true) return null;
  const { reason } = unrendered;
  return { code: "unrendered", reason: `${reason}; what stands of ${app} stays`, endsWhen };
}

/** Why nobody can tell whether what an app drops at a site is lost: another that belongs there is not rendered; else null. */
export function unknownTakerBlock(
  { unrendered, placedByHead = {} }: PlannerInput,
  { app, site }: { readonly app: string; readonly site: string },
): Block | null {
  const taker = unrendered?.apps.find(
    (other) => other !== app && own(placedByHead, other)?.includes(site) === true,
  );
  if (unrendered === undefined || taker === undefined) return null;
  const reason = `${unrendered.reason}; whether ${taker} takes what ${app} drops at ${site} is known only by that`;
  return { code: "unrendered", reason, endsWhen };
}

/** An open release that goes to trees of which nobody has the objects now, and where. */
interface UnknownRelease {
  readonly app: string;
  readonly id: string;
  readonly sites: readonly string[];
}

function unknownReleases(input: PlannerInput): UnknownRelease[] {
  return Object.entries(input.control.apps).flatMap(([app, { open }]) =>
    open.flatMap(({ id, list }) => {
      const sites = Object.keys(list).filter((site) => {
        const to = own(list, site)?.to ?? null;
        return to !== null && input.objectsOf(to).size === 0;
      });
      return sites.length === 0 ? [] : [{ app, id, sites }];
    }),
  );
}

/**
 * Apps of which nothing moves while an open release goes to trees of which nobody has the objects: its own, for nobody can
 * tell what is lost; those that give objects away, or take some of it, at the same sites, for nobody can tell whether
 * they go over; and what moves together with these.
 */
export function heldByUnknown(board: Board, units: readonly Unit[]): ReadonlyMap<string, Block> {
  const held = new Map<string, Block>();
  const { unrendered } = board.input;
  if (unrendered === undefined) return held;
  const hold = (app: string, why: string): void => {
    const block = { code: "unrendered", reason: `${unrendered.reason}; ${why}`, endsWhen } as const;
    if (!held.has(app)) held.set(app, block);
  };
  const unknown = unknownReleases(board.input);
  for (const { app, id } of unknown) hold(app, `what ${id} brings is known only by that`);
  for (const release of unknown) {
    for (const other of board.apps.values()) {
      if (other.app === release.app || !isConcerned(board, other, release)) continue;
      hold(other.app, `whether objects go over between it and ${release.id} is known only by that`);
    }
  }
  holdTied(units, held, hold);
  return held;
}

function holdTied(
  units: readonly Unit[],
  held: ReadonlyMap<string, Block>,
  hold: (app: string, why: string) => void,
): void {
  for (let before = -1; before < held.size;) {
    before = held.size;
    for (const { members } of units) {
      const first = members.find(({ app }) => held.has(app));
      if (first === undefined) continue;
      for (const { app } of members) hold(app, `it moves together with ${first.app}`);
    }
  }
}

/** At a site of the release the app drops something, or takes what the release's app has there. */
function isConcerned(
  board: Board,
  other: AppBoard,
  { app, sites }: Pick<UnknownRelease, "app" | "sites">,
): boolean {
  const { input } = board;
  return sites.some((site) => {
    const theirs = treeAt(input, app, site);
    const had = theirs === undefined ? new Set<ObjectId>() : input.objectsOf(theirs);
    return stepsAt(board, other, site).some(({ from, to }) => {
      if (droppedObjects(board, { from, to }).length > 0) return true;
      const brought = to === null ? new Set<ObjectId>() : input.objectsOf(to);
      return !brought.isDisjointFrom(had);
    });
  });
}

/** Every way in which an app may change at a site: by its releases, forth and back, and by its open list. */
function stepsAt(board: Board, app: AppBoard, site: string): Pick<TreeStep, "from" | "to">[] {
  const { input } = board;
  const standing = treeAt(input, app.app, site);
  const good = own(own(input.good, site), app.app);
  const listed = [...app.open.values()].flatMap(({ list }) => own(list, site) ?? []);
  const froms = [standing, ...listed.map(({ from }) => from ?? undefined)];
  const tos = listed.length === 0 ? [] : [...listed.map(({ to }) => to), good ?? standing];
  const entitled = entitledTree(board, app, site);
  if (entitled !== undefined) tos.push(entitled);
  return froms.flatMap((from) =>
    tos.flatMap((to) => (to === undefined || to === from ? [] : [{ from, to }])),
  );
}
