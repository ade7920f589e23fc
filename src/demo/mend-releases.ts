/**
 * A release that failed at a site stays failed there until an operator says otherwise. Whoever heals what they broke in
 * the demo is that operator: once everything answers again, what failed meanwhile is tried again, once for each heal.
 */
import type { FleetStatus } from "../core/protocol/api.ts";
import type { ControllerClient } from "../adapters/http/controller-client.ts";
import { FleetError } from "../core/errors.ts";

export interface ReleaseMender {
  /** Something was healed. */
  noteHeal(): void;
  /** Retries when it is time to; gives a line for each release that goes on. */
  look(status: FleetStatus): Promise<readonly string[]>;
}

/** A mender that has nothing to mend yet. `isBroken`: whether anything still is. */
export function createReleaseMender(api: ControllerClient, isBroken: () => boolean): ReleaseMender {
  let isDue = false;
  return {
    noteHeal: () => {
      isDue = true;
    },
    look: async (status) => {
      if (!isDue || isBroken() || !answersAgain(status)) return [];
      const failed = status.releases.filter(({ stages }) =>
        stages.some((stage) => stage.failed > 0),
      );
      const told: string[] = [];
      for (const { app, release } of failed) {
        if (await retry(api, app, release.id)) told.push(`${app}: tried again where it had failed`);
      }
      isDue = false;
      return told;
    },
  };
}

function answersAgain({ regions, sites }: FleetStatus): boolean {
  return sites.offline === 0 && regions.every(({ worker }) => worker === "live");
}

async function retry(api: ControllerClient, app: string, release: string): Promise<boolean> {
  try {
    await api.decide({ verb: "retry", app, release, why: "healed in the demo" });
    return true;
  } catch (error) {
    // It has ended meanwhile, or a newer one took its place.
    if (error instanceof FleetError) return false;
    throw error;
  }
}
