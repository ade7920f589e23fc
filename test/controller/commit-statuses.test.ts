import { expect, it, onTestFinished } from "vitest";
import { createGit } from "../../src/adapters/git/git-process.ts";
import { openStore } from "../../src/adapters/git/native-store.ts";
import { FleetError } from "../../src/core/errors.ts";
import { CommitStatuses, type StorySink } from "../../src/controller/commit-statuses.ts";
import { ControlRepository } from "../../src/controller/control-repository.ts";
import type { ReleaseEvent } from "../../src/controller/release-ledger.ts";
import type { ControlState, Wait } from "../../src/core/rollout/planner-types.ts";
import type { Release } from "../../src/core/rollout/records.ts";
import type { HeadVerdict } from "../../src/controller/judge-head.ts";
import { manualClock } from "../support/manual-clock.ts";
import { temporaryFolder } from "../support/git-repository.ts";

type Told = Parameters<StorySink["set"]>[0];

interface TellOptions {
  readonly at?: string | null;
  readonly apps?: ControlState["apps"];
  readonly sites?: ControlState["sites"];
  readonly waits?: readonly Wait[];
}

/** A control that follows one commit after the other, and what is told of them. */
async function startFollowing(between: (from: string, to: string) => Promise<readonly string[]>) {
  const clock = manualClock(Date.parse("2026-01-01T00:00:00Z"));
  const folder = await temporaryFolder();
  const store = await openStore(folder, { create: true, clock });
  onTestFinished(() => store.close());
  const control = new ControlRepository(store);
  const told: Told[] = [];
  const sink: StorySink = {
    set: async (wish) => void told.push(wish),
    undecided: () =>
      [...new Map(told.map((wish) => [wish.sha, wish])).values()].flatMap((wish) =>
        wish.isUndecided === true ? [wish.sha] : [],
      ),
  };
  const start = () => new CommitStatuses(control, sink, { between });
  let statuses = start();
  let head: string | null = null;
  let branch: string | null = null;
  return {
    told,
    late: () => told.flatMap((wish) => (wish.isLate === true ? [wish] : [])),
    follow: async (commit: string, events: readonly ReleaseEvent[] = []): Promise<void> => {
      const record = { commit, at: "2026-01-01T00:00:00Z" };
      const next = await control.commit(await control.read(), {
        changes: [{ path: "head.json", record, why: `follow ${commit}` }],
        events,
        subject: `Follow ${commit}`,
        author: "test",
        at: clock.now(),
      });
      ({ head } = next);
      branch = commit;
    },
    /** The branch is where the verdict says, else where it was followed last. */
    tell: (
      verdict: HeadVerdict = { verdict: "nothing-new" },
      { at = branch, apps = {}, sites = {}, waits = [] }: TellOptions = {},
    ): Promise<void> => {
      const seen = verdict.verdict === "refused" ? verdict.commit : at;
      const rest = { progress: [], waits, openLists: new Map() };
      return statuses.tell({ controlHead: head, verdict, apps, sites, seen, ...rest });
    },
    /** Commits of control that tell nothing of the fleet's commits. */
    goOn: async (commits: number): Promise<void> => {
      const from = head ?? "";
      const lines = Array.from({ length: commits }, (_, index) => {
        const data = `data 5\nmoves\n${index === 0 ? `from ${from}\n` : ""}`;
        return `commit refs/heads/main\ncommitter test <> ${1_800_000_000 + index} +0000\n${data}`;
      });
      await createGit({ clock })({
        args: ["fast-import", "--quiet"],
        gitDir: folder,
        input: lines.join("\n"),
      });
      head = await store.resolve("refs/heads/main");
    },
    restart: (): void => {
      statuses = start();
    },
  };
}

it("a commit that was followed and is refused now has one status, not two in turn", async () => {
  const { told, follow, tell } = await startFollowing(async () => []);
  await follow("c1");
  await tell({ verdict: "refused", commit: "c1", reason: "it does not descend" });
  expect(told).toEqual([{ sha: "c1", state: "failure", description: "it does not descend" }]);
  await tell();
  expect(told.at(-1)).toMatchObject({ sha: "c1", state: "success" });
});

it("commits between heads are told, also where that fails at first, and after a restart those of the last head", async () => {
  let fails = 0;
  const { late, follow, tell, restart } = await startFollowing(async (from, to) => {
    if (fails-- > 0) throw new FleetError("GIT_FAILED", "the disk is full");
    return [`${from}-${to}`, "c2"];
  });
  await follow("c1");
  await follow("c2");
  await tell(); // it starts
  fails = 1;
  await follow("c3");
  await expect(tell()).rejects.toThrow("the disk is full");
  await follow("c4");
  await tell();
  const description = (to: string) => `superseded by ${to} before it was followed`;
  const wish = (sha: string, to: string) => ({
    sha,
    state: "failure",
    description: description(to),
    isLate: true,
  });
  // c2 has a story of its own.
  const all = [wish("c2-c3", "c3"), wish("c3-c4", "c4")];
  expect(late().slice(-2)).toEqual(all);
  await tell();
  expect(late().slice(-2)).toEqual(all);
  const before = late().length;
  restart();
  await tell();
  expect(late().slice(before)).toEqual([wish("c3-c4", "c4")]);
});

it("commits between heads that the clone has no more hold nothing up", async () => {
  const { told, late, follow, tell } = await startFollowing(async (_, to) => {
    if (to === "c2") throw new FleetError("GIT_NOT_FOUND", "there is no commit c2");
    return ["between"];
  });
  await follow("c1");
  await tell();
  await follow("c2");
  await follow("c3");
  await tell();
  expect(late()).toMatchObject([{ sha: "between" }]);
  expect(told.at(-1)).toMatchObject({ sha: "between" });
});

it("a commit of which nobody knew whether it may be followed does not stay pending once the branch is elsewhere", async () => {
  const { told, late, follow, tell } = await startFollowing(async () => []);
  const undecided = (commit: string): HeadVerdict => ({
    verdict: "refused",
    commit,
    reason: "a tool did not answer",
    isUndecided: true,
  });
  await follow("c1");
  await tell(undecided("c2"));
  await tell(undecided("c2"));
  expect(late()).toEqual([]);
  await tell(undecided("c3"));
  expect(late()).toMatchObject([{ sha: "c2", description: expect.stringContaining("by c3") }]);
  await follow("c3");
  await tell();
  expect(late()).toHaveLength(1); // c3 was followed
  await tell(undecided("c4"));
  await tell(); // the branch is back
  expect(late()[1]).toMatchObject({ sha: "c4", description: expect.stringContaining("by c3") });
  expect(told.filter(({ sha }) => sha === "c4").at(-1)?.state).toBe("failure");
});

it("nor where the controller starts again meanwhile, and it stays pending while the branch is there", async () => {
  const { late, follow, tell, restart } = await startFollowing(async () => []);
  await follow("c1");
  await tell({ verdict: "refused", commit: "c2", reason: "no answer", isUndecided: true });
  restart();
  await tell({ verdict: "nothing-new" }, { at: null }); // the branch was not read yet
  await tell({ verdict: "nothing-new" }, { at: "c2" }); // it is being looked at
  expect(late()).toEqual([]);
  await tell();
  expect(late()).toMatchObject([
    { sha: "c2", state: "failure", description: "superseded by c1 before it was followed" },
  ]);
});

it("a commit is pending while a release of it is open, also one that began further back than is read", async () => {
  const { told, follow, tell } = await startFollowing(async () => []);
  const counts = { sites: 1, done: 1, offline: 0, excused: 0, failed: 0, unchanged: 0 };
  const done = (app: string, release: string) =>
    ({ event: "ended", app, release, source: "c1", outcome: "done", counts }) as const;
  await follow("c2", [done("till", "till-1")]);
  const list = { a: { stage: 0, from: null, to: "t" }, b: { stage: 0, from: null, to: "t" } };
  const begun = { id: "web-1", app: "web", kind: "app", source: "c1", list };
  const release = begun as unknown as Release; // as much of it as is asked
  const current = { release: null, partial: [] };
  const apps = { web: { current, open: [release], bad: [] } };
  const newest = () => told.filter(({ sha }) => sha === "c1").at(-1);
  await tell(undefined, { apps });
  expect(newest()).toMatchObject({ state: "pending", description: "1 of 3 app updates" });
  await tell(undefined, { apps });
  expect(newest()?.description).toBe("1 of 3 app updates");
  await follow("c3", [done("web", "web-1")]);
  await tell();
  expect(newest()).toMatchObject({ state: "success", description: "2 of 2 app updates" });
});

it("a commit whose sites are on their way is told on, also where they began further back than is read", async () => {
  const { told, follow, goOn, restart, tell } = await startFollowing(async () => []);
  const counts = { sites: 4, done: 4, offline: 0, excused: 0, failed: 0, unchanged: 0 };
  const release = { app: "web", release: "web-1", source: "c1" } as const;
  const joined = (site: string) =>
    ({ event: "joined", app: "till", outcome: "arrived", sites: [site] }) as const;
  await follow("c1", [
    { event: "started", ...release, sites: 4 },
    { event: "joins", app: "till", source: "c1", sites: ["b3", "b4"] },
    { event: "moves", source: "c1", from: "east", to: "west", sites: ["b5"] },
  ]);
  await follow("c2", [joined("b4")]);
  await follow("c3", [{ event: "ended", ...release, outcome: "done", counts }]);
  await goOn(2100);
  restart();
  await tell({ verdict: "nothing-new" }, { at: "c3" }); // a pass that has no plan yet
  const at = "2026-01-01T00:00:00Z";
  const moving = { to: "west", commit: "", at, trees: {}, good: {} };
  const sites = { b5: { mirror: "east", moving } };
  const block = { code: "offline", reason: "it does not answer", endsWhen: "it is back" } as const;
  const waits = [{ app: "till", release: null, stage: null, site: "b3", ...block }];
  const newest = () => told.filter(({ sha }) => sha === "c1").at(-1);
  await tell({ verdict: "nothing-new" }, { at: "c3", sites, waits });
  expect(newest()).toMatchObject({
    state: "pending",
    description: "5 of 6 app updates; 1 offline; b5 moves from east to west",
  });
  await follow("c4", [joined("b3"), { event: "moved", outcome: "arrived", site: "b5" }]);
  await tell();
  expect(newest()).toMatchObject({
    state: "success",
    description: "6 of 6 app updates; b5 moved from east to west",
  });
});
