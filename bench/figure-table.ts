/** Figures as a reader wants them: one table for each fleet, below what it was measured with. Pure. */
import { formatTable } from "../src/cli/output.ts";
import { countOf } from "../src/core/rollout/words.ts";
import type { Figure } from "./figure.ts";

/** All figures; those of one fleet stand together, in the order in which they were noted. */
export function figureTable(figures: readonly Figure[]): string {
  const byFleet = Map.groupBy(figures, fleetInWords);
  return [...byFleet]
    .map(([fleet, rows]) => `${fleet}; ${loadInWords(rows)}\n\n${tableOf(rows)}`)
    .join("\n");
}

/** A figure's median, and its range where it was measured more than once. */
export function figureInWords(one: Figure): string {
  const range = rangeOf(one);
  return `${rounded(one.median)} ${one.unit}${range === "" ? "" : ` (${range})`}`;
}

function fleetInWords({ sites, regions, workers, apps, objects, cores, delays }: Figure): string {
  return [
    `${countOf(sites, "site")} in ${countOf(regions, "region")}, ${countOf(apps, "app")} of ${countOf(objects, "object")} a site`,
    `${workers === 1 ? "1 worker process" : `${workers} worker processes`}, ${countOf(cores, "core")}`,
    `polled every ${delays.pollInterval}, a heartbeat every ${delays.heartbeat}`,
  ].join("; ");
}

function loadInWords(figures: readonly Figure[]): string {
  const loads = figures.map(({ loadAverage }) => loadAverage);
  const [least, most] = [Math.min(...loads).toFixed(1), Math.max(...loads).toFixed(1)];
  return `load average ${least === most ? least : `${least} to ${most}`}`;
}

function tableOf(figures: readonly Figure[]): string {
  const rows = figures.map((one) => [
    one.figure,
    `${rounded(one.median)} ${one.unit}`,
    rangeOf(one),
    String(one.rounds),
  ]);
  return formatTable(["FIGURE", "MEDIAN", "RANGE", "ROUNDS"], rows);
}

function rangeOf({ rounds, min, max }: Figure): string {
  return rounds === 1 ? "" : `${rounded(min)} to ${rounded(max)}`;
}

function rounded(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
