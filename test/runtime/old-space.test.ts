import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const run = promisify(execFile);
const megabyte = 1024 * 1024;
const beyond = 16 * megabyte;

/** Keeps some objects for good and others for a while; prints how large the space for old ones was at most, and lives. */
const script = `
const { getHeapSpaceStatistics, setFlagsFromString } = await import("node:v8");
const { growOldSpaceSlowly } = await import(process.argv[1]);
setFlagsFromString("--expose-gc");
const gc = (await import("node:vm")).runInNewContext("gc");
growOldSpaceSlowly(${beyond});
const old = () => getHeapSpaceStatistics().find((space) => space.space_name === "old_space");
const batch = () => Array.from({ length: 1000 }, (_, index) => ({ text: "x" + index, pair: [index] }));
const kept = Array.from({ length: 200 }, batch);
const passing = [];
let largest = 0;
for (let round = 0; round < 1500; round++) {
  // Old when it goes: half of what is there is garbage soon.
  passing.push(batch(), batch());
  if (passing.length > 300) passing.splice(0, 200);
  await new Promise(setImmediate);
  largest = Math.max(largest, old().space_size);
}
gc();
console.log(JSON.stringify([largest, old().space_used_size, kept.length]));
`;

describe("the space for old objects", () => {
  it("is not much larger than what lives in it", async () => {
    const module = new URL("../../src/runtime/old-space.ts", import.meta.url).href;
    const args = ["--input-type=module", "--eval", script, module];
    const { stdout } = await run(process.execPath, args);
    const [largest = 0, living = 0] = JSON.parse(stdout) as number[]; // as printed
    expect(living).toBeGreaterThan(beyond);
    expect(largest).toBeLessThan(2 * living);
  });
});
