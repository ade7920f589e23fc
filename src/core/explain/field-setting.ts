import type { Place } from "../model/fleet-model.ts";
import type { Json } from "../model/json.ts";

/** What set a field. */
export interface FieldSetting {
  /** `manifest`, `overlay "flagships": replicas`. */
  readonly by: string;
  readonly place: Place | null;
  /** What it was set to; null with `isRemoved`. */
  readonly value: Json;
  readonly isRemoved: boolean;
  /** The text with the expression that the value comes from. */
  readonly expression: string | null;
  /** What the expression read, and where that is said. */
  readonly reads: readonly FactRead[];
}

/** A fact that an expression reads. */
export interface FactRead {
  /** `values.count`, `site.labels.tier`. */
  readonly name: string;
  readonly place: Place;
  /** Values of the same name that it won over, as they are written, strongest first. */
  readonly overridden: readonly { readonly value: Json; readonly place: Place }[];
}
