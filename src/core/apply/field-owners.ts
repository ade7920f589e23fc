/** Who has set which fields of a live object, by its `metadata.managedFields`. */
import { type Json, isJsonObject } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import type { FieldConflict } from "./judge-conflicts.ts";
import { type Steps, valueSteps } from "./owned-fields.ts";

/** A field, and a manager that owns it. */
export interface FieldOwner extends FieldConflict {
  readonly steps: Steps;
}

/** Every field whose value has an owner; one for each of its owners. */
export function fieldOwners(live: KubeObject): readonly FieldOwner[] {
  const entries = live.metadata["managedFields"];
  if (!Array.isArray(entries)) return [];
  return entries
    .filter((entry: Json) => isJsonObject(entry))
    .flatMap((entry) => {
      const fields = isJsonObject(entry["fieldsV1"]) ? entry["fieldsV1"] : {};
      const operation = entry["operation"] === "Apply" ? ("Apply" as const) : ("Update" as const);
      const subresource = textOf(entry["subresource"]);
      const manager = textOf(entry["manager"]);
      return valueSteps(fields).map((steps) => {
        return { field: steps.join(""), steps, manager, operation, subresource };
      });
    });
}

function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}
