import type { Release } from "./records.ts";
import type { Part } from "./units.ts";

/** What has been worked out already of one input, of releases as they are: an edited release is another one. */
export interface UnitMemory {
  readonly parts: Map<Release, Map<string, Part | null>>;
  /** By list. */
  readonly stages: Map<Release["list"], readonly (readonly string[])[]>;
}

/** Nothing worked out yet. */
export function newUnitMemory(): UnitMemory {
  return { parts: new Map(), stages: new Map() };
}
