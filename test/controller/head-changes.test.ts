import { describe, expect, it } from "vitest";
import { commitFleet, webVersion } from "../support/controller-fleet.ts";
import { eventually } from "../support/controller-mirror.ts";
import { type ControllerBench, controllerBench } from "../support/controller-process.ts";
import {
  bothWorkers,
  everywhere,
  pause,
  quiet,
  startController,
  versions,
} from "../support/controller-world.ts";
import { aModel, appYaml, documentYaml, fleetYaml, strategyYaml } from "../support/fleet.ts";
import { Rendering } from "../../src/controller/rendering.ts";
import { systemClock } from "../../src/runtime/system-clock.ts";
import { removalVerbs } from "../../src/controller/start-input.ts";
import { nothingSkipped } from "../../src/controller/words-between.ts";
import type { ControlState } from "../../src/core/rollout/planner-types.ts";
import type { Release } from "../../src/core/rollout/records.ts";

async function settledFleet() {
  const bench = await controllerBench();
  await commitFleet(bench.fleet);
  const controller = await startController(bench);
  const workers = await bothWorkers(controller);
  await everywhere(bench, "1");
  await quiet(bench);
  return { bench, controller, workers };
}

async function onlyOpen(bench: ControllerBench): Promise<Release | null> {
  // Both from one commit: the controller goes on in the meantime.
  const head = await bench.controlHead();
  const list = await bench.control("ls-tree", "-r", "--name-only", head, "apps/");
  const path = list.split("\n").find((each) => each.includes("/open/"));
  if (path === undefined) return null;
  return JSON.parse(await bench.control("show", `${head}:${path}`)) as Release; // as its path says
}

const claims = (name: string): string => `apiVersion: apps/v1
kind: StatefulSet
metadata: {name: ${name}}
spec:
  serviceName: ${name}
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec: {containers: [{name: db, image: "example.com/db:1"}]}
  volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce]}}]
`;

describe("a newer head", { timeout: 120_000 }, () => {
  it("gives its budgets to a release under way that an older head started", async () => {
    const { bench, workers } = await settledFleet();
    workers.east.script.health = () => "Progressing";
    await bench.fleet.commit(webVersion("2"));
    const release = await eventually("version 2 goes out", async () => onlyOpen(bench));
    const patient = strategyYaml("fast", {
      stages: [{ name: "canary", selector: "ring=canary" }, { name: "rest" }],
      soak: "0s",
      minReady: "0s",
      progressDeadline: "900s",
    });
    const commit = await bench.fleet.commit({ "strategies/fast.yaml": patient });
    const next = await eventually("it is followed", async () => {
      const open = await onlyOpen(bench);
      return open?.budgetsFrom === commit && open;
    });
    expect(next).toMatchObject({ id: release.id, progressDeadlineMs: 900_000 });
  });

  it("holds with its freeze what it starts itself, and opens no window for it", async () => {
    const { bench } = await settledFleet();
    const freeze = documentYaml(
      "MaintenanceWindow",
      { name: "freeze" },
      { closed: [{ from: "2020-01-01", until: "2120-01-01" }] },
    );
    const fleet = (spec: object): string =>
      fleetYaml({
        rollout: { strategy: "fast" },
        deletionBudget: { objects: 50, percent: 100 },
        ...spec,
      });
    const holds = async (commit: string): Promise<void> => {
      await eventually(
        "its release begins",
        async () => (await onlyOpen(bench))?.source === commit,
      );
      await pause(1000);
      expect((await onlyOpen(bench))?.handed).toEqual({});
    };
    await holds(
      await bench.fleet.commit({
        ...webVersion("2"),
        "fleet.yaml": fleet({ windows: ["freeze"] }),
        "freeze.yaml": freeze,
      }),
    );
    await holds(
      await bench.fleet.commit({
        ...webVersion("3"),
        "fleet.yaml": fleet({}),
        "freeze.yaml": null,
      }),
    );
    await bench.fleet.commit({ "README.md": "the freeze is over" });
    await everywhere(bench, "3");
  });

  it("does not make a StatefulSet with claims, two heads old and still standing, deletable", async () => {
    const bench = await controllerBench();
    await commitFleet(bench.fleet, { "manifests/web/db.yaml": claims("db") });
    const controller = await startController(bench);
    const workers = await bothWorkers(controller);
    await everywhere(bench, "1");
    await quiet(bench);
    workers.east.script.health = () => "Progressing";
    const second = await bench.fleet.commit({ "manifests/web/db.yaml": null, ...webVersion("2") });
    const waiting = await eventually("the deletion waits", async () => onlyOpen(bench));
    expect(waiting.source).toBe(second);
    expect(waiting.deletions.needsApproval).toContain("StatefulSet");
    const third = await bench.fleet.commit(webVersion("3"));
    const next = await eventually("superseded", async () => {
      const open = await onlyOpen(bench);
      return open?.source === third && open;
    });
    expect(next.deletions.needsApproval).toContain("StatefulSet");
    expect(await versions(bench)).toEqual({ a1: "1", a2: "1", b1: "1", b2: "1" });
  });
});

describe("a head that may not be followed as it is", { timeout: 120_000 }, () => {
  it("because it renames the fleet is refused, and says what to do", async () => {
    const { bench, controller } = await settledFleet();
    const path = "fleet.yaml";
    const text = await bench.fleet.git("show", `main:${path}`);
    const renamed = text.replace('"name":"test"', '"name":"other"');
    expect(renamed).not.toBe(text);
    const commit = await bench.fleet.commit({ [path]: renamed, ...webVersion("2") });
    const status = await eventually("it is refused", async () => {
      const now = await controller.status();
      return now?.refused?.commit === commit && now;
    });
    expect(status.refused?.reason).toMatch(/^fleet\.yaml:\d+:\d+: .*call it test again$/);
    expect(await versions(bench)).toEqual({ a1: "1", a2: "1", b1: "1", b2: "1" });
  });

  it("that was accepted once is not accepted for ever", async () => {
    const { bench, controller } = await settledFleet();
    const refused = async (commit: string): Promise<unknown> =>
      eventually(
        "it is refused",
        async () => (await controller.status())?.refused?.commit === commit,
      );
    const base = await bench.fleet.git("rev-parse", "HEAD");
    const second = await bench.fleet.commit(webVersion("2"));
    await everywhere(bench, "2");
    await quiet(bench);
    await bench.fleet.git("reset", "-q", "--hard", base);
    await refused(base);
    await controller.decide({ verb: "accept-head", commit: base, why: "back", by: "ada" });
    await everywhere(bench, "1");
    await quiet(bench);
    await bench.fleet.git("reset", "-q", "--hard", second);
    await everywhere(bench, "2");
    await quiet(bench);
    await bench.fleet.git("reset", "-q", "--hard", base);
    await refused(base);
    expect(await versions(bench)).toEqual({ a1: "2", a2: "2", b1: "2", b2: "2" });
  });
});

describe("the verb of a removal", () => {
  it("is the head's own where control knows no release of the app", async () => {
    const model = aModel({ "apps/web.yaml": appYaml("web", { spec: { onRemoval: "hold" } }) });
    const heads = [{ commit: "c1", model, apps: new Map(), variants: new Map(), warnings: [] }];
    const state = { apps: {} } as ControlState; // only what is read here
    const control = { head: null, at: null, state, accepted: null, recovery: null };
    const noTools = {
      tools: { render: async () => new Map() },
      clock: systemClock(),
      onReady: () => undefined,
      signal: new AbortController().signal,
    };
    const verbs = await removalVerbs(control, new Rendering(async () => [], noTools), {
      heads,
      skipped: nothingSkipped,
    });
    expect(verbs).toEqual({ web: "hold", till: "delete" });
  });
});
