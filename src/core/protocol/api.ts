/**
 * The controller's HTTP API (loopback; `Authorization: Bearer <token>`, the token lies in a file that the controller
 * writes, mode 0600). All bodies are JSON. A refusal is `{ "code", "message", "hint"? }` with 400 (bad request),
 * 401 (token), 404 (no such app, site, release), 409 (does not apply now) or 503 (passes by itself).
 *
 *   GET  /api/v1/status                        FleetStatus
 *   GET  /api/v1/explain?site=S&app=A          Explanation
 *   GET  /api/v1/history?app=A                 ReleaseHistory
 *   GET  /api/v1/diff?site=S[&app=A]           SiteDiff (core/protocol/site-diff.ts): the site's worker is asked
 *   POST /api/v1/rollout/<verb>                Decision without `verb` -> DecisionAnswer; one commit on control.
 *                                              `by` (optional): who decides, in the caller's own words
 *   POST /api/v1/page-code                     PageCode: a way into the status page, for a browser
 *   GET  /healthz                              200 when the loop runs, else 503 (no token)
 */
import type { HealthStatus } from "../health/health.ts";
import type { ReleaseProgress, Wait } from "../rollout/planner-types.ts";
import type { Release } from "../rollout/records.ts";

export interface FleetStatus {
  readonly fleet: string;
  /** Followed head, `main@sha1:<commit>`; null before the first. */
  readonly revision: string | null;
  /** Newest head seen but not followed, with the reason ("3 errors", "does not descend from ..."). */
  readonly refused: {
    readonly commit: string;
    readonly reason: string;
    /** `file:line:column: error: ...`, the first 50; empty where the commit itself is fine. */
    readonly mistakes: readonly string[];
  } | null;
  readonly sites: {
    readonly total: number;
    readonly synced: number;
    readonly healthy: number;
    readonly offline: number;
    readonly suspended: number;
  };
  readonly regions: readonly {
    readonly name: string;
    readonly sites: number;
    readonly worker: "live" | "silent";
    /** Somebody has said to go on without it until its worker is back. */
    readonly excused?: true;
    readonly message: string;
  }[];
  readonly apps: readonly AppStatus[];
  readonly siteList: readonly SiteStatus[];
  readonly releases: readonly ReleaseProgress[];
  readonly waits: readonly Wait[];
  readonly holds: readonly {
    readonly id: string;
    readonly scope: string;
    /** The same as data. */
    readonly target: HoldScope;
    /** The release that it lets through. */
    readonly release?: string;
    /** `file:line` of the Decision that declares it: it ends when that leaves the fleet repository. */
    readonly declared?: string;
    readonly by: string;
    readonly why: string;
  }[];
  /** Things an operator should know: "state is on one disk", "control was lost", ... */
  readonly warnings: readonly string[];
  /** Why all this may be old: the fleet repository cannot be read, or no pass can be made; absent: it is not. */
  readonly outdated?: string;
  /** Control was lost: everything is held until somebody resumes. */
  readonly controlLost?: true;
}

export interface AppStatus {
  readonly app: string;
  readonly sites: number;
  readonly synced: number;
  readonly healthy: number;
  readonly release: string | null;
}

/**
 * Since when an app stands at a site in the version that it is to have, and since when it is healthy there: two things.
 * Times as ISO 8601; each is absent where it is not so, or nobody knows.
 */
export interface AppTimes {
  /** All objects of that version had been applied. A release that changes none of them changes this neither. */
  readonly appliedAt?: string;
  /** It has been healthy without a break; at most since the worker has started. */
  readonly healthySince?: string;
}

export interface SiteStatus {
  readonly site: string;
  readonly region: string;
  readonly reachable: boolean;
  readonly suspended: boolean;
  /** No longer in the fleet: its apps leave it, then it is forgotten. */
  readonly leaving?: true;
  /** Which Kubernetes its API server last said it is; absent: nobody has told. */
  readonly kubernetesVersion?: string;
  /** What is wrong with all of it, as its worker says: what was met, what to look at, what ends it. */
  readonly message?: string;
  readonly apps: readonly (AppTimes & {
    readonly app: string;
    readonly sync: "Synced" | "OutOfSync" | "Unknown";
    readonly health: HealthStatus;
    readonly message: string;
    /** The release that stands there, and the commit it was made from, where that is known; null: none. */
    readonly release: string | null;
    readonly revision: string | null;
  })[];
}

export interface Explanation {
  readonly site: string;
  readonly app: string;
  /** One sentence: is the app there, why or why not, and that the newest commit is not followed where it is not. */
  readonly answer: string;
  readonly placed: boolean;
  /**
   * Virtual sites that place it, with selector text and place `file:line`; of a site that leaves the fleet, by which commit,
   * what is still there, and what is to be said where its cluster is gone.
   */
  readonly because: readonly string[];
  readonly overlays: readonly string[];
  readonly release: string | null;
  readonly tree: string | null;
  readonly observed:
    | (AppTimes & {
        readonly sync: string;
        readonly health: HealthStatus;
        readonly message: string;
      })
    | null;
  readonly waits: readonly Wait[];
  /** As of `FleetStatus`: nothing of that commit has come to the site. */
  readonly refused: FleetStatus["refused"];
}

/** The releases of an app, newest first. */
export interface ReleaseHistory {
  readonly app: string;
  readonly releases: readonly PastRelease[];
  /** There are older ones. */
  readonly more: boolean;
}

export interface PastRelease {
  readonly release: string;
  readonly kind: Release["kind"] | "rollback";
  /** Commit that started it; null: an operator did. */
  readonly source: string | null;
  /** The operator who started it; null: a commit did. */
  readonly by: string | null;
  readonly startedAt: string;
  readonly sites: number;
  readonly verdict: "open" | "done" | "superseded" | "stopped";
  readonly endedAt: string | null;
  /** How it ended, in words: `37 of 40 sites; 2 offline, 1 failed`. */
  readonly summary: string;
  /** It is current for the app's sites. */
  readonly isCurrent: boolean;
}

/** An operator's word. Each becomes one commit on control with who, when and why. */
export type Decision =
  | {
      readonly verb: "pause";
      readonly scope: HoldScope;
      readonly all?: boolean;
      /** A release of the app that goes on: newer ones are stopped. */
      readonly release?: string;
      readonly why: string;
    }
  | {
      readonly verb: "resume";
      readonly scope: HoldScope;
      /** As the pause named it. */
      readonly release?: string;
      readonly why: string;
    }
  | {
      readonly verb: "approve";
      readonly app: string;
      readonly release: string;
      /** Exactly one: a stage to open, the number of deletions, or the removal verb; or `recovery` of lost control. */
      readonly stage?: string;
      readonly deletions?: number;
      readonly removal?: "delete" | "orphan";
      readonly why: string;
    }
  | {
      readonly verb: "excuse";
      readonly app?: string;
      readonly release?: string;
      readonly site?: string;
      /** A whole region whose worker is silent. */
      readonly region?: string;
      /** Of the cluster of a site that moves, whose old worker is not waited for, or leaves the fleet, and is forgotten. */
      readonly uid?: string;
      readonly why: string;
    }
  | {
      readonly verb: "promote";
      readonly app: string;
      /** Absent: the candidate of the app, else its only open release. */
      readonly release?: string;
      /** The stage at which it is; absent: the same. */
      readonly stage?: string;
      readonly why: string;
    }
  | {
      readonly verb: "urgent";
      readonly app: string;
      /** Absent: the candidate of the app, else its only open release. */
      readonly release?: string;
      readonly why: string;
    }
  | {
      readonly verb: "retry";
      readonly app: string;
      readonly release: string;
      readonly site?: string;
      readonly why: string;
    }
  | {
      readonly verb: "rollback";
      readonly app: string;
      /** Absent: the candidate of the app, else its only open release. */
      readonly release?: string;
      /** A release that was through once: sites get what they had then. Not together with `release`. */
      readonly to?: string;
      /** At most one of these; neither: all sites that have it. */
      readonly site?: string;
      readonly stage?: string;
      readonly why: string;
    }
  | { readonly verb: "accept-head"; readonly commit: string; readonly why: string }
  | { readonly verb: "recover"; readonly why: string };

export interface HoldScope {
  readonly fleet?: true;
  readonly region?: string;
  readonly site?: string;
  readonly app?: string;
  readonly stage?: string;
}

/** Lets one browser in, once. */
export interface PageCode {
  /** To be put behind the controller's URL. */
  readonly path: string;
  readonly endsAt: string;
}

export interface DecisionAnswer {
  readonly commit: string;
  readonly message: string;
}
