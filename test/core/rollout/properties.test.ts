import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { own } from "../../../src/core/rollout/own.ts";
import type { PlannerInput, RolloutPlan, Wait } from "../../../src/core/rollout/planner-types.ts";
import type { Release } from "../../../src/core/rollout/records.ts";
import { progressOf } from "../../../src/core/rollout/progress.ts";
import { planRollout } from "../../../src/core/rollout/plan-rollout.ts";
import { applyChanges } from "../../support/control-state.ts";
import { checkPlan } from "../../support/planner-invariants.ts";
import { PlannerWorld } from "../../support/planner-world.ts";
import {
  decideAll,
  makeWell,
  play,
  someEvent,
  someExchange,
  someHead,
  someHistory,
  withRoom,
} from "../../support/planner-histories.ts";

const runs = { numRuns: 100 };

describe("over random fleets and histories", { timeout: 90_000 }, () => {
  it("no hand-over breaks a budget, a gate, a hold or a silence; nothing leaves but by a removal", () => {
    fc.assert(
      fc.property(someHistory, ({ heads, events }) => {
        let plans = 0;
        const onPlan = (input: PlannerInput, plan: RolloutPlan): void => {
          plans += 1;
          checkPlan(input, plan);
        };
        play(new PlannerWorld({ onPlan }), heads, events);
        expect(plans).toBeGreaterThan(0);
      }),
      runs,
    );
  });

  it("objects that go from app to app are deleted only as counted, whatever becomes of the takers", () => {
    fc.assert(
      fc.property(someExchange, ({ heads, events }) => {
        const world = new PlannerWorld({ onPlan: checkPlan });
        play(world, heads, events);
        world.settle();
        expect(world.step()).toMatchObject({ changes: [], handOvers: [] });
      }),
      runs,
    );
  });

  it("a plan that was carried out leaves nothing to plan, unless it passed a stage", () => {
    fc.assert(
      fc.property(someHistory, ({ heads, events }) => {
        const world = new PlannerWorld();
        play(world, heads, events);
        world.settle();
        expect(world.step()).toMatchObject({ changes: [], handOvers: [] });
      }),
      runs,
    );
  });

  it("the columns of every stage add up, and every site that waits has one reason", () => {
    const check = (input: PlannerInput, plan: RolloutPlan): void => {
      for (const { stages } of progressOf(input)) {
        for (const { sites, done, inFlight, waiting, failed, unchanged, excused } of stages) {
          expect(done + inFlight + waiting + failed + unchanged + excused).toBe(sites);
        }
      }
      const seen = plan.waits
        .filter(({ site: each }) => each !== null)
        .map((wait) => `${wait.app} ${wait.release} ${wait.site}`);
      expect(new Set(seen).size).toBe(seen.length);
      for (const wait of plan.waits) expect(wait.reason === "" || wait.endsWhen === "").toBe(false);
    };
    fc.assert(
      fc.property(someHistory, ({ heads, events }) => {
        play(new PlannerWorld({ onPlan: check }), heads, events);
      }),
      runs,
    );
  });

  it("no site that waits is without a reason", () => {
    const check = (input: PlannerInput, plan: RolloutPlan): void => {
      if (plan.changes.length > 0 || input.awaitsHead !== undefined) return;
      const told = new Set(plan.waits.map(({ app, site }) => `${app} ${site}`));
      for (const release of Object.values(input.control.apps).flatMap(({ open }) => open)) {
        const waiting = Object.keys(release.list).filter((site) => isWaiting(input, release, site));
        expect(waiting.filter((site) => !told.has(`${release.app} ${site}`))).toEqual([]);
      }
    };
    fc.assert(
      fc.property(someHistory, ({ heads, events }) => {
        play(new PlannerWorld({ onPlan: check }), heads, events);
      }),
      runs,
    );
  });

  it("no site that has another version than the followed commit's is without a reason", () => {
    const check = (input: PlannerInput, plan: RolloutPlan): void => {
      if (plan.changes.length > 0 || input.awaitsHead !== undefined) return;
      const told = new Set(plan.waits.map(({ app, site }) => `${app} ${site}`));
      const behind = Object.entries(input.placedByHead ?? {}).flatMap(([app, sites]) =>
        sites
          .filter((site) => isBehind(input, app, site) && !told.has(`${app} ${site}`))
          .filter(() => !plan.waits.some((wait) => wait.app === app && isOfWholeApp(wait)))
          .map((site) => `${app} ${site}`),
      );
      expect(behind).toEqual([]);
    };
    fc.assert(
      fc.property(someHistory, ({ heads, events }) => {
        play(new PlannerWorld({ onPlan: check }), heads, events);
      }),
      runs,
    );
  });

  it("everything arrives when everything is healthy and allowed", () => {
    fc.assert(
      fc.property(someHistory, someHead, ({ heads, events }, last) => {
        const world = new PlannerWorld({ onPlan: checkPlan });
        play(world, heads.map(withRoom), events);
        makeWell(world, last);
        for (let round = 0; round < 12; round += 1) {
          decideAll(world, "approve");
          decideAll(world, "retry");
          world.run(25);
        }
        expect(
          Object.values(world.control.apps).flatMap(({ open }) => open.map(({ id }) => id)),
        ).toEqual([]);
        for (const [name, trees] of Object.entries(world.startInput(null, {}).desired)) {
          expect(world.trees(name)).toEqual(trees.sites);
        }
        for (const name of Object.keys(world.control.apps))
          expect(Object.keys(world.startInput(null, {}).desired)).toContain(name);
      }),
      { numRuns: 40 },
    );
  });

  it("0 in flight means that nothing moves", () => {
    const frozen = someHead.map((each) => ({ ...each, maxSitesInFlight: 0 }));
    fc.assert(
      fc.property(
        fc.array(frozen, { minLength: 2, maxLength: 3 }),
        fc.array(someEvent(2), { maxLength: 10 }),
        (heads, events) => {
          const world = new PlannerWorld();
          play(world, heads, events);
          expect(world.story).toEqual([]);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("the same input gives the same plan, and the order of sites does not matter", () => {
    fc.assert(
      fc.property(someHistory, ({ heads, events }) => {
        const world = new PlannerWorld();
        play(world, heads, events);
        const input = world.input();
        const turned = {
          ...input,
          sites: new Map([...input.sites].toReversed()),
        };
        const plan = planRollout(input);
        expect(planRollout(input)).toEqual(plan);
        expect(applyChanges(input.control, planRollout(turned).changes)).toEqual(
          applyChanges(input.control, plan.changes),
        );
      }),
      runs,
    );
  });
});

/** By the records alone: nothing has been done about the site, and it is not where it is to be. */
function isWaiting(input: PlannerInput, release: Release, site: string): boolean {
  const { excused, failed, handed, passed, stages, list } = release;
  const isSpoken = [excused, failed, handed].some((records) => Object.hasOwn(records, site));
  const isPassed = Object.hasOwn(passed, stages[own(list, site)?.stage ?? 0]?.name ?? "");
  return !isSpoken && !isPassed && isKnown(input, site) && !isThere(input, release, site);
}

function isBehind(input: PlannerInput, app: string, site: string): boolean {
  const entry = own(own(input.mirrors, site), app);
  return entry !== undefined && "tree" in entry && entry.tree !== input.wantedAt?.(app, site);
}

/** What is said of all sites of an app at once: that its version is bad, or goes back. */
function isOfWholeApp({ site, code }: Wait): boolean {
  return site === null && ["bad-version", "rolling-back", "unknown-app"].includes(code);
}

function isKnown(input: PlannerInput, site: string): boolean {
  return input.sites.has(site) && own(input.observed, site)?.reachable !== false;
}

function isThere(input: PlannerInput, release: Release, site: string): boolean {
  const entry = own(own(input.mirrors, site), release.app);
  return (
    (entry !== undefined && "tree" in entry ? entry.tree : null) === own(release.list, site)?.to
  );
}
