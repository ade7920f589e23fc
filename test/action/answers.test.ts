import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { describe, expect, it } from "vitest";
import { type ActionResult, runBundle } from "../support/action.ts";
import { aFleet, appYaml, configMapYaml, siteYaml } from "../support/fleet.ts";
import { createRepository } from "../support/git-repository.ts";

type Files = Readonly<Record<string, string | null>>;

const fleetFiles = (under = ""): Record<string, string> =>
  Object.fromEntries(aFleet().map(({ path, text }) => [`${under}${path}`, text]));

/** The Action on a push from some files to others. */
async function push(
  { from, to }: { readonly from: Files; readonly to: Files },
  inputs: Readonly<Record<string, string>> = {},
): Promise<ActionResult> {
  const repository = await createRepository(from);
  const before = await repository.git("rev-parse", "HEAD");
  const after = await repository.commit(to);
  const payload = { before, after };
  return runBundle({ workspace: repository.dir, event: "push", sha: after, payload, inputs });
}

const noRegion = (name: string): string => siteYaml(name, { region: "nowhere" });

describe("the Action's answer", () => {
  it("is no for a head with mistakes, each at its file, line and column", async () => {
    const to = {
      "fleet/sites/bad.yaml": noRegion("bad"),
      "fleet/apps/web.yaml": appYaml("web", { spec: { nope: 1 } }),
    };
    const result = await push({ from: fleetFiles("fleet/"), to }, { directory: "fleet" });

    expect(result).toMatchObject({
      code: 1,
      outputs: { verdict: "invalid", "changed-sites": "", deletions: "", warnings: "0" },
    });
    expect(result.commands.map(({ name, properties }) => [name, properties["file"]])).toEqual([
      ["error", "fleet/apps/web.yaml"],
      ["error", "fleet/sites/bad.yaml"],
    ]);
    expect(result.commands[1]).toMatchObject({
      properties: { line: "4", col: "17", title: "Flotilla: dangling-reference" },
      message: expect.stringContaining('"nowhere"'),
    });
    expect(result.summary).toContain("### Flotilla: the fleet is not valid (2 errors)\n");
    expect(result.summary).toContain("- ❌ `fleet/sites/bad.yaml:4:17` `");
  });

  it.each([
    ["fleet", "fleet"],
    ["the fleet's", "'the fleet'\\''s'"],
  ])("says how to plan the same again, in the folder of the fleet: %s", async (folder, word) => {
    const to = { [`${folder}/manifests/web/settings.yaml`]: configMapYaml("settings") };
    const result = await push({ from: fleetFiles(`${folder}/`), to }, { directory: folder });
    expect(result.summary).toContain(`The same again: \`flotilla plan ${word} --base `);
  });

  it("keeps to the ten annotations that GitHub shows, and counts the others", async () => {
    const names = Array.from({ length: 12 }, (_, index) => `bad${index + 10}`);
    const to = Object.fromEntries(names.map((name) => [`sites/${name}.yaml`, noRegion(name)]));
    const { commands, summary, outputs } = await push({ from: fleetFiles(), to });

    expect(commands).toHaveLength(10);
    expect(commands.at(-1)).toEqual({
      name: "error",
      properties: {},
      message: "3 more errors are in the job summary",
    });
    expect(outputs["errors"]).toBe("12");
    for (const name of names) expect(summary).toContain(`sites/${name}.yaml:4:`);
  });

  it("is yes without a plan where the head mends a base that is not valid", async () => {
    const from = { ...fleetFiles(), "sites/bad.yaml": noRegion("bad") };
    const result = await push({ from, to: { "sites/bad.yaml": null } });

    expect(result).toMatchObject({ code: 0, commands: [], outputs: { verdict: "no-plan" } });
    expect(result.summary).toContain(
      "there is no plan, as the base is not a valid fleet: sites/bad.yaml:4:17: error:",
    );
  });

  it.each([
    ["in a folder that was not there", { "readme.txt": "empty" }],
    ["in a folder without one", { "fleet/readme.txt": "empty" }],
  ])("plans the first fleet from nothing, %s", async (_, from) => {
    const result = await push({ from, to: fleetFiles("fleet/") }, { directory: "fleet" });

    expect(result).toMatchObject({
      code: 0,
      outputs: { verdict: "changes", "changed-sites": "4" },
    });
    expect(result.summary).toContain("the base holds no fleet: all is planned from nothing");
  });

  it("tells deletions, what leaves and who has to approve; fail-on: approval makes that a no", async () => {
    const namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: extra}\n";
    const from = { ...fleetFiles(), "manifests/web/namespace.yaml": namespace };
    const to = {
      "manifests/web/namespace.yaml": null,
      "manifests/till/settings.yaml": null,
      "apps/till.yaml": null,
    };
    const [result, strict] = await Promise.all([
      push({ from, to }),
      push({ from, to }, { "fail-on": "approval" }),
    ]);

    expect(result).toMatchObject({ code: 0, outputs: { deletions: "6", "changed-apps": "2" } });
    expect(result.summary).toContain("- **Deletions: 6 objects** (`till` 2, `web` 4)");
    expect(result.summary).toContain("**Somebody has to approve**: `");
    expect(result.summary).toContain("- App `till` leaves 2 sites (delete)\n");
    expect(result.summary).toContain("- `Namespace extra` is removed at 4 sites\n");
    expect(strict).toMatchObject({ code: 1, outputs: result.outputs });
  });

  it("warns, and with fail-on: warning says no", async () => {
    const spec = { overlays: [{ virtualSites: ["depots"], labels: { a: "b" } }] };
    const to = { "apps/till.yaml": appYaml("till", { virtualSites: ["shops"], spec }) };
    const [result, strict] = await Promise.all([
      push({ from: fleetFiles(), to }),
      push({ from: fleetFiles(), to }, { "fail-on": "warning" }),
    ]);

    expect(result).toMatchObject({ code: 0, outputs: { errors: "0", warnings: "1" } });
    expect(result.commands).toMatchObject([
      { name: "warning", properties: { file: "apps/till.yaml" } },
    ]);
    expect(strict.code).toBe(1);
  });

  it("shows changes that look the same as one diff group", async () => {
    const overlays = (colour: string): object[] =>
      ["e1", "e2", "w1", "w2"].map((site) => ({
        virtualSites: [site],
        labels: { host: `${site}-${colour}` },
      }));
    const own = ["e1", "e2", "w1", "w2"].map((site) => [
      `virtual-sites/${site}.yaml`,
      `apiVersion: flotilla.dev/v1alpha1\nkind: VirtualSite\nmetadata: {name: ${site}}\nspec: {selector: "name=${site}"}\n`,
    ]);
    const sites = ["e1", "e2", "w1", "w2"].map((site) => [
      `sites/${site}.yaml`,
      siteYaml(site, {
        region: site.startsWith("e") ? "east" : "west",
        labels: { name: site, ring: "main", tier: "shop" },
      }),
    ]);
    const web = (colour: string): string =>
      appYaml("web", { spec: { overlays: overlays(colour) } });
    const from = {
      ...fleetFiles(),
      ...Object.fromEntries([...own, ...sites]),
      "apps/web.yaml": web("blue"),
      "virtual-sites/depots.yaml": null,
    };
    const result = await push({ from, to: { "apps/web.yaml": web("red") } });

    expect(result.outputs).toMatchObject({ verdict: "changes", "changed-sites": "4" });
    expect(result.summary).toContain("### Flotilla: 4 of 4 sites change, in one way");
    expect(result.summary).toContain(
      "4 variants that change alike but for the names of their sites",
    );
    expect(result.summary).toContain("+    host: e1-red\n");
  });

  it("offers what action.yml says", async () => {
    const text = await readFile(join(import.meta.dirname, "../../action.yml"), "utf8");
    const action = parse(text) as { inputs: object; outputs: object; runs: object };
    const { outputs } = await push({ from: fleetFiles(), to: { "a.txt": configMapYaml("a") } });

    expect(Object.keys(action.outputs)).toEqual(Object.keys(outputs));
    expect(action.runs).toEqual({ using: "node24", main: "action/dist/index.cjs" });
    const inputs = await readFile(join(import.meta.dirname, "../../src/action/inputs.ts"), "utf8");
    const read = [...inputs.matchAll(/input\(env, "([a-z-]+)"\)/g)].map(([, name]) => name);
    expect(new Set(read)).toEqual(new Set(Object.keys(action.inputs)));
  });
});
