import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fileStatusStore } from "../../../src/adapters/github/status-store.ts";
import {
  createStatusWriter,
  rolloutContext,
  type StatusWish,
  type StatusWriter,
} from "../../../src/adapters/github/status-writer.ts";
import type { Clock } from "../../../src/runtime/clock.ts";
import { createLogger } from "../../../src/runtime/logger.ts";
import { manualClock } from "../../support/manual-clock.ts";
import {
  type Fault,
  type GitHubStandIn,
  startGitHubStandIn,
} from "../../support/github-stand-in.ts";

const token = "ghp_abcdefghijklmnopqrstuvwxyz";
const sha = "6dcb09b5b57875f334f61aebed695e2e4193db5e";
const pending: StatusWish = { sha, state: "pending", description: "0 of 12 sites" };
const done: StatusWish = { sha, state: "success", description: "12 of 12 sites" };

let github: GitHubStandIn;
let tablePath: string;
let log: string;

beforeEach(async () => {
  github = await startGitHubStandIn({ token });
  tablePath = join(await mkdtemp(join(tmpdir(), "flotilla-status-")), "statuses.json");
  log = "";
});

afterEach(async () => {
  const everythingWritten = log + (await readFile(tablePath, "utf8").catch(() => ""));
  await github.close();
  // Thrown, so that it holds for each test above.
  if (github.violations.length > 0) throw new Error(github.violations.join("\n"));
  if (everythingWritten.includes(token)) throw new Error("the token was written somewhere");
});

/** Time that passes only in sleeps, at once; `slept` adds them up. */
function swiftClock(): Clock & { slept(): number } {
  const startedAt = Date.now();
  let passed = 0;
  return {
    now: () => startedAt + passed,
    monotonic: () => passed,
    random: () => 0.5,
    sleep: async (ms, signal) => {
      await new Promise((resolve) => setImmediate(resolve));
      if (signal?.aborted !== true) passed += ms;
    },
    slept: () => passed,
  };
}

interface Running extends AsyncDisposable {
  readonly writer: StatusWriter;
  /** Until every wish is on GitHub. */
  settle(): Promise<void>;
}

async function start(
  clock: Clock = swiftClock(),
  give = async (): Promise<string> => token,
): Promise<Running> {
  const writer = await createStatusWriter({
    repository: github.repository,
    apiUrl: `${github.url}/`,
    token: give,
    clock,
    logger: createLogger({
      name: "test",
      level: "debug",
      destination: { write: (line) => (log += line) },
    }),
    store: fileStatusStore(tablePath),
  });
  const stop = new AbortController();
  const running = writer.run(stop.signal);
  return {
    writer,
    settle: async () => {
      await expect.poll(() => writer.isSettled(), { interval: 5, timeout: 10_000 }).toBe(true);
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
    },
  };
}

const shown = (): string[] =>
  github.statuses(sha).map(({ state, description }) => `${state}: ${description}`);
const creates = (): number => github.requests.filter(({ line }) => line.startsWith("POST")).length;

describe("commit statuses", () => {
  it("appear pending at once, then with their outcome, under one context", async () => {
    const clock = swiftClock();
    await using run = await start(clock);
    await run.writer.set({ ...pending, targetUrl: "https://flotilla.example/rollouts/1" });
    await run.settle();
    expect(clock.slept()).toBe(0);
    await run.writer.set(done);
    await run.settle();
    expect(shown()).toEqual(["success: 12 of 12 sites", "pending: 0 of 12 sites"]);
    expect(github.statuses(sha).map(({ context, target_url }) => [context, target_url])).toEqual([
      [rolloutContext, null],
      [rolloutContext, "https://flotilla.example/rollouts/1"],
    ]);
  });

  it("cost nothing when the same is wished again, in this process or after a restart", async () => {
    {
      await using run = await start();
      await run.writer.set(done);
      await run.settle();
      await run.writer.set(done);
    }
    const before = github.requests.length;
    await using again = await start();
    await again.writer.set(done);
    await again.settle();
    expect(github.requests.length).toBe(before);
    expect(shown()).toEqual(["success: 12 of 12 sites"]);
  });

  it.each([
    ["is lost", undefined],
    ["is torn", '{"version":1,"rows":['],
    ["is of another form", '{"version":2}'],
  ])("are not created again when the table %s", async (_name, text) => {
    {
      await using run = await start();
      await run.writer.set(done);
      await run.settle();
    }
    if (text === undefined) tablePath += ".other";
    else await writeFile(tablePath, text);
    await using again = await start();
    await again.writer.set(done);
    await again.settle();
    expect(creates()).toBe(1);
  });

  it.each(["", ".lost"])(
    "that say more are not taken back by a late word (table%s)",
    async (lost) => {
      const wrong: StatusWish = { sha, state: "failure", description: "sites/a.yaml:1:1: wrong" };
      const late: StatusWish = { sha, state: "failure", description: "superseded", isLate: true };
      const waiting = { ...pending, sha: "a".repeat(40) };
      {
        await using run = await start();
        await run.writer.set(wrong);
        await run.writer.set(waiting);
        await run.settle();
      }
      tablePath += lost;
      const clock = swiftClock();
      await using again = await start(clock);
      await again.writer.set(late);
      await again.writer.set({ ...late, sha: waiting.sha });
      await again.writer.set({ ...late, sha: "b".repeat(40) });
      await again.settle();
      await clock.sleep(120_000); // a text alone is told later
      await again.settle();
      expect(shown()).toEqual(["failure: sites/a.yaml:1:1: wrong"]);
      const others = ["a", "b"].map((digit) => github.statuses(digit.repeat(40))[0]?.description);
      expect(others).toEqual(["superseded", "superseded"]);
      // Who knows better by now is heard.
      await again.writer.set(done);
      await again.settle();
      expect(shown()[0]).toBe("success: 12 of 12 sites");
    },
  );

  it("tell progress once a minute at most, and a change of state at once", async () => {
    const clock = manualClock();
    await using run = await start(clock);
    await run.writer.set(pending);
    await run.settle();
    for (let count = 1; count <= 50; count += 1) {
      await run.writer.set({ ...pending, description: `${count} of 50 sites` });
      clock.advance(3000);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(creates()).toBeLessThanOrEqual(3);
    clock.advance(60_000);
    await run.settle();
    expect(shown()[0]).toBe("pending: 50 of 50 sites");
    await run.writer.set({ ...done, state: "failure" });
    clock.advance(1000);
    await run.settle();
    expect(shown()[0]).toBe("failure: 12 of 12 sites");
  });

  it("are written one a second at most, outcomes first and late words last", async () => {
    const clock = manualClock();
    await using run = await start(clock);
    await run.writer.set(done);
    await run.settle();
    const late = { ...done, state: "failure", isLate: true } as const;
    await run.writer.set({ ...late, sha: "0".repeat(40) });
    for (const digit of "abcde") await run.writer.set({ ...pending, sha: digit.repeat(40) });
    await run.writer.set({ ...done, sha: "f".repeat(40) });
    const times = [clock.now()];
    await expect
      .poll(
        () => {
          clock.advance(50);
          while (times.length < creates()) times.push(clock.now());
          return run.writer.isSettled();
        },
        { interval: 2, timeout: 10_000 },
      )
      .toBe(true);
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(gaps.length).toBe(7);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(950);
    const posts = github.requests.filter(({ line }) => line.startsWith("POST"));
    expect(posts.map(({ line }) => line.at(-1)).join("")).toBe("efabcde0");
  });

  it("have one short line, whatever is wished", async () => {
    await using run = await start();
    await run.writer.set({ ...done, description: `a\nb\t${"💥".repeat(200)}` });
    await run.settle();
    const [description = ""] = github.statuses(sha).map((status) => status.description ?? "");
    expect(description.length).toBeLessThanOrEqual(140);
    expect(description).toMatch(/^a b 💥+…$/u);
    expect(description.isWellFormed()).toBe(true);
  });

  const limited = { "retry-after": "300" };
  it.each<[string, Fault, number]>([
    ["502 after the create", { kind: "answer", status: 502, commit: true }, 1],
    ["502 before the create", { kind: "answer", status: 502 }, 2],
    ["504 after the create", { kind: "answer", status: 504, commit: true }, 1],
    ["a cut connection after the create", { kind: "drop", commit: true }, 1],
    ["a cut connection before the create", { kind: "drop" }, 2],
    ["429", { kind: "answer", status: 429 }, 2],
    ["429 with Retry-After", { kind: "answer", status: 429, headers: limited }, 2],
    ["the secondary limit", { kind: "answer", status: 403, headers: limited }, 2],
    ["403 without a word", { kind: "answer", status: 403 }, 2],
    ["401", { kind: "answer", status: 401 }, 2],
    ["404", { kind: "answer", status: 404 }, 2],
    ["422 once", { kind: "answer", status: 422 }, 2],
  ])("are there once after %s", async (_name, fault, expectedCreates) => {
    github.fail("POST", fault);
    await using run = await start();
    await run.writer.set(done);
    await run.settle();
    expect(shown()).toEqual(["success: 12 of 12 sites"]);
    expect(creates()).toBe(expectedCreates);
    expect(run.writer.problem()).toBeNull();
  });

  it.each<[string, Fault]>([
    ["a proxy's page", { kind: "page" }],
    ["500", { kind: "answer", status: 500 }],
    ["a cut connection", { kind: "drop" }],
  ])("are not created on %s instead of the list", async (_name, fault) => {
    github.fail("POST", { kind: "drop", commit: true });
    github.fail("GET", { kind: "answer", status: 500 }, fault, fault);
    await using run = await start();
    await run.writer.set(done);
    await run.settle();
    expect([creates(), shown().length]).toEqual([1, 1]);
  });

  it("are found behind others, on a later page, in another case of letters", async () => {
    await github.close();
    github = await startGitHubStandIn({ token, pageSize: 2 });
    github.addStatus({ sha, context: "FLOTILLA/rollout", description: "12 of 12 sites" });
    for (const name of ["lint", "test", "build"]) github.addStatus({ sha, context: name });
    await using run = await start();
    await run.writer.set(done);
    await run.settle();
    expect(creates()).toBe(0);
    expect(github.requests.length).toBe(2);
  });

  it("leave GitHub alone for as long as it asks", async () => {
    const headers = { "retry-after": "240" };
    github.fail("POST", { kind: "answer", status: 429, headers });
    const clock = swiftClock();
    await using run = await start(clock);
    await run.writer.set(done);
    await run.settle();
    expect(clock.slept()).toBeGreaterThanOrEqual(240_000);
    const reset = Math.ceil(clock.now() / 1000) + 1800;
    const usedUp = { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(reset) };
    github.fail("POST", { kind: "answer", status: 403, headers: usedUp });
    await run.writer.set({ ...done, state: "failure" });
    await run.settle();
    expect(clock.now()).toBeGreaterThanOrEqual(reset * 1000);
  });

  it("go on with a new token once the old one has expired, and name the problem meanwhile", async () => {
    const next = "ghs_another_token_of_any_length";
    let current = token;
    await using run = await start(swiftClock(), async () => current);
    github.setToken(next);
    await run.writer.set(done);
    await expect.poll(() => run.writer.problem()).toContain("401");
    current = next;
    await run.settle();
    expect(shown()).toEqual(["success: 12 of 12 sites"]);
    expect(run.writer.problem()).toBeNull();
  });

  it("give up on a commit that GitHub does not know, and only on that one", async () => {
    github.setCommits(["a".repeat(40)]);
    await using run = await start();
    await run.writer.set(done);
    await run.writer.set({ ...done, sha: "a".repeat(40) });
    await run.settle();
    expect(github.statuses("a".repeat(40))).toHaveLength(1);
    expect(creates()).toBeLessThanOrEqual(6);
    github.setCommits([sha]);
    await run.writer.set({ ...done, state: "failure" });
    await run.settle();
    expect(shown()).toEqual(["failure: 12 of 12 sites"]);
  });

  it("keep room for the outcome under GitHub's 1,000 of a commit", async () => {
    await using run = await start();
    await run.writer.set(pending);
    await run.settle();
    const table = JSON.parse(await readFile(tablePath, "utf8")) as { rows: { posts: number }[] };
    table.rows.forEach((row) => (row.posts = 900));
    await run[Symbol.asyncDispose]();
    await writeFile(tablePath, JSON.stringify(table));
    await using again = await start();
    await again.writer.set({ ...pending, description: "3 of 12 sites" });
    await again.writer.set(done);
    await again.settle();
    expect(shown()).toEqual(["success: 12 of 12 sites", "pending: 0 of 12 sites"]);
  });

  it("are known as undecided after a restart, until another word is wished", async () => {
    {
      await using run = await start();
      await run.writer.set({ ...pending, isUndecided: true });
      await run.settle();
    }
    await using again = await start();
    expect(again.writer.undecided()).toEqual([sha]);
    await again.writer.set(pending);
    expect(again.writer.undecided()).toEqual([]);
    await again.writer.set({ ...pending, isUndecided: true });
    await again.writer.set({ sha, state: "failure", description: "superseded", isLate: true });
    expect(again.writer.undecided()).toEqual([]);
    await again.settle();
    expect(shown()[0]).toBe("failure: superseded");
  });

  it("are looked up, not created again, when the process died in the middle of a create", async () => {
    github.fail("POST", { kind: "silence", commit: true });
    {
      await using run = await start();
      await run.writer.set(done);
      await expect.poll(creates).toBe(1);
    }
    await using again = await start();
    await again.settle();
    expect([creates(), shown()]).toEqual([1, ["success: 12 of 12 sites"]]);
  });

  it.each(["http://github.example/api/v3", "ftp://x", "nonsense"])(
    "never send a token to %s",
    async (apiUrl) => {
      const options = { repository: "a/b", apiUrl, token: async () => token, clock: swiftClock() };
      const logger = createLogger({ name: "test", level: "silent" });
      const starting = createStatusWriter({
        ...options,
        logger,
        store: fileStatusStore(tablePath),
      });
      await expect(starting).rejects.toMatchObject({ code: "USAGE" });
    },
  );
});
