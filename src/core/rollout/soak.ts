/** The soak of a stage: for how long everything that settled in it has to stay well. */
import { isStagePromoted } from "./approvals.ts";
import { askAt } from "./board.ts";
import { own } from "./own.ts";
import { silentMs } from "./silence.ts";
import { heardAt, type SiteView } from "./site-view.ts";
import type { StageRun } from "./stage-run.ts";
import { type Part, releasesOf } from "./units.ts";
import { spanInWords } from "./words.ts";

/** Why the stage still soaks; null: it does not. A soak that a person has ended by a promotion lasts no longer. */
export function soakBlock(run: StageRun): StageRun["gate"] {
  const { board, unit, stage } = run;
  const ends = soakEnds(run).filter(({ at, heardAt }) => heardAt < at);
  const last = ends.toSorted((a, b) => b.at - a.at)[0];
  if (last === undefined) return null;
  if (last.isStill) {
    return {
      code: "worker-silent",
      reason: `the soak of stage ${stage.name} stands still: the worker of ${last.mirror} is silent`,
      endsWhen: "it reports again, or an operator excuses the region",
    };
  }
  if (releasesOf(board, unit).every((release) => isStagePromoted(release, stage.name))) return null;
  for (const { mirror, at, isStill } of ends) if (!isStill) askAt(board, mirror, at);
  const left = spanInWords(Math.max(0, last.at - board.input.now));
  return {
    code: "soak",
    reason: `stage ${stage.name} soaks for ${spanInWords(stage.soakMs)}`,
    endsWhen: `${left} more have passed without a failure`,
  };
}

/** The end of a soak at the sites of one mirror. It has ended there when its worker was heard at that time or later. */
interface SoakEnd {
  readonly mirror: string;
  readonly at: number;
  readonly heardAt: number;
  readonly isStill: boolean;
}

/**
 * When the soak that the last settled site began ends, for each mirror of settled sites: it stands still while the
 * worker is silent. Nothing more is waited for in an excused region, but what is excused there begins the soak anew for
 * the others.
 */
function soakEnds(run: StageRun): readonly SoakEnd[] {
  const { input } = run.board;
  let last = -Infinity;
  const views = new Map<string, SiteView>();
  for (const part of run.sites.flatMap(({ parts }) => parts)) {
    const from = settledAt(run, part);
    if (from === null) continue;
    last = Math.max(last, from);
    if (!part.view.isRegionExcused) views.set(part.view.mirror, part.view);
  }
  return [...views].map(([mirror, view]) => {
    const isStill = view.silentSince !== null;
    const at = last + run.stage.soakMs + silentMs(input, mirror, last);
    // Without a soak nothing has to be known of a time after the last site has settled.
    const isNow = isStill || run.stage.soakMs === 0;
    return { mirror, at, isStill, heardAt: isNow ? input.now : heardAt(input, view) };
  });
}

/** Excuses that begin the soak anew: those that somebody has spoken. */
const spoken: ReadonlySet<string> = new Set(["operator", "tied"]);

function settledAt(run: StageRun, { state, release }: Part): number | null {
  const opened = Date.parse(own(release.opened, run.stage.name) ?? run.board.at);
  switch (state.kind) {
    case "done":
    case "failed":
    case "unchanged":
      return Math.max(state.settledAt, opened);
    case "excused":
      return spoken.has(state.because) ? Math.max(state.settledAt, opened) : null;
    case "waiting":
    case "in-flight":
    case "fails":
      break;
  }
  return null;
}
