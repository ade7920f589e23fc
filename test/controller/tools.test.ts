import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { webVersion } from "../support/controller-fleet.ts";
import { eventually } from "../support/controller-mirror.ts";
import {
  everywhere,
  heads,
  pause,
  settledFleet,
  startController,
  versions,
} from "../support/controller-world.ts";
import { appYaml, fleetYaml } from "../support/fleet.ts";
import { emptyFolder } from "../support/folder.ts";
import { toolFolder, toolVersions } from "../support/kubectl.ts";

/** App `web` as a chart whose only object has the version in it. */
const chartVersion = (version: string): Readonly<Record<string, string | null>> => ({
  "fleet.yaml": fleetYaml({
    rollout: { strategy: "fast" },
    deletionBudget: { objects: 50, percent: 100 },
    tools: toolVersions,
  }),
  "apps/web.yaml": appYaml("web", { spec: { source: { chart: "chart" }, values: { version } } }),
  "chart/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
  "chart/templates/settings.yaml":
    "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { version: {{ .Values.version | quote }} }\n",
});

describe("a controller whose fleet has a chart", { timeout: 120_000 }, () => {
  it("waits for a tool that is not there, says so, and calls the commit neither valid nor invalid", async () => {
    const toolsDir = emptyFolder();
    const { bench, controller } = await settledFleet({ toolsDir });
    const before = await heads(bench);
    const commit = await bench.fleet.commit(chartVersion("2"));
    const status = await eventually("it waits", async () => {
      const now = await controller.status();
      return now?.refused?.commit === commit && now;
    });
    expect(status.refused).toMatchObject({
      reason: expect.stringMatching(
        /^helm 4\.2\.3, which the Fleet names, was not found \(TOOL_MISSING\)/,
      ),
      mistakes: [],
    });
    await pause(500);
    expect(await heads(bench)).toEqual(before);
    await symlink(join(await toolFolder(), "helm"), join(toolsDir, "helm"));
    await everywhere(bench, "2");
    await eventually(
      "nothing is refused",
      async () => (await controller.status())?.refused === null,
    );
  });

  it("follows charts and what is no chart any more, and goes on after a restart", async () => {
    const { bench, controller } = await settledFleet({ toolsDir: await toolFolder() });
    await bench.fleet.commit(chartVersion("2"));
    await everywhere(bench, "2");
    await bench.fleet.commit({ "chart/values.yaml": "a: 1\n", ...chartVersion("3") });
    await everywhere(bench, "3");
    await controller.stop();
    await startController(bench);
    await bench.fleet.commit({ "apps/web.yaml": appYaml("web"), ...webVersion("4") });
    await everywhere(bench, "4");
    expect(Object.values(await versions(bench))).toEqual(["4", "4", "4", "4"]);
  });

  it("refuses a chart with a mistake at the line that Helm names, and follows the next one", async () => {
    const { bench, controller } = await settledFleet({ toolsDir: await toolFolder() });
    const commit = await bench.fleet.commit({
      ...chartVersion("2"),
      "chart/templates/settings.yaml": 'a: {{ fail "no" }}\n',
    });
    const status = await eventually("it is refused", async () => {
      const now = await controller.status();
      return now?.refused?.commit === commit && now;
    });
    expect(status.refused?.reason).toMatch(/^chart\/templates\/settings\.yaml:1:7: helm: .*: no$/);
    await bench.fleet.commit(chartVersion("3"));
    await everywhere(bench, "3");
  });
});
