/**
 * A fleet at one moment of a simulation, as a value: what control and mirrors have, and what runs in the clusters. The
 * planner's input comes from it, and carrying a plan out gives the next one.
 */
import type { TreeId } from "../render/rendered.ts";
import { entitlements } from "../rollout/entitled-release.ts";
import { withLeavingSites } from "../rollout/leaving-sites.ts";
import { own } from "../rollout/own.ts";
import type {
  AppControl,
  ControlState,
  HandOver,
  MirrorEntry,
  ObservedSite,
  PlannerInput,
  RolloutPlan,
  SiteMove,
  StartInput,
} from "../rollout/planner-types.ts";
import { inStableOrder } from "../rollout/stable-order.ts";
import { controlAfter } from "./control-after.ts";
import type { Behaviour, Fate } from "./fleet-behaviour.ts";
import { handedApp, type LiveApp, nextTurn, observeApp, oldApp } from "./live-app.ts";

type SiteApps<T> = Readonly<Record<string, Readonly<Record<string, T>>>>;

export interface SimulatedFleet {
  readonly now: number;
  readonly control: ControlState;
  readonly mirrors: SiteApps<MirrorEntry>;
  readonly good: SiteApps<TreeId>;
  /** Apps at sites that a plan has handed over, in this simulation. */
  readonly live: ReadonlyMap<string, Readonly<Record<string, LiveApp>>>;
  /** Mirror -> sites that have left it, by their number. */
  readonly stopped: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** What does not change in a simulation. */
export interface SimulatedWorld {
  readonly start: StartInput;
  /** What is observed of sites that nothing has been handed to. */
  readonly untouched: Readonly<Record<string, ObservedSite>>;
  readonly placedByHead: Readonly<Record<string, readonly string[]>>;
  /** By app: what its sites were found to be entitled to when it was asked last. */
  readonly entitled: Map<string, KnownTrees>;
}

type Trees = Readonly<Record<string, TreeId>>;

/** They are what `current` and the lists of open candidates make them. */
interface KnownTrees {
  readonly current: AppControl["current"];
  readonly lists: readonly object[];
  readonly trees: Trees;
}

/** A fleet at rest: every site runs, in health, what its mirror has. */
export function simulatedWorld(start: StartInput, offlinePercent: number): SimulatedWorld {
  const sites = [...start.sites.keys()];
  const count = Math.floor((offlinePercent * sites.length) / 100);
  const some = offlinePercent > 0 && sites.length > 0 ? Math.max(1, count) : 0;
  const offline = new Set(inStableOrder("offline", sites).slice(0, some));
  const untouched: Record<string, ObservedSite> = {};
  for (const site of new Set([...sites, ...Object.keys(start.mirrors)])) {
    const apps = Object.entries(own(start.mirrors, site) ?? {}).map(([app, entry]) => [
      app,
      observeApp(oldApp("tree" in entry ? entry.tree : ""), start.now),
    ]);
    untouched[site] = { reachable: !offline.has(site), apps: Object.fromEntries(apps) };
  }
  const placed = Object.entries(start.desired).map(([app, desired]) => [
    app,
    Object.keys(desired.sites),
  ]);
  return {
    start: { ...start, observed: untouched },
    untouched,
    placedByHead: Object.fromEntries(placed) as SimulatedWorld["placedByHead"],
    entitled: new Map(),
  };
}

/** The fleet with what was written to control when the head began to be followed. */
export function fleetAtStart(
  { start }: SimulatedWorld,
  changes: RolloutPlan["changes"],
): SimulatedFleet {
  return {
    now: start.now,
    control: controlAfter(start.control, changes),
    mirrors: start.mirrors,
    good: start.good ?? {},
    live: new Map(),
    stopped: {},
  };
}

/** What the planner is asked. */
export function plannerInput(world: SimulatedWorld, fleet: SimulatedFleet): PlannerInput {
  const { start, placedByHead } = world;
  const { now, control, mirrors, good } = fleet;
  const workers = Object.entries(start.workers).map(([mirror, worker]) => [
    mirror,
    { ...worker, stopped: fleet.stopped[mirror] ?? {}, isAtHead: true },
  ]);
  return {
    now,
    control,
    sites: withLeavingSites(start.headSites, control.sites),
    mirrors,
    observed: observe(world, fleet),
    workers: Object.fromEntries(workers) as PlannerInput["workers"],
    budgets: start.budgets,
    entitled: entitledTrees(world, control),
    good,
    placedByHead,
    dependsOn: start.dependsOn ?? {},
    objectsOf: (tree) => start.objectsOf(tree),
    keptOf: (tree) => start.keptOf?.(tree) ?? new Set(),
    madeAnewOf: (tree) => start.madeAnewOf?.(tree),
  };
}

function observe({ untouched }: SimulatedWorld, fleet: SimulatedFleet): PlannerInput["observed"] {
  const observed: Record<string, ObservedSite> = { ...untouched };
  for (const [site, live] of fleet.live) {
    const known = own(untouched, site) ?? { reachable: true, apps: {} };
    const apps = { ...known.apps };
    for (const [app, one] of Object.entries(live)) apps[app] = observeApp(one, fleet.now);
    observed[site] = { ...known, apps };
  }
  return observed;
}

/** What each site is entitled to: most plans change neither what is current nor a list. */
function entitledTrees(world: SimulatedWorld, control: ControlState): PlannerInput["entitled"] {
  const entitled: Record<string, Trees> = {};
  for (const [app, known] of Object.entries(control.apps)) {
    const { current, open } = known;
    const lists = open.filter(({ kind }) => kind === "app").map(({ list }) => list);
    const last = world.entitled.get(app);
    const isSame =
      last?.current === current &&
      last.lists.length === lists.length &&
      lists.every((list, at) => list === last.lists[at]);
    const trees = isSame ? last.trees : treesOf(world.start, app, known);
    world.entitled.set(app, { current, lists, trees });
    entitled[app] = trees;
  }
  return entitled;
}

/** Trees of the head where its release is current, else those of the base. */
function treesOf(start: StartInput, app: string, known: AppControl): Trees {
  const releaseOf = entitlements(known);
  const [before, after] = [own(start.entitled, app), own(start.desired, app)?.sites];
  const trees: Record<string, TreeId> = {};
  for (const [site, { labels }] of start.headSites) {
    const source = releaseOf(site, labels)?.source;
    const from = source === undefined ? undefined : source === start.head ? after : before;
    const tree = own(from, site);
    if (tree !== undefined) trees[site] = tree;
  }
  return trees;
}

/** The fleet once a plan has been carried out, in no time: applying is a part of the time until an app is healthy. */
export function carryOut(
  world: SimulatedWorld,
  { fleet, plan }: { readonly fleet: SimulatedFleet; readonly plan: RolloutPlan },
  behaviour: Behaviour,
): SimulatedFleet {
  const control = controlAfter(fleet.control, plan.changes);
  if (plan.siteMoves.length === 0 && plan.handOvers.length === 0) return { ...fleet, control };
  const draft: Draft = {
    now: fleet.now,
    mirrors: { ...fleet.mirrors },
    good: { ...fleet.good },
    live: new Map(fleet.live),
    stopped: { ...fleet.stopped },
  };
  for (const move of plan.siteMoves) moveSite(draft, move);
  for (const handOver of plan.handOvers) deliver(world, draft, { handOver, behaviour });
  return { ...fleet, ...draft, control };
}

interface Draft {
  readonly now: number;
  readonly mirrors: Record<string, Readonly<Record<string, MirrorEntry>>>;
  readonly good: Record<string, Readonly<Record<string, TreeId>>>;
  readonly live: Map<string, Readonly<Record<string, LiveApp>>>;
  readonly stopped: Record<string, Readonly<Record<string, string>>>;
}

function moveSite(draft: Draft, move: SiteMove): void {
  const { site } = move;
  if ("leave" in move) {
    delete draft.mirrors[site];
    const known = draft.stopped[move.leave];
    draft.stopped[move.leave] = { ...known, [site]: `moved at ${draft.now}` };
    return;
  }
  const entries = Object.entries(move.trees).map(([app, tree]) => [app, { tree }] as const);
  if (entries.length > 0) draft.mirrors[site] = Object.fromEntries(entries);
  draft.good[site] = move.good;
}

function deliver(
  world: SimulatedWorld,
  draft: Draft,
  { handOver, behaviour }: { handOver: HandOver; behaviour: Behaviour },
): void {
  const { site } = handOver;
  const mirror = { ...own(draft.mirrors, site) };
  const live = { ...draft.live.get(site) };
  for (const { app, set, good } of handOver.apps) {
    if (good !== null) draft.good[site] = { ...own(draft.good, site), [app]: good };
    if ("clear" in set) {
      delete mirror[app];
      continue;
    }
    const { now } = draft;
    const tree = "tree" in set ? set.tree : null;
    mirror[app] = "tree" in set ? { tree: set.tree } : set;
    live[app] = handedApp(live[app] ?? standing(world, site, app), {
      tree,
      now,
      fate: fateOf(world, behaviour, { app, site, tree }),
    });
  }
  draft.live.set(site, live);
  if (Object.keys(mirror).length === 0) delete draft.mirrors[site];
  else draft.mirrors[site] = mirror;
}

function standing({ start }: SimulatedWorld, site: string, app: string): LiveApp | undefined {
  const entry = own(own(start.mirrors, site), app);
  return entry !== undefined && "tree" in entry ? oldApp(entry.tree) : undefined;
}

/** What stood there before the simulation is good, and so is leaving. */
function fateOf(
  world: SimulatedWorld,
  behaviour: Behaviour,
  { app, site, tree }: { app: string; site: string; tree: TreeId | null },
): Fate {
  const fate = behaviour({ app, site });
  const isOld = tree === null || standing(world, site, app)?.tree === tree;
  return isOld ? { ...fate, breaksAfterMs: null } : fate;
}

/** When something changes by itself in the clusters, after now; Infinity: never. */
export function nextFleetTurn({ now, live, control }: SimulatedFleet): number {
  const waits = new Map(Object.entries(control.apps).map(([app, of]) => [app, minReadyTimes(of)]));
  let next = Infinity;
  for (const apps of live.values()) {
    for (const [name, app] of Object.entries(apps))
      next = Math.min(next, nextTurn(app, { now, minReadyMs: waits.get(name) ?? [] }));
  }
  return next;
}

function minReadyTimes({ open, current }: AppControl): readonly number[] {
  const times = open.map(({ minReadyMs }) => minReadyMs);
  return [...new Set([...times, current.openList?.minReadyMs ?? 0])];
}
