/** What `process` tells of who started it; tests pass their own. */
interface StartedProcess {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly ppid: number;
}

const watchMs = 500;

/**
 * Calls `gone` when npx, which started this process, has been ended. A SIGTERM it hands on to the shell between the two, and
 * that one ends without a word to what it runs, which then has another parent. Started otherwise (`nohup`, a service),
 * a process may outlive its parent: nothing is watched then.
 */
export function whenNpxEnds(process: StartedProcess, gone: () => void): Disposable {
  const { npm_lifecycle_event: event, npm_lifecycle_script: script = "" } = process.env;
  const parent = process.ppid;
  const isFromNpx = event === "npx" && script.includes("flotilla") && parent !== 1;
  const timer = isFromNpx ? setInterval(look, watchMs).unref() : undefined;
  function look(): void {
    if (process.ppid === parent) return;
    clearInterval(timer);
    gone();
  }
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
