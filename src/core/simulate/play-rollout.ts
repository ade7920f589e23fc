/**
 * Plays a change against a simulated fleet, from its first release until nothing happens any more. It asks the planner
 * that the controller asks; between two looks it lets time pass until something changes, in steps of `lookMs`.
 */
import { planRollout } from "../rollout/plan-rollout.ts";
import { applyDecision } from "../rollout/decisions.ts";
import type { Decision } from "../protocol/api.ts";
import type { NeededApproval, RolloutPlan, Wait } from "../rollout/planner-types.ts";
import { isoTime } from "../rollout/board.ts";
import { newUnitMemory } from "../rollout/unit-memory.ts";
import { controlAfter } from "./control-after.ts";
import type { Behaviour } from "./fleet-behaviour.ts";
import { isBroken, isToBreak } from "./live-app.ts";
import { ReleaseStory, type Seen, type ToldStage } from "./release-story.ts";
import {
  carryOut,
  nextFleetTurn,
  plannerInput,
  type SimulatedFleet,
  type SimulatedWorld,
} from "./simulated-fleet.ts";

/** How many apps at sites are in which state, over all releases, at one moment. */
export interface Sample {
  /** Since the head began to be followed. */
  readonly atMs: number;
  readonly waiting: number;
  readonly inFlight: number;
  readonly done: number;
  readonly failed: number;
  /** Left out, offline, or unhealthy before and after. */
  readonly excused: number;
  /** Sites where an app that was handed over does not work now. */
  readonly broken: number;
}

export interface Played {
  readonly outcome: "done" | "stopped" | "unfinished";
  /** Until the last release is through, or until nothing more happens. */
  readonly tookMs: number;
  /** Why it goes no further; empty when it is done. */
  readonly reasons: readonly string[];
  readonly samples: readonly Sample[];
  readonly stages: readonly ToldStage[];
  /** Sites that were broken at any time. */
  readonly everBroken: number;
  /** Sites that are broken when nothing happens any more. */
  readonly brokenAtEnd: readonly string[];
  /** The fleet just before each stage opened. */
  readonly openings: readonly StageOpening[];
}

export interface StageOpening {
  readonly release: string;
  readonly stage: string;
  readonly fleet: SimulatedFleet;
}

export interface Play {
  readonly world: SimulatedWorld;
  readonly behaviour: Behaviour;
  /** How long people take to approve, or to promote, what waits for them. */
  readonly approvalMs: number;
  /** The controller looks this often. */
  readonly lookMs: number;
}

/** A story that is longer than this many looks is left unfinished. */
const mostLooks = 20_000;
/** Plans at one moment; the planner comes to rest in far fewer. */
const mostPlans = 100;

/** Plays on from `fleet`, also when the last release is through, until all that is to break has broken. */
export function playRollout(play: Play, fleet: SimulatedFleet): Played {
  const run = newRun(play, fleet);
  for (let look = 0; look < mostLooks; look += 1) {
    const { plan, ...seen } = settle(run);
    run.samples.push(sampleOf(run, seen));
    run.throughAt = isThrough(run.fleet) ? (run.throughAt ?? run.fleet.now) : null;
    if (run.throughAt !== null && !isAnyToBreak(run.fleet)) return playedOf(run, "done", []);
    const next = nextLook(run, plan);
    if (next === Infinity) return playedOf(run, "stopped", reasonsOf(plan.waits));
    run.fleet = { ...run.fleet, now: next };
  }
  return playedOf(run, "unfinished", [`it goes on after ${mostLooks} looks`]);
}

interface Run extends Play {
  fleet: SimulatedFleet;
  readonly story: ReleaseStory;
  readonly samples: Sample[];
  readonly everBroken: Set<string>;
  readonly openings: StageOpening[];
  /** Approvals that somebody was asked for, and when. */
  readonly asked: Map<string, number>;
  /** Since when no release is open; null: one is. */
  throughAt: number | null;
}

function newRun(play: Play, fleet: SimulatedFleet): Run {
  const story = new ReleaseStory(play.world.start.now);
  return {
    ...play,
    fleet,
    story,
    samples: [],
    everBroken: new Set(),
    openings: [],
    asked: new Map(),
    throughAt: null,
  };
}

/** Plans and carries out until nothing is left to do now; gives the last plan, and what it was made of. */
function settle(run: Run): Seen & { readonly plan: RolloutPlan } {
  for (let round = 0; round < mostPlans; round += 1) {
    const { fleet } = run;
    const input = plannerInput(run.world, fleet);
    const memory = newUnitMemory();
    const plan = planRollout(input, memory);
    run.story.note({ input, memory }, plan.changes);
    const opened = run.story.newlyOpened();
    run.openings.push(...opened.map((stage) => ({ ...stage, fleet })));
    run.fleet = carryOut(run.world, { fleet, plan }, run.behaviour);
    const { changes, handOvers, siteMoves } = plan;
    const isAtRest = changes.length === 0 && handOvers.length === 0 && siteMoves.length === 0;
    if (!approve(run, plan.waits) && isAtRest) return { input, memory, plan };
  }
  throw new Error("the planner does not come to rest");
}

/** Gives the approvals and promotions that have been waited for long enough; true when it gave one. */
function approve(run: Run, waits: readonly Wait[]): boolean {
  let given = false;
  for (const needs of new Set(waits.flatMap((wait) => wait.needs ?? []))) {
    const key = JSON.stringify(needs);
    const since = run.asked.get(key) ?? run.fleet.now;
    run.asked.set(key, since);
    if (run.fleet.now < since + run.approvalMs) continue;
    const word = { by: "simulation", at: isoTime(run.fleet.now) };
    const result = applyDecision(run.fleet.control, decisionFor(needs), word);
    // What was approved by the same word for another site is no question any more.
    if (!result.ok) continue;
    run.fleet = { ...run.fleet, control: controlAfter(run.fleet.control, result.changes) };
    given = true;
  }
  return given;
}

function decisionFor({ app, release, what, value }: NeededApproval): Decision {
  const why = "simulated";
  if (what === "promotion") return { verb: "promote", app, release, stage: value, why };
  const base = { verb: "approve", app, release, why } as const;
  if (what === "stage") return { ...base, stage: value };
  if (what === "deletions") return { ...base, deletions: Number(value) };
  return { ...base, removal: value === "orphan" ? "orphan" : "delete" };
}

function isThrough({ control }: SimulatedFleet): boolean {
  return Object.values(control.apps).every(
    ({ open, arrivals }) => open.length === 0 && Object.keys(arrivals?.handed ?? {}).length === 0,
  );
}

/** Something that was handed over works for now only. */
function isAnyToBreak({ live, now }: SimulatedFleet): boolean {
  return [...live.values()].some((apps) => Object.values(apps).some((app) => isToBreak(app, now)));
}

/** The next moment, on the grid of looks, at which something may have changed; Infinity: nothing will. */
function nextLook(run: Run, { wakeAt }: RolloutPlan): number {
  const { fleet, asked, approvalMs, lookMs, world } = run;
  const { now } = fleet;
  const times = [
    nextFleetTurn(fleet),
    wakeAt ?? Infinity,
    ...[...asked.values()].map((at) => at + approvalMs),
  ];
  const next = Math.min(...times.filter((at) => at > now));
  if (next === Infinity) return next;
  return world.start.now + Math.ceil((next - world.start.now) / lookMs) * lookMs;
}

function sampleOf(run: Run, seen: Seen): Sample {
  const { fleet, story, world, everBroken } = run;
  const broken = brokenSites(fleet);
  for (const site of broken) everBroken.add(site);
  const counts = story.counts(seen);
  return { atMs: fleet.now - world.start.now, ...counts, broken: broken.length };
}

function brokenSites({ live, now }: SimulatedFleet): string[] {
  return [...live].flatMap(([site, apps]) =>
    Object.values(apps).some((app) => isBroken(app, now)) ? [site] : [],
  );
}

/** What holds up whole releases and stages, else what holds up sites; each reason once, the first few. */
function reasonsOf(waits: readonly Wait[]): readonly string[] {
  const whole = waits.filter(({ site }) => site === null);
  const told = whole.length > 0 ? whole : waits;
  const reasons = told.map(
    ({ app, reason, endsWhen }) => `${app}: ${reason}; ends when ${endsWhen}`,
  );
  return [...new Set(reasons)].slice(0, 3);
}

function playedOf(run: Run, outcome: Played["outcome"], reasons: readonly string[]): Played {
  const { fleet, world, samples, story, everBroken, openings, throughAt } = run;
  const tookMs = (throughAt ?? fleet.now) - world.start.now;
  return {
    outcome,
    tookMs,
    reasons,
    samples,
    stages: story.stages(),
    everBroken: everBroken.size,
    brokenAtEnd: brokenSites(fleet).toSorted(),
    openings,
  };
}
