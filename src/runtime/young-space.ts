import { PerformanceObserver } from "node:perf_hooks";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";

/**
 * Keeps the space for new objects from growing much beyond so many bytes. V8 lets it grow to 128 MiB, and the rest of
 * the heap with it, for a speed that a process that mostly waits for answers does not gain. It can only be said on
 * the command line of Node, or, as here, by letting it grow no more once it is large enough.
 */
export function boundYoungSpace(bytes: number): void {
  const observer = new PerformanceObserver(() => {
    const space = getHeapSpaceStatistics().find(({ space_name: name }) => name === "new_space");
    if (space !== undefined && space.space_size < bytes) return;
    setFlagsFromString("--semi-space-growth-factor=1");
    observer.disconnect();
  });
  observer.observe({ entryTypes: ["gc"] });
}
