import type { Wait } from "../rollout/planner-types.ts";
import type { RemovalVerb } from "../rollout/records.ts";
import type { TreeId } from "../render/rendered.ts";
import type { ObjectChange } from "./object-changes.ts";

/**
 * What going from one revision of a fleet to another does: plain JSON, the same for the same inputs. It is planned for
 * a fleet at rest: every site answers and runs, in health, what the base gives it.
 */
export interface FleetPlan {
  /** null: from nothing, all is new. */
  readonly base: string | null;
  readonly head: string;
  /** Plans of different renderers are not comparable. */
  readonly renderer: number;
  /** Sites where something changes, sorted. */
  readonly sites: readonly SitePlan[];
  /** How many sites the head declares, and those whose apps leave them before they are forgotten. */
  readonly siteCount: number;
  /** Each distinct change of an app's objects, and the sites that it happens at. */
  readonly variants: readonly VariantPlan[];
  /** Changes that look the same. */
  readonly groups: readonly DiffGroup[];
  readonly releases: readonly ReleasePlan[];
  /** The stages of all releases, in the order in which they open. */
  readonly stages: readonly StagePlan[];
  readonly deletions: DeletionPlan;
  /** Changes of fields that cannot be changed: API servers will refuse them. */
  readonly refusals: readonly string[];
  /** What happens to sites beside the change of their objects, and to the rules by which later changes roll out. */
  readonly notes: readonly string[];
  /** What its Decisions say, where that is new; no site above changes by it. */
  readonly decisions: readonly DecisionPlan[];
  /** What the planner says when it begins these releases; the controller logs the same. */
  readonly plannerNotes: readonly string[];
  /** What will make it wait, beside budgets and soaks, as far as the two revisions tell. */
  readonly waits: readonly PlannedWait[];
  /** As of when (ISO) windows were looked at; null: there is none, and the time is no input. */
  readonly at: string | null;
  /** sha256 (hex) of all of the above. */
  readonly digest: string;
}

/** A Decision that is new or says something else, or a hold that goes. */
export interface DecisionPlan {
  readonly decision: string;
  /** Where it stands; of a hold that goes, where it stood. */
  readonly file: string;
  readonly line: number;
  /** It is carried out once, when the head is followed, on what is under way then; false: a hold. */
  readonly isOnce: boolean;
  /** `rollback of app web, stage early`. */
  readonly says: string;
}

export interface SitePlan {
  readonly site: string;
  readonly region: string;
  readonly apps: readonly SiteAppPlan[];
}

/** What sites wait for when their turn comes: a window, a hold, an app that comes first, a check. */
export interface PlannedWait extends Pick<
  Wait,
  "app" | "release" | "code" | "reason" | "endsWhen"
> {
  readonly sites: readonly string[];
}

interface SiteAppPlan {
  readonly app: string;
  readonly change: "added" | "changed" | "removed";
  /** The release that brings it, and the stage; null: it comes by the open list, with what is current. */
  readonly release: string | null;
  readonly stage: string | null;
}

export interface VariantPlan {
  readonly app: string;
  /** null: the app was not there. */
  readonly from: TreeId | null;
  /** null: the app leaves. */
  readonly to: TreeId | null;
  readonly sites: readonly string[];
  readonly objects: readonly ObjectChange[];
}

/** Sites of an app whose objects change by the same lines, site names aside. */
export interface DiffGroup {
  readonly app: string;
  readonly sites: readonly string[];
  /** Positions in `variants`; the first stands for all. */
  readonly variants: readonly number[];
}

export interface ReleasePlan {
  readonly release: string;
  readonly app: string;
  readonly kind: "app" | "site" | "removal";
  readonly strategy: string;
  readonly sites: number;
  /** How the app leaves; only for removals. */
  readonly verb: RemovalVerb | null;
  readonly minReadyMs: number;
  readonly progressDeadlineMs: number;
}

export interface StagePlan {
  readonly release: string;
  readonly app: string;
  readonly name: string;
  /** How its sites are chosen, with the number that comes out: `10 % of 37 = 3`. */
  readonly by: string;
  readonly sites: readonly string[];
  readonly approval: boolean;
  readonly soakMs: number;
  /** Budgets in sites. */
  readonly failureBudget: number;
  readonly maxInFlight: number;
  readonly maxUnavailable: number;
}

export interface DeletionPlan {
  /** Objects that are deleted, counted at every site. */
  readonly objects: number;
  readonly perApp: Readonly<Record<string, number>>;
  /** Why somebody has to approve first; null: nobody has to. */
  readonly needsApproval: string | null;
}
