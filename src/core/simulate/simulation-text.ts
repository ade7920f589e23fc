/** A simulation as people read it on a terminal. */
import { workTree } from "../plan/assumed-state.ts";
import { doneOnceInWords } from "../plan/decision-plans.ts";
import { countOf, readableTimes, someOf, spanInWords } from "../rollout/words.ts";
import type { Sample } from "./play-rollout.ts";
import type { RolloutSimulation, SimulatedStage } from "./simulate-change.ts";
import type { WorstCase } from "./worst-cases.ts";

/** The simulation as text that ends in a newline. */
export function simulationText(simulation: RolloutSimulation): string {
  const { stages, worst, unplayed, timeline, runs } = simulation;
  const once = doneOnceInWords(simulation.decisions);
  const nothing = stages.length === 0 && timeline.length <= 1;
  const blocks = [
    [headLine(simulation), `Assumed: ${assumedWords(simulation)}.`],
    nothing ? [`No release begins${once === "" ? ": nothing changes" : ""}.`] : [],
    once === "" ? [] : [`Not played: what ${once} does when it is followed.`],
    stages.length === 0 ? [] : stageLines(simulation),
    nothing ? [] : [...runLines(simulation)],
    worst.length === 0 ? [] : worstLines(worst),
    unplayed.length === 0 ? [] : [unplayedWords(simulation)],
    nothing ? [] : timelineLines(timeline, runs.length),
  ];
  return blocks
    .flatMap((lines) => (lines.length === 0 ? [] : [`${lines.join("\n")}\n`]))
    .join("\n");
}

function headLine({ base, head, siteCount }: RolloutSimulation): string {
  const from = base === null ? "nothing" : shortRevision(base);
  return `Simulated from ${from} to ${shortRevision(head)} on a model of ${countOf(siteCount, "site")}.`;
}

function shortRevision(revision: string): string {
  if (/^[0-9a-f]{40}$/.test(revision)) return revision.slice(0, 12);
  return revision === workTree ? `the ${workTree}` : revision;
}

/** A span of time; none is `0s`. */
export function timeInWords(ms: number): string {
  return ms === 0 ? "0s" : spanInWords(ms);
}

/** What was assumed, in a line. */
export function assumedWords({
  assumed,
  runs,
}: Pick<RolloutSimulation, "assumed" | "runs">): string {
  const { start, healthyAfter, failureRate, offlinePercent, approvalMs, badAfterMs } = assumed;
  const { p50Ms, p95Ms } = healthyAfter;
  const within =
    p95Ms > p50Ms
      ? `half of the sites are healthy within ${timeInWords(p50Ms)}, 95 % within ${timeInWords(p95Ms)}`
      : `a site is healthy ${timeInWords(p50Ms)} after its hand-over`;
  const share = Number((failureRate * 100).toFixed(4));
  const seeds = runs.map(({ seed }) => seed);
  return [
    `it begins at ${readableTimes(start)}`,
    within,
    failureRate === 0 ? "none fails" : `${share} % fail`,
    offlinePercent === 0 ? "all answer" : `${offlinePercent} % are offline`,
    `approvals take ${timeInWords(approvalMs)}`,
    ...(badAfterMs === null ? [] : [badWords(badAfterMs)]),
    seeds.length === 1 ? `seed ${seeds[0]}` : `seeds ${seeds[0]} to ${seeds.at(-1)}`,
  ].join(", ");
}

function badWords(afterMs: number): string {
  return afterMs === 0
    ? "the new version never gets healthy"
    : `the new version breaks ${timeInWords(afterMs)} after its hand-over`;
}

function stageLines({ stages, runs }: RolloutSimulation): string[] {
  const several = runs.length > 1;
  const headings = ["RELEASE", "STAGE", "SITES", "OPENS", "SETTLED", "PASSES"];
  const rows = stages.map((stage) => [
    `${stage.app} (${kindWords[stage.kind]})`,
    stage.stage,
    String(stage.sites),
    timeOrDash(stage.openedMs),
    timeOrDash(stage.settledMs),
    stage.stoppedMs !== null && stage.passedMs === null
      ? `stops at ${timeInWords(stage.stoppedMs)}`
      : timeOrDash(stage.passedMs),
    ...(several ? takesCells(stage) : []),
  ]);
  return table(several ? [...headings, "TAKES P50", "P95"] : headings, rows);
}

const kindWords = { app: "new version", site: "site data", removal: "leaves" } as const;

function takesCells({ takes }: SimulatedStage): string[] {
  return takes === null ? ["-", "-"] : [timeInWords(takes.p50Ms), timeInWords(takes.p95Ms)];
}

function timeOrDash(ms: number | null): string {
  return ms === null ? "-" : timeInWords(ms);
}

function runLines({ runs, takes, brokenSites }: RolloutSimulation): string[] {
  const done = runs.filter(({ outcome }) => outcome === "done");
  const [first] = runs;
  const whole =
    takes === null
      ? []
      : runs.length === 1
        ? [`The whole takes ${timeInWords(takes.p50Ms)}.`]
        : [
            `The whole takes ${timeInWords(takes.p50Ms)} (p50), ${timeInWords(takes.p95Ms)} (p95), ${done.length} of ${countOf(runs.length, "run")}.`,
          ];
  const stopped = runs
    .filter(({ outcome }) => outcome !== "done")
    .map(({ seed, tookMs, reasons }) => {
      const which = runs.length === 1 ? "It" : `Seed ${seed}`;
      return `${which} goes no further after ${timeInWords(tookMs)}: ${reasons.join("; ")}.`;
    });
  const broken =
    first !== undefined && first.everBroken > 0
      ? [
          `Broken: ${countOf(first.everBroken, "site")}, ${first.mostBroken} at once${runs.length === 1 ? "" : ` (seed ${first.seed})`}.`,
        ]
      : [];
  return [...whole, ...stopped, ...broken, ...brokenLines(brokenSites)];
}

function brokenLines(sites: readonly string[]): string[] {
  if (sites.length === 0) return [];
  const verb = sites.length === 1 ? "stays" : "stay";
  return [
    `${countOf(sites.length, "site")} ${verb} broken until people act: ${someOf(new Set(sites))}.`,
  ];
}

const breakWords = { "at-once": "at once", late: "late in the soak" } as const;

function worstLines(worst: readonly WorstCase[]): string[] {
  const headings = [
    "IF BAD FROM",
    "BREAKS",
    "MOST AT ONCE",
    "IN ALL",
    "STOPPED AFTER",
    "WHOLE AFTER",
  ];
  const rows = worst.map((one) => [
    `${one.app}, ${one.stage}`,
    breakWords[one.breaks],
    countOf(one.mostBroken, "site"),
    countOf(one.everBroken, "site"),
    one.stoppedMs === null ? "not stopped" : timeInWords(one.stoppedMs),
    one.wholeMs === null ? `${one.brokenAtEnd} stay broken` : timeInWords(one.wholeMs),
  ]);
  return table(headings, rows);
}

/** That nothing is known of stages that were not reached, in a sentence. */
export function unplayedWords({ unplayed }: Pick<RolloutSimulation, "unplayed">): string {
  const stages = unplayed.map(
    ({ app, stage, sites }) => `${stage} of ${app} (${countOf(sites, "site")})`,
  );
  return `Nothing is handed over of stage ${stages.join(", ")}: what a bad change breaks there is not known.`;
}

/** At most this many lines tell how it goes. */
const mostRows = 16;

function timelineLines(timeline: readonly Sample[], runs: number): string[] {
  const headings = ["TIME", "WAITING", "IN FLIGHT", "DONE", "FAILED", "EXCUSED", "BROKEN"];
  const rows = thinned(timeline).map((sample) => {
    const { atMs, waiting, inFlight, done, failed, excused, broken } = sample;
    return [timeInWords(atMs), ...[waiting, inFlight, done, failed, excused, broken].map(String)];
  });
  const title = runs > 1 ? ["Over time, in the first run:"] : [];
  return [...title, ...table(headings, rows)];
}

/** Evenly many of them, the first and the last included. */
function thinned(timeline: readonly Sample[]): readonly Sample[] {
  if (timeline.length <= mostRows) return timeline;
  const step = (timeline.length - 1) / (mostRows - 1);
  return Array.from({ length: mostRows }, (_, row) => timeline[Math.round(row * step)]).filter(
    (sample) => sample !== undefined,
  );
}

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const lines = [headings, ...rows];
  const widths = headings.map((_, column) =>
    Math.max(...lines.map((row) => row[column]?.length ?? 0)),
  );
  return lines.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
