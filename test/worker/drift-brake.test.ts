/** What drifts in much of a region at once is told, and not repaired: something else is wrong. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { configMap, eventually } from "../support/kube-worker.ts";
import { useStandInFleet } from "../support/stand-in-fleet.ts";

describe("a region of which much has drifted", { timeout: 60_000 }, () => {
  const fleet = useStandInFleet();
  const driftIntervalMs = 2000;
  const sites = Array.from({ length: 40 }, (_, index) => `s${index}`);

  const commit = (k: string, maxDriftedPercent?: number): Promise<string> => {
    const content = Object.fromEntries(
      sites.map((site) => [site, { cfg: [configMap("a", { k })] }]),
    );
    const most = maxDriftedPercent === undefined ? {} : { maxDriftedPercent };
    return fleet.mirror.commit(content, { driftIntervalMs, ...most });
  };
  const having = (k: string): string[] =>
    sites.filter((site) => JSON.stringify(fleet.clusters.data(site, "a")) === `{"k":"${k}"}`);
  const edit = (some: readonly string[]): void => {
    for (const site of some) fleet.clusters.edit(site, "a", { k: "by hand" });
  };
  const braked = (): string[] =>
    sites.filter((site) => /40 sites have drifted/.test(fleet.mirror.site(site)?.message ?? ""));
  const allStand = (k: string): Promise<boolean> =>
    eventually(`all have ${k}`, () => having(k).length === sites.length, 30_000);
  /** All were looked at since, and what was to be repaired was. */
  const oneRound = (): Promise<void> => sleep(1.5 * driftIntervalMs);

  it("repairs a tenth of it, however fast that is done, and no more until the fleet says so", async () => {
    await commit("1");
    await fleet.start(sites);
    await allStand("1");
    edit(sites);
    await eventually("all others wait", () => braked().length === 36);
    await oneRound();

    expect(having("by hand")).toHaveLength(36);
    expect(fleet.mirror.site("s0")?.message ?? "").not.toContain("internal error");
    const [waiting = ""] = having("by hand");
    expect(fleet.mirror.app(waiting, "cfg")).toMatchObject({ sync: "OutOfSync" });
    expect(fleet.mirror.site(waiting)?.message).toContain("drift.maxDriftedPercent");

    await commit("1", 100);
    await allStand("1");
    await eventually("nothing waits", () => braked().length === 0);
  });

  it("does not repair what waits for another reason either: a broken link, a start of the worker", async () => {
    await commit("1", 0);
    await fleet.start(sites);
    await allStand("1");
    const [first = "", second = ""] = sites;
    edit([first, second]);
    await eventually("both wait", () => braked().length === 2);
    fleet.clusters.delayMs = (site) => (site === first ? Number.POSITIVE_INFINITY : 0);
    await eventually("it is away", () => fleet.mirror.site(first)?.reachable === false, 20_000);
    fleet.clusters.delayMs = () => 0;
    await eventually("it is back", () => fleet.mirror.site(first)?.reachable === true, 20_000);
    await oneRound();
    expect(having("by hand")).toEqual([first, second]);

    await fleet.stop();
    await fleet.start(sites);
    await eventually("both wait again", () => braked().length === 2);
    await oneRound();
    expect(having("by hand")).toEqual([first, second]);
  });

  it("repairs no more of it because the worker starts again, however often", async () => {
    await commit("1");
    await fleet.start(sites);
    await allStand("1");
    edit(sites);
    await eventually("all others wait", () => braked().length === 36);
    for (let starts = 0; starts < 2; starts += 1) {
      await fleet.stop();
      const told = fleet.mirror.reports.length;
      await fleet.start(sites);
      await eventually("they wait again", () => fleet.mirror.reports.length > told);
      await oneRound();
    }

    expect(having("by hand")).toHaveLength(36);
  });

  it("is repaired by itself once less of it is found so", async () => {
    await commit("1");
    await fleet.start(sites);
    await allStand("1");
    edit(sites.slice(0, 12));
    await eventually("the others wait", () => braked().length === 8);
    const waiting = having("by hand");
    expect(waiting).toHaveLength(8);
    for (const site of waiting.slice(0, 5)) fleet.clusters.edit(site, "a", { k: "1" });

    await allStand("1");
  });

  it("counts no site to which the worker that starts again has no way any more", async () => {
    await commit("1");
    await fleet.start(sites);
    await allStand("1");
    edit(sites.slice(0, 12));
    await eventually("the others wait", () => braked().length === 8);
    const away = having("by hand").slice(0, 5);
    await fleet.stop();
    await fleet.start(sites.filter((site) => !away.includes(site)));

    await eventually("the rest is repaired", () => having("by hand").length === 5);
    expect(having("by hand")).toEqual(away);
  });

  it("counts no site of whose drifted app the mirror says nothing any more", async () => {
    await commit("1");
    await fleet.start(sites);
    await allStand("1");
    edit(sites.slice(0, 12));
    await eventually("the others wait", () => braked().length === 8);
    const without = having("by hand").slice(0, 5);
    const content = sites.map((site) => {
      return [site, without.includes(site) ? {} : { cfg: [configMap("a", { k: "1" })] }];
    });
    await fleet.mirror.commit(Object.fromEntries(content), { driftIntervalMs });

    await eventually("the rest is repaired", () => having("by hand").length === 5);
    expect(having("by hand")).toEqual(without);
  });

  it("takes a release, whatever had drifted", async () => {
    await commit("1");
    await fleet.start(sites);
    await allStand("1");
    edit(sites);
    await eventually("the others wait", () => braked().length === 36);
    expect(having("by hand")).toHaveLength(36);
    await commit("2");

    await allStand("2");
  });
});
