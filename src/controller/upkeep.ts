import { FleetError } from "../core/errors.ts";
import type { World } from "./world.ts";

const everyMs = 1_800_000;

/** Now and then gathers the packs that many small commits leave behind, until the signal aborts. */
export async function keepUp(world: World, signal: AbortSignal): Promise<void> {
  for (;;) {
    await world.clock.sleep(everyMs, signal);
    if (signal.aborted) return;
    try {
      await world.maintain();
    } catch (error) {
      if (!(error instanceof FleetError)) throw error;
      if (!signal.aborted) world.logger.warn("upkeep failed, tried again later", { error });
    }
  }
}
