import { delimiter, join } from "node:path";
import { createFleetFetcher, type FleetFetcher } from "../adapters/git/fleet-fetcher.ts";
import { openStore } from "../adapters/git/native-store.ts";
import { RecentEntries } from "../adapters/git/recent-entries.ts";
import { cacheFolderFor, createRenderTools } from "../adapters/render-tools/render-tools.ts";
import { makeFolder } from "../runtime/make-folder.ts";
import { readTokenFile } from "../runtime/token-file.ts";
import type { ControllerSettings } from "./config.ts";
import { Mirrors, type OpenStore } from "./mirrors.ts";
import { type WorldLife, worldWith } from "./world-with.ts";
import type { World } from "./world.ts";
import { ownBuild } from "../runtime/own-build.ts";

export interface OpenOptions extends WorldLife {
  readonly settings: ControllerSettings;
}

/** What was written last to all mirrors together: a worker fetches it at once, and most sites get the same. */
const maxRecentBytes = 16 * 1024 * 1024;

/** Opens the state folder (control, mirrors, clone) and starts to follow the fleet repository; decides nothing yet. */
export async function openWorld(options: OpenOptions): Promise<World> {
  const { settings, clock } = options;
  const { stateDir, heartbeatMs, pollIntervalMs } = settings;
  await makeFolder(stateDir, 0o700);
  const recent = new RecentEntries(maxRecentBytes);
  const open: OpenStore = (dir) =>
    openStore(dir, { create: true, toleratesDamage: true, clock, recent });
  const mirrors = new Mirrors({ dir: join(stateDir, "mirrors"), open });
  await mirrors.openExisting();
  for (const mirror of Object.keys(settings.mirrors)) await mirrors.ensure(mirror);
  const control = await openStore(join(stateDir, "control.git"), { create: true, clock });
  const fleet = openFleet(options);
  const tools = createRenderTools({
    path: [settings.toolsDir, process.env["PATH"]]
      .filter((part) => part !== undefined)
      .join(delimiter),
    clock,
    cacheFolder: cacheFolderFor(process.env, join(stateDir, "rendered")),
    build: ownBuild,
  });
  return worldWith({ control, mirrors, fleet, tools, heartbeatMs, pollIntervalMs }, options);
}

function openFleet({ settings, clock, signal }: OpenOptions): FleetFetcher {
  const { url, branch, tokenFile, ssh } = settings.fleet;
  return createFleetFetcher({
    dir: join(settings.stateDir, "fleet.git"),
    url,
    branch,
    clock,
    ssh,
    ...(tokenFile === undefined ? {} : { token: () => readTokenFile(tokenFile) }),
    signal,
  });
}
