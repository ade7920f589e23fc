/**
 * The Action as GitHub's runner starts it: the committed bundle, as plain `node`, with the runner's variables. What it
 * prints is read by the runner's rules.
 */
import { rmSync } from "node:fs";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

const bundle = join(import.meta.dirname, "../../action/dist/index.cjs");

/** A command that the runner took from the log. */
interface RunnerCommand {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly message: string;
}

export interface ActionResult {
  readonly code: number;
  readonly log: string;
  readonly commands: readonly RunnerCommand[];
  readonly summary: string;
  readonly outputs: Readonly<Record<string, string>>;
}

export interface ActionRun {
  readonly workspace: string;
  readonly event: string;
  readonly payload?: unknown;
  readonly sha?: string;
  readonly inputs?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs the bundle to its end. */
export async function runBundle(run: ActionRun): Promise<ActionResult> {
  const files = await mkdtemp(join(tmpdir(), "flotilla-action-"));
  onTestFinished(() => rmSync(files, { recursive: true, force: true }));
  const [event, output, summary] = ["event.json", "output", "summary.md"].map((name) =>
    join(files, name),
  ) as [string, string, string];
  await writeFile(event, JSON.stringify(run.payload ?? {}));
  const inputs = Object.entries(run.inputs ?? {}).map(([name, value]) => [
    `INPUT_${name.toUpperCase()}`,
    value,
  ]);
  const env = {
    PATH: process.env["PATH"] ?? "",
    GITHUB_EVENT_NAME: run.event,
    GITHUB_EVENT_PATH: event,
    GITHUB_OUTPUT: output,
    GITHUB_STEP_SUMMARY: summary,
    GITHUB_WORKSPACE: run.workspace,
    ...(run.sha === undefined ? {} : { GITHUB_SHA: run.sha }),
    ...(Object.fromEntries(inputs) as Record<string, string>),
    ...run.env,
  };
  const { code, log } = await execute(env);
  return {
    code,
    log,
    commands: runnerCommands(log),
    summary: await readFile(summary, "utf8"),
    outputs: Object.fromEntries(
      (await readFile(output, "utf8"))
        .split("\n")
        .filter(Boolean)
        .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    ),
  };
}

function execute(env: Record<string, string>): Promise<{ code: number; log: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [bundle], { env, cwd: "/" }, (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code ?? -1);
      resolve({ code, log: stdout + stderr });
    });
  });
}

/** `::name key=value::message` at the start of a line; `##[name key=value]message` anywhere in it. */
function runnerCommands(log: string): readonly RunnerCommand[] {
  const commands: RunnerCommand[] = [];
  let token: string | undefined;
  for (const line of log.split(/\r\n|\r|\n/)) {
    if (token !== undefined) {
      if (line.trimStart() === `::${token}::`) token = undefined;
      continue;
    }
    const command = commandIn(line);
    if (command?.name === "stop-commands") token = command.message;
    else if (command !== undefined) commands.push(command);
  }
  return commands;
}

function commandIn(line: string): RunnerCommand | undefined {
  const found =
    /^\s*::(?<name>[^ :]+)(?: (?<properties>.*?))?::(?<message>.*)$/.exec(line) ??
    /##\[(?<name>[^ \]]+)(?: (?<properties>[^\]]*))?\](?<message>.*)/.exec(line);
  const { name, properties = "", message = "" } = found?.groups ?? {};
  if (name === undefined) return undefined;
  return { name, properties: propertiesOf(properties), message: unescaped(message) };
}

function propertiesOf(text: string): Record<string, string> {
  const pairs = text.split(",").filter(Boolean);
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf("=");
      const value = pair
        .slice(at + 1)
        .replaceAll("%3A", ":")
        .replaceAll("%2C", ",");
      return [pair.slice(0, at), unescaped(value)];
    }),
  );
}

function unescaped(text: string): string {
  return text.replaceAll("%0D", "\r").replaceAll("%0A", "\n").replaceAll("%25", "%");
}
