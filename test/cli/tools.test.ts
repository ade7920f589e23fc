import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runCli } from "../support/cli.ts";
import { appYaml } from "../support/fleet.ts";
import { emptyFolder, folderWith } from "../support/folder.ts";
import { createRepository } from "../support/git-repository.ts";
import { toolFolder } from "../support/kubectl.ts";
import { toolFleet } from "../support/render-tools.ts";
import { chart, kustomization } from "../support/tool-sources.ts";

describe("commands on a fleet with charts and kustomizations", { timeout: 60_000 }, () => {
  const files = toolFleet(
    { chart: "charts/web" },
    {
      ...chart,
      ...kustomization,
      "apps/till.yaml": appYaml("till", { spec: { source: { kustomize: "kustomize/base" } } }),
    },
  );

  it("render with the user's tools, and from the user's cache without them", async () => {
    const dir = folderWith(files);
    const home = emptyFolder();
    const env = { PATH: await toolFolder(), HOME: home };
    expect(await runCli(["validate", dir], { env })).toMatchObject({
      code: 0,
      stdout: "the fleet is valid\n",
    });
    const first = await runCli(["render", dir, "--site", "e1"], { env });
    expect(first.stdout).toContain("name: web-web");
    expect(await readdir(join(home, ".cache/flotilla/rendered"))).toHaveLength(2);
    const again = await runCli(["render", dir, "--site", "e1"], { env: { HOME: home, PATH: "" } });
    expect(again).toEqual(first);
  });

  it("could not find out, and say so, where a tool is not there", async () => {
    const result = await runCli(["validate", folderWith(files)], { env: { PATH: emptyFolder() } });
    expect(result.code).toBe(2);
    expect(result.stderr).toMatch(
      /(helm 4\.2\.3|kustomize 5\.8\.1), which the Fleet names, was not found/,
    );
  });

  it("plan a change of a chart, also for sites whose values change with it", async () => {
    const texts = Object.fromEntries(files.map(({ path, text }) => [path, text]));
    const repository = await createRepository(texts);
    await repository.commit({
      "charts/web/values.yaml": `${texts["charts/web/values.yaml"] ?? ""}depth: 6\n`,
      "sites/e2.yaml": (texts["sites/e2.yaml"] ?? "").replace(
        "spec: {",
        'spec: {"values":{"depth":7},',
      ),
    });
    const env = { PATH: `${await toolFolder()}:/usr/bin:/bin` };
    const args = ["plan", repository.dir, "--base", "HEAD~1", "--head", "HEAD", "-o", "json"];
    const planned = await runCli(args, { env });
    expect(planned.stderr).toBe("");
    const plan = JSON.parse(planned.stdout) as { sites: { site: string }[]; variants: unknown[] };
    expect(plan.sites.map(({ site }) => site)).toEqual(["e1", "e2", "w1", "w2"]);
    expect(plan.variants).toHaveLength(2);
  });
});
