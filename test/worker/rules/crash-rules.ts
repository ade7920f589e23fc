/** A worker that is killed or stopped anywhere: afterwards all is as the mirror says, and nothing else has gone. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import type { KubeObject } from "../../../src/core/model/kube-object.ts";
import { startTestMirror } from "../../support/kube-mirror.ts";
import type { TestSite } from "../../support/kube-site.ts";
import {
  configMap,
  eventually,
  startTestWorker,
  temporaryState,
  workerConfig,
} from "../../support/kube-worker.ts";
import { configMaps, createAs, dataOf, leaving, uidOf } from "./rule-site.ts";

const script = join(import.meta.dirname, "../../support/kube-worker-process.ts");
const inventories = "/api/v1/namespaces/flotilla-system/configmaps";

type Apps = Readonly<Record<string, readonly KubeObject[] | ReturnType<typeof leaving>>>;

const kept = configMap("kept", { k: "1" });
const protectedOne = {
  ...kept,
  metadata: { ...kept.metadata, annotations: { "flotilla.dev/prune": "keep" } },
};

/** Two states of a site; from each to the other: content, coming, going, moving between apps, leaving, coming again. */
const before = {
  web: [configMap("a", { k: "1" }), configMap("b", {}), configMap("dropped", {}), protectedOne],
  giver: [configMap("g", {}), configMap("moved", { k: "1" })],
  leaver: [configMap("l1", {}), configMap("l2", {})],
  taker: leaving(2),
} satisfies Apps;
const after = {
  web: [configMap("a", { k: "2" }), configMap("b", {}), configMap("new", {})],
  giver: [configMap("g", {})],
  leaver: leaving(2),
  taker: [configMap("moved", { k: "2" }), configMap("t", {})],
} satisfies Apps;

/** All that ever is there: what a successor finds that takes the site over in between. */
const between: Apps = {
  web: [...before["web"], configMap("new", {})],
  giver: after["giver"],
  leaver: before["leaver"],
  taker: after["taker"],
};

const namesOf = (apps: Apps): string[] =>
  Object.values(apps)
    .flatMap((target) => ("verb" in target ? [] : target.map(({ metadata }) => metadata.name)))
    .toSorted();

/** Neither is the worker's to touch: another tool's, and a copy with all marks that no inventory has. */
const bystanders = [
  configMap("theirs", { k: "1" }),
  {
    ...configMap("copy", { k: "1" }),
    metadata: {
      name: "copy",
      namespace: "default",
      annotations: { "flotilla.dev/owner": "demo/web" },
    },
  },
];

interface Stop {
  readonly at: number;
  readonly object?: string;
  readonly signal: string;
}

/** A worker of its own process, over the state of the site's worker; `stop` as kube-worker-process takes it. */
export function spawnWorker(site: TestSite, stop?: Stop): ChildProcess {
  const sites = { s1: site.cluster.kubeconfigPath };
  const config = JSON.stringify(workerConfig(site.mirror, site.stateDir, sites));
  const args = [script, config, ...(stop === undefined ? [] : [JSON.stringify(stop)])];
  return spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] });
}

interface World {
  spawn(stop?: Stop): ChildProcess;
  /** All apps are as they should be, and so is everything else. */
  settled(apps: Apps): Promise<void>;
}

function worldOf(site: TestSite): World {
  return {
    spawn: (stop) => spawnWorker(site, stop),
    settled: async (apps) => {
      for (const [app, target] of Object.entries(apps)) {
        if (!("verb" in target)) await site.settled(app);
        await eventually(`${app} is done`, () => isAsTold(site, app, target));
      }
      await agreed(site, apps);
    },
  };
}

/** What stands, and what the inventories in the cluster have. */
async function agreed(site: TestSite, apps: Apps): Promise<void> {
  const all = [...new Set([...namesOf(apps), "copy", "kept", "theirs"])].toSorted();
  const expected = JSON.stringify([all, namesOf(apps)]);
  let found = "";
  const isAgreed = async (): Promise<boolean> => {
    found = JSON.stringify([await standing(site), await inventoried(site)]);
    return found === expected;
  };
  const what = "exactly what should stand does, and is in the inventories";
  await eventually(what, isAgreed, 40_000).catch((cause: unknown) => {
    throw new Error(`there is ${found}, not ${expected}`, { cause });
  });
}

async function listed(site: TestSite, path: string): Promise<readonly KubeObject[]> {
  const { body } = await site.cluster.get(path);
  return (body["items"] ?? []) as readonly KubeObject[]; // of a list
}

/** Names of the ConfigMaps of the namespace, but for what a cluster itself puts there. */
async function standing(site: TestSite): Promise<string[]> {
  const objects = await listed(site, configMaps);
  const names = objects.map(({ metadata }) => metadata.name);
  return names.filter((name) => name !== "kube-root-ca.crt").toSorted();
}

async function inventoried(site: TestSite): Promise<string[]> {
  const objects = (await listed(site, inventories)).filter(({ metadata }) =>
    metadata.name.startsWith("flotilla-"),
  );
  const ids = objects.map(({ data }) => (data as { objects: string }).objects); // of our own
  const lines = ids.flatMap((text) => text.trim().split("\n"));
  return lines.map((id) => id.slice(id.lastIndexOf("_") + 1)).toSorted();
}

async function begin(site: TestSite, world: World): Promise<void> {
  for (const object of bystanders) await createAs(site, "other-tool", { path: configMaps, object });
  await createAs(site, "somebody", { path: configMaps, object: protectedOne });
  await site.cluster.remove(`${configMaps}/kept`);
  await site.mirror.commit({ s1: before });
  site.start();
  await world.settled(before);
}

const stay = ["a", "b", "g", "moved", "theirs", "copy"];
const uids = (site: TestSite, names: readonly string[] = stay): Promise<unknown[]> =>
  Promise.all(names.map((name) => uidOf(site, `${configMaps}/${name}`)));

/** Ends on its own, or is ended when the site has settled: true when the signal came to it first. */
async function runUntil(child: ChildProcess, isDone: () => boolean): Promise<boolean> {
  const exited = once(child, "exit");
  while (child.exitCode === null && child.signalCode === null && !isDone()) await sleep(20);
  const wasKilled = child.signalCode !== null;
  child.kill("SIGKILL");
  await exited;
  return wasKilled;
}

/** Kills at the steps given, once on each way, until a worker gets there before; returns how many kills there were. */
async function killAt(site: TestSite, world: World, steps: Iterable<number>): Promise<number> {
  let kills = 0;
  for (const at of steps) {
    const were = kills;
    for (const apps of [after, before]) {
      await site.stop();
      await site.mirror.commit({ s1: apps });
      const reports = site.mirror.reports.length;
      const isDone = (): boolean =>
        site.mirror.reports.length > reports &&
        Object.entries(apps).every(([app, target]) => isAsTold(site, app, target));
      if (await runUntil(world.spawn({ at, signal: "SIGKILL" }), isDone)) kills += 1;
      site.start();
      await world.settled(apps);
    }
    if (kills === were) return kills;
  }
  return kills;
}

function isAsTold(site: TestSite, app: string, target: Apps[string]): boolean {
  const report = site.report(app);
  if ("verb" in target) return report === undefined || report.left;
  return report?.sync === "Synced" && report.health === "Healthy" && !report.left;
}

function* numbers(from: number, step: number): Generator<number> {
  for (let at = from; ; at += step) yield at;
}

const minutes = 60_000;

/** How much of it is played. */
interface CrashOptions {
  /** 1: a kill at each step; else at every so many, from a random one on. */
  readonly every: number;
  /** Before which write a worker is stopped, and whose site it is when it wakes up. */
  readonly stops: readonly { readonly object: string; readonly whose: Whose }[];
}

type Whose = "it still follows" | "another one follows";

export function crashRules(site: TestSite, { every, stops }: CrashOptions): void {
  it(
    "AC-30: ends what it had begun, whichever step it was killed at, and deletes and makes nothing anew",
    { timeout: (every === 1 ? 40 : 12) * minutes },
    async () => {
      const world = worldOf(site);
      await begin(site, world);
      const found = await uids(site);
      const first = 1 + Math.floor(Math.random() * every);
      const kills = await killAt(site, world, numbers(first, every));

      expect(kills).toBeGreaterThan(60 / every);
      expect(await uids(site)).toEqual(found);
      expect(await dataOf(site, "theirs")).toEqual({ k: "1" });
    },
  );

  it(
    "AC-30: gets there however often it is killed on its way, at whatever moment",
    { timeout: 4 * minutes },
    async () => {
      const world = worldOf(site);
      await begin(site, world);
      const found = await uids(site);
      for (const apps of [after, before, after, before]) {
        await site.stop();
        await site.mirror.commit({ s1: apps });
        for (let kill = 0; kill < 3; kill += 1) {
          const until = performance.now() + 300 + Math.random() * 1200;
          await runUntil(world.spawn(), () => performance.now() > until);
        }
        site.start();
        await world.settled(apps);
      }
      expect(await uids(site)).toEqual(found);
    },
  );

  it.each(stops)(
    "AC-30: undoes nothing of its successor when it was stopped before a write of $object and wakes up late, at a site that $whose",
    { timeout: minutes },
    async ({ object, whose }) => {
      const world = worldOf(site);
      await begin(site, world);
      await site.stop();
      await site.mirror.commit({ s1: after });
      const late = world.spawn({ at: 1, object, signal: "SIGSTOP" });
      const isMoved = whose === "another one follows";
      const other = isMoved ? await startTestMirror() : site.mirror;
      const own = await temporaryState();
      const sites = { s1: site.cluster.kubeconfigPath };
      try {
        await eventually("it is stopped", () => isStopped(late));
        const longStop = sleep(11_000);
        if (isMoved) await site.mirror.commit({ s9: {} });
        const successor = startTestWorker(workerConfig(other, own.dir, sites));
        for (const apps of [isMoved ? between : after, before]) {
          await other.commit({ s1: apps }, { driftIntervalMs: 500 });
          await agreed(site, apps);
        }
        const all = [...stay, "dropped", "l1", "l2"];
        const found = await uids(site, all);
        await longStop;
        late.kill("SIGCONT");
        await sleep(1500);
        await agreed(site, before);
        expect(await uids(site, all)).toEqual(found);
        await successor.stop();
      } finally {
        late.kill("SIGKILL");
        await once(late, "exit");
        if (isMoved) await other.close();
        await own.remove();
      }
    },
  );
}

async function isStopped({ pid }: ChildProcess): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")")).startsWith(") T");
}
