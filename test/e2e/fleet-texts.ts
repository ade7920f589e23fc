/** The texts of a small fleet for end-to-end tests, each made by a function so that tests change one thing. */
import type { Edits } from "./fleet-repo.ts";

const header = "apiVersion: flotilla.dev/v1alpha1\n";

export function fleetText(extra = ""): string {
  return `${header}kind: Fleet
metadata: { name: e2e }
spec:
  rollout: { strategy: fast }
  drift: { interval: 3s, maxSitesPerMinute: 600 }
  deletionBudget: { objects: 50, percent: 100 }
${extra}`;
}

export function regionText(name: string): string {
  return `${header}kind: Region\nmetadata: { name: ${name} }\nspec: {}\n`;
}

export interface SiteText {
  readonly name: string;
  readonly region: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export function siteText({ name, region, labels = {} }: SiteText): string {
  return `${header}kind: Site
metadata:
  name: ${name}
  labels: ${JSON.stringify(labels)}
spec:
  region: ${region}
`;
}

export function virtualSiteText(name: string, selector: string): string {
  const spec = selector === "" ? "{ all: true }" : `{ selector: ${JSON.stringify(selector)} }`;
  return `${header}kind: VirtualSite\nmetadata: { name: ${name} }\nspec: ${spec}\n`;
}

export interface StrategyText {
  readonly name?: string;
  readonly stages?: readonly string[];
  readonly soak?: string;
  readonly progressDeadline?: string;
  /** Default: what failed stays where it is. */
  readonly rollback?: string;
  readonly windows?: readonly string[];
}

export function strategyText(options: StrategyText = {}): string {
  const stages = options.stages ?? ["{ name: canary, count: 1 }", "{ name: rest }"];
  return `${header}kind: RolloutStrategy
metadata: { name: ${options.name ?? "fast"} }
spec:
  stages:
${stages.map((stage) => `    - ${stage}`).join("\n")}
  soak: ${options.soak ?? "500ms"}
  minReady: 500ms
  progressDeadline: ${options.progressDeadline ?? "60s"}
  maxInFlight: 100%
  maxUnavailable: 100%
  failureBudget: 0
  rollback: ${options.rollback ?? "none"}
${options.windows === undefined ? "" : `  windows: [${options.windows.join(", ")}]\n`}`;
}

export interface AppText {
  readonly name: string;
  readonly virtualSites?: readonly string[];
  readonly overlays?: string;
  readonly extra?: string;
}

export function appText({ name, virtualSites = ["all"], overlays, extra = "" }: AppText): string {
  return `${header}kind: App
metadata: { name: ${name} }
spec:
  namespace: ${name}
  source: { manifests: manifests/${name} }
  placement: { virtualSites: [${virtualSites.join(", ")}] }
${overlays === undefined ? "" : `  overlays:\n${overlays}`}${extra}`;
}

export function configMapText(name: string, data: Readonly<Record<string, string>>): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\ndata: ${JSON.stringify(data)}\n`;
}

export function deploymentText(name: string, image: string, replicas = 1): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}, labels: { app: ${name} } }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      containers:
        - name: main
          image: ${image}
`;
}

/** Sites a1, a2 in region east and b1, b2 in region west; app `web` on all of them: a Deployment and a ConfigMap. */
export function fourSites(): Edits {
  const sites: readonly SiteText[] = [
    { name: "a1", region: "east", labels: { ring: "canary", tier: "shop" } },
    { name: "a2", region: "east", labels: { ring: "main", tier: "shop" } },
    { name: "b1", region: "west", labels: { ring: "main", tier: "shop" } },
    { name: "b2", region: "west", labels: { ring: "main", tier: "shop" } },
  ];
  return {
    "fleet.yaml": fleetText(),
    "regions/east.yaml": regionText("east"),
    "regions/west.yaml": regionText("west"),
    ...Object.fromEntries(sites.map((site) => [`sites/${site.name}.yaml`, siteText(site)])),
    "virtual/all.yaml": virtualSiteText("all", ""),
    "strategies/fast.yaml": strategyText({
      stages: ["{ name: canary, selector: ring=canary }", "{ name: rest }"],
    }),
    "apps/web.yaml": appText({ name: "web" }),
    "manifests/web/deployment.yaml": deploymentText("web", "example.com/web:1"),
    "manifests/web/settings.yaml": configMapText("settings", { colour: "blue" }),
  };
}
