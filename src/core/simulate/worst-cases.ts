/**
 * What a bad change would do. From just before each stage opened, the story is played once more with a version that
 * breaks every site of that stage and of the later ones: what went before is as it was, for nobody would have noticed.
 */
import type { Release } from "../rollout/records.ts";
import type { Behaviour } from "./fleet-behaviour.ts";
import { type Play, type Played, playRollout, type StageOpening } from "./play-rollout.ts";

export interface WorstCase {
  readonly app: string;
  readonly release: string;
  /** The first stage in which it is bad. */
  readonly stage: string;
  /** `at-once`: it never gets healthy; `late`: it gets healthy, settles, and breaks shortly before its soak would end. */
  readonly breaks: "at-once" | "late";
  /** Sites that were broken at one moment, at most. */
  readonly mostBroken: number;
  /** Sites that were broken at any time. */
  readonly everBroken: number;
  /** From the opening of the stage until nothing more is handed over; null: nothing stopped it. */
  readonly stoppedMs: number | null;
  /** From the opening of the stage until no site is broken any more; null: some stay broken until people act. */
  readonly wholeMs: number | null;
  /** Sites that stay broken until people act. */
  readonly brokenAtEnd: number;
}

/** The worst cases of a story that was played, in the order in which its stages opened; none where nothing was handed over. */
export function worstCases(play: Play, { openings }: Played): readonly WorstCase[] {
  return openings.flatMap((opening) => {
    const release = releaseOf(opening);
    if (release === undefined || release.kind === "removal") return [];
    const index = release.stages.findIndex(({ name }) => name === opening.stage);
    const sites = Object.entries(release.list).filter(([, { stage }]) => stage >= index);
    if (!sites.some(([, { stage }]) => stage === index)) return [];
    const reached = { release, index, sites: new Set(sites.map(([site]) => site)) };
    const cases = kindsOf(release, index).map((breaks) =>
      worstCase(play, opening, { ...reached, breaks }),
    );
    return cases.some(({ everBroken }) => everBroken > 0) ? cases : [];
  });
}

function releaseOf({ release, fleet }: StageOpening): Release | undefined {
  return Object.values(fleet.control.apps)
    .flatMap(({ open }) => open)
    .find(({ id }) => id === release);
}

/** Where nothing soaks, nothing that breaks late is noticed by the stage. */
function kindsOf({ stages }: Release, index: number): readonly WorstCase["breaks"][] {
  return (stages[index]?.soakMs ?? 0) > 0 ? ["at-once", "late"] : ["at-once"];
}

interface Bad {
  readonly release: Release;
  readonly index: number;
  readonly sites: ReadonlySet<string>;
  readonly breaks: WorstCase["breaks"];
}

function worstCase(play: Play, { fleet, stage }: StageOpening, bad: Bad): WorstCase {
  const { release, breaks } = bad;
  const played = playRollout({ ...play, behaviour: badBehaviour(play, bad) }, fleet);
  const opened = fleet.now - play.world.start.now;
  const { samples, stages, everBroken } = played;
  const told = stages.find((each) => each.release === release.id && each.stage === stage);
  const brokenAtEnd = samples.at(-1)?.broken ?? 0;
  const last = samples.findLastIndex(({ broken }) => broken > 0);
  const whole = brokenAtEnd > 0 ? undefined : samples[last + 1];
  return {
    app: release.app,
    release: release.id,
    stage,
    breaks,
    mostBroken: Math.max(0, ...samples.map(({ broken }) => broken)),
    everBroken,
    stoppedMs: told === undefined || told.stoppedMs === null ? null : told.stoppedMs - opened,
    wholeMs: whole === undefined ? null : whole.atMs - opened,
    brokenAtEnd,
  };
}

function badBehaviour(play: Play, { release, index, sites, breaks }: Bad): Behaviour {
  const { behaviour, lookMs } = play;
  const soakMs = release.stages[index]?.soakMs ?? 0;
  const settledMs = release.minReadyMs + Math.max(soakMs - 3 * lookMs, soakMs / 2);
  return (at) => {
    const fate = behaviour(at);
    if (at.app !== release.app || !sites.has(at.site)) return fate;
    const breaksAfterMs = breaks === "at-once" ? 0 : fate.healthyAfterMs + settledMs;
    return { ...fate, breaksAfterMs };
  };
}
