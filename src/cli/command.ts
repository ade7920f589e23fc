import type { ParseArgsOptionsConfig } from "node:util";

/** 0: yes, done. 1: the answer is no (invalid, no match, unhealthy). 2: could not find out (usage, I/O, a bug). */
export type ExitCode = 0 | 1 | 2;

/** What a command may touch of the process. Only `main` sets the exit code. */
export interface CliIo {
  /** Data: what was asked for. Written as it is, so lines need their own newline. */
  stdout(text: string): void;
  /** Talk: diagnostics, progress, errors. Written as it is, so lines need their own newline. */
  stderr(text: string): void;
  /** Absolute path that relative paths of the command line start from. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborts at the first SIGINT or SIGTERM. Reading it takes the signals over: short commands leave it alone. */
  readonly signal: AbortSignal;
}

/** The options of one command, as `node:util` parseArgs takes them. `--help` is added to all. */
export type CommandOptions = ParseArgsOptionsConfig;

/** The command line behind the command's name, parsed. */
export interface CommandArgs {
  readonly values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;
  readonly positionals: readonly string[];
}

/** One command. Its module is loaded only when it is asked for, and exports it as `command`. */
export interface Command {
  /** One line for `flotilla --help`, equal to the one in the table of commands. */
  readonly summary: string;
  /** What `flotilla NAME --help` prints below the summary: `Usage: flotilla NAME ...`, then options, then exit codes. */
  readonly usage: string;
  readonly options: CommandOptions;
  /** Throws a FleetError with code `USAGE` for a wrong command line: `main` prints it and exits with 2. */
  run(args: CommandArgs, io: CliIo): Promise<ExitCode>;
}
