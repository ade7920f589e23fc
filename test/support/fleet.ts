/** Fleets for tests: texts of single documents, a small valid fleet to change one thing of, and its model. */
import { formatDiagnostic } from "../../src/core/model/diagnostic.ts";
import type { FleetModel, SourceFile } from "../../src/core/model/fleet-model.ts";
import { loadFleet } from "../../src/core/model/load-fleet.ts";

/** Texts by path; null leaves a file of the default fleet out. */
export type FleetEdits = Readonly<Record<string, string | null>>;

/** Fields of a `spec`, as data. */
export type Spec = Readonly<Record<string, unknown>>;

const apiVersion = "flotilla.dev/v1alpha1";

/** A document of any kind, in block style: `apiVersion`, `kind`, `metadata` and `spec` are lines of their own. */
export function documentYaml(kind: string, metadata: object, spec: Spec): string {
  return `apiVersion: ${apiVersion}
kind: ${kind}
metadata: ${JSON.stringify(metadata)}
spec: ${JSON.stringify(spec)}
`;
}

export const fleetYaml = (spec: Spec = {}): string => documentYaml("Fleet", { name: "test" }, spec);

export const regionYaml = (name: string, spec: Spec = {}): string =>
  documentYaml("Region", { name }, spec);

export interface SiteOptions {
  readonly region: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly spec?: Spec;
}

export function siteYaml(name: string, { region, labels = {}, spec = {} }: SiteOptions): string {
  return documentYaml("Site", { name, labels }, { region, ...spec });
}

/** `selector` undefined: `all: true`. */
export function virtualSiteYaml(name: string, selector?: string | object): string {
  return documentYaml(
    "VirtualSite",
    { name },
    selector === undefined ? { all: true } : { selector },
  );
}

export interface AppOptions {
  readonly virtualSites?: readonly string[];
  /** Default: `manifests/<name>`. */
  readonly manifests?: string;
  /** Further fields of spec: `overlays`, `rollout`, `onRemoval`, … */
  readonly spec?: Spec;
}

export function appYaml(name: string, options: AppOptions = {}): string {
  const { virtualSites = ["all"], manifests = `manifests/${name}`, spec = {} } = options;
  return documentYaml(
    "App",
    { name },
    { namespace: name, source: { manifests }, placement: { virtualSites }, ...spec },
  );
}

export const strategyYaml = (name: string, spec: Spec = {}): string =>
  documentYaml("RolloutStrategy", { name }, spec);

export const windowYaml = (name: string, spec: Spec): string =>
  documentYaml("MaintenanceWindow", { name }, spec);

export function configMapYaml(name: string, data: Readonly<Record<string, string>> = {}): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: ${JSON.stringify(data)}\n`;
}

function deploymentYaml(name: string, image = `example.com/${name}:1`): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
  labels: {app: ${name}}
spec:
  replicas: 1
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      containers:
        - name: ${name}
          image: ${image}
`;
}

/**
 * A valid fleet without warnings, changed by `edits`: regions `east` (sites e1, e2) and `west` (w1, w2); label `ring`
 * is canary at e1, else main; label `tier` is shop at e1 and w1, depot at e2 and w2; virtual sites `all`, `shops`,
 * `depots`; app `web` (Deployment and ConfigMap) everywhere, app `till` (ConfigMap) at the shops.
 */
export function aFleet(edits: FleetEdits = {}): SourceFile[] {
  const texts: Record<string, string | null> = {
    "fleet.yaml": fleetYaml({ rollout: { strategy: "standard" } }),
    "regions/east.yaml": regionYaml("east"),
    "regions/west.yaml": regionYaml("west"),
    "sites/e1.yaml": siteYaml("e1", { region: "east", labels: { ring: "canary", tier: "shop" } }),
    "sites/e2.yaml": siteYaml("e2", { region: "east", labels: { ring: "main", tier: "depot" } }),
    "sites/w1.yaml": siteYaml("w1", { region: "west", labels: { ring: "main", tier: "shop" } }),
    "sites/w2.yaml": siteYaml("w2", { region: "west", labels: { ring: "main", tier: "depot" } }),
    "virtual-sites/all.yaml": virtualSiteYaml("all"),
    "virtual-sites/shops.yaml": virtualSiteYaml("shops", "tier=shop"),
    "virtual-sites/depots.yaml": virtualSiteYaml("depots", "tier=depot"),
    "strategies/standard.yaml": strategyYaml("standard", {
      stages: [{ name: "canary", selector: "ring=canary" }, { name: "rest" }],
      soak: "2s",
      minReady: "1s",
    }),
    "apps/web.yaml": appYaml("web"),
    "apps/till.yaml": appYaml("till", { virtualSites: ["shops"] }),
    "manifests/web/deployment.yaml": deploymentYaml("web"),
    "manifests/web/settings.yaml": configMapYaml("settings", { colour: "blue" }),
    "manifests/till/settings.yaml": configMapYaml("till", { currency: "EUR" }),
    ...edits,
  };
  return Object.entries(texts).flatMap(([path, text]) => (text === null ? [] : { path, text }));
}

/** The model of `aFleet(edits)`; throws with the diagnostics where that is not valid. */
export function aModel(edits: FleetEdits = {}): FleetModel {
  return modelOf(aFleet(edits));
}

/** The model of any files; throws with the diagnostics where they are not valid. */
export function modelOf(files: readonly SourceFile[]): FleetModel {
  const loaded = loadFleet(files);
  if (loaded.ok) return loaded.value;
  throw new Error(`not a valid fleet:\n${loaded.diagnostics.map(formatDiagnostic).join("\n")}`);
}
