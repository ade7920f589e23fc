import { chmodSync, symlinkSync, writeFileSync } from "node:fs";
import { glob, readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  killProcess,
  noneLeft,
  processesNaming,
  startDemoProcess,
} from "../support/demo-process.ts";
import { onceText } from "../../src/cli/demo.ts";
import { runCli } from "../support/cli.ts";
import { aFleet, siteYaml } from "../support/fleet.ts";
import { emptyFolder, folderWith } from "../support/folder.ts";
import { toolFleet } from "../support/render-tools.ts";
import { chart } from "../support/tool-sources.ts";

const ready = "The fleet repository is";

it("says what was measured of one change, or of the first commit where nothing is changed, and no more", () => {
  const all = { p50: 1, p85: 2, p99: 3, max: 4 };
  const fleet = { sites: 1, synced: 1, healthy: 1, regions: 1, revision: "main@1" };
  const times = { commitToSeenMs: 5, seenToLastSiteMs: 6, firstSyncMs: 8, tookMs: 9 };
  const result = { ...fleet, ...times, handOvers: 1, deletes: 0, timeToEffectMs: all };
  expect(onceText({ ...result, commitToDoneMs: 7 })).toMatch(
    /ONE CHANGE[^]* through all stages +7 ms/,
  );
  const own = onceText({ ...result, commitToDoneMs: null });
  expect(own).toMatch(/FIRST COMMIT +TIME\nfirst sync +8 ms\n/);
  expect(own).not.toMatch(/through all stages| -$/m);
});

describe("flotilla demo --once", { timeout: 90_000 }, () => {
  it("brings a whole fleet and one change to every site, tells the figures, and leaves nothing", async () => {
    const demo = await startDemoProcess(["--once", "-o", "json"]);
    expect({ code: await demo.ended, stderr: demo.stderr() }).toMatchObject({ code: 0 });
    const result: unknown = JSON.parse(demo.stdout());
    expect(result).toEqual({
      sites: 12,
      synced: 12,
      healthy: 12,
      regions: 3,
      revision: expect.stringMatching(/^main@sha1:[0-9a-f]{40}$/),
      handOvers: 9,
      timeToEffectMs: {
        p50: expect.any(Number),
        p85: expect.any(Number),
        p99: expect.any(Number),
        max: expect.any(Number),
      },
      commitToSeenMs: expect.any(Number),
      seenToLastSiteMs: expect.any(Number),
      commitToDoneMs: expect.any(Number),
      firstSyncMs: expect.any(Number),
      deletes: 0,
      tookMs: expect.any(Number),
    });
    const { timeToEffectMs, tookMs } = result as {
      timeToEffectMs: { p50: number; max: number };
      tookMs: number;
    };
    expect(timeToEffectMs.p50).toBeGreaterThan(0);
    // What is promised: a change to one app is at each site within 2 s of its hand-over there.
    expect(timeToEffectMs.max).toBeLessThan(2000);
    expect(tookMs).toBeLessThan(60_000);
    expect(await noneLeft(demo.temporary)).toEqual([]);
    const lines = demo.stderr();
    expect(lines).not.toContain("\u001b");
    expect(lines).toMatch(/12\/12 sites in sync, 12\/12 healthy; nothing in flight/);
    expect(lines).toMatch(/storefront \d\/9 \(stage canary/);
  });
});

describe("flotilla demo --fleet", { timeout: 90_000 }, () => {
  it("runs a copy of the reader's own fleet to the end of its stages, and leaves the fleet as it is", async () => {
    const files = aFleet();
    const own = folderWith([
      ...files,
      { path: ".git/HEAD", text: "none of the demo's business\n" },
    ]);
    const demo = await startDemoProcess(["--once", "-o", "json", "--fleet", own]);
    expect({ code: await demo.ended, stderr: demo.stderr() }).toMatchObject({ code: 0 });
    expect(JSON.parse(demo.stdout())).toMatchObject({
      sites: 4,
      synced: 4,
      healthy: 4,
      regions: 2,
      commitToDoneMs: null,
      firstSyncMs: expect.any(Number),
      deletes: 0,
    });
    expect(demo.stderr()).toMatch(/web \d\/4 \(stage canary/);
    const paths = await Array.fromAsync(glob("**/*.yaml", { cwd: own }));
    expect(paths.toSorted()).toEqual(files.map(({ path }) => path).toSorted());
    expect(await readFile(join(own, ".git/HEAD"), "utf8")).toBe("none of the demo's business\n");
    expect(await noneLeft(demo.temporary)).toEqual([]);
  });

  it("refuses a fleet with mistakes, with each of them, and a folder within it", async () => {
    const wrong = folderWith(aFleet({ "sites/e9.yaml": siteYaml("e9", { region: "nowhere" }) }));
    const refused = await runCli(["demo", "--once", "--fleet", wrong]);
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toMatch(/^sites\/e9\.yaml:4:\d+: error: .*"nowhere"/);
    expect(refused.stderr).toContain("the fleet is not valid");
    const within = await runCli(["demo", "--fleet", ".", "--dir", "demo"], { cwd: wrong });
    expect(within.stderr).toContain("demo lies in the fleet that is copied there");
    const link = join(emptyFolder(), "link");
    symlinkSync(wrong, link);
    const linked = await runCli(["demo", "--fleet", link, "--dir", join(wrong, "new/demo")]);
    expect(linked.stderr).toContain("lies in the fleet that is copied there");
    const back = await runCli(["demo", "--fleet", wrong, "--dir", join(link, "demo")]);
    expect(back.stderr).toContain("lies in the fleet that is copied there");
    expect((await runCli(["demo", "heal", "--fleet", wrong])).stderr).toContain("leave it out");
  });
});

describe("flotilla demo --fleet, of charts", () => {
  it("ends at once where the tools are not those that the fleet names, and says which", async () => {
    const own = folderWith(toolFleet({ chart: "charts/web" }, chart));
    const tools = emptyFolder();
    writeFileSync(join(tools, "helm"), "#!/bin/sh\necho v9.9.9\n", { mode: 0o755 });
    const refused = await runCli(["demo", "--once", "--fleet", own], { env: { PATH: tools } });
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toContain(`but ${tools}/helm is 9.9.9`);
    expect(refused.stderr).not.toContain("starting a fleet");
  });
});

describe("flotilla demo --once, when a process dies", { timeout: 60_000 }, () => {
  it("says which, and ends with 2", async () => {
    const demo = await startDemoProcess(["--once"]);
    await demo.saw("sites in sync");
    await killProcess(demo.temporary, "worker-iberia");
    expect(await demo.ended).toBe(2);
    expect(demo.stdout()).toBe("");
    expect(demo.stderr()).toMatch(/error: the worker-iberia does not run: .*its log is /s);
    expect(await noneLeft(demo.temporary)).toEqual([]);
  });
});

describe("flotilla demo", { timeout: 60_000 }, () => {
  it("ends everything at Ctrl-C, and takes its folder away", async () => {
    const demo = await startDemoProcess([]);
    await demo.saw(ready);
    const running = await processesNaming(demo.temporary);
    // A process that is about to become git has its parent's command line for a moment.
    const commands = running.map((line) => line.trim().replace(/^\d+ +/, ""));
    expect(
      [...new Set(commands)].filter((line) => /bin\/flotilla\.js (controller|worker) /.test(line)),
    ).toHaveLength(4);
    demo.child.kill("SIGINT");
    expect(await demo.ended).toBe(0);
    expect(await noneLeft(demo.temporary)).toEqual([]);
  });

  it("takes its processes along when it is killed", async () => {
    const demo = await startDemoProcess([]);
    await demo.saw(ready);
    demo.child.kill("SIGKILL");
    expect(await noneLeft(demo.temporary)).toHaveLength(1);
  });

  it("ends in order when the older Node that started it is killed", async () => {
    const demo = await startDemoProcess([], { channel: true });
    await demo.saw(ready);
    demo.child.disconnect();
    expect(await demo.ended).toBe(0);
    expect(await noneLeft(demo.temporary)).toEqual([]);
  });

  it("runs beside another one, and keeps the folder that it was given", async () => {
    const dir = join(emptyFolder(), "mine");
    const [first, second] = await Promise.all([
      startDemoProcess(["--dir", dir]),
      startDemoProcess([]),
    ]);
    await Promise.all([first.saw(ready), second.saw(ready)]);
    const told = await runCli(["demo", "break", "site", "oslo", "--dir", dir]);
    expect(told).toEqual({ code: 0, stdout: "site oslo refuses connections\n", stderr: "" });
    await first.saw("site oslo refuses connections");
    expect(second.stderr()).not.toContain("oslo");
    first.child.kill("SIGTERM");
    second.child.kill("SIGTERM");
    expect([await first.ended, await second.ended]).toEqual([0, 0]);
    expect(await noneLeft(second.temporary)).toEqual([]);
    expect(await noneLeft(dir)).toContain("fleet");
    const again = await runCli(["demo", "heal", "--dir", dir]);
    expect(again).toMatchObject({ code: 2, stdout: "" });
    expect(again.stderr).toContain(`no demo runs in ${dir}; start one with`);
  });

  it("says what is missing where git is missing or too old", async () => {
    const missing = await startDemoProcess([], { env: { PATH: emptyFolder() } });
    expect(await missing.ended).toBe(2);
    expect(missing.stderr()).toContain("git was not found");
    expect(missing.stderr()).toContain("; install git 2.36 or newer\n");
    expect(await noneLeft(missing.temporary)).toEqual([]);

    const bin = emptyFolder();
    writeFileSync(join(bin, "git"), "#!/bin/sh\necho git version 2.20.1\n");
    chmodSync(join(bin, "git"), 0o755);
    const path = `${bin}${delimiter}${process.env["PATH"] ?? ""}`;
    const old = await startDemoProcess([], { env: { PATH: path } });
    expect(await old.ended).toBe(2);
    expect(old.stderr()).toContain("git 2.20.1 is too old; install git 2.36 or newer");
  });

  it("refuses what makes no sense, before it starts anything", async () => {
    const full = folderWith([{ path: "a.txt", text: "" }]);
    const refusals: [string[], string][] = [
      [["--dir", full], `${full} is not empty; name a new or empty folder`],
      [["-o", "json"], "-o is for --once; leave it out, or add --once"],
      [["--how", "hang"], "--how is for break; leave it out"],
      [["break", "site", "oslo", "--how", "burn"], 'cannot break by "burn"; use refuse or hang'],
      [["stop"], 'unknown argument "stop"; use break or heal, or neither'],
    ];
    for (const [args, message] of refusals) {
      const { code, stdout, stderr } = await runCli(["demo", ...args]);
      expect({ code, stdout, stderr }).toEqual({
        code: 2,
        stdout: "",
        stderr: `flotilla: error: ${message}\n`,
      });
    }
  });
});
