import type { ClusterClient } from "../adapters/kubernetes/cluster-client.ts";
import type { AppReport, SiteReport } from "../core/protocol/worker-report.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Logger } from "../runtime/logger.ts";
import type { WorkerSettings } from "./config.ts";
import { createDriftBudget } from "./drift-budget.ts";
import type { MirrorView, SiteTarget } from "./mirror-view.ts";
import { type SiteActor, createSiteActor } from "./site-actor.ts";
import { createSiteLink } from "./site-link.ts";
import type { StateStore } from "./state-store.ts";
import type { TreeCache } from "./tree-cache.ts";

/** All sites of a worker. */
export interface WorkerEngine {
  /** Takes in what the mirror says; resolves when sites that are gone from it have stopped. */
  follow(view: MirrorView): Promise<void>;
  sites(): readonly string[];
  apps(site: string): readonly string[];
  site(site: string): SiteReport | null;
  app(site: string, app: string): AppReport | null;
  /** Sites that were this worker's and are not written to any more, with the mirror commit that took them away. */
  stopped(): Readonly<Record<string, string>>;
  /** Until the signal aborts and all work has ended. */
  run(signal: AbortSignal): Promise<void>;
}

/** What an engine needs. */
export interface WorkerEngineOptions {
  readonly config: WorkerSettings;
  readonly store: StateStore;
  readonly trees: TreeCache;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Opens the way to a site's cluster, once. */
  open(site: string): ClusterClient;
  readonly limit: <T>(work: () => Promise<T>) => Promise<T>;
  touch(site: string, app?: string): void;
}

/** An engine without sites. */
export function createWorkerEngine(options: WorkerEngineOptions): WorkerEngine {
  return new Engine(options);
}

interface Entry {
  readonly actor: SiteActor;
  readonly client: ClusterClient;
  running: Promise<void> | undefined;
}

class Engine implements WorkerEngine {
  readonly #options: WorkerEngineOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #drift = createDriftBudget(() => this.#view?.sites.size ?? 0);
  #view: MirrorView | undefined;
  #signal: AbortSignal | undefined;
  #failed: ((error: unknown) => void) | undefined;

  constructor(options: WorkerEngineOptions) {
    this.#options = options;
  }

  async follow(view: MirrorView): Promise<void> {
    const before = this.#view;
    this.#view = view;
    const gone = [...this.#entries].filter(([site]) => !view.sites.has(site));
    await Promise.all(gone.map(([site, entry]) => this.#stop(site, entry, view.commit)));
    for (const site of this.#options.store.sites()) {
      const isNew = !view.sites.has(site) && this.#stoppedAt(site) === "";
      if (isNew) this.#options.store.setValue(stoppedKey(site), view.commit);
    }
    for (const [site, target] of view.sites) {
      if (before?.sites.get(site) !== target) await this.#assign(site, target);
    }
  }

  async #stop(site: string, entry: Entry, commit: string): Promise<void> {
    await entry.actor.setTarget(null);
    if (this.#stoppedAt(site) === "") {
      this.#options.store.setValue(stoppedKey(site), commit);
    }
    this.#drift.note(site, false);
    this.#options.touch(site);
  }

  async #assign(site: string, target: SiteTarget): Promise<void> {
    this.#options.touch(site);
    if (this.#stoppedAt(site) !== "") this.#options.store.setValue(stoppedKey(site), "");
    if (this.#options.config.sites[site] === undefined) return;
    let entry = this.#entries.get(site);
    if (entry === undefined) {
      entry = this.#enter(site);
      this.#entries.set(site, entry);
      this.#start(entry);
    }
    await entry.actor.setTarget(target);
  }

  #enter(site: string): Entry {
    const { config, store, clock, trees, limit } = this.#options;
    const client = this.#options.open(site);
    const logger = this.#options.logger.child({ site });
    const link = createSiteLink({
      site,
      client,
      store,
      clock,
      expectedUid: () => this.#view?.sites.get(site)?.meta.uid,
    });
    const actor = createSiteActor({
      context: { site, config, clock, logger, store, trees, link, client },
      drift: this.#drift,
      limit,
      touch: (app) => this.#options.touch(site, app),
    });
    return { actor, client, running: undefined };
  }

  #start(entry: Entry): void {
    if (this.#signal === undefined) return;
    entry.running ??= entry.actor.run(this.#signal).catch((error: unknown) => {
      this.#failed?.(error);
    });
  }

  #stoppedAt(site: string): string {
    return this.#options.store.value(stoppedKey(site)) ?? "";
  }

  sites(): readonly string[] {
    return [...(this.#view?.sites.keys() ?? [])];
  }

  apps(site: string): readonly string[] {
    return this.#entries.get(site)?.actor.apps() ?? [];
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

  stopped(): Readonly<Record<string, string>> {
    const stopped: Record<string, string> = {};
    for (const site of this.#options.store.sites()) {
      const commit = this.#stoppedAt(site);
      if (commit !== "") stopped[site] = commit;
    }
    return stopped;
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    for (const entry of this.#entries.values()) this.#start(entry);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#failed = reject;
        if (signal.aborted) return resolve();
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    } finally {
      const entries = [...this.#entries.values()];
      for (const entry of entries) await entry.running;
      await Promise.all(entries.map((entry) => entry.client.close()));
    }
  }
}

function stoppedKey(site: string): string {
  return `stopped/${site}`;
}
