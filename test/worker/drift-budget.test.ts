import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/runtime/system-clock.ts";
import { createDriftBudget } from "../../src/worker/drift-budget.ts";
import { StateDisk, openMemoryState } from "../simulation/memory-state.ts";

const newStore = () => openMemoryState(new StateDisk(), systemClock());

describe("the drift budget", () => {
  it("lets so many sites be checked within any minute, and none where it is 0", () => {
    const budget = createDriftBudget(() => 100, newStore());
    const allowed = [0, 1000, 2000, 59_000, 60_000, 61_000].map((now) => budget.mayCheck(now, 2));

    expect(allowed).toEqual([true, true, false, false, true, true]);
    expect(budget.mayCheck(500_000, 0)).toBe(false);
  });

  it("waits while more than a tenth of the sites have drifted, and goes on when it is less", () => {
    const budget = createDriftBudget(() => 30, newStore());
    for (const site of ["a", "b", "c"]) budget.note(site, true);
    expect(budget.reasonToWait(undefined)).toBeNull();
    budget.note("d", true);
    expect(budget.reasonToWait(undefined)).toContain("4 of 30 sites");
    expect(budget.reasonToWait(undefined)).toContain("drift.maxDriftedPercent");
    budget.note("a", false);
    expect(budget.reasonToWait(undefined)).toBeNull();
  });

  it("goes on from what the run before has found, until a look finds it gone", () => {
    const store = newStore();
    const before = createDriftBudget(() => 30, store);
    for (const site of ["a", "b", "c", "d"]) before.note(site, true);
    const budget = createDriftBudget(() => 30, store);
    expect(budget.reasonToWait(undefined)).toContain("4 of 30 sites");
    budget.note("a", false);
    expect(createDriftBudget(() => 30, store).reasonToWait(undefined)).toBeNull();
  });

  // Sites, percentage, most that are repaired.
  it.each([
    [30, 10, 3],
    [39, 10, 3],
    [5, 10, 2],
    [40, 25, 10],
    [40, 100, 40],
    [1, 50, 1],
    [40, 0, 0],
    [1, 0, 0],
  ])("of %d sites at %d %% repairs %d", (sites, percent, most) => {
    const budget = createDriftBudget(() => sites, newStore());
    const repaired = Array.from({ length: sites }, (_, index) => {
      budget.note(`s${index}`, true);
      return budget.reasonToWait(percent) === null;
    });

    expect(repaired.filter(Boolean)).toHaveLength(most);
    expect(repaired.lastIndexOf(true)).toBe(most - 1);
  });
});
