import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { changedSites, type FactDigests } from "../../../src/core/render/site-facts.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void; // what the flag gives

it("keeps nothing of the sites of commits before the last one", async () => {
  const earlier: WeakRef<FactDigests>[] = [];
  let last: FactDigests = new Map([["s1", "0"]]);
  for (let commit = 1; commit <= 20; commit++) {
    const now = new Map([["s1", String(commit)]]);
    expect(changedSites(last, now)).toEqual(["s1"]);
    earlier.push(new WeakRef(last));
    last = now;
  }
  await new Promise((resolve) => setTimeout(resolve, 0));
  collect();
  expect(earlier.filter((each) => each.deref() !== undefined)).toEqual([]);
  expect(last.get("s1")).toBe("20");
});
