/**
 * One request, carried out by the real tool: run once where its tripwires tell that it is the same each time; else twice
 * where that may tell, the second time much later and in another time zone; and two copies more where these two may be the
 * same by chance.
 */
import { FleetError } from "../../core/errors.ts";
import { mayMatchByChance, mayTellTime, mayVary } from "../../core/render/tools/may-vary.ts";
import { firstEndChart, lastEndChart, laterChart } from "../../core/render/tools/later-chart.ts";
import { originsFolder } from "../../core/render/tools/kustomize-origins.ts";
import {
  readToolOutput,
  refused,
  type ToolOutput,
  type ToolTexts,
} from "../../core/render/tools/tool-output.ts";
import { withTripwires } from "../../core/render/tools/tripwires.ts";
import { toolRefusal } from "../../core/render/tools/tool-refusal.ts";
import type { JsonObject } from "../../core/model/json.ts";
import type { ToolSource } from "../../core/model/tools/tool-source.ts";
import type { ChartInputs, ToolRequest } from "../../core/render/tools/tool-requests.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { FoundTool } from "./find-tool.ts";
import {
  type ProgramLimits,
  type ProgramResult,
  type RunSlots,
  runProgram,
} from "./run-program.ts";
import { toolEnvironment } from "./tool-environment.ts";
import type { TripMemory } from "./trip-memory.ts";
import { valuesName, type WorkFolder } from "./work-folder.ts";

/** What a request is carried out with. */
export interface RenderMeans {
  readonly tool: FoundTool;
  readonly work: WorkFolder;
  /** A run takes one; a wait between two runs takes none. */
  readonly slots: RunSlots;
  readonly trips: TripMemory;
  readonly limits: ProgramLimits;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
}

/** Renders a request. TOOL_FAILED: nobody knows. */
export async function renderRequest(request: ToolRequest, means: RenderMeans): Promise<ToolOutput> {
  const { work } = means;
  if (request.chart === undefined) return render(request, means);
  const values = await work.write(`${request.key}.json`, valuesText(request.chart.values));
  try {
    return await render(request, means);
  } finally {
    await work.forget(values);
  }
}

/** Helm reads it as YAML 1.1, where these characters are line breaks, which it folds, or must be escaped. */
const readOtherwise = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

function valuesText(values: JsonObject): string {
  const escaped = (character: string): string =>
    `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(values).replaceAll(readOtherwise, escaped);
}

interface RunMeans extends RenderMeans {
  readonly root: string;
}

async function render(request: ToolRequest, means: RenderMeans): Promise<ToolOutput> {
  const wired = mayVary(request) ? withTripwires(request) : undefined;
  const tried = wired && (await renderWired(request, wired, means));
  if (tried?.code === 0) {
    return readToolOutput(request, { first: tried.stdout, second: tried.stdout });
  }
  const root = await means.work.extract(request.source);
  const output = await renderAsIs(request, { ...means, root });
  // What is refused gets another chart or other values: it says nothing of those.
  if (tried !== undefined && output.problems.length > 0) means.trips.passed(request.source.digest);
  return output;
}

/** What comes of the chart with tripwires. Where that fails, nothing is known; undefined: it was not worth trying. */
async function renderWired(
  request: ToolRequest,
  wired: ToolSource,
  means: RenderMeans,
): Promise<ProgramResult | undefined> {
  const { trips, work, slots } = means;
  const { digest } = request.source;
  if (!trips.isWorthIt(digest)) return undefined;
  const wiredMeans = { ...means, root: await work.extract(wired) };
  const args = argumentsFor(request, wiredMeans);
  return slots(async () => {
    // Others may have tripped while this one waited for its turn; the next one has to know of this one.
    if (!trips.isWorthIt(digest)) return undefined;
    const result = await runNow(wiredMeans, args);
    if (result.code === 0) trips.passed(digest);
    else trips.tripped(digest);
    return result;
  });
}

/** The source itself, and copies of it where those may tell. */
async function renderAsIs(request: ToolRequest, means: RunMeans): Promise<ToolOutput> {
  const first = await run(means, argumentsFor(request, means));
  const failure = failureOf(request, first, means);
  if (failure !== undefined) return failure;
  const again = mayVary(request) ? await renderAgain(request, means) : { second: first.stdout };
  const origins =
    request.tool === "helm"
      ? undefined
      : await run(means, kustomizeArguments(means, `../${originsFolder}`));
  return readToolOutput(request, {
    first: first.stdout,
    ...again,
    ...(origins?.code === 0 && { origins: origins.stdout }),
  });
}

type Again = Pick<ToolTexts, "second" | "ends">;

interface CopyChoice {
  readonly copy: (source: ToolSource) => ToolSource | undefined;
  readonly zoneFile?: string | undefined;
}

/** The same, once more; and from both ends of what chance gives, where those are and do not fail. */
async function renderAgain(request: ToolRequest, means: RunMeans): Promise<Again> {
  const ends = mayMatchByChance(request) ? await renderEnds(request, means) : undefined;
  const second = await renderLater(request, means);
  return { second, ...(ends !== undefined && { ends }) };
}

/** undefined: there are none, or one fails. */
async function renderEnds(request: ToolRequest, means: RunMeans): Promise<ToolTexts["ends"]> {
  const first = await renderCopy(request, means, { copy: firstEndChart });
  if (first === undefined) return undefined;
  const last = await renderCopy(request, means, { copy: lastEndChart });
  return last === undefined ? undefined : [first, last];
}

/** As if on another day; where it fails there, in another time zone alone. */
async function renderLater(request: ToolRequest, means: RunMeans): Promise<string> {
  const { clock, signal } = means;
  // Within the same second it would not show what is made of the time that `tpl` asks for.
  if (mayTellTime(request)) await clock.sleep(1100, signal);
  const { zoneFile } = means.work;
  const later = mayTellTime(request)
    ? await renderCopy(request, means, { copy: laterChart, zoneFile })
    : undefined;
  if (later !== undefined) return later;
  const second = await run(means, argumentsFor(request, means), zoneFile);
  if (failureOf(request, second, means) === undefined) return second.stdout;
  const { tool, source } = request;
  const message = `${tool} renders ${source.path} once, and refuses it the next time`;
  throw new FleetError("TOOL_FAILED", message);
}

/** undefined: there is no such copy, or it fails. */
async function renderCopy(
  request: ToolRequest,
  means: RunMeans,
  { copy, zoneFile }: CopyChoice,
): Promise<string | undefined> {
  const source = copy(request.source);
  if (source === undefined) return undefined;
  const copyMeans = { ...means, root: await means.work.extract(source) };
  const result = await run(copyMeans, argumentsFor(request, copyMeans), zoneFile);
  return result.code === 0 && !result.isTooLong ? result.stdout : undefined;
}

function run(means: RunMeans, args: readonly string[], zoneFile?: string): Promise<ProgramResult> {
  return means.slots(() => runNow(means, args, zoneFile));
}

function runNow(
  { tool, root, work, limits, clock, signal }: RunMeans,
  args: readonly string[],
  zoneFile?: string,
): Promise<ProgramResult> {
  const env = toolEnvironment(work.path, zoneFile);
  const { program } = tool;
  return runProgram({ program, args, cwd: root, env, signal }, limits, clock);
}

function failureOf(
  request: ToolRequest,
  { code, stderr, isTooLong }: ProgramResult,
  { limits, work, root }: RunMeans,
): ToolOutput | undefined {
  if (isTooLong) {
    const message = `${request.tool}: it renders to more than ${limits.maxOutput} bytes`;
    return refused({ file: null, line: 0, column: 0, code: "tool-refused", message });
  }
  if (code === 0) return undefined;
  // What our folders are called tells nobody anything: paths are those of the repository.
  const inTree = stderr.replaceAll(`${root}/`, "").replaceAll(root, ".");
  return toolRefusal(request, inTree.replaceAll(`${work.path}/`, ""));
}

function argumentsFor(request: ToolRequest, means: RunMeans): readonly string[] {
  const { chart, source } = request;
  if (chart === undefined) return kustomizeArguments(means, relative(source.path));
  // Relative to the tree: what the folder of temporary files is called does not matter.
  const files = [...source.valuesFiles.keys()].map((position) => `../${valuesName(position)}`);
  return helmArguments(relative(source.path), chart, [...files, `../../${request.key}.json`]);
}

/** With `./` in front, no path looks like an option or a URL. */
function relative(path: string): string {
  return path === "" ? "." : `./${path}`;
}

function kustomizeArguments({ tool }: RunMeans, path: string): readonly string[] {
  return [tool.kind === "kubectl" ? "kustomize" : "build", path];
}

function helmArguments(
  path: string,
  chart: ChartInputs,
  valuesFiles: readonly string[],
): readonly string[] {
  return [
    "template",
    chart.releaseName,
    path,
    `--namespace=${chart.namespace}`,
    ...valuesFiles.map((file) => `--values=${file}`),
    // A cluster's version has three numbers, and templates may ask for the last.
    ...(chart.kubernetes === null ? [] : [`--kube-version=${chart.kubernetes}.0`]),
    ...chart.apiVersions.map((version) => `--api-versions=${version}`),
    ...(chart.includeCRDs ? ["--include-crds"] : []),
    ...(chart.skipSchemaValidation ? ["--skip-schema-validation"] : []),
  ];
}
