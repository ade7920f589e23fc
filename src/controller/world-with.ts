import type { FleetFetcher } from "../adapters/git/fleet-fetcher.ts";
import type { RenderTools } from "../adapters/render-tools/render-tools.ts";
import { FleetError } from "../core/errors.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Logger } from "../runtime/logger.ts";
import { ControlLossCheck } from "./control-loss.ts";
import { ControlRepository } from "./control-repository.ts";
import type { MirrorStore } from "./mirror-repository.ts";
import type { Mirrors } from "./mirrors.ts";
import { Observations } from "./observations.ts";
import { PassMemory } from "./pass-memory.ts";
import { raiseEpoch, stand, takeEpoch } from "./raise-epoch.ts";
import { Recovery } from "./recovery.ts";
import { Rendering } from "./rendering.ts";
import { followSource } from "./source-follower.ts";
import { Sources } from "./sources.ts";
import type { World } from "./world.ts";

/** Everything outside the process that a controller's passes use. */
export interface WorldPorts {
  readonly control: MirrorStore;
  /** Those that exist are open. */
  readonly mirrors: Mirrors;
  readonly fleet: Omit<FleetFetcher, "has">;
  readonly tools: RenderTools;
  readonly heartbeatMs: number;
  readonly pollIntervalMs: number;
}

/** What a world lives by. */
export interface WorldLife {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called when the loop has something new to look at. */
  readonly wake: () => void;
  /** Ends the following of the remote. */
  readonly signal: AbortSignal;
}

/** Makes a world of its ports and starts to follow the fleet repository; decides nothing yet. */
export async function worldWith(ports: WorldPorts, life: WorldLife): Promise<World> {
  const { mirrors, fleet, tools, heartbeatMs, pollIntervalMs } = ports;
  const { clock, logger, signal } = life;
  const control = new ControlRepository(ports.control);
  const candidacy = await stand(control, mirrors, clock.now());
  const source = followSource({
    remote: fleet,
    intervalMs: pollIntervalMs,
    clock,
    logger,
    onChange: life.wake,
    signal,
  });
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
    sources: new Sources(fleet),
    source,
    rendering: new Rendering((commit) => fleet.files(commit), {
      tools,
      clock,
      onReady: life.wake,
      signal,
    }),
    observations: new Observations({ clock, heartbeatMs, silentFrom: candidacy.lastRecorded }),
    memory: new PassMemory(),
    recovery: new Recovery(logger),
    raise: async (above) => {
      await takeEpoch(control, above + 1, clock.now());
      epoch = above + 1;
    },
    lead: () => raiseEpoch(control, candidacy, clock.now()),
    maintain: () => maintainAll(ports, life),
    close: async () => {
      await mirrors.close();
      await ports.control.close();
    },
  };
}

/** Upkeep of all repositories: one where it fails holds up none of the others. */
export async function maintainAll(
  { control, mirrors, fleet }: Pick<WorldPorts, "control" | "mirrors" | "fleet">,
  { logger, signal }: Pick<WorldLife, "logger" | "signal">,
): Promise<void> {
  const ofMirrors = mirrors.all().map(({ name, store }) => [`mirror ${name}`, store] as const);
  for (const [repository, store] of [
    ["control", control] as const,
    ...ofMirrors,
    ["fleet", fleet] as const,
  ]) {
    try {
      await store.maintain(signal);
    } catch (error) {
      if (!(error instanceof FleetError)) throw error;
      if (!signal.aborted) {
        logger.warn("upkeep failed, tried again later", { repository, error });
      }
    }
  }
}
