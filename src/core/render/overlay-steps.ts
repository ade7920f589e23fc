/** The steps of overlays, of which so many may change one object: each copies it, and is kept to explain it. */
import type { Json, JsonObject } from "../model/json.ts";
import type { Overlay } from "../model/kinds.ts";
import { describeKey } from "../model/kube-object.ts";
import { placeText, type Told } from "./mistake.ts";
import type { SourceObject } from "./parse-manifests.ts";
import type { FieldPath } from "./read-yaml.ts";

const mostSteps = 1000;

/** So many have changed it. */
export function stepsOf({ changedBy }: SourceObject): number {
  return changedBy?.count ?? 0;
}

/** Why no further one may; undefined: it may. */
export function tooManySteps(source: SourceObject): Told | undefined {
  if (stepsOf(source) < mostSteps) return undefined;
  const where = `${describeKey(source.key)} (${placeText(source.at([]))})`;
  const message = `${where} is changed by over ${mostSteps} steps of overlays`;
  return { code: "too-many-steps", message, hint: "put them together in fewer patches" };
}

/** What an overlay says in one of its steps: an entry of a list, or a field. */
export function stepAt(overlay: Overlay, [field, index]: FieldPath): Json | undefined {
  const value = (overlay as unknown as JsonObject)[String(field)]; // parsed YAML
  return Array.isArray(value) && index !== undefined ? (value[Number(index)] as Json) : value; // as above
}
