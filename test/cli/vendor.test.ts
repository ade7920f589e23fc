import { mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type ChartServer,
  packedChart,
  packTar,
  startChartServer,
} from "../support/chart-server.ts";
import { runCli } from "../support/cli.ts";
import { aFleet, appYaml, fleetYaml } from "../support/fleet.ts";
import { folderWith } from "../support/folder.ts";
import { createRepository, git, temporaryFolder } from "../support/git-repository.ts";
import { type GitServer, startGitServer } from "../support/git-server.ts";
import { toolFolder, toolVersions } from "../support/kubectl.ts";

describe("flotilla vendor", { timeout: 60_000 }, () => {
  let charts: ChartServer;
  let remote: GitServer;
  let base: { url: string; commit: string };
  beforeAll(async () => {
    charts = await startChartServer();
    const repository = await createRepository();
    const commit = await repository.commit({
      "bases/web/kustomization.yaml": "resources: [settings.yaml]\n",
      "bases/web/settings.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: base }\n",
      "README.md": "not taken\n",
    });
    const root = await temporaryFolder();
    await git(["clone", "-q", "--bare", repository.dir, join(root, "bases.git")]);
    await git(["-C", join(root, "bases.git"), "config", "uploadpack.allowAnySHA1InWant", "true"]);
    remote = await startGitServer({ root });
    base = { url: remote.url("bases"), commit };
  });
  afterAll(async () => {
    await charts.close();
    await remote.close();
  });

  const fleet = (vendor: readonly object[], edits: Readonly<Record<string, string>> = {}): string =>
    folderWith(aFleet({ "fleet.yaml": fleetYaml({ tools: toolVersions, vendor }), ...edits }));
  const fromRepository = (name: string, version = "1.0.0"): object => ({
    name,
    chart: { repository: `${charts.url}/charts`, name, version },
  });
  const set = (id: string, packed: Buffer): void => void charts.charts.set(id, packed);

  it("brings a chart with its subcharts from a repository, one from a registry, and a base from Git, which then render", async () => {
    const inner = packedChart("inner", "1.0.0");
    set(
      "outer-1.0.0",
      packedChart("outer", "1.0.0", [{ path: "outer/charts/inner-1.0.0.tgz", content: inner }]),
    );
    set(
      "store-2.0.0+a",
      packedChart("store", "2.0.0+a", [{ path: "store/.hidden", content: "x" }]),
    );
    const dir = fleet(
      [
        fromRepository("outer"),
        { name: "store", chart: { repository: charts.oci, name: "store", version: "2.0.0+a" } },
        { name: "base", git: { ...base, path: "bases/web" } },
      ],
      {
        "apps/web.yaml": appYaml("web", { spec: { source: { chart: "vendor/outer" } } }),
        "apps/till.yaml": appYaml("till", { spec: { source: { kustomize: "vendor/base" } } }),
        "apps/shop.yaml": appYaml("shop", { spec: { source: { chart: "vendor/store" } } }),
      },
    );
    const brought = await runCli(["vendor", dir]);
    expect(brought).toEqual({
      code: 0,
      stdout:
        "vendor/outer: brought, 4 files\nvendor/store: brought, 3 files\nvendor/base: brought, 2 files\n",
      stderr: "",
    });
    const env = { PATH: await toolFolder() };
    const valid = await runCli(["validate", dir], { env });
    expect(valid.stdout).toBe("the fleet is valid\n");
    const rendered = await runCli(["render", dir, "--site", "e1"], { env });
    expect([...rendered.stdout.matchAll(/^ {2}name: (.+)$/gm)].map(([, name]) => name)).toEqual([
      "shop-store",
      "base",
      "web-inner",
      "web-outer",
    ]);
    // Once it is there, nothing is asked any more.
    const before = charts.asked.length;
    expect((await runCli(["vendor", dir])).stdout).toBe(
      "vendor/outer: is there\nvendor/store: is there\nvendor/base: is there\n",
    );
    expect(charts.asked.length).toBe(before);
  });

  /** Names of what the app `web` of a valid fleet renders. */
  const renderedNames = async (dir: string): Promise<string[]> => {
    const env = { PATH: await toolFolder() };
    expect(await runCli(["validate", dir], { env })).toMatchObject({
      stdout: "the fleet is valid\n",
    });
    const { stdout } = await runCli(["render", dir, "--site", "e1", "--app", "web"], { env });
    return [...stdout.matchAll(/^ {2}name: (.+)$/gm)].map(([, name = ""]) => name).toSorted();
  };
  const fromVendor = (name: string): Readonly<Record<string, string>> => ({
    "apps/web.yaml": appYaml("web", { spec: { source: { chart: `vendor/${name}` } } }),
  });

  it("unpacks subcharts that are packed within a subchart which is not", async () => {
    const leaf = packedChart("leaf", "1.0.0");
    set(
      "nested-1.0.0",
      packedChart("nested", "1.0.0", [
        {
          path: "nested/charts/mid/Chart.yaml",
          content: "apiVersion: v2\nname: mid\nversion: 1.0.0\n",
        },
        { path: "nested/charts/mid/charts/leaf-1.0.0.tgz", content: leaf },
      ]),
    );
    const dir = fleet([fromRepository("nested")], fromVendor("nested"));
    expect((await runCli(["vendor", dir])).stderr).toBe("");
    expect(await readdir(join(dir, "vendor/nested/charts/mid/charts"))).toEqual(["leaf"]);
    expect(await renderedNames(dir)).toEqual(["web-leaf", "web-nested"]);
  });

  it.each([
    ["two archives", "", ["redis-1.0.0", "redis-2.0.0"]],
    ["a folder and an archive", "redis", ["redis", "redis-2.0.0"]],
  ])(
    "brings one subchart in two versions, out of %s, as Helm renders them",
    async (_, unpacked, folders) => {
      const subchart = (version: string): { path: string; content: string }[] => [
        { path: "Chart.yaml", content: `apiVersion: v2\nname: redis\nversion: ${version}\n` },
        {
          path: "templates/settings.yaml",
          content: `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: {{ .Chart.Name }}-${version} }\n`,
        },
      ];
      const below = (folder: string, version: string): { path: string; content: string }[] =>
        subchart(version).map(({ path, content }) => ({ path: `${folder}/${path}`, content }));
      const packed = (version: string): { path: string; content: Buffer } => ({
        path: `twice/charts/redis-${version}.tgz`,
        content: packTar(below("redis", version)),
      });
      const dependency = (version: string, alias: string): string =>
        `  - { name: redis, version: ${version}, alias: ${alias} }\n`;
      const parent = `apiVersion: v2\nname: twice\nversion: 1.0.0\ndependencies:\n${dependency("1.0.0", "old")}${dependency("2.0.0", "fresh")}`;
      set(
        "twice-1.0.0",
        packTar([
          { path: "twice/Chart.yaml", content: parent },
          ...(unpacked === "" ? [packed("1.0.0")] : below(`twice/charts/${unpacked}`, "1.0.0")),
          packed("2.0.0"),
        ]),
      );
      const dir = fleet([fromRepository("twice")], fromVendor("twice"));
      expect((await runCli(["vendor", dir])).stderr).toBe("");
      expect((await readdir(join(dir, "vendor/twice/charts"))).toSorted()).toEqual(folders);
      expect(await renderedNames(dir)).toEqual(["fresh-2.0.0", "old-1.0.0"]);
    },
  );

  it.each([
    ["that no dependency takes", "2.0.0", ""],
    ["that fit one range", "1.1.0", "  - { name: redis, version: 1.x }\n"],
  ])(
    "brings no two subcharts of one name %s: Helm takes one at random",
    async (_, version, entry) => {
      const redis = (version: string) => ({
        path: `twin/charts/redis-${version}.tgz`,
        content: packedChart("redis", version),
      });
      const parent = `apiVersion: v2\nname: twin\nversion: 1.0.0\ndependencies:\n${entry}`;
      const chart = { path: "twin/Chart.yaml", content: parent };
      set("twin-1.0.0", packTar([chart, redis("1.0.1"), redis(version)]));
      const dir = fleet([fromRepository("twin")], fromVendor("twin"));
      expect(await runCli(["vendor", dir])).toMatchObject({
        code: 2,
        stderr: expect.stringContaining(
          `"charts/redis-${version}/Chart.yaml" is in the way: charts/redis-1.0.1 is a chart with the name "redis" too`,
        ),
      });
    },
  );

  it.each([["Chart.yaml"], ["requirements.yaml"]])(
    "brings two subcharts of one name of which a dependency in %s takes one",
    async (file) => {
      const redis = (version: string) => ({
        path: `left/charts/redis-${version}.tgz`,
        content: packedChart("redis", version),
      });
      const chart = "apiVersion: v2\nname: left\nversion: 1.0.0\n";
      const entry = "dependencies:\n  - { name: redis, version: 2.x }\n";
      const edits = { "Chart.yaml": chart, [file]: file === "Chart.yaml" ? chart + entry : entry };
      const described = Object.entries(edits).map(([path, content]) => ({
        path: `left/${path}`,
        content,
      }));
      set("left-1.0.0", packTar([...described, redis("1.0.0"), redis("2.0.0")]));
      const dir = fleet([fromRepository("left")], fromVendor("left"));
      expect((await runCli(["vendor", dir])).stderr).toBe("");
      const folders = (await readdir(join(dir, "vendor/left/charts"))).toSorted();
      expect(folders).toEqual(["redis-1.0.0", "redis-2.0.0"]);
    },
  );

  it("leaves packed subcharts out that Helm does not look at", async () => {
    const inner = packedChart("inner", "1.0.0");
    const unread = ["_inner.tgz", ".inner.tgz", "_old/charts/inner.tgz", "mid/charts/_x.tgz"];
    const packed = ["inner-1.0.0.tgz", "_none.tgz", ...unread].map((name) => ({
      path: `under/charts/${name}`,
      content: name === "_none.tgz" ? "no archive" : inner,
    }));
    const midYaml = "apiVersion: v2\nname: mid\nversion: 1.0.0\n";
    const mid = { path: "under/charts/mid/Chart.yaml", content: midYaml };
    set("under-1.0.0", packedChart("under", "1.0.0", [...packed, mid]));
    const dir = fleet([fromRepository("under")], fromVendor("under"));
    expect((await runCli(["vendor", dir])).stderr).toBe("");
    expect(await readdir(join(dir, "vendor/under/charts"))).toEqual(["inner", "mid"]);
    expect(await readdir(join(dir, "vendor/under/charts/mid"))).toEqual(["Chart.yaml"]);
    expect(await renderedNames(dir)).toEqual(["web-inner", "web-under"]);
  });

  it("replaces no folder that was never brought, but for one that is the same, unless it is to", async () => {
    set("plain-1.0.0", packedChart("plain", "1.0.0"));
    const mine = "vendor/plain/mine.yaml";
    const dir = fleet([fromRepository("plain")], { [mine]: "a: 1\n" });
    expect(await runCli(["vendor", dir])).toEqual({
      code: 2,
      stdout: "",
      stderr: expect.stringContaining(
        "vendor/plain is there, and vendor/lock.json does not list it",
      ),
    });
    expect(await readFile(join(dir, mine), "utf8")).toBe("a: 1\n");
    const replaced = await runCli(["vendor", dir, "--update"]);
    expect(replaced.stdout).toBe("vendor/plain: brought, 2 files\n");
    await rm(join(dir, "vendor/lock.json"));
    expect((await runCli(["vendor", dir])).stdout).toBe("vendor/plain: brought, 2 files\n");
    // Of what is read of a repository nothing is there, and yet it is somebody's.
    const hidden = fleet([fromRepository("plain")], { "vendor/plain/.notes/mine": "x" });
    expect((await runCli(["vendor", hidden])).code).toBe(2);
  });

  it("says so where nothing is listed", async () => {
    expect(await runCli(["vendor", fleet([])])).toEqual({
      code: 0,
      stdout: "",
      stderr: "the Fleet lists nothing under `vendor`: there is nothing to bring\n",
    });
  });

  it("is asked for where something is listed and not there, and where a folder was changed", async () => {
    set("plain-1.0.0", packedChart("plain", "1.0.0"));
    const dir = fleet([fromRepository("plain")]);
    const mistakes = async (): Promise<string[]> =>
      (await runCli(["validate", dir])).stdout.split("\n").filter((line) => line.includes("error"));
    expect(await mistakes()).toEqual([
      expect.stringMatching(
        /^fleet\.yaml:4:\d+: error: plain is not in `vendor\/`, or comes from elsewhere; run `flotilla vendor`$/,
      ),
      "the fleet is not valid: 1 error",
    ]);
    await runCli(["vendor", dir]);
    expect(await mistakes()).toEqual([]);
    await writeFile(join(dir, "vendor/plain/templates/settings.yaml"), "# mine\n");
    await writeFile(join(dir, "vendor/plain/new.txt"), "x");
    await rm(join(dir, "vendor/plain/Chart.yaml"));
    const told = await mistakes();
    expect(told.map((line) => line.replace(/; run.*/, ""))).toEqual([
      "vendor/plain/Chart.yaml: error: it is gone after `flotilla vendor` had brought plain",
      "vendor/plain/new.txt: error: it was added after `flotilla vendor` had brought plain",
      "vendor/plain/templates/settings.yaml: error: it was changed after `flotilla vendor` had brought plain",
      "the fleet is not valid: 3 errors",
    ]);
    await runCli(["vendor", dir]);
    expect(await mistakes()).toEqual([]);
  });

  it("refuses what has changed at its origin, unless it is to take it", async () => {
    set("moved-1.0.0", packedChart("moved", "1.0.0"));
    const dir = fleet([fromRepository("moved")]);
    await runCli(["vendor", dir]);
    const lock = await readFile(join(dir, "vendor/lock.json"), "utf8");
    set("moved-1.0.0", packedChart("moved", "1.0.0", [{ path: "moved/evil.txt", content: "x" }]));
    await rm(join(dir, "vendor/moved"), { recursive: true });
    const refused = await runCli(["vendor", dir]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("moved is not what it was when it was brought");
    expect(await readFile(join(dir, "vendor/lock.json"), "utf8")).toBe(lock);
    expect((await runCli(["vendor", dir, "--update"])).code).toBe(0);
    expect(await readdir(join(dir, "vendor/moved"))).toContain("evil.txt");
  });

  it("removes what is not listed any more, but not what somebody has changed", async () => {
    set("gone-1.0.0", packedChart("gone", "1.0.0"));
    set("mine-1.0.0", packedChart("mine", "1.0.0"));
    const dir = fleet([fromRepository("gone"), fromRepository("mine")]);
    await runCli(["vendor", dir]);
    await writeFile(join(dir, "vendor/mine/mine.txt"), "x");
    await writeFile(join(dir, "fleet.yaml"), fleetYaml());
    expect((await runCli(["vendor", dir])).stdout).toBe(
      "vendor/gone: removed\nvendor/mine: is not listed, and stays: it was changed\n",
    );
    expect((await readdir(join(dir, "vendor"))).toSorted()).toEqual(["lock.json", "mine"]);
  });

  const chart = (...more: Parameters<typeof packTar>[0]): Buffer =>
    packedChart("bad", "1.0.0", more);
  it.each([
    [
      "leads out of it",
      () => chart({ path: "bad/../../../outside.txt", content: "x" }),
      "leads out of it",
    ],
    ["is absolute", () => chart({ path: "/tmp/outside.txt", content: "x" }), "leads out of it"],
    [
      "is a link",
      () => chart({ path: "bad/link", type: "2", to: "/etc/passwd" }),
      "is a link or a device",
    ],
    [
      "is a bomb",
      () => chart({ path: "bad/zeros", content: Buffer.alloc(70 * 1024 * 1024) }),
      '"bad-1.0.0.tgz" is not used: with it, the chart and the archives in it have more than 64 MiB, unpacked',
    ],
    [
      "is a bomb in bombs",
      () => {
        const bomb = packedChart("b", "1.0.0", [
          { path: "b/z", content: Buffer.alloc(40 * 1024 * 1024) },
        ]);
        return chart(
          { path: "bad/charts/a.tgz", content: bomb },
          { path: "bad/charts/b.tgz", content: bomb },
        );
      },
      '"bad-1.0.0.tgz/charts/b.tgz" is not used: with it, the chart and the archives in it have more than 64 MiB, unpacked',
    ],
    [
      "stands there twice",
      () => chart({ path: "bad/Chart.yaml", content: "x" }),
      "stands in it twice",
    ],
    [
      "stands below a file",
      () => chart({ path: "bad/c/a", content: "x" }, { path: "bad/c/a/b", content: "x" }),
      "stands below what is a file",
    ],
    [
      "has too long a name",
      () =>
        chart(
          { path: "long", type: "L", content: `bad/${"é".repeat(130)}\0` },
          { path: "bad/cut", content: "x" },
        ),
      "is too long a path",
    ],
    ["is cut off", () => chart().subarray(0, 60), "cannot be unpacked"],
    ["is no chart", () => packTar([{ path: "bad/x.yaml", content: "x" }]), "it is no chart"],
    [
      "speaks for this fleet",
      () => chart({ path: "bad/files/app.yaml", content: appYaml("intruder") }),
      "declares a App for this fleet",
    ],
    [
      "is YAML that is no text",
      () => chart({ path: "bad/x.yaml", content: Buffer.from([0xff, 0x00]) }),
      "is not UTF-8 text",
    ],
  ])("brings nothing of an archive in which a file %s", async (_, packed, message) => {
    set("bad-1.0.0", packed());
    const dir = fleet([fromRepository("bad")]);
    const result = await runCli(["vendor", dir]);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain(message);
    await expect(readdir(join(dir, "vendor"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("takes nothing whose digest is another, and says what is not there", async () => {
    set("sound-1.0.0", packedChart("sound", "1.0.0"));
    charts.wrongDigest = "0".repeat(64);
    const wrong = await runCli(["vendor", fleet([fromRepository("sound")])]);
    charts.wrongDigest = undefined;
    expect(wrong.stderr).toMatch(/sound 1\.0\.0 has the sha256 [0-9a-f]{64}, not 0{64}/);
    const missing = await runCli(["vendor", fleet([fromRepository("sound", "9.9.9")])]);
    expect(missing.stderr).toContain("has no chart sound 9.9.9");
    const origin = { repository: charts.oci, name: "sound", version: "9.9.9" };
    const untagged = await runCli(["vendor", fleet([{ name: "sound", chart: origin }])]);
    expect(untagged.stderr).toContain("/v2/charts/sound/manifests/9.9.9: it answers 404");
    const commit = "1".repeat(40);
    const gone = await runCli(["vendor", fleet([{ name: "base", git: { ...base, commit } }])]);
    expect([wrong.code, missing.code, untagged.code, gone.code]).toEqual([2, 2, 2, 2]);
  });

  it("says once why an origin cannot be reached, and where its address stands", async () => {
    const told = async (repository: string): Promise<string> => {
      const chart = { repository, name: "sound", version: "1.0.0" };
      return (await runCli(["vendor", fleet([{ name: "sound", chart }])])).stderr;
    };
    const hint =
      "check the address in `spec.vendor` of the Fleet, and that this machine reaches it";
    expect(await told("https://charts.invalid")).toBe(
      `flotilla: error: cannot fetch https://charts.invalid/index.yaml: its host has a name that is not known; ${hint}\n`,
    );
  });

  it("asks nobody over plain HTTP whom a redirect or a Git remote names", async () => {
    set("sound-1.0.0", packedChart("sound", "1.0.0"));
    const told = async (vendored: object): Promise<string> =>
      (await runCli(["vendor", fleet([vendored])])).stderr;
    const redirected = async (location: string): Promise<string> => {
      charts.redirects.set("/charts/sound-1.0.0.tgz", location);
      return told(fromRepository("sound"));
    };
    charts.redirects.set("/elsewhere", "/charts/store.tgz");
    set("store", packedChart("sound", "1.0.0"));
    expect(await redirected("/elsewhere")).toBe("");
    const only = "only https is fetched, and http from this machine";
    expect(await redirected("http://charts.invalid/x")).toContain(
      `http://charts.invalid/x: ${only}`,
    );
    expect(await redirected("http://[")).toContain("cannot fetch http://[: it is no URL");
    expect(await redirected("/charts/sound-1.0.0.tgz")).toContain("redirected more than 5 times");
    charts.redirects.clear();
    const url = "http://git.invalid/bases";
    expect(await told({ name: "base", git: { ...base, url } })).toContain(`${url}: ${only}`);
  });

  it("fetches nothing over plain HTTP from elsewhere, and writes through no link", async () => {
    const repository = "http://charts.example.com";
    const plain = await runCli([
      "vendor",
      fleet([{ name: "a", chart: { repository, name: "a", version: "1.0.0" } }]),
    ]);
    expect(plain.stderr).toContain("only https is fetched");
    set("sound-1.0.0", packedChart("sound", "1.0.0"));
    const dir = fleet([fromRepository("sound")]);
    const elsewhere = await temporaryFolder();
    await mkdir(join(elsewhere, "sound"));
    await symlink(elsewhere, join(dir, "vendor"));
    expect((await runCli(["vendor", dir])).stderr).toContain("vendor is no folder");
    expect(await readdir(elsewhere)).toEqual(["sound"]);
  });

  it.each(["vendor/lock.json.part", "vendor/lock.json"])(
    "writes through no link %s",
    async (name) => {
      set("sound-1.0.0", packedChart("sound", "1.0.0"));
      const dir = fleet([fromRepository("sound")], { "vendor/README": "" });
      const elsewhere = join(await temporaryFolder(), "file");
      await writeFile(elsewhere, "mine");
      await symlink(elsewhere, join(dir, name));
      const { stderr } = await runCli(["vendor", dir]);
      expect(stderr).toContain(name.endsWith(".part") ? "" : "vendor/lock.json is no plain file");
      expect(await readFile(elsewhere, "utf8")).toBe("mine");
    },
  );

  it("removes no folder that a lock names by a path", async () => {
    const lock = JSON.stringify({ vendored: { "../apps": { from: "", files: {} } } });
    const dir = fleet([], { "vendor/lock.json": lock });
    const result = await runCli(["vendor", dir]);
    expect(result.stderr).toContain("vendor/lock.json is no lock file");
    expect(await readdir(join(dir, "apps"))).toContain("web.yaml");
  });
});
