import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { runCli } from "../support/cli.ts";
import { aFleet, fleetYaml, siteYaml } from "../support/fleet.ts";
import { folderWith } from "../support/folder.ts";

describe("flotilla sites", () => {
  it("lists the sites that a selector matches, as a table, JSON and YAML", async () => {
    const dir = folderWith(aFleet());
    const table = await runCli(["sites", dir, "-l", "tier in (shop)"]);
    expect(table).toEqual({
      code: 0,
      stderr: "",
      stdout: `SITE  REGION  LABELS
e1    east    ring=canary,tier=shop
w1    west    ring=main,tier=shop
`,
    });
    const json = await runCli(["sites", dir, "-l", "ring=canary", "-o", "json"]);
    expect(JSON.parse(json.stdout)).toEqual([
      { name: "e1", region: "east", labels: { ring: "canary", tier: "shop" }, suspend: false },
    ]);
    const yaml = await runCli(["sites", dir, "-l", "ring=canary", "-o", "yaml"]);
    expect(parse(yaml.stdout)).toEqual(JSON.parse(json.stdout));
  });

  it("writes YAML that readers of YAML 1.1 and 1.2 understand alike", async () => {
    const { stdout } = await runCli([
      "sites",
      "fleet-repo-template",
      "-l",
      "country=no",
      "-o",
      "yaml",
    ]);
    const old = parse(stdout, { version: "1.1" }) as readonly { labels: { country: unknown } }[];

    expect(old.map(({ labels }) => labels.country)).toEqual(["no", "no"]);
    expect(parse(stdout)).toEqual(old);
  });

  it("lists all of the current folder without arguments, suspended ones marked", async () => {
    const suspended = siteYaml("e1", {
      region: "east",
      labels: { ring: "canary", tier: "shop" },
      spec: { suspend: true },
    });
    const cwd = folderWith(aFleet({ "sites/e1.yaml": suspended }));
    const { stdout } = await runCli(["sites"], { cwd });
    expect(stdout.split("\n").map((line) => line.split("  ")[0])).toEqual([
      "SITE",
      "e1 (suspended)",
      "e2",
      "w1",
      "w2",
      "",
    ]);
  });

  it("gives an empty list where nothing matches", async () => {
    const { code, stdout } = await runCli([
      "sites",
      folderWith(aFleet()),
      "-l",
      "tier=kiosk",
      "-o",
      "json",
    ]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "[]\n" });
  });

  it.each([
    ["teir=shop", 'flotilla: warning: the Fleet declares no label "teir"; did you mean "tier"?\n'],
    [
      "ring=main,tier notin (shpo)",
      'flotilla: warning: the Fleet declares no value "shpo" for the label "tier"; did you mean "shop"?\n',
    ],
    ["ring=canary,tier=depot", "flotilla: note: no site matches\n"],
    ["", ""],
  ])("tells on stderr what is odd about the selector %j", async (selector, told) => {
    const labels = { tier: { values: ["shop", "depot"] }, ring: {} };
    const dir = folderWith(aFleet({ "fleet.yaml": fleetYaml({ labels }) }));
    const { code, stderr } = await runCli(["sites", dir, "-l", selector]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: told });
  });

  it("could not find out when the fleet is not valid, and says why", async () => {
    const dir = folderWith(aFleet({ "sites/e1.yaml": siteYaml("e1", { region: "nowhere" }) }));
    const { code, stdout, stderr } = await runCli(["sites", dir]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain('sites/e1.yaml:4:17: error: there is no Region "nowhere"');
    expect(stderr).toContain("flotilla: error: the fleet is not valid");
  });
});

describe("flotilla sites --labels", () => {
  it.each([
    ["a in (b,c),!d", "a=c", 0],
    ["a in (b,c),!d", "a=c,d=1", 1],
    ["a!=b", "", 0],
    ["a=", "a=", 0],
    ["", "a=b", 0],
    ["x>4", "x=5", 0],
  ])("%j with %j exits with %i, without any fleet", async (selector, labels, code) => {
    const result = await runCli(["sites", "-l", selector, "--labels", labels], {
      cwd: "/nonexistent",
    });
    expect(result).toEqual({
      code,
      stdout: code === 0 ? "matches\n" : "does not match\n",
      stderr: "",
    });
  });

  it("reads no folder, whichever is named", async () => {
    const { code } = await runCli(["sites", "nowhere", "-l", "a=b", "--labels", "a=c"]);
    expect(code).toBe(1);
  });

  it("answers as JSON when asked to", async () => {
    const { stdout } = await runCli(["sites", "-l", "a", "--labels", "b=c", "-o", "json"]);
    expect(JSON.parse(stdout)).toEqual({ matches: false });
  });

  it.each([
    [
      ["-l", "a=b==c", "--labels", "a=b"],
      'bad selector "a=b==c" at character 4: expected `,` or the end, found `==`',
    ],
    [["--labels", "a=b"], "--labels needs a selector"],
    [["-l", "a", "--labels", "a"], '"a" is no label'],
    [["-l", "a", "--labels", "a b=c"], '"a b" is not a label key'],
    [["-l", "a", "--labels", "a=b=c"], '"b=c" is not a label value'],
  ])("exits with 2 for %j", async (args, message) => {
    const { code, stdout, stderr } = await runCli(["sites", ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(message);
  });
});
