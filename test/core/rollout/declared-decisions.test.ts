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
import type { ControlState } from "../../../src/core/rollout/planner-types.ts";
import { applyChanges, stateFiles } from "../../support/control-state.ts";

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
    expect(goneDecisions(state, [one, two])).toEqual([]);
    const gone = goneDecisions(state, [two]);
    expect(gone.map(({ path, record }) => [path, record])).toEqual([
      ["decisions/one.json", null],
      ["holds/git--one.json", null],
    ]);
    expect(gone[0]?.why).toBe("decisions/one.yaml:4 has gone: the decision one ends");
    expect(applyChanges(state, gone).holds).toEqual([]);
  });

  it("are not carried out again where their file comes back, and are tried again where they were refused", () => {
    const said = declare("two", { promote: { app: "web" } });
    const state = carriedOut(said);
    const later = applyChanges(state, goneDecisions(state, []));
    expect(newDecisions(later, [said])).toEqual([]);
    const record = { ...word, commit: "c1", outcome: "refused", message: "not now" } as const;
    const refused = applyChanges(empty, [carriedChange(said, record)]);
    const forgotten = applyChanges(refused, goneDecisions(refused, []));
    expect(newDecisions(forgotten, [said])).toEqual([said]);
    const held = declare("one", { hold: { app: "web" } });
    const ended = applyChanges(carriedOut(held), goneDecisions(carriedOut(held), []));
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
