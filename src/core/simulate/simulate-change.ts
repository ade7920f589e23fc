/**
 * Two revisions of a fleet and assumptions about its clusters -> how the rollout between them would go: how long it
 * takes, where it stands over time, and what it breaks if it is bad. Pure: the same inputs give the same answer.
 */

import { assumedState, type PlanSide } from "../plan/assumed-state.ts";
import { decisionPlans } from "../plan/decision-plans.ts";
import type { DecisionPlan } from "../plan/fleet-plan.ts";
import { protectedObjects } from "../rollout/protected-objects.ts";
import { startReleases } from "../rollout/start-releases.ts";
import { type Assumptions, behaviourOf } from "./fleet-behaviour.ts";
import { type Play, type Played, playRollout, type Sample } from "./play-rollout.ts";
import type { ToldStage } from "./release-story.ts";
import { fleetAtStart, type SimulatedFleet, simulatedWorld } from "./simulated-fleet.ts";
import { type WorstCase, worstCases } from "./worst-cases.ts";

/** How the rollout of a change would go: plain JSON. Times are in ms, from when the head begins to be followed. */
export interface RolloutSimulation {
  /** null: from nothing. */
  readonly base: string | null;
  readonly head: string;
  readonly siteCount: number;
  /** What its Decisions say, where that is new. Those that are carried out once are not played. */
  readonly decisions: readonly DecisionPlan[];
  /** What was assumed; the controller looks every `lookMs`. */
  readonly assumed: Assumptions & { readonly lookMs: number };
  /** A run for each seed; one where chance plays no part. */
  readonly runs: readonly SimulatedRun[];
  /** Over the runs that are done; null: none is. */
  readonly takes: Percentiles | null;
  /** Stages as the first run had them, and how long they take over all runs. */
  readonly stages: readonly SimulatedStage[];
  /** Of the first run, one for each moment at which something changed. */
  readonly timeline: readonly Sample[];
  /** Of the first run: the sites that stay broken until people act. */
  readonly brokenSites: readonly string[];
  /** If the change is bad from a stage on. Empty where it was assumed to be bad. */
  readonly worst: readonly WorstCase[];
  /** Stages of which the story behind `worst` handed over nothing: what a bad change breaks there is not known. */
  readonly unplayed: readonly Pick<ToldStage, "app" | "release" | "stage" | "sites">[];
}

interface SimulatedRun {
  readonly seed: number;
  readonly outcome: Played["outcome"];
  readonly tookMs: number;
  readonly reasons: readonly string[];
  /** Sites that were broken at one moment, at most, and at any time. */
  readonly mostBroken: number;
  readonly everBroken: number;
  /** How many stay broken until people act. */
  readonly brokenAtEnd: number;
}

interface Percentiles {
  readonly p50Ms: number;
  readonly p95Ms: number;
}

export interface SimulatedStage extends ToldStage {
  /** From its opening until it passed, over the runs in which it did; null: in none. */
  readonly takes: Percentiles | null;
}

/** Simulates going from `base` (null: nothing) to `head` with as many seeds, from the assumed one on. */
export function simulateChange(
  { base, head }: { readonly base: PlanSide | null; readonly head: PlanSide },
  assumed: Assumptions,
  seeds: number,
): RolloutSimulation {
  const sides = base === null ? [head] : [base, head];
  const isProtected = protectedObjects(sides.map(({ rendered }) => rendered.variants));
  const world = simulatedWorld(
    assumedState({ base, head, isProtected, now: Date.parse(assumed.start) }),
    assumed.offlinePercent,
  );
  const fleet = fleetAtStart(world, startReleases(world.start).changes);
  const lookMs = lookMsOf(assumed);
  const playOf = (seed: number): Play => ({
    world,
    behaviour: behaviourOf({ ...assumed, seed }),
    approvalMs: assumed.approvalMs,
    lookMs,
  });
  const runs = seedsOf(assumed, seeds).map((seed) => ({
    seed,
    played: playRollout(playOf(seed), fleet),
  }));
  return {
    base: base?.revision ?? null,
    head: head.revision,
    siteCount: head.model.sites.size,
    decisions: decisionPlans(base?.model ?? null, head.model),
    assumed: { ...assumed, lookMs },
    ...overRuns(runs),
    ...worstOf({ play: playOf(assumed.seed), fleet, assumed, first: runs[0]?.played }),
  };
}

function isChanceless({ healthyAfter, failureRate }: Assumptions): boolean {
  return healthyAfter.p95Ms <= healthyAfter.p50Ms && failureRate === 0;
}

function seedsOf(assumed: Assumptions, seeds: number): readonly number[] {
  const count = isChanceless(assumed) ? 1 : seeds;
  return Array.from({ length: count }, (_, index) => assumed.seed + index);
}

const second = 1000;

/** Every second; a tenth of the usual time to health where each site has its own, or a large fleet takes long to play. */
function lookMsOf(assumed: Assumptions): number {
  if (isChanceless(assumed)) return second;
  return Math.max(second, Math.round(assumed.healthyAfter.p50Ms / 10 / second) * second);
}

interface Run {
  readonly seed: number;
  readonly played: Played;
}

function overRuns(
  runs: readonly Run[],
): Pick<RolloutSimulation, "runs" | "takes" | "stages" | "timeline" | "brokenSites"> {
  const done = runs.filter(({ played }) => played.outcome === "done");
  const [first] = runs;
  return {
    runs: runs.map(({ seed, played }) => {
      const { outcome, tookMs, reasons, samples, everBroken } = played;
      const brokenAtEnd = played.brokenAtEnd.length;
      const mostBroken = Math.max(0, ...samples.map(({ broken }) => broken));
      return { seed, outcome, tookMs, reasons, mostBroken, everBroken, brokenAtEnd };
    }),
    takes: percentilesOf(done.map(({ played }) => played.tookMs)),
    stages: (first?.played.stages ?? []).map((stage) => ({
      ...stage,
      takes: stageTakes(runs, stage),
    })),
    timeline: changesOf(first?.played.samples ?? []),
    brokenSites: first?.played.brokenAtEnd ?? [],
  };
}

function stageTakes(runs: readonly Run[], { release, stage }: ToldStage): Percentiles | null {
  const spans = runs.flatMap(({ played }) => {
    const own = played.stages.find((each) => each.release === release && each.stage === stage);
    if (own === undefined || own.openedMs === null || own.passedMs === null) return [];
    return [own.passedMs - own.openedMs];
  });
  return percentilesOf(spans);
}

/** Nearest ranks: each is the value of a run. */
function percentilesOf(values: readonly number[]): Percentiles | null {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  return sorted.length === 0 ? null : { p50Ms: at(0.5), p95Ms: at(0.95) };
}

/** Samples without those that say what the one before says; the last is kept, for it says when it ended. */
function changesOf(samples: readonly Sample[]): readonly Sample[] {
  const said = (sample: Sample): string => JSON.stringify({ ...sample, atMs: 0 });
  return samples.filter((sample, index) => {
    const before = samples[index - 1];
    return before === undefined || index === samples.length - 1 || said(before) !== said(sample);
  });
}

interface WorstInput {
  readonly play: Play;
  readonly fleet: SimulatedFleet;
  readonly assumed: Assumptions;
  /** The first run: of the same seed. */
  readonly first: Played | undefined;
}

/** By itself: sites that would fail whatever the change does are no part of what it breaks. */
function worstOf({
  play,
  fleet,
  assumed,
  first,
}: WorstInput): Pick<RolloutSimulation, "worst" | "unplayed"> {
  if (assumed.badAfterMs !== null) return { worst: [], unplayed: [] };
  const alone = { ...play, behaviour: behaviourOf({ ...assumed, failureRate: 0 }) };
  const good = assumed.failureRate === 0 ? first : undefined;
  const played = good ?? playRollout(alone, fleet);
  const worst = worstCases(alone, played);
  return { worst, unplayed: unplayedStages(played, worst) };
}

/** Those that did not open, and those that opened and handed over nothing. */
function unplayedStages(
  { stages }: Played,
  worst: readonly WorstCase[],
): RolloutSimulation["unplayed"] {
  const isPlayed = ({ release, stage }: ToldStage): boolean =>
    worst.some((each) => each.release === release && each.stage === stage);
  return stages
    .filter((each) => each.sites > 0 && each.kind !== "removal" && !isPlayed(each))
    .map(({ app, release, stage, sites }) => ({ app, release, stage, sites }));
}
