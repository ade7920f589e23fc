/** Runs of `flotilla vendor` that end early, or that meet what somebody has put there. */
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ChartServer, packedChart, startChartServer } from "../support/chart-server.ts";
import { runCli } from "../support/cli.ts";
import { aFleet, fleetYaml } from "../support/fleet.ts";
import { folderWith } from "../support/folder.ts";
import { git } from "../support/git-repository.ts";

describe("a run of flotilla vendor", { timeout: 60_000 }, () => {
  let charts: ChartServer;
  beforeAll(async () => {
    charts = await startChartServer();
  });
  afterAll(() => charts.close());

  const fleet = (vendor: readonly object[], edits: Readonly<Record<string, string>> = {}): string =>
    folderWith(aFleet({ "fleet.yaml": fleetYaml({ vendor }), ...edits }));
  const fromRepository = (name: string): object => ({
    name,
    chart: { repository: `${charts.url}/charts`, name, version: "1.0.0" },
  });
  const set = (name: string, file = "a"): void => {
    const packed = packedChart(name, "1.0.0", [{ path: `${name}/${file}.txt`, content: "x" }]);
    charts.charts.set(`${name}-1.0.0`, packed);
  };

  it("knows what it brought before something did not come", async () => {
    set("first");
    set("second");
    const dir = fleet([fromRepository("first"), fromRepository("second")]);
    await runCli(["vendor", dir]);
    set("first", "changed");
    charts.charts.delete("second-1.0.0");
    await rm(join(dir, "vendor/first"), { recursive: true });
    await rm(join(dir, "vendor/second"), { recursive: true });
    const broken = await runCli(["vendor", dir, "--update"]);
    expect(broken).toMatchObject({ code: 2, stdout: "vendor/first: brought, 3 files\n" });
    set("second");
    expect(await runCli(["vendor", dir])).toEqual({
      code: 0,
      stdout: "vendor/first: is there\nvendor/second: brought, 3 files\n",
      stderr: "",
    });
    expect((await runCli(["validate", dir])).code).toBe(0);
  });

  it("says what git ignores of what it brought, once and for good", async () => {
    set("first");
    const dir = fleet([fromRepository("first")], {
      ".gitignore": "*.txt\n/vendor/first/templates\n",
    });
    await git(["init", "-q", dir]);
    const told = await runCli(["vendor", dir]);
    expect(told.code).toBe(2);
    expect(told.stderr).toBe(
      "flotilla: error: git ignores vendor/first/a.txt, which was brought, and 1 more; commits would not hold it; `git check-ignore -v` names the line of .gitignore that is to be changed\n",
    );
    await writeFile(join(dir, ".gitignore"), "");
    expect((await runCli(["vendor", dir])).stdout).toBe("vendor/first: is there\n");
    expect((await runCli(["validate", dir])).code).toBe(0);
  });

  it.each(["notes.local", ".mine/notes", "node_modules/mine/index.js"])(
    "leaves a folder that is not listed any more where somebody has put %s into it",
    async (name) => {
      set("first");
      const dir = fleet([fromRepository("first")], { ".gitignore": "*.local\n" });
      await git(["init", "-q", dir]);
      await runCli(["vendor", dir]);
      const mine = join(dir, "vendor/first", name);
      await mkdir(join(mine, ".."), { recursive: true });
      await writeFile(mine, "mine");
      await writeFile(join(dir, "fleet.yaml"), fleetYaml());
      expect((await runCli(["vendor", dir])).stdout).toBe(
        "vendor/first: is not listed, and stays: it was changed\n",
      );
      expect(await readFile(mine, "utf8")).toBe("mine");
    },
  );

  it("brings nothing by a list in which a name stands twice, or that is not plain about an origin", async () => {
    set("first");
    set("second");
    const origin = fromRepository("first");
    const twice = await runCli([
      "vendor",
      fleet([origin, { ...fromRepository("second"), name: "first" }]),
    ]);
    expect(twice.stderr).toMatch(
      /^fleet\.yaml:4:\d+: error: "first" stands in the list already; rename one of the two\nflotilla: error: the list of `vendor` is not valid\n$/,
    );
    const base = { url: "https://git.invalid/a", commit: "1".repeat(40) };
    const dir = fleet([{ ...origin, git: base }]);
    const both = await runCli(["vendor", dir]);
    expect(both.stderr).toContain("it needs `chart` or `git`, and not both");
    expect([twice.code, both.code, existsSync(join(dir, "vendor"))]).toEqual([2, 2, false]);
  });

  it.each(["gzip", "x-gzip", "br"])(
    "takes a chart as it is, where the server calls it encoded as %s",
    async (encoding) => {
      set("first");
      charts.encoding = encoding;
      const oci = { repository: charts.oci, name: "first", version: "1.0.0" };
      const dir = fleet([fromRepository("first"), { name: "same", chart: oci }]);
      const brought = await runCli(["vendor", dir]);
      charts.encoding = undefined;
      expect(brought).toEqual({
        code: 0,
        stdout: "vendor/first: brought, 3 files\nvendor/same: brought, 3 files\n",
        stderr: "",
      });
    },
  );

  it("tells no credentials of an address that an index or a redirect names, and asks nobody by them", async () => {
    set("first");
    const location = "https://ada:hunter-2@charts.invalid/a.tgz?sig=hunter-3";
    charts.redirects.set("/charts/first-1.0.0.tgz", location);
    const { code, stderr } = await runCli(["vendor", fleet([fromRepository("first")])]);
    charts.redirects.clear();
    expect(code).toBe(2);
    expect(stderr).toBe(
      "flotilla: error: cannot fetch https://charts.invalid/a.tgz: it has credentials in it, and only public charts are fetched; check the address in `spec.vendor` of the Fleet, and that this machine reaches it\n",
    );
  });

  const secret = "https://ada:hunter-2@charts.invalid/a?sig=hunter-3";
  const origin = { url: "https://git.invalid", commit: "1".repeat(40) };
  it.each([
    [
      "chart.repository",
      "https://…@charts.invalid/a?…",
      { chart: { repository: secret, name: "a", version: "1.0.0" } },
    ],
    ["git.url", "https://…@charts.invalid/a?…", { git: { ...origin, url: secret } }],
    [
      "chart.repository",
      "…@charts.invalid",
      { chart: { repository: "ada:hunter-2@charts.invalid", name: "a", version: "1.0.0" } },
    ],
  ])("quotes no credentials of a wrong %s, as %s", async (field, shown, wrong) => {
    const dir = fleet([{ name: "first", ...wrong }]);
    const message = `error: expected a URL without credentials such as \`https://example.com/charts\` for spec.vendor[0].${field}, found "${shown}"\n`;
    for (const command of ["vendor", "validate"]) {
      const { code, stdout, stderr } = await runCli([command, dir]);
      expect(stdout + stderr).toContain(message);
      expect(stdout + stderr).not.toContain("hunter");
      expect(code).toBeGreaterThan(0);
    }
  });

  it("tells no query of an origin that has not what is wanted", async () => {
    const query = "?sig=hunter-3";
    const chart = { repository: `${charts.url}/charts/${query}`, name: "none", version: "1.0.0" };
    const base = { url: `${charts.url}/base.git${query}`, commit: origin.commit };
    for (const from of [{ chart }, { git: base }]) {
      const { code, stderr } = await runCli(["vendor", fleet([{ name: "first", ...from }])]);
      expect(stderr).toContain(charts.url);
      expect(stderr).not.toContain("hunter");
      expect(code).toBe(2);
    }
  });

  it("that is ended early says so, and leaves nothing half done", async () => {
    charts.redirects.set("/charts/index.yaml", "/hang");
    const ended = new AbortController();
    const dir = fleet([fromRepository("first")]);
    const asked = charts.whenAsked("/hang");
    const running = runCli(["vendor", dir], { signal: ended.signal });
    await asked;
    ended.abort();
    const result = await running;
    charts.redirects.clear();
    expect(result).toEqual({ code: 2, stdout: "", stderr: "flotilla: ended early\n" });
    expect(existsSync(join(dir, "vendor"))).toBe(false);
  });
});
