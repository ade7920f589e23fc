/**
 * What an app with expressions comes to at thousands of sites, by more than one core: a thread renders apps from the end
 * of the list while this one renders them from its beginning. What comes out is the same, whoever was faster.
 */
import { availableParallelism } from "node:os";
import { setImmediate } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { FleetModel, SourceFile } from "../../core/model/fleet-model.ts";
import { type AppTable, type AppTables, isAppTable } from "../../core/render/app-table.ts";
import type { WantedTable } from "../../core/render/render-app.ts";
import { aheadOfFleet } from "../../core/render/render-files.ts";
import type { ToolOutputs } from "../../core/render/tools/tool-output.ts";
import type { Clock } from "../../runtime/clock.ts";

/** A fleet before its apps are rendered. */
export interface FleetAhead {
  readonly files: readonly SourceFile[];
  readonly model: FleetModel;
  readonly tools: ToolOutputs;
}

/** Renders apps before the fleet is, which then has them already; gives tables of those that were rendered elsewhere. */
export type RenderAhead = (fleet: FleetAhead, apps: readonly WantedTable[]) => Promise<AppTables>;

export interface RenderAheadOptions {
  readonly clock: Clock;
  /** Time that must seem to be left before a thread is begun: that costs about a second of a core. Default 2000, ms. */
  readonly worthMs?: number;
  /** Default: what the machine has. */
  readonly cores?: number;
}

/** What a thread gets. */
export interface ThreadWork {
  readonly files: readonly SourceFile[];
  readonly tools: ToolOutputs;
  readonly apps: readonly string[];
  /** By app: 1 where somebody has begun with it. */
  readonly claims: Int32Array;
}

/** Takes an app; false: the other one has it. */
export function claim(claims: Int32Array, index: number): boolean {
  return Atomics.exchange(claims, index, 1) === 0;
}

export function createRenderAhead({
  clock,
  worthMs = 2000,
  cores = availableParallelism(),
}: RenderAheadOptions): RenderAhead {
  return async ({ files, model, tools }, wanted) => {
    if (wanted.length < 2 || cores < 2) return new Map();
    const apps = wanted.map(({ app }) => app);
    const claims = new Int32Array(
      new SharedArrayBuffer(apps.length * Int32Array.BYTES_PER_ELEMENT),
    );
    const render = aheadOfFleet(model, tools);
    const begunAt = clock.monotonic();
    let thread: Promise<readonly AppTable[]> | undefined;
    for (const [index, app] of apps.entries()) {
      if (!claim(claims, index)) break;
      render(app);
      const took = clock.monotonic() - begunAt;
      const left = (took / (index + 1)) * (apps.length - index - 1);
      if (left >= worthMs) thread ??= renderInThread({ files, tools, apps, claims });
      await setImmediate(); // what the thread tells is heard between apps
    }
    const keys = new Map(wanted.map(({ app, key }) => [app, key]));
    const tables = (await thread) ?? [];
    return tablesOf(tables, new Set(keys.values()));
  };
}

/** What another thread says is looked at like what lies on a disk. */
function tablesOf(tables: readonly AppTable[], keys: ReadonlySet<string>): AppTables {
  const sound = tables.filter((table) => keys.has(table.key) && isAppTable(table, table.key));
  return new Map(sound.map((table) => [table.key, table]));
}

/** The tables that a thread has made, all or some: what it could not render is rendered here. */
export function renderInThread(work: ThreadWork): Promise<readonly AppTable[]> {
  return new Promise((resolve) => {
    const tables: AppTable[] = [];
    const thread = new Worker(new URL("render-thread.ts", import.meta.url), { workerData: work });
    thread.on("message", (table: AppTable) => tables.push(table));
    thread.on("error", () => undefined); // then its end comes, too
    thread.once("exit", () => resolve(tables));
  });
}
