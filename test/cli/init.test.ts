import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readCheckout } from "../../src/adapters/git/read-checkout.ts";
import type { FleetModel, SourceFile } from "../../src/core/model/fleet-model.ts";
import { renderFleet } from "../../src/core/render/render-fleet.ts";
import { placeApp, sitesOfVirtualSite } from "../../src/core/select/virtual-sites.ts";
import { runCli } from "../support/cli.ts";
import { modelOf } from "../support/fleet.ts";
import { emptyFolder } from "../support/folder.ts";

async function initialised(): Promise<{
  dir: string;
  files: readonly SourceFile[];
  model: FleetModel;
}> {
  const dir = join(emptyFolder(), "my", "fleet");
  const { code } = await runCli(["init", dir]);
  expect(code).toBe(0);
  const files = await readCheckout(dir);
  return { dir, files, model: modelOf(files) };
}

describe("flotilla init", () => {
  it("writes a fleet that is valid, rendered without a warning", async () => {
    const { dir } = await initialised();
    const { code, stdout } = await runCli(["validate", dir, "-o", "json"]);
    expect({ code, verdict: JSON.parse(stdout) as unknown }).toEqual({
      code: 0,
      verdict: { valid: true, diagnostics: [] },
    });
  });

  it("writes 12 sites in 3 regions, 4 virtual sites, and 4 apps that differ by site", async () => {
    const { model } = await initialised();
    expect(
      [model.sites, model.regions, model.virtualSites, model.apps].map(({ size }) => size),
    ).toEqual([12, 3, 4, 4]);
    for (const name of model.virtualSites.keys())
      expect(sitesOfVirtualSite(model, name)).not.toEqual([]);
    for (const name of model.apps.keys()) {
      expect(placeApp(model, name).length).toBeGreaterThan(1);
    }
    const rendered = renderFleet(model);
    const variants = rendered.ok
      ? [...rendered.value.apps.values()].map(({ sites }) => new Set(sites.values()).size)
      : [];
    expect(variants.every((count) => count > 1)).toBe(true);
  });

  it("writes site files whose first `region:` is that of their spec", async () => {
    const { files, model } = await initialised();
    for (const [name, { value, file }] of model.sites) {
      const text = files.find(({ path }) => path === file)?.text ?? "";
      expect(text).toMatch(/^spec:$/m);
      expect([name, /region: *(\S+)/.exec(text)?.[1]]).toEqual([name, value.spec.region]);
      expect(Object.keys(value.metadata.labels ?? {})).not.toContain("region");
    }
  });

  it("refuses a folder that is not empty, and leaves it as it is", async () => {
    const dir = emptyFolder();
    writeFileSync(join(dir, "mine.txt"), "mine");
    const { code, stderr } = await runCli(["init", dir]);
    expect(code).toBe(2);
    expect(stderr).toContain("is not empty");
    expect(readdirSync(dir)).toEqual(["mine.txt"]);
  });

  it("takes an empty folder, and one with only a repository in it", async () => {
    const dir = emptyFolder();
    mkdirSync(join(dir, ".git"));
    expect((await runCli(["init", "."], { cwd: dir })).code).toBe(0);
    expect(readFileSync(join(dir, "fleet.yaml"), "utf8")).toContain("kind: Fleet");
  });

  it.each([[[]], [["a", "b"]]])("refuses %j: it needs one folder", async (folders) => {
    const { code, stderr } = await runCli(["init", ...folders]);
    expect(code).toBe(2);
    expect(stderr).toContain("init needs exactly one folder");
  });

  it("refuses a file", async () => {
    const file = join(emptyFolder(), "file");
    writeFileSync(file, "");
    const { code, stderr } = await runCli(["init", file]);
    expect(code).toBe(2);
    expect(stderr).toContain("cannot use");
  });
});
