import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const run = promisify(execFile);
const bound = 16 * 1024 * 1024;

/** Keeps making objects that live for a while; prints how large the space for new ones has become. */
const script = `
const { getHeapSpaceStatistics } = await import("node:v8");
const { boundYoungSpace } = await import(process.argv[1]);
boundYoungSpace(${bound});
const live = [];
for (let round = 0; round < 60; round++) {
  live.push(Array.from({ length: 10_000 }, (_, index) => ({ text: "x" + index, pair: [index] })));
  if (live.length > 20) live.shift();
  await new Promise(setImmediate);
}
console.log(getHeapSpaceStatistics().find((space) => space.space_name === "new_space").space_size);
`;

describe("the space for new objects", () => {
  it("stays about as small as it was bound, whatever a process does", async () => {
    const module = new URL("../../src/runtime/young-space.ts", import.meta.url).href;
    const args = ["--input-type=module", "--eval", script, module];
    const { stdout } = await run(process.execPath, args);

    // It doubles, so that it may pass the bound once.
    expect(Number(stdout)).toBeGreaterThanOrEqual(bound / 2);
    expect(Number(stdout)).toBeLessThanOrEqual(2 * bound);
  });
});
