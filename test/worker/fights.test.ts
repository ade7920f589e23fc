import { describe, expect, it } from "vitest";
import { type Fight, isFight, meetAgain, noteQuiet } from "../../src/worker/fights.ts";

const intervalMs = 60_000;
const note = ": .data.k changed by tuner";

/** Finds the same change at each look, and repairs it where that is due; gives the looks at which it was. */
function repairsWithin(looks: number): { readonly repaired: number[]; readonly fight: Fight } {
  const repaired: number[] = [];
  let fight: Fight | undefined;
  let isBack = true;
  for (let look = 0; look < looks; look += 1) {
    const now = look * intervalMs;
    fight = meetAgain(fight, { note, isBack, now, intervalMs });
    isBack = now >= fight.repairFrom;
    if (isBack) repaired.push(look);
  }
  if (fight === undefined) throw new Error("no look");
  return { repaired, fight };
}

describe("a change that comes back each time that it was repaired", () => {
  it("is repaired a few times, then ever more seldom, down to once a day", () => {
    const { repaired } = repairsWithin(100);
    expect(repaired).toEqual([0, 1, 2, 5, 10, 19, 36, 69]);
    const week = repairsWithin(14 * 1440).repaired;
    const gaps = week.slice(1).map((look, index) => look - (week[index] ?? 0));
    expect(Math.max(...gaps)).toBe(1441);
  });

  it("counts as a fight from the fourth time on", () => {
    expect(isFight(repairsWithin(3).fight)).toBe(false);
    expect(isFight(repairsWithin(4).fight)).toBe(true);
  });

  it("begins anew where another field is changed, or by another manager", () => {
    const { fight } = repairsWithin(8);
    const now = 8 * intervalMs;
    const other = meetAgain(fight, {
      note: ": .data.k changed by x",
      isBack: true,
      now,
      intervalMs,
    });
    expect(other).toMatchObject({ rounds: 1, repairFrom: now });
  });

  it("counts as a fight also where looks are much rarer than they should be", () => {
    let fight: Fight | undefined;
    for (let look = 0; look < 20; look += 1) {
      const now = look * 4 * intervalMs;
      fight = meetAgain(fight, { note, isBack: now >= (fight?.repairFrom ?? 0), now, intervalMs });
    }
    expect(fight !== undefined && isFight(fight)).toBe(true);
  });

  it("is over once three looks in a row did not find it, and not before", () => {
    const { fight } = repairsWithin(4);
    const fights = new Map([["a", fight]]);
    noteQuiet(fights, "a");
    noteQuiet(fights, "a");
    const goesOn = meetAgain(fights.get("a"), { note, isBack: true, now: 0, intervalMs });
    expect(goesOn.rounds).toBe(fight.rounds + 1);
    fights.set("a", goesOn);
    noteQuiet(fights, "a");
    noteQuiet(fights, "a");
    expect(fights.size).toBe(1);
    noteQuiet(fights, "a");
    expect(fights.size).toBe(0);
  });
});
