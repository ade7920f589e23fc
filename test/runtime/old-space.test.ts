import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const run = promisify(execFile);

/** Has 60 MB that live and replaces them bit by bit; prints the largest space for old objects over what lives. */
const script = `
const { getHeapSpaceStatistics } = await import("node:v8");
const { growOldSpaceBy } = await import(process.argv[1]);
if (process.argv[2] !== "") growOldSpaceBy(Number(process.argv[2]));
const old = () =>
  getHeapSpaceStatistics().find((space) => space.space_name === "old_space");
const piece = () => Array.from({ length: 10_000 }, (_, index) => ({ text: "x" + index, pair: [index] }));
const live = Array.from({ length: 60 }, piece);
let [largest, least] = [0, Infinity];
for (let round = 0; round < 1500; round++) {
  live[round % live.length] = piece();
  await new Promise(setImmediate);
  if (round < 300) continue;
  largest = Math.max(largest, old().space_size);
  least = Math.min(least, old().space_used_size);
}
console.log(largest / least);
`;

async function grownBy(percent: string): Promise<number> {
  const module = new URL("../../src/runtime/old-space.ts", import.meta.url).href;
  const args = ["--input-type=module", "--eval", script, module, percent];
  return Number((await run(process.execPath, args)).stdout);
}

describe("the space for old objects", () => {
  it(
    "grows by less than V8 lets it by itself before it is cleared",
    { timeout: 60_000 },
    async () => {
      // Measured: 2.6 to 3 times what lives, and 5.4 to 6.3 by itself. When V8 clears it hangs on what else runs.
      expect(await grownBy("60")).toBeLessThan(0.75 * (await grownBy("")));
    },
  );
});
