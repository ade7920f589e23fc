import type { DataKeys } from "../adapters/age/data-keys.ts";
import type { ClusterClient } from "../adapters/kubernetes/cluster-client.ts";
import { FleetError } from "../core/errors.ts";
import type { SiteDiff, SiteQuestion } from "../core/protocol/site-diff.ts";
import type { AppReport, SiteReport } from "../core/protocol/worker-report.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Logger } from "../runtime/logger.ts";
import { compareSite } from "./compare-site.ts";
import { mirrorName, type WorkerSettings } from "./config.ts";
import { type DriftBudget, createDriftBudget } from "./drift-budget.ts";
import type { FairPlaces } from "./fair-places.ts";
import type { MirrorHistory } from "./mirror-history.ts";
import type { MirrorView, SiteTarget } from "./mirror-view.ts";
import { type SiteActor, createSiteActor } from "./site-actor.ts";
import { createSiteLink, metPrefix, type SiteLink } from "./site-link.ts";
import type { RegionSecrets } from "./region-secrets.ts";
import type { StateStore } from "./state-store.ts";
import { forgetTold } from "./told-notes.ts";
import type { TreeCache } from "./tree-cache.ts";
import { watchAnswers } from "./watch-answers.ts";

/** All sites of a worker. */
export interface WorkerEngine {
  /** Takes in what the mirror says. A site that is gone from it counts as stopped once no write to it is under way. */
  follow(view: MirrorView): void;
  sites(): readonly string[];
  apps(site: string): readonly string[];
  /** `<site>/<app>` of what was healthy when last looked at, where the next look is overdue. */
  overdue(): readonly string[];
  site(site: string): SiteReport | null;
  app(site: string, app: string): AppReport | null;
  /**
   * Sites that were this worker's and are not written to any more, with the mirror commit that took them away; "" for
   * those that it could write to and was never given: they may have come and gone while it was away.
   */
  stopped(): Readonly<Record<string, string>>;
  /** Answers a question of the controller; throws a FleetError where that cannot be found out. */
  compare(question: SiteQuestion, signal: AbortSignal): Promise<SiteDiff>;
  /** Until the signal aborts and all work has ended. */
  run(signal: AbortSignal): Promise<void>;
}

/** What an engine needs. */
export interface WorkerEngineOptions {
  readonly config: WorkerSettings;
  readonly store: StateStore;
  readonly trees: TreeCache;
  readonly history: MirrorHistory;
  readonly keys: DataKeys;
  readonly region: RegionSecrets;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Opens the way to a site's cluster, once. */
  open(site: string): ClusterClient;
  readonly places: FairPlaces;
  touch(site: string, app?: string): void;
}

/** An engine without sites. */
export function createWorkerEngine(options: WorkerEngineOptions): WorkerEngine {
  return new Engine(options);
}

interface Entry {
  readonly actor: SiteActor;
  readonly client: ClusterClient;
  readonly link: SiteLink;
  running: Promise<void> | undefined;
  /** Changes of the target, one after the other: a site that hangs holds up no other one. */
  turn: Promise<void>;
  /** Gone from the mirror, and perhaps still written to. */
  isStopping: boolean;
}

class Engine implements WorkerEngine {
  readonly #options: WorkerEngineOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #drift: DriftBudget;
  readonly #stopped: Map<string, string>;
  #view: MirrorView | undefined;
  #signal: AbortSignal | undefined;
  readonly #failure = Promise.withResolvers<never>();

  constructor(options: WorkerEngineOptions) {
    this.#options = options;
    this.#failure.promise.catch(() => {}); // told by run
    this.#stopped = new Map(options.store.values(stoppedPrefix));
    this.#drift = createDriftBudget(() => this.#view?.sites.size ?? 0, options.store);
  }

  follow(view: MirrorView): void {
    const before = this.#view;
    this.#view = view;
    const gone = [...(before?.sites.keys() ?? [])].filter((site) => !view.sites.has(site));
    for (const site of gone) this.#stop(site, view.commit);
    this.#noteAway(view);
    for (const [site, target] of view.sites) {
      if (before?.sites.get(site) !== target) this.#assign(site, target);
    }
  }

  #stop(site: string, commit: string): void {
    const entry = this.#entries.get(site);
    if (entry === undefined) return;
    entry.isStopping = true;
    this.#queue(entry, async () => {
      await entry.actor.setTarget(null);
      entry.isStopping = false;
      this.#noteStopped(site, commit);
      this.#options.touch(site);
    });
  }

  /** Sites of earlier runs that the mirror does not have, too. */
  #noteAway(view: MirrorView): void {
    for (const site of this.#options.store.sites()) {
      const isStopping = this.#entries.get(site)?.isStopping === true;
      if (!view.sites.has(site) && !isStopping) this.#noteStopped(site, view.commit);
    }
  }

  #noteStopped(site: string, commit: string): void {
    this.#drift.note(site, false);
    if (this.#stopped.has(site)) return;
    this.#options.store.setValue(stoppedPrefix + site, commit);
    this.#stopped.set(site, commit);
  }

  #assign(site: string, target: SiteTarget): void {
    this.#options.touch(site);
    const known = this.#entries.get(site);
    if (known === undefined) this.#takeBack(site);
    // Nobody looks there for what an earlier run has found.
    if (this.#options.config.sites[site] === undefined) return this.#drift.note(site, false);
    const entry = known ?? this.#enter(site);
    this.#queue(entry, async () => {
      if (this.#takeBack(site)) entry.actor.reload();
      await entry.actor.setTarget(target);
    });
    this.#start(entry);
  }

  /** A site that comes back: others may have written to it, so that what is known of its objects is looked at anew. */
  #takeBack(site: string): boolean {
    if (!this.#stopped.delete(site)) return false;
    this.#options.store.distrustSite(site);
    forgetTold(this.#options.store, site);
    this.#options.store.deleteValue(stoppedPrefix + site);
    this.#options.store.deleteValue(metPrefix + site);
    this.#entries.get(site)?.link.doubt();
    return true;
  }

  #queue(entry: Entry, work: () => Promise<void>): void {
    entry.turn = entry.turn.then(work).catch((error: unknown) => this.#failure.reject(error));
  }

  #enter(site: string): Entry {
    const { config, store, clock, trees, history, keys, region, places } = this.#options;
    const shared = { config, store, clock, trees, history, keys, region };
    const { client, times } = watchAnswers(this.#options.open(site), clock);
    const logger = this.#options.logger.child({ site });
    const link = createSiteLink({
      site,
      client,
      store,
      clock,
      logger,
      expectedUid: () => this.#view?.sites.get(site)?.meta.uid,
      formerUid: () => this.#view?.sites.get(site)?.meta.formerUid,
      mirror: mirrorName(config),
      isHeld: (other) =>
        this.#view?.sites.has(other) === true || this.#entries.get(other)?.isStopping === true,
    });
    const actor = createSiteActor({
      context: { ...shared, site, logger, link, client, listedApart: new Set() },
      drift: this.#drift,
      limit: places.forSite(times),
      touch: (app) => this.#options.touch(site, app),
    });
    const entry = {
      actor,
      client,
      link,
      running: undefined,
      turn: Promise.resolve(),
      isStopping: false,
    };
    this.#entries.set(site, entry);
    return entry;
  }

  #start(entry: Entry): void {
    if (this.#signal === undefined) return;
    entry.running ??= entry.actor.run(this.#signal).catch((error: unknown) => {
      this.#failure.reject(error);
    });
  }

  sites(): readonly string[] {
    return [...(this.#view?.sites.keys() ?? [])];
  }

  apps(site: string): readonly string[] {
    return this.#entries.get(site)?.actor.apps() ?? [];
  }

  overdue(): readonly string[] {
    return [...this.#entries].flatMap(([site, { actor }]) =>
      actor.overdue().map((app) => `${site}/${app}`),
    );
  }

  site(site: string): SiteReport | null {
    if (this.#view?.sites.has(site) !== true) return null;
    const entry = this.#entries.get(site);
    if (entry !== undefined) return entry.actor.report();
    const message = "the worker's configuration has no kubeconfig for this site";
    return { site, reachable: false, message };
  }

  app(site: string, app: string): AppReport | null {
    if (this.#view?.sites.has(site) !== true) return null;
    return this.#entries.get(site)?.actor.appReport(app) ?? null;
  }

  async compare({ site, app }: SiteQuestion, signal: AbortSignal): Promise<SiteDiff> {
    const entry = this.#entries.get(site);
    if (entry === undefined) {
      throw new FleetError("NOT_FOUND", `this worker does not serve site ${site}`);
    }
    return entry.actor.look((context) => compareSite(context, app), signal);
  }

  stopped(): Readonly<Record<string, string>> {
    const view = this.#view;
    const reachable = view === undefined ? [] : Object.keys(this.#options.config.sites);
    const never = reachable.filter((site) => !view?.sites.has(site) && !this.#entries.has(site));
    return Object.fromEntries([...never.map((site) => [site, ""] as const), ...this.#stopped]);
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    for (const entry of this.#entries.values()) this.#start(entry);
    try {
      const aborted = new Promise<void>((resolve) => {
        if (signal.aborted) return resolve();
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
      await Promise.race([aborted, this.#failure.promise]);
    } finally {
      const entries = [...this.#entries.values()];
      for (const entry of entries) await Promise.all([entry.running, entry.turn]);
      await Promise.all(entries.map((entry) => entry.client.close()));
    }
  }
}

const stoppedPrefix = "stopped/";
