/** An app of thousands of objects holds up no small app at the same site. */
import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../src/core/model/kube-object.ts";
import { configMap, eventually } from "../support/kube-worker.ts";
import { useStandInFleet } from "../support/stand-in-fleet.ts";

const site = "shop";

describe("small apps beside large ones at one site", { timeout: 60_000 }, () => {
  const fleet = useStandInFleet();

  const large = (app: string, objects: number): KubeObject[] =>
    Array.from({ length: objects }, (_, index) => configMap(`${app}-${index}`, { k: "1" }));
  const small = (k: string): Record<string, KubeObject[]> =>
    Object.fromEntries(["a", "b", "c"].map((app) => [app, [configMap(app, { k })]]));
  const isWell = (app: string): boolean => {
    const report = fleet.mirror.app(site, app);
    return report?.sync === "Synced" && report.health === "Healthy";
  };
  const isThere = (k: string): boolean =>
    ["a", "b", "c"].every((app) => {
      const data = fleet.clusters.data(site, app);
      return JSON.stringify(data) === JSON.stringify({ k }) && isWell(app);
    });
  /** How many of these objects the cluster has. */
  const arrived = (objects: readonly KubeObject[]): number =>
    objects.filter(({ metadata }) => fleet.clusters.data(site, metadata.name) !== undefined).length;

  it.each([
    { apps: 1, objects: 4000 },
    { apps: 8, objects: 500 },
  ])(
    "get there and are told well while $apps with $objects objects are on their way",
    async (size) => {
      fleet.clusters.delayMs = () => 20;
      const names = Array.from({ length: size.apps }, (_, index) => `large${index}`);
      const apps = Object.fromEntries(names.map((app) => [app, large(app, size.objects)]));
      const all = Object.values(apps).flat();
      await fleet.mirror.commit({ [site]: { ...apps, ...small("1") } });
      await fleet.start([site]);
      await eventually("the small ones are well", () => isThere("1"), 30_000);
      expect(arrived(all)).toBeLessThan(all.length / 2);

      // What comes later is not put behind what has begun.
      const before = arrived(all);
      await fleet.mirror.commit({ [site]: { ...apps, ...small("2") } });
      await eventually("the next version of the small ones is well", () => isThere("2"), 30_000);
      expect(arrived(all) - before).toBeLessThan(all.length / 2);
      expect(arrived(all)).toBeLessThan(all.length);
    },
  );
});
