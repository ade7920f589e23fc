/**
 * Many apps of four objects (a Deployment without replicas, ServiceAccount, Service, Ingress) that come to one real
 * cluster by one push; then what it costs that nothing changes, and a restart.
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ProxiedCluster } from "../test/support/kube-cluster.ts";
import { type BenchFleet, startFleetAt } from "./bench-fleet.ts";
import type { Note } from "./figure.ts";
import { measureMemory } from "./measure-processes.ts";
import { type RealCluster, placeKubeconfig } from "./real-cluster.ts";
import type { RateSize } from "./real-rate.ts";
import type { BenchSites } from "./simulated-sites.ts";
import { appName, fleetFiles } from "./synthetic-fleet.ts";

interface RealSites extends BenchSites {
  readonly dir: string;
}

/** Notes how long they take to be applied, and what comes after. */
export async function measureRealApps(
  cluster: RealCluster,
  { apps, objects }: RateSize,
  note: Note,
): Promise<void> {
  const size = { sites: 1, regions: 1, workers: 1, apps, objects };
  const files = fleetFiles({ ...size, apps: 0 }, 1);
  await using fleet = await startFleetAt<RealSites>(files, size, async (dir) => {
    const kubeconfigFile = (site: string): string => join(dir, `${site}.kubeconfig`);
    await placeKubeconfig(cluster.kubeconfigPath, kubeconfigFile(siteName));
    return { dir, kubeconfigFile };
  });
  await fleet.settled(fleet.head());
  await measureComing(cluster, fleet, note);
  await giveAddresses(cluster, apps);
  await fleet.settled(fleet.head());
  await measureMemory(fleet, note);
  // From here on by a way that counts; the kubeconfig is read again by itself.
  const counted = await cluster.counted(fleet.sites.dir);
  try {
    const kubeconfig = fleet.sites.kubeconfigFile(siteName);
    await placeKubeconfig(counted.kubeconfigPath, kubeconfig);
    await measureStanding(fleet, counted, note);
  } finally {
    await counted.close();
  }
}

const siteName = "site-0000";

async function measureComing(
  cluster: RealCluster,
  fleet: BenchFleet<RealSites>,
  note: Note,
): Promise<void> {
  const before = await cluster.cpuMs();
  const { commit, at } = await fleet.push(appsFiles(fleet.size.apps), "Bring the apps");
  const isApplied = (apps: readonly { readonly sync: string }[]): boolean =>
    apps.length === fleet.size.apps && apps.every(({ sync }) => sync === "Synced");
  await fleet.until("all apps are applied", ({ revision, siteList }) => {
    const [site] = siteList;
    return revision?.endsWith(commit) === true && site !== undefined && isApplied(site.apps);
  });
  note("pushed until all objects of all apps are applied", "s", [(Date.now() - at) / 1000]);
  const perObject = ((await cluster.cpuMs()) - before) / (fleet.size.apps * fleet.size.objects);
  note("CPU of each object, cluster", "ms", [perObject]);
}

const quietMs = 60_000;

async function measureStanding(
  fleet: BenchFleet<RealSites>,
  cluster: ProxiedCluster,
  note: Note,
): Promise<void> {
  const { proxy } = cluster;
  await sleep(20_000);
  proxy.forget();
  await sleep(quietMs);
  note("writes while nothing changes, a minute", "requests", [cluster.writes().length]);
  note("reads while nothing changes, a minute", "requests", [proxy.count({ method: "GET" })]);
  proxy.forget();
  const at = await fleet.restart();
  await fleet.settled(fleet.head());
  note("restart of controller and worker, until all is known again", "s", [
    (Date.now() - at) / 1000,
  ]);
  note("writes after that restart", "requests", [cluster.writes().length]);
  note("reads after that restart", "requests", [proxy.count({ method: "GET" })]);
}

/** No Ingress is well without an address, and nobody else here gives one. */
async function giveAddresses({ api }: RealCluster, apps: number): Promise<void> {
  const status = { loadBalancer: { ingress: [{ ip: "192.0.2.1" }] } };
  for (let index = 0; index < apps; index++) {
    const app = appName(index);
    const path = `/apis/networking.k8s.io/v1/namespaces/${app}/ingresses/${app}/status`;
    const contentType = "application/merge-patch+json";
    const answer = await api.request(path, { method: "PATCH", contentType, body: { status } });
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status}`);
  }
}

function appsFiles(apps: number): Record<string, string> {
  const files: Record<string, string> = {};
  for (let index = 0; index < apps; index++) {
    const app = appName(index);
    const spec = {
      namespace: app,
      source: { manifests: `apps/${app}/manifests` },
      placement: { virtualSites: ["everywhere"] },
    };
    const document = { apiVersion: "flotilla.dev/v1alpha1", kind: "App", metadata: { name: app } };
    files[`apps/${app}/app.yaml`] = `${JSON.stringify({ ...document, spec })}\n`;
    files[`apps/${app}/manifests/objects.yaml`] = objectsOf(app)
      .map((object) => `${JSON.stringify(object)}\n`)
      .join("---\n");
  }
  return files;
}

function objectsOf(app: string): object[] {
  const metadata = { name: app, namespace: app, labels: { app } };
  const port = { name: "http", port: 8080 };
  const backend = { service: { name: app, port: { name: "http" } } };
  const path = { path: "/", pathType: "Prefix", backend };
  const rule = { host: `${app}.example`, http: { paths: [path] } };
  const container = {
    name: "main",
    image: `registry.example/${app}:1`,
    ports: [{ containerPort: 8080, name: "http" }],
    env: [{ name: "LOG_LEVEL", value: "info" }],
    resources: {
      requests: { cpu: "50m", memory: "64Mi" },
      limits: { cpu: "500m", memory: "256Mi" },
    },
  };
  const pod = { serviceAccountName: app, containers: [container] };
  const template = { metadata: { labels: { app } }, spec: pod };
  const deployment = { replicas: 0, selector: { matchLabels: { app } }, template };
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    { apiVersion: "v1", kind: "Service", metadata, spec: { selector: { app }, ports: [port] } },
    { apiVersion: "apps/v1", kind: "Deployment", metadata, spec: deployment },
    { apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata, spec: { rules: [rule] } },
  ];
}
