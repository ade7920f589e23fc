import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/runtime/system-clock.ts";
import { type AppState, newAppState } from "../../src/worker/app-state.ts";
import { pendingRow } from "../../src/worker/state-store.ts";
import type { SiteMeta } from "../../src/core/protocol/mirror-layout.ts";
import { judgeAnew } from "../../src/worker/look-for-drift.ts";
import {
  forgetTold,
  keepDrift,
  noteStaying,
  noteWaiting,
  recallTold,
} from "../../src/worker/told-notes.ts";
import { StateDisk, openMemoryState } from "../simulation/memory-state.ts";

const id = "_ConfigMap_default_a";
const staying = { fields: { "f:data": { "f:old": {} } }, note: "argo has .data.old" };

describe("what an earlier run has told", () => {
  const place = () => ({ site: "s1", store: openMemoryState(new StateDisk(), systemClock()) });
  const stateWith = (uid: string): AppState => {
    const rows = new Map([[id, { ...pendingRow(id, "v1"), uid }]]);
    return { ...newAppState("web"), rows };
  };
  const recalled = (from: ReturnType<typeof place>, uid: string) => {
    const state = stateWith(uid);
    recallTold(from, state);
    return [...state.staying];
  };

  it("is known again of what stays after a restart, of the very object, until it is gone", () => {
    const here = place();
    const state = stateWith("u1");
    expect(noteStaying(here, state, { id, staying })).toBe(true);
    expect(noteStaying(here, state, { id, staying: { ...staying } })).toBe(false);
    expect(recalled({ ...here, site: "s10" }, "u1")).toEqual([]);
    expect(recalled(here, "u1")).toEqual([[id, staying]]);

    expect(noteStaying(here, state, { id, staying: null })).toBe(true);
    expect(recalled(here, "u1")).toEqual([]);
  });

  it("is not told of another object by its name, nor of a site that was forgotten", () => {
    const here = place();
    noteStaying(here, stateWith("u1"), { id, staying });
    expect(recalled(here, "u2")).toEqual([]);
    expect(recalled(here, "u1")).toEqual([]);

    noteStaying(here, stateWith("u1"), { id, staying });
    forgetTold(here.store, "s1");
    expect(recalled(here, "u1")).toEqual([]);
  });

  it("is that something waits, too, as it was told last, of that very site and until it is done", () => {
    const here = place();
    const waits = (from: typeof here): string => {
      const state = newAppState("web");
      recallTold(from, state);
      return state.waiting;
    };
    const state = newAppState("web");
    noteWaiting(here, state, "1 object is to be pruned");
    expect([waits({ ...here, site: "s10" }), waits(here)]).toEqual([
      "",
      "1 object is to be pruned",
    ]);
    noteWaiting(here, state, "");
    expect([state.waiting, waits(here)]).toEqual(["", ""]);

    noteWaiting(here, state, "1 object is to be pruned");
    forgetTold(here.store, "s1");
    expect(waits(here)).toBe("");
  });

  it("is what has drifted, too, while nothing was written since: nothing is done before it is looked at", () => {
    const here = place();
    const stateOf = (resourceVersion: string): AppState => {
      const rows = new Map([[id, { ...pendingRow(id, "v1"), resourceVersion }]]);
      return { ...newAppState("web"), rows };
    };
    const drifted = (resourceVersion: string) => {
      const state = stateOf(resourceVersion);
      recallTold(here, state);
      return [...state.drifted];
    };
    const state = stateOf("7");
    state.drifted.set(id, { force: true, repair: true, note: "a changed by x" });
    keepDrift(here, state);
    const told = { force: false, repair: false, note: "a changed by x" };
    expect([drifted("7"), drifted("8")]).toEqual([[[id, told]], []]);
    expect(judgeAnew([stateOf("7"), state], undefined, metaWith("report"))).toEqual([]);
    expect(judgeAnew([stateOf("7"), state], undefined, metaWith("ignore"))).toEqual([state]);
    expect(state.drifted.size).toBe(0);

    keepDrift(here, state);
    expect(drifted("7")).toEqual([]);
  });
});

function metaWith(drift: "report" | "ignore"): SiteMeta {
  const policies = { web: { drift, ignored: [] } };
  const own = { fleet: "demo", site: "s1", region: "eu", suspend: false, apps: {} };
  return { ...own, drift: { intervalMs: 1, maxSitesPerMinute: 1 }, policies };
}
