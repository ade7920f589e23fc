import { join } from "node:path";
import { createFleetFetcher, type FleetFetcher } from "../adapters/git/fleet-fetcher.ts";
import { openStore } from "../adapters/git/native-store.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Logger } from "../runtime/logger.ts";
import { makeFolder } from "../runtime/make-folder.ts";
import { readTokenFile } from "../runtime/token-file.ts";
import type { ControllerSettings } from "./config.ts";
import { ControlLossCheck } from "./control-loss.ts";
import { ControlRepository } from "./control-repository.ts";
import { Mirrors, type OpenStore } from "./mirrors.ts";
import { Observations } from "./observations.ts";
import { PassMemory } from "./pass-memory.ts";
import { raiseEpoch, stand, takeEpoch } from "./raise-epoch.ts";
import { Recovery } from "./recovery.ts";
import { Rendering } from "./rendering.ts";
import { followSource } from "./source-follower.ts";
import { Sources } from "./sources.ts";
import type { World } from "./world.ts";

export interface OpenOptions {
  readonly settings: ControllerSettings;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called when the loop has something new to look at. */
  readonly wake: () => void;
  /** Ends the following of the remote. */
  readonly signal: AbortSignal;
}

/** Opens the state folder (control, mirrors, clone) and starts to follow the fleet repository; decides nothing yet. */
export async function openWorld(options: OpenOptions): Promise<World> {
  const { settings, clock, logger, signal } = options;
  const { stateDir, heartbeatMs, pollIntervalMs } = settings;
  await makeFolder(stateDir, 0o700);
  const open: OpenStore = (dir) => openStore(dir, { create: true, clock });
  const mirrors = new Mirrors({ dir: join(stateDir, "mirrors"), open });
  await mirrors.openExisting();
  for (const mirror of Object.keys(settings.mirrors)) await mirrors.ensure(mirror);
  const controlStore = await open(join(stateDir, "control.git"));
  const control = new ControlRepository(controlStore);
  const candidacy = await stand(control, mirrors, clock.now());
  const fetcher = openFleet(options);
  const onChange = options.wake;
  const intervalMs = pollIntervalMs;
  const source = followSource({ remote: fetcher, intervalMs, clock, logger, onChange, signal });
  let { epoch } = candidacy;
  return {
    get epoch() {
      return epoch;
    },
    clock,
    logger,
    control,
    lossCheck: new ControlLossCheck(control),
    mirrors,
    sources: new Sources(fetcher),
    source,
    rendering: new Rendering((commit) => fetcher.files(commit)),
    observations: new Observations({ clock, heartbeatMs, silentFrom: candidacy.lastRecorded }),
    memory: new PassMemory(),
    recovery: new Recovery(logger),
    raise: async (above) => {
      await takeEpoch(control, above + 1, clock.now());
      epoch = above + 1;
    },
    lead: () => raiseEpoch(control, candidacy, clock.now()),
    maintain: async () => {
      const stores = [controlStore, ...mirrors.all().map(({ store }) => store), fetcher];
      for (const store of stores) await store.maintain(signal);
    },
    close: async () => {
      await mirrors.close();
      await controlStore.close();
    },
  };
}

function openFleet({ settings, clock, signal }: OpenOptions): FleetFetcher {
  const { url, branch, tokenFile } = settings.fleet;
  return createFleetFetcher({
    dir: join(settings.stateDir, "fleet.git"),
    url,
    branch,
    clock,
    ...(tokenFile === undefined ? {} : { token: () => readTokenFile(tokenFile) }),
    signal,
  });
}
