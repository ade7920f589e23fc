/** The clusters of a bench: one simulator in a process of its own, and what it has seen. */
import { type ChildProcess, fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import type { PodScript } from "../src/core/cluster-model/pods/pod-script.ts";
import type { FlotillaProcess } from "../src/demo/child-process.ts";

/** Applies that a cluster has answered: when the first and the last (wall ms), and how many. */
export interface SiteWrites {
  readonly first: number;
  readonly last: number;
  readonly count: number;
}

/** What all clusters have seen since the start, or since it was last forgotten. */
interface Figures {
  /** Requests by verb: GET, WATCH, APPLY, POST, DELETE, ... */
  readonly counts: Readonly<Record<string, number>>;
  readonly writes: Readonly<Record<string, SiteWrites>>;
}

export type ChildAsk =
  | {
      readonly start: {
        readonly kubeconfigs: Readonly<Record<string, string>>;
        readonly token: string;
      };
    }
  | { readonly figures: "read" | "forget" }
  | { readonly cutOnApply: boolean }
  | { readonly script: { readonly sites: readonly string[]; readonly script: PodScript } };

export type ChildTold =
  | { readonly started: Readonly<Record<string, string>> }
  | { readonly forgotten: true }
  | { readonly scripted: true }
  | { readonly cut: readonly string[] }
  | { readonly figures: Figures };

/** What is asked of any process of a bench. */
export type BenchProcess = Pick<FlotillaProcess, "pid" | "kill" | "isRunning" | "output">;

/** Clusters of a bench, and the process that makes them, where it ends with the fleet. */
export interface BenchSites {
  readonly process?: BenchProcess;
  kubeconfigFile(site: string): string;
}

export interface SimulatedSites extends BenchSites {
  readonly process: BenchProcess;
  readonly token: string;
  /** URL of each site's API. */
  readonly servers: ReadonlyMap<string, string>;
  figures(): Promise<Figures>;
  /** Counts anew from here. */
  forget(): Promise<void>;
  /** From now on every cluster goes silent with the first apply that it answers. */
  cutOnApply(): Promise<void>;
  /** Ends that; gives the clusters that had gone silent, which answer again. */
  healCut(): Promise<readonly string[]>;
  /** What becomes of pods in these clusters, those that run included. */
  script(sites: readonly string[], script: PodScript): Promise<void>;
}

/** Starts the simulator with a cluster for each site; kubeconfigs lie in `dir`. */
export async function startSimulatedSites(
  dir: string,
  sites: readonly string[],
): Promise<SimulatedSites> {
  const child = fork(fileURLToPath(new URL("simulator-child.ts", import.meta.url)));
  const kubeconfigFile = (site: string): string => join(dir, "kubeconfigs", `${site}.yaml`);
  const token = randomUUID();
  const kubeconfigs = Object.fromEntries(sites.map((site) => [site, kubeconfigFile(site)]));
  const told = await ask(child, { start: { kubeconfigs, token } });
  if (!("started" in told)) throw new Error("the simulator did not start");
  return {
    process: processOf(child),
    token,
    servers: new Map(Object.entries(told.started)),
    kubeconfigFile,
    figures: async () => {
      const answer = await ask(child, { figures: "read" });
      if (!("figures" in answer)) throw new Error("the simulator told something else");
      return answer.figures;
    },
    forget: async () => void (await ask(child, { figures: "forget" })),
    cutOnApply: async () => void (await ask(child, { cutOnApply: true })),
    healCut: async () => {
      const answer = await ask(child, { cutOnApply: false });
      return "cut" in answer ? answer.cut : [];
    },
    script: async (sites, script) => void (await ask(child, { script: { sites, script } })),
  };
}

function ask(child: ChildProcess, question: ChildAsk): Promise<ChildTold> {
  return new Promise((resolve, reject) => {
    const onExit = (): void => reject(new Error("the simulator ended"));
    child.once("exit", onExit);
    child.once("message", (told: ChildTold) => {
      child.off("exit", onExit);
      resolve(told);
    });
    child.send(question);
  });
}

function processOf(child: ChildProcess): SimulatedSites["process"] {
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return {
    pid: child.pid ?? 0,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    kill: async () => {
      child.kill("SIGKILL");
      await exited;
    },
    output: () => "",
  };
}
