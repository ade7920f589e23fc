import { PerformanceObserver } from "node:perf_hooks";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";

/**
 * Makes the space for old objects grow in small steps once it holds so many bytes. V8 lets it double and more before it
 * clears it: where much lives, as much again is garbage. A smaller one may grow as it does, since clearing it more often
 * costs time and wins little.
 */
export function growOldSpaceSlowly(beyondBytes: number): void {
  let isSlow = false;
  const observer = new PerformanceObserver(() => {
    const space = getHeapSpaceStatistics().find(({ space_name: name }) => name === "old_space");
    const isLarge = space !== undefined && space.space_size > beyondBytes;
    if (isLarge === isSlow) return;
    isSlow = isLarge;
    // Of all that this flag stands for only this is still asked for while a process runs: the next limit is a third above
    // what lives, and not up to four times as much.
    setFlagsFromString(isSlow ? "--optimize-for-size" : "--no-optimize-for-size");
  });
  observer.observe({ entryTypes: ["gc"] });
}
