/**
 * Rendering a fleet's chart against bare `helm template`.
 *
 *   node bench/charts.ts [--variants 40] [--rounds 5] [-o json]
 *
 * A fleet of as many sites as variants, each with values of its own. Flotilla: from the files to the checked and rendered
 * fleet, with an empty cache, which it fills. Bare: the same helm once for each of the same values, as many at once as there
 * are cores, its output read and thrown away. Rounds are interleaved; ratios are of each round. CPU times are those of this
 * process and of what it has started.
 *
 * - nothing: the templates name no function that can vary
 * - random, time: they name one that is never called, so that tripwires tell that once is enough
 * - texts: tpl is given ten texts of which tripwires tell the same
 * - called: a random one is called: the first variants trip, and each is rendered twice and compared
 * - cached: once more by another process that finds the folder
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs, promisify } from "node:util";
import pLimit from "p-limit";
import { renderFleetFiles } from "../src/adapters/render-tools/render-fleet-files.ts";
import { createRenderTools } from "../src/adapters/render-tools/render-tools.ts";
import { formatTable } from "../src/cli/output.ts";
import { systemClock } from "../src/runtime/system-clock.ts";
import { toolFolder, toolVersions } from "../test/support/kubectl.ts";
import { chartApp, chartFleet, type ChartNames, chartPath, valuesAt } from "./chart-fleet.ts";
import { cpuOf } from "./process-cpu.ts";
import { spreadOf } from "./statistics.ts";

const { values } = parseArgs({
  options: {
    variants: { type: "string", default: "40" },
    rounds: { type: "string", default: "5" },
    output: { type: "string", short: "o", default: "table" },
  },
});

const variants = Number(values.variants);
const run = promisify(execFile);
const folder = await mkdtemp(join(tmpdir(), "flotilla-bench-"));
const tools = await toolFolder();

/** What something took. */
interface Taken {
  readonly clockMs: number;
  readonly cpuMs: number;
}

async function timed(work: () => Promise<void>): Promise<Taken> {
  const [cpu, start] = [await cpuOf(process.pid), performance.now()];
  await work();
  const clockMs = performance.now() - start;
  const after = await cpuOf(process.pid);
  const cpuMs = after.ownMs + after.childrenMs - cpu.ownMs - cpu.childrenMs;
  return { clockMs, cpuMs };
}

async function bare(): Promise<void> {
  const limit = pLimit(availableParallelism());
  const files = Array.from({ length: variants }, (_, site) => join(folder, `${site}.json`));
  const renderOne = async (file: string): Promise<void> => {
    const args = ["template", chartApp, chartPath, "--include-crds", `--namespace=${chartApp}`];
    const { stdout } = await run(join(tools, "helm"), [...args, `--values=${file}`], {
      cwd: folder,
      env: { HOME: folder },
    });
    if (!stdout.includes("kind: Ingress")) throw new Error(`helm gave ${stdout}`);
  };
  await Promise.all(files.map((file) => limit(() => renderOne(file))));
}

async function flotilla(names: ChartNames, cacheFolder: string): Promise<void> {
  const files = chartFleet({ sites: variants, names, helm: toolVersions.helm });
  const renderTools = createRenderTools({ path: tools, clock: systemClock(), cacheFolder });
  const fleet = await renderFleetFiles(renderTools, files);
  const found = fleet.ok ? fleet.rendered.variants.size : JSON.stringify(fleet.diagnostics);
  if (found !== variants) throw new Error(`${variants} variants are ${found}`);
}

async function prepare(): Promise<void> {
  const files = chartFleet({ sites: 0, names: "nothing", helm: toolVersions.helm });
  for (const { path, text } of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  for (let site = 0; site < variants; site++) {
    await writeFile(join(folder, `${site}.json`), JSON.stringify(valuesAt(site)));
  }
}

type Round = Readonly<Record<string, Taken>>;

async function measureRound(round: number): Promise<Round> {
  const cache = (names: ChartNames): string => join(folder, `cache-${names}-${round}`);
  return {
    "bare helm template": await timed(bare),
    nothing: await timed(() => flotilla("nothing", cache("nothing"))),
    random: await timed(() => flotilla("random", cache("random"))),
    time: await timed(() => flotilla("time", cache("time"))),
    texts: await timed(() => flotilla("texts", cache("texts"))),
    called: await timed(() => flotilla("called", cache("called"))),
    cached: await timed(() => flotilla("time", cache("time"))),
  };
}

function rowsOf(rounds: readonly Round[]): readonly (readonly string[])[] {
  const told = (list: readonly number[], unit: string): string => {
    const { median, min, max } = spreadOf(list);
    return `${median.toFixed(0)} ${unit} (${min.toFixed(0)} to ${max.toFixed(0)})`;
  };
  return Object.keys(rounds[0] ?? {}).map((name) => {
    const pairs = rounds.flatMap(({ "bare helm template": other, [name]: own }) =>
      own === undefined || other === undefined ? [] : [{ own, other }],
    );
    const perVariant = (of: (taken: Taken) => number): string =>
      told(
        pairs.map(({ own }) => of(own) / variants),
        "ms",
      );
    const share = (of: (taken: Taken) => number): string =>
      told(
        pairs.map(({ own, other }) => (100 * of(other)) / of(own)),
        "%",
      );
    return [
      name,
      perVariant(({ clockMs }) => clockMs),
      share(({ clockMs }) => clockMs),
      perVariant(({ cpuMs }) => cpuMs),
      share(({ cpuMs }) => cpuMs),
    ];
  });
}

try {
  await prepare();
  const rounds: Round[] = [];
  for (let round = 0; round < Number(values.rounds); round++)
    rounds.push(await measureRound(round));
  const heads = ["RENDERING", "A VARIANT, CLOCK", "OF BARE", "A VARIANT, CPU", "OF BARE"];
  const isJson = values.output === "json";
  process.stdout.write(
    isJson ? `${JSON.stringify(rounds, null, 2)}\n` : formatTable(heads, rowsOf(rounds)),
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}
