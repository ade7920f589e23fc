import type { SourceFile } from "../../src/core/model/fleet-model.ts";
import { loadFleet } from "../../src/core/model/load-fleet.ts";
import { type AppTable, isAppTable } from "../../src/core/render/app-table.ts";
import {
  type RenderedFiles,
  renderWith,
  wantedByLoaded,
} from "../../src/core/render/render-files.ts";
import { noToolOutputs } from "../../src/core/render/tools/tool-output.ts";

/** Renders as a process that knows nothing but what earlier ones have written to `disk`, and writes what it can, too. */
export function renderAtStart(
  files: readonly SourceFile[],
  disk: Map<string, string>,
): RenderedFiles {
  const loaded = loadFleet(files);
  const wanted = wantedByLoaded(loaded, noToolOutputs);
  const read = wanted.flatMap((key): [string, AppTable][] => {
    const table: unknown = JSON.parse(disk.get(key) ?? "null");
    return isAppTable(table, key) ? [[key, table]] : [];
  });
  const fleet = renderWith(loaded, noToolOutputs, new Map(read));
  for (const make of fleet.ok ? (fleet.rendered.tables ?? []) : []) {
    const table = make();
    disk.set(table.key, JSON.stringify(table));
  }
  return fleet;
}
