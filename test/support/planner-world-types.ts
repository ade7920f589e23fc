/** What a story of the planner's world is told in: commits with sites and apps, and how apps do at sites. */
import type { Checks } from "../../src/core/model/kinds/checks.ts";
import type { ObservedApp, WindowRule } from "../../src/core/rollout/planner-types.ts";
import type { RemovalVerb } from "../../src/core/rollout/records.ts";
import type { StrategySpec } from "./world-strategy.ts";

export type Labels = Readonly<Record<string, string>>;

/** An app of a commit. Its tree at a site is `<app>:<version>` and, with `variant`, what that says of the labels. */
export interface WorldApp {
  readonly version: string;
  readonly renderer?: number;
  readonly places?: (labels: Labels, site: string) => boolean;
  readonly variant?: (labels: Labels) => string;
  readonly objects?: readonly string[];
  /** Objects of a variant, where they are others. */
  readonly variantObjects?: Readonly<Record<string, readonly string[]>>;
  readonly strategy?: StrategySpec;
  readonly checks?: Checks;
  readonly onRemoval?: RemovalVerb;
  readonly dependsOn?: readonly string[];
}

export interface WorldSite {
  readonly decommission?: boolean;
  readonly region?: string;
  readonly labels?: Labels;
  readonly suspend?: boolean;
  readonly timeZone?: string;
}

export interface WorldHead {
  readonly sites: Readonly<Record<string, WorldSite>>;
  readonly apps: Readonly<Record<string, WorldApp>>;
  readonly deletionBudget?: { readonly objects: number; readonly percent: number };
  readonly maxSitesInFlight?: number;
  readonly failureDomains?: readonly string[];
  readonly windows?: readonly WindowRule[];
}

/** How an app does at a site, so many ms after its tree was applied. */
export type Behaviour = (at: {
  site: string;
  app: string;
  tree: string;
  afterMs: number;
}) => ObservedApp["health"];

export interface Live {
  tree: string | null;
  appliedAt: number;
  healthySince: number | null;
  longest: number;
  ever: boolean;
  left: boolean;
  health: ObservedApp["health"];
}
