/** How much of a region is looked over for drift, and whether what is found may be repaired. */
export interface DriftBudget {
  /** True: a site may be checked now; counted. `perMinute` 0: never. */
  mayCheck(now: number, perMinute: number): boolean;
  /** Notes whether a site has drifted objects. */
  note(site: string, drifted: boolean): void;
  /** null: repair; else why not: so many sites have drifted that something else is wrong. */
  reasonToWait(): string | null;
}

const windowMs = 60_000;

/** A budget over the sites of one worker; `sites` tells how many there are. */
export function createDriftBudget(sites: () => number): DriftBudget {
  let checks: number[] = [];
  const drifted = new Set<string>();
  return {
    mayCheck: (now, perMinute) => {
      checks = checks.filter((at) => now - at < windowMs);
      if (checks.length >= perMinute) return false;
      checks.push(now);
      return true;
    },
    note: (site, isDrifted) => {
      if (isDrifted) drifted.add(site);
      else drifted.delete(site);
    },
    reasonToWait: () => {
      // A tenth of a handful of sites is less than one: two are always repaired.
      const limit = Math.max(2, Math.floor(sites() / 10));
      if (drifted.size <= limit) return null;
      return `${drifted.size} of ${sites()} sites have drifted, more than a tenth: nothing is repaired until that is looked into`;
    },
  };
}
