import { rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Explanation } from "../../src/core/protocol/api.ts";
import { commitFleet, webVersion } from "../support/controller-fleet.ts";
import { eventually } from "../support/controller-mirror.ts";
import { controllerBench } from "../support/controller-process.ts";
import { bothWorkers, everywhere, quiet, startController } from "../support/controller-world.ts";
import { appYaml, configMapYaml } from "../support/fleet.ts";

describe(
  "an app that left the fleet repository while control was lost",
  { timeout: 120_000 },
  () => {
    it("stays and is told, until a commit declares it again", async () => {
      const bench = await controllerBench();
      const tool = {
        "apps/tool.yaml": appYaml("tool"),
        "manifests/tool/settings.yaml": configMapYaml("tool", { a: "1" }),
      };
      await commitFleet(bench.fleet, tool);
      const first = await startController(bench);
      await bothWorkers(first);
      await everywhere(bench, "1");
      await quiet(bench);
      await first.stop();
      await rm(join(bench.stateDir, "control.git"), { recursive: true });
      const gone = Object.fromEntries(Object.keys(tool).map((path) => [path, null]));
      await bench.fleet.commit({ ...gone, ...webVersion("2") });
      const second = await startController(bench);
      await eventually("it is held", async () =>
        (await second.status())?.warnings.some((line) => line.includes("control was lost")),
      );
      await second.decide({ verb: "recover", why: "the disk was replaced" });
      await everywhere(bench, "2");
      await quiet(bench);
      const waits = (await second.status())?.waits.filter(({ app }) => app === "tool");
      const stays =
        /^tool stays at 4 sites \(a1, a2, b1 and 1 more\): it left the fleet repository/;
      expect(waits).toEqual([
        expect.objectContaining({ code: "unknown-app", reason: expect.stringMatching(stays) }),
      ]);
      const answer = await second.request("/api/v1/explain?site=a1&app=tool");
      expect(((await answer.json()) as Explanation).answer).toMatch(
        /^tool is still at a1, though the app is not in Git: tool stays at 4 sites/,
      );
      const standing = "sites/a1/tool/_ConfigMap_tool_tool.yaml";
      expect(await bench.mirror("east").file(standing)).not.toBeNull();

      await bench.fleet.commit(tool);
      await eventually("it is known again", async () =>
        (await second.status())?.waits.every(({ code }) => code !== "unknown-app"),
      );
      await quiet(bench);
      await bench.fleet.commit(gone);
      await eventually("it has left", async () =>
        (await bench.mirror("east").files()).every((path) => !path.includes("/tool")),
      );
    });
  },
);
