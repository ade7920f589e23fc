/** Stories that are over are gone: a process plays as many as there are. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { simulate } from "./simulation.ts";

describe("a process that plays stories", { timeout: 240_000 }, () => {
  it("keeps nothing of those that are over", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void; // V8's own
    const heapAfter = async (from: number, count: number): Promise<number> => {
      for (let seed = from; seed < from + count; seed += 1) await simulate(seed);
      collect();
      collect();
      return process.memoryUsage().heapUsed / 1024 / 1024;
    };
    // The first ones make the fleets that others begin with.
    const before = await heapAfter(1, 40);
    const after = await heapAfter(41, 60);
    // One that is kept with its processes is 0.65 MB.
    expect(after - before).toBeLessThan(10);
  });
});
