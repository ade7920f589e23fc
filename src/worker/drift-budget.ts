import type { StateStore } from "./state-store.ts";

/** How much of a region is looked over for drift, and whether what is found may be repaired. */
export interface DriftBudget {
  /** True: a site may be checked now; counted. `perMinute` 0: never. */
  mayCheck(now: number, perMinute: number): boolean;
  /**
   * Notes whether a look has found objects of a site to be repaired: it counts until a later look finds none, also in
   * the next run of the worker.
   */
  note(site: string, drifted: boolean): void;
  /** null: repair; else why not: more than so many percent of the sites have drifted, and something else is wrong. */
  reasonToWait(maxPercent: number | undefined): string | null;
}

const windowMs = 60_000;
const usualPercent = 10;

const prefix = "drifted/";

/** A budget over the sites of one worker, with what its store knows of them; `sites` tells how many there are. */
export function createDriftBudget(
  sites: () => number,
  store: Pick<StateStore, "values" | "setValue" | "deleteValue">,
): DriftBudget {
  let checks: number[] = [];
  const drifted = new Set(store.values(prefix).keys());
  return {
    mayCheck: (now, perMinute) => {
      checks = checks.filter((at) => now - at < windowMs);
      if (checks.length >= perMinute) return false;
      checks.push(now);
      return true;
    },
    note: (site, isDrifted) => {
      if (drifted.has(site) === isDrifted) return;
      if (isDrifted) {
        drifted.add(site);
        store.setValue(prefix + site, "");
      } else {
        drifted.delete(site);
        store.deleteValue(prefix + site);
      }
    },
    reasonToWait: (maxPercent = usualPercent) => {
      // A tenth of a handful of sites is less than one: two are always repaired, unless none is to be.
      const part = Math.floor((sites() * maxPercent) / 100);
      const limit = maxPercent === 0 ? 0 : Math.max(2, part);
      if (drifted.size <= limit) return null;
      return (
        `${drifted.size} of ${sites()} sites have drifted, more than ${maxPercent} %: nothing is repaired before fewer are found ` +
        "so, or the Fleet allows more (drift.maxDriftedPercent)"
      );
    },
  };
}
