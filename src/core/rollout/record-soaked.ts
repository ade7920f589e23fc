import { own } from "./own.ts";
import type { Release } from "./records.ts";
import { soakBlock } from "./soak.ts";
import { editMembers, type StageRun } from "./stage-run.ts";

/**
 * Writes down where the soak of a settled stage is over that waits for something else: a promotion, a check. What breaks
 * there from then on is no failure of the release. Under a hold failures go on to count: whoever lets go of it sees them.
 */
export function recordSoaked(run: StageRun): void {
  if (soakBlock(run) !== null) return;
  const { board, unit, stage, sites } = run;
  editMembers(board, unit, (release) => {
    const handed = { ...release.handed };
    const parts = sites.flatMap((site) => site.parts);
    const soaked = parts.flatMap(({ release: { id }, entry, state, view }) =>
      id === release.id && entry.to !== null && state.kind === "done"
        ? noteSoaked(handed, view.site, board.at)
        : [],
    );
    if (soaked.length === 0) return undefined;
    const why = `${release.id}: the soak of stage ${stage.name} is over`;
    return { release: { ...release, handed }, why };
  });
}

function noteSoaked(handed: Release["handed"], site: string, at: string): string[] {
  const record = own(handed, site);
  if (record === undefined || record.soaked !== undefined) return [];
  handed[site] = { ...record, soaked: at };
  return [site];
}

/** The records of hand-overs as before any soak was over: it begins anew. */
export function withoutSoaked(handed: Release["handed"]): Release["handed"] {
  const anew: Release["handed"] = {};
  for (const [site, record] of Object.entries(handed)) {
    const { soaked: _, ...rest } = record;
    anew[site] = rest;
  }
  return anew;
}
