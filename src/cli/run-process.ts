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
  const path = textOption(args, "config");
  if (path === undefined || args.positionals.length > 0) {
    throw new FleetError("USAGE", `${name} takes a config file and nothing else`, {
      hint: `flotilla ${name} --config FILE`,
      retry: "never",
    });
  }
  const level = readLevel(args);
  const parsed = await readConfig(resolve(io.cwd, path), schema, rules);
  if (!parsed.ok) {
    io.stderr(parsed.diagnostics.map((one) => `${formatDiagnostic(one)}\n`).join(""));
    return 2;
  }
  const deps = { clock: systemClock(), logger: createLogger({ name, level }) };
  await run(parsed.value, deps, io.signal);
  return 0;
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
