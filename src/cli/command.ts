import type { ParseArgsOptionsConfig } from "node:util";

/** 0: yes, done. 1: the answer is no (invalid, no match, unhealthy). 2: could not find out (usage, I/O, a bug). */
export type ExitCode = 0 | 1 | 2;

/** The terminal at which a command runs; what is drawn goes to stderr. */
export interface TerminalIo {
  readonly columns: number;
  readonly rows: number;
  /** False when the user set NO_COLOR. */
  readonly color: boolean;
  /** Whether it shows more than ASCII. */
  readonly unicode: boolean;
  write(text: string): void;
  /** Calls back for each key, Ctrl-C among them, until the function that it gives is called. Null: there are no keys. */
  readonly onKey: ((listener: (key: string) => void) => () => void) | null;
}

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
  /** Absent where talk goes to no terminal. */
  readonly terminal?: TerminalIo | undefined;
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
