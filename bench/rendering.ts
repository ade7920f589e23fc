/**
 * What reading, checking and rendering a fleet costs, without git, controller and clusters.
 *
 *   node bench/rendering.ts [--sites 1000,10000] [--apps 20] [--variants 40] [--rounds 5] [--differing] [--warned]
 *     [--sites-per-file 100] [-o json]
 *
 * Each app is a Deployment and two ConfigMaps with an overlay for each of its variants, and sites spread evenly over the
 * variants; with `--differing`, and a ConfigMap that is another one at every site; with `--warned`, each app is warned of
 * at every site. Each size is measured in a process of
 * its own. Times are CPU times of that process, so that a busy machine does not change them.
 *
 * - cold: every file parsed and checked, everything rendered, in a process that knows nothing: a start
 * - warm: the same in a process that finds what the one before has kept in a folder
 * - one file changed: one manifest of one app, one site more, one label of a site by which virtual sites select, one
 *   overlay of one app; in a process that has rendered the commit before
 * - validate: `flotilla validate` of the files in a folder, the start of the process included
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { formatTable } from "../src/cli/output.ts";
import { isError } from "../src/core/model/diagnostic.ts";
import type { SourceFile } from "../src/core/model/fleet-model.ts";
import { createRenderTools } from "../src/adapters/render-tools/render-tools.ts";
import { Rendering } from "../src/controller/rendering.ts";
import { ownBuild } from "../src/runtime/own-build.ts";
import { systemClock } from "../src/runtime/system-clock.ts";
import { cpuOf } from "./process-cpu.ts";
import { type Spread, spreadOf } from "./statistics.ts";
import { type VariedChange, type VariedFleet, variedFleet } from "./varied-fleet.ts";

const { values } = parseArgs({
  options: {
    sites: { type: "string", default: "1000,10000" },
    apps: { type: "string", default: "20" },
    variants: { type: "string", default: "40" },
    rounds: { type: "string", default: "5" },
    differing: { type: "boolean", default: false },
    warned: { type: "boolean", default: false },
    "sites-per-file": { type: "string", default: "100" },
    output: { type: "string", short: "o", default: "table" },
    /** This process is the one that measures this many sites. */
    measure: { type: "string" },
    cache: { type: "string", default: "" },
    warm: { type: "boolean", default: false },
  },
});

const rounds = Number(values.rounds);

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
function renderer(
  cacheFolder: string,
): (commit: string, files: readonly SourceFile[]) => Promise<void> {
  let now: readonly SourceFile[] = [];
  const rendering = new Rendering(() => Promise.resolve(now), {
    tools: createRenderTools({ path: "", clock: systemClock(), cacheFolder, build: ownBuild }),
    clock: systemClock(),
    onReady: () => undefined,
    signal: new AbortController().signal,
  });
  let last = "";
  return async (commit, files) => {
    now = files;
    const head = await rendering.followed(commit);
    // As the controller does: what neither this commit nor the last one needs is let go of.
    rendering.retain(new Set([last, commit]));
    last = commit;
    if (head.ok) return;
    const [mistake] = head.diagnostics.filter(isError);
    throw new Error(`the fleet is not valid: ${JSON.stringify(mistake)}`);
  };
}

function fleetOf(sites: number): VariedFleet {
  const { apps, variants, differing: isDiffering, warned: isWarned } = values;
  const sitesPerFile = Number(values["sites-per-file"]);
  return {
    sites,
    sitesPerFile,
    apps: Number(apps),
    variants: Number(variants),
    isDiffering,
    isWarned,
  };
}

/** What one commit changes, in each round. */
const oneChange: Readonly<Record<string, (round: number) => VariedChange>> = {
  "one manifest changed": (version) => ({ version }),
  "one site more": (newSites) => ({ newSites }),
  "one label of a site changed": (moved) => ({ moved }),
  "one overlay changed": (patched) => ({ patched }),
};

async function measure(sites: number, cacheFolder: string): Promise<Measured[]> {
  const fleet = fleetOf(sites);
  const render = renderer(cacheFolder);
  const texts = new Map<string, string>();
  const filesOf = (change: VariedChange): readonly SourceFile[] =>
    variedFleet(fleet, change).map(({ path, text }) => {
      // As they come from git, where the text of a known blob is the same string.
      const same = texts.get(text) ?? text;
      texts.set(same, same);
      return { path, text: same };
    });
  const first = filesOf({});
  const cold = await timed(() => render("0", first));
  if (values.warm) return [{ figure: "warm", sites, unit: "ms", ...spreadOf([cold]) }];
  const took = new Map<string, number[]>(Object.keys(oneChange).map((figure) => [figure, []]));
  let change: VariedChange = {};
  for (let round = 1; round <= rounds; round++) {
    for (const [figure, changed] of Object.entries(oneChange)) {
      change = { ...change, ...changed(round) };
      const files = filesOf(change);
      took.get(figure)?.push(await timed(() => render(`${figure} ${round}`, files)));
    }
  }
  const { maxRSS } = process.resourceUsage();
  return [
    { figure: "cold", sites, unit: "ms", ...spreadOf([cold]) },
    ...[...took].map(([figure, all]): Measured => ({
      figure,
      sites,
      unit: "ms",
      ...spreadOf(all),
    })),
    { figure: "memory, largest", sites, unit: "MB", ...spreadOf([maxRSS / 1024]) },
  ];
}

const run = promisify(execFile);

async function measureApart(sites: number): Promise<Measured[]> {
  const folder = await mkdtemp(join(tmpdir(), "flotilla-bench-"));
  const one = async (more: readonly string[]): Promise<Measured[]> => {
    const own = ["--measure", String(sites), "--cache", folder, ...more];
    const args = [import.meta.filename, ...process.argv.slice(2), ...own];
    const { stdout } = await run(process.execPath, args, { maxBuffer: 1024 * 1024 });
    return JSON.parse(stdout) as Measured[]; // what `measure` gave there
  };
  try {
    const [cold, ...others] = await one([]);
    return [...(cold === undefined ? [] : [cold]), ...(await one(["--warm"])), ...others];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureValidate(sites: number): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), "flotilla-bench-"));
  try {
    for (const { path, text } of variedFleet(fleetOf(sites), {})) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    const before = (await cpuOf(process.pid)).childrenMs;
    const command = join(import.meta.dirname, "../bin/flotilla.js");
    await run(process.execPath, [command, "validate", folder]);
    const took = (await cpuOf(process.pid)).childrenMs - before;
    return { figure: "validate", sites, unit: "ms", ...spreadOf([took]) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function table(figures: readonly Measured[]): string {
  const rows = figures.map(({ figure, sites, unit, median, min, max, rounds: count }) => [
    figure,
    String(sites),
    `${median.toFixed(0)} ${unit}`,
    count === 1 ? "" : `${min.toFixed(0)} to ${max.toFixed(0)}`,
    String(count),
  ]);
  return formatTable(["FIGURE", "SITES", "MEDIAN", "RANGE", "ROUNDS"], rows);
}

if (values.measure !== undefined) {
  process.stdout.write(JSON.stringify(await measure(Number(values.measure), values.cache)));
} else {
  const figures: Measured[] = [];
  for (const sites of values.sites.split(",").map(Number)) {
    figures.push(...(await measureApart(sites)), await measureValidate(sites));
  }
  const isJson = values.output === "json";
  process.stdout.write(isJson ? `${JSON.stringify(figures, null, 2)}\n` : table(figures));
}
