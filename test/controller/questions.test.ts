/** A question on its way from the controller to a worker and back, over real HTTP. */
import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { FailedAttempts } from "../../src/adapters/http/failed-attempts.ts";
import { startHttpServer } from "../../src/adapters/http/server.ts";
import { HintBoard } from "../../src/controller/hint-board.ts";
import { mirrorRoutes } from "../../src/controller/mirror-routes.ts";
import { Observations } from "../../src/controller/observations.ts";
import { QuestionBoard } from "../../src/controller/question-board.ts";
import { FleetError } from "../../src/core/errors.ts";
import type {
  ObjectComparison,
  SiteAnswer,
  SiteDiff,
  SiteQuestion,
} from "../../src/core/protocol/site-diff.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import { createLogger } from "../../src/runtime/logger.ts";
import { systemClock } from "../../src/runtime/system-clock.ts";
import { createRedactor } from "../../src/runtime/redactor.ts";
import { createAnswerer } from "../../src/worker/answer-questions.ts";
import { createControllerClient } from "../../src/worker/controller-client.ts";
import { temporaryFolder } from "../support/git-repository.ts";

const never = new AbortController().signal;
const logger = createLogger({ name: "test", level: "silent" });
const diffOf = (site: string, app: string | null): SiteDiff => ({
  site,
  apps: [{ app: app ?? "all", compared: 3, objects: [] }],
});

/** A clock on which the time for an answer is over soon. */
function hastyClock(): Clock {
  const clock = systemClock();
  const sleep: Clock["sleep"] = (ms, signal) => clock.sleep(ms === 25_000 ? 1000 : ms, signal);
  return { ...clock, sleep };
}

/** A controller's board with mirrors east and west, and clients of their workers. */
async function startBoard() {
  const clock = hastyClock();
  const dir = await temporaryFolder();
  const mirrors = Object.fromEntries(
    ["east", "west"].map((name) => [name, { tokenFile: join(dir, name) }]),
  );
  for (const { tokenFile } of Object.values(mirrors))
    await writeFile(tokenFile, `${basename(tokenFile)}-token-0123456789abcdef`);
  const hints = new HintBoard(() => 1);
  const questions = new QuestionBoard({ clock, wake: (mirror) => hints.wake(mirror) });
  const observations = new Observations({ clock, heartbeatMs: 1000, silentFrom: 0 });
  const routes = mirrorRoutes({
    mirrors,
    attempts: new FailedAttempts(clock),
    clock,
    hints,
    questions,
    isLeading: () => true,
    takeReport: (mirror, report) => observations.accept(mirror, report),
    wanted: () => null,
    onPush: () => undefined,
    repoDir: () => dir,
    news: () => Promise.resolve(null),
  });
  const listen = "127.0.0.1:0";
  const server = await startHttpServer({ listen, routes, clock, logger, closeGraceMs: 100 });
  const ending = new AbortController();
  onTestFinished(async () => {
    ending.abort();
    await server.close();
  });
  const client = (mirror: string) =>
    createControllerClient({
      url: `${server.url}/mirrors/${mirror}.git`,
      tokenFile: join(dir, mirror),
    });
  /** Listens as the worker of a mirror does; resolves with the first hint. */
  const listenAs = (mirror: string, onQuestion: (question: SiteQuestion) => void): Promise<void> =>
    new Promise((resolve) => {
      client(mirror)
        .hints({ onHint: () => resolve(), onQuestion }, ending.signal)
        .catch(() => undefined);
    });
  /** A worker that gives this to each question. */
  const answerAs = (
    mirror: string,
    compare: (question: SiteQuestion, signal: AbortSignal) => Promise<SiteDiff>,
    redactor = createRedactor(),
  ) => {
    const send = (answer: SiteAnswer): Promise<void> => client(mirror).answer(answer, never);
    const take = createAnswerer({ compare, send, redactor, logger });
    return listenAs(mirror, (question) => take(question, ending.signal));
  };
  return { questions, observations, listenAs, answerAs, client };
}

describe("a question to a worker", { timeout: 10_000 }, () => {
  it("reaches the worker of the site's mirror at once, and its answer comes back", async () => {
    const board = await startBoard();
    const elsewhere: SiteQuestion[] = [];
    await board.listenAs("west", (question) => void elsewhere.push(question));
    await board.answerAs("east", async ({ site, app }) => diffOf(site, app));
    const asked = { mirror: "east", site: "paris", app: "web" };

    expect(await board.questions.ask(asked, never)).toEqual(diffOf("paris", "web"));
    expect(await board.questions.ask({ ...asked, app: null }, never)).toEqual(
      diffOf("paris", null),
    );
    expect(elsewhere).toEqual([]);
  });

  it("is answered by a worker that begins to listen only after it was asked", async () => {
    const board = await startBoard();
    const answer = board.questions.ask({ mirror: "east", site: "paris", app: null }, never);
    await board.answerAs("east", async ({ site, app }) => diffOf(site, app));

    expect(await answer).toEqual(diffOf("paris", null));
  });

  it("ends with the worker's own reason where it could not find out", async () => {
    const board = await startBoard();
    await board.answerAs("east", () =>
      Promise.reject(
        new FleetError("CLUSTER_UNREACHABLE", "site paris cannot be asked: password=hunter-two"),
      ),
    );

    await expect(
      board.questions.ask({ mirror: "east", site: "paris", app: null }, never),
    ).rejects.toMatchObject({
      code: "CLUSTER_UNREACHABLE",
      message: "site paris cannot be asked: password=[redacted]",
    });
  });

  it("is answered with names, states and verdicts as they are, and no secrets in what quotes others", async () => {
    const board = await startBoard();
    const redactor = createRedactor();
    const known = ["conflict", "paris-1", "Deployment default/web-1", "web-1-app", "tr0ub4dor"];
    for (const value of known) redactor.learn(value);
    const diff = (quoted: string): SiteDiff => {
      const values = { live: `"${quoted}"`, desired: null, hidden: false, managers: ["web-1-app"] };
      const field = `.spec.list[="${quoted}"]`;
      const object: ObjectComparison = {
        object: "Deployment default/web-1",
        state: "conflict",
        reason: `it says ${quoted}`,
        adopts: false,
        fields: [{ field, ...values }],
        claims: [{ field, manager: "web-1-app", verdict: "conflict" }],
        omitted: 0,
      };
      return { site: "paris-1", apps: [{ app: "web-1-app", compared: 1, objects: [object] }] };
    };
    await board.answerAs("east", () => Promise.resolve(diff("tr0ub4dor")), redactor);

    expect(
      await board.questions.ask({ mirror: "east", site: "paris-1", app: null }, never),
    ).toEqual(diff("[redacted]"));
  });

  it("is one at a time for a site, and ends after a while where nobody answers", async () => {
    const board = await startBoard();
    const asked = { mirror: "east", site: "paris", app: null };
    const first = board.questions.ask(asked, never);
    await expect(board.questions.ask(asked, never)).rejects.toMatchObject({ code: "NOT_NOW" });
    await expect(first).rejects.toMatchObject({
      code: "WORKER_SILENT",
      message: "the worker of east did not answer within 25 s",
    });

    await board.answerAs("east", async ({ site, app }) => diffOf(site, app));
    expect(await board.questions.ask(asked, never)).toEqual(diffOf("paris", null));
  });

  it("is answered although the worker still looks for the answer to one that was given up", async () => {
    const board = await startBoard();
    const started = Promise.withResolvers<AbortSignal>();
    await board.answerAs("east", async ({ site, app }, signal) => {
      if (app !== null) return diffOf(site, app);
      started.resolve(signal);
      return new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      });
    });
    const gone = new AbortController();
    const asked = { mirror: "east", site: "paris" };
    const first = board.questions.ask({ ...asked, app: null }, gone.signal);
    const looking = await started.promise;
    gone.abort();
    await expect(first).rejects.toMatchObject({ code: "WORKER_SILENT" });

    expect(await board.questions.ask({ ...asked, app: "web" }, never)).toEqual(
      diffOf("paris", "web"),
    );
    expect(looking.aborted).toBe(true);
  });

  it("is not answered by another mirror's worker, nor with something else than an answer", async () => {
    const board = await startBoard();
    const gone = new AbortController();
    let id = "";
    await board.listenAs("east", (question) => void (id = question.id));
    const answer = board.questions.ask({ mirror: "east", site: "paris", app: null }, gone.signal);
    await expect.poll(() => id).not.toBe("");
    await board.client("west").answer({ id, diff: diffOf("paris", "forged") }, never);
    const wrong = { id, diff: { site: "paris" } } as unknown as SiteAnswer;
    await expect(board.client("east").answer(wrong, never)).rejects.toThrow("400");
    await board.client("east").answer({ id, diff: diffOf("elsewhere", "web") }, never);

    expect(await answer).toEqual(diffOf("paris", "web"));
  });
});

describe("a newer worker", { timeout: 10_000 }, () => {
  const more = { load: 0.7, deep: { nested: "x".repeat(1000) } };

  it("is understood as far as it is known, and what it tells beyond is not kept", async () => {
    const board = await startBoard();
    const site = { site: "paris", reachable: true, message: "" };
    const web = {
      site: "paris",
      app: "web",
      tree: "t",
      left: false,
      release: null,
      sync: "Synced",
      health: "Healthy",
      healthyForMs: 1,
      longestHealthyMs: 1,
      everHealthy: true,
      unverified: 0,
      objects: 1,
      message: "",
    } as const;
    const stopped = { lyon: "0".repeat(40) };
    const facts = { head: "", epoch: 1, stopped, refused: "" };
    const report = { worker: "w", sequence: 1, full: true, ...facts, ...more };
    const said = { ...report, sites: [{ ...site, ...more }], apps: [{ ...web, ...more }] };
    await board.client("east").report(said, never);

    expect(board.observations.siteReport("east", "paris")).toEqual(site);
    expect(board.observations.appReport("east", "paris", "web")).toEqual(web);
    const worker = board.observations.workerOf("east", { isAhead: false, head: null });
    expect(worker.stopped).toEqual(stopped);
  });

  it("answers a question with what is known of it", async () => {
    const board = await startBoard();
    await board.listenAs("east", ({ id, site, app }) => {
      const diff = diffOf(site, app);
      const apps = diff.apps.map((one) => ({ ...one, ...more }));
      void board.client("east").answer({ id, diff: { ...diff, ...more, apps } }, never);
    });
    const asked = { mirror: "east", site: "paris", app: "web" };
    expect(await board.questions.ask(asked, never)).toEqual(diffOf("paris", "web"));
  });

  it("is refused where it names something at a length that no name has", async () => {
    const board = await startBoard();
    const facts = { head: "", epoch: 1, stopped: {}, refused: "", apps: [] };
    const sites = [{ site: "x".repeat(10_000), reachable: true, message: "" }];
    const report = { worker: "w", sequence: 1, full: true, ...facts, sites };
    await expect(board.client("east").report(report, never)).rejects.toThrow(FleetError);
    expect(board.observations.silentSince("east")).toBe(0);
  });
});
