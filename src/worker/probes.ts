import { backoffMs } from "../runtime/backoff.ts";
import type { SiteContext } from "./site-context.ts";

/** When a cluster that does not answer is asked next: one question, ever more seldom. */
export interface Probes {
  sent(): void;
  answered(): void;
  /** It does not answer: the time to the next question, at most until it counts as offline. */
  waitMs(): number;
}

/** Between two questions at most. */
const longestWaitMs = 30_000;

/** Probes of one site, of which none was sent yet. */
export function createProbes(context: Pick<SiteContext, "clock" | "config" | "link">): Probes {
  const { clock, config, link } = context;
  const maxMs = Math.min(longestWaitMs, config.retryMaxMs);
  let attempt = 0;
  /** Monotonic time since when it answers; null: it does not. */
  let upSince: number | null = null;
  return {
    sent: () => {
      attempt += 1;
    },
    answered: () => {
      upSince ??= clock.monotonic();
    },
    waitMs: () => {
      // One that answers the question, and then nothing else, is asked ever more seldom all the same.
      if (upSince !== null && clock.monotonic() - upSince > maxMs) attempt = 0;
      upSince = null;
      const random = (): number => clock.random();
      const wait = backoffMs({ attempt, baseMs: config.retryMs, maxMs, random });
      const left = config.offlineAfterMs - link.facts().offlineForMs;
      return left > 0 ? Math.min(wait, left) : wait;
    },
  };
}
