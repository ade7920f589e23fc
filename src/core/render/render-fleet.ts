/** A fleet's model -> everything its sites shall run. All mistakes of all apps are told; with one there is no fleet. */
import { type Diagnostic, type Parsed, sortDiagnostics } from "../model/diagnostic.ts";
import type { FleetModel } from "../model/fleet-model.ts";
import {
  type AppRendering,
  type PlacedRendering,
  fleetContext,
  renderPlacedApp,
} from "./render-app.ts";
import type { RenderedFleet } from "./rendered.ts";
import { sharedObjects } from "./shared-objects.ts";

/** Renders every app of a model for its sites. */
export function renderFleet(model: FleetModel): Parsed<RenderedFleet> {
  const context = fleetContext(model, model);
  const diagnostics: Diagnostic[] = [];
  const renderings: PlacedRendering[] = [];
  for (const name of [...model.apps.keys()].toSorted()) {
    const result = renderPlacedApp(context, name);
    diagnostics.push(...result.diagnostics);
    if (result.ok) renderings.push(result.value);
  }
  diagnostics.push(...sharedObjects(renderings));
  const sorted = sortDiagnostics(diagnostics);
  if (sorted.some(({ severity }) => severity === "error"))
    return { ok: false, diagnostics: sorted };
  return {
    ok: true,
    value: {
      apps: new Map(renderings.map(({ app }) => [app.app, app])),
      variants: new Map(renderings.flatMap(({ variants }) => [...variants])),
    },
    diagnostics: sorted,
  };
}

/**
 * Renders one app. What belongs to the app (App, files, overlays, selectors, the fleet's name) is that of `model`; which
 * sites there are and their labels come from `siteModel`, so that an older release can be rendered for newer sites.
 * Throws for an app that `model` does not have.
 */
export function renderApp(
  model: FleetModel,
  app: string,
  siteModel: FleetModel = model,
): Parsed<AppRendering> {
  const result = renderPlacedApp(fleetContext(model, siteModel), app);
  const diagnostics = sortDiagnostics(result.diagnostics);
  if (!result.ok) return { ok: false, diagnostics };
  const { app: rendered, variants } = result.value;
  return { ok: true, value: { app: rendered, variants }, diagnostics };
}
