/**
 * The planner's input and output. Two pure functions share them:
 *
 *   startReleases(StartInput) -> StartPlan     once per newly followed head: which releases begin, are superseded, ...
 *   planRollout(PlannerInput) -> RolloutPlan   at any time: what may move now, what waits, why, and what ends it
 *
 * Both are level-based and idempotent: run again on the state they lead to, they change nothing.
 */
import type { LeavingMarker } from "../protocol/mirror-layout.ts";
import type { HealthStatus } from "../health/health.ts";
import type { Labels } from "../model/fleet-model.ts";
import type { ObjectId } from "../model/kube-object.ts";
import type { TreeId } from "../render/rendered.ts";
import type {
  Approval,
  Arrivals,
  BadReleases,
  CarriedDecision,
  CurrentReleases,
  FollowedHead,
  Hold,
  Release,
  ReleaseChecks,
  ReleaseRef,
  RemovalVerb,
  RollbackScope,
  UrgentRules,
  WorkerSilences,
} from "./records.ts";
import type { SiteAssignment } from "./site-assignment.ts";
import type { WindowTimes } from "./windows/next-opening.ts";

/** Everything of `control`, parsed. */
export interface ControlState {
  readonly head: FollowedHead | null;
  readonly epoch: number;
  readonly apps: Readonly<Record<string, AppControl>>;
  readonly holds: readonly Hold[];
  readonly sites: Readonly<Record<string, SiteAssignment>>;
  readonly workers: Readonly<Record<string, WorkerSilences>>;
  /** Decisions of the fleet repository that were carried out; absent: none. */
  readonly decisions?: Readonly<Record<string, CarriedDecision>>;
}

export interface AppControl {
  readonly current: CurrentReleases;
  readonly open: readonly Release[];
  /** Input digests that are not tried again. */
  readonly bad: readonly string[];
  /** Trees of releases that were found bad, and where. */
  readonly badTrees?: BadReleases["trees"];
  /** Absent: the open list has handed over nothing that is not settled. */
  readonly arrivals?: Arrivals;
}

/** A site as the followed head declares it, or as one did that leaves (`withLeavingSites`). */
export interface SiteFacts {
  readonly region: string;
  readonly mirror: string;
  readonly labels: Labels;
  readonly suspend: boolean;
  /** IANA name of its time zone; absent: UTC. */
  readonly timeZone?: string;
  /** Where a later head does not declare it, its apps leave it before it is forgotten. */
  readonly decommission?: true;
  /** The head does not declare it any more: it is on the way out. */
  readonly leaves?: true;
}

/** Of all sites that there are, by name. */
export type FactsBySite = ReadonlyMap<string, SiteFacts>;

/** What stands in the mirrors now, per site and app: a tree, or a leaving marker. */
export type MirrorState = Readonly<Record<string, Readonly<Record<string, MirrorEntry>>>>;
export type MirrorEntry =
  | { readonly tree: TreeId }
  | { readonly leaving: Readonly<Omit<LeavingMarker, "expected">> };

/** Per site: the mirrors in which it stands, with apps or without. */
export type StandsIn = Readonly<Record<string, readonly string[]>>;

/** What a worker last told about an app at a site. Ages are of the worker's own monotonic clock. */
export interface ObservedApp {
  /** Tree whose objects were all applied; null: none, another one has come in part since, or it has left (`left`). */
  readonly tree: TreeId | null;
  /** A `.leaving` marker has been carried out. */
  readonly left: boolean;
  readonly health: HealthStatus;
  /**
   * For how long it has been healthy without a break on `tree`, as of when its worker was last heard; 0 when it is
   * not.
   */
  readonly healthyForMs: number;
  /** The longest such time since `tree` was applied: once healthy for minReady, a later break is a failure. */
  readonly longestHealthyMs: number;
  /** It was healthy at least once, on any tree: else it is `joining`. */
  readonly everHealthy: boolean;
  /** Objects whose health nobody knows. */
  readonly unverified: number;
  /** One line: what is wrong, or what it waits for. */
  readonly message: string;
}

/** What is known of a site now. */
export interface ObservedSite {
  /** False when a live worker says that the site has not answered for `offlineAfter`. */
  readonly reachable: boolean;
  /** Absent: nobody has told. */
  readonly kubernetesVersion?: string;
  readonly apps: Readonly<Record<string, ObservedApp>>;
}

/** What is known of a mirror's worker now. */
export interface ObservedWorker {
  /**
   * Time since when it is silent (ms); null: it is live. A worker not heard by this leader yet is silent, since the
   * last thing that control recorded: what happened while no leader looked is nobody's failure.
   */
  readonly silentSince: number | null;
  /** When it last reported (ms): what it said of healthy apps holds as of then. Absent: now. */
  readonly heardAt?: number;
  /**
   * Sites it had and has stopped writing to, with the mirror commit that took them away; "" for those that it never had,
   * which says something only of the head that it follows.
   */
  readonly stopped: Readonly<Record<string, string>>;
  /** It follows the newest commit of its mirror: what it says that it has stopped is so after that commit too. */
  readonly isAtHead?: boolean;
  /** It follows nothing, and its mirror has nothing: it writes nowhere. */
  readonly followsNothing?: boolean;
  /** Its mirror may lack what it follows: no site comes there before they agree. */
  readonly isAwaited?: boolean;
  /** The same, also where an operator lets its region go on without it: what the mirror does not have may stand there. */
  readonly mirrorMayLack?: boolean;
  /** Its mirror is damaged or gone. */
  readonly isMirrorUnreadable?: boolean;
}

export interface FleetBudgets {
  /** null: no bound. */
  readonly maxSitesInFlight: number | null;
  /** Label keys of a failure domain; empty: the region. */
  readonly failureDomains: readonly string[];
  /**
   * Windows of the commits whose bounds hold; of one name there may be several, which all count. A name that is not here
   * holds nothing.
   */
  readonly windows?: readonly WindowRule[];
}

/** A MaintenanceWindow: when it is open, whose clock counts, and of which sites and apps it speaks. */
export interface WindowRule extends WindowTimes {
  readonly name: string;
  /** The Fleet names it: it counts for every app. Else for those whose strategy does. */
  readonly everyApp: boolean;
  /** null: that of the site. */
  readonly timeZone: string | null;
  matches(labels: Labels): boolean;
}

export interface PlannerInput {
  readonly now: number;
  readonly control: ControlState;
  readonly sites: FactsBySite;
  readonly mirrors: MirrorState;
  /** In which mirrors each site stands: after a loss it may be several. Absent: where control has them. */
  readonly standsIn?: StandsIn;
  readonly observed: Readonly<Record<string, ObservedSite>>;
  readonly workers: Readonly<Record<string, ObservedWorker>>;
  readonly budgets: FleetBudgets;
  /**
   * Per app: the tree each site gets from the release it is entitled to (CurrentReleases), rendered with the site data
   * of the followed head. A site that the entitled release does not place is absent.
   */
  readonly entitled: Readonly<Record<string, Readonly<Record<string, TreeId>>>>;
  /** Per site and app: the good tree that stands in its mirror. It goes along when the site moves. */
  readonly good?: Readonly<Record<string, Readonly<Record<string, TreeId>>>>;
  /** Sites that the followed head places, per app: tells which sites wait for a first release. */
  readonly placedByHead?: Readonly<Record<string, readonly string[]>>;
  /** What each app of the followed head depends on; never in a circle. */
  readonly dependsOn?: Readonly<Record<string, readonly string[]>>;
  /** The version of each app that the followed head has: tells which of them is not tried again. */
  readonly wanted?: Readonly<Record<string, AppVersion>>;
  /** The tree that a site is to get from that version; undefined where the head does not place the app there. */
  wantedAt?(app: string, site: string): TreeId | undefined;
  /** Objects of a tree (any tree of an open list), for ties between apps. */
  objectsOf(tree: TreeId): ReadonlySet<ObjectId>;
  /** Objects of a tree that are let go of, not deleted, when they are dropped; as far as that is known. */
  keptOf?(tree: TreeId): ReadonlySet<ObjectId>;
  /** Apps of the followed head that kustomize or Helm have not rendered (yet), and why: what stands of them stays. */
  readonly unrendered?: { readonly apps: readonly string[]; readonly reason: string };
  /**
   * Objects of a tree that may be deleted to be made anew, each with a digest of what cannot be changed of it: in a tree
   * with another digest it is another object. Undefined: nothing is known of the tree.
   */
  madeAnewOf?(tree: TreeId): ReadonlyMap<ObjectId, string> | undefined;
  /** Set when control is missing or older than a mirror: everything is held. */
  readonly controlLost?: string;
  /** Set from when an operator has confirmed the mirrors of a lost control until a head is followed: nothing moves. */
  readonly awaitsHead?: AwaitedHead;
}

/** A head is to be followed before anything moves: why, and since when (RFC 3339). */
export interface AwaitedHead {
  readonly reason: string;
  readonly since: string;
}

/** What commits say of what leaves that lie between two followed heads: the strictest of their words counts. See ADR 10. */
export interface SkippedWords {
  /** `onRemoval` by app, where one of them has the app. */
  readonly verbs: ReadonlyMap<string, RemovalVerb>;
  /** The same by app and site, but for `delete`, where one of them has the app at a site that it was leaving already. */
  readonly back: ReadonlyMap<string, ReadonlyMap<string, RemovalVerb>>;
  /** Sites whose apps may not leave with them, whatever was said before. */
  readonly kept: ReadonlySet<string>;
}

/** Input of startReleases: the state, plus what the new head renders to. */
export interface StartInput extends PlannerInput {
  readonly head: string;
  /** Head followed before it; null for the first. Budgets come from its strategies. */
  readonly previousHead: string | null;
  /** The apps of the new head. */
  readonly desired: Readonly<Record<string, DesiredApp>>;
  /** Sites that the new head declares (a site that is not here is forgotten, never removed from). */
  readonly headSites: FactsBySite;
  /** Those of the previous head; absent: there was none. */
  readonly sitesBefore?: FactsBySite;
  /** Of the commits between the two heads; absent: there are none. */
  readonly skipped?: SkippedWords;
  /** Per app: trees of the entitled releases rendered with the site data of the *previous* head (for site releases). */
  readonly entitledBefore: Readonly<Record<string, Readonly<Record<string, TreeId>>>>;
  /** What becomes of each app's objects where it leaves (`removalVerbs`). */
  readonly onRemoval: Readonly<Record<string, RemovalVerb>>;
  /** What the new head says of that of which the one before says another word (`saidAnew`); absent: nothing. */
  readonly saidAnew?: Readonly<Record<string, RemovalVerb>>;
  /**
   * Commits by which apps leave that neither head has, by app: those before the commits that began their removals. Strategy
   * and dependencies of what still leaves are as they say.
   */
  readonly grantedBy?: Readonly<Record<string, string>>;
  /** What the apps of the previous head (else of `grantedBy`) depend on: for those that leave. */
  readonly dependedBefore?: Readonly<Record<string, readonly string[]>>;
  readonly deletionBudget: { readonly objects: number; readonly percent: number };
  /** Resolves the strategy of an app as the budgets' commit has it. */
  strategyOf(app: string): ResolvedStrategy;
  /**
   * The strategy of an app as the new head itself has it: for releases that older heads started, and that go on.
   * Undefined where the head does not have the app.
   */
  newestStrategyOf?(app: string): ResolvedStrategy | undefined;
  /** Kinds that are deleted only with consent. */
  isProtected(object: ObjectId): boolean;
}

/** What an app release is recognised by. */
export interface AppVersion {
  readonly digest: string;
  readonly renderer: number;
}

export interface DesiredApp extends AppVersion {
  readonly sites: Readonly<Record<string, TreeId>>;
}

/** A RolloutStrategy with its defaults filled in and its durations in ms. */
export interface ResolvedStrategy {
  readonly name: string;
  readonly stages: readonly ResolvedStage[];
  readonly minReadyMs: number;
  readonly progressDeadlineMs: number;
  readonly unknownBlocks: boolean;
  /** Which sites go back when a stage fails too often; null: none. */
  readonly rollback: RollbackScope | null;
  /** The checks of the app; absent: none. */
  readonly checks?: ReleaseChecks;
  /** Names of its MaintenanceWindows; absent: none but those of the Fleet. */
  readonly windows?: readonly string[];
  /** What an urgent release may do; absent: there are none. */
  readonly urgent?: UrgentRules;
}

export interface ResolvedStage {
  readonly name: string;
  readonly take:
    | { readonly selector: string; matches(labels: Labels): boolean }
    | { readonly count: number }
    | { readonly percent: number }
    /** One stage for each region, or for each value of a label. */
    | { readonly each: string }
    | { readonly rest: true };
  readonly approval: boolean;
  /** It passes only when somebody promotes it; absent: by itself. */
  readonly promotion?: "manual";
  readonly soakMs: number;
  readonly failureBudget: Amount;
  readonly maxInFlight: Amount;
  readonly maxUnavailable: Amount;
}

/** A number of sites, or a percentage of the stage's sites: floor, at least 1; 0 and 0 % are 0. */
export type Amount = { readonly count: number } | { readonly percent: number };

/** What is to be written to `control`: whole records by path, null removes one. */
export interface ControlChange {
  readonly path: string;
  readonly record: object | null;
  /** One line for the commit message: what happened. */
  readonly why: string;
  /** Of a release that ends by it. */
  readonly end?: ReleaseEnd;
  /** Of the open list of an app: what became of sites that are not on their way any more, and will not be again. */
  readonly joined?: JoinedSites;
}

/** Site -> what became of it; `gone`: a release decides about it now. */
export type JoinedSites = Readonly<Record<string, "arrived" | "failed" | "gone">>;

/** How a release ends: all its stages have passed, or something else has taken its place. */
export type ReleaseEnd =
  | { readonly through: true }
  /** `by`: source commit of the release that has; absent where no commit started that, or none has. */
  | { readonly through: false; readonly by?: string };

export interface StartPlan {
  readonly changes: readonly ControlChange[];
  /** Releases begun, superseded, found bad or empty, in words, for the commit status and the log. */
  readonly notes: readonly string[];
  /** Apps of which the head wants a version that is known to be bad: nothing of them begins. */
  readonly refused: readonly string[];
}

/** One site gets one app's tree (or its leaving marker, or nothing more) in a mirror commit. */
export interface HandOver {
  readonly site: string;
  readonly mirror: string;
  /** Apps that move in the same mirror commit: several when tied. */
  readonly apps: readonly {
    readonly app: string;
    /** null: the open list (joiners, returning sites). */
    readonly release: string | null;
    readonly set:
      | { readonly tree: TreeId }
      | {
          readonly leaving: {
            readonly verb: RemovalVerb;
            readonly release: string;
            readonly from: TreeId;
          };
        }
      | { readonly clear: "marker" };
    /** The tree that is left behind was healthy and not bad: it becomes `good/<site>/<app>`. */
    readonly good: TreeId | null;
  }[];
}

/** Codes of the reasons for which something waits. */
export type WaitCode =
  | "held"
  | "control-lost"
  | "unrendered"
  | "unknown-app"
  | "approval"
  | "deletions"
  | "earlier-stage"
  | "check"
  | "soak"
  | "promotion"
  | "no-success"
  | "failure-budget"
  | "in-flight-budget"
  | "unavailable-budget"
  | "fleet-budget"
  | "failure-domain"
  | "offline"
  | "suspended"
  | "worker-silent"
  | "progressing"
  | "failed"
  | "moving"
  | "removal-verb"
  | "no-current"
  | "bad-version"
  | "rolling-back"
  | "set-back"
  | "excused"
  | "no-good-tree"
  | "object-taken"
  | "window"
  | "dependency";

/** Why something does not move, and what would end that. `site` null: the whole stage or release. */
export interface Wait {
  readonly app: string;
  readonly release: string | null;
  readonly stage: string | null;
  readonly site: string | null;
  readonly code: WaitCode;
  /** One line naming gate, budget and who uses it up. */
  readonly reason: string;
  readonly endsWhen: string;
  /** The approval that would end it; absent where none would. */
  readonly needs?: NeededApproval;
}

/** An approval that nobody has given yet. `value` as in Approval; "" where the verb is to be chosen. */
export interface NeededApproval extends Pick<Approval, "what" | "value"> {
  readonly app: string;
  readonly release: string;
}

export interface RolloutPlan {
  /** To be committed to `control` before anything else is carried out. */
  readonly changes: readonly ControlChange[];
  /** To be carried out after `changes` (which already record them as handed). */
  readonly handOvers: readonly HandOver[];
  /** Sites to take out of a mirror (forgotten or moving), or to write to their new one. */
  readonly siteMoves: readonly SiteMove[];
  readonly waits: readonly Wait[];
  /** Time (ms) at which a time-bound gate may open; null: only events matter. */
  readonly wakeAt: number | null;
  /** Mirror -> time (ms) from which on a gate waits for a word of its worker, and for nothing else. */
  readonly asks: ReadonlyMap<string, number>;
  /** For how long (ms) at a stretch apps have to be healthy: what lies between two of these times opens nothing. */
  readonly readyMs: ReadonlySet<number>;
}

export type SiteMove =
  | { readonly site: string; readonly leave: string; readonly why: string }
  | {
      readonly site: string;
      readonly enter: string;
      readonly trees: Readonly<Record<string, TreeId>>;
      readonly good: Readonly<Record<string, TreeId>>;
      readonly fromMirror: string;
    };

/** Where a release stands, derived: for status, checks and the page. */
export interface ReleaseProgress {
  readonly app: string;
  readonly release: ReleaseRef | { readonly id: string };
  readonly kind: Release["kind"];
  readonly stages: readonly StageProgress[];
  /** `waiting`: also where only a check or a promotion is wanted, once the soak is over. */
  readonly state: "waiting" | "moving" | "soaking" | "held" | "failed" | "done";
  /** Who called it urgent, and why. */
  readonly urgent?: { readonly by: string; readonly at: string; readonly why: string };
}

/** Each site of the stage is in exactly one column, so the columns add up to `sites`. */
export interface StageProgress {
  readonly name: string;
  readonly by: string;
  readonly failureBudget: number;
  readonly maxInFlight: number;
  readonly maxUnavailable: number;
  readonly soakMs: number;
  readonly sites: number;
  readonly done: number;
  readonly inFlight: number;
  readonly waiting: number;
  readonly failed: number;
  readonly unchanged: number;
  readonly excused: number;
  /** How many of the excused ones could not be reached. */
  readonly offline: number;
  /** How many of those that count as failed were set back. */
  readonly rolledBack: number;
  readonly opened: boolean;
  readonly passed: boolean;
}
