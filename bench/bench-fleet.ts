/**
 * A fleet to be measured, all of it real processes on this machine: a simulator for the clusters, a fleet repository, a
 * controller and a worker per region, in a temporary folder of its own.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type ControllerClient,
  openControllerClient,
} from "../src/adapters/http/controller-client.ts";
import { createGit } from "../src/adapters/git/git-process.ts";
import type { FleetStatus } from "../src/core/protocol/api.ts";
import { startFlotilla } from "../src/demo/child-process.ts";
import { systemClock } from "../src/runtime/system-clock.ts";
import { readTokenFile, writeTokenFile } from "../src/runtime/token-file.ts";
import {
  type BenchProcess,
  type BenchSites,
  type SimulatedSites,
  startSimulatedSites,
} from "./simulated-sites.ts";
import { type FleetSize, fleetFiles, sitesByRegion } from "./synthetic-fleet.ts";

/** A commit, and when it was made (wall ms). */
interface Pushed {
  readonly commit: string;
  readonly at: number;
}

/** A fleet, and how many processes its workers are: each is the worker of some of the regions. */
export interface BenchSize extends FleetSize {
  readonly workers: number;
}

export interface BenchFleet<Sites extends BenchSites = SimulatedSites> extends AsyncDisposable {
  readonly size: BenchSize;
  readonly sites: Sites;
  /** Control repository, with what the controller recorded. */
  readonly control: string;
  /** Processes by role: `simulator`, `controller`, `worker-<number>`. */
  readonly processes: ReadonlyMap<string, BenchProcess>;
  /** The commit that was pushed last. */
  head(): string;
  /** Commits files; the controller follows the branch where it lies. */
  push(files: Readonly<Record<string, string>>, message: string): Promise<Pushed>;
  /** Resolves when a commit is followed, nothing is open and every site is in sync and healthy. */
  settled(commit: string): Promise<FleetStatus>;
  /** Resolves with the first status for which `is` says so; throws when that takes longer than ten minutes. */
  until(what: string, is: (status: FleetStatus) => boolean): Promise<FleetStatus>;
  /** SIGKILL for controller and workers, then all of them again; gives the time of the start. */
  restart(): Promise<number>;
}

/** Times between the parts of a fleet that is measured; they are told with the figures. */
export const delays = { pollInterval: "500ms", heartbeat: "5s" } as const;

const limitMs = 600_000;
/** Apps that a worker process works on at once, as the default for one region is. */
const placesOfProcess = 32;
/** Between two looks at the status. */
const lookMs = 250;

/** Starts everything with the fleet's first commit, at simulated sites. */
export async function startBenchFleet(size: BenchSize): Promise<BenchFleet> {
  const files = fleetFiles(size, 1);
  return startFleetAt(files, size, (dir) =>
    startSimulatedSites(dir, [...sitesByRegion(size).values()].flat()),
  );
}

/** Starts everything with a first commit of these files, at sites of any kind. */
export async function startFleetAt<Sites extends BenchSites>(
  files: Readonly<Record<string, string>>,
  size: BenchSize,
  open: (dir: string) => Promise<Sites>,
): Promise<BenchFleet<Sites>> {
  const dir = await mkdtemp(join(tmpdir(), "flotilla-bench-"));
  const fleet = new Fleet(dir, size, await open(dir));
  try {
    await fleet.start(files);
    return fleet;
  } catch (error) {
    await fleet[Symbol.asyncDispose]();
    throw error;
  }
}

class Fleet<Sites extends BenchSites> implements BenchFleet<Sites> {
  readonly size: BenchSize;
  readonly sites: Sites;
  readonly control: string;
  readonly processes = new Map<string, BenchProcess>();
  readonly #dir: string;
  readonly #checkout: string;
  readonly #git = createGit({ clock: systemClock() });
  #api: ControllerClient | undefined;
  #head = "";

  constructor(dir: string, size: BenchSize, sites: Sites) {
    this.size = size;
    this.sites = sites;
    this.#dir = dir;
    this.#checkout = join(dir, "fleet");
    this.control = join(dir, "controller", "control.git");
    if (sites.process !== undefined) this.processes.set("simulator", sites.process);
  }

  async start(files: Readonly<Record<string, string>>): Promise<void> {
    await this.#git({ args: ["init", "-q", "--template=", "-b", "main", this.#checkout] });
    await this.push(files, "Start the fleet");
    const regions = [...sitesByRegion(this.size)];
    for (const [region] of regions) await writeTokenFile(this.#tokenFile(region));
    await this.#writeController(
      regions.map(([region]) => region),
      0,
    );
    this.#launch("controller");
    const url = await this.#listening();
    const port = Number(new URL(url).port);
    await this.#writeController(
      regions.map(([region]) => region),
      port,
    );
    for (const [region, names] of regions) await this.#writeWorker(region, names, url);
    for (let index = 0; index < this.#workers(); index++) this.#launch(`worker-${index}`);
    const token = await readTokenFile(join(this.#dir, "controller", "api-token"));
    this.#api = openControllerClient({ url, token, by: "flotilla bench" });
  }

  async push(files: Readonly<Record<string, string>>, message: string): Promise<Pushed> {
    for (const [path, text] of Object.entries(files)) {
      const file = join(this.#checkout, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
    }
    const inside = (...args: string[]) => this.#git({ args, workDir: this.#checkout });
    const who = ["-c", "user.name=Bench", "-c", "user.email=bench@example.com"];
    await inside("add", "--all");
    await inside(...who, "commit", "-q", "-m", message);
    const at = Date.now();
    const { stdout } = await inside("rev-parse", "HEAD");
    this.#head = stdout.toString("utf8").trim();
    return { commit: this.#head, at };
  }

  head(): string {
    return this.#head;
  }

  async settled(commit: string): Promise<FleetStatus> {
    return this.until(`${commit} is everywhere`, (status) => isSettled(status, commit));
  }

  async until(what: string, is: (status: FleetStatus) => boolean): Promise<FleetStatus> {
    const deadline = performance.now() + limitMs;
    let last: FleetStatus | null = null;
    while (performance.now() < deadline) {
      last = (await this.#api?.status().catch(() => null)) ?? null;
      if (last !== null && is(last)) return last;
      for (const [role, process] of this.processes) {
        if (!process.isRunning()) throw new Error(`${role} ended: ${process.output().slice(-500)}`);
      }
      await sleep(lookMs);
    }
    const releases = JSON.stringify(last?.releases).slice(0, 2000);
    throw new Error(`not after ten minutes: ${what}; ${JSON.stringify(last?.sites)} ${releases}`);
  }

  async restart(): Promise<number> {
    const roles = [...this.processes.keys()].filter((role) => role !== "simulator");
    await Promise.all(roles.map(async (role) => this.processes.get(role)?.kill()));
    const at = Date.now();
    for (const role of roles) this.#launch(role);
    await this.#listening();
    return at;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const flotilla = [...this.processes.values()];
    await Promise.all(flotilla.map((process) => process.kill()));
    await rm(this.#dir, { recursive: true, force: true });
  }

  #tokenFile(region: string): string {
    return join(this.#dir, "tokens", region);
  }

  #workers(): number {
    return Math.min(this.size.workers, this.size.regions);
  }

  /** A worker process takes every so many-th region. */
  #configsOf(role: string): string[] {
    if (role === "controller") return [role];
    const regions = [...sitesByRegion(this.size).keys()];
    const number = Number(role.slice("worker-".length));
    return regions.filter((_, index) => index % this.#workers() === number);
  }

  #launch(role: string): void {
    const command = role === "controller" ? "controller" : "worker";
    const configs = this.#configsOf(role).flatMap((name) => [
      "--config",
      join(this.#dir, `${name}.yaml`),
    ]);
    const args = [command, ...configs];
    this.processes.set(role, startFlotilla(args, join(this.#dir, `${role}.log`)));
  }

  async #listening(): Promise<string> {
    const deadline = performance.now() + 60_000;
    const process = this.processes.get("controller");
    while (performance.now() < deadline) {
      const output = process?.output() ?? "";
      const found = /"url":"(?<url>http:[^"]+)"[^\n]*"controller listens"/.exec(output);
      if (found?.groups?.["url"] !== undefined) return found.groups["url"];
      if (process?.isRunning() !== true) break;
      await sleep(20);
    }
    throw new Error(`the controller does not listen: ${process?.output().slice(-500)}`);
  }

  async #writeController(regions: readonly string[], port: number): Promise<void> {
    const mirrors = regions.map((region) => [region, { tokenFile: this.#tokenFile(region) }]);
    await this.#writeConfig("controller", {
      fleet: { url: this.#checkout },
      stateDir: join(this.#dir, "controller"),
      listen: `127.0.0.1:${port}`,
      ...delays,
      mirrors: Object.fromEntries(mirrors),
    });
  }

  async #writeWorker(region: string, names: readonly string[], url: string): Promise<void> {
    const sites = names.map((site) => [site, { kubeconfig: this.sites.kubeconfigFile(site) }]);
    await this.#writeConfig(region, {
      mirror: { url: `${url}/mirrors/${region}.git`, tokenFile: this.#tokenFile(region) },
      stateDir: join(this.#dir, `worker-${region}`),
      sites: Object.fromEntries(sites),
      heartbeat: delays.heartbeat,
      concurrency: Math.ceil(placesOfProcess / Math.ceil(this.size.regions / this.#workers())),
    });
  }

  async #writeConfig(role: string, config: object): Promise<void> {
    await writeFile(join(this.#dir, `${role}.yaml`), `${JSON.stringify(config)}\n`);
  }
}

function isSettled({ revision, releases, sites }: FleetStatus, commit: string): boolean {
  const isFollowed = revision?.endsWith(commit) === true && releases.length === 0;
  return isFollowed && sites.synced === sites.total && sites.healthy === sites.total;
}
