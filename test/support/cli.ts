/** Commands of the CLI run in this process, with what they write collected. */
import { runCommand } from "../../src/cli/main.ts";

export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  /** Default: the current folder. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
}

/** Runs `flotilla ARGS` to its end. */
export async function runCli(
  args: readonly string[],
  options: CliOptions = {},
): Promise<CliResult> {
  const { cwd = process.cwd(), env = {}, signal = new AbortController().signal } = options;
  let stdout = "";
  let stderr = "";
  const code = await runCommand(args, {
    stdout: (text) => void (stdout += text),
    stderr: (text) => void (stderr += text),
    cwd,
    env,
    signal,
  });
  return { code, stdout, stderr };
}
