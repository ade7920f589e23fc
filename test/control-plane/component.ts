/** The processes of a control plane: started with a log file, killed hard, never left behind. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";

const logTailLines = 15;

/** What to run. `argv[0]` is the program. */
export interface ComponentSpec {
  readonly argv: readonly string[];
  readonly logPath: string;
  readonly folder: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** One running process. */
export interface Component {
  readonly pid: number;
  isRunning(): boolean;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  freeze(): void;
  /** SIGCONT. */
  thaw(): void;
  /** The last lines of its log, for error messages. */
  logTail(): string;
}

/** Starts processes and sees to it that none outlives this one, even when this one is killed. */
export interface ComponentStarter {
  start(spec: ComponentSpec): Promise<Component>;
  /** Kills all that still run. */
  killAll(): Promise<void>;
}

/**
 * Besides the pipe on standard input that makes our own binary exit, a shell holds the ids of all
 * running processes and kills them when its own standard input ends: that covers frozen processes
 * and the programs of `KUBEBUILDER_ASSETS`, which do not look at their input.
 */
export function createComponentStarter(): ComponentStarter {
  const running = new Map<number, Component>();
  let isClosed = false;
  const guard = startGuard();
  const tellGuard = (): void => {
    guard.stdin?.write(`${[...running.keys()].join(" ")}\n`);
  };
  return {
    start: async (spec) => {
      const child = await spawnComponent(spec);
      const component = describeComponent(child, spec.logPath);
      if (isClosed) {
        await component.kill();
        throw new Error("the test control planes were stopped");
      }
      running.set(component.pid, component);
      tellGuard();
      child.once("exit", () => {
        running.delete(component.pid);
        tellGuard();
      });
      return component;
    },
    killAll: async () => {
      isClosed = true;
      await Promise.all([...running.values()].map((component) => component.kill()));
      guard.stdin?.end();
    },
  };
}

function startGuard(): ChildProcess {
  const script = `trap "" INT TERM HUP
    while read -r line; do pids=$line; done
    [ -z "$pids" ] || kill -9 $pids`;
  const guard = spawn("sh", ["-c", script], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  // Without a guard (killed from outside) components still end with their standard input.
  guard.stdin?.on("error", () => undefined);
  return guard;
}

/** In a session of its own, so that Ctrl-C reaches only us and we stop things in order. */
function spawnComponent(spec: ComponentSpec): Promise<ChildProcess> {
  const [program = "", ...args] = spec.argv;
  const log = openSync(spec.logPath, "a");
  const child = spawn(program, args, {
    cwd: spec.folder,
    detached: true,
    env: { PATH: process.env.PATH ?? "", HOME: spec.folder, ...spec.environment },
    stdio: ["pipe", log, log],
  });
  closeSync(log);
  child.stdin?.on("error", () => undefined); // it died; its exit is noticed elsewhere
  return new Promise((resolve, reject) => {
    child.once("spawn", () => resolve(child));
    child.once("error", reject);
  });
}

function describeComponent(child: ChildProcess, logPath: string): Component {
  const { pid } = child;
  if (pid === undefined) throw new Error("a process that was spawned has no id");
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;
  return {
    pid,
    isRunning,
    kill: async () => {
      if (!isRunning()) return;
      const exited = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await exited;
    },
    freeze: () => void child.kill("SIGSTOP"),
    thaw: () => void child.kill("SIGCONT"),
    logTail: () => readFileSync(logPath, "utf8").trim().split("\n").slice(-logTailLines).join("\n"),
  };
}
