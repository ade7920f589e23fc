import type { Json } from "../../model/json.ts";
import { isHealthy } from "../site-view.ts";
import type { StageRun } from "../stage-run.ts";
import type { UnitSite } from "../units.ts";
import { shareOf } from "./check-facts.ts";

/** `stage`: how its sites stand now, what this plan has handed over included. */
export function stageFacts(run: StageRun): Readonly<Record<string, Json>> {
  return {
    get stage() {
      const { sites, healthy, unhealthy, ...counts } = countsOf(run);
      const inFlight = run.inFlight.size;
      const failed = run.failed.size;
      return {
        name: run.stage.name,
        sites,
        ...counts,
        waiting: counts.waiting - run.handedNow.size,
        inFlight,
        failed,
        healthy,
        unhealthy,
        doneShare: shareOf(counts.done, sites),
        failedShare: shareOf(failed, sites),
        healthyShare: shareOf(healthy, sites),
      };
    },
  };
}

interface Counts {
  readonly sites: number;
  readonly waiting: number;
  readonly done: number;
  readonly unchanged: number;
  readonly excused: number;
  readonly healthy: number;
  readonly unhealthy: number;
}

/** Counted once per run: the plan asks at every site. */
const counted = new WeakMap<StageRun, Counts>();

function countsOf(run: StageRun): Counts {
  const known = counted.get(run);
  if (known !== undefined) return known;
  const number = (is: (site: UnitSite) => boolean): number => run.sites.filter(is).length;
  const ofKind = (kind: UnitSite["state"]["kind"]): number =>
    number(({ state }) => state.kind === kind);
  const counts = {
    sites: run.sites.length,
    waiting: ofKind("waiting"),
    done: ofKind("done"),
    unchanged: ofKind("unchanged"),
    excused: ofKind("excused"),
    healthy: number(isHealthySite),
    unhealthy: number((site) => site.state.kind !== "excused" && !isHealthySite(site)),
  };
  counted.set(run, counts);
  return counts;
}

function isHealthySite({ parts }: UnitSite): boolean {
  return parts.every(({ view, release }) => isHealthy(view, release.unknownBlocks));
}
