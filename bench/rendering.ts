/**
 * What reading, checking and rendering a fleet costs, without git, controller and clusters.
 *
 *   node bench/rendering.ts [--sites 1000,10000] [--apps 20] [--variants 40] [--rounds 5] [-o json]
 *
 * Each app is a Deployment and two ConfigMaps with an overlay for each of its variants, and sites spread evenly over the
 * variants. Times are CPU times of this process, so that a busy machine does not change them.
 *
 * - cold: every file parsed and checked, everything rendered, in a process that knows nothing
 * - one file changed: one manifest of one app, then one site, in a process that has rendered the commit before
 */
import { parseArgs } from "node:util";
import { formatTable } from "../src/cli/output.ts";
import { isError } from "../src/core/model/diagnostic.ts";
import type { SourceFile } from "../src/core/model/fleet-model.ts";
import { Rendering } from "../src/controller/rendering.ts";
import { systemClock } from "../src/runtime/system-clock.ts";
import { type Spread, spreadOf } from "./statistics.ts";
import { type VariedFleet, variedFleet } from "./varied-fleet.ts";

const { values } = parseArgs({
  options: {
    sites: { type: "string", default: "1000,10000" },
    apps: { type: "string", default: "20" },
    variants: { type: "string", default: "40" },
    rounds: { type: "string", default: "5" },
    output: { type: "string", short: "o", default: "table" },
  },
});

interface Measured extends Spread {
  readonly figure: string;
  readonly sites: number;
  readonly unit: "ms" | "MB";
}

/** CPU time of this process, ms. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

async function timed(work: () => Promise<void>): Promise<number> {
  const before = cpuMs();
  await work();
  return cpuMs() - before;
}

/** Renders commits of one fleet, one after the other. */
function renderer(): (commit: string, files: readonly SourceFile[]) => Promise<void> {
  let now: readonly SourceFile[] = [];
  const rendering = new Rendering(() => Promise.resolve(now), {
    tools: { render: () => Promise.resolve(new Map()) },
    clock: systemClock(),
    onReady: () => undefined,
    signal: new AbortController().signal,
  });
  return async (commit, files) => {
    now = files;
    const head = await rendering.followed(commit);
    if (head.ok) return;
    const [mistake] = head.diagnostics.filter(isError);
    throw new Error(`the fleet is not valid: ${JSON.stringify(mistake)}`);
  };
}

async function measure(sites: number, rounds: number): Promise<Measured[]> {
  const fleet: VariedFleet = {
    sites,
    apps: Number(values.apps),
    variants: Number(values.variants),
  };
  const render = renderer();
  const cold = await timed(() => render("0", variedFleet(fleet, {})));
  const changes: number[] = [];
  const joins: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    const changed = variedFleet(fleet, { version: round });
    changes.push(await timed(() => render(`c${round}`, changed)));
    const joined = variedFleet(fleet, { version: round, newSites: round });
    joins.push(await timed(() => render(`j${round}`, joined)));
  }
  const { rss } = process.memoryUsage();
  return [
    { figure: "cold", sites, unit: "ms", ...spreadOf([cold]) },
    { figure: "one manifest changed", sites, unit: "ms", ...spreadOf(changes) },
    { figure: "one site more", sites, unit: "ms", ...spreadOf(joins) },
    { figure: "memory, resident", sites, unit: "MB", ...spreadOf([rss / 1024 / 1024]) },
  ];
}

const figures: Measured[] = [];
for (const sites of values.sites.split(",").map(Number)) {
  figures.push(...(await measure(sites, Number(values.rounds))));
}
if (values.output === "json") process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
else {
  const rows = figures.map(({ figure, sites, unit, median, min, max, rounds }) => [
    figure,
    String(sites),
    `${median.toFixed(0)} ${unit}`,
    rounds === 1 ? "" : `${min.toFixed(0)} to ${max.toFixed(0)}`,
    String(rounds),
  ]);
  process.stdout.write(formatTable(["FIGURE", "SITES", "MEDIAN", "RANGE", "ROUNDS"], rows));
}
