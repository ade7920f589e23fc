import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { emptyFolder } from "../support/folder.ts";

const bin = join(import.meta.dirname, "../../bin/flotilla.js");
/** As npx does: a shell that stays in front of the command. */
const script = '"$0" "$1" simulator --clusters 1 --dir "$2" & echo "pid $!"; wait';

/** The process that a shell with this environment starts, when the shell has been ended. */
async function left(env: Readonly<Record<string, string>>): Promise<number> {
  const shell = spawn("sh", ["-c", script, process.execPath, bin, emptyFolder()], {
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  shell.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
  // It serves, so it has asked for the signal to end at.
  await expect.poll(() => said, { timeout: 30_000 }).toMatch(/http:/);
  const pid = Number(/pid (\d+)/.exec(said)?.[1]);
  onTestFinished(() => void (isRunning(pid) && process.kill(pid, "SIGKILL")));
  shell.kill("SIGTERM");
  await once(shell, "exit");
  return pid;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const npx = { npm_lifecycle_event: "npx", npm_lifecycle_script: "'flotilla'" };

it("ends in order when npx, which started it, is ended", { timeout: 60_000 }, async () => {
  const pid = await left(npx);
  await expect.poll(() => isRunning(pid), { timeout: 20_000 }).toBe(false);
});

it.each([
  {},
  { ...npx, npm_lifecycle_script: "'other'" },
  { ...npx, npm_lifecycle_script: "nohup flotilla simulator & sleep 4" },
])("outlives another shell that started it: %j", { timeout: 60_000 }, async (env) => {
  const pid = await left(env);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect(isRunning(pid)).toBe(true);
});
