import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAmount } from "../../../src/core/model/amount.ts";
import {
  amountInWords,
  freezeStages,
  type StageSite,
} from "../../../src/core/rollout/freeze-stages.ts";
import { strategyFromSpec } from "../../../src/core/rollout/resolve-strategy.ts";

function sites(
  count: number,
  labels: (index: number) => Record<string, string> = () => ({}),
): StageSite[] {
  return Array.from({ length: count }, (_, index) => ({
    site: `s${index}`,
    region: ["us", "ap", "eu"][index % 3] ?? "",
    labels: labels(index),
    reachable: true,
  }));
}

function sizes(stageOf: Readonly<Record<string, number>>, stages: number): number[] {
  return Array.from(
    { length: stages },
    (_, index) => Object.values(stageOf).filter((stage) => stage === index).length,
  );
}

describe("numbers of a stage", () => {
  // The same settings mean six different things elsewhere; here one rounding rule holds: down, at least 1, 0 is 0.
  it.each([
    ["10%", 37, 3],
    ["34%", 3, 1],
    ["0%", 37, 0],
    [0, 37, 0],
    [5, 37, 5],
    ["1%", 3, 1],
    ["100%", 37, 37],
    ["99%", 100, 99],
    ["2%", 49, 1],
    ["2%", 100, 2],
  ])("%s of %i is %i, for sites and for budgets", (amount, total, expected) => {
    const strategy = strategyFromSpec("x", {
      stages: [
        typeof amount === "number"
          ? { name: "first", count: amount }
          : { name: "first", percent: Number.parseInt(amount, 10) },
        { name: "rest" },
      ],
    });
    const { stageOf } = freezeStages({ strategy, app: "web", sites: sites(total) });
    expect(sizes(stageOf, 2)[0]).toBe(Math.min(expected, total));

    const whole = strategyFromSpec("x", {
      stages: [{ name: "all" }],
      maxInFlight: amount,
      maxUnavailable: amount,
      failureBudget: amount,
    });
    const [stage] = freezeStages({ strategy: whole, app: "web", sites: sites(total) }).stages;
    expect(stage).toMatchObject({
      maxInFlight: expected,
      maxUnavailable: expected,
      failureBudget: expected,
    });
  });

  it("are shown with what they were made from", () => {
    expect(amountInWords({ percent: 10 }, 37)).toBe("10 % of 37 = 3");
    expect(amountInWords(parseAmount(3) ?? { count: 0 }, 37)).toBe("count 3");
  });
});

describe("the built-in strategy", () => {
  it("is one canary, 10 %, the rest", () => {
    const { stages, stageOf } = freezeStages({
      strategy: strategyFromSpec("default", {}),
      app: "web",
      sites: sites(37),
    });
    expect(stages.map(({ name, by }) => `${name}: ${by}`)).toEqual([
      "canary: count 1",
      "early: 10 % of 37 = 3",
      "rest: rest",
    ]);
    expect(sizes(stageOf, 3)).toEqual([1, 3, 33]);
    expect(stages.map(({ failureBudget }) => failureBudget)).toEqual([0, 0, 1]);
    expect(stages.map(({ maxInFlight }) => maxInFlight)).toEqual([1, 1, 3]);
    expect(stages.map(({ soakMs }) => soakMs)).toEqual([300_000, 300_000, 300_000]);
    expect(strategyFromSpec("default", {})).toMatchObject({
      minReadyMs: 10_000,
      progressDeadlineMs: 600_000,
      unknownBlocks: false,
    });
  });
});

describe("a strategy of its own", () => {
  it("gets a last stage for what its stages do not take", () => {
    const spec = { stages: [{ name: "rest", count: 1 }] };
    expect(strategyFromSpec("x", spec).stages.map(({ name }) => name)).toEqual(["rest", "rest-2"]);
    const own = { stages: [{ name: "pilots", selector: "ring=pilot" }, { name: "others" }] };
    expect(strategyFromSpec("x", own).stages.map(({ name }) => name)).toEqual(["pilots", "others"]);
  });

  it("lets a stage override what the strategy says", () => {
    const spec = {
      soak: "1m",
      maxInFlight: 3,
      stages: [{ name: "a", count: 1, soak: "5s", maxInFlight: 0 }, { name: "b" }],
    };
    expect(strategyFromSpec("x", spec).stages).toMatchObject([
      { soakMs: 5000, maxInFlight: { count: 0 } },
      { soakMs: 60_000, maxInFlight: { count: 3 } },
    ]);
  });
});

describe("freezing stages", () => {
  const strategy = strategyFromSpec("x", {
    stages: [
      { name: "pilots", selector: "ring=pilot" },
      { name: "half", percent: 50 },
      { name: "rest" },
    ],
  });

  it("takes by selector first, and percentages are of the whole list", () => {
    const { stages, stageOf } = freezeStages({
      strategy,
      app: "web",
      sites: sites(10, (index) => (index < 2 ? { ring: "pilot" } : {})),
    });
    expect(sizes(stageOf, 3)).toEqual([2, 5, 3]);
    expect(stages[0]).toMatchObject({ by: "selector ring=pilot", selector: "ring=pilot" });
  });

  it("takes reachable sites first, so that a canary is one that can speak", () => {
    const canary = strategyFromSpec("default", {});
    const all = sites(20);
    const first = Object.entries(
      freezeStages({ strategy: canary, app: "web", sites: all }).stageOf,
    ).find(([, stage]) => stage === 0)?.[0];
    const others = all.map((each) => ({ ...each, reachable: each.site !== first }));
    const next = Object.entries(
      freezeStages({ strategy: canary, app: "web", sites: others }).stageOf,
    ).find(([, stage]) => stage === 0)?.[0];
    expect(next).not.toBe(first);
  });

  it("keeps a stage that gets no site, with its numbers at 0 or as counted", () => {
    const { stages, stageOf } = freezeStages({ strategy, app: "web", sites: [] });
    expect(stages.map(({ name }) => name)).toEqual(["pilots", "half", "rest"]);
    expect(stageOf).toEqual({});
  });

  it("gives every site one stage, whatever order the sites come in, and different apps different canaries", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 60 }),
        fc.integer({ min: 0, max: 100 }),
        (count, percent) => {
          const spec = strategyFromSpec("x", {
            stages: [{ name: "a", count: 1 }, { name: "b", percent }, { name: "c" }],
          });
          const { stageOf } = freezeStages({ strategy: spec, app: "web", sites: sites(count) });
          expect(Object.keys(stageOf)).toHaveLength(count);
          expect(
            freezeStages({ strategy: spec, app: "web", sites: sites(count).toReversed() }).stageOf,
          ).toEqual(stageOf);
        },
      ),
    );
    const canaries = ["web", "api", "db", "log", "dns"].map((app) => {
      const { stageOf } = freezeStages({
        strategy: strategyFromSpec("default", {}),
        app,
        sites: sites(50),
      });
      return Object.keys(stageOf).find((site) => stageOf[site] === 0);
    });
    expect(new Set(canaries).size).toBeGreaterThan(1);
  });
});

describe("a stage for each domain", () => {
  const regions = {
    stages: [
      { name: "canary", count: 1 },
      { name: "region", each: "region" },
    ],
  };

  it("is one for each region in which sites are left, by name, with numbers of its own", () => {
    const strategy = strategyFromSpec("x", { ...regions, maxInFlight: "50%" });
    const { stages, stageOf } = freezeStages({ strategy, app: "web", sites: sites(13) });
    expect(stages.map(({ name, by, of }) => [name, by, of])).toEqual([
      ["canary", "count 1", undefined],
      ["region-ap", "each region, ap", "region"],
      ["region-eu", "each region, eu", "region"],
      ["region-us", "each region, us", "region"],
      ["rest", "rest", undefined],
    ]);
    expect(sizes(stageOf, 5).reduce((sum, size) => sum + size)).toBe(13);
    const [, ap = 0] = sizes(stageOf, 5);
    expect(stages[1]?.maxInFlight).toBe(Math.floor(ap / 2));
    for (const { site, region } of sites(13)) {
      const name = stages[stageOf[site] ?? 0]?.name;
      expect(["canary", `region-${region}`]).toContain(name);
    }
  });

  it("leaves what has no such label to the stages after it", () => {
    const strategy = strategyFromSpec("x", {
      stages: [{ name: "zone", each: "example.com/zone" }],
    });
    const zones = ["a", "b", undefined];
    const { stages, stageOf } = freezeStages({
      strategy,
      app: "web",
      sites: sites(6, (index) => {
        const zone = zones[index % 3];
        return zone === undefined ? {} : { "example.com/zone": zone };
      }),
    });
    expect(stages.map(({ name, selector }) => [name, selector])).toEqual([
      ["zone-a", "example.com/zone=a"],
      ["zone-b", "example.com/zone=b"],
      ["rest", undefined],
    ]);
    expect(sizes(stageOf, 3)).toEqual([2, 2, 2]);
  });

  it("has a valid name of its own for every value that a label can have", () => {
    const label = fc.oneof(
      fc.stringMatching(/^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/u),
      fc.constantFrom("a", "A", "a.b", "a-b", "a--b", "", "a-0011aabb", "0011aabb"),
    );
    const stageName = fc.constantFrom("zone", "z".repeat(63), "a-b");
    fc.assert(
      fc.property(fc.uniqueArray(label, { maxLength: 20 }), stageName, (values, name) => {
        const strategy = strategyFromSpec("x", { stages: [{ name, each: "zone" }] });
        const all = sites(values.length, (index) => ({ zone: values[index] ?? "" }));
        const { stages } = freezeStages({ strategy, app: "web", sites: all });
        expect(new Set(stages.map((stage) => stage.name)).size).toBe(values.length + 1);
        for (const stage of stages) {
          expect(stage.name).toMatch(/^[a-z0-9]([a-z0-9]|-(?!-)(?=[a-z0-9])){0,62}$/u);
        }
      }),
    );
  });
});
