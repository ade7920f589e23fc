import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Observations } from "../../src/controller/observations.ts";
import { FleetError } from "../../src/core/errors.ts";
import type {
  AppReport,
  ReportAnswer,
  WorkerReport,
} from "../../src/core/protocol/worker-report.ts";
import { createLogger } from "../../src/runtime/logger.ts";
import { systemClock } from "../../src/runtime/system-clock.ts";
import { createRedactor } from "../../src/runtime/redactor.ts";
import { type Reporter, createReporter } from "../../src/worker/reporter.ts";
import { eventually } from "../support/kube-worker.ts";

describe("the reporter", () => {
  let sent: WorkerReport[];
  let apps: Map<string, AppReport>;
  let overdue: string[];
  let isDown: boolean;
  let isResend: boolean;
  let isBusy: boolean;
  let ending: AbortController;
  let running: Promise<void>;
  let reporter: Reporter;

  const app = (name: string, message: string): AppReport => ({
    site: "s1",
    app: name,
    tree: "t",
    left: false,
    release: null,
    sync: "Synced",
    health: "Degraded",
    healthyForMs: 0,
    longestHealthyMs: 0,
    everHealthy: true,
    unverified: 0,
    objects: 1,
    message,
  });
  const change = (name: string, message: string): void => {
    apps.set(name, app(name, message));
    reporter.touch("s1", name);
  };
  const unreachable = (): FleetError => new FleetError("CONTROLLER_UNREACHABLE", "away");
  let take: (report: WorkerReport) => ReportAnswer;

  beforeEach(() => {
    sent = [];
    apps = new Map([["web", app("web", "one")]]);
    overdue = [];
    isDown = false;
    isResend = false;
    isBusy = false;
    take = (report) => {
      if (isDown) throw unreachable();
      sent.push(report);
      const resend = isResend;
      isResend = false;
      return { resend, head: "", epoch: 1 };
    };
    ending = new AbortController();
    reporter = createReporter({
      worker: "w1",
      heartbeatMs: 400,
      redactor: createRedactor(),
      clock: systemClock(),
      logger: createLogger({ name: "test", level: "silent" }),
      source: {
        sites: () => ["s1"],
        apps: () => [...apps.keys()],
        overdue: () => overdue,
        site: (site) => ({ site, reachable: true, message: "" }),
        app: (_, name) => apps.get(name) ?? null,
        facts: () => ({ head: "h", epoch: 1, stopped: {}, refused: "" }),
        isBusy: () => isBusy,
      },
      send: async (report) => take(report),
      onAnswer: () => {},
    });
    running = reporter.run(ending.signal);
  });
  afterEach(async () => {
    ending.abort();
    await running;
  });

  it("tells everything first, then only what changed, and that it lives in between", async () => {
    await eventually("a full report", () => sent.length >= 1);
    expect(sent[0]).toMatchObject({ sequence: 1, full: true, apps: [{ app: "web" }] });
    change("db", "two");
    await eventually("the change", () => sent.some((report) => report.apps[0]?.app === "db"));
    const told = sent.length;
    await eventually("a heartbeat", () => sent.length > told);

    expect(sent.slice(1).every((report) => !report.full)).toBe(true);
    expect(sent.at(-1)?.apps).toEqual([]);
    expect(sent.map((report) => report.sequence)).toEqual(sent.map((_, index) => index + 1));
  });

  it("lets a healthy time grow by itself, and tells it again while nobody can vouch for it", async () => {
    apps.set("web", { ...app("web", ""), health: "Healthy", healthyForMs: 1000 });
    await eventually("some reports", () => sent.length >= 3);
    expect(sent.slice(1).flatMap((report) => report.apps)).toEqual([]);

    overdue = ["s1/web"];
    const told = sent.length;
    await eventually("more reports", () => sent.length >= told + 3);
    const since = sent.slice(told + 1);
    expect(since.every(({ apps: [line] }) => line?.healthyForMs === 1000)).toBe(true);
  });

  it("forgets nothing that was not acknowledged, and tells the newest word", async () => {
    await eventually("a full report", () => sent.length >= 1);
    isDown = true;
    change("db", "first word");
    await new Promise((resolve) => setTimeout(resolve, 300));
    change("db", "last word");
    await new Promise((resolve) => setTimeout(resolve, 300));
    isDown = false;
    const report = await eventually("the change", () =>
      sent.find((one) => one.apps.some((told) => told.app === "db")),
    );

    expect(report.apps).toMatchObject([{ app: "db", message: "last word" }]);
    const numbers = sent.map((one) => one.sequence);
    expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
  });

  it.each(["the answer", "the report itself"])(
    "gets its newest word across where %s was lost",
    async (lost) => {
      const observations = new Observations({
        clock: systemClock(),
        heartbeatMs: 400,
        silentFrom: 0,
      });
      take = (report) => {
        if (isDown && lost === "the report itself") throw unreachable();
        const { resend } = observations.accept("east", report);
        if (isDown) throw unreachable();
        return { resend, head: "", epoch: 1 };
      };
      const word = (): string | undefined => observations.appReport("east", "s1", "db")?.message;
      change("db", "before");
      await eventually("the first word", () => word() === "before");
      isDown = true;
      change("db", "first word");
      await new Promise((resolve) => setTimeout(resolve, 300));
      change("db", "last word");
      isDown = false;

      await eventually("the last word", () => word() === "last word");
      expect(observations.appReport("east", "s1", "db")?.health).toBe("Degraded");
    },
  );

  it("tells everything again where the controller cannot place a report", async () => {
    await eventually("a full report", () => sent.length >= 1);
    isResend = true;
    reporter.wake();
    await eventually("another full report", () => sent.filter((report) => report.full).length >= 2);

    expect(sent.at(-1)).toMatchObject({ apps: [{ app: "web" }], sites: [{ site: "s1" }] });
  });

  it("lets no secret out, whole or cut in two, whatever it was told", async () => {
    const token = "ghp_0123456789abcdefghijklmnop";
    change("web", `${"x".repeat(1980)} ${token}`);
    await eventually("it is told", () => sent.at(-1)?.apps[0]?.message.startsWith("xxx"));

    const message = sent.at(-1)?.apps[0]?.message ?? "";
    expect(message).not.toContain("0123456789");
    expect(message.length).toBeLessThanOrEqual(2000);
  });

  it("tells in few reports what comes while work is under way, and the last of it at once", async () => {
    await eventually("a full report", () => sent.length >= 1);
    isBusy = true;
    const began = performance.now();
    const told = sent.length;
    while (performance.now() - began < 1200) {
      change("web", String(performance.now()));
      await sleep(10);
    }
    // Two or three in that time; without gathering it would be eleven (more where the machine was busy).
    expect(sent.length - told).toBeLessThanOrEqual((performance.now() - began) / 400 + 1);
    change("web", "the last");
    isBusy = false;
    await eventually("the last", () => sent.at(-1)?.apps[0]?.message === "the last");
  });
});
