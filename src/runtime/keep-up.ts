import { FleetError } from "../core/errors.ts";
import type { Clock } from "./clock.ts";
import type { Logger } from "./logger.ts";

/** Does upkeep now and then until the signal aborts. One that fails is tried again at the next time. */
export async function keepUp(
  upkeep: {
    readonly everyMs: number;
    readonly work: () => Promise<void>;
    readonly clock: Clock;
    readonly logger: Logger;
  },
  signal: AbortSignal,
): Promise<void> {
  const { everyMs, work, clock, logger } = upkeep;
  for (;;) {
    await clock.sleep(everyMs, signal);
    if (signal.aborted) return;
    try {
      await work();
    } catch (error) {
      if (!(error instanceof FleetError)) throw error;
      if (!signal.aborted) logger.warn("upkeep failed, tried again later", { error });
    }
  }
}
