import { systemClock } from "../runtime/system-clock.ts";
import { runAction } from "./run-action.ts";

/** The Action's entry: runs it with this process's environment and sets the exit code. */
export async function main(): Promise<void> {
  process.exitCode = await runAction({
    env: process.env,
    now: () => systemClock().now(),
    print: (text) => void process.stdout.write(text),
  });
}
