import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { webVersion } from "../support/controller-fleet.ts";
import { eventually } from "../support/controller-mirror.ts";
import {
  bothWorkers,
  pause,
  settledFleet,
  startController,
  workerFor,
} from "../support/controller-world.ts";
import { siteYaml } from "../support/fleet.ts";

describe(
  "a mirror and its worker's state that come back from before a site moved",
  { timeout: 120_000 },
  () => {
    it("let the site go again: the mirror of its region keeps it, and nothing is deleted", async () => {
      const { bench, controller, workers } = await settledFleet();
      const [east, west] = [bench.mirror("east"), bench.mirror("west")];
      const copy = join(bench.dir, "copy");
      await cp(west.dir, copy, { recursive: true });
      await bench.fleet.commit({
        "sites/b1.yaml": siteYaml("b1", { region: "east", labels: { ring: "main" } }),
      });
      const isThere = async (): Promise<boolean> =>
        (await bench.control("show", "main:sites/b1.json")) ===
        JSON.stringify({ mirror: "east", uid: "uid-of-b1" });
      await eventually("b1 has moved", isThere);
      await eventually("and stands in east", () => east.file("meta/b1.json"));
      await Promise.all([controller.stop(), workers.east.stop(), workers.west.stop()]);
      await rm(west.dir, { recursive: true });
      await cp(copy, west.dir, { recursive: true });
      expect(await west.file("meta/b1.json")).not.toBeNull();

      await bench.fleet.commit(webVersion("2"));
      const again = await startController(bench);
      const { west: worker } = await bothWorkers(again);
      await eventually("west lets it go", async () => (await west.file("meta/b1.json")) === null);
      await eventually("its worker has heard", async () => worker.head() === (await west.head()));
      await eventually("b1 is at home", isThere);
      await eventually("b1 goes on in east", async () =>
        (await east.file("sites/b1/web/_ConfigMap_web_settings.yaml"))?.includes('version: "2"'),
      );
      expect((await again.status())?.warnings.join()).not.toContain("control is");
      await pause(300);
      expect(await west.file("meta/b1.json")).toBeNull();
      for (const mirror of [east, west]) {
        expect(await mirror.git("log", "--format=", "--name-only", "main")).not.toContain(
          ".leaving",
        );
      }
    });
  },
);

describe("a state folder that is lost while a site's region changes", { timeout: 120_000 }, () => {
  it("names the site's cluster to its new worker once the old one has stopped, and not before", async () => {
    const { bench, controller, workers } = await settledFleet();
    const [east, west] = [bench.mirror("east"), bench.mirror("west")];
    await eventually("b1's cluster is known", async () =>
      (await west.file("meta/b1.json"))?.includes('"uid":"uid-of-b1"'),
    );
    await Promise.all([controller.stop(), workers.east.stop(), workers.west.stop()]);
    const copy = join(bench.dir, "copy");
    await cp(west.dir, copy, { recursive: true });
    await rm(bench.stateDir, { recursive: true });
    await bench.fleet.commit({
      "sites/b1.yaml": siteYaml("b1", { region: "east", labels: { ring: "main" } }),
    });
    // The worker of east finds that west's has written there: it tells no uid.
    const uid = (site: string): string => (site === "b1" ? "" : `uid-of-${site}`);
    const anew = await startController(bench);
    const first = await workerFor(anew, "east", { uid });
    await eventually("b1 is handed to east", () => east.file("meta/b1.json"));
    await Promise.all([anew.stop(), first.stop()]);

    // What west's worker has is found, and confirmed.
    await rm(west.dir, { recursive: true, force: true });
    await cp(copy, west.dir, { recursive: true });
    const again = await startController(bench);
    await eventually("control is lost", async () =>
      (await again.status())?.warnings.some((line) => line.includes("everything is held")),
    );
    await again.decide({ verb: "recover", why: "the disk broke" });
    await workerFor(again, "east", { uid });
    const old = await workerFor(again, "west");
    await eventually("west lets it go", async () => (await west.file("meta/b1.json")) === null);
    await eventually("its worker has heard", async () => old.head() === (await west.head()));
    await eventually("east is told which cluster it is", async () =>
      (await east.file("meta/b1.json"))?.includes('"uid":"uid-of-b1"'),
    );
    expect(JSON.parse(await bench.control("show", "main:sites/b1.json"))).toEqual({
      mirror: "east",
      uid: "uid-of-b1",
    });
    for (const mirror of [east, west]) {
      expect(await mirror.git("log", "--format=", "--name-only", "main")).not.toContain(".leaving");
    }
  });
});
