/**
 * The kinds of the fleet repository, as schemas: each value is the JSON Schema that ajv checks, editors load and
 * the reference pages are made from, and its `Static` type is what the code works with. Descriptions are the docs.
 *
 * A field that is not carried out is not here; `planned.ts` gives those that are planned their hint.
 */
import { App } from "./kinds/app.ts";
import { Decision } from "./kinds/decision.ts";
import { Fleet } from "./kinds/fleet.ts";
import { MaintenanceWindow } from "./kinds/maintenance-window.ts";
import { Profile } from "./kinds/profile.ts";
import { Region } from "./kinds/region.ts";
import { RolloutStrategy } from "./kinds/rollout-strategy.ts";
import { Site } from "./kinds/site.ts";
import { VirtualSite } from "./kinds/virtual-site.ts";

export { App } from "./kinds/app.ts";
export { Decision } from "./kinds/decision.ts";
export { Fleet } from "./kinds/fleet.ts";
export { MaintenanceWindow, weekDays } from "./kinds/maintenance-window.ts";
export {
  Overlay,
  Patch,
  PatchTarget,
  type Resources,
  type Scheduling,
  type Sidecar,
} from "./kinds/overlay.ts";
export { Profile } from "./kinds/profile.ts";
export { Region } from "./kinds/region.ts";
export { RolloutStrategy, Stage } from "./kinds/rollout-strategy.ts";
export { apiVersion, Duration, Name, SelectorRequirement, SelectorSpec } from "./kinds/shared.ts";
export { Site } from "./kinds/site.ts";
export { VirtualSite } from "./kinds/virtual-site.ts";

/** Every kind by its name: the schema that a document of that kind must satisfy. */
export const kinds = {
  Fleet,
  Region,
  Site,
  VirtualSite,
  Profile,
  App,
  RolloutStrategy,
  MaintenanceWindow,
  Decision,
} as const;
export type KindName = keyof typeof kinds;

/** A document of the fleet repository, of any kind. */
export type FleetDocument =
  | Fleet
  | Region
  | Site
  | VirtualSite
  | Profile
  | App
  | RolloutStrategy
  | MaintenanceWindow
  | Decision;
