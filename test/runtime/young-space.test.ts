import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const run = promisify(execFile);
const bound = 16 * 1024 * 1024;

/**
 * Keeps making objects that live for a while, has little to do, and makes objects again; prints how large the space for
 * new ones has become by each.
 */
const script = `
const { getHeapSpaceStatistics, setFlagsFromString } = await import("node:v8");
const { setTimeout: sleep } = await import("node:timers/promises");
const { boundYoungSpace } = await import(process.argv[1]);
setFlagsFromString("--expose-gc");
const gc = (await import("node:vm")).runInNewContext("gc");
boundYoungSpace(${bound});
const size = () =>
  getHeapSpaceStatistics().find((space) => space.space_name === "new_space").space_size;
const work = async () => {
  const live = [];
  for (let round = 0; round < 60; round++) {
    live.push(Array.from({ length: 10_000 }, (_, index) => ({ text: "x" + index, pair: [index] })));
    if (live.length > 20) live.shift();
    await new Promise(setImmediate);
  }
  return size();
};
const sizes = [await work()];
for (let round = 0; round < 20; round++) {
  await sleep(100);
  gc();
}
sizes.push(size());
sizes.push(await work());
console.log(JSON.stringify(sizes));
`;

describe("the space for new objects", () => {
  it("stays about as small as it was bound, and as large where there is work after a time without", async () => {
    const module = new URL("../../src/runtime/young-space.ts", import.meta.url).href;
    const args = ["--input-type=module", "--eval", script, module];
    const { stdout } = await run(process.execPath, args);

    const [busy = 0, idle = 0, again = 0] = JSON.parse(stdout) as number[]; // as printed
    expect(idle).toBeLessThan(bound / 2);
    // It doubles, so that it may pass the bound once.
    for (const size of [busy, again]) {
      expect(size).toBeGreaterThanOrEqual(bound / 2);
      expect(size).toBeLessThanOrEqual(2 * bound);
    }
  });
});
