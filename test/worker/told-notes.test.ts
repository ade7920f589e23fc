import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/runtime/system-clock.ts";
import { type AppState, newAppState } from "../../src/worker/app-state.ts";
import { pendingRow } from "../../src/worker/state-store.ts";
import { forgetTold, noteStaying, noteWaiting, recallTold } from "../../src/worker/told-notes.ts";
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
});
