import { join } from "node:path";
import { createFleetFetcher } from "../adapters/git/fleet-fetcher.ts";
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
import { raiseEpoch, stand } from "./raise-epoch.ts";
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
  const { stateDir, fleet, heartbeatMs, pollIntervalMs } = settings;
  await makeFolder(stateDir, 0o700);
  const open: OpenStore = (dir) => openStore(dir, { create: true, clock });
  const mirrors = new Mirrors({ dir: join(stateDir, "mirrors"), open });
  await mirrors.openExisting();
  for (const mirror of Object.keys(settings.mirrors)) await mirrors.ensure(mirror);
  const controlStore = await open(join(stateDir, "control.git"));
  const control = new ControlRepository(controlStore);
  const candidacy = await stand(control, mirrors, clock.now());
  const { tokenFile } = fleet;
  const fetcher = createFleetFetcher({
    dir: join(stateDir, "fleet.git"),
    url: fleet.url,
    branch: fleet.branch,
    clock,
    ...(tokenFile === undefined ? {} : { token: () => readTokenFile(tokenFile) }),
    signal,
  });
  const source = followSource({
    remote: fetcher,
    intervalMs: pollIntervalMs,
    clock,
    logger,
    onChange: options.wake,
    signal,
  });
  return {
    epoch: candidacy.epoch,
    clock,
    logger,
    control,
    lossCheck: new ControlLossCheck(control),
    mirrors,
    sources: new Sources(fetcher),
    source,
    rendering: new Rendering((commit) => fetcher.files(commit)),
    observations: new Observations({ clock, heartbeatMs, silentFrom: candidacy.lastRecorded }),
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
