/** One bad thing stays one bad thing: sites that are slow or do not answer hold up nobody else. */
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/runtime/system-clock.ts";
import { type TestWorker, configMap, eventually } from "../support/kube-worker.ts";
import { useStandInFleet } from "../support/stand-in-fleet.ts";

const never = Number.POSITIVE_INFINITY;

describe("a worker with slow sites among healthy ones", { timeout: 60_000 }, () => {
  const fleet = useStandInFleet();

  const good = Array.from({ length: 10 }, (_, index) => `good${index}`);
  const bad = Array.from({ length: 60 }, (_, index) => `bad${index}`);
  const isBad = (site: string): boolean => site.startsWith("bad");

  const start = (sites: readonly string[], requestTimeout = "20s"): Promise<TestWorker> =>
    fleet.start(sites, { concurrency: 4, requestTimeout });
  const commit = (k: string, sites: readonly string[]): Promise<string> => {
    const apps = ["a", "b", "c"].map((app) => [app, [configMap(app, { k })]] as const);
    const content = Object.fromEntries(apps);
    return fleet.mirror.commit(Object.fromEntries(sites.map((site) => [site, content])));
  };
  const have = (k: string, sites: readonly string[]): boolean =>
    sites.every((site) =>
      ["a", "b", "c"].every(
        (name) => JSON.stringify(fleet.clusters.data(site, name)) === JSON.stringify({ k }),
      ),
    );
  const timed = async (what: string, isSo: () => boolean): Promise<number> => {
    const since = performance.now();
    await eventually(what, isSo, 30_000);
    return performance.now() - since;
  };

  it("brings the healthy ones to a new commit at their usual pace while most others hang", async () => {
    await commit("1", good);
    await start([...good, ...bad]);
    await eventually("the first commit is there", () => have("1", good));
    await commit("2", good);
    const usual = await timed("the second is there", () => have("2", good));

    await commit("3", [...bad, ...good]);
    await eventually("all are there", () => have("3", [...good, ...bad]));
    fleet.clusters.delayMs = (site) => (isBad(site) ? never : 0);
    await commit("4", [...bad, ...good]);
    const first = await timed("it is there when the others begin to hang", () => have("4", good));
    await commit("5", [...bad, ...good]);
    const second = await timed("it is there while they hang", () => have("5", good));

    // Each of the sixty may have had one of the four places, for half a second at most.
    expect(first).toBeLessThan(usual + (60 / 4) * 500 + 2000);
    expect(second).toBeLessThan(2 * usual + 3000);
  });

  it("lets sites that have never answered take no place at all", async () => {
    fleet.clusters.delayMs = (site) => (isBad(site) ? never : 0);
    await commit("1", [...bad, ...good]);
    await start([...bad, ...good]);
    const took = await timed("the healthy ones are there", () => have("1", good));

    // Sixty at four places, half a second each, would take 7.5 seconds before the first of the others has its turn.
    expect(took).toBeLessThan(7000);
    const asked = fleet.clusters.requests.filter((line) => isBad(line));
    expect(new Set(asked.map((line) => line.replace(/^\S+ /, "")))).toEqual(
      new Set(["GET /api/v1/namespaces/kube-system"]),
    );
  });

  it("gets slow sites there too, and keeps their pace from the others", async () => {
    fleet.clusters.delayMs = (site) => (isBad(site) ? 700 : 0);
    const slow = bad.slice(0, 8);
    await commit("1", [...slow, ...good]);
    await start([...slow, ...good]);
    await eventually("all are there", () => have("1", [...slow, ...good]), 40_000);
    await commit("2", [...slow, ...good]);
    const took = await timed("the healthy ones are there", () => have("2", good));

    expect(took).toBeLessThan(3000);
    await eventually("the slow ones get there", () => have("2", slow), 30_000);
  });

  it("gets slow sites there also while others hang, which cost a question now and then", async () => {
    const slow = good.slice(0, 3);
    await commit("1", [...bad, ...good]);
    await start([...bad, ...good], "3s");
    await eventually("all are there", () => have("1", [...bad, ...good]));
    fleet.clusters.delayMs = (site) => {
      if (isBad(site)) return never;
      return slow.includes(site) ? 300 : 0;
    };
    await commit("2", [...bad, ...good]);
    const took = await timed("the slow ones are there", () => have("2", good));
    // What had begun when the others fell silent ends with its request; what waited behind it is not begun. Were it
    // begun, sixty at four places, three seconds each, would take 45 seconds.
    expect(took).toBeLessThan(25_000);

    await delay(3500);
    fleet.clusters.requests.length = 0;
    await delay(3000);
    const asked = fleet.clusters.requests.filter((line) => isBad(line));
    expect(new Set(asked.map((line) => line.replace(/^\S+ /, "")))).toEqual(
      new Set(["GET /api/v1/namespaces/kube-system"]),
    );
    // Each question hangs for three seconds.
    expect(asked.length).toBeLessThanOrEqual(2 * bad.length);
  });

  it("does not call a site broken whose writes hang", async () => {
    const objects = (k: string) => ({ good0: { a: [configMap("a", { k })] } });
    await fleet.mirror.commit(objects("1"));
    await start(["good0"], "1s");
    const settled = (): boolean => fleet.mirror.app("good0", "a")?.health === "Healthy";
    await eventually("it is there", settled);
    fleet.clusters.delayMs = (_, method) => (method === "GET" ? 0 : never);
    const from = fleet.mirror.reports.length;
    await fleet.mirror.commit(objects("2"));
    await eventually("it is told", () =>
      fleet.mirror.app("good0", "a")?.message.includes("did not answer this within 1 s"),
    );
    await delay(4000);
    const told = fleet.mirror.reports.slice(from).flatMap(({ sites }) => sites);
    expect(new Set(told.map(({ message }) => message))).toEqual(new Set([""]));

    fleet.clusters.delayMs = () => 0;
    const isThere = (): boolean =>
      JSON.stringify(fleet.clusters.data("good0", "a")) === '{"k":"2"}';
    await eventually("it gets there by itself", isThere);
  });

  it("waits with writes that hang, whatever else breaks and mends meanwhile", async () => {
    const objects = (k: string) => ({ good0: { a: [configMap("a", { k })] } });
    await fleet.mirror.commit(objects("1"));
    // Without luck in the wait after a failure.
    const clock = { ...systemClock(), random: () => 0.99 };
    await fleet.start(["good0"], { requestTimeout: "1s", retry: "20s", retryMax: "60s" }, clock);
    const settled = (): boolean => fleet.mirror.app("good0", "a")?.health === "Healthy";
    await eventually("it is there", settled);
    fleet.clusters.delayMs = (_, method) => (method === "GET" ? 0 : never);
    await fleet.mirror.commit(objects("2"));
    await eventually("its failure is told", () => fleet.mirror.app("good0", "a")?.message !== "");
    fleet.clusters.delayMs = () => never;
    await eventually("it is silent", () => fleet.mirror.site("good0")?.message !== "");
    fleet.clusters.requests.length = 0;
    fleet.clusters.delayMs = (_, method) => (method === "GET" ? 0 : never);
    await eventually("it answers again", () => fleet.mirror.site("good0")?.message === "");
    await delay(3000);

    expect(fleet.clusters.requests.filter((line) => line.startsWith("good0 PATCH"))).toEqual([]);
  });

  it("follows the mirror on while a site that was taken away still hangs", async () => {
    await commit("1", ["bad0", ...good]);
    await start(["bad0", ...good]);
    await eventually("all are there", () => have("1", ["bad0", ...good]));
    fleet.clusters.delayMs = (site) => (isBad(site) ? never : 0);
    fleet.clusters.requests.length = 0;
    await commit("2", ["bad0", ...good]);
    await eventually("a write to it is under way", () =>
      fleet.clusters.requests.some((line) => line.startsWith("bad0 PATCH")),
    );
    await commit("3", good);
    await commit("4", good);
    const took = await timed("the others go on", () => have("4", good));

    // The request that hangs would take 20 seconds.
    expect(took).toBeLessThan(10_000);
    expect(fleet.mirror.last()?.stopped).toEqual({});
  });
});
