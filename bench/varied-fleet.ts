/** A fleet whose apps have many variants: each app has as many overlays as variants, each for a share of the sites. */
import type { SourceFile } from "../src/core/model/fleet-model.ts";

export interface VariedFleet {
  readonly sites: number;
  readonly sitesPerFile: number;
  readonly apps: number;
  readonly variants: number;
  /** Each app has one object more, which is another one at every site. */
  readonly isDiffering?: boolean;
  /** Each app's Deployment makes pods that it does not select, others at every site. */
  readonly isWarned?: boolean;
}

/** What differs from the first commit. */
export interface VariedChange {
  /** Written into a manifest of the first app. */
  readonly version?: number;
  readonly newSites?: number;
  /** How far the first site has gone on from its first share. */
  readonly moved?: number;
  /** Written into the first overlay of the first app. */
  readonly patched?: number;
}

const apiVersion = "flotilla.dev/v1alpha1";

function kind(name: string, metadata: object, spec: object): string {
  return `apiVersion: ${apiVersion}\nkind: ${name}\nmetadata: ${JSON.stringify(metadata)}\nspec: ${JSON.stringify(spec)}\n`;
}

/** Every file of the fleet. */
export function variedFleet(fleet: VariedFleet, change: VariedChange): readonly SourceFile[] {
  const files: [string, string][] = [
    ["fleet.yaml", kind("Fleet", { name: "bench" }, { rollout: { strategy: "at-once" } })],
    [
      "strategy.yaml",
      kind("RolloutStrategy", { name: "at-once" }, { stages: [{ name: "all", soak: "0s" }] }),
    ],
    ["everywhere.yaml", kind("VirtualSite", { name: "everywhere" }, { all: true })],
    ["region.yaml", kind("Region", { name: "eu" }, {})],
    ...virtualSites(fleet),
    ...sites(fleet, change),
    ...Array.from({ length: fleet.apps }, (_, app) =>
      appFiles(fleet, app, app === 0 ? change : {}),
    ).flat(),
  ];
  return files.map(([path, text]) => ({ path, text }));
}

function virtualSites({ variants }: VariedFleet): [string, string][] {
  return Array.from({ length: variants }, (_, variant) => [
    `virtual-sites/v${variant}.yaml`,
    kind("VirtualSite", { name: `v${variant}` }, { selector: `share=s${variant}` }),
  ]);
}

function sites(fleet: VariedFleet, { newSites = 0, moved = 0 }: VariedChange): [string, string][] {
  const texts = Array.from({ length: fleet.sites + newSites }, (_, site) => {
    const share = (site === 0 ? moved : site) % fleet.variants;
    const labels = { share: `s${share}`, country: "de" };
    return kind("Site", { name: `site-${site}`, labels }, { region: "eu" });
  });
  const { sitesPerFile } = fleet;
  return Array.from({ length: Math.ceil(texts.length / sitesPerFile) }, (_, file) => [
    `sites/${file}.yaml`,
    texts.slice(file * sitesPerFile, (file + 1) * sitesPerFile).join("---\n"),
  ]);
}

function appFiles(
  fleet: VariedFleet,
  app: number,
  { version = 0, patched = 0 }: VariedChange,
): [string, string][] {
  const { variants, isDiffering = false, isWarned = false } = fleet;
  const name = `app-${app}`;
  const overlays = Array.from({ length: variants }, (_, variant) => ({
    virtualSites: [`v${variant}`],
    replicas: [{ name, count: variant }],
    patches: [
      {
        merge: {
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata: { name },
          data: { v: `${variant}`, ...(variant === 0 && patched > 0 && { patched: `${patched}` }) },
        },
      },
    ],
  }));
  const labels = { app: "${site.name}" };
  const merge = { spec: { template: { metadata: { labels } } } };
  const mistaken = {
    virtualSites: ["everywhere"],
    patches: [{ target: { kind: "Deployment" }, merge }],
  };
  const spec = {
    namespace: name,
    source: { manifests: `apps/${name}/manifests`, ...(isDiffering && { expressions: true }) },
    placement: { virtualSites: ["everywhere"] },
    overlays: [...overlays, ...(isWarned ? [mistaken] : [])],
  };
  return [
    [`apps/${name}/app.yaml`, kind("App", { name }, spec)],
    [`apps/${name}/manifests/deployment.yaml`, deployment(name)],
    [`apps/${name}/manifests/settings.yaml`, configMap(name, version)],
    [`apps/${name}/manifests/more.yaml`, configMap(`${name}-more`, 0)],
    ...(isDiffering ? [[`apps/${name}/manifests/own.yaml`, ownMap(name)] as [string, string]] : []),
  ];
}

function configMap(name: string, version: number): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  version: "${version}"\n  text: ${"x".repeat(500)}\n`;
}

function ownMap(app: string): string {
  return `${configMap(`${app}-own`, 0)}  site: \${site.name}\n`;
}

function deployment(name: string): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
  labels: {app: ${name}}
spec:
  replicas: 2
  selector:
    matchLabels: {app: ${name}}
  template:
    metadata:
      labels: {app: ${name}}
    spec:
      containers:
        - name: main
          image: registry.example/${name}:1
          ports:
            - {containerPort: 8080, name: http}
          resources:
            requests: {cpu: 50m, memory: 64Mi}
            limits: {cpu: 500m, memory: 256Mi}
`;
}
