import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { commands } from "../../src/cli/commands.ts";
import { runCli } from "../support/cli.ts";
import { emptyFolder, folderWith } from "../support/folder.ts";

const bin = join(import.meta.dirname, "../../bin/flotilla.js");

describe("flotilla", () => {
  it("lists every command in its help", async () => {
    const { code, stdout, stderr } = await runCli(["--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const name of commands.keys()) expect(stdout).toMatch(new RegExp(`^  ${name} `, "m"));
  });

  it("without a command tells how to use it, and that it found nothing out", async () => {
    const { code, stdout, stderr } = await runCli([]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("Usage: flotilla COMMAND");
  });

  it.each([...commands])("%s says in its help what the list says", async (name, entry) => {
    const { command } = await entry.load();
    expect(command.summary).toBe(entry.summary);
    const { code, stdout } = await runCli([name, "--help"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      new RegExp(`^flotilla ${name}: ${entry.summary}\n\nUsage: flotilla ${name}`),
    );
    expect((await runCli(["help", name])).stdout).toBe(stdout);
  });

  it.each([
    [["validte"], 'flotilla: error: unknown command "validte"; did you mean "validate"?\n'],
    [["frobnicate"], 'flotilla: error: unknown command "frobnicate"; see flotilla --help\n'],
    [["sites", "--foo"], "flotilla: error: unknown option '--foo'; see flotilla sites --help\n"],
    [
      ["sites", "--outptu", "json"],
      "flotilla: error: unknown option '--outptu'; did you mean \"--output\"? see flotilla sites --help\n",
    ],
    [
      ["sites", "-o", "xml"],
      'flotilla: error: unknown output format "xml"; use -o table, -o json, -o yaml\n',
    ],
    [
      ["status", "storefront"],
      'flotilla: error: unexpected argument "storefront"; status takes options only: flotilla status --help\n',
    ],
    [
      ["dashboard", "a", "b"],
      'flotilla: error: unexpected argument "a b"; dashboard takes options only: flotilla dashboard --help\n',
    ],
    [
      ["simulator", "3", "--listen", "nowhere"],
      'flotilla: error: unexpected argument "3"; simulator takes options only: flotilla simulator --help\n',
    ],
    [
      ["demo", "heal", "--once"],
      "flotilla: error: --once is for the start of a demo; leave it out\n",
    ],
    [
      ["rollout"],
      "flotilla: error: rollout takes a verb, such as pause; see flotilla rollout --help\n",
    ],
    [
      ["rollout", "aprove", "web"],
      'flotilla: error: unknown verb "aprove"; did you mean "approve"?\n',
    ],
    [
      ["rollout", "excuse", "--site", "s1", "--site", "s2", "--why", "both burnt"],
      "flotilla: error: --site is given more than once; give it once; see flotilla rollout --help\n",
    ],
    [
      ["rollout", "pause", "--site", "", "--why", "x"],
      "flotilla: error: --site is empty; see flotilla rollout --help\n",
    ],
    [
      ["rollout", "retry", "web", "", "--why", "x"],
      "flotilla: error: a name is empty; see flotilla rollout --help\n",
    ],
    [["rollout", "status"], "flotilla: error: rollout has no status; see flotilla status\n"],
    [["rollout", "simulte"], 'flotilla: error: unknown verb "simulte"; did you mean "simulate"?\n'],
    [
      ["status", "--token-file", "/nowhere/token"],
      "flotilla: error: cannot read the token file /nowhere/token (ENOENT): no such file or directory; check the path and that this user may read it\n",
    ],
    [
      ["validate", "/nowhere/fleet"],
      "flotilla: error: there is no folder /nowhere/fleet: no such file or directory\n",
    ],
    [
      ["simulator", "--listen", "127.0.0.1:1", "--config", "/nowhere/simulator.yaml"],
      "flotilla: error: cannot read the config file /nowhere/simulator.yaml (ENOENT): no such file or directory\n",
    ],
    [
      ["render", "/nowhere/fleet"],
      "flotilla: error: --site is missing; `flotilla sites` lists them\n",
    ],
    [["sites", "a", "b"], 'flotilla: error: unexpected argument "b"; name one folder\n'],
  ])("answers %j with exit code 2 and one line", async (args, message) => {
    expect(await runCli(args)).toEqual({ code: 2, stdout: "", stderr: message });
  });

  it("tells its version", async () => {
    const { stdout } = await runCli(["--version"]);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe("bin/flotilla.js", () => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [bin, ...args], { encoding: "utf8", cwd: emptyFolder() });

  it("passes exit code, stdout and stderr on", () => {
    const { status, stdout, stderr } = run("sites", "-l", "a=b", "--labels", "a=c");
    expect({ status, stdout, stderr }).toEqual({
      status: 1,
      stdout: "does not match\n",
      stderr: "",
    });
  });

  it("answers no although nobody reads why", () => {
    const dir = folderWith([{ path: "fleet.yaml", text: "kind: Fleet\n" }]);
    const script = `exec 3>&1; { sleep 0.2; "$0" "$1" render "$2" --site a 2>&1; echo "$?" >&3; } | true`;
    const { stdout } = spawnSync("sh", ["-c", script, process.execPath, bin, dir], {
      encoding: "utf8",
    });
    expect(stdout).toBe("1\n");
  });

  it("exits with 2 for a wrong command line", () => {
    const { status, stdout, stderr } = run("sites", "-l", "a=b==c");
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain("at character 4");
  });
});
