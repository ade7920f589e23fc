/**
 * What the workers of all mirrors have told this leader, in memory only: a controller that starts again asks for
 * everything anew, and until a worker's first report its region counts as silent.
 */
import { isSameJson } from "../core/model/json.ts";
import { own } from "../core/rollout/own.ts";
import type {
  ObservedApp,
  ObservedSite,
  ObservedWorker,
  RolloutPlan,
} from "../core/rollout/planner-types.ts";
import type { AppReport, SiteReport, WorkerReport } from "../core/protocol/worker-report.ts";
import type { Clock } from "../runtime/clock.ts";
import { type AppMoments, appliedBefore, healthyMs, momentsOf, tellsHealthy } from "./app-times.ts";

/** Words of one worker that are kept: more than fit into one report. Beyond it shall say anew what there is. */
const mostKept = 250_000;

/** Heartbeats that may be missed before a worker counts as silent. */
const missedHeartbeats = 3;

/** A time in which a worker was silent; wall time in ms. */
export interface Silence {
  readonly from: number;
  readonly to: number;
}

/** What became of a report. */
export interface Placed {
  /** It could not be placed: the worker must send a full one. */
  readonly resend: boolean;
  /** Something in it is new: worth a pass of the loop. */
  readonly changed: boolean;
  /** It was the last of the words that the last pass waits for by now: nothing more is worth waiting for. */
  readonly completes: boolean;
}

/** Its moments are monotonic. */
interface HeardApp extends AppMoments {
  readonly report: AppReport;
  readonly heardAt: number;
}

interface Worker {
  readonly id: string;
  sequence: number;
  head: string;
  refused: string;
  /** Monotonic. */
  heardAt: number;
  /** Wall time of the same moment. */
  heardAtTime: number;
  readonly sites: Map<string, SiteReport>;
  readonly apps: Map<string, HeardApp>;
  stopped: Readonly<Record<string, string>>;
  /** What it said of the sites that its mirror serves; until it is heard again. */
  told: { readonly served: ReadonlySet<string>; readonly sites: ObservedSites } | undefined;
}

/** What a pass goes by: from `asks` on (wall ms) it waits for a word of a mirror's worker, whatever it says. */
export type Expected = Pick<RolloutPlan, "asks" | "readyMs">;

type ObservedSites = Readonly<Record<string, ObservedSite>>;

export class Observations {
  readonly #clock: Clock;
  readonly #silentAfterMs: number;
  readonly #silentFrom: number;
  readonly #workers = new Map<string, Worker>();
  readonly #ended = new Map<string, Silence[]>();
  #expected: Expected | null = null;
  /** Of the words that are expected, those that have not come yet. */
  #due = new Map<string, number>();

  /** `silentFrom`: since when (wall ms) a worker not heard yet counts as silent: the last thing control recorded. */
  constructor(options: { clock: Clock; heartbeatMs: number; silentFrom: number }) {
    this.#clock = options.clock;
    this.#silentAfterMs = options.heartbeatMs * missedHeartbeats;
    this.#silentFrom = options.silentFrom;
  }

  /** What the last pass waits for; null: it could not plan, and every word may matter. */
  expect(expected: Expected | null): void {
    this.#expected = expected;
    this.#due = new Map(expected?.asks);
  }

  /** Takes in one report of the worker of a mirror. */
  accept(mirror: string, report: WorkerReport): Placed {
    const known = this.#workers.get(mirror);
    const isSame = known?.id === report.worker;
    if (isSame && report.sequence <= known.sequence) {
      this.#hear(mirror, known); // it was on its way for longer than what came after it
      return { resend: false, changed: false, completes: false };
    }
    const isNext = isSame && report.sequence === known.sequence + 1 && hasRoom(known);
    if (!report.full && !isNext) return { resend: true, changed: false, completes: false };
    const changed = this.#place(mirror, isSame ? known : undefined, report);
    return { resend: false, changed, completes: this.#completes(mirror) };
  }

  /** Takes the report in; tells whether it changes anything. */
  #place(mirror: string, known: Worker | undefined, report: WorkerReport): boolean {
    const isReturn = this.silentSince(mirror) !== null;
    const worker = report.full || known === undefined ? emptyWorker(report.worker) : known;
    const changed =
      isReturn || report.full || known === undefined || this.#isAwaited(mirror, known, report);
    this.#hear(mirror, worker);
    takeIn(worker, report, this.#workers.get(mirror)?.apps ?? new Map());
    this.#workers.set(mirror, worker);
    return changed;
  }

  #isAwaited(mirror: string, known: Worker, report: WorkerReport): boolean {
    if (this.#expected === null) return true;
    const { asks, readyMs } = this.#expected;
    return (
      (asks.get(mirror) ?? Infinity) <= this.#clock.now() ||
      hasNews(known, report, { readyMs, now: this.#clock.monotonic() })
    );
  }

  /** A word of the mirror's worker has come: whether it was the last that is due by now. */
  #completes(mirror: string): boolean {
    const now = this.#clock.now();
    if ((this.#due.get(mirror) ?? Infinity) > now) return false;
    this.#due.delete(mirror);
    return [...this.#due.values()].every((at) => at > now);
  }

  /** Since when (wall ms) the worker of a mirror is silent; null: it is live. */
  silentSince(mirror: string): number | null {
    const worker = this.#workers.get(mirror);
    if (worker === undefined) return this.#silentFrom;
    const age = this.#clock.monotonic() - worker.heardAt;
    return age > this.#silentAfterMs ? worker.heardAtTime : null;
  }

  /** Time (ms from now) until the next live worker would count as silent; null: none is live. */
  nextSilenceMs(): number | null {
    const now = this.#clock.monotonic();
    const left = [...this.#workers.values()]
      .map((worker) => worker.heardAt + this.#silentAfterMs - now)
      .filter((ms) => ms >= 0);
    return left.length === 0 ? null : Math.min(...left) + 1;
  }

  /** The head at which a mirror's worker is; undefined: not heard yet. "" before its first. */
  headOf(mirror: string): string | undefined {
    return this.#workers.get(mirror)?.head;
  }

  /** Why the worker does not follow its mirror's newest head; "" when it does or has not been heard. */
  refusedOf(mirror: string): string {
    return this.#workers.get(mirror)?.refused ?? "";
  }

  /** Silences that have ended and that nobody has settled yet. */
  endedSilences(): ReadonlyMap<string, readonly Silence[]> {
    return this.#ended;
  }

  /** Silences of these mirrors that still last, up to now. */
  openSilences(mirrors: Iterable<string>): ReadonlyMap<string, readonly Silence[]> {
    const to = this.#clock.now();
    const silences = new Map<string, readonly Silence[]>();
    for (const mirror of mirrors) {
      const from = this.silentSince(mirror);
      if (from !== null && to > from) silences.set(mirror, [{ from, to }]);
    }
    return silences;
  }

  /** The ended silences given are recorded, or touch nothing. */
  settleSilences(settled: ReadonlyMap<string, readonly Silence[]>): void {
    for (const [mirror, silences] of settled) {
      const left = (this.#ended.get(mirror) ?? []).filter((each) => !silences.includes(each));
      if (left.length === 0) this.#ended.delete(mirror);
      else this.#ended.set(mirror, left);
    }
  }

  /** The last words on each site that a mirror serves; what a worker says of any other site does not count. */
  sitesOf(mirror: string, served: ReadonlySet<string>): ObservedSites {
    const worker = this.#workers.get(mirror);
    if (worker === undefined) return {};
    if (worker.told?.served !== served) worker.told = { served, sites: sitesOf(worker, served) };
    return worker.told.sites;
  }

  /** The worker of a mirror with this head, as the planner sees it; `isAhead`: it counts as silent, for it may be further. */
  workerOf(
    mirror: string,
    { isAhead, head }: { readonly isAhead: boolean; readonly head: string | null },
  ): ObservedWorker {
    const worker = this.#workers.get(mirror);
    if (worker === undefined) return { silentSince: this.#silentFrom, stopped: {} };
    return {
      heardAt: this.#wallTime(worker.heardAt),
      silentSince: this.silentSince(mirror) ?? (isAhead ? worker.heardAtTime : null),
      stopped: worker.stopped,
      isAtHead: worker.head === head,
      followsNothing: head === null && worker.head === "",
    };
  }

  /** A monotonic time that has passed, by what the wall says now. */
  #wallTime(monotonic: number): number {
    return this.#clock.now() - Math.ceil(this.#clock.monotonic() - monotonic);
  }

  /** The last report on a site, and on an app there. */
  siteReport(mirror: string, site: string): SiteReport | undefined {
    return this.#workers.get(mirror)?.sites.get(site);
  }

  appReport(mirror: string, site: string, app: string): AppReport | undefined {
    return this.#workers.get(mirror)?.apps.get(`${site}/${app}`)?.report;
  }

  /** Since when an app stands at a site, and is healthy, by the last report (wall ms). */
  appMoments(mirror: string, site: string, app: string): AppMoments | undefined {
    const heard = this.#workers.get(mirror)?.apps.get(`${site}/${app}`);
    if (heard === undefined) return undefined;
    const wall = (time: number | undefined): number | undefined =>
      time === undefined ? undefined : this.#wallTime(time);
    return { appliedAt: wall(heard.appliedAt), healthySince: wall(heard.healthySince) };
  }

  /** A report has come in: a silence that it ends is kept until it is settled. */
  #hear(mirror: string, worker: Worker): void {
    const from = this.silentSince(mirror);
    const to = this.#clock.now();
    if (from !== null && to > from) {
      this.#ended.set(mirror, [...(this.#ended.get(mirror) ?? []), { from, to }]);
    }
    worker.heardAt = this.#clock.monotonic();
    worker.heardAtTime = to;
    worker.told = undefined;
  }
}

/** One that tells of ever new sites or apps shall not be remembered without end. */
function hasRoom({ apps, sites }: Worker): boolean {
  return apps.size + sites.size <= mostKept;
}

function emptyWorker(id: string): Worker {
  return {
    id,
    sequence: 0,
    head: "",
    refused: "",
    heardAt: 0,
    heardAtTime: 0,
    sites: new Map(),
    apps: new Map(),
    stopped: {},
    told: undefined,
  };
}

function sitesOf(worker: Worker, served: ReadonlySet<string>): ObservedSites {
  const observed: Record<string, ObservedSite & { apps: Record<string, ObservedApp> }> = {};
  for (const [site, { reachable, kubernetesVersion }] of worker.sites) {
    const version = kubernetesVersion === undefined ? {} : { kubernetesVersion };
    if (served.has(site)) observed[site] = { reachable, ...version, apps: {} };
  }
  for (const { report, heardAt } of worker.apps.values()) {
    const site = own(observed, report.site);
    if (site !== undefined) site.apps[report.app] = observedApp(report, worker.heardAt - heardAt);
  }
  return observed;
}

/** `before`: what was heard of the mirror's apps until now, also from a process that has ended. */
function takeIn(worker: Worker, report: WorkerReport, before: ReadonlyMap<string, HeardApp>): void {
  worker.sequence = report.sequence;
  worker.head = report.head;
  worker.refused = report.refused;
  worker.stopped = report.stopped;
  for (const site of report.sites) worker.sites.set(site.site, site);
  for (const app of report.apps) {
    const key = `${app.site}/${app.app}`;
    const moments = momentsOf(app, worker.heardAt, worker.apps.get(key));
    const appliedAt = moments.appliedAt ?? appliedBefore(app, before.get(key));
    worker.apps.set(key, { report: app, heardAt: worker.heardAt, ...moments, appliedAt });
  }
}

/** True when a pass may find something else than before; that what is known goes on is no news. */
function hasNews(
  known: Worker,
  report: WorkerReport,
  { readyMs, now }: { readonly readyMs: ReadonlySet<number>; readonly now: number },
): boolean {
  return (
    known.head !== report.head ||
    known.refused !== report.refused ||
    !isSameJson(known.stopped, report.stopped) ||
    report.sites.some((site) => !isSameJson(known.sites.get(site.site) ?? null, site)) ||
    report.apps.some((app) => {
      const before = known.apps.get(`${app.site}/${app.app}`);
      return isNews(before?.report, app, readyMs) || isLonger(before, app, now);
    })
  );
}

/** What a clock of a moment may be wrong by, ms. */
const sameMomentMs = 500;

/** It has been healthy for longer than was thought: what was said last was of an earlier look, told again. */
function isLonger(before: HeardApp | undefined, app: AppReport, now: number): boolean {
  if (before === undefined || app.healthyForMs === 0) return false;
  const since = before.heardAt - healthyMs(before.report);
  return now - healthyMs(app) < since - sameMomentMs;
}

/** Healthy times grow by themselves; it matters when one begins anew, or has lasted for as long as something waits for. */
function isNews(
  before: AppReport | undefined,
  app: AppReport,
  readyMs: ReadonlySet<number>,
): boolean {
  if (before === undefined) return true;
  const { longestHealthyMs } = before;
  const isReady = [...readyMs].some((ms) => longestHealthyMs < ms && app.longestHealthyMs >= ms);
  if (isReady || app.healthyForMs < before.healthyForMs) return true;
  return !isSameJson(withoutTimes(before), withoutTimes(app));
}

function withoutTimes(
  app: AppReport,
): Omit<AppReport, "appliedForMs" | "healthyForMs" | "lookedMs"> {
  const { appliedForMs: _applied, healthyForMs: _healthy, lookedMs: _looked, ...others } = app;
  return { ...others, longestHealthyMs: 0 };
}

/**
 * A live worker tells what changes, so what it said of an app still held when it was last heard: the healthy time has
 * grown by then, not until now, so that silence passes no gate. That it was healthy for so long at a stretch (minReady)
 * counts only as far as somebody has looked.
 */
function observedApp(report: AppReport, sinceMs: number): ObservedApp {
  const { healthyForMs: toldMs } = report;
  const healthyForMs = tellsHealthy(report) ? healthyMs(report) + sinceMs : toldMs;
  return {
    tree: report.tree,
    left: report.left,
    health: report.health,
    healthyForMs,
    longestHealthyMs: Math.max(report.longestHealthyMs, report.healthyForMs),
    everHealthy: report.everHealthy,
    unverified: report.unverified,
    message: report.message,
  };
}
