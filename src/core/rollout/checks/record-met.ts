import { own } from "../own.ts";
import type { Release } from "../records.ts";
import { editMembers, type StageRun } from "../stage-run.ts";
import { hasSiteChecks } from "./site-checks.ts";

/** Writes down where every check was true for the first time: from then on a check that is not true is a failure. */
export function recordMet({ board, unit, sites }: StageRun): void {
  editMembers(board, unit, (release) => {
    if (!hasSiteChecks(release)) return undefined;
    const handed = { ...release.handed };
    const met = sites.flatMap(({ site, parts }) =>
      parts.some((part) => part.release.id === release.id && part.state.kind === "done")
        ? noteMet(handed, site, board.at)
        : [],
    );
    if (met.length === 0) return undefined;
    const why = `${release.id}: every check is true at ${met.join(", ")}`;
    return { release: { ...release, handed }, why };
  });
}

function noteMet(handed: Release["handed"], site: string, at: string): string[] {
  const record = own(handed, site);
  if (record === undefined || record.met !== undefined) return [];
  handed[site] = { ...record, met: at };
  return [site];
}
