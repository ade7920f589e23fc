/** Rendering in a process that knows nothing but the tables that earlier ones have written. */
import type { SourceFile } from "../../src/core/model/fleet-model.ts";
import { type LoadedFleet, loadFleet } from "../../src/core/model/load-fleet.ts";
import { type AppTable, isAppTable } from "../../src/core/render/app-table.ts";
import {
  type RenderedFiles,
  renderWith,
  wantedByLoaded,
} from "../../src/core/render/render-files.ts";
import { noToolOutputs, type ToolOutputs } from "../../src/core/render/tools/tool-output.ts";

/** `disk`: the tables as text, by key; new ones are added. */
export function startFromTables(
  files: readonly SourceFile[],
  disk: Map<string, string>,
  toolsOf: (loaded: LoadedFleet) => ToolOutputs = () => noToolOutputs,
): RenderedFiles {
  const loaded = loadFleet(files);
  const tools = toolsOf(loaded);
  const read = wantedByLoaded(loaded, tools).flatMap((key): [string, AppTable][] => {
    const table: unknown = JSON.parse(disk.get(key) ?? "null");
    return isAppTable(table, key) ? [[key, table]] : [];
  });
  const fleet = renderWith(loaded, tools, new Map(read));
  for (const make of fleet.ok ? (fleet.rendered.tables ?? []) : []) {
    const table = make();
    disk.set(table.key, JSON.stringify(table));
  }
  return fleet;
}
