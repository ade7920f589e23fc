/** Gathers, from what was read, the input of the planner: plain data, so that the same state plans the same. */
import type { ObjectId } from "../core/model/kube-object.ts";
import { type RenderedApp, rendererNumber, type TreeId } from "../core/render/rendered.ts";
import type {
  AppVersion,
  FleetBudgets,
  MirrorState,
  ObservedSite,
  ObservedWorker,
  PlannerInput,
  StandsIn,
} from "../core/rollout/planner-types.ts";
import { awaitedHead } from "./control-loss.ts";
import type { ControlSnapshot } from "./control-repository.ts";
import type { SiteTrees } from "./entitlement.ts";
import { own } from "../core/rollout/own.ts";
import {
  bringsSites,
  dependencies,
  fleetBudgets,
  grantedBudgets,
} from "../core/rollout/fleet-facts.ts";
import { lackingInWords } from "./lacking.ts";
import type { MirrorRepository } from "./mirror-repository.ts";
import type { MirrorSnapshot } from "./mirror-snapshot.ts";
import type { Observations } from "./observations.ts";
import type { GoodTrees } from "./pass-memory.ts";
import type { Rendering, ValidHead } from "./rendering.ts";
import { treeObjects } from "./tree-objects.ts";

/** A mirror with what stands in it. */
export interface ReadMirror {
  readonly mirror: MirrorRepository;
  readonly snapshot: MirrorSnapshot;
  /** Its worker had not reported to this leader when the pass began: it may be further than this mirror, be it empty. */
  readonly isAwaited: boolean;
  /** Its worker is at a head that the mirror does not have. */
  readonly isBehindWorker: boolean;
  /** Its worker was silent when the pass began. */
  readonly isSilent: boolean;
}

/** Everything that one pass has read. */
export interface ReadState {
  readonly now: number;
  readonly control: ControlSnapshot;
  readonly mirrors: readonly ReadMirror[];
  /** What stands in the mirrors, by site. */
  readonly standing: MirrorState;
  readonly standsIn: StandsIn;
  readonly good: GoodTrees;
  readonly observed: Readonly<Record<string, ObservedSite>>;
  readonly head: ValidHead;
  /** The head followed before; its budgets bind what `head` started. */
  readonly previous: ValidHead | null;
  readonly entitled: Readonly<Record<string, SiteTrees>>;
  readonly observations: Observations;
  readonly rendering: Rendering;
  /** Objects of a standing tree that are let go of instead of deleted. */
  keptOf(tree: TreeId): ReadonlySet<ObjectId>;
  /** Objects of a tree that stands or was rendered which may be made anew; undefined of any other. */
  madeAnewOf(tree: TreeId): ReadonlyMap<ObjectId, string> | undefined;
  readonly controlLost: string | undefined;
}

/** The planner's input. */
export function plannerInput(read: ReadState): PlannerInput {
  const { control, head, mirrors, rendering, controlLost } = read;
  return {
    now: read.now,
    control: control.state,
    sites: head.facts,
    mirrors: read.standing,
    standsIn: read.standsIn,
    observed: read.observed,
    workers: observedWorkers(read),
    budgets: budgets(read),
    entitled: read.entitled,
    good: read.good,
    placedByHead: head.placed,
    dependsOn: dependencies(head.model),
    wanted: Object.fromEntries([...head.apps].map(([app, rendered]) => [app, versionOf(rendered)])),
    wantedAt: (app, site) => head.apps.get(app)?.sites.get(site),
    objectsOf: treeObjects(
      rendering,
      mirrors.map(({ mirror }) => mirror),
    ),
    keptOf: (tree) => read.keptOf(tree),
    madeAnewOf: (tree) => read.madeAnewOf(tree),
    ...(controlLost === undefined ? {} : { controlLost }),
    ...headAwaited(control),
    ...lackingApps(head),
  };
}

/** What an app release is recognised by. */
export function versionOf({ inputDigest }: RenderedApp): AppVersion {
  return { digest: inputDigest, renderer: rendererNumber };
}

function headAwaited(control: ControlSnapshot): Pick<PlannerInput, "awaitsHead"> {
  const awaitsHead = awaitedHead(control);
  return awaitsHead === undefined ? {} : { awaitsHead };
}

function lackingApps({ commit, lacking }: ValidHead): Pick<PlannerInput, "unrendered"> {
  if (lacking === null) return {};
  return {
    unrendered: { apps: [...lacking.apps.keys()], reason: lackingInWords(commit, lacking) },
  };
}

function observedWorkers({
  mirrors,
  observations,
  control,
}: ReadState): Record<string, ObservedWorker> {
  return Object.fromEntries(
    mirrors.map((read) => {
      const { name } = read.mirror;
      const { head } = read.snapshot;
      const isAhead = read.isBehindWorker || read.isAwaited;
      const worker = observations.workerOf(name, { isAhead, head });
      const unread = read.mirror.unreadable === null ? {} : { isMirrorUnreadable: true };
      const lacks = { isAwaited: mayLack(read, control), mirrorMayLack: isAhead };
      return [name, { ...worker, ...lacks, ...unread }];
    }),
  );
}

/**
 * The mirror may have come back from an older copy, or empty: a commit on it would part from what its worker follows,
 * which then could not be brought back. An operator's word that the region goes on without its worker ends the wait, as
 * long as that is silent.
 */
export function mayLack(
  { mirror, isAwaited, isBehindWorker, isSilent }: ReadMirror,
  { state: { workers } }: ControlSnapshot,
): boolean {
  if (!isAwaited && !isBehindWorker) return false;
  return !isSilent || own(workers, mirror.name)?.excused === undefined;
}

/**
 * While a release of the head is open, and where sites join by it, the head before it sets the bounds, for the open list
 * too, which uses up the same count of sites.
 */
function budgets({ control, head, previous }: ReadState): FleetBudgets {
  const own = fleetBudgets(head.model);
  if (previous === null) return own;
  const isUnderWay =
    bringsSites(head.facts, previous.facts) ||
    Object.values(control.state.apps).some(({ open }) =>
      open.some(({ source }) => source === head.commit),
    );
  if (!isUnderWay) return own;
  return grantedBudgets(previous.model, head.model);
}
