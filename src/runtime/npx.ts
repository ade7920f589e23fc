const watchMs = 500;
/** Who started this process: later it may be gone. */
const parent = process.ppid;

/**
 * Calls `gone` when npx, which started this process, has been ended. A SIGTERM it hands on to the shell between the two, and
 * that one ends without a word to what it runs, which then has another parent. Started otherwise (`nohup`, a service,
 * `npx -c`, which runs whatever it is told), a process may outlive its parent: nothing is watched then.
 */
export function whenNpxEnds(gone: () => void): Disposable {
  const { npm_lifecycle_event: event, npm_lifecycle_script: script = "" } = process.env;
  const isFromNpx = event === "npx" && /^'?flotilla'?$/.test(script) && parent !== 1;
  const timer = isFromNpx ? setInterval(look, watchMs).unref() : undefined;
  function look(): void {
    if (process.ppid === parent) return;
    clearInterval(timer);
    gone();
  }
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
