/**
 * The loop: pass after pass, each from scratch. Between two it waits for a wake-up (a report, a decision, a new head)
 * or for the time at which something may open. Operators' decisions are carried out between passes, by the one writer.
 */
import { FleetError } from "../core/errors.ts";
import { backoffMs } from "../runtime/backoff.ts";
import type { Waker } from "../runtime/wake.ts";
import { describeError } from "./describe-error.ts";
import { type Pass, reconcile } from "./reconcile.ts";
import type { World } from "./world.ts";

/** The longest time between two passes. */
const maxWaitMs = 30_000;
/** The shortest wait after a pass that wrote nothing: a time that is due again and again must not fill a core. */
const minWaitMs = 100;
/** So many passes in a row may write something before the loop takes a breath: others get their turn. */
const mostAtOnce = 50;
const breatherMs = 1000;
/**
 * After a pass reports have to wait for so many times as long as it took, up to a bound: passes over a large fleet leave
 * the most of a core to those who report.
 */
const restTimes = 3;
const mostRestMs = 500;
const failureBaseMs = 200;
const failureMaxMs = 60_000;

export interface LoopOptions {
  readonly world: World;
  readonly waker: Waker;
  /** Carries out the decisions that have come in. */
  readonly decide: () => Promise<void>;
  /** Called after every pass. */
  readonly onPass: (pass: Pass) => Promise<void>;
  /** Called when a pass could not be made; null: it could. */
  readonly onProblem: (problem: string | null) => void;
  /** Called at each turn: the loop runs. */
  readonly onBeat: () => void;
  readonly signal: AbortSignal;
}

/** Runs until the signal aborts. Throws STALE_EPOCH when another controller took over, and bugs. */
export async function runLoop(options: LoopOptions): Promise<void> {
  const { clock } = options.world;
  let failures = 0;
  let busy = 0;
  while (!options.signal.aborted) {
    options.onBeat();
    const startedAt = clock.monotonic();
    const waitMs = await turn(options);
    const tookMs = clock.monotonic() - startedAt;
    failures = waitMs === null ? failures + 1 : 0;
    busy = waitMs === 0 ? busy + 1 : 0;
    const breathMs = busy > mostAtOnce ? breatherMs : 0;
    const wait = waitMs ?? failureWaitMs(options, failures);
    const restMs = Math.min(mostRestMs, restTimes * tookMs);
    await options.waker.wait(Math.max(wait, breathMs), options.signal, restMs);
  }
}

/** One turn; gives the time until the next, null when it failed. */
async function turn({
  world,
  decide,
  onPass,
  onProblem,
  signal,
}: LoopOptions): Promise<number | null> {
  try {
    await decide();
    // What is told while the pass runs is news until the plan says what it waits for.
    world.observations.expect(null);
    const pass = await reconcile(world);
    world.observations.expect(pass.plan);
    await onPass(pass);
    onProblem(null);
    return waitAfter(pass, world);
  } catch (error) {
    if (signal.aborted) return 0;
    if (!(error instanceof FleetError) || error.code === "STALE_EPOCH") throw error;
    onProblem(describeError(error));
    return null;
  }
}

function failureWaitMs({ world }: LoopOptions, attempt: number): number {
  const random = (): number => world.clock.random();
  return failureBaseMs + backoffMs({ attempt, baseMs: failureBaseMs, maxMs: failureMaxMs, random });
}

function waitAfter(pass: Pass, { clock, observations }: World): number {
  if (pass.hasWritten) return 0;
  const wakeAt = pass.plan?.wakeAt ?? null;
  const waits = [maxWaitMs];
  if (wakeAt !== null) waits.push(wakeAt - clock.now());
  if (pass.problems.length > 0) waits.push(failureBaseMs);
  const silence = observations.nextSilenceMs();
  if (silence !== null) waits.push(silence);
  return Math.max(minWaitMs, Math.min(...waits));
}
