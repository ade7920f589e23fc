import { describe, expect, it } from "vitest";
import { playRollout } from "./pace.ts";

describe("a release that leaves its sites healthy", { timeout: 120_000 }, () => {
  it.each([
    { soakMs: 2000, minReadyMs: 1000 },
    // In step with no look, no report and no heartbeat.
    { soakMs: 3500, minReadyMs: 1500 },
    { soakMs: 10_000, minReadyMs: 30_000 },
    { soakMs: 300_000, minReadyMs: 10_000 },
  ])("is through three stages within their soaks, minReady and 1 s: %o", async (pace) => {
    // In some a look is under way when a worker is asked for its word.
    for (const seed of [1, 2, 3, 25]) {
      const { beyondMs, timeline } = await playRollout(seed, pace);
      const isInTime = beyondMs >= 0 && beyondMs < 1000;
      expect(isInTime ? [] : [`seed ${seed}: ${beyondMs} ms beyond`, ...timeline]).toEqual([]);
    }
  });
});
