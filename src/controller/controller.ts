/**
 * The controller process: what it is made of, and its life. One writer in one loop; beside it only what must not hold
 * the loop up: asking the remote, writing commit statuses, answering HTTP.
 */
import { resolve } from "node:path";
import { type HttpServer, startHttpServer } from "../adapters/http/server.ts";
import type { StatusWriter } from "../adapters/github/status-writer.ts";
import { openListStandings } from "../core/rollout/open-list-standing.ts";
import type { Clock } from "../runtime/clock.ts";
import { keepUp } from "../runtime/keep-up.ts";
import type { Logger } from "../runtime/logger.ts";
import { createWaker, type Waker } from "../runtime/wake.ts";
import { CommitStatuses } from "./commit-statuses.ts";
import { type ControllerConfig, controllerSettings, type ControllerSettings } from "./config.ts";
import { requireSound } from "./config-rules.ts";
import { controllerRoutes, type Desk } from "./controller-routes.ts";
import { decide } from "./decide.ts";
import type { AskedDecision } from "./decision-body.ts";
import { startGithub } from "./github-statuses.ts";
import { HintBoard } from "./hint-board.ts";
import { Inbox } from "./inbox.ts";
import { LastPass } from "./last-pass.ts";
import { historyOf } from "./release-history.ts";
import { runLoop } from "./loop.ts";
import { openWorld } from "./open-world.ts";
import { PageViews } from "./page-views.ts";
import { QuestionBoard } from "./question-board.ts";
import type { Pass } from "./reconcile.ts";
import type { World } from "./world.ts";

export interface ControllerDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called when API and mirrors can be reached. */
  readonly onListening?: (address: ControllerAddress) => void;
}

/** Where the controller listens. */
interface ControllerAddress {
  /** `http://127.0.0.1:7420`, without a slash at the end. */
  readonly url: string;
}

/**
 * Runs a controller until the signal aborts, then ends in order. Throws USAGE for a config that cannot work, and
 * STALE_EPOCH when another controller took over.
 */
export async function runController(
  config: ControllerConfig,
  deps: ControllerDeps,
  signal: AbortSignal,
): Promise<void> {
  requireSound(config);
  const settings = controllerSettings({ ...config, stateDir: resolve(config.stateDir) });
  const ending = new AbortController();
  const scope = AbortSignal.any([signal, ending.signal]);
  const waker = createWaker(deps.clock);
  const { clock, logger } = deps;
  const wake = (): void => waker.wake();
  const world = await openWorld({ settings, clock, logger, wake, signal: scope });
  try {
    await runWorld({ settings, deps, world, waker, scope, end: () => ending.abort() });
  } finally {
    ending.abort();
    await Promise.allSettled([world.source.done]);
    await world.close();
  }
}

const upkeepMs = 1_800_000;

interface Life {
  readonly settings: ControllerSettings;
  readonly deps: ControllerDeps;
  readonly world: World;
  readonly waker: Waker;
  readonly scope: AbortSignal;
  readonly end: () => void;
}

/** Everything that goes on at the same time; what fails for good ends the others. */
async function runWorld(life: Life): Promise<void> {
  const { settings, deps, world, waker, scope, end } = life;
  const github = await startGithub(settings, deps);
  const lastPass = new LastPass({
    world,
    branch: settings.fleet.branch,
    served: new Set(Object.keys(settings.mirrors)),
    forgeProblem: () => github?.problem() ?? null,
  });
  const inbox = new Inbox(() => waker.wake());
  const hints = new HintBoard(() => world.epoch);
  await setHints(world, hints);
  // It listens before it leads: one that is started by mistake on the same address ends here and disturbs nobody.
  let isLeading = false;
  const server = await listen(life, { lastPass, inbox, hints, isLeading: () => isLeading });
  await world.lead();
  isLeading = true;
  deps.onListening?.({ url: server.url });
  deps.logger.info("controller listens", { url: server.url, epoch: world.epoch });
  const onPass = passHandler({ world, lastPass, hints, github });
  const loop = runLoop({
    world,
    waker,
    decide: () => inbox.handle((asked) => decide(world, asked)),
    onPass,
    onProblem: (problem) => lastPass.setProblem(problem),
    onBeat: () => lastPass.beat(),
    signal: scope,
  });
  const parts = [
    loop,
    world.source.done,
    keepUp({ everyMs: upkeepMs, work: () => world.maintain(), ...deps }, scope),
    github?.run(scope) ?? Promise.resolve(),
  ];
  const ended = await Promise.allSettled(
    parts.map((part) =>
      part.catch((error: unknown) => {
        end();
        throw error;
      }),
    ),
  );
  await server.close();
  for (const part of ended) if (part.status === "rejected") throw part.reason;
}

interface Desks {
  readonly lastPass: LastPass;
  readonly inbox: Inbox;
  readonly hints: HintBoard;
  readonly isLeading: () => boolean;
}

async function listen(
  { settings, deps, world, waker, scope }: Life,
  { lastPass, inbox, hints, isLeading }: Desks,
): Promise<HttpServer> {
  const { clock, logger } = deps;
  const questions = new QuestionBoard({ clock, wake: (mirror) => hints.wake(mirror) });
  const api: Desk["api"] = {
    status: () => lastPass.status(),
    explain: (site: string, app: string) => lastPass.explain(site, app),
    history: (asked, signal) => historyOf(world, asked, signal),
    diff: async ({ site, app }, signal) =>
      questions.ask({ mirror: lastPass.mirrorToAsk(site), site, app }, signal),
    decide: (asked: AskedDecision) => inbox.ask(asked),
    sickness: () => lastPass.sickness(),
  };
  const mirrors: Desk["mirrors"] = {
    hints,
    questions,
    isLeading,
    takeReport: (mirror, report) => {
      const placed = world.observations.accept(mirror, report);
      if (placed.completes) waker.wake();
      else if (placed.changed) waker.wakeSoon();
      return placed;
    },
    wanted: (mirror) => world.recovery.wanted(mirror),
    onPush: () => waker.wake(),
    repoDir: (mirror) => world.mirrors.dirOf(mirror),
    news: async (mirror, range) => (await world.mirrors.get(mirror)?.store.news?.(range)) ?? null,
  };
  const views = new PageViews({
    read: () => lastPass.page(),
    version: () => lastPass.version(),
    clock,
  });
  const routes = await controllerRoutes(settings, { api, mirrors, views }, deps);
  const { listen: address, tls } = settings;
  return startHttpServer({ listen: address, tls, routes, clock, logger, signal: scope });
}

interface PassHandlerParts {
  readonly world: World;
  readonly lastPass: LastPass;
  readonly hints: HintBoard;
  readonly github: StatusWriter | null;
}

function passHandler({ world, lastPass, hints, github }: PassHandlerParts) {
  const statuses =
    github === null ? null : new CommitStatuses(world.control, github, world.sources);
  return async (pass: Pass): Promise<void> => {
    const progress = lastPass.take(pass);
    await setHints(world, hints);
    hints.ask(pass.plan?.asks ?? new Map());
    const { control, verdict } = pass;
    await tellStatuses(world, async () => {
      const waits = pass.plan?.waits ?? [];
      const openLists = openListStandings(control.state, pass.input?.entitled ?? {});
      const { seen } = world.source.state();
      const standing = { progress, waits, openLists };
      const { apps, sites } = control.state;
      await statuses?.tell({ controlHead: control.head, apps, sites, verdict, seen, ...standing });
    });
  };
}

async function setHints(world: World, hints: HintBoard): Promise<void> {
  for (const mirror of world.mirrors.all()) {
    const { head } = await mirror.standing();
    if (mirror.unreadable === null) hints.set(mirror.name, head ?? "");
  }
}

/** A disk that is full, say, costs statuses for now and nothing else: the next pass tells again. */
async function tellStatuses({ logger }: World, tell: () => Promise<void>): Promise<void> {
  try {
    await tell();
  } catch (error) {
    const isExpected = error instanceof Error && "code" in error;
    if (!isExpected) throw error;
    logger.error("commit statuses cannot be kept", { error });
  }
}
