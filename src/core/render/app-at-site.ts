import type { FleetModel } from "../model/fleet-model.ts";
import { type FilledShape, fillShapes } from "./fill-shapes.ts";
import type { LayeredApp } from "./layered-app.ts";
import type { ManifestContext, SourceObject } from "./parse-manifests.ts";
import { fleetContext, readApp } from "./app-parts.ts";
import { shapesOf } from "./shapes.ts";
import type { ToolOutputs } from "./tools/tool-output.ts";

/** A fleet, and what its tools gave. */
export interface RenderedModel {
  readonly model: FleetModel;
  readonly tools: ToolOutputs;
}

/** What an app is made of at one site, before its overlays are applied. */
export interface AppAtSite {
  readonly model: FleetModel;
  readonly app: LayeredApp;
  readonly site: string;
  readonly manifests: ManifestContext;
  readonly shape: FilledShape;
  /** Objects with expressions as they are written. */
  readonly written: readonly SourceObject[];
}

/** The app at a site; undefined where it is not there, or has mistakes there. */
export function appAtSite(
  { model, tools }: RenderedModel,
  name: string,
  site: string,
): AppAtSite | undefined {
  if (!model.apps.has(name)) return undefined;
  const input = readApp(fleetContext(model, model, { tools }), name);
  const { app, manifests, source } = input;
  const shapes = shapesOf(input, app, source.variableOf);
  const placed = shapes.find(({ sites }) => sites.includes(site));
  if (placed === undefined) return undefined;
  const [shape] = fillShapes({ ...input, ...source }, [{ ...placed, sites: [site] }]).shapes;
  const written = source.fillable.map((each) => each.written);
  return shape && { model, app, site, manifests, shape, written };
}
