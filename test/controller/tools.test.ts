import { rm, symlink, unlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ReleaseHistory } from "../../src/core/protocol/api.ts";
import { webVersion } from "../support/controller-fleet.ts";
import { eventually } from "../support/controller-mirror.ts";
import {
  everywhere,
  heads,
  pause,
  quiet,
  settledFleet,
  startController,
  versions,
} from "../support/controller-world.ts";
import { appYaml, configMapYaml, fleetYaml } from "../support/fleet.ts";
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

/** An app that needs no tool. */
const plainApp = {
  "apps/tool.yaml": appYaml("tool"),
  "manifests/tool/settings.yaml": configMapYaml("tool", { a: "1" }),
};

/** A controller that starts where the followed commit has a chart, without Helm and without what Helm gave before. */
async function startedWithout() {
  const toolsDir = emptyFolder();
  const tool = join(toolsDir, "helm");
  const bringTool = async (): Promise<void> => symlink(join(await toolFolder(), "helm"), tool);
  await bringTool();
  const { bench, controller, workers } = await settledFleet({ toolsDir });
  await bench.fleet.commit({ ...chartVersion("2"), ...plainApp });
  await everywhere(bench, "2");
  await quiet(bench);
  await controller.stop();
  await Promise.all([rm(join(bench.stateDir, "rendered"), { recursive: true }), unlink(tool)]);
  return { bench, workers, bringTool, again: await startController(bench) };
}

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

  it("starts again without its tool: one reason, what stands stays, all else goes on, and so does this once it is there", async () => {
    const { bench, again, workers, bringTool } = await startedWithout();
    const told = async (): Promise<readonly string[]> =>
      (await again.status())?.warnings.filter((line) => line.includes("TOOL_MISSING")) ?? [];
    await eventually("it says why", async () => (await told()).length > 0);
    expect(await told()).toEqual([
      expect.stringMatching(
        /^the followed commit .{7} cannot be rendered: helm .* was not found .*; what stands of web stays, all else goes on$/,
      ),
    ]);
    expect((await again.status())?.waits).toContainEqual(
      expect.objectContaining({ app: "web", site: null, code: "unrendered" }),
    );

    // What needs no rendering: a worker's words, and a rollback to what mirrors have.
    workers.west.script.health = (_, app) => (app === "tool" ? "Degraded" : "Healthy");
    await eventually("a site's health is told", async () => {
      const site = (await again.status())?.siteList.find((row) => row.site === "b1");
      const healths = site?.apps.map(({ app, health }) => `${app} ${health}`).toSorted();
      return healths?.join() === "tool Degraded,web Healthy";
    });
    const history = await again.request("/api/v1/history?app=web");
    const { releases } = (await history.json()) as ReleaseHistory;
    const to = releases.at(-1)?.release ?? "";
    await again.decide({ verb: "rollback", app: "web", to, why: "2 is slow" });
    await everywhere(bench, "1");

    await bringTool();
    await eventually("nothing is missing", async () => (await told()).length === 0, 60_000);
    expect((await again.status())?.waits.filter(({ code }) => code === "unrendered")).toEqual([]);
    expect(Object.values(await versions(bench))).toEqual(["1", "1", "1", "1"]);
  });

  it("starts again without its tool, and follows a commit that needs it no more", async () => {
    const { bench } = await startedWithout();
    await bench.fleet.commit({ "apps/web.yaml": appYaml("web"), ...webVersion("3") });
    await everywhere(bench, "3");
    expect(Object.values(await versions(bench))).toEqual(["3", "3", "3", "3"]);
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
