import { FleetError } from "../core/errors.ts";
import type { SiteMeta } from "../core/protocol/mirror-layout.ts";
import type { AppReport, SiteReport } from "../core/protocol/worker-report.ts";
import { type AppState, appReport, hasLeft, newAppState, noneLookedUp } from "./app-state.ts";
import { mayGoOn } from "./clear-way.ts";
import type { DriftBudget } from "./drift-budget.ts";
import { inWords } from "./in-words.ts";
import { hasDrifted, judgeAnew, lookForDrift } from "./look-for-drift.ts";
import { lookInTurn } from "./look-in-turn.ts";
import {
  noteFailed,
  takeOverdue,
  takeWorthTelling,
  untilFirstLook,
  untilNextLook,
  untilNextTry,
} from "./look-times.ts";
import { type SiteTarget, factsOf } from "./mirror-view.ts";
import { observeApps } from "./observe-apps.ts";
import { type Probes, createProbes } from "./probes.ts";
import { reconcileApp } from "./reconcile-app.ts";
import { type SiteContext, siteReport } from "./site-context.ts";
import { recallTold } from "./told-notes.ts";
import { type TaskTimer, createTaskTimer } from "./task-timer.ts";

/** All work at one site: applying, looking at health, looking for drift, each when it is due. */
export interface SiteActor {
  /** What the mirror says now; null: the site is not assigned any more. Resolves when that is in force. */
  setTarget(target: SiteTarget | null): Promise<void>;
  /** Reads the store anew: others may have written to the site meanwhile. Only while it is not assigned. */
  reload(): void;
  report(): SiteReport;
  appReport(app: string): AppReport | null;
  apps(): readonly string[];
  /**
   * Apps that were healthy when last looked at, where the next look is overdue or saw nothing of them. Who asks tells
   * them so; they are to be told again once they were looked at.
   */
  overdue(): readonly string[];
  /** Does work beside the actor's own, when it is the site's turn: it may only read. Ends with the assignment. */
  look<T>(work: (context: SiteContext) => Promise<T>, signal: AbortSignal): Promise<T>;
  run(signal: AbortSignal): Promise<void>;
}

/** What an actor shares with those of other sites. */
export interface SiteActorOptions {
  readonly context: Omit<SiteContext, "apps" | "target" | "signal">;
  readonly drift: DriftBudget;
  /** Runs work when there is a place for it. */
  readonly limit: (work: () => Promise<void>) => Promise<void>;
  /** Something of an app (or, without one, of the site) is to be told. */
  touch(app?: string): void;
}

/** Pieces of work at once: so many large apps at least must be under way before another app has to wait for one. */
const parallel = 16;
/** An upgrade that no request has noticed is noticed by then. */
const versionEveryMs = 3_600_000;

/** An actor with what the store knows of the site; it does nothing before `run`. */
export function createSiteActor(options: SiteActorOptions): SiteActor {
  return new Actor(options);
}

class Actor implements SiteActor {
  readonly #states = new Map<string, AppState>();
  readonly #options: SiteActorOptions;
  readonly #timer: TaskTimer;
  readonly #context: SiteContext;
  #target: SiteTarget | null = null;
  #assigned = new AbortController();
  #ended: AbortSignal | undefined;
  #signal: AbortSignal = this.#assigned.signal;
  readonly #busy = new Set<Promise<void>>();
  readonly #probes: Probes;
  #isToldBroken = false;
  /** Monotonic time of the next look at health. */
  #lookAt = 0;
  #driftNote = "";
  #version: string | undefined;
  /** Why looks at the whole site failed, by key of the task, until they succeed. */
  readonly #troubles = new Map<string, string>();

  constructor(options: SiteActorOptions) {
    this.#options = options;
    this.#context = {
      ...options.context,
      apps: this.#states,
      target: () => this.#target,
      signal: () => this.#signal,
    };
    this.#probes = createProbes(this.#context);
    this.#timer = createTaskTimer({
      clock: options.context.clock,
      parallel,
      mayRun: (key) =>
        this.#target !== null && (key === "probe" || options.context.link.hasAnswered()),
      task: (key) => this.#track(key),
    });
    this.reload();
  }

  reload(): void {
    const { store, site } = this.#context;
    this.#states.clear();
    for (const row of store.apps(site)) {
      const state = { ...newAppState(row.app), row };
      for (const object of store.objects(site, row.app)) state.rows.set(object.id, object);
      recallTold(this.#context, state);
      this.#states.set(row.app, state);
    }
  }

  /** Ends with the assignment, or with the worker. */
  #newSignal(): AbortSignal {
    const { signal } = this.#assigned;
    return this.#ended === undefined ? signal : AbortSignal.any([signal, this.#ended]);
  }

  async setTarget(target: SiteTarget | null): Promise<void> {
    const before = this.#target;
    this.#target = target;
    if (target === null) return this.#standDown();
    if (this.#assigned.signal.aborted) {
      this.#assigned = new AbortController();
      this.#signal = this.#newSignal();
    }
    for (const app of target.apps.keys()) {
      if (!this.#states.has(app)) this.#states.set(app, newAppState(app));
    }
    for (const state of this.#states.values()) this.#retarget(state, before, target);
    if (before === null) this.#begin();
    this.#retargetDrift(before?.meta, target.meta);
    this.#timer.wake();
  }

  /** Nothing is written after this: what is under way is aborted and waited for. */
  async #standDown(): Promise<void> {
    this.#assigned.abort();
    await Promise.all(this.#busy);
    for (const state of this.#states.values()) {
      state.target = null;
      this.#options.touch(state.app);
    }
  }

  #retarget(state: AppState, before: SiteTarget | null, target: SiteTarget): void {
    state.target = target.apps.get(state.app) ?? null;
    if (state.target === null && hasLeft(state)) return this.#forget(state);
    // Which trees it had counts from when it comes again.
    if (state.target === null) {
      state.unreleased = noneLookedUp;
      state.wereKept.clear();
    }
    const isSame = before !== null && factsOf(before, state.app) === factsOf(target, state.app);
    // A tree that comes again is another release's: what it lacks may have been dropped meanwhile.
    if (!isSame) state.unreleased = noneLookedUp;
    // What failed may have waited for what changed.
    if (isSame && state.failures === 0) return;
    state.failures = 0;
    this.#timer.schedule(`app/${state.app}`, 0);
    this.#options.touch(state.app);
  }

  /** How drift is met, and how often it is looked for. */
  #retargetDrift(before: SiteMeta | undefined, now: SiteMeta): void {
    const changed = judgeAnew(this.#states.values(), before, now);
    for (const { app } of changed) this.#options.touch(app);
    if (changed.length > 0) this.#timer.schedule("observe", 0);
    const { intervalMs } = now.drift;
    if (before?.drift.intervalMs === intervalMs && changed.length === 0) return;
    this.#timer.reschedule("drift", this.#context.clock.random() * intervalMs);
  }

  /** It has left, and the marker is away: there is nothing more to know of it. */
  #forget(state: AppState): void {
    this.#context.store.dropApp(this.#context.site, state.app);
    this.#states.delete(state.app);
    this.#timer.cancel(`app/${state.app}`);
    this.#options.touch(state.app);
  }

  #begin(): void {
    const { clock, config } = this.#context;
    this.#timer.schedule("probe", 0);
    this.#timer.schedule("observe", clock.random() * config.settleMs);
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#ended = signal;
    this.#signal = this.#newSignal();
    await this.#timer.run(signal);
  }

  #track(key: string): Promise<void> {
    // A probe waits for nobody: dead sites must not hold the places of the others.
    const work = key === "probe" ? this.#task(key) : this.#options.limit(() => this.#task(key));
    this.#busy.add(work);
    return work.finally(() => this.#busy.delete(work));
  }

  async look<T>(work: (context: SiteContext) => Promise<T>, until: AbortSignal): Promise<T> {
    const signal = AbortSignal.any([this.#signal, until]);
    const context = { ...this.#context, signal: () => signal };
    const { limit } = this.#options;
    const answer = lookInTurn(limit, this.#busy, { work: () => work(context), until });
    return answer.finally(() => this.#probeSoon());
  }

  async #task(key: string): Promise<void> {
    if (this.#signal.aborted) return;
    // It fell silent while this waited for a place.
    if (key !== "probe" && !this.#context.link.hasAnswered()) return this.#timer.schedule(key, 0);
    try {
      await this.#doTask(key);
      if (this.#troubles.delete(key)) this.#options.touch();
    } catch (error) {
      if (!this.#signal.aborted) this.#failed(key, error);
    }
    this.#probeSoon();
  }

  #doTask(key: string): Promise<void> {
    if (key === "probe") return this.#probe();
    if (key === "observe") return this.#observe();
    if (key === "drift") return this.#drift();
    if (key === "version") return this.#readVersion();
    return this.#app(key.slice("app/".length));
  }

  /** Nothing else is done at a site that does not answer; one that may be ill is asked at once. */
  #probeSoon(): void {
    const { link } = this.#context;
    if (link.hasAnswered()) {
      if (link.isSuspected()) this.#timer.schedule("probe", 0);
      return;
    }
    this.#timer.schedule("probe", this.#probes.waitMs());
  }

  #failed(key: string, error: unknown): void {
    const { config, link, logger } = this.#context;
    link.noteFailure(error);
    this.#touchSite();
    if (!(error instanceof FleetError)) logger.error("a task failed by a bug", { key, error });
    const reason = error instanceof FleetError ? inWords(error) : "internal error: see the log";
    const state = key.startsWith("app/") ? this.#states.get(key.slice("app/".length)) : undefined;
    if (state !== undefined) {
      state.trouble = reason;
      this.#options.touch(state.app);
      const told = error instanceof FleetError ? error : undefined;
      this.#timer.schedule(key, noteFailed(this.#context, state, told));
    } else {
      if (!link.isBroken()) this.#troubles.set(key, `${key}: ${reason}`);
      if (key === "probe") return;
      this.#timer.schedule(key, key === "drift" ? config.retryMaxMs : config.observeMs);
    }
  }

  /** Where all of it begins to fail, or ends to, what its apps say changes too. */
  #touchSite(): void {
    this.#options.touch();
    const isBroken = this.#context.link.isBroken();
    if (isBroken !== this.#isToldBroken) {
      for (const app of this.#states.keys()) this.#options.touch(app);
    }
    this.#isToldBroken = isBroken;
  }

  /**
   * Asks only who the cluster is; what comes after a failure starts again from here, but not what got no answer of its
   * own: it may be why all else failed.
   */
  async #probe(): Promise<void> {
    const wasBroken = this.#context.link.isBroken();
    // By now it may count as offline, and the answer may be long in coming.
    if (wasBroken) this.#options.touch();
    this.#probes.sent();
    await this.#context.link.verify({ signal: this.#signal, maxAgeMs: 0 });
    this.#probes.answered();
    this.#touchSite();
    // It may have been away for an upgrade.
    this.#timer.reschedule("version", 0);
    if (!wasBroken) return;
    for (const state of this.#states.values()) {
      if (state.isUnanswered) continue;
      state.failures = 0;
      this.#timer.reschedule(`app/${state.app}`, 0);
    }
    this.#timer.schedule("observe", 0);
  }

  async #readVersion(): Promise<void> {
    const version = await this.#context.client.serverVersion(this.#signal);
    this.#timer.schedule("version", versionEveryMs);
    if (version === undefined || version === this.#version) return;
    this.#version = version;
    this.#options.touch();
  }

  async #app(app: string): Promise<void> {
    const state = this.#states.get(app);
    if (state === undefined) return;
    const next = await reconcileApp(this.#context, state);
    if (!hasDrifted(this.#context)) this.#driftNote = "";
    this.#options.touch(app);
    if (state.health === null || state.row?.isMixed === true)
      this.#timer.schedule("observe", untilFirstLook(this.#context, state));
    const wait = untilNextTry(this.#context, state, next);
    if (wait < Infinity) this.#timer.schedule(`app/${app}`, wait);
  }

  async #observe(): Promise<void> {
    const { clock, config, link } = this.#context;
    // A site whose objects say nothing is asked all the same, so that its silence is noticed.
    await link.verify({ signal: this.#signal, maxAgeMs: config.offlineAfterMs / 3 });
    const changed = await observeApps(this.#context, [...this.#states.values()]);
    for (const state of changed) this.#options.touch(state.app);
    let wait = config.observeMs * (0.8 + 0.4 * clock.random());
    for (const state of this.#states.values()) wait = Math.min(wait, this.#lookedAt(state));
    this.#lookAt = clock.monotonic() + wait;
    this.#timer.schedule("observe", wait);
  }

  /** Carries on with what a look has shown; gives the time until the app is to be looked at again. */
  #lookedAt(state: AppState): number {
    const { clock, config } = this.#context;
    if (mayGoOn(state)) this.#timer.schedule(`app/${state.app}`, 0);
    const minReadyMs = this.#target?.meta.apps[state.app]?.minReadyMs ?? 0;
    if (takeWorthTelling(state, minReadyMs)) this.#options.touch(state.app);
    const { settleMs } = config;
    return untilNextLook(state, { now: clock.monotonic(), settleMs, minReadyMs });
  }

  async #drift(): Promise<void> {
    const target = this.#target;
    if (target === null) return;
    const look = await lookForDrift(this.#context, this.#options.drift, target.meta);
    this.#timer.schedule("drift", look.waitMs);
    if (look.note === null) return;
    this.#driftNote = look.note;
    this.#options.touch();
    for (const app of look.told) this.#options.touch(app);
    for (const app of look.repair) this.#timer.schedule(`app/${app}`, 0);
  }

  report(): SiteReport {
    const notes = [...this.#troubles.values(), this.#driftNote];
    return siteReport(this.#context, notes, this.#version);
  }

  apps(): readonly string[] {
    return [...this.#states.keys()];
  }

  overdue(): readonly string[] {
    const isLate = this.#context.clock.monotonic() > this.#lookAt;
    return this.#target === null ? [] : takeOverdue(this.#states.values(), isLate);
  }

  appReport(app: string): AppReport | null {
    const state = this.#states.get(app);
    if (state === undefined) return null;
    const { clock, link, site } = this.#context;
    return appReport(state, { site, isSiteBroken: link.isBroken(), now: clock.monotonic() });
  }
}
