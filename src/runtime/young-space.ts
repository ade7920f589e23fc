import { PerformanceObserver } from "node:perf_hooks";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";

/**
 * Keeps the space for new objects from growing much beyond so many bytes. V8 lets it grow to 128 MiB, and the rest of
 * the heap with it, for a speed that a process that mostly waits for answers does not gain. It can only be said on
 * the command line of Node, or, as here, by letting it grow no more once it is large enough. V8 makes it small again
 * in a process that has had little to do: then it may grow anew, or every later piece of work would be done in a
 * megabyte, and most of its time spent on clearing that.
 */
export function boundYoungSpace(bytes: number): void {
  let mayGrow = true;
  const observer = new PerformanceObserver(() => {
    const space = getHeapSpaceStatistics().find(({ space_name: name }) => name === "new_space");
    const isSmall = space !== undefined && space.space_size < bytes;
    if (isSmall === mayGrow) return;
    mayGrow = isSmall;
    setFlagsFromString(`--semi-space-growth-factor=${mayGrow ? 2 : 1}`);
  });
  observer.observe({ entryTypes: ["gc"] });
}
