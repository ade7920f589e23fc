import { describe, expect, it } from "vitest";
import { addEvents, storyOf } from "../../src/controller/commit-story.ts";
import {
  formatEvent,
  parseEvents,
  type ReleaseEvent,
} from "../../src/controller/release-ledger.ts";
import type { ReleaseProgress, StageProgress } from "../../src/core/rollout/planner-types.ts";

const stage = (changes: Partial<StageProgress>): StageProgress => ({
  name: "s",
  by: "",
  sites: 2,
  done: 0,
  inFlight: 0,
  waiting: 2,
  failed: 0,
  unchanged: 0,
  excused: 0,
  opened: true,
  passed: false,
  ...changes,
});

const progress = (
  state: ReleaseProgress["state"],
  stages: readonly StageProgress[],
): ReleaseProgress => ({ app: "web", release: { id: "r1" }, kind: "app", stages, state });

const open = [{ app: "web", release: "r1", sites: 4 }];

describe("the story of a commit", () => {
  it("tells counts and stage while a release is open", () => {
    const stages = [stage({ done: 2, waiting: 0, passed: true }), stage({ done: 1, waiting: 1 })];
    expect(storyOf(open, [progress("moving", stages)])).toEqual({
      state: "pending",
      description: "3 of 4 sites, stage 2 of 2",
    });
    expect(storyOf(open, [progress("held", stages)]).description).toBe(
      "3 of 4 sites, stage 2 of 2, held",
    );
  });

  it("is a failure when a release is over its budget", () => {
    const stages = [stage({ done: 1, failed: 1, waiting: 0 })];
    expect(storyOf(open, [progress("failed", stages)])).toEqual({
      state: "failure",
      description: "1 of 2 sites, stage 1 of 1, failed at 1 site",
    });
  });

  it("is a success when all is through, or nothing changes anywhere", () => {
    expect(storyOf([{ ...open[0]!, outcome: "done" }], [])).toEqual({
      state: "success",
      description: "4 of 4 sites",
    });
    expect(storyOf([], []).state).toBe("success");
  });

  it("names the commit that superseded it", () => {
    const replaced = { ...open[0]!, outcome: "superseded", by: "abcdef0123" } as const;
    expect(storyOf([replaced], [])).toEqual({
      state: "failure",
      description: "superseded by abcdef0 before it was through: web",
    });
  });
});

describe("release events", () => {
  const events: ReleaseEvent[] = [
    { event: "followed", source: "c1" },
    { event: "started", app: "web", release: "r1", source: "c1", sites: 4 },
    { event: "ended", app: "web", release: "r1", source: "c1", outcome: "superseded", by: "c2" },
    { event: "ended", app: "shop", release: "r2", source: "c1", outcome: "done" },
  ];

  it("are read back from a control commit's message as they were written", () => {
    const message = `Follow c1\n\n- words\n\n${events.map(formatEvent).join("\n")}\n`;
    expect(parseEvents(message)).toEqual(events);
    expect(parseEvents("nothing of the kind\n")).toEqual([]);
  });

  it("build the ledger, whatever was read before", () => {
    const ledger = addEvents(addEvents(new Map(), events.slice(0, 2)), events.slice(2));
    expect(ledger.get("c1")).toEqual([
      { app: "web", release: "r1", sites: 4, outcome: "superseded", by: "c2" },
      { app: "shop", release: "r2", sites: 0, outcome: "done" },
    ]);
  });
});
