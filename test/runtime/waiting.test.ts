import { assert, double, integer, property } from "fast-check";
import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { forEachAtOnce } from "../../src/runtime/at-once.ts";
import { backoffMs } from "../../src/runtime/backoff.ts";
import { rememberLast } from "../../src/runtime/remember-last.ts";
import { onShutdown } from "../../src/runtime/shutdown.ts";
import { systemClock } from "../../src/runtime/system-clock.ts";
import { createWaker } from "../../src/runtime/wake.ts";

const never = new AbortController().signal;

describe("backoff", () => {
  it("is never longer than its limit and never negative", () => {
    assert(
      property(
        integer({ min: 0, max: 10_000 }),
        double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempt, random) => {
          const options = { attempt, baseMs: 500, maxMs: 60_000, random: () => random };
          const ms = backoffMs(options);
          expect(ms).toBeGreaterThanOrEqual(0);
          expect(ms).toBeLessThan(60_000);
        },
      ),
    );
  });

  it("doubles the longest wait with each failure", () => {
    const longest = [1, 2, 3, 4, 5].map((attempt) =>
      backoffMs({ attempt, baseMs: 100, maxMs: 1000, random: () => 0.999_999 }),
    );
    expect(longest).toEqual([99, 199, 399, 799, 999]);
  });
});

describe("a waker", () => {
  it("ends a wait that has no limit", async () => {
    const waker = createWaker(systemClock());
    const waited = waker.wait(null, never).then(() => "woken");
    waker.wake();
    expect(await waited).toBe("woken");
  });

  it("keeps a wake-up that came while the loop worked, once for many", async () => {
    const waker = createWaker(systemClock());
    waker.wake();
    waker.wake();
    await waker.wait(null, never);
    let isOver = false;
    const second = waker.wait(null, never).then(() => (isOver = true));
    await systemClock().sleep(20);
    expect(isOver).toBe(false);
    waker.wake();
    await second;
  });

  it("ends by itself after its time, and at once when the signal aborts", async () => {
    const waker = createWaker(systemClock());
    const stop = new AbortController();
    const startedAt = performance.now();
    await waker.wait(5, never);
    const waited = waker.wait(60_000, stop.signal);
    stop.abort();
    await waited;
    await waker.wait(60_000, stop.signal);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });
});

describe("a waker that is woken soon", () => {
  it("ends one wait for all calls of a moment, and forgets none that comes later", async () => {
    const waker = createWaker(systemClock());
    const startedAt = performance.now();
    waker.wakeSoon();
    waker.wakeSoon();
    await waker.wait(null, never);
    expect(performance.now() - startedAt).toBeGreaterThan(40);
    let isOver = false;
    const second = waker.wait(null, never).then(() => (isOver = true));
    await systemClock().sleep(120);
    expect(isOver).toBe(false);
    waker.wakeSoon();
    await second;
  });

  it("takes its time from the start of the wait, no longer than that has, and ends at once when woken", async () => {
    const waker = createWaker(systemClock());
    const took = async (work: () => Promise<void>): Promise<number> => {
      const startedAt = performance.now();
      await work();
      return performance.now() - startedAt;
    };
    waker.wakeSoon(); // while the loop works
    await systemClock().sleep(100);
    expect(await took(() => waker.wait(null, never, 100))).toBeGreaterThan(80);
    waker.wakeSoon();
    expect(await took(() => waker.wait(20, never, 60_000))).toBeLessThan(10_000);
    waker.wakeSoon();
    const waited = took(() => waker.wait(null, never, 60_000));
    waker.wake();
    expect(await waited).toBeLessThan(10_000);
  });
});

describe("work that is done for several at once", () => {
  it("keeps the order of the results and never goes over its limit", async () => {
    let running = 0;
    let most = 0;
    const results = await forEachAtOnce([5, 1, 4, 2, 3], 2, async (ms) => {
      running += 1;
      most = Math.max(most, running);
      await systemClock().sleep(ms);
      running -= 1;
      return ms * 10;
    });
    expect(results).toEqual([50, 10, 40, 20, 30]);
    expect(most).toBe(2);
  });

  it("begins nothing after a failure and tells it when all is over", async () => {
    const begun: number[] = [];
    let isOver = false;
    const work = forEachAtOnce([1, 2, 3, 4], 2, async (item) => {
      begun.push(item);
      if (item === 1) throw new Error("one fails");
      await systemClock().sleep(20);
      isOver = true;
    });
    await expect(work).rejects.toThrow("one fails");
    expect(begun).toEqual([1, 2]);
    expect(isOver).toBe(true);
  });
});

describe("what is remembered", () => {
  it("is made again only for other inputs", () => {
    let made = 0;
    const pair = rememberLast((a: object, b: object) => ({ a, b, made: (made += 1) }));
    const [one, two] = [{}, {}];
    expect(pair(one, two)).toBe(pair(one, two));
    expect(pair(two, one)).toEqual({ a: two, b: one, made: 2 });
    expect(pair(one, two).made).toBe(3);
  });
});

describe("the system clock", () => {
  it("does not take a sleep of many weeks for none", async () => {
    const stop = new AbortController();
    let isOver = false;
    const slept = systemClock()
      .sleep(2 ** 40, stop.signal)
      .then(() => (isOver = true));
    await systemClock().sleep(20);
    expect(isOver).toBe(false);
    stop.abort();
    await slept;
  });
});

describe("shutdown", () => {
  it("ends work in order at the first signal and at once at the second", () => {
    const source = new EventEmitter();
    let ended = 0;
    const shutdown = onShutdown(source, () => (ended += 1));
    source.emit("SIGTERM");
    expect([shutdown.signal.aborted, ended]).toEqual([true, 0]);
    source.emit("SIGINT");
    expect(ended).toBe(1);
    shutdown[Symbol.dispose]();
    expect(source.listenerCount("SIGINT") + source.listenerCount("SIGTERM")).toBe(0);
  });
});
