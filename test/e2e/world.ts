/**
 * Everything Flotilla needs, real and on loopback: clusters, a fleet repository, a controller and one worker per
 * region as processes of their own, and a stand-in for GitHub. What end-to-end tests share.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openControllerClient } from "../../src/adapters/http/controller-client.ts";
import type { FleetStatus } from "../../src/core/protocol/api.ts";
import { type ApiClient, createApiClient } from "../control-plane/api-client.ts";
import { type Kubelet, startKubelet } from "../control-plane/kubelet.ts";
import { type Cluster, type ControlPlanes, startControlPlanes } from "../control-plane/start.ts";
import { type FaultProxy, startFaultProxy } from "../support/fault-proxy.ts";
import { type GitServer, startGitServer } from "../support/git-server.ts";
import { type FleetRepo, createFleetRepo } from "./fleet-repo.ts";
import { type FlotillaProcess, startFlotilla } from "../../src/demo/child-process.ts";
import { readTokenFile } from "../../src/runtime/token-file.ts";
import { type CommandResult, runFlotilla } from "./process.ts";

export interface WorldOptions {
  /** Region -> its sites; every site gets a control plane of its own. */
  readonly regions: Readonly<Record<string, readonly string[]>>;
  /** `github:` section of the controller's config, if any. */
  readonly github?: {
    readonly repository: string;
    readonly apiUrl: string;
    readonly token: string;
  };
  /** Default 500ms: three missed ones make a worker silent. */
  readonly heartbeat?: string;
  /** Default 3s: a site that does not answer for so long is offline. */
  readonly offlineAfter?: string;
  /** Puts proxies that make faults before the fleet repository (then served over HTTP) and before the mirrors. */
  readonly faultyLinks?: boolean;
}

export interface WorldSite {
  readonly name: string;
  readonly region: string;
  readonly cluster: Cluster;
  /** Talks to the cluster directly. */
  readonly api: ApiClient;
  /** Stands between worker and cluster: counts what crosses the wire, and makes faults. */
  readonly wire: FaultProxy;
  readonly kubelet: Kubelet;
}

export interface World extends AsyncDisposable {
  readonly dir: string;
  readonly repo: FleetRepo;
  readonly controllerUrl: string;
  readonly controlRepo: string;
  readonly mirrorRepo: (region: string) => string;
  /** With `faultyLinks`: between controller and fleet repository, and between workers and controller. */
  readonly links: Links | null;
  site(name: string): WorldSite;
  startController(): FlotillaProcess;
  startWorker(region: string): FlotillaProcess;
  /** The processes started last. */
  controller(): FlotillaProcess;
  worker(region: string): FlotillaProcess;
  /** `flotilla ARGS` against this controller. */
  cli(...args: string[]): Promise<CommandResult>;
  status(): Promise<FleetStatus | null>;
  /** Gives a region's worker access to one more site, and restarts it. */
  grantSite(region: string, site: string): Promise<void>;
  /** Ends Flotilla's processes; clusters and repository stay. */
  stopFlotilla(): Promise<void>;
}

interface Links {
  readonly remote: FaultProxy;
  readonly mirrors: FaultProxy;
  readonly gitServer: GitServer;
}

/** Starts clusters and makes repository and configs; starts no Flotilla process yet. */
export async function createWorld(options: WorldOptions): Promise<World> {
  const dir = await mkdtemp(join(tmpdir(), "flotilla-e2e-"));
  const names = Object.entries(options.regions).flatMap(([region, sites]) =>
    sites.map((name) => ({ region, name })),
  );
  const planes = await startControlPlanes({ clusters: names.length });
  const sites = new Map<string, WorldSite>();
  for (const [index, { region, name }] of names.entries()) {
    const cluster = planes.clusters[index];
    if (cluster === undefined) throw new Error(`no control plane for ${name}`);
    const ca = Buffer.from(cluster.caData, "base64").toString();
    sites.set(name, {
      name,
      region,
      cluster,
      api: createApiClient(cluster),
      wire: await startFaultProxy({ target: cluster.server, upstream: { ca } }),
      kubelet: await startKubelet(cluster),
    });
  }
  const repo = await createFleetRepo(dir);
  const port = await freePort();
  const links = options.faultyLinks === true ? await startLinks(dir, port) : null;
  const configs = await writeConfigs({ dir, port, links, sites }, options);
  return assemble({ dir, repo, sites, planes, configs, links });
}

const remoteToken = "fleet-token-0123456789";

async function startLinks(dir: string, controllerPort: number): Promise<Links> {
  const gitServer = await startGitServer({ root: dir, token: remoteToken });
  return {
    gitServer,
    remote: await startFaultProxy({ target: `http://127.0.0.1:${gitServer.port}` }),
    mirrors: await startFaultProxy({ target: `http://127.0.0.1:${controllerPort}` }),
  };
}

interface Configs {
  readonly controllerUrl: string;
  readonly apiTokenFile: string;
}

interface Ground {
  readonly dir: string;
  readonly port: number;
  readonly links: Links | null;
  readonly sites: ReadonlyMap<string, WorldSite>;
}

async function writeConfigs(ground: Ground, options: WorldOptions): Promise<Configs> {
  const { dir, port, links, sites } = ground;
  const apiTokenFile = join(dir, "api-token");
  await mkdir(join(dir, "tokens"));
  for (const region of Object.keys(options.regions)) await writeWorker(ground, region, options);
  for (const site of sites.values()) {
    const { kubeconfig } = accessTo(dir, site.name);
    await writeFile(kubeconfig, kubeconfigText(site), { mode: 0o600 });
  }
  const mirrors = Object.keys(options.regions).map((region) => [
    region,
    { tokenFile: join(dir, "tokens", region) },
  ]);
  await writeJson(join(dir, "controller.yaml"), {
    fleet: await fleetSource(dir, links),
    stateDir: join(dir, "controller"),
    listen: `127.0.0.1:${port}`,
    pollInterval: "500ms",
    heartbeat: options.heartbeat ?? "500ms",
    mirrors: Object.fromEntries(mirrors),
    apiTokenFile,
    ...(options.github && { github: await githubAccess(dir, options.github) }),
  });
  return { controllerUrl: `http://127.0.0.1:${port}`, apiTokenFile };
}

async function writeWorker(ground: Ground, region: string, options: WorldOptions): Promise<void> {
  const { dir, port, links, sites } = ground;
  const tokenFile = join(dir, "tokens", region);
  await writeFile(tokenFile, `${region}-token-0123456789abcdef\n`, { mode: 0o600 });
  const base = links?.mirrors.url ?? `http://127.0.0.1:${port}`;
  const served = [...sites.values()].filter((site) => site.region === region);
  await writeJson(join(dir, `worker-${region}.yaml`), {
    mirror: { url: `${base}/mirrors/${region}.git`, tokenFile },
    stateDir: join(dir, `worker-${region}`),
    sites: Object.fromEntries(served.map(({ name }) => [name, accessTo(dir, name)])),
    heartbeat: options.heartbeat ?? "500ms",
    offlineAfter: options.offlineAfter ?? "3s",
  });
}

async function githubAccess(
  dir: string,
  { repository, apiUrl, token }: NonNullable<WorldOptions["github"]>,
): Promise<{ repository: string; apiUrl: string; tokenFile: string }> {
  const tokenFile = join(dir, "tokens", "github");
  await writeFile(tokenFile, token, { mode: 0o600 });
  return { repository, apiUrl, tokenFile };
}

async function fleetSource(
  dir: string,
  links: Links | null,
): Promise<{ url: string; tokenFile?: string }> {
  if (links === null) return { url: join(dir, "fleet.git") };
  const tokenFile = join(dir, "tokens", "fleet");
  await writeFile(tokenFile, remoteToken);
  return { url: `${links.remote.url}/fleet.git`, tokenFile };
}

function accessTo(dir: string, site: string): { kubeconfig: string } {
  return { kubeconfig: join(dir, `${site}.kubeconfig`) };
}

function kubeconfigText({ name, cluster, wire }: WorldSite): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { server: wire.url, "insecure-skip-tls-verify": true } }],
    users: [{ name, user: { token: cluster.token } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    "current-context": name,
  });
}

/** JSON is YAML. */
async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFile(path, `${JSON.stringify(value, null, 2)}\n`);
}

interface Parts {
  readonly dir: string;
  readonly repo: FleetRepo;
  readonly sites: ReadonlyMap<string, WorldSite>;
  readonly planes: ControlPlanes;
  readonly configs: Configs;
  readonly links: Links | null;
}

function assemble({ dir, repo, sites, planes, configs, links }: Parts): World {
  const running = new Map<string, FlotillaProcess>();
  const all: FlotillaProcess[] = [];
  const start = (role: string): FlotillaProcess => {
    const command = role === "controller" ? "controller" : "worker";
    const process = startFlotilla(
      [command, "--config", join(dir, `${role}.yaml`)],
      join(dir, `${role}.log`),
    );
    running.set(role, process);
    all.push(process);
    return process;
  };
  const started = (role: string): FlotillaProcess => {
    const process = running.get(role);
    if (process === undefined) throw new Error(`${role} was never started`);
    return process;
  };
  const stopFlotilla = async (): Promise<void> => {
    await Promise.all(all.map((process) => process.kill()));
  };
  const grantSite = async (region: string, site: string): Promise<void> => {
    const path = join(dir, `worker-${region}.yaml`);
    // Written by writeConfigs.
    const config = JSON.parse(await readFile(path, "utf8")) as { sites: Record<string, unknown> };
    config.sites[site] = accessTo(dir, site);
    await writeJson(path, config);
    await started(`worker-${region}`).stop();
    start(`worker-${region}`);
  };
  return {
    dir,
    repo,
    controllerUrl: configs.controllerUrl,
    controlRepo: join(dir, "controller", "control.git"),
    links,
    mirrorRepo: (region) => join(dir, "controller", "mirrors", `${region}.git`),
    site: (name) => {
      const site = sites.get(name);
      if (site === undefined) throw new Error(`no site ${name}`);
      return site;
    },
    startController: () => start("controller"),
    startWorker: (region) => start(`worker-${region}`),
    controller: () => started("controller"),
    worker: (region) => started(`worker-${region}`),
    cli: (...args) =>
      runFlotilla([
        ...args,
        "--controller",
        configs.controllerUrl,
        "--token-file",
        configs.apiTokenFile,
      ]),
    status: () => fetchStatus(configs),
    grantSite,
    stopFlotilla,
    [Symbol.asyncDispose]: async () => {
      await stopFlotilla();
      for (const site of sites.values()) {
        await site.kubelet.stop();
        site.api.close();
        await site.wire.close();
      }
      await links?.remote.close();
      await links?.mirrors.close();
      await links?.gitServer.close();
      await planes.stopAll();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function fetchStatus({ controllerUrl, apiTokenFile }: Configs): Promise<FleetStatus | null> {
  try {
    const token = await readTokenFile(apiTokenFile);
    return await openControllerClient({ url: controllerUrl, token }).status();
  } catch {
    return null;
  }
}

/** Waits until `probe` gives something else than false, null or undefined. */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | false | null | undefined> | T | false | null | undefined,
  timeoutMs = 60_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  while (performance.now() < deadline) {
    try {
      const value = await probe();
      if (value !== false && value !== null && value !== undefined) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    await sleep(100);
  }
  throw new Error(`not within ${timeoutMs} ms: ${what} (last: ${String(last)})`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
