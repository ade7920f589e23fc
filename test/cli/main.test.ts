import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { commands } from "../../src/cli/commands.ts";
import { runCli } from "../support/cli.ts";
import { emptyFolder } from "../support/folder.ts";

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

  it("exits with 2 for a wrong command line", () => {
    const { status, stdout, stderr } = run("sites", "-l", "a=b==c");
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain("at character 4");
  });
});
