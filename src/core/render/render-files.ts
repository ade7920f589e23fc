import type { Diagnostic } from "../model/diagnostic.ts";
import type { FleetModel, SourceFile } from "../model/fleet-model.ts";
import { type LoadedFleet, loadFleet } from "../model/load-fleet.ts";
import { type AppTables, noTables } from "./app-table.ts";
import { wantedTables } from "./render-app.ts";
import { renderLoaded } from "./render-fleet.ts";
import type { RenderedFleet } from "./rendered.ts";
import { noToolOutputs, type ToolOutputs } from "./tools/tool-output.ts";
import { neededTools, type ToolRequest } from "./tools/tool-requests.ts";

/** A fleet's files, checked and rendered: or every mistake in them. */
export type RenderedFiles =
  | {
      readonly ok: true;
      readonly model: FleetModel;
      readonly rendered: RenderedFleet;
      /** What its tools gave. */
      readonly tools: ToolOutputs;
      readonly diagnostics: readonly Diagnostic[];
    }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** Loads and renders files of which no app needs a tool. Where there are mistakes, what is sound is rendered too. */
export function renderFiles(files: readonly SourceFile[]): RenderedFiles {
  return renderWith(loadFleet(files), noToolOutputs);
}

/** What rendering a fleet needs of tools, with mistakes or without. */
export function neededByLoaded(loaded: LoadedFleet): readonly ToolRequest[] {
  const model = loaded.ok ? loaded.value : loaded.sound.model;
  return neededTools({ model, siteModel: model });
}

/** The tables of an earlier start that rendering a fleet would go by. */
export function wantedByLoaded(loaded: LoadedFleet, tools: ToolOutputs): readonly string[] {
  return loaded.ok ? wantedTables(loaded.value, tools) : [];
}

/**
 * Renders what was loaded with what tools gave; where there are mistakes, to find the rest of them. `tables`: what of
 * `wantedByLoaded` there is.
 */
export function renderWith(
  loaded: LoadedFleet,
  tools: ToolOutputs,
  tables: AppTables = noTables,
): RenderedFiles {
  const rendered = renderLoaded(loaded, { tools, tables });
  const { diagnostics } = rendered;
  if (!loaded.ok || !rendered.ok) return { ok: false, diagnostics };
  return { ok: true, model: loaded.value, rendered: rendered.value, tools, diagnostics };
}

/** A fleet with mistakes without the apps that a tool renders: their own mistakes are not looked for. */
export function withoutToolSources(loaded: LoadedFleet): LoadedFleet {
  if (loaded.ok) return loaded;
  const model = { ...loaded.sound.model, toolSources: new Map() };
  return { ...loaded, sound: { ...loaded.sound, model, mayLackKinds: true } };
}
