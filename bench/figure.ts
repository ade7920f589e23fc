/** One measured figure, with what it needs to be understood by itself. */
import { cpus, loadavg } from "node:os";
import { type BenchSize, delays } from "./bench-fleet.ts";
import { type Spread, spreadOf } from "./statistics.ts";

export interface Figure extends Spread {
  readonly figure: string;
  readonly unit: "ms" | "s" | "MB" | "kB" | "requests" | "per second" | "%" | "sites";
  readonly sites: number;
  readonly regions: number;
  /** Worker processes. */
  readonly workers: number;
  /** Objects of each app at each site, and how many apps. */
  readonly objects: number;
  readonly apps: number;
  readonly cores: number;
  /** Of the minute before it was noted. */
  readonly loadAverage: number;
  readonly delays: typeof delays;
}

/** Notes figures of a fleet of one size. */
export type Note = (figure: string, unit: Figure["unit"], values: readonly number[]) => void;

/** A list of figures and what adds to it; `tell` hears of each as soon as it is known. */
export function figuresOf(
  size: BenchSize,
  tell: (figure: Figure) => void,
): { readonly figures: Figure[]; readonly note: Note } {
  const figures: Figure[] = [];
  const { sites, regions, workers, objects, apps } = size;
  const cores = cpus().length;
  return {
    figures,
    note: (figure, unit, values) => {
      const [loadAverage = 0] = loadavg();
      const conditions = { sites, regions, workers, objects, apps, cores, loadAverage, delays };
      const noted = { figure, unit, ...spreadOf(values), ...conditions };
      figures.push(noted);
      tell(noted);
    },
  };
}
