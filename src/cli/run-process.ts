import { resolve } from "node:path";
import type { Static, TSchema } from "typebox";
import { FleetError } from "../core/errors.ts";
import { formatDiagnostic } from "../core/model/diagnostic.ts";
import type { Clock } from "../runtime/clock.ts";
import { createLogger, type Logger, type LogLevel, logLevels } from "../runtime/logger.ts";
import { type ConfigRules, readConfig } from "../runtime/read-config.ts";
import { systemClock } from "../runtime/system-clock.ts";
import type { CliIo, CommandArgs, CommandOptions, ExitCode } from "./command.ts";
import { textOption } from "./output.ts";

/** The options of commands that run a process. */
export const processOptions = {
  config: { type: "string" },
  "log-level": { type: "string" },
} satisfies CommandOptions;

/** How the usage texts explain them. */
export const processUsage = `  --config FILE      the process's config file (required)
  --log-level LEVEL  debug, info (default), warn, error or silent; logs are JSON lines on stderr`;

/** What a long-running process gets from outside. */
interface ProcessDeps {
  readonly clock: Clock;
  readonly logger: Logger;
}

interface ProcessToRun<Schema extends TSchema> {
  readonly name: string;
  readonly schema: Schema;
  /** What the schema cannot say. */
  readonly rules: ConfigRules<Static<Schema>>;
  readonly args: CommandArgs;
  readonly io: CliIo;
  /** Resolves when the signal has aborted and everything has ended in order. */
  readonly run: (config: Static<Schema>, deps: ProcessDeps, signal: AbortSignal) => Promise<void>;
}

/** Reads the config (2 with every mistake on stderr) and runs until SIGINT or SIGTERM (0). */
export async function runProcess<Schema extends TSchema>(
  process: ProcessToRun<Schema>,
): Promise<ExitCode> {
  const { name, schema, rules, args, io, run } = process;
  const paths = [args.values["config"] ?? []].flat().filter((path) => typeof path === "string");
  if (paths.length === 0 || args.positionals.length > 0) {
    throw new FleetError("USAGE", `${name} takes a config file and nothing else`, {
      hint: `flotilla ${name} --config FILE`,
      retry: "never",
    });
  }
  const level = readLevel(args);
  const parts: Part[] = [];
  const deps = { clock: systemClock(), logger: createLogger({ name, level }) };
  for (const path of paths) {
    const parsed = await readConfig(resolve(io.cwd, path), schema, rules);
    if (parsed.ok) {
      parts.push({ path, run: (own, signal) => run(parsed.value, own, signal) });
    } else io.stderr(parsed.diagnostics.map((one) => `${formatDiagnostic(one)}\n`).join(""));
  }
  if (parts.length < paths.length) return 2;
  await runParts(parts, deps, io.signal);
  return 0;
}

/** What one config file says to run. */
interface Part {
  readonly path: string;
  readonly run: (deps: ProcessDeps, signal: AbortSignal) => Promise<void>;
}

async function runParts(
  parts: readonly Part[],
  deps: ProcessDeps,
  signal: AbortSignal,
): Promise<void> {
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return first.run(deps, signal);
  const ended = new AbortController();
  const running = AbortSignal.any([signal, ended.signal]);
  const runs = parts.map((part) => runAgain(part, deps, running));
  try {
    await Promise.all(runs);
  } finally {
    ended.abort();
    await Promise.allSettled(runs);
  }
}

const againMs = 5000;

/** What a person must mend in one part holds up no other one: it is told, and tried again. A bug ends all. */
async function runAgain(part: Part, deps: ProcessDeps, signal: AbortSignal): Promise<void> {
  const logger = deps.logger.child({ config: part.path });
  while (!signal.aborted) {
    try {
      await part.run({ ...deps, logger }, signal);
    } catch (error) {
      if (!(error instanceof FleetError)) throw error;
      logger.error("it cannot run, and is started again soon", { error, afterMs: againMs });
      await deps.clock.sleep(againMs, signal);
    }
  }
}

function readLevel(args: CommandArgs): LogLevel {
  const wanted = textOption(args, "log-level") ?? "info";
  const level = logLevels.find((name) => name === wanted);
  if (level !== undefined) return level;
  throw new FleetError("USAGE", `unknown log level "${wanted}"`, {
    hint: `use one of ${logLevels.join(", ")}`,
    retry: "never",
  });
}
