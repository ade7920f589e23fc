import { basename } from "node:path";
import { parseArgs } from "node:util";
import { FleetError } from "../core/errors.ts";
import { closestName } from "../core/model/closest-name.ts";
import { whenNpxEnds } from "../runtime/npx.ts";
import { onShutdown, type Shutdown } from "../runtime/shutdown.ts";
import type { CliIo, Command, CommandArgs, ExitCode } from "./command.ts";
import { commands } from "./commands.ts";
import { openTerminal } from "./terminal.ts";

const issuesUrl = "https://github.com/flotilla-dev/flotilla/issues";

/** The command line's entry: runs one command and sets the exit code of the process. */
export async function main(argv: readonly string[]): Promise<void> {
  endQuietlyWhenNobodyReads();
  using signals = lazySignals();
  const io: CliIo = {
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    cwd: process.cwd(),
    env: process.env,
    get signal() {
      return signals.signal;
    },
    terminal: openTerminal(process),
  };
  // Node's own exit code for these, 1, would say "no".
  process.once("uncaughtException", (error) => {
    io.stderr(describeError(error));
    process.exit(2);
  });
  process.exitCode = await runCommand(argv, io);
}

/** Runs the command that `argv` (without node and script) names; prints errors instead of throwing them. */
export async function runCommand(argv: readonly string[], io: CliIo): Promise<ExitCode> {
  try {
    const [name, ...rest] = argv;
    if (name === undefined) {
      io.stderr(overview());
      return 2;
    }
    if (name === "--version") return await printVersion(io);
    if (name === "--help" || name === "-h" || name === "help") {
      const about = rest.filter((word) => !word.startsWith("-"));
      return about.length === 0
        ? print(io, overview())
        : print(io, await helpOf(named(about).name));
    }
    const command = named(argv);
    return await runNamed(command.name, command.rest, io);
  } catch (error) {
    io.stderr(isInterruption(error, io) ? "flotilla: ended early\n" : describeError(error));
    return 2;
  }
}

/** A Ctrl-C is what somebody wanted, and no bug. */
function isInterruption(error: unknown, io: CliIo): boolean {
  const isAbort = error instanceof Error && error.name === "AbortError";
  return isAbort && io.signal.aborted && error === io.signal.reason;
}

/** A command's name has one word or two: `rollout`, `rollout simulate`. */
function named(words: readonly string[]): {
  readonly name: string;
  readonly rest: readonly string[];
} {
  const two = words.slice(0, 2).join(" ");
  const count = commands.has(two) ? 2 : 1;
  return { name: words.slice(0, count).join(" "), rest: words.slice(count) };
}

async function runNamed(name: string, rest: readonly string[], io: CliIo): Promise<ExitCode> {
  const command = await loadCommand(name);
  const args = parseCommandLine(name, command, rest);
  if (args.values["help"] === true) return print(io, await helpOf(name));
  return command.run(args, io);
}

async function loadCommand(name: string): Promise<Command> {
  const entry = commands.get(name);
  if (entry !== undefined) return (await entry.load()).command;
  const near = closestName(name, [...commands.keys()]);
  throw new FleetError("USAGE", `unknown command "${name}"`, {
    hint: near === undefined ? "see flotilla --help" : `did you mean "${near}"?`,
    retry: "never",
  });
}

function parseCommandLine(name: string, command: Command, rest: readonly string[]): CommandArgs {
  try {
    const { tokens, ...args } = parseArgs({
      args: [...rest],
      options: { ...command.options, help: { type: "boolean", short: "h" } },
      allowPositionals: true,
      tokens: true,
    });
    refuseRepeated(name, command, tokens);
    return args;
  } catch (error) {
    if (!isParseArgsError(error)) throw error;
    const [message = error.message] = error.message.split(". To specify");
    throw new FleetError("USAGE", `${message.charAt(0).toLowerCase()}${message.slice(1)}`, {
      hint: `${meantOption(message, command)}see flotilla ${name} --help`,
      retry: "never",
    });
  }
}

/** Of two values of one option one would be passed over without a word: of two sites, one would not be excused. */
function refuseRepeated(
  command: string,
  { options }: Command,
  tokens: readonly { readonly kind: string; readonly name?: string }[],
): void {
  const names = tokens.flatMap(({ kind, name }) => (kind === "option" ? (name ?? []) : []));
  const repeated = names.find((name, index) => {
    const { type, multiple } = options[name] ?? {};
    return type === "string" && multiple !== true && names.indexOf(name) < index;
  });
  if (repeated === undefined) return;
  throw new FleetError("USAGE", `--${repeated} is given more than once`, {
    hint: `give it once; see flotilla ${command} --help`,
    retry: "never",
  });
}

/** For an option that the command has not: the one that is most likely meant, before other hints. */
function meantOption(message: string, { options }: Command): string {
  const written = /^Unknown option '--([^'=]+)/.exec(message)?.[1];
  const near = written && closestName(written, [...Object.keys(options), "help"]);
  return near ? `did you mean "--${near}"? ` : "";
}

function isParseArgsError(error: unknown): error is Error {
  return (
    error instanceof Error &&
    "code" in error &&
    typeof error.code === "string" &&
    error.code.startsWith("ERR_PARSE_ARGS_")
  );
}

async function helpOf(name: string): Promise<string> {
  const command = await loadCommand(name);
  return `flotilla ${name}: ${command.summary}\n\n${command.usage.trim()}\n`;
}

function overview(): string {
  const width = Math.max(...[...commands.keys()].map((name) => name.length));
  const rows = [...commands].map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return `Usage: flotilla COMMAND [ARGUMENTS]

Commands:
${rows.join("\n")}

flotilla COMMAND --help tells more. Exit codes: 0 yes, 1 no, 2 could not find out.
`;
}

function print(io: CliIo, text: string): ExitCode {
  io.stdout(text);
  return 0;
}

async function printVersion(io: CliIo): Promise<ExitCode> {
  const { default: manifest } = await import("../../package.json", { with: { type: "json" } });
  return print(io, `${manifest.version}\n`);
}

/** An expected failure as one message, with its causes and hint; a bug with its stack. */
function describeError(error: unknown): string {
  if (!(error instanceof FleetError)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `flotilla: bug: ${stack}\nplease report this: ${issuesUrl}\n`;
  }
  const hint = error.hint === undefined ? "" : `; ${error.hint}`;
  return `flotilla: error: ${[error.message, ...causesOf(error)].join(": ")}${hint}\n`;
}

function causesOf(error: FleetError): string[] {
  const messages: string[] = [];
  for (let { cause } = error; cause instanceof Error && messages.length < 4; { cause } = cause) {
    const words = wordsOf(cause, error.message);
    if (words !== "") messages.push(words);
  }
  return messages;
}

/** Of what the system refuses only why, where what it was about has been said: `no such file or directory`. */
function wordsOf(cause: Error, said: string): string {
  const pattern =
    /^(?:[a-z]+ )?E[A-Z0-9]+: (?<why>.+?)(?:, [a-z]+ '(?<path>.+)'| (?<address>\S+:\d+))$/;
  const { why, path = "", address = basename(path) } = pattern.exec(cause.message)?.groups ?? {};
  return why !== undefined && said.includes(address) ? why : cause.message;
}

/** Takes SIGINT and SIGTERM over only when somebody asks for the signal: until then they end the process. */
function lazySignals(): Shutdown {
  let shutdown: Shutdown | undefined;
  return {
    get signal() {
      shutdown ??= anyEnd();
      return shutdown.signal;
    },
    [Symbol.dispose]: () => shutdown?.[Symbol.dispose](),
  };
}

/** A Ctrl-C reaches npx too: that it is gone then is no second signal, which would end this at once. */
function anyEnd(): Shutdown {
  const ended = onShutdown(process, () => process.exit(130));
  const left = new AbortController();
  const npx = whenNpxEnds(() => left.abort());
  return {
    signal: AbortSignal.any([ended.signal, left.signal]),
    [Symbol.dispose]: () => {
      npx[Symbol.dispose]();
      ended[Symbol.dispose]();
    },
  };
}

/** `flotilla sites | head` closes the pipe early: that is no failure. Who hears no talk still gets the exit code. */
function endQuietlyWhenNobodyReads(): void {
  process.stderr.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit();
  });
}
