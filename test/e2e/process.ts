/** The command line, run as a user runs it, for end-to-end tests. */
import { launchFlotilla } from "../../src/demo/child-process.ts";

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `flotilla ARGS` to its end. */
export async function runFlotilla(args: readonly string[]): Promise<CommandResult> {
  const child = launchFlotilla(args);
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, stdout, stderr };
}
