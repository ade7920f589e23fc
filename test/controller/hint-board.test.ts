import { describe, expect, it } from "vitest";
import { HintBoard } from "../../src/controller/hint-board.ts";
import { manualClock } from "../support/manual-clock.ts";

function board() {
  const clock = manualClock();
  const hints = new HintBoard(() => 1);
  hints.set("east", "one");
  const next = () => {
    const ended = { isOver: false };
    const known = hints.current("east");
    const { signal } = new AbortController();
    void hints.next("east", { known, ms: 15_000, clock, signal }).then(() => {
      ended.isOver = true;
    });
    return ended;
  };
  /** Lets some time pass. */
  const rest = async (ms: number): Promise<void> => {
    await Promise.resolve();
    clock.advance(ms);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { clock, hints, next, rest };
}

describe("who waits for a hint", () => {
  it("gets one when the head moves, and the same one again after a while", async () => {
    const { hints, next, rest } = board();
    const first = next();
    await rest(5000);
    expect(first.isOver).toBe(false);
    hints.set("east", "two");
    await rest(0);
    expect(first.isOver).toBe(true);

    const second = next();
    await rest(14_999);
    expect(second.isOver).toBe(false);
    await rest(1);
    expect(second.isOver).toBe(true);
  });

  it("is asked for a report at its time, once, also where that is told later or changes", async () => {
    const { clock, hints, next, rest } = board();
    const first = next();
    await rest(1000);
    hints.ask(new Map([["east", clock.now() + 9000]]));
    hints.ask(new Map([["east", clock.now() + 3000]]));
    await rest(2999);
    expect(first.isOver).toBe(false);
    await rest(1);
    expect(first.isOver).toBe(true);

    const second = next();
    await rest(10_000);
    expect(second.isOver).toBe(false);
    hints.ask(new Map());
    await rest(4000);
    expect(second.isOver).toBe(false);
  });
});
