/**
 * Whatever a read answers, nothing is deleted: every read on the way (fleet repository, mirror, cluster) meets every
 * fault, and the requests that reach the real cluster are counted on the wire.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { FaultProxy, HttpFault } from "../support/fault-proxy.ts";
import {
  appText,
  configMapText,
  fourSites,
  regionText,
  siteText,
  strategyText,
} from "./fleet-texts.ts";
import { configMapData } from "./live.ts";
import { type World, createWorld, eventually } from "./world.ts";

const minutes = 60_000;
const faults: readonly (readonly [string, HttpFault])[] = [
  ["404", { kind: "status", status: 404 }],
  ["403", { kind: "status", status: 403 }],
  ["401", { kind: "status", status: 401 }],
  ["500", { kind: "status", status: 500 }],
  ["no answer", { kind: "hang" }],
  ["a reset", { kind: "reset", afterBytes: 20 }],
  ["a refusal", { kind: "refuse" }],
  ["an empty answer", { kind: "empty" }],
  ["a cut answer", { kind: "cut", afterBytes: 60 }],
];

describe("faulty reads", { timeout: 3 * minutes }, () => {
  let world: World;

  beforeAll(async () => {
    world = await createWorld({ regions: { east: ["a1"] }, faultyLinks: true });
    await world.repo.commit({
      ...Object.fromEntries(Object.keys(fourSites()).map((path) => [path, null])),
      "fleet.yaml": fourSites()["fleet.yaml"] ?? "",
      "regions/east.yaml": regionText("east"),
      "sites/a1.yaml": siteText({ name: "a1", region: "east" }),
      "virtual/all.yaml": fourSites()["virtual/all.yaml"] ?? "",
      "strategies/fast.yaml": strategyText({ stages: ["{ name: rest }"], soak: "100ms" }),
      "apps/web.yaml": appText({ name: "web" }),
      "manifests/web/settings.yaml": configMapText("settings", { colour: "blue" }),
      "manifests/web/more.yaml": configMapText("more", { a: "1" }),
    });
    world.startController();
    world.startWorker("east");
    await arrives("blue");
  }, 3 * minutes);
  afterAll(() => world[Symbol.asyncDispose]());
  beforeEach(() => world.site("a1").wire.forget());

  const arrives = (colour: string): Promise<unknown> =>
    eventually(`a1 is ${colour} and nothing is open`, async () => {
      const data = await configMapData(world.site("a1"), "web", "settings");
      return data?.["colour"] === colour && (await world.status())?.releases.length === 0;
    });
  const paint = (colour: string): Promise<string> =>
    world.repo.commit({ "manifests/web/settings.yaml": configMapText("settings", { colour }) });
  const deletes = (): number => world.site("a1").wire.count({ method: "DELETE" });
  const link = (name: "remote" | "mirrors"): FaultProxy => {
    if (world.links === null) throw new Error("the world has no faulty links");
    return world.links[name];
  };

  it.each(faults)(
    "of the fleet repository (%s) delete nothing and are told",
    async (name, fault) => {
      link("remote").fail(fault);
      await paint(`remote-${name.replaceAll(/\W/g, "-")}`);

      const told = await eventually("the fault is told", async () => {
        const status = await world.status();
        const reason = status?.refused?.reason ?? "";
        return [...(status?.warnings ?? []), reason].find((line) =>
          /fleet|remote|git|repos/i.test(line),
        );
      });
      await sleep(800);
      const duringFault = world.site("a1").wire.count({ method: "PATCH" });
      link("remote").heal();
      await arrives(`remote-${name.replaceAll(/\W/g, "-")}`);

      expect(told).not.toContain("fleet-token");
      expect(duringFault).toBe(0);
      expect(deletes()).toBe(0);
    },
  );

  it.each(faults)(
    "of the mirror (%s) delete nothing, and it goes on after",
    async (name, fault) => {
      const colour = `mirror-${name.replaceAll(/\W/g, "-")}`;
      link("mirrors").fail(fault, { path: /\.git\/(info|git-upload)/ });
      link("mirrors").dropConnections();
      await paint(colour);
      await sleep(2500);
      const duringFault = world.site("a1").wire.count({ method: "PATCH" });
      link("mirrors").heal();
      await arrives(colour);

      expect(duringFault).toBe(0);
      expect(deletes()).toBe(0);
    },
  );

  it.each(faults)(
    "of the cluster (%s) delete nothing, and it goes on after",
    async (name, fault) => {
      const colour = `cluster-${name.replaceAll(/\W/g, "-")}`;
      world.site("a1").wire.fail(fault, { method: "GET" });
      await paint(colour);
      await sleep(2500);
      const duringFault = deletes();
      world.site("a1").wire.heal();
      await arrives(colour);

      expect(duringFault).toBe(0);
      expect(deletes()).toBe(0);
    },
  );

  it("of an empty repository, a lost branch or a rewritten history delete nothing", async () => {
    const before = await world.repo.git("rev-parse", "HEAD");
    await world.repo.git("push", "-q", "origin", ":main").catch(() => "");
    await world.repo.git("-C", world.repo.url, "update-ref", "-d", "refs/heads/main");
    await sleep(2000);
    const withoutBranch = world.site("a1").wire.requests().length;
    await world.repo.git("checkout", "-q", "--orphan", "other");
    await world.repo.git("rm", "-rqf", ".");
    await world.repo.commit({ "fleet.yaml": fourSites()["fleet.yaml"] ?? "" }, "Another history");
    const refused = await eventually(
      "the other history is refused",
      async () => (await world.status())?.refused,
    );
    await sleep(1000);
    await world.repo.git("checkout", "-q", "-f", "main");
    await world.repo.git("push", "-q", "-f", "origin", `${before}:refs/heads/main`);
    await paint("after-all");
    await arrives("after-all");

    expect(refused.reason).toMatch(/descend/);
    expect(withoutBranch).toBeLessThan(20);
    expect(deletes()).toBe(0);
  });
});
