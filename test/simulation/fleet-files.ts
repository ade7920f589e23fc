/** The files of a commit of a story. */
import type { SourceFile } from "../../src/core/model/fleet-model.ts";
import {
  appYaml,
  configMapYaml,
  documentYaml,
  fleetYaml,
  regionYaml,
  siteYaml,
  type Spec,
  strategyYaml,
  virtualSiteYaml,
  windowYaml,
} from "../support/fleet.ts";
import type { WindowRule } from "../../src/core/rollout/planner-types.ts";
import { appNamespace, regions, type StoryApp, type StoryHead } from "./fleet-story.ts";

/** The tool that has objects before Flotilla comes, or takes them. */
export const otherTool = "argocd-controller";

/** Stages as strategies have them; the last one may want an approval. */
const stages = {
  canary: [{ name: "canary", count: 1 }, { name: "rest" }],
  region: [{ name: "part", each: "region" }, { name: "rest" }],
  tier: [{ name: "canary", count: 1 }, { name: "part", each: "tier" }, { name: "rest" }],
  depots: [{ name: "canary", selector: "tier=depot" }, { name: "rest" }],
  whole: [{ name: "rest" }],
  share: [{ name: "canary", percent: 50, promotion: "manual" }, { name: "rest" }],
} as const;
export type StagesName = keyof typeof stages;
export const stagesNames = Object.keys(stages) as readonly StagesName[]; // the names of its fields

interface StoryWindow extends Spec {
  readonly virtualSites?: readonly string[];
  readonly open?: readonly { readonly start: string; readonly duration: string }[];
  readonly closed?: readonly {
    readonly from: string;
    readonly until: string;
    readonly all?: true;
  }[];
}

/** Windows that open and close while things happen: a story begins at 00:00:52. */
const windows = {
  short: {
    open: [
      { start: "00:00", duration: "56s" },
      { start: "00:01", duration: "5s" },
      { start: "00:02", duration: "1h" },
    ],
  },
  late: { open: [{ start: "00:01", duration: "1h" }] },
  shops: { virtualSites: ["shop"], open: [{ start: "00:01", duration: "1h" }] },
  freeze: { closed: [{ from: "2030-01-01T00:01", until: "2030-01-01T00:02" }] },
  stop: { closed: [{ from: "2030-01-01T00:00", until: "2030-01-01T00:01", all: true }] },
} as const satisfies Readonly<Record<string, StoryWindow>>;
export type WindowName = keyof typeof windows;
export const windowNames = Object.keys(windows) as readonly WindowName[]; // the names of its fields

/** Checks as the planner's invariants know them by name. */
const checks = {
  few: { when: "before", cel: "stage.inFlight < 2" },
  "none-failed": { when: "before", cel: "stage.failed == 0" },
  neighbour: { when: "after", cel: 'apps.all(name, name == "web" || apps[name].healthy)' },
  "some-time": { when: "after", cel: "app.healthyForSeconds >= 2" },
  most: { when: "after", cel: "stage.healthyShare > 0.5" },
} as const;
export type CheckName = keyof typeof checks;
export const checkNames = Object.keys(checks) as readonly CheckName[]; // the names of its fields

const fileLists = new WeakMap<StoryHead, readonly SourceFile[]>();

/** The files of a head. */
export function filesOf(head: StoryHead): readonly SourceFile[] {
  const known = fileLists.get(head) ?? Object.entries(textsOf(head)).map(knownFile);
  fileLists.set(head, known);
  return known;
}

const files = new Map<string, SourceFile>();
const mostFiles = 5000;

/** A text at a path is the same object in all stories: who reads it may know it again. */
function knownFile([path, text]: [path: string, text: string]): SourceFile {
  const key = `${path} ${text}`;
  const file = files.get(key) ?? Object.freeze({ path, text });
  if (files.size > mostFiles) files.clear();
  files.set(key, file);
  return file;
}

function textsOf(head: StoryHead): Record<string, string> {
  const texts: Record<string, string> = {
    ...fleetWide(head),
    "virtual.yaml": virtualSiteYaml("all"),
    "shops.yaml": virtualSiteYaml("shop", "tier=shop"),
    "depots.yaml": virtualSiteYaml("depot", "tier=depot"),
  };
  const { decommission } = head;
  const ofRegion = decommission === undefined ? {} : { decommission };
  for (const region of regions) texts[`regions/${region}.yaml`] = regionYaml(region, ofRegion);
  for (const [name, { region, tier, suspend }] of Object.entries(head.sites)) {
    const spec = suspend ? { suspend } : {};
    texts[`sites/${name}.yaml`] = siteYaml(name, { region, labels: { tier, unit: name }, spec });
  }
  for (const [name, app] of Object.entries(head.apps))
    Object.assign(texts, appFiles(head, name, app));
  for (const [name, spec] of Object.entries(head.decisions ?? {})) {
    texts[`decisions/${name}.yaml`] = documentYaml("Decision", { name }, spec);
  }
  return texts;
}

/** What each app depends on, by its own files. */
export function dependenciesOf({
  apps,
  doesTillNeedWeb,
}: StoryHead): Record<string, readonly string[]> {
  const needs = doesTillNeedWeb === true && apps["web"] !== undefined ? ["web"] : [];
  return Object.fromEntries(Object.keys(apps).map((name) => [name, name === "till" ? needs : []]));
}

/** Its window as a rule for invariants, worked out in UTC by plain arithmetic. */
export function windowRulesOf({
  window: name,
  isWindowOfStrategy,
  sites,
}: StoryHead): WindowRule[] {
  if (name === undefined) return [];
  const window: StoryWindow = windows[name];
  const open = window.open?.map(({ start, duration }) => ({
    days: new Set([0, 1, 2, 3, 4, 5, 6]),
    startMs: Date.parse(`1970-01-01T${start}Z`),
    durationMs: Number.parseInt(duration, 10) * (duration.endsWith("h") ? 3_600_000 : 1000),
  }));
  const closed = window.closed?.map(({ from, until, all = false }) => {
    return { from: Date.parse(`${from}Z`), until: Date.parse(`${until}Z`), all, why: "" };
  });
  const matches: WindowRule["matches"] = ({ unit = "" }) =>
    window.virtualSites === undefined || sites[unit]?.tier === "shop";
  const everyApp = isWindowOfStrategy !== true;
  return [{ name, everyApp, timeZone: "UTC", open: open ?? null, closed: closed ?? [], matches }];
}

/** Domains lie across the regions where stages go by the same label. */
function domainsOf({ stages: name }: StoryHead): Spec {
  return name === "tier" ? { failureDomains: ["tier"] } : {};
}

function fleetWide(head: StoryHead): Record<string, string> {
  const { deletionBudget, maxSitesInFlight, window, isWindowOfStrategy = false } = head;
  const named = window === undefined ? {} : { windows: [window] };
  const usual = stages[head.stages ?? "canary"].map((stage) =>
    stage.name === "rest" && head.approval ? { ...stage, approval: true } : stage,
  );
  const times = { soak: "1s", minReady: "1s", progressDeadline: "4s" };
  const { maxInFlight, maxUnavailable, failureBudget, rollback } = head;
  const urgent = { stages: ["rest"], soak: "0s", windows: "ignore" };
  const more = {
    ...(rollback !== undefined && { rollback }),
    ...(head.hasUrgent === true && { urgent }),
  };
  return {
    "fleet.yaml": fleetYaml({
      rollout: { strategy: "quick" },
      deletionBudget: { objects: deletionBudget, percent: 100 },
      ...(maxSitesInFlight !== undefined && { maxSitesInFlight }),
      ...(!isWindowOfStrategy && named),
      ...domainsOf(head),
    }),
    "strategy.yaml": strategyYaml("quick", {
      stages: usual,
      ...times,
      maxInFlight,
      maxUnavailable,
      failureBudget,
      ...more,
      ...(isWindowOfStrategy && named),
      ...head.strategy,
    }),
    "calm.yaml": strategyYaml("calm", {
      stages: [{ name: "canary", count: 2 }, { name: "rest" }],
      ...times,
      soak: "2s",
      maxInFlight: 2,
      maxUnavailable: "100%",
      failureBudget: 1,
      ...more,
    }),
    ...(window !== undefined && { "window.yaml": windowYaml(window, windows[window]) }),
  };
}

function appFiles(head: StoryHead, name: string, app: StoryApp): Record<string, string> {
  const manifest = (file: string, text: string): Record<string, string> => ({
    [`manifests/${name}/${file}.yaml`]: text,
  });
  return {
    [`apps/${name}.yaml`]: appYaml(name, {
      virtualSites: [app.tier ?? "all"],
      spec: {
        namespace: appNamespace(name, app),
        ...appSpec(app, dependenciesOf(head)[name] ?? []),
      },
    }),
    ...manifest(
      "settings",
      annotated("settings", {
        data: { version: app.version },
        ...(app.takesOver === true && { annotations: { "take-over": otherTool } }),
      }),
    ),
    ...manifest("deployment", deploymentYaml(name, app.version)),
    ...(app.hasExtra && manifest("extra", configMapYaml("extra", { a: "b" }))),
    ...(app.hasKeepsake === true &&
      manifest("keepsake", annotated("keepsake", { annotations: { prune: "keep" } }))),
    ...(app.hasVault === true &&
      manifest("vault", annotated("vault", { annotations: { protect: "true" } }))),
    ...(app.fixed !== undefined && manifest("fixed", fixedYaml(app.version, app.fixed))),
    ...(head.sharer === name && manifest("shared", annotated("shared", { namespace: "default" }))),
  };
}

function appSpec(app: StoryApp, dependsOn: readonly string[]): Spec {
  const { onRemoval, drift } = app;
  const asked = (app.checks ?? []).map((name) => ({ name, ...checks[name] }));
  const of = (at: "before" | "after") => {
    const found = asked.filter(({ when }) => when === at).map(({ name, cel }) => ({ name, cel }));
    return found.length === 0 ? {} : { [at]: found };
  };
  return {
    ...(asked.length > 0 && { checks: { ...of("before"), ...of("after") } }),
    ...(dependsOn.length > 0 && { dependsOn }),
    ...(onRemoval !== undefined && { onRemoval }),
    ...(app.isAtomic === true && { atomic: true }),
    ...(drift !== undefined && { drift: { mode: drift } }),
    ...(app.isCalm === true && { rollout: { strategy: "calm" } }),
    ...(app.isTiered === true && { overlays: [atDepots(app)] }),
  };
}

/** Other settings at depots: a site whose label changes gets another tree of the same version. */
function atDepots(app: StoryApp): Spec {
  const target = { kind: "ConfigMap", name: "settings" };
  const value = settingsAt({ tier: "depot" }, app);
  const json = [{ op: "replace", path: "/data/version", value }];
  return { virtualSites: ["depot"], patches: [{ target, json }] };
}

/** What an app's settings say at a site. */
export function settingsAt(
  site: { readonly tier: string } | undefined,
  { version, isTiered }: StoryApp,
): string {
  return isTiered === true && site?.tier === "depot" ? `${version} of depots` : version;
}

/** A ConfigMap with annotations of Flotilla's own. */
function annotated(
  name: string,
  {
    data = { a: "b" },
    annotations = {},
    namespace,
  }: {
    readonly data?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly namespace?: string;
  },
): string {
  const marks = Object.entries(annotations).map(([key, value]) => [`flotilla.dev/${key}`, value]);
  const metadata = {
    name,
    ...(namespace !== undefined && { namespace }),
    ...(marks.length > 0 && { annotations: Object.fromEntries(marks) as object }),
  };
  return `apiVersion: v1\nkind: ConfigMap\nmetadata: ${JSON.stringify(metadata)}\ndata: ${JSON.stringify(data)}\n`;
}

/** The cluster lets nobody change it. */
function fixedYaml(version: string, fixed: "refused" | "anew"): string {
  const annotations = fixed === "anew" ? { immutable: "recreate" } : {};
  return `${annotated("fixed", { data: { version }, annotations })}immutable: true\n`;
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
