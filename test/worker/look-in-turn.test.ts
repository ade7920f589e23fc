import pLimit from "p-limit";
import { describe, expect, it } from "vitest";
import { lookInTurn } from "../../src/worker/look-in-turn.ts";

describe("a look in the site's turn", () => {
  it("that is given up ends at once, and is not done when its turn comes", async () => {
    const limit = pLimit(1);
    const before = Promise.withResolvers<void>();
    const first = limit(() => before.promise);
    const busy = new Set<Promise<void>>();
    const over = new AbortController();
    let looks = 0;
    const work = async (): Promise<number> => (looks += 1);
    const look = lookInTurn(limit, busy, { work, until: over.signal });
    over.abort(new Error("given up"));
    await expect(look).rejects.toThrow("given up");
    expect(busy.size).toBe(1);
    before.resolve();
    await first;
    await Promise.all(busy);

    expect(looks).toBe(0);
    expect(busy.size).toBe(0);
    const { signal } = new AbortController();
    expect(await lookInTurn(limit, busy, { work, until: signal })).toBe(1);
  });
});
