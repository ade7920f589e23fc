/**
 * The fleet that is measured: sites spread evenly over regions, apps of equal size that are placed everywhere, one
 * stage without soak. So what is measured is the way of a change, and not the waiting that a strategy asks for.
 */

/** How large the fleet is. */
export interface FleetSize {
  readonly sites: number;
  readonly regions: number;
  readonly apps: number;
  /** Objects of each app: a Deployment, then ConfigMaps of about a kilobyte. */
  readonly objects: number;
}

/** Names of the sites, by region. */
export function sitesByRegion({ sites, regions }: FleetSize): Map<string, string[]> {
  const byRegion = new Map<string, string[]>();
  for (let index = 0; index < regions; index++) byRegion.set(nameOf("region", index), []);
  for (let index = 0; index < sites; index++) {
    byRegion.get(nameOf("region", index % regions))?.push(nameOf("site", index));
  }
  return byRegion;
}

function nameOf(prefix: string, index: number): string {
  return `${prefix}-${String(index).padStart(4, "0")}`;
}

/** Name of an app, by its number. */
export const appName = (index: number): string => `app-${index}`;

const apiVersion = "flotilla.dev/v1alpha1";

function kindYaml(kind: string, name: string, spec: object): string {
  return document(kind, { name }, spec);
}

function document(kind: string, metadata: object, spec: object): string {
  return `${JSON.stringify({ apiVersion, kind, metadata, spec })}\n`;
}

/** Every file of the fleet, by path. `version` is written into each object of each app. */
export function fleetFiles(size: FleetSize, version: number): Record<string, string> {
  const files: Record<string, string> = {
    "fleet.yaml": kindYaml("Fleet", "bench", {
      rollout: { strategy: "at-once" },
      // Each site is a domain of its own: none waits until the others of its region are healthy again.
      failureDomains: ["rack"],
    }),
    "strategy.yaml": kindYaml("RolloutStrategy", "at-once", {
      stages: [{ name: "all", soak: "0s", maxInFlight: "100%", maxUnavailable: "100%" }],
      minReady: "0s",
    }),
    "everywhere.yaml": kindYaml("VirtualSite", "everywhere", { all: true }),
  };
  for (const [region, sites] of sitesByRegion(size)) {
    files[`regions/${region}.yaml`] = kindYaml("Region", region, {});
    const documents = sites.map((site) =>
      document("Site", { name: site, labels: { rack: site } }, { region }),
    );
    files[`sites/${region}.yaml`] = documents.join("---\n");
  }
  for (let app = 0; app < size.apps; app++) {
    Object.assign(files, appFiles(appName(app), size.objects, version));
  }
  return files;
}

/** The files of one app. */
export function appFiles(app: string, objects: number, version: number): Record<string, string> {
  const spec = {
    namespace: app,
    source: { manifests: `apps/${app}/manifests` },
    placement: { virtualSites: ["everywhere"] },
  };
  return {
    [`apps/${app}/app.yaml`]: kindYaml("App", app, spec),
    [`apps/${app}/manifests/objects.yaml`]: appObjects(app, objects, version)
      .map((object) => `${JSON.stringify(object)}\n`)
      .join("---\n"),
  };
}

/** The objects of an app as they are written in the fleet repository. */
function appObjects(app: string, count: number, version: number): object[] {
  const maps = Array.from({ length: count - 1 }, (_, index) => configMap(app, index, version));
  return [deployment(app, version), ...maps];
}

function deployment(app: string, version: number): object {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: app, namespace: app, labels: { app } },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app } },
      template: {
        metadata: { labels: { app } },
        spec: {
          containers: [
            {
              name: "main",
              image: `registry.example/${app}:${version}`,
              ports: [{ containerPort: 8080, name: "http" }],
              env: [{ name: "LOG_LEVEL", value: "info" }],
              resources: {
                requests: { cpu: "50m", memory: "64Mi" },
                limits: { cpu: "500m", memory: "256Mi" },
              },
            },
          ],
        },
      },
    },
  };
}

function configMap(app: string, index: number, version: number): object {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: `settings-${index}`, namespace: app },
    data: { version: String(version), text: "x".repeat(700) },
  };
}
