/** Gathers, from what was read, the input of the planner: plain data, so that the same state plans the same. */
import { own } from "../core/rollout/own.ts";
import type {
  FleetBudgets,
  MirrorEntry,
  MirrorState,
  ObservedSite,
  ObservedWorker,
  PlannerInput,
} from "../core/rollout/planner-types.ts";
import type { TreeId } from "../core/render/rendered.ts";
import { awaitedHead } from "./control-loss.ts";
import type { ControlSnapshot } from "./control-repository.ts";
import type { SiteTrees } from "./entitlement.ts";
import { fleetBudgets, siteFacts } from "./fleet-facts.ts";
import type { MirrorRepository } from "./mirror-repository.ts";
import type { MirrorSnapshot } from "./mirror-snapshot.ts";
import type { Observations } from "./observations.ts";
import type { Rendering, ValidHead } from "./rendering.ts";
import { treeObjects } from "./tree-objects.ts";

/** A mirror with what stands in it. */
export interface ReadMirror {
  readonly mirror: MirrorRepository;
  readonly snapshot: MirrorSnapshot;
  /** It was written before, and its worker has not reported to this leader: its newest head may be the worker's. */
  readonly isAwaited: boolean;
  /** Its worker is at a head that the mirror does not have. */
  readonly isBehindWorker: boolean;
}

/** Everything that one pass has read. */
export interface ReadState {
  readonly now: number;
  readonly control: ControlSnapshot;
  readonly mirrors: readonly ReadMirror[];
  readonly head: ValidHead;
  /** The head followed before; its budgets bind what `head` started. */
  readonly previous: ValidHead | null;
  readonly entitled: Readonly<Record<string, SiteTrees>>;
  readonly observations: Observations;
  readonly rendering: Rendering;
  readonly controlLost: string | undefined;
}

/**
 * What stands in all mirrors; a site stands in one of them at a time. One of which only the meta file stands is there
 * too, without any app: it has not left.
 */
export function mirrorState(mirrors: readonly ReadMirror[]): MirrorState {
  const state: Record<string, Record<string, MirrorEntry>> = {};
  for (const { snapshot } of mirrors) {
    for (const [site, { apps }] of snapshot.sites) {
      state[site] = { ...own(state, site), ...Object.fromEntries(apps) };
    }
  }
  return state;
}

function goodTrees(mirrors: readonly ReadMirror[]): Record<string, Record<string, TreeId>> {
  const state: Record<string, Record<string, TreeId>> = {};
  for (const { snapshot } of mirrors) {
    for (const [site, { good }] of snapshot.sites) {
      if (good.size > 0) state[site] = Object.fromEntries(good);
    }
  }
  return state;
}

/** App -> sites, as a head places them; without a head, none. */
export function placedSites(head: ValidHead | null): Record<string, readonly string[]> {
  return Object.fromEntries(
    [...(head?.apps ?? [])].map(([app, { sites }]) => [app, [...sites.keys()]]),
  );
}

/** The planner's input. */
export function plannerInput(read: ReadState): PlannerInput {
  const { control, head, mirrors, rendering, controlLost } = read;
  return {
    now: read.now,
    control: control.state,
    sites: siteFacts(head.model),
    mirrors: mirrorState(mirrors),
    observed: observedSites(read),
    workers: observedWorkers(read),
    budgets: budgets(read),
    entitled: read.entitled,
    good: goodTrees(mirrors),
    placedByHead: placedSites(head),
    objectsOf: treeObjects(
      rendering,
      mirrors.map(({ mirror }) => mirror),
    ),
    ...(controlLost === undefined ? {} : { controlLost }),
    ...headAwaited(control),
  };
}

function headAwaited(control: ControlSnapshot): Pick<PlannerInput, "awaitsHead"> {
  const awaitsHead = awaitedHead(control);
  return awaitsHead === undefined ? {} : { awaitsHead };
}

/** A site's own mirror speaks for it, and no other. */
function observedSites({
  control,
  mirrors,
  observations,
}: ReadState): Record<string, ObservedSite> {
  const served = new Map<string, Set<string>>();
  for (const [site, { mirror }] of Object.entries(control.state.sites)) {
    served.set(mirror, (served.get(mirror) ?? new Set()).add(site));
  }
  const observed: Record<string, ObservedSite> = {};
  for (const { mirror } of mirrors) {
    Object.assign(
      observed,
      observations.sitesOf(mirror.name, served.get(mirror.name) ?? new Set()),
    );
  }
  return observed;
}

function observedWorkers({ mirrors, observations }: ReadState): Record<string, ObservedWorker> {
  return Object.fromEntries(
    mirrors.map(({ mirror: { name }, isBehindWorker }) => [
      name,
      observations.workerOf(name, isBehindWorker),
    ]),
  );
}

/** No commit grants what it needs: while a release of the head is open, the head before it sets the bounds. */
function budgets({ control, head, previous }: ReadState): FleetBudgets {
  const isUnderWay = Object.values(control.state.apps).some(({ open }) =>
    open.some(({ source }) => source === head.commit),
  );
  return fleetBudgets((isUnderWay ? (previous ?? head) : head).model);
}
