import { describe, expect, it } from "vitest";
import { createWakefulness } from "../../src/runtime/wakefulness.ts";
import { manualClock } from "../support/manual-clock.ts";

function watched() {
  const clock = manualClock();
  const wakefulness = createWakefulness(clock);
  const ending = new AbortController();
  void wakefulness.run(ending.signal);
  const pass = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second += 1) {
      clock.advance(1000);
      await Promise.resolve(); // the tick
      await Promise.resolve();
    }
  };
  return { clock, wakefulness, pass, stop: () => ending.abort() };
}

describe("a process that may be stopped", () => {
  it("may write while time goes on, however long it has written nothing", async () => {
    const { wakefulness, pass, stop } = watched();
    await pass(60);
    expect(() => wakefulness.mustBeAwake()).not.toThrow();
    stop();
  });

  it("writes nothing after a long stop, in the middle of what it did too, until it has asked", async () => {
    const { clock, wakefulness, pass, stop } = watched();
    let noticed = 0;
    wakefulness.onStopped(() => (noticed += 1));
    await pass(5);
    clock.advance(30_000); // before any tick
    expect(() => wakefulness.mustBeAwake()).toThrow("was stopped for a while");
    await pass(5);
    expect(() => wakefulness.mustBeAwake()).toThrow("was stopped for a while");
    expect(noticed).toBe(1);
    wakefulness.asking()();
    expect(() => wakefulness.mustBeAwake()).not.toThrow();
    stop();
  });

  it("asks again where it was stopped while it asked", async () => {
    const { clock, wakefulness, pass, stop } = watched();
    const asked = wakefulness.asking();
    await pass(1);
    clock.advance(30_000);
    asked();
    expect(() => wakefulness.mustBeAwake()).toThrow("was stopped for a while");
    stop();
  });
});
