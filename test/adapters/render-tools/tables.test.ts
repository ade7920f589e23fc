/** What a start finds of what an earlier one has rendered: never more than time. */
import { createHash } from "node:crypto";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { renderFleetFiles } from "../../../src/adapters/render-tools/render-fleet-files.ts";
import { createRenderTools } from "../../../src/adapters/render-tools/render-tools.ts";
import { ResultCache } from "../../../src/adapters/render-tools/result-cache.ts";
import { createTableStore } from "../../../src/adapters/render-tools/table-store.ts";
import type { AppTable } from "../../../src/core/render/app-table.ts";
import type { SourceFile } from "../../../src/core/model/fleet-model.ts";
import type { RenderedFiles } from "../../../src/core/render/render-files.ts";
import { renderFiles } from "../../../src/core/render/render-files.ts";
import { ownBuild } from "../../../src/runtime/own-build.ts";
import { systemClock } from "../../../src/runtime/system-clock.ts";
import { aFleet, appYaml, configMapYaml, fleetYaml, siteYaml } from "../../support/fleet.ts";
import { runCli } from "../../support/cli.ts";
import { emptyFolder, folderWith } from "../../support/folder.ts";

const canary = "not-to-be-written-7251";

function fleet(sites: number, edits: Readonly<Record<string, string>> = {}): SourceFile[] {
  const labels = { tier: "shop", ring: "main" };
  const more = Array.from({ length: sites }, (_, index) => [
    `sites/s${index}.yaml`,
    siteYaml(`s${index}`, { region: "east", labels }),
  ]);
  const app = (name: string, spec: object = {}): string =>
    appYaml(name, { spec: { source: { manifests: "manifests/web", expressions: true }, ...spec } });
  return aFleet({
    "fleet.yaml": fleetYaml({
      rollout: { strategy: "standard" },
      kubernetes: { version: "1.33" },
    }),
    "apps/web.yaml": app("web", {
      overlays: [{ virtualSites: ["shops"], namespace: "moved", labels: { at: "${site.name}" } }],
    }),
    "manifests/web/settings.yaml": configMapYaml("settings", { at: "${site.name}", canary }),
    ...Object.fromEntries(more),
    ...edits,
  });
}

let folder: string;
const tables = (): string => join(folder, "apps");

function start(files: readonly SourceFile[]): Promise<RenderedFiles> {
  const tools = createRenderTools({
    path: "",
    clock: systemClock(),
    cacheFolder: folder,
    build: ownBuild,
  });
  return renderFleetFiles(tools, files);
}

/** Everything that comes of a fleet, to the byte; throws where it is not valid. */
function seen(fleet: RenderedFiles): unknown {
  if (!fleet.ok) throw new Error(JSON.stringify(fleet.diagnostics));
  const { apps, variants } = fleet.rendered;
  return [...apps.values()].map((app) => ({
    ...app,
    sites: [...app.sites].map(([site, tree]) => {
      const { objects = [] } = variants.get(tree) ?? {};
      return [site, tree, objects.map(({ id, object, yaml }) => [id, object, yaml])];
    }),
  }));
}

/** How many apps were rendered as a whole. */
function wholeOf(fleet: RenderedFiles): number | undefined {
  return fleet.ok ? fleet.rendered.tables?.length : undefined;
}

async function theFile(): Promise<string> {
  const [name = "", ...others] = await readdir(tables());
  expect(others).toEqual([]);
  return join(tables(), name);
}

/** A body as the file of this path may hold it. */
const hashed = (path: string, body: string): string => {
  const hash = createHash("sha256").update(`${basename(path, ".json")}\n${body}`);
  return `${hash.digest("hex")}\n${body}`;
};

describe("what an earlier start has rendered", () => {
  beforeEach(() => {
    folder = join(emptyFolder(), "cache");
  });

  it.each([1, 40])("gives the same at %i sites more, without rendering it", async (sites) => {
    const first = await start(fleet(sites));
    const second = await start(fleet(sites));

    expect([wholeOf(first), wholeOf(second)]).toEqual([1, 0]);
    expect(seen(second)).toEqual(seen(renderFiles(fleet(sites))));
  });

  it("counts at sites that are as they were, where others have come, gone and changed", async () => {
    await start(fleet(12));
    const changed = {
      "sites/s3.yaml": siteYaml("s3", { region: "east", labels: { tier: "depot", ring: "main" } }),
      "sites/new.yaml": siteYaml("new", { region: "east", labels: { tier: "shop", ring: "main" } }),
    };
    const files = fleet(11, changed);
    const second = await start(files);

    expect(wholeOf(second)).toBe(0);
    expect(seen(second)).toEqual(seen(renderFiles(files)));
  });

  it("does not count for an app, a manifest or a vocabulary that has changed", async () => {
    await start(fleet(3));
    const edits: readonly Record<string, string>[] = [
      { "manifests/web/settings.yaml": configMapYaml("settings", { at: "${site.name}" }) },
      { "virtual-sites/shops.yaml": aVirtualSite("tier!=depot") },
      {
        "fleet.yaml": fleetYaml({
          rollout: { strategy: "standard" },
          labels: { tier: {}, ring: {} },
        }),
      },
    ];
    for (const edit of edits) {
      const files = fleet(3, edit);
      const now = await start(files);
      expect(wholeOf(now)).toBe(1);
      expect(seen(now)).toEqual(seen(renderFiles(files)));
    }
  });

  it("does not count for an app whose Secrets are declared to be none no longer", async () => {
    const patch = { target: { kind: "Secret" }, merge: { stringData: { at: "${site.name}" } } };
    const overlays = [{ virtualSites: ["all"], patches: [patch] }];
    const files = (spec: object): SourceFile[] =>
      fleet(3, {
        "apps/web.yaml": appYaml("web", { spec: { overlays, ...spec } }),
        "manifests/web/licence.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: licence}\n",
      });
    const declared = files({ plainSecrets: [{ name: "licence" }] });
    const first = await start(declared);
    expect([wholeOf(first), wholeOf(await start(declared))]).toEqual([1, 0]);

    const refused = await start(files({}));
    expect(refused.ok).toBe(false);
    expect(refused).toEqual(renderFiles(files({})));
  });

  it.each<[string, (text: string, json: AppTable, path: string) => string]>([
    ["cut off", (text) => text.slice(0, 300)],
    ["changed", (text) => text.replace("s1", "s9")],
    ["empty", () => ""],
    ["no JSON, with its hash", (_, __, path) => hashed(path, "{")],
    [
      "something else, with its hash",
      (_, __, path) => hashed(path, '{"objects":[],"problems":[]}'),
    ],
    [
      "of another app, with its hash",
      (_, json, path) => hashed(path, JSON.stringify({ ...json, key: "x" })),
    ],
    [
      "short of a site",
      (_, json, path) => hashed(path, JSON.stringify({ ...json, sites: json.sites.slice(3) })),
    ],
    [
      "of trees that are none",
      (_, json, path) =>
        hashed(path, JSON.stringify({ ...json, trees: json.trees.replaceAll(/[0-9]/g, "x") })),
    ],
    [
      "of a selector that is none",
      (_, json, path) => hashed(path, JSON.stringify({ ...json, peers: { "tier in (": "x" } })),
    ],
    [
      "of a selector that says nothing",
      (_, json, path) => hashed(path, JSON.stringify({ ...json, peers: { "": "x" } })),
    ],
    ["null", (_, __, path) => hashed(path, "null")],
  ])("is not there where its file is %s", async (_, damage) => {
    await start(fleet(3));
    const text = await readFile(await theFile(), "utf8");
    const json = JSON.parse(text.slice(text.indexOf("\n"))) as AppTable; // what was written
    await writeFile(await theFile(), damage(text, json, await theFile()));
    const again = await start(fleet(3));

    expect(wholeOf(again)).toBe(1);
    expect(seen(again)).toEqual(seen(renderFiles(fleet(3))));
    expect(await readFile(await theFile(), "utf8")).toBe(text);
  });

  it("is an error with a hint where it names a tree that no site has, and not another object", async () => {
    const files = folderWith(fleet(3));
    const home = emptyFolder();
    folder = join(home, ".cache/flotilla/rendered");
    const render = (): ReturnType<typeof runCli> =>
      runCli(["render", files, "--site", "s1", "--app", "web"], { env: { HOME: home } });
    expect(await render()).toMatchObject({ code: 0 });
    const text = await readFile(await theFile(), "utf8");
    const json = JSON.parse(text.slice(text.indexOf("\n"))) as AppTable; // what was written
    const trees = json.trees.replaceAll(/[0-9a-f]/g, "a");
    await writeFile(await theFile(), hashed(await theFile(), JSON.stringify({ ...json, trees })));
    const again = await render();

    expect(again).toMatchObject({ code: 2, stdout: "" });
    expect(again.stderr).toContain("though the cache says so");
    expect(again.stderr).toContain("delete the folder of the cache");
    expect(again.stderr).not.toContain(".ts:");
  });

  it("is no object, and for nobody else to read", async () => {
    await start(fleet(3));

    expect(await readFile(await theFile(), "utf8")).not.toContain(canary);
    expect((await stat(await theFile())).mode & 0o777).toBe(0o600);
    expect((await stat(tables())).mode & 0o777).toBe(0o700);
  });

  it("is not there for another version of Flotilla", async () => {
    const made = await start(fleet(3));
    const [make] = made.ok ? (made.rendered.tables ?? []) : [];
    if (make === undefined) throw new Error("nothing was rendered as a whole");
    const limits = { memory: 0, disk: 1_000_000 };
    const store = (version: string): ReturnType<typeof createTableStore> => {
      const cache = new ResultCache<AppTable>({ folder, limits, clock: systemClock() });
      return createTableStore(cache, () => Promise.resolve(version));
    };
    await store("1.0.0").write([make]);

    expect((await store("1.0.0").read([make().key])).size).toBe(1);
    expect((await store("1.0.1").read([make().key])).size).toBe(0);
  });

  it.each([
    ["kept in the user's cache", {}, true],
    ["kept where no absolute path is given", { XDG_CACHE_HOME: "" }, true],
    ["not kept where the user wants nothing kept", { FLOTILLA_CACHE: "off" }, false],
  ])("is %s, by the command line", async (_, env, isKept) => {
    const files = folderWith(fleet(3));
    const home = emptyFolder();
    const result = await runCli(["validate", files], { env: { HOME: home, ...env } });

    expect(result).toMatchObject({ code: 0 });
    const kept = await readdir(join(home, ".cache/flotilla/rendered/apps")).catch(() => []);
    expect(kept.length).toBe(isKept ? 1 : 0);
  });

  it("is not kept of a fleet with mistakes", async () => {
    const broken = { "manifests/web/more.yaml": configMapYaml("more", { a: "${site.address}" }) };

    expect((await start(fleet(3, broken))).ok).toBe(false);
    await expect(readdir(tables())).rejects.toMatchObject({ code: "ENOENT" });
  });
});

function aVirtualSite(selector: string): string {
  return `apiVersion: flotilla.dev/v1alpha1\nkind: VirtualSite\nmetadata: {name: shops}\nspec: {selector: "${selector}"}\n`;
}
