/**
 * kustomize and Helm, as the core asks for them: requests in, their outcomes out. What is known is not rendered again;
 * the rest runs on an extracted copy of its files, a few at once, without network, plugins or anything of the user's.
 */
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import pLimit from "p-limit";
import type { ToolOutput, ToolOutputs } from "../../core/render/tools/tool-output.ts";
import type { ToolRequest } from "../../core/render/tools/tool-requests.ts";
import type { Clock } from "../../runtime/clock.ts";
import { type AskVersion, ToolFinder } from "./find-tool.ts";
import { type CacheLimits, ResultCache } from "./result-cache.ts";
import { createTableStore, type TableStore } from "./table-store.ts";
import { renderRequest } from "./render-request.ts";
import { defaultLimits, type ProgramLimits, runProgram } from "./run-program.ts";
import { toolEnvironment } from "./tool-environment.ts";
import { TripMemory } from "./trip-memory.ts";
import { WorkFolder } from "./work-folder.ts";

/** Renders kustomizations and charts. */
export interface RenderTools {
  /** The outcome of every request, whatever it is. TOOL_MISSING, TOOL_VERSION, TOOL_FAILED: nobody knows. */
  render(requests: readonly ToolRequest[], signal?: AbortSignal): Promise<ToolOutputs>;
  /** What earlier starts have rendered without them; undefined where nothing is kept. */
  readonly tables?: TableStore | undefined;
}

export interface RenderToolsOptions {
  /** Folders in which the programs are looked for, as in PATH. */
  readonly path: string;
  readonly clock: Clock;
  /** Folder that keeps outcomes; without it they live as long as this. */
  readonly cacheFolder?: string | undefined;
  /** What tells this Flotilla from another one; without it no tables of apps are kept in the folder. */
  readonly build?: () => Promise<string>;
  readonly limits?: Partial<ProgramLimits>;
  readonly cacheLimits?: Partial<CacheLimits>;
}

/** The folder that outcomes are kept in, where the user has not said otherwise (`FLOTILLA_CACHE=off`). */
export function cacheFolderFor(
  env: Readonly<Record<string, string | undefined>>,
  folder: string | undefined,
): string | undefined {
  return env["FLOTILLA_CACHE"] === "off" ? undefined : folder;
}

/** Makes it; nothing is looked for before something is asked. */
export function createRenderTools(options: RenderToolsOptions): RenderTools {
  const { path, clock, cacheFolder, build } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const cacheLimits = { ...defaultCacheLimits, ...options.cacheLimits };
  const cache = new ResultCache<ToolOutput>({
    folder: cacheFolder,
    limits: cacheLimits,
    clock,
    // One that refuses its source is kept in memory only, since a mistake is mended.
    isLasting: ({ problems }) => problems.length === 0,
  });
  const trips = new TripMemory();
  const ask: AskVersion = async (program, args) => {
    const env = toolEnvironment(tmpdir());
    return runProgram({ program, args, cwd: "/", env }, limits, clock).catch(() => undefined);
  };
  return {
    tables: build && cacheFolder ? tablesIn(cacheFolder, { build, clock }) : undefined,
    async render(requests, signal) {
      const outputs = new Map<string, ToolOutput>();
      const missing: ToolRequest[] = [];
      for (const request of requests) {
        const known = await cache.get(request.key);
        if (known === undefined) missing.push(request);
        else outputs.set(request.key, known);
      }
      // A program may be another one than the last time.
      const finder = new ToolFinder(path, ask);
      const means = { finder, cache, trips, limits, clock, signal };
      const rendered = await renderMissing(missing, means);
      return new Map([...outputs, ...rendered]);
    },
  };
}

/** 128 MiB in memory, 512 MiB on disk. */
const defaultCacheLimits: CacheLimits = {
  memory: 128 * 1024 * 1024,
  disk: 512 * 1024 * 1024,
};

/** Read once at a start, so none of them stays in memory; a fleet of 10,000 sites has about a megabyte for each app. */
const tableLimits: CacheLimits = { memory: 0, disk: 256 * 1024 * 1024 };

function tablesIn(
  cacheFolder: string,
  { build, clock }: { readonly build: () => Promise<string>; readonly clock: Clock },
): TableStore {
  const folder = join(cacheFolder, "apps");
  return createTableStore(new ResultCache({ folder, limits: tableLimits, clock }), build);
}

interface Means {
  readonly finder: ToolFinder;
  readonly cache: ResultCache<ToolOutput>;
  readonly trips: TripMemory;
  readonly limits: ProgramLimits;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
}

/**
 * Requests under way for each core: more than programs run, so that what waits between its two runs (1.1 s) holds up
 * nothing, and few enough that their outputs do not fill the memory.
 */
const requestsPerCore = 8;

/** The first that cannot be found out ends the others: their outcomes are kept, and another try goes on from there. */
async function renderMissing(
  requests: readonly ToolRequest[],
  { finder, cache, trips, limits, clock, signal }: Means,
): Promise<ToolOutputs> {
  if (requests.length === 0) return new Map();
  for (const { tool, version } of requests) await finder.find(tool, version);
  const work = await WorkFolder.create(tmpdir());
  const failed = new AbortController();
  const either = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
  const cores = availableParallelism();
  const limit = pLimit(cores * requestsPerCore);
  const slots = pLimit(cores);
  const outputs = new Map<string, ToolOutput>();
  const renderOne = async (request: ToolRequest): Promise<void> => {
    either.throwIfAborted();
    const tool = await finder.find(request.tool, request.version);
    const means = { tool, work, slots, trips, limits, clock, signal: either };
    const output = await renderRequest(request, means);
    await cache.set(request.key, output);
    outputs.set(request.key, output);
  };
  try {
    const all = requests.map((request) =>
      limit(() => renderOne(request)).catch((error: unknown) => {
        failed.abort(error);
        throw error;
      }),
    );
    await Promise.allSettled(all);
    either.throwIfAborted();
    return outputs;
  } finally {
    await work.remove();
  }
}
