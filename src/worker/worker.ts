import { join } from "node:path";
import { dataKeysFrom } from "../adapters/age/data-keys.ts";
import { createMirrorFetcher } from "../adapters/git/mirror-fetcher.ts";
import { openStore } from "../adapters/git/native-store.ts";
import { readableTwice } from "../adapters/git/readable-twice.ts";
import { verifyCommit } from "../adapters/git/verify-mirror.ts";
import { trustingFetch } from "../adapters/http/trusting-fetch.ts";
import { type ClusterClient, openCluster } from "../adapters/kubernetes/cluster-client.ts";
import { FleetError } from "../core/errors.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Logger } from "../runtime/logger.ts";
import { makeFolder } from "../runtime/make-folder.ts";
import { type Redactor, createRedactor, redactedLogger } from "../runtime/redactor.ts";
import { readTokenFile } from "../runtime/token-file.ts";
import { type Wakefulness, createWakefulness } from "../runtime/wakefulness.ts";
import { type WorkerConfig, type WorkerSettings, workerSettings } from "./config.ts";
import { createControllerClient } from "./controller-client.ts";
import { type WorkerPorts, runWith } from "./run-with.ts";
import { openStateKey } from "./state-key.ts";
import { openStateStore } from "./state-store.ts";

/** What a worker gets from its `main`. */
export interface WorkerDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** For tests, which stop it at a call of its ports; no process of Flotilla sets it. */
  readonly wrap?: (ports: WorkerPorts) => WorkerPorts;
}

/** Characters: the files of some thousand objects of the usual size. */
const maxKeptText = 4 * 1024 * 1024;

/**
 * A worker: follows the mirror of its configuration and keeps its sites as the mirror says, until the signal aborts.
 * Throws only what a person must mend before it can run: USAGE, STATE_CORRUPT, a git that is missing or too old.
 */
export async function runWorker(
  config: WorkerConfig,
  { clock, logger, wrap = (ports) => ports }: WorkerDeps,
  signal: AbortSignal,
): Promise<void> {
  const redactor = createRedactor();
  const settings = workerSettings(config);
  const { store, git, dir } = await openState(config.stateDir, { clock, logger });
  const { url, tokenFile, caFile } = config.mirror;
  const wakefulness = createWakefulness(clock);
  const post = trustingFetch(caFile);
  const onFiles = (files: ReadonlyMap<string, string>): void => git.keep(files);
  const token = async (): Promise<string> => {
    const read = await readTokenFile(tokenFile);
    redactor.learn(read);
    return read;
  };
  const region = regionSource(settings, { clock, redactor, wakefulness });
  try {
    await runWith(
      settings,
      wrap({
        git,
        fetcher: createMirrorFetcher({ dir, url, token, post, onFiles, clock, signal, caFile }),
        verify: (commit, previous) => verifyCommit(git, commit, previous),
        maintain: (until) => git.maintain(until),
        controller: createControllerClient(config.mirror, post),
        store,
        keys: dataKeysFrom(config.ageKeyFile),
        ...(region !== undefined && { regionSecrets: region }),
        open: (site) => openSite(settings, site, { clock, redactor, wakefulness }),
        wakefulness,
        clock,
        redactor,
        logger: redactedLogger(logger, redactor),
      }),
      signal,
    );
  } finally {
    await region?.client.close();
    await git.close().finally(() => store.close());
  }
}

/** What lies in the state folder. */
async function openState(
  stateDir: string,
  { clock, logger }: Pick<WorkerDeps, "clock" | "logger">,
) {
  await makeFolder(stateDir, 0o700);
  const key = await openStateKey(stateDir);
  const store = openStateStore(join(stateDir, "state.sqlite"), { clock, key, logger });
  const dir = join(stateDir, "mirror.git");
  try {
    const git = readableTwice(await openStore(dir, { create: true, clock }), maxKeptText);
    return { store, git, dir };
  } catch (error) {
    // Who tries again must not find the store taken.
    await store.close();
    throw error;
  }
}

interface SiteMeans {
  readonly clock: Clock;
  readonly redactor: Redactor;
  readonly wakefulness: Wakefulness;
}

function openSite(settings: WorkerSettings, site: string, means: SiteMeans): ClusterClient {
  const access = settings.sites[site];
  if (access === undefined) throw new FleetError("USAGE", `no kubeconfig for site ${site}`);
  return openAccess(access, settings, means);
}

/** Only read: it is never pinned. */
function regionSource(settings: WorkerSettings, means: SiteMeans): WorkerPorts["regionSecrets"] {
  const { regionSecrets } = settings;
  if (regionSecrets === undefined) return undefined;
  const client = openAccess(regionSecrets, settings, means);
  return { client, namespace: regionSecrets.namespace };
}

function openAccess(
  { kubeconfig, allowExec }: WorkerConfig["sites"][string],
  settings: WorkerSettings,
  { clock, redactor, wakefulness }: SiteMeans,
): ClusterClient {
  return openCluster({
    kubeconfig: { path: kubeconfig },
    allowExec,
    timeoutMs: settings.requestTimeoutMs,
    clock,
    onSecret: (value) => redactor.learn(value),
    beforeWrite: () => wakefulness.mustBeAwake(),
  });
}
