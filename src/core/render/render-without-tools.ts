import type { FleetModel } from "../model/fleet-model.ts";
import { renderFleet } from "./render-fleet.ts";
import type { RenderedFleet } from "./rendered.ts";

/** A fleet as far as it is rendered, and the apps that are lacking. */
export interface PartlyRendered {
  readonly rendered: RenderedFleet;
  readonly lacking: readonly string[];
}

/** Renders what needs neither kustomize nor Helm. For models that were found valid with them. */
export function renderWithoutTools(model: FleetModel): PartlyRendered {
  const lacking = [...model.toolSources.keys()];
  const apps = new Map([...model.apps].filter(([name]) => !model.toolSources.has(name)));
  const rendered = renderFleet({ ...model, apps });
  if (rendered.ok) return { rendered: rendered.value, lacking };
  // What is left may need what is left out, such as the definition of a kind.
  return { rendered: { apps: new Map(), variants: new Map() }, lacking: [...model.apps.keys()] };
}
