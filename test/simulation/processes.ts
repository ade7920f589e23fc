/** Controller and workers of a simulated fleet: their own code, on ports that end in memory and virtual time. */
import { dataKeysFrom } from "../../src/adapters/age/data-keys.ts";
import type { ObjectStore } from "../../src/adapters/git/object-store.ts";
import { verifyCommit } from "../../src/adapters/git/verify-mirror.ts";
import { clusterOver } from "../../src/adapters/kubernetes/cluster-client.ts";
import { decide } from "../../src/controller/decide.ts";
import { HintBoard } from "../../src/controller/hint-board.ts";
import { Inbox } from "../../src/controller/inbox.ts";
import { runLoop } from "../../src/controller/loop.ts";
import type { MirrorStore } from "../../src/controller/mirror-repository.ts";
import { Mirrors } from "../../src/controller/mirrors.ts";
import type { Pass } from "../../src/controller/reconcile.ts";
import { worldWith } from "../../src/controller/world-with.ts";
import type { World } from "../../src/controller/world.ts";
import { FleetError } from "../../src/core/errors.ts";
import { mirrorBranch, recoverRef } from "../../src/core/protocol/mirror-layout.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import type { Logger } from "../../src/runtime/logger.ts";
import { createWaker } from "../../src/runtime/wake.ts";
import type { WorkerReport } from "../../src/core/protocol/worker-report.ts";
import { type WorkerConfig, type WorkerSettings, workerSettings } from "../../src/worker/config.ts";
import type { ControllerClient } from "../../src/worker/controller-client.ts";
import type { MirrorFetcher } from "../../src/worker/mirror-follower.ts";
import { createRedactor } from "../../src/runtime/redactor.ts";
import { runWith } from "../../src/worker/run-with.ts";
import { type ClusterWrite, createWire } from "./cluster-connection.ts";
import { siteNames } from "./fleet-story.ts";
import type { Land, Region } from "./land.ts";
import { openMemoryState } from "./memory-state.ts";
import { clockOf, Life, type VirtualTime } from "./virtual-time.ts";

/** Everything that outlives processes, and who looks on. */
export interface Ground extends Land {
  readonly time: VirtualTime;
  /** What the controller's wall clock is wrong by, ms. */
  skewMs: number;
  /** Of all workers; the controller goes by their heartbeat too. */
  readonly settings: WorkerSettings;
  readonly watch: Watch;
}

/** Who looks on. */
interface Watch {
  onPass(pass: Pass): void;
  onMirrorCommit(mirror: string, commit: string): void;
  /** A worker that starts has this commit. */
  onAccept(mirror: string, commit: string): void;
  /** A worker goes on to this commit: it is in its copy of the mirror, also where the worker is killed just then. */
  onFollow(mirror: string, commit: string): void;
  /** A report has come to the controller. */
  onReport(mirror: string, report: WorkerReport): void;
  onWrite(write: Omit<ClusterWrite, "status">): (status: number) => void;
  /** A controller does not start, for it cannot read a mirror. */
  onNoStart(why: string): void;
  onBug(what: string): void;
}

export interface ControllerProcess {
  readonly life: Life;
  readonly world: () => World | undefined;
  readonly inbox: Inbox;
  readonly hints: HintBoard;
  readonly isLeading: () => boolean;
  readonly wake: () => void;
  readonly wakeSoon: () => void;
}

/** Starts a controller over what lies on the ground. */
export function startController(ground: Ground): ControllerProcess {
  const { time, watch } = ground;
  const life = new Life(time);
  const clock = clockOf(time, life, () => ground.skewMs);
  const waker = createWaker(clock);
  const inbox = new Inbox(() => waker.wake());
  let world: World | undefined;
  let isLeading = false;
  const hints = new HintBoard(() => world?.epoch ?? 0);
  const run = async (): Promise<void> => {
    const made = await openWorld(ground, { life, clock, wake: () => waker.wake() });
    world = made;
    await setHints(made, hints);
    await made.lead();
    isLeading = true;
    await runLoop({
      world: made,
      waker,
      decide: () => inbox.handle((asked) => decide(made, asked)),
      onPass: async (pass) => {
        watch.onPass(pass);
        await setHints(made, hints);
        hints.ask(pass.plan?.asks ?? new Map());
      },
      onProblem: () => undefined,
      onBeat: () => undefined,
      signal: life.ending.signal,
    });
  };
  run().catch((error: unknown) => {
    life.kill();
    const code = error instanceof FleetError ? error.code : "";
    if (overtaken.has(code)) return;
    const why = `the controller ended: ${describe(error)}`;
    if (code === diskAway && !isLeading) watch.onNoStart(why);
    else watch.onBug(why);
  });
  return {
    life,
    world: () => world,
    inbox,
    hints,
    isLeading: () => isLeading && life.isAlive,
    wake: () => waker.wake(),
    wakeSoon: () => waker.wakeSoon(),
  };
}

/** Another controller leads, or began to lead just before. */
const overtaken: ReadonlySet<string> = new Set(["STALE_EPOCH", "REF_RACE"]);

async function setHints(world: World, hints: HintBoard): Promise<void> {
  for (const mirror of world.mirrors.all()) {
    const { head } = await mirror.standing();
    if (mirror.unreadable === null) hints.set(mirror.name, head ?? "");
  }
}

interface Running {
  readonly life: Life;
  readonly clock: Clock;
  readonly wake: () => void;
}

async function openWorld(ground: Ground, { life, clock, wake }: Running): Promise<World> {
  const { time, watch, regions } = ground;
  const reach = { life, clock, time };
  const mirrors = new Mirrors({
    dir: "/mirrors",
    open: (dir) => {
      const name = dir.slice("/mirrors/".length, -".git".length);
      const region = regions.get(name);
      if (region === undefined) throw new Error(`there is no region ${name}`);
      const onCommit = (commit: string): void => watch.onMirrorCommit(name, commit);
      return Promise.resolve(storeOf(mirrorOf(region), { ...reach, onCommit }));
    },
  });
  for (const region of regions.keys()) await mirrors.ensure(region);
  return worldWith(
    {
      control: storeOf(ground.control.store, reach),
      mirrors,
      fleet: ground.repository.fetcher(life, clock),
      // Its apps are plain manifests.
      tools: { render: () => Promise.resolve(new Map()) },
      heartbeatMs: ground.settings.heartbeatMs,
      pollIntervalMs: 2000,
    },
    { clock, logger: loggerTo(watch), wake, signal: life.ending.signal },
  );
}

const diskAway = "GIT_FAILED";
const writes: ReadonlySet<string> = new Set(["writeTree", "commitChanges", "setRef"]);

/** The mirror of a region, of which something fails while its disk is away or full. */
function mirrorOf(region: Region): ObjectStore {
  const orFail = (method: string): void => {
    if (region.failing === "all" || (region.failing === "writes" && writes.has(method))) {
      throw new FleetError(diskAway, "the disk is away or full");
    }
  };
  return new Proxy(region.mirror.store, {
    get: (store, name: keyof ObjectStore) => {
      if (name === "line") {
        return (...args: Parameters<ObjectStore["line"]>) => {
          orFail(name);
          return store.line(...args);
        };
      }
      const method = store[name] as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]) => {
        orFail(name);
        return method(...args);
      };
    },
  });
}

interface Reach {
  readonly life: Life;
  readonly clock: Clock;
  readonly time: VirtualTime;
  readonly onCommit?: (commit: string) => void;
  /** A ref is on the disk, whether or not the process lives to know it. */
  readonly onRef?: (target: string) => void;
}

/** A store as one life of a process has it: writes take time, and the process may die before, between and after. */
function storeOf(store: ObjectStore, { life, clock, time, onCommit, onRef }: Reach): MirrorStore {
  const slowly = async <T>(write: () => Promise<T>): Promise<T> => {
    await clock.sleep(time.random() * 6);
    const result = await life.guard(write());
    await clock.sleep(time.random() * 6);
    return result;
  };
  return {
    ...store,
    resolve: (ref) => life.guard(store.resolve(ref)),
    read: (oids) => life.guard(store.read(oids)),
    writeTree: (files) => life.guard(store.writeTree(files)),
    commitChanges: (request) =>
      slowly(async () => {
        const commit = await store.commitChanges(request);
        if (commit !== request.parent) onCommit?.(commit);
        return commit;
      }),
    setRef: (ref, target, expected) =>
      slowly(async () => {
        await store.setRef(ref, target, expected);
        onRef?.(target);
      }),
    maintain: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

/** Times as short as a story needs them: much happens in it. */
export const hastySettings = settingsWith({
  heartbeat: "1s",
  observe: "3s",
  settle: "700ms",
});

/** Settings of a worker of any region. */
export function settingsWith(
  times: Pick<WorkerConfig, "heartbeat" | "observe" | "settle">,
): WorkerSettings {
  return workerSettings({
    mirror: { url: "http://controller/mirrors/m.git", tokenFile: "/token" },
    stateDir: "/state",
    sites: Object.fromEntries(
      siteNames.map((site) => [site, { kubeconfig: `/${site}`, allowExec: false }]),
    ),
    poll: "5s",
    ...times,
    offlineAfter: "4s",
    requestTimeout: "2s",
    retry: "500ms",
    retryMax: "4s",
    upkeep: "30m",
    concurrency: 4,
  });
}

/** Starts the worker of a region; `controller` gives the controller that there is now. */
export function startWorker(
  ground: Ground,
  region: Region,
  controller: () => ControllerProcess | undefined,
): Life {
  const { time, watch, sites, settings } = ground;
  const life = new Life(time);
  const clock = clockOf(time, life, () => region.skewMs);
  const onRef = (commit: string): void => watch.onFollow(region.name, commit);
  const git = storeOf(region.copy.store, { life, clock, time, onRef });
  const open = (name: string): ReturnType<typeof clusterOver> => {
    const site = sites.get(name);
    if (site === undefined) throw new FleetError("USAGE", `no kubeconfig for site ${name}`);
    const { requestTimeoutMs: timeoutMs } = settings;
    const { name: mirror } = region;
    const onWrite = (write: Omit<ClusterWrite, "status">) => watch.onWrite(write);
    return clusterOver(createWire({ site, mirror, time, life, clock, timeoutMs, onWrite }));
  };
  const link = { region, life, clock, time, controller, watch };
  // It may have come back as it was before.
  void region.copy.store.resolve(mirrorBranch).then((head) => {
    if (head !== null) watch.onAccept(region.name, head);
  });
  const run = runWith(
    settings,
    {
      git,
      fetcher: fetcherOf(link, git),
      verify: (commit, previous) => verifyCommit(git, commit, previous),
      maintain: () => Promise.resolve(),
      controller: clientOf(link),
      store: openMemoryState(region.disk, clock),
      keys: dataKeysFrom(undefined),
      open,
      redactor: createRedactor(),
      clock,
      logger: loggerTo(watch),
    },
    life.ending.signal,
  );
  run.catch((error: unknown) => watch.onBug(`worker ${region.name} ended: ${describe(error)}`));
  return life;
}

interface Link {
  readonly region: Region;
  readonly life: Life;
  readonly clock: Clock;
  readonly time: VirtualTime;
  readonly controller: () => ControllerProcess | undefined;
  readonly watch: Watch;
}

/** The controller, if it can be reached at this moment; else CONTROLLER_UNREACHABLE after a while. */
async function reach({ region, clock, time, controller }: Link): Promise<ControllerProcess> {
  await clock.sleep(time.random() * 8);
  const found = controller();
  if (!region.isCut && found?.isLeading() === true) return found;
  throw new FleetError("CONTROLLER_UNREACHABLE", "the controller does not answer");
}

function fetcherOf(link: Link, git: ObjectStore): MirrorFetcher {
  const { region, life } = link;
  return {
    fetch: async () => {
      await reach(link);
      const head = await mirrorOf(region).resolve(mirrorBranch);
      await reach(link); // the answer is on its way
      return life.guard(Promise.resolve({ head }));
    },
    accept: (commit, expected) => git.setRef(mirrorBranch, commit, expected),
    offer: async (commit) => {
      const controller = await reach(link);
      const store = mirrorOf(region);
      await store.setRef(recoverRef, commit, await store.resolve(recoverRef));
      controller.wakeSoon();
    },
  };
}

function clientOf(link: Link): ControllerClient {
  const { region, clock, watch } = link;
  return {
    report: async (report) => {
      checkTimes(link, report);
      const controller = await reach(link);
      const world = controller.world();
      if (world === undefined) throw new FleetError("CONTROLLER_UNREACHABLE", "it is starting");
      watch.onReport(region.name, report);
      const { resend, changed, completes } = world.observations.accept(region.name, report);
      if (completes) controller.wake();
      else if (changed) controller.wakeSoon();
      const isWanted = world.recovery.wanted(region.name) === report.head;
      const recover = isWanted ? { recover: report.head } : {};
      const answer = { resend, ...controller.hints.current(region.name), ...recover };
      await reach(link);
      return answer;
    },
    answer: () => {
      watch.onBug("a worker answered a question that nobody had asked");
      return Promise.resolve();
    },
    hints: async ({ onHint }, signal) => {
      const { hints, life } = await reach(link);
      const ends = [signal, life.ending.signal, region.cutting.signal];
      const open = AbortSignal.any(ends);
      while (!open.aborted) {
        const known = hints.current(region.name);
        onHint(known);
        await hints.next(region.name, { known, ms: 15_000, clock, signal: open });
      }
      throw new FleetError("CONTROLLER_UNREACHABLE", "the stream broke");
    },
  };
}

/** What a worker has seen itself is no longer than it has lived, whatever the clock on its wall says. */
function checkTimes({ life, time, watch }: Link, { apps }: WorkerReport): void {
  for (const { app, site, healthyForMs, appliedForMs = 0 } of apps) {
    const ms = Math.max(healthyForMs, appliedForMs);
    if (ms > time.now - life.begunAt)
      watch.onBug(`${app} at ${site} is said to stand for ${ms} ms`);
  }
}

/** Only what says that something is wrong in the code itself is listened to. */
function loggerTo(watch: Watch): Logger {
  const ignore = (): void => undefined;
  const logger: Logger = {
    debug: ignore,
    info: ignore,
    warn: ignore,
    error: (message, fields) => watch.onBug(`${message}: ${describe(fields?.["error"])}`),
    child: () => logger,
  };
  return logger;
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
