/** The fleet repository as data: what a commit says, what a change makes of it, and its files. */
import type { SourceFile } from "../../src/core/model/fleet-model.ts";
import {
  appYaml,
  configMapYaml,
  fleetYaml,
  regionYaml,
  siteYaml,
  strategyYaml,
  virtualSiteYaml,
} from "../support/fleet.ts";

export const regions = ["east", "west"] as const;
export const siteNames = ["s1", "s2", "s3", "s4"] as const;
export const appNames = ["till", "web"] as const;
/** The version decides how its pods do: `bad` ones crash, `slow` ones take 9 s. */
export const versions = ["v1", "v2", "v3", "bad", "slow"] as const;

type Region = (typeof regions)[number];

interface StorySite {
  readonly region: Region;
  readonly tier: "shop" | "depot";
  readonly suspend: boolean;
}

interface StoryApp {
  readonly version: string;
  /** Only at sites of this tier. */
  readonly tier: StorySite["tier"] | null;
  /** Has a second ConfigMap. */
  readonly hasExtra: boolean;
}

export interface StoryHead {
  readonly sites: Readonly<Record<string, StorySite>>;
  readonly apps: Readonly<Record<string, StoryApp>>;
  readonly maxInFlight: string | number;
  readonly maxUnavailable: string | number;
  readonly failureBudget: string | number;
  readonly approval: boolean;
  readonly deletionBudget: number;
  /** Of the strategy, where it is another than that of most stories. */
  readonly strategy?: object;
}

export const firstHead: StoryHead = {
  sites: {
    s1: { region: "east", tier: "shop", suspend: false },
    s2: { region: "east", tier: "depot", suspend: false },
    s3: { region: "west", tier: "shop", suspend: false },
  },
  apps: { web: { version: "v1", tier: null, hasExtra: true } },
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
  | { readonly do: "site"; readonly site: string }
  | { readonly do: "label"; readonly site: string }
  | { readonly do: "region"; readonly site: string }
  | { readonly do: "suspend"; readonly site: string }
  | {
      readonly do: "budgets";
      readonly maxInFlight: number;
      readonly maxUnavailable: number;
      readonly failureBudget: number;
      readonly approval: boolean;
      readonly deletionBudget: number;
    };

/** The head after a change; `previous` is the one before. */
export function changeHead(head: StoryHead, previous: StoryHead, change: Change): StoryHead {
  if (change.do === "revert") return previous;
  if ("site" in change) return { ...head, sites: changeSites(head.sites, change) };
  if ("app" in change) return { ...head, apps: changeApps(head.apps, change) };
  const { do: _, ...budgets } = change;
  return { ...head, ...budgets };
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

/** The last commits of a story: everything is good, all may move, nobody need be asked. */
export function goodHead(head: StoryHead, version: string): StoryHead {
  const sites = Object.entries(head.sites).map(
    ([name, site]) => [name, { ...site, suspend: false }] as const,
  );
  const apps = Object.entries(head.apps).map(([name, app]) => [name, { ...app, version }] as const);
  return {
    sites: Object.fromEntries(sites),
    apps: Object.fromEntries(apps),
    maxInFlight: "100%",
    maxUnavailable: "100%",
    failureBudget: "100%",
    approval: false,
    deletionBudget: 1000,
  };
}

/** The apps that a head places at a site. */
export function appsAt(head: StoryHead, site: string): string[] {
  const tier = head.sites[site]?.tier;
  return Object.keys(head.apps).filter((name) => {
    const app = head.apps[name];
    return tier !== undefined && (app?.tier === null || app?.tier === tier);
  });
}

/** The files of a head. */
export function filesOf(head: StoryHead): SourceFile[] {
  const { maxInFlight, maxUnavailable, failureBudget, approval, deletionBudget } = head;
  const texts: Record<string, string> = {
    "fleet.yaml": fleetYaml({
      rollout: { strategy: "quick" },
      deletionBudget: { objects: deletionBudget, percent: 100 },
    }),
    "strategy.yaml": strategyYaml("quick", {
      stages: [
        { name: "canary", count: 1 },
        { name: "rest", ...(approval && { approval: true }) },
      ],
      soak: "1s",
      minReady: "1s",
      progressDeadline: "12s",
      maxInFlight,
      maxUnavailable,
      failureBudget,
      ...head.strategy,
    }),
    "virtual.yaml": virtualSiteYaml("all"),
    "shops.yaml": virtualSiteYaml("shop", "tier=shop"),
    "depots.yaml": virtualSiteYaml("depot", "tier=depot"),
  };
  for (const region of regions) texts[`regions/${region}.yaml`] = regionYaml(region);
  for (const [name, { region, tier, suspend }] of Object.entries(head.sites)) {
    const spec = suspend ? { suspend } : {};
    texts[`sites/${name}.yaml`] = siteYaml(name, { region, labels: { tier, unit: name }, spec });
  }
  for (const [name, app] of Object.entries(head.apps)) {
    texts[`apps/${name}.yaml`] = appYaml(name, { virtualSites: [app.tier ?? "all"] });
    texts[`manifests/${name}/settings.yaml`] = configMapYaml("settings", { version: app.version });
    texts[`manifests/${name}/deployment.yaml`] = deploymentYaml(name, app.version);
    if (app.hasExtra) texts[`manifests/${name}/extra.yaml`] = configMapYaml("extra", { a: "b" });
  }
  return Object.entries(texts).map(([path, text]) => ({ path, text }));
}

function deploymentYaml(name: string, version: string): string {
  const labels = `{run: ${name}}`;
  return `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  replicas: 1
  selector: {matchLabels: ${labels}}
  template:
    metadata: {labels: ${labels}}
    spec: {containers: [{name: main, image: "example.com/${name}:${version}"}]}
`;
}
