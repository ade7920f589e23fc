import { randomUUID } from "node:crypto";
import type { DataKeys } from "../adapters/age/data-keys.ts";
import type { ObjectStore } from "../adapters/git/object-store.ts";
import type { ClusterClient } from "../adapters/kubernetes/cluster-client.ts";
import { FleetError } from "../core/errors.ts";
import type { KubeObject } from "../core/model/kube-object.ts";
import { mirrorBranch } from "../core/protocol/mirror-layout.ts";
import type { SiteQuestion } from "../core/protocol/site-diff.ts";
import type { Hint } from "../core/protocol/worker-report.ts";
import { backoffMs } from "../runtime/backoff.ts";
import type { Clock } from "../runtime/clock.ts";
import { keepUp } from "../runtime/keep-up.ts";
import type { Logger } from "../runtime/logger.ts";
import type { Redactor } from "../runtime/redactor.ts";
import type { Wakefulness } from "../runtime/wakefulness.ts";
import { createAnswerer } from "./answer-questions.ts";
import { mirrorName, type WorkerSettings } from "./config.ts";
import type { ControllerClient } from "./controller-client.ts";
import { type FairPlaces, createFairPlaces } from "./fair-places.ts";
import { learnSecret, learnSecrets } from "./learn-secrets.ts";
import { createMirrorHistory } from "./mirror-history.ts";
import {
  type FollowerOptions,
  type MirrorFetcher,
  type MirrorFollower,
  type Verification,
  createMirrorFollower,
} from "./mirror-follower.ts";
import { regionSecretsOf } from "./region-secrets.ts";
import { type ReportSource, type Reporter, createReporter } from "./reporter.ts";
import type { StateStore } from "./state-store.ts";
import { createTreeCache } from "./tree-cache.ts";
import { type WorkerEngine, createWorkerEngine } from "./worker-engine.ts";

/** Everything outside the process that a worker uses. */
export interface WorkerPorts {
  readonly git: ObjectStore;
  readonly fetcher: MirrorFetcher;
  verify(commit: string, previous: string | null): Promise<Verification>;
  /** Gathers the packs of `git`. */
  maintain(signal: AbortSignal): Promise<void>;
  readonly controller: ControllerClient;
  readonly store: StateStore;
  /** Opens what is sealed with SOPS. */
  readonly keys: DataKeys;
  /** The cluster and namespace of the region that Secrets are copied from; absent where there is none. */
  readonly regionSecrets?: { readonly client: ClusterClient; readonly namespace: string };
  open(site: string): ClusterClient;
  /** What is told outside of the region goes through it. */
  readonly redactor: Redactor;
  /** Absent where the process cannot be stopped. */
  readonly wakefulness?: Wakefulness;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Follows a mirror and makes its sites be as it says, until the signal aborts; resolves when nothing runs any more.
 * What an earlier run has stored is carried on with at once, whether there is a controller or not.
 */
export async function runWith(
  config: WorkerSettings,
  ports: WorkerPorts,
  signal: AbortSignal,
): Promise<void> {
  const ended = new AbortController();
  const running = AbortSignal.any([signal, ended.signal]);
  const { engine, follower, reporter } = assemble(config, ports);
  const { clock, logger } = ports;
  logger.info("worker runs", {
    mirror: mirrorName(config),
    sites: Object.keys(config.sites).length,
  });
  ports.wakefulness?.onStopped(() => follower.hint(""));
  await follower.resume();
  const loops = [
    engine.run(running),
    follower.run(running),
    reporter.run(running),
    followHints({ ports, engine, follower, reporter }, running),
    keepUp(
      { everyMs: config.upkeepMs, work: () => ports.maintain(running), clock, logger },
      running,
    ),
  ];
  if (ports.wakefulness !== undefined) loops.push(ports.wakefulness.run(running));
  try {
    await Promise.race([...loops, ports.store.failed]);
  } finally {
    ended.abort();
    await Promise.allSettled(loops);
  }
}

interface Assembly {
  readonly engine: WorkerEngine;
  readonly follower: MirrorFollower;
  readonly reporter: Reporter;
}

function assemble(config: WorkerSettings, ports: WorkerPorts): Assembly {
  const { clock, logger, redactor, store, git } = ports;
  const onRead = (object: KubeObject): void => learnSecret(object, redactor);
  const trees = createTreeCache({ store: git, clock, onRead });
  const places = createFairPlaces(config.concurrency, clock);
  const engine = createWorkerEngine({
    config,
    store,
    clock,
    logger,
    trees,
    history: createMirrorHistory(git, mirrorBranch, trees),
    keys: ports.keys,
    region: regionSecretsOf(learned(ports), clock),
    open: (site) => learnSecrets(ports.open(site), redactor),
    places,
    touch: (site, app) => reporter.touch(site, app),
  });
  const follower = followerOf(config, ports, {
    onView: (view) => engine.follow(view),
    onChange: () => reporter.wake(),
  });
  const reporter = assembleReporter(config, ports, { engine, follower, places });
  return { engine, follower, reporter };
}

/** Values of the region are known before anybody can quote them. */
function learned({ regionSecrets, redactor }: WorkerPorts): WorkerPorts["regionSecrets"] {
  if (regionSecrets === undefined) return undefined;
  return { ...regionSecrets, client: learnSecrets(regionSecrets.client, redactor) };
}

function assembleReporter(
  config: WorkerSettings,
  { clock, controller, logger, redactor, store }: WorkerPorts,
  reported: Reported,
): Reporter {
  return createReporter({
    worker: randomUUID(),
    heartbeatMs: config.heartbeatMs,
    redactor,
    clock,
    logger,
    source: sourceOf(reported),
    send: async (report, until) => {
      await store.durable(); // what was told is still so after a crash
      return controller.report(report, until);
    },
    onAnswer: (answer) => {
      reported.follower.recover(answer.recover);
      reported.follower.hint(answer.head);
    },
  });
}

/** What there is to report. */
function sourceOf({ engine, follower, places }: Reported): ReportSource {
  return {
    sites: () => engine.sites(),
    apps: (site) => engine.apps(site),
    overdue: () => engine.overdue(),
    site: (site) => engine.site(site),
    app: (site, app) => engine.app(site, app),
    facts: () => ({ ...follower.facts(), stopped: engine.stopped() }),
    isBusy: () => places.isBusy(),
  };
}

interface Reported {
  readonly engine: WorkerEngine;
  readonly follower: MirrorFollower;
  readonly places: FairPlaces;
}

function followerOf(
  { pollMs }: WorkerSettings,
  ports: WorkerPorts,
  listener: Pick<FollowerOptions, "onView" | "onChange">,
): MirrorFollower {
  const { git, fetcher, store, clock, logger } = ports;
  return createMirrorFollower({
    git,
    ref: mirrorBranch,
    fetcher,
    verify: (commit, previous) => ports.verify(commit, previous),
    store,
    clock,
    logger,
    pollMs,
    wakefulness: ports.wakefulness,
    ...listener,
  });
}

interface HintTakers extends Pick<Assembly, "engine" | "follower" | "reporter"> {
  readonly ports: WorkerPorts;
}

/** A hint that says nothing new asks for a report. Keeps a stream of hints open; without one the mirror is asked more often. */
async function followHints(
  { ports, follower, reporter, engine }: HintTakers,
  signal: AbortSignal,
): Promise<void> {
  const { clock, controller, logger, redactor } = ports;
  const answer = createAnswerer({
    compare: (question, until) => engine.compare(question, until),
    send: (answer, until) => controller.answer(answer, until),
    redactor,
    logger,
  });
  let failures = 0;
  while (!signal.aborted) {
    try {
      const onHint = (hint: Hint): void => {
        failures = 0;
        follower.setHinted(true);
        if (hint.head === follower.facts().head) reporter.wake();
        else follower.hint(hint.head);
      };
      const onQuestion = (question: SiteQuestion): void => answer(question, signal);
      await controller.hints({ onHint, onQuestion }, signal);
    } catch (error) {
      // An abort, a stream that broke or a controller that is away: it is tried again.
      const isExpected = error instanceof FleetError || error instanceof Error;
      if (!isExpected) throw error;
    }
    follower.setHinted(false);
    failures += 1;
    const random = (): number => clock.random();
    await clock.sleep(
      50 + backoffMs({ attempt: failures, baseMs: 500, maxMs: 15_000, random }),
      signal,
    );
  }
}
