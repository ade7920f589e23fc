/** The fleet repository as data: what a commit says, and what a change makes of it. */
import type { CheckName, StagesName, WindowName } from "./fleet-files.ts";

export const regions = ["east", "west"] as const;
export const siteNames = ["s1", "s2", "s3", "s4"] as const;
export const appNames = ["till", "web"] as const;
export type AppName = (typeof appNames)[number];
/** The version decides how its pods do: `bad` ones crash, `slow` ones take 2.5 s. */
export const versions = ["v1", "v2", "v3", "bad", "slow"] as const;

type Region = (typeof regions)[number];

export interface StorySite {
  readonly region: Region;
  readonly tier: "shop" | "depot";
  readonly suspend: boolean;
}

/** What an app says of how it is to be treated; what is not set is as most fleets have it. */
export interface AppTraits {
  readonly checks?: readonly CheckName[] | undefined;
  readonly onRemoval?: "delete" | "orphan" | "hold" | undefined;
  readonly drift?: "correct" | "report" | "ignore" | undefined;
  /** Its settings name the tool whose fields are taken over. */
  readonly takesOver?: boolean | undefined;
  /** Has an object that nobody may delete, and one that nobody may delete unasked. */
  readonly hasKeepsake?: boolean | undefined;
  readonly hasVault?: boolean | undefined;
  /** Its settings are others at depots. */
  readonly isTiered?: boolean | undefined;
  /** Goes by the other strategy. */
  readonly isCalm?: boolean | undefined;
  /** Nothing of a version is written where the cluster would refuse a part of it. */
  readonly isAtomic?: boolean | undefined;
  /** Its objects are in another namespace. */
  readonly isElsewhere?: boolean | undefined;
  /** Has an object that cannot be changed, with its version in it: a new one is refused, or it is made anew for that. */
  readonly fixed?: "refused" | "anew" | undefined;
}

export interface StoryApp extends AppTraits {
  readonly version: string;
  /** Only at sites of this tier. */
  readonly tier: StorySite["tier"] | null;
  /** Has a second ConfigMap. */
  readonly hasExtra: boolean;
}

/** What the fleet and its strategies say. */
export interface FleetTraits {
  readonly maxInFlight?: string | number | undefined;
  readonly maxUnavailable?: string | number | undefined;
  readonly failureBudget?: string | number | undefined;
  readonly approval?: boolean | undefined;
  readonly deletionBudget?: number | undefined;
  readonly stages?: StagesName | undefined;
  readonly rollback?: "none" | "failed" | "stage" | "all" | undefined;
  /** What an urgent release may do is declared. */
  readonly hasUrgent?: boolean | undefined;
  readonly window?: WindowName | undefined;
  /** It counts for the apps of the usual strategy only. */
  readonly isWindowOfStrategy?: boolean | undefined;
  readonly maxSitesInFlight?: number | undefined;
  /** Order between the apps; a circle would be a mistake, and such a head starts nothing. */
  readonly doesTillNeedWeb?: boolean | undefined;
  /** The app that has the object which several had in their time. */
  readonly sharer?: string | undefined;
  /** What becomes of what a site has that a later head has not. */
  readonly decommission?: "delete" | undefined;
}

type StoryDecision = Readonly<Record<string, unknown>>;

export interface StoryHead extends FleetTraits {
  readonly sites: Readonly<Record<string, StorySite>>;
  readonly apps: Readonly<Record<string, StoryApp>>;
  readonly maxInFlight: string | number;
  readonly maxUnavailable: string | number;
  readonly failureBudget: string | number;
  readonly approval: boolean;
  readonly deletionBudget: number;
  /** `spec` of its Decisions, by name. */
  readonly decisions?: Readonly<Record<string, StoryDecision>>;
  /** Of the strategy, where it is another than that of most stories. */
  readonly strategy?: object;
}

export const firstApp: StoryApp = { version: "v1", tier: null, hasExtra: true, isTiered: true };
export const firstHead: StoryHead = {
  sites: {
    s1: { region: "east", tier: "shop", suspend: false },
    s2: { region: "east", tier: "depot", suspend: false },
    s3: { region: "west", tier: "shop", suspend: false },
  },
  apps: { web: firstApp },
  maxInFlight: 1,
  maxUnavailable: 1,
  failureBudget: 0,
  approval: false,
  deletionBudget: 50,
};

/** What an author does. */
export type Change =
  | { readonly do: "version"; readonly app: string; readonly version: string }
  | { readonly do: "revert" }
  | { readonly do: "app"; readonly app: string }
  | { readonly do: "place"; readonly app: string }
  | { readonly do: "extra"; readonly app: string }
  | { readonly do: "traits"; readonly app: string; readonly traits: AppTraits }
  | { readonly do: "site"; readonly site: string }
  | { readonly do: "label"; readonly site: string }
  | { readonly do: "region"; readonly site: string }
  | { readonly do: "suspend"; readonly site: string }
  | { readonly do: "undecide" }
  | ({ readonly do: "budgets" } & FleetTraits);

/** The head after a change; `previous` is the one before. */
export function changeHead(head: StoryHead, previous: StoryHead, change: Change): StoryHead {
  if (change.do === "revert") return previous;
  if ("site" in change) return { ...head, sites: changeSites(head.sites, change) };
  if ("app" in change) return { ...head, apps: changeApps(head.apps, change) };
  if (change.do === "undecide") return { ...head, decisions: {} };
  const { do: _, ...traits } = change;
  // The budgets are always there; what is taken back is only what need not be.
  return { ...head, ...traits } as StoryHead;
}

function changeApps(
  apps: StoryHead["apps"],
  change: Extract<Change, { app: string }>,
): StoryHead["apps"] {
  const known = apps[change.app];
  const fresh: StoryApp = { version: "v1", tier: null, hasExtra: false };
  if (change.do === "app") {
    if (known === undefined) return { ...apps, [change.app]: fresh };
    const { [change.app]: _, ...rest } = apps;
    return rest;
  }
  if (known === undefined) return apps;
  if (change.do === "version")
    return { ...apps, [change.app]: { ...known, version: change.version } };
  if (change.do === "extra")
    return { ...apps, [change.app]: { ...known, hasExtra: !known.hasExtra } };
  if (change.do === "traits") return { ...apps, [change.app]: { ...known, ...change.traits } };
  return { ...apps, [change.app]: { ...known, tier: known.tier === null ? "shop" : null } };
}

function changeSites(
  sites: StoryHead["sites"],
  change: Extract<Change, { site: string }>,
): StoryHead["sites"] {
  const known = sites[change.site];
  const fresh: StorySite = { region: "west", tier: "shop", suspend: false };
  if (known === undefined) {
    return change.do === "site" ? { ...sites, [change.site]: fresh } : sites;
  }
  if (change.do === "site") {
    if (Object.keys(sites).length < 3) return sites;
    const { [change.site]: _, ...rest } = sites;
    return rest;
  }
  const changed: StorySite = {
    region: change.do === "region" ? (known.region === "east" ? "west" : "east") : known.region,
    tier: change.do === "label" ? (known.tier === "shop" ? "depot" : "shop") : known.tier,
    suspend: change.do === "suspend" ? !known.suspend : known.suspend,
  };
  return { ...sites, [change.site]: changed };
}

/**
 * All may move at once, and nobody need be asked: the releases of the next commit have room. Sites that come back are
 * declared again, as are those that are suspended.
 */
export function roomyHead(head: StoryHead, back: StoryHead["sites"] = {}): StoryHead {
  const sites = Object.entries({ ...back, ...head.sites }).map(
    ([name, site]) => [name, { ...site, suspend: false }] as const,
  );
  const apps = Object.entries(head.apps).map(([name, app]) => {
    // Without what cannot be changed: where it was refused, a later word does not help.
    const { version, tier, hasExtra, hasKeepsake, hasVault, takesOver, isTiered, isElsewhere } =
      app;
    const kept = { version, tier, hasExtra, hasKeepsake, hasVault, takesOver, isTiered };
    return [name, { ...kept, isElsewhere }] as const;
  });
  return {
    sites: Object.fromEntries(sites),
    apps: Object.fromEntries(apps),
    maxInFlight: "100%",
    maxUnavailable: "100%",
    failureBudget: "100%",
    approval: false,
    deletionBudget: 1000,
    stages: "whole",
    sharer: head.sharer,
  };
}

/** The last commit of a story: everything is good. */
export function goodHead(
  head: StoryHead,
  version: string,
  { contested = new Set() }: { readonly contested?: ReadonlySet<string> } = {},
): StoryHead {
  const roomy = roomyHead(head);
  const apps = Object.entries(roomy.apps).map(
    ([name, app]) => [name, { ...app, version, takesOver: contested.has(name) }] as const,
  );
  return { ...roomy, apps: Object.fromEntries(apps) };
}

/** The apps that a head has no more at a site, and that the one before says are let go of there. */
export function letGoAt(site: string, before: StoryHead, head: StoryHead): string[] {
  const kept = new Set(appsAt(head, site));
  return appsAt(before, site).filter(
    (app) => !kept.has(app) && before.apps[app]?.onRemoval === "orphan",
  );
}

/** The namespace of an app's objects. */
export function appNamespace(app: string, { isElsewhere }: AppTraits): string {
  return isElsewhere === true ? `${app}-2` : app;
}

/** The apps that a head places at a site. */
export function appsAt(head: StoryHead, site: string): string[] {
  const tier = head.sites[site]?.tier;
  return Object.keys(head.apps).filter((name) => {
    const app = head.apps[name];
    return tier !== undefined && (app?.tier === null || app?.tier === tier);
  });
}
