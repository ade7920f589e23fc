import { FleetError } from "../core/errors.ts";
import type {
  AppReport,
  ReportAnswer,
  SiteReport,
  WorkerReport,
} from "../core/protocol/worker-report.ts";
import { backoffMs } from "../runtime/backoff.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Logger } from "../runtime/logger.ts";
import type { Redactor } from "../runtime/redactor.ts";
import { type Waker, createWaker } from "../runtime/wake.ts";

/** What there is to report now. */
export interface ReportSource {
  sites(): readonly string[];
  apps(site: string): readonly string[];
  /** `<site>/<app>` of what nobody can vouch for now: the controller must not take its healthy time for grown. */
  overdue(): readonly string[];
  site(site: string): SiteReport | null;
  app(site: string, app: string): AppReport | null;
  facts(): Pick<WorkerReport, "head" | "epoch" | "stopped" | "refused">;
  /** Work is under way that will bring more to tell in a moment. */
  isBusy(): boolean;
}

/**
 * Tells the controller what changed, and that the worker lives. Nothing is forgotten before it was acknowledged. What
 * is not told goes on as it was: a healthy time grows with each report, but for what the worker could not look at.
 */
export interface Reporter {
  /** A site, or an app at it, is to be told. */
  touch(site: string, app?: string): void;
  /** Head, stopped sites or refusal changed, or the controller asks: told now, whatever is under way. */
  wake(): void;
  run(signal: AbortSignal): Promise<void>;
}

/** What a reporter needs. */
export interface ReporterOptions {
  /** Random id of this process. */
  readonly worker: string;
  readonly heartbeatMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly source: ReportSource;
  readonly redactor: Redactor;
  readonly send: (report: WorkerReport, signal: AbortSignal) => Promise<ReportAnswer>;
  readonly onAnswer: (answer: ReportAnswer) => void;
}

/**
 * What comes at the same time is gathered for so long, while much comes for so long since the report before, and while
 * work is under way for so long: each report makes the controller think, and what is last is told at once. So is what the
 * controller asks for.
 */
const gatherMs = 20;
const betweenMs = 100;
const busyMs = 500;
const maxMessage = 2000;

/** A reporter whose first report is a full one. */
export function createReporter(options: ReporterOptions): Reporter {
  return new KeptReporter(options);
}

class KeptReporter implements Reporter {
  readonly #options: ReporterOptions;
  readonly #waker: Waker;
  #dirty = new Set<string>();
  #sequence = 1;
  #isFull = true;
  #failures = 0;
  #isAsked = false;
  /** Monotonic. */
  #sentAt = 0;

  constructor(options: ReporterOptions) {
    this.#options = options;
    this.#waker = createWaker(options.clock);
  }

  touch(site: string, app?: string): void {
    this.#dirty.add(app === undefined ? site : `${site}/${app}`);
    this.#waker.wake();
  }

  wake(): void {
    this.#isAsked = true;
    this.#waker.wake();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, heartbeatMs } = this.#options;
    while (!signal.aborted) {
      await this.#once(signal);
      if (this.#failures > 0) {
        const random = (): number => clock.random();
        const base = { attempt: this.#failures, baseMs: 200, maxMs: heartbeatMs, random };
        await clock.sleep(50 + backoffMs(base), signal);
      } else if (!this.#isFull) {
        await this.#waker.wait(heartbeatMs, signal);
        await this.#gather(signal);
      }
    }
  }

  async #gather(signal: AbortSignal): Promise<void> {
    const { clock, source } = this.#options;
    const sinceMs = (): number => clock.monotonic() - this.#sentAt;
    const patienceMs = this.#isAsked ? 0 : betweenMs - sinceMs();
    await clock.sleep(Math.max(gatherMs, patienceMs), signal);
    while (!signal.aborted && !this.#isAsked && source.isBusy() && sinceMs() < busyMs) {
      await clock.sleep(gatherMs, signal);
    }
  }

  async #once(signal: AbortSignal): Promise<void> {
    const { send, onAnswer, logger, source } = this.#options;
    const told = this.#dirty;
    const keys = this.#isFull ? everything(source) : new Set([...told, ...source.overdue()]);
    this.#dirty = new Set();
    this.#isAsked = false;
    this.#sentAt = this.#options.clock.monotonic();
    const report = this.#build(keys);
    // Each attempt is one of its own: where only the answer was lost, what comes next is no repeat but says more.
    this.#sequence += 1;
    try {
      const answer = await send(report, signal);
      this.#failures = 0;
      this.#isFull = answer.resend;
      onAnswer(answer);
    } catch (error) {
      if (!(error instanceof FleetError)) throw error;
      this.#dirty = new Set([...told, ...this.#dirty]);
      this.#failures += 1;
      if (this.#failures === 1 && !signal.aborted) logger.warn("cannot report", { error });
    }
  }

  #build(keys: ReadonlySet<string>): WorkerReport {
    const { source, worker } = this.#options;
    const sites: SiteReport[] = [];
    const apps: AppReport[] = [];
    for (const key of keys) {
      const [site = "", app] = key.split("/");
      if (app === undefined) {
        const told = source.site(site);
        if (told !== null) sites.push({ ...told, message: this.#tellable(told.message) });
        continue;
      }
      const told = source.app(site, app);
      if (told !== null) apps.push({ ...told, message: this.#tellable(told.message) });
    }
    const { refused, ...facts } = source.facts();
    const told = { ...facts, refused: this.#tellable(refused) };
    return { worker, sequence: this.#sequence, full: this.#isFull, ...told, sites, apps };
  }

  /** The one place where words from clusters and mirrors leave the region: without secrets, and bounded. */
  #tellable(text: string): string {
    return this.#options.redactor.text(text).slice(0, maxMessage);
  }
}

function everything(source: ReportSource): Set<string> {
  const keys = new Set<string>();
  for (const site of source.sites()) {
    keys.add(site);
    for (const app of source.apps(site)) keys.add(`${site}/${app}`);
  }
  return keys;
}
