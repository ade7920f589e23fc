import { describe, expect, it } from "vitest";
import {
  type Change,
  type Fight,
  describeFight,
  isFight,
  meetAgain,
  noteQuiet,
} from "../../src/worker/fights.ts";

const intervalMs = 60_000;
const tuned: Change = { field: ".data.k", manager: "tuner" };

/** Finds a change at each look, and repairs it where that is due; gives the looks at which it was. */
function repairsWithin(
  looks: number,
  changesAt: (repairs: number) => readonly Change[] = () => [tuned],
): { readonly repaired: number[]; readonly fight: Fight } {
  const repaired: number[] = [];
  let fight: Fight | undefined;
  let isBack = true;
  for (let look = 0; look < looks; look += 1) {
    const now = look * intervalMs;
    const changes = changesAt(repaired.length);
    fight = meetAgain(fight, { changes, isBack, now, intervalMs });
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

  it("keeps what somebody else changes once waiting for nothing, nor what he changes elsewhere", () => {
    const { fight } = repairsWithin(8);
    const now = 8 * intervalMs;
    for (const change of [
      { field: ".data.k", manager: "x" },
      { field: ".data.other", manager: "tuner" },
    ]) {
      const changes = [tuned, change];
      const other = meetAgain(fight, { changes, isBack: false, now, intervalMs });
      expect(other.repairFrom).toBe(now);
      expect(describeFight(other)).toBe(" fights with tuner over .data.k");
      // The fight goes on where it was.
      const again = meetAgain(other, { changes: [tuned], isBack: true, now, intervalMs });
      expect(again.rounds).toBe(fight.rounds + 1);
    }
  });

  const taken: Change = { field: ".data.l", manager: "tuner" };
  it.each([
    ["a field each time and another one every second time", [[tuned], [tuned, taken]]],
    ["two fields in turn", [[tuned], [taken]]],
    ["two managers in turn", [[tuned], [{ ...tuned, manager: "other" }]]],
    ["five fields in turn", [1, 2, 3, 4, 5].map((n) => [{ ...tuned, field: `.data.${n}` }])],
  ])("is a fight like any other where it changes %s", (_, turns) => {
    const { repaired, fight } = repairsWithin(
      100,
      (repairs) => turns[repairs % turns.length] ?? [],
    );
    expect(isFight(fight)).toBe(true);
    expect(repaired.length).toBeLessThanOrEqual(12);
  });

  it("is a fight too where each change is another one", () => {
    const { repaired, fight } = repairsWithin(200, (repairs) => [
      { ...tuned, field: `.data.${repairs}` },
    ]);
    expect(repaired.length).toBeLessThanOrEqual(14);
    expect(describeFight(fight)).toMatch(
      / fights with tuner over \.data\.0, \.data\.1, \.data\.10 and \d+ more/,
    );
  });

  it("names all who change it again, and what", () => {
    const turns = [[tuned], [{ field: ".data.l", manager: "other" }]];
    const { fight } = repairsWithin(60, (repairs) => turns[repairs % 2] ?? []);
    expect(describeFight(fight)).toBe(" fights with other, tuner over .data.k, .data.l");
  });

  it("counts as a fight also where looks are much rarer than they should be", () => {
    let fight: Fight | undefined;
    const changes = [tuned];
    for (let look = 0; look < 20; look += 1) {
      const now = look * 4 * intervalMs;
      fight = meetAgain(fight, {
        changes,
        isBack: now >= (fight?.repairFrom ?? 0),
        now,
        intervalMs,
      });
    }
    expect(fight !== undefined && isFight(fight)).toBe(true);
  });

  it("is over once three looks in a row did not find it, and not before", () => {
    const { fight } = repairsWithin(4);
    const fights = new Map([["a", fight]]);
    noteQuiet(fights, "a");
    noteQuiet(fights, "a");
    const goesOn = meetAgain(fights.get("a"), {
      changes: [tuned],
      isBack: true,
      now: 0,
      intervalMs,
    });
    expect(goesOn.rounds).toBe(fight.rounds + 1);
    fights.set("a", goesOn);
    noteQuiet(fights, "a");
    noteQuiet(fights, "a");
    expect(fights.size).toBe(1);
    noteQuiet(fights, "a");
    expect(fights.size).toBe(0);
  });
});
