/** `flotilla demo --once`: first sync, one change more (where one is known), and the figures of it. */
import type { Clock } from "../runtime/clock.ts";
import { type Demo, type DemoState, hasArrived } from "./demo.ts";
import type { Display } from "./display.ts";
import type { EffectTimes } from "./effect-times.ts";
import { editInWords } from "./fleet-folder.ts";
import type { LastChange } from "./last-change.ts";
import { failure } from "./processes.ts";

/** What it found; times in ms. */
export interface OnceResult {
  readonly sites: number;
  readonly synced: number;
  readonly healthy: number;
  readonly regions: number;
  /** The commit that was changed to, `main@sha1:<commit>`. */
  readonly revision: string | null;
  /** Hand-overs of the change: one for each site and app. */
  readonly handOvers: number;
  /** From the controller's record of a hand-over until the site had answered the last write of it. */
  readonly timeToEffectMs: EffectTimes | null;
  readonly commitToSeenMs: number | null;
  readonly seenToLastSiteMs: number | null;
  /** From the commit until every release of it was through all its stages; null: there was no change. */
  readonly commitToDoneMs: number | null;
  /** From the first commit until every site was in sync and healthy, and no release open. */
  readonly firstSyncMs: number;
  /** DELETE requests that the sites got. */
  readonly deletes: number;
  readonly tookMs: number;
}

export interface OnceOptions {
  readonly clock: Clock;
  readonly display: Display;
  readonly signal: AbortSignal;
  /** When the command began, by the monotonic clock. */
  readonly startedAt: number;
}

const legLimitMs = 120_000;
const lookMs = 100;

/** Runs both legs. `arrived` false: a leg was not through in 2 min, or the signal aborted. DEMO_FAILED when a process ends. */
export async function runOnce(
  demo: Demo,
  options: OnceOptions,
): Promise<{ readonly arrived: boolean; readonly result: OnceResult }> {
  const { clock, display, startedAt } = options;
  const first = await demo.fleet.head();
  const suggestion = await demo.fleet.suggestion();
  if (first === null) throw new Error("the fleet repository has lost its head");
  let leg = await watch(demo, options, first.commit);
  const firstSyncMs = clock.now() - first.at;
  let commitToDoneMs: number | null = null;
  if (leg.arrived && suggestion !== null) {
    const pushed = await demo.fleet.edit(suggestion);
    display.say(`commit ${pushed.commit.slice(0, 8)}: ${editInWords(suggestion)}`);
    leg = await watch(demo, options, pushed.commit);
    commitToDoneMs = clock.now() - pushed.at;
  }
  const tookMs = clock.monotonic() - startedAt;
  const result = resultOf(demo, leg.state, { firstSyncMs, commitToDoneMs, tookMs });
  return { arrived: leg.arrived, result };
}

async function watch(
  demo: Demo,
  { clock, display, signal }: OnceOptions,
  commit: string,
): Promise<{ readonly arrived: boolean; readonly state: DemoState }> {
  const deadline = clock.monotonic() + legLimitMs;
  for (;;) {
    const state = await demo.look();
    display.show(state, []);
    const [ended] = state.ended;
    if (ended !== undefined) throw failure(ended);
    if (hasArrived(state, commit)) return { arrived: true, state };
    if (signal.aborted || clock.monotonic() > deadline) return { arrived: false, state };
    await clock.sleep(lookMs, signal);
  }
}

type Spans = Pick<OnceResult, "firstSyncMs" | "commitToDoneMs" | "tookMs">;

const noChange = {
  handedOver: 0,
  timeToEffectMs: null,
  commitToSeenMs: null,
  seenToLastSiteMs: null,
} as const satisfies Partial<LastChange>;

function resultOf(demo: Demo, { status, change }: DemoState, spans: Spans): OnceResult {
  const { synced, healthy } = status?.sites ?? { synced: 0, healthy: 0 };
  const { handedOver, timeToEffectMs, commitToSeenMs, seenToLastSiteMs } = change ?? noChange;
  return {
    sites: demo.parts.sites.length,
    synced,
    healthy,
    regions: demo.parts.regions.length,
    revision: status?.revision ?? null,
    handOvers: handedOver,
    timeToEffectMs,
    commitToSeenMs,
    seenToLastSiteMs,
    commitToDoneMs: spans.commitToDoneMs === null ? null : Math.round(spans.commitToDoneMs),
    firstSyncMs: Math.round(spans.firstSyncMs),
    deletes: demo.deletes(),
    tookMs: Math.round(spans.tookMs),
  };
}
