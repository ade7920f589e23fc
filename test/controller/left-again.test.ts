import { describe, expect, it } from "vitest";
import type { LeavingMarker } from "../../src/core/protocol/mirror-layout.ts";
import { webVersion } from "../support/controller-fleet.ts";
import { eventually } from "../support/controller-mirror.ts";
import type { ControllerBench } from "../support/controller-process.ts";
import { settledFleet, startController, versions, workerFor } from "../support/controller-world.ts";
import { appYaml } from "../support/fleet.ts";

async function markerAtB1(bench: ControllerBench): Promise<LeavingMarker | null> {
  const text = await bench.mirror("west").file("sites/b1/web.leaving");
  return text === null ? null : (JSON.parse(text) as LeavingMarker);
}

describe("an app that leaves again where it came back on its way out", { timeout: 120_000 }, () => {
  it("has a marker that tells how much it has there, also by a controller that never saw that stand", async () => {
    const { bench, controller, workers } = await settledFleet();
    const isSlow = { health: (site: string) => (site === "b1" ? undefined : "Healthy") } as const;
    Object.assign(workers.west.script, isSlow);
    await bench.fleet.commit({ "apps/web.yaml": null });
    const first = await eventually("web is told to leave b1", async () => markerAtB1(bench));
    workers.west.script.reachable = (site) => site !== "b1";
    await eventually("b1 is told as offline", async () =>
      (await controller.status())?.waits.some(
        ({ site, code }) => site === "b1" && code === "offline",
      ),
    );
    await bench.fleet.commit({ "apps/web.yaml": appYaml("web"), ...webVersion("2") });
    await eventually("web is back", async () => (await versions(bench))["b2"] === "2");
    await Promise.all([controller.stop(), workers.east.stop(), workers.west.stop()]);

    const second = await startController(bench);
    await workerFor(second, "east");
    await workerFor(second, "west", isSlow);
    await bench.fleet.commit({ "apps/web.yaml": null });
    const again = await eventually("web is told to leave b1 again", async () => {
      const marker = await markerAtB1(bench);
      return marker?.release === first.release ? null : marker;
    });
    expect(again).toMatchObject({ verb: "delete", expected: 1, from: first.from });
  });
});
