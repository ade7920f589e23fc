import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadFleet } from "../../../src/core/model/load-fleet.ts";
import { neededByLoaded } from "../../../src/core/render/render-files.ts";
import type { SourceFile } from "../../../src/core/model/fleet-model.ts";
import { siteYaml } from "../../support/fleet.ts";
import { emptyFolder } from "../../support/folder.ts";
import { toolVersions } from "../../support/kubectl.ts";
import { countedTools, realTools, toolFleet, webAt } from "../../support/render-tools.ts";
import { chart } from "../../support/tool-sources.ts";

const site = (values: object): string =>
  siteYaml("e2", { region: "east", labels: { ring: "main", tier: "depot" }, spec: { values } });
const fleet = (edits: Readonly<Record<string, string>> = {}): SourceFile[] =>
  toolFleet({ chart: "charts/web" }, { ...chart, ...edits });

describe("what was rendered", { timeout: 60_000 }, () => {
  it("is not rendered again: one run for sites with the same values, one for each others", async () => {
    const { path, runs } = await countedTools();
    const tools = await realTools({ path });
    await webAt(fleet(), "e1", tools);
    expect(await runs()).toBe(1);
    await webAt(fleet(), "w2", tools);
    expect(await runs()).toBe(1);
    await webAt(fleet({ "sites/e2.yaml": site({ depth: 9 }) }), "e2", tools);
    expect(await runs()).toBe(2);
  });

  it("is kept in a folder, by files, values, cluster and version; a damaged file is none", async () => {
    const { path, runs } = await countedTools();
    const cacheFolder = join(emptyFolder(), "cache");
    const render = async (): Promise<unknown> =>
      webAt(fleet(), "e1", await realTools({ path, cacheFolder }));
    const first = await render();
    expect(await render()).toEqual(first);
    expect(await runs()).toBe(1);
    const [name = ""] = await readdir(cacheFolder);
    const text = await readFile(join(cacheFolder, name), "utf8");
    await writeFile(join(cacheFolder, name), text.replace("welcome", "hacked"));
    expect(await render()).toEqual(first);
    expect(await runs()).toBe(2);
    await writeFile(join(cacheFolder, name), text.slice(0, 100));
    expect(await render()).toEqual(first);
  });

  it("is bounded on the disk: the oldest goes", async () => {
    const cacheFolder = join(emptyFolder(), "cache");
    const tools = await realTools({ cacheFolder, cacheLimits: { disk: 8000, memory: 1 } });
    for (const depth of [1, 2, 3, 4, 5, 6]) {
      await webAt(fleet({ "sites/e2.yaml": site({ depth }) }), "e2", tools);
    }
    const names = await readdir(cacheFolder);
    const sizes = await Promise.all(
      names.map(async (name) => (await stat(join(cacheFolder, name))).size),
    );
    const total = sizes.reduce((sum, size) => sum + size, 0);
    expect(total).toBeGreaterThan(0);
    expect(total).toBeLessThanOrEqual(8000);
  });

  it("has another key for each thing that decides, and the same for what does not", () => {
    const keys = (files: readonly SourceFile[]): string =>
      neededByLoaded(loadFleet(files))
        .map(({ key }) => key)
        .toSorted()
        .join();
    const whole = fleet();
    const before = keys(whole);
    expect(keys(whole.toReversed())).toBe(before);
    expect(keys(fleet({ "README.md": "x" }))).toBe(before);
    expect(keys(fleet({ "sites/e2.yaml": site({}) }))).toBe(before);
    const others = [
      fleet({ "charts/web/files/motd.txt": "bye\n" }),
      fleet({ "sites/e2.yaml": site({ a: 1 }) }),
      toolFleet({ chart: "charts/web", helm: { releaseName: "x" } }, chart),
      toolFleet({ chart: "charts/web" }, chart, { namespace: "x" }),
    ].map(keys);
    expect(new Set([before, ...others]).size).toBe(others.length + 1);
    expect(toolVersions.helm).toBe("4.2.3");
  });
});
