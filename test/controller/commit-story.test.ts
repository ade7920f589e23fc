import { describe, expect, it } from "vitest";
import { addEvents, type CommitWork } from "../../src/controller/commit-ledger.ts";
import { storyOf } from "../../src/controller/commit-story.ts";
import { noCounts } from "../../src/controller/count-sites.ts";
import {
  formatEvent,
  parseEvents,
  type ReleaseEvent,
} from "../../src/controller/release-ledger.ts";
import type { ReleaseProgress, StageProgress } from "../../src/core/rollout/planner-types.ts";

const stage = (changes: Partial<StageProgress>): StageProgress => ({
  name: "s",
  by: "",
  failureBudget: 0,
  maxInFlight: 1,
  maxUnavailable: 1,
  soakMs: 0,
  sites: 2,
  done: 0,
  inFlight: 0,
  waiting: 2,
  failed: 0,
  unchanged: 0,
  excused: 0,
  offline: 0,
  rolledBack: 0,
  opened: true,
  passed: false,
  ...changes,
});

const progress = (
  state: ReleaseProgress["state"],
  stages: readonly StageProgress[],
): ReleaseProgress => ({ app: "web", release: { id: "r1" }, kind: "app", stages, state });

const counts = { ...noCounts, sites: 4 };
const open = { app: "web", release: "r1", counts };
const work = (changes: Partial<CommitWork>): CommitWork => ({
  releases: [],
  joiners: [],
  moves: [],
  relabelled: 0,
  refused: [],
  ...changes,
});
const rest = { progress: [], waits: [], openLists: new Map() };
const at = (one: ReleaseProgress) => ({ ...rest, progress: [one] });

describe("the story of a commit", () => {
  it("tells counts and stage while a release is open", () => {
    const stages = [stage({ done: 2, waiting: 0, passed: true }), stage({ done: 1, waiting: 1 })];
    const releases = [open];
    expect(storyOf(work({ releases }), at(progress("moving", stages)))).toEqual({
      state: "pending",
      description: "3 of 4 sites, stage 2 of 2",
    });
    expect(storyOf(work({ releases }), at(progress("held", stages))).description).toBe(
      "3 of 4 sites, stage 2 of 2; held",
    );
  });

  it("says that a release is urgent", () => {
    const urgent = { by: "ada", at: "2030-01-01T00:00:00Z", why: "the tills are down" };
    const standing = at({ ...progress("moving", [stage({ done: 1, waiting: 1 })]), urgent });
    expect(storyOf(work({ releases: [open] }), standing).description).toBe(
      "1 of 2 sites, stage 1 of 1; urgent",
    );
  });

  it("is a failure when a release is over its budget", () => {
    const stages = [stage({ done: 1, failed: 1, waiting: 0 })];
    expect(storyOf(work({ releases: [open] }), at(progress("failed", stages)))).toEqual({
      state: "failure",
      description: "1 of 2 sites, stage 1 of 1; 1 failed, over its failure budget",
    });
    const back = [stage({ done: 1, failed: 1, rolledBack: 1, waiting: 0 })];
    expect(storyOf(work({ releases: [open] }), at(progress("failed", back))).description).toBe(
      "1 of 2 sites, stage 1 of 1; 1 failed, over its failure budget, 1 rolled back",
    );
  });

  it("is a success when all is through, with each site counted as what it is", () => {
    const done = (more: object) => ({ ...open, outcome: "done" as const, ...more });
    const all = { sites: 12, done: 9, offline: 2, failed: 1, excused: 0, unchanged: 0 };
    expect(storyOf(work({ releases: [done({ counts: all })] }), rest)).toEqual({
      state: "success",
      description: "9 of 12 sites; 2 offline, 1 failed",
    });
    const other = done({ app: "till", counts: { ...noCounts, sites: 3, done: 2, unchanged: 1 } });
    expect(storyOf(work({ releases: [done({ counts: all }), other] }), rest).description).toBe(
      "11 of 15 app updates; 2 offline, 1 failed, 1 unhealthy as before",
    );
    expect(storyOf(work({}), rest)).toEqual({
      state: "success",
      description: "no app changes at any site",
    });
  });

  it("follows the sites that join until they have arrived", () => {
    const joiner = (site: string, outcome?: "arrived" | "failed" | "gone") => ({
      app: "web",
      site,
      ...(outcome === undefined ? {} : { outcome }),
    });
    const joiners = [joiner("a"), joiner("b", "arrived")];
    expect(storyOf(work({ joiners }), rest)).toEqual({
      state: "pending",
      description: "1 of 2 sites",
    });
    const wait = { app: "web", release: null, stage: null, site: "a", reason: "", endsWhen: "" };
    const waits = [{ ...wait, code: "offline" as const }];
    expect(storyOf(work({ joiners }), { ...rest, waits }).description).toBe(
      "1 of 2 sites; 1 offline",
    );
    const twoApps = [joiner("a", "arrived"), { ...joiner("a", "failed"), app: "till" }];
    expect(storyOf(work({ joiners: twoApps }), rest)).toEqual({
      state: "success",
      description: "0 of 1 sites; 1 failed",
    });
    const standing = (handed: string[], failed: string[]) => ({
      ...rest,
      openLists: new Map([["till", { handed: new Set(handed), failed: new Set(failed) }]]),
    });
    expect(storyOf(work({ joiners: twoApps }), standing([], ["a"]))).toEqual({
      state: "failure",
      description: "0 of 1 sites; 1 failed, over the failure budget of the open list",
    });
    expect(storyOf(work({ joiners: twoApps }), standing(["a"], []))).toEqual({
      state: "pending",
      description: "0 of 1 sites",
    });
    const gone = [{ ...joiner("a", "gone"), by: "abcdef0123" }];
    expect(storyOf(work({ joiners: gone }), rest)).toEqual({
      state: "failure",
      description: "superseded by abcdef0 before it was through: web",
    });
  });

  it("says which sites move and where to, is pending until they have, and tells of other labels", () => {
    const move = (site: string, outcome?: "arrived" | "gone") => ({
      site,
      from: "east",
      to: "west",
      ...(outcome === undefined ? {} : { outcome }),
    });
    const told = (changes: Partial<CommitWork>) => storyOf(work(changes), rest);
    expect(told({ moves: [move("a")] })).toEqual({
      state: "pending",
      description: "no app changes at any site; a moves from east to west",
    });
    expect(told({ moves: [move("a", "arrived"), move("b")], relabelled: 1 })).toEqual({
      state: "pending",
      description:
        "no app changes at any site; 2 sites move from east to west, 1 did, other labels at 1 site",
    });
    expect(told({ moves: [move("a", "arrived"), move("b", "arrived")] })).toEqual({
      state: "success",
      description: "no app changes at any site; 2 sites moved from east to west",
    });
    expect(told({ relabelled: 2 })).toEqual({
      state: "success",
      description: "no app changes at any site; other labels at 2 sites",
    });
    expect(told({ moves: [{ ...move("a", "gone"), by: "abcdef0123" }] })).toMatchObject({
      state: "failure",
      description: expect.stringMatching(/^superseded by abcdef0 before it was through: a/),
    });
    const releases = [{ ...open, outcome: "done" as const, counts: { ...counts, done: 4 } }];
    expect(told({ releases, moves: [move("a")] })).toEqual({
      state: "pending",
      description: "4 of 4 sites; a moves from east to west",
    });
  });

  it("is a failure when something that it says is refused, and tells that first", () => {
    const refused = ["web: this version is known to be bad and is not tried again"];
    expect(storyOf(work({ refused }), rest)).toEqual({
      state: "failure",
      description: "web: this version is known to be bad and is not tried again",
    });
    const releases = [{ ...open, outcome: "done" as const, counts: { ...counts, done: 4 } }];
    expect(storyOf(work({ refused: ["decision e was refused: x"], releases }), rest)).toEqual({
      state: "failure",
      description: "decision e was refused: x; 4 of 4 sites",
    });
  });

  it("names the commit that superseded it", () => {
    const replaced = { ...open, outcome: "superseded", by: "abcdef0123" } as const;
    expect(storyOf(work({ releases: [replaced] }), rest)).toEqual({
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
    {
      event: "ended",
      app: "shop",
      release: "r2",
      source: "c1",
      outcome: "done",
      counts: { sites: 3, done: 1, offline: 1, excused: 0, failed: 1, unchanged: 0 },
    },
    { event: "joins", app: "web", source: "c1", sites: ["a", "b"] },
    { event: "joined", app: "web", outcome: "arrived", sites: ["a"] },
    { event: "joined", app: "web", outcome: "gone", sites: ["b"], by: "c2" },
    { event: "moves", source: "c1", from: "east", to: "west", sites: ["a", "b"] },
    { event: "moves", source: "c2", from: "west", to: "north", sites: ["b"] },
    { event: "moved", outcome: "arrived", site: "a" },
    { event: "relabels", source: "c1", sites: 3 },
    { event: "refused", source: "c1", reason: "decision e was refused: web has no such release" },
  ];

  it("are read back from a control commit's message as they were written", () => {
    const message = `Follow c1\n\n- words\n\n${events.map(formatEvent).join("\n")}\n`;
    expect(parseEvents(message)).toEqual(events);
    expect(parseEvents("nothing of the kind\n")).toEqual([]);
  });

  it("tell a reason of several lines in one, whatever it looks like", () => {
    const reason = "decision e was refused:\nFlotilla-Followed: c9";
    const message = formatEvent({ event: "refused", source: "c1", reason });
    expect(parseEvents(message)).toEqual([
      { event: "refused", source: "c1", reason: "decision e was refused: Flotilla-Followed: c9" },
    ]);
  });

  it("build the ledger, whatever was read before", () => {
    const ledger = addEvents(addEvents(new Map(), events.slice(0, 2)), events.slice(2));
    expect(ledger.get("c1")).toEqual({
      releases: [
        { app: "web", release: "r1", counts, outcome: "superseded", by: "c2" },
        {
          app: "shop",
          release: "r2",
          counts: { ...noCounts, sites: 3, done: 1, offline: 1, failed: 1 },
          outcome: "done",
        },
      ],
      joiners: [
        { app: "web", site: "a", outcome: "arrived" },
        { app: "web", site: "b", outcome: "gone", by: "c2" },
      ],
      moves: [
        { site: "a", from: "east", to: "west", outcome: "arrived" },
        { site: "b", from: "east", to: "west", outcome: "gone", by: "c2" },
      ],
      relabelled: 3,
      refused: ["decision e was refused: web has no such release"],
    });
    const joined = (outcome: "arrived" | "failed") =>
      ({ event: "joined", app: "web", outcome, sites: ["a"] }) as const;
    const joins = (source: string) =>
      ({ event: "joins", app: "web", source, sites: ["a"] }) as const;
    const once = addEvents(new Map(), [joins("c1"), joined("failed"), joined("arrived")]);
    expect(once.get("c1")?.joiners).toEqual([{ app: "web", site: "a", outcome: "arrived" }]);
    const twice = [joins("c1"), joined("failed"), joins("c2"), joined("arrived")];
    expect(addEvents(new Map(), twice).get("c1")?.joiners[0]?.outcome).toBe("failed");
    expect(ledger.get("c2")?.moves).toEqual([{ site: "b", from: "west", to: "north" }]);
  });
});
