/** The config files of the demo's processes: times short enough to watch, everything on loopback. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ControllerConfig } from "../controller/config.ts";
import { writeTokenFile } from "../runtime/token-file.ts";
import type { WorkerConfig } from "../worker/config.ts";

/** A worker's config as it is written: what is left out has its default. */
type WorkerFile = Partial<Omit<WorkerConfig, "sites">> & {
  readonly sites: Readonly<Record<string, { readonly kubeconfig: string }>>;
};

/** Region -> its sites. */
export type Regions = ReadonlyMap<string, readonly string[]>;

/** Where everything of a demo lies. */
export interface DemoPaths {
  readonly dir: string;
  readonly fleet: string;
  readonly controllerState: string;
  readonly apiToken: string;
  readonly control: string;
  config(role: string): string;
  log(role: string): string;
  mirrorToken(region: string): string;
  kubeconfig(site: string): string;
}

/** The paths of a demo in a folder. */
export function demoPaths(dir: string): DemoPaths {
  const controllerState = join(dir, "controller");
  return {
    dir,
    fleet: join(dir, "fleet"),
    controllerState,
    apiToken: join(controllerState, "api-token"),
    control: join(controllerState, "control.git"),
    config: (role) => join(dir, `${role}.yaml`),
    log: (role) => join(dir, `${role}.log`),
    mirrorToken: (region) => join(dir, "tokens", region),
    kubeconfig: (site) => join(dir, "kubeconfigs", `${site}.yaml`),
  };
}

/** A worker that is not heard for three of these is silent. */
const heartbeat = "1s";
/** Workers report more often than they must: how long an app has been healthy goes with each report. */
const reportInterval = "400ms";

/** Writes the controller's config; port 0 takes a free one. */
export async function writeControllerConfig(
  paths: DemoPaths,
  { regions, port }: { readonly regions: Regions; readonly port: number },
): Promise<void> {
  const config: ControllerConfig = {
    fleet: { url: paths.fleet },
    stateDir: paths.controllerState,
    listen: `127.0.0.1:${port}`,
    pollInterval: "400ms",
    heartbeat,
    apiTokenFile: paths.apiToken,
    mirrors: Object.fromEntries(
      [...regions.keys()].map((region) => [region, { tokenFile: paths.mirrorToken(region) }]),
    ),
  };
  await writeJson(paths.config("controller"), config);
}

/** Makes tokens, and writes the worker's config of every region; `linkPort`: where its way to the controller starts. */
export async function writeWorkerConfigs(
  paths: DemoPaths,
  {
    regions,
    linkPort,
  }: { readonly regions: Regions; readonly linkPort: (region: string) => number },
): Promise<void> {
  for (const [region, sites] of regions) {
    const tokenFile = paths.mirrorToken(region);
    await writeTokenFile(tokenFile);
    const config: WorkerFile = {
      mirror: { url: `http://127.0.0.1:${linkPort(region)}/mirrors/${region}.git`, tokenFile },
      stateDir: join(paths.dir, `worker-${region}`),
      sites: Object.fromEntries(
        sites.map((site) => [site, { kubeconfig: paths.kubeconfig(site) }]),
      ),
      heartbeat: reportInterval,
      poll: "2s",
      observe: "2s",
      settle: "200ms",
      offlineAfter: "3s",
      requestTimeout: "2s",
      retry: "300ms",
      retryMax: "3s",
    };
    await writeJson(paths.config(`worker-${region}`), config);
  }
}

/** Writes how a site's cluster is reached. */
export async function writeKubeconfigs(
  paths: DemoPaths,
  kubeconfigs: ReadonlyMap<string, string>,
): Promise<void> {
  await mkdir(join(paths.dir, "kubeconfigs"), { mode: 0o700 });
  for (const [site, text] of kubeconfigs) {
    await writeFile(paths.kubeconfig(site), text, { mode: 0o600 });
  }
}

/** JSON is YAML. */
async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFile(path, `${JSON.stringify(value, null, 2)}\n`);
}
