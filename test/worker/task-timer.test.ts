import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/runtime/system-clock.ts";
import { createTaskTimer } from "../../src/worker/task-timer.ts";
import { eventually } from "../support/kube-worker.ts";

describe("the task timer", () => {
  const start = (mayRun: (key: string) => boolean = () => true, parallel = 2) => {
    const ended: string[] = [];
    const holds = new Map<string, PromiseWithResolvers<void>>();
    let most = 0;
    let running = 0;
    const timer = createTaskTimer({
      clock: systemClock(),
      parallel,
      mayRun,
      task: async (key) => {
        running += 1;
        most = Math.max(most, running);
        await holds.get(key)?.promise;
        running -= 1;
        ended.push(key);
      },
    });
    const ending = new AbortController();
    const run = timer.run(ending.signal);
    const stop = async (): Promise<void> => {
      ending.abort();
      await run;
    };
    const hold = (key: string): void => void holds.set(key, Promise.withResolvers<void>());
    return {
      timer,
      ended,
      hold,
      release: (key: string) => holds.get(key)?.resolve(),
      most: () => most,
      stop,
    };
  };

  it("runs tasks when they are due, the earlier first", async () => {
    const { timer, ended, stop } = start();
    timer.schedule("late", 150);
    timer.schedule("early", 30);
    timer.schedule("late", 5000);
    await eventually("both have run", () => ended.length === 2);

    expect(ended).toEqual(["early", "late"]);
    await stop();
  });

  it("runs no key twice at once, and runs it again when it was scheduled meanwhile", async () => {
    const { timer, ended, hold, release, most, stop } = start();
    hold("a");
    timer.schedule("a", 0);
    await eventually("it runs", () => most() === 1);
    timer.schedule("a", 0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(most()).toBe(1);
    release("a");
    await eventually("it has run again", () => ended.length === 2);
    await stop();
  });

  it("goes on with other tasks while one hangs, but never more than allowed", async () => {
    const { timer, ended, hold, release, most, stop } = start();
    hold("hangs");
    for (const key of ["hangs", "a", "b", "c"]) timer.schedule(key, 0);
    await eventually("the others have run", () => ended.length === 3);

    expect(most()).toBe(2);
    release("hangs");
    await stop();
    expect(ended).toContain("hangs");
  });

  it("keeps a task that may not run now until it may", async () => {
    let isOpen = false;
    const { timer, ended, stop } = start((key) => isOpen || key === "probe");
    timer.schedule("write", 0);
    timer.schedule("probe", 0);
    await eventually("the probe has run", () => ended.includes("probe"));
    expect(ended).toEqual(["probe"]);
    isOpen = true;
    timer.wake();
    await eventually("the other has run", () => ended.includes("write"));
    await stop();
  });
});
