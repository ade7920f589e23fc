import { describe, expect, it } from "vitest";
import {
  carriedChange,
  type DeclaredDecision,
  declaredHold,
  goneDecisions,
  newDecisions,
  spokenDecision,
} from "../../../src/core/rollout/declared-decisions.ts";
import { controlPaths } from "../../../src/core/rollout/control-files.ts";
import { parseControl } from "../../../src/core/rollout/control-files.ts";
import type { ControlChange, ControlState } from "../../../src/core/rollout/planner-types.ts";
import { applyChanges, stateFiles } from "../../support/control-state.ts";
import { checkPlan } from "../../support/planner-invariants.ts";
import { PlannerWorld, quick, someSites, type WorldHead } from "../../support/planner-world.ts";

const at = "2030-01-01T00:00:00.000Z";
const empty: ControlState = { head: null, epoch: 1, apps: {}, holds: [], sites: {}, workers: {} };
const word = { by: "ada", at };

function declare(
  name: string,
  spec: Omit<DeclaredDecision["spec"], "why">,
  why = "so",
): DeclaredDecision {
  return { name, file: `decisions/${name}.yaml`, line: 4, spec: { why, ...spec } };
}

/** What changes when a head is followed that has these. */
function goneBy(head: string, state: ControlState, declared: DeclaredDecision[]): ControlChange[] {
  return goneDecisions(state, { declared, head });
}

/** The state in which this one was carried out. */
function carriedOut(decision: DeclaredDecision, before = empty): ControlState {
  const hold = declaredHold(decision, word);
  const record = { ...word, commit: "c1", outcome: "done", message: "it holds" } as const;
  const holds =
    hold === undefined
      ? []
      : [{ path: controlPaths.hold(hold.id), record: hold, why: "it is declared" }];
  return applyChanges(before, [...holds, carriedChange(decision, record)]);
}

describe("decisions of the fleet repository", () => {
  it("are new by name and by what they say, and not by where they stand", () => {
    const one = declare("one", { hold: { app: "web" } });
    expect(newDecisions(empty, [one])).toEqual([one]);
    const state = carriedOut(one);
    expect(newDecisions(state, [one])).toEqual([]);
    expect(newDecisions(state, [{ ...one, file: "other.yaml", line: 40 }])).toEqual([]);
    const changed = declare("one", { hold: { app: "web", stage: "rest" } });
    const other = declare("a-second", { hold: { app: "web" } });
    expect(newDecisions(state, [changed, other])).toEqual([other, changed]);
    const reasoned = declare("one", { hold: { app: "web" } }, "for another reason");
    expect(newDecisions(state, [reasoned])).toEqual([reasoned]);
  });

  it("end with their file where they are holds: the record goes, and the hold", () => {
    const one = declare("one", { hold: { app: "web" } });
    const two = declare("two", { promote: { app: "web" } });
    const state = carriedOut(two, carriedOut(one));
    expect(goneBy("c2", state, [one, two])).toEqual([]);
    const gone = goneBy("c2", state, [two]);
    expect(gone.map(({ path, record }) => [path, record])).toEqual([
      ["decisions/one.json", null],
      ["holds/git--one.json", null],
      ["holds/ended--git--one.json", expect.objectContaining({ endedBy: "c2" })],
    ]);
    expect(gone[0]?.why).toBe("decisions/one.yaml:4 has gone: the decision one ends");
    const ended = applyChanges(state, gone);
    expect(goneBy("c2", ended, [two])).toEqual([]);
    expect(applyChanges(ended, goneBy("c3", ended, [two])).holds).toEqual([]);
  });

  it("do not free what the commit starts that ends them, until the next one is followed", () => {
    const fleet = (web: string, api: string): WorldHead => ({
      sites: someSites(2),
      apps: { web: { version: web }, api: { version: api } },
    });
    const world = new PlannerWorld();
    world.follow(fleet("v1", "v1"));
    world.run(20);
    world.control = carriedOut(declare("one", { hold: { fleet: true } }), world.control);
    world.follow(fleet("v1", "v2"));
    world.run(20);
    expect(world.on("api", "v2")).toEqual([]);
    world.control = applyChanges(world.control, goneBy("c3", world.control, []));
    world.follow(fleet("v2", "v2"));
    world.run(20);
    expect([world.on("api", "v2").length, world.on("web", "v2")]).toEqual([2, []]);
    expect(world.waitsOf(null, "web")[0]?.endsWhen).toContain("the next commit is followed");
    const ended = world.control;
    world.decide({ verb: "resume", scope: { fleet: true }, why: "go" });
    expect(world.control.holds).toEqual([]);
    world.control = applyChanges(ended, goneBy("c4", ended, []));
    world.follow(fleet("v2", "v2"));
    world.run(20);
    expect(world.on("web", "v2")).toHaveLength(2);
  });

  it("are the same holds in whichever order their scope is written", () => {
    const world = new PlannerWorld();
    const one = declare("one", { hold: { app: "web", region: "eu" } });
    world.control = carriedOut(one, world.control);
    const said = { verb: "resume", scope: { region: "eu", app: "web" }, why: "go" } as const;
    expect(() => world.decide(said)).toThrow(
      "the fleet repository holds app web, region eu; remove the Decision one (decisions/one.yaml:4) by a commit",
    );
    world.control = applyChanges(world.control, goneBy("c2", world.control, []));
    world.decide(said);
    expect(world.control.holds).toEqual([]);
  });

  it("of everything free the open list when a commit ends them, within its budgets", () => {
    const strategy = { ...quick, maxInFlight: 1 };
    const fleet = (count: number, version: string): WorldHead => ({
      sites: someSites(count),
      apps: { web: { version, strategy } },
    });
    const world = new PlannerWorld({ onPlan: checkPlan });
    world.follow(fleet(2, "v1"));
    world.run(20);
    const hold = declare("one", { hold: { fleet: true, all: true } });
    world.control = carriedOut(hold, world.control);
    world.follow(fleet(8, "v1"));
    world.run(20);
    expect(world.on("web", "v1")).toHaveLength(2);
    world.control = applyChanges(world.control, goneBy("c3", world.control, []));
    world.follow(fleet(8, "v2"));
    const inFlight = (): number =>
      Object.keys(world.control.apps["web"]?.arrivals?.handed ?? {}).length;
    const most: number[] = [];
    for (let tick = 0; tick < 60; tick += 1) {
      world.run(1);
      most.push(inFlight());
    }
    expect(Math.max(...most)).toBe(1);
    // What the same commit starts waits for the next one all the same.
    expect([world.on("web", "v1").length, world.on("web", "v2")]).toEqual([8, []]);
  });

  it("are not carried out again where their file comes back, and are tried again where they were refused", () => {
    const said = declare("two", { promote: { app: "web" } });
    const state = carriedOut(said);
    const later = applyChanges(state, goneBy("c2", state, []));
    expect(newDecisions(later, [said])).toEqual([]);
    const record = { ...word, commit: "c1", outcome: "refused", message: "not now" } as const;
    const refused = applyChanges(empty, [carriedChange(said, record)]);
    const forgotten = applyChanges(refused, goneBy("c2", refused, []));
    expect(newDecisions(forgotten, [said])).toEqual([said]);
    const held = declare("one", { hold: { app: "web" } });
    const ended = applyChanges(carriedOut(held), goneBy("c2", carriedOut(held), []));
    expect(newDecisions(ended, [held])).toEqual([held]);
  });

  it("are read back from control as they were written", () => {
    const state = carriedOut(declare("one", { hold: { app: "web", release: "web-1", all: true } }));
    const parsed = parseControl(stateFiles(state));
    expect(parsed.ok && parsed.value).toEqual(state);
    expect(state.holds[0]).toMatchObject({
      id: "git--one",
      scope: { app: "web" },
      release: "web-1",
      all: true,
      declared: { decision: "one", file: "decisions/one.yaml", line: 4 },
    });
  });

  it.each([
    [{ hold: { app: "web" } }, undefined],
    [
      { resume: { app: "web", release: "r" } },
      { verb: "resume", scope: { app: "web" }, release: "r" },
    ],
    [
      { approve: { app: "web", release: "r", stage: "rest" } },
      { verb: "approve", app: "web", release: "r", stage: "rest" },
    ],
    [{ excuse: { site: "e1" } }, { verb: "excuse", site: "e1" }],
    [{ retry: { app: "web", release: "r" } }, { verb: "retry", app: "web", release: "r" }],
    [{ promote: { app: "web" } }, { verb: "promote", app: "web" }],
    [{ urgent: { app: "web" } }, { verb: "urgent", app: "web" }],
    [{ rollback: { app: "web", to: "r" } }, { verb: "rollback", app: "web", to: "r" }],
  ])("say what the API would: %j", (spec, decision) => {
    const spoken = spokenDecision({ why: "so", ...spec });
    expect(spoken).toEqual(decision && { ...decision, why: "so" });
  });
});
