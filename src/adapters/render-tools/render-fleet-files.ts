import { FleetError } from "../../core/errors.ts";
import type { FleetModel, SourceFile } from "../../core/model/fleet-model.ts";
import type { KnownFleet } from "../../core/model/known-fleet.ts";
import { loadFleet } from "../../core/model/load-fleet.ts";
import type { PlanSide } from "../../core/plan/assumed-state.ts";
import {
  neededByLoaded,
  type RenderedFiles,
  renderWith,
  wantedByLoaded,
  withoutToolSources,
} from "../../core/render/render-files.ts";
import { neededTools } from "../../core/render/tools/tool-requests.ts";
import type { RenderTools } from "./render-tools.ts";

/**
 * Loads and renders files, with kustomize and Helm where apps need them. What cannot be found out is thrown. `known`: what
 * was read before, for who compares two commits.
 */
export async function renderFleetFiles(
  tools: RenderTools,
  files: readonly SourceFile[],
  known?: KnownFleet,
): Promise<RenderedFiles> {
  const loaded = loadFleet(files, known);
  try {
    const outputs = await tools.render(neededByLoaded(loaded));
    const tables = await tools.tables?.read(wantedByLoaded(loaded, outputs));
    const fleet = renderWith(loaded, outputs, tables);
    if (fleet.ok) await tools.tables?.write(fleet.rendered.tables ?? []);
    return fleet;
  } catch (error) {
    // That it is not valid is certain already; what is wrong with it should be told.
    if (loaded.ok || !(error instanceof FleetError)) throw error;
    return renderWith(withoutToolSources(loaded), new Map());
  }
}

/** The base of a plan with what its tools give at the sites as the head has them. */
export async function baseAtSites(
  tools: RenderTools,
  base: PlanSide,
  siteModel: FleetModel,
): Promise<PlanSide> {
  const more = await tools.render(neededTools({ model: base.model, siteModel }));
  return { ...base, tools: new Map([...(base.tools ?? []), ...more]) };
}
