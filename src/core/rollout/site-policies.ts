/** What a commit says to workers beside the trees: it goes out at once and to all sites, by no release. */
import { parseDuration } from "../model/duration.ts";
import type { FleetModel } from "../model/fleet-model.ts";
import type { App } from "../model/kinds.ts";
import type { AppPolicy, SiteMeta } from "../protocol/mirror-layout.ts";

const defaultDriftMs = 600_000;
const defaultSitesPerMinute = 60;

/** How often drift is looked for, and how much of it is repaired at once. */
export function driftPace(model: FleetModel): SiteMeta["drift"] {
  const { interval, maxSitesPerMinute, maxDriftedPercent } = model.fleet.value.spec.drift ?? {};
  return {
    intervalMs: parseDuration(interval ?? "") ?? defaultDriftMs,
    maxSitesPerMinute: maxSitesPerMinute ?? defaultSitesPerMinute,
    ...(maxDriftedPercent !== undefined && { maxDriftedPercent }),
  };
}

/** How workers treat an app; undefined: the commit does not have it. */
export function policyOf(model: FleetModel, name: string): AppPolicy | undefined {
  const app = model.apps.get(name)?.value.spec;
  if (app === undefined) return undefined;
  const fleet = model.fleet.value.spec;
  const health = both(app.health, fleet.health);
  return {
    ...driftPolicy(fleet.drift, app.drift),
    ...(health.length > 0 && { health }),
    ...(app.atomic === true && { atomic: true }),
  };
}

type Drift = Pick<NonNullable<App["spec"]["drift"]>, "mode" | "ignore">;

function driftPolicy(fleet: Drift = {}, app: Drift = {}): Pick<AppPolicy, "drift" | "ignored"> {
  return {
    drift: app.mode ?? fleet.mode ?? "correct",
    ignored: both(fleet.ignore, app.ignore),
  };
}

function both<T>(first: readonly T[] = [], second: readonly T[] = []): T[] {
  return [...first, ...second];
}

/** As it is where nothing is said. */
export function isUsual({ drift, ignored, health, atomic }: AppPolicy): boolean {
  return drift === "correct" && ignored.length === 0 && health === undefined && atomic !== true;
}
