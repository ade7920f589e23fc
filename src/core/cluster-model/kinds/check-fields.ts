/** Fields that a kind does not have: dropped, with a warning or a refusal as `fieldValidation` says. */
import type { Json, JsonObject } from "../../model/json.ts";
import { isJsonObject } from "../../model/json.ts";
import type { FieldType } from "../ownership/schema.ts";
import type { Write } from "../requests/store-object.ts";
import { badRequest } from "../status-failure.ts";
import { objectOf, withFields } from "../stored-object.ts";
import { schemaOf } from "../track-fields.ts";
import { pruneUnknown } from "./custom-schema.ts";

/** The object without unknown fields; 400 for one under `Strict`. */
export function checkFields({ target, options, warnings }: Write, object: JsonObject): JsonObject {
  const { type } = target;
  const pruned: string[] = [];
  const kept =
    type.custom === undefined
      ? withoutUnknown(object, schemaOf(type).type, { path: "", pruned })
      : pruneUnknown(object, type.custom.schema, { path: "", pruned });
  if (pruned.length === 0) return object;
  const problems = pruned.map((path) => `unknown field ${JSON.stringify(path)}`);
  if (options.fieldValidation === "Strict") {
    throw badRequest(`strict decoding error: ${problems.join(", ")}`);
  }
  if (options.fieldValidation === "Warn") warnings.push(...problems);
  return objectOf(kept);
}

interface Place {
  readonly path: string;
  readonly pruned: string[];
}

/** The value itself when all of its fields are known. */
function withoutUnknown(value: Json, type: FieldType, place: Place): Json {
  const { path, pruned } = place;
  if (Array.isArray(value)) {
    const items = type.list?.items;
    if (items === undefined) return value;
    const kept = value.map((item: Json, i) =>
      withoutUnknown(item, items, { path: `${path}[${i}]`, pruned }),
    );
    return kept.every((item: Json, i) => item === value[i]) ? value : kept;
  }
  return isJsonObject(value) ? mapWithoutUnknown(value, type, place) : value;
}

function mapWithoutUnknown(value: JsonObject, { map }: FieldType, place: Place): JsonObject {
  if (map === undefined) return value;
  const changes: [string, Json | undefined][] = [];
  for (const [name, member] of Object.entries(value)) {
    const type = map.fields.get(name)?.type ?? map.values;
    const path = place.path === "" ? name : `${place.path}.${name}`;
    const kept = type && withoutUnknown(member, type, { path, pruned: place.pruned });
    if (kept === undefined) place.pruned.push(path);
    if (kept !== member) changes.push([name, kept]);
  }
  return changes.length === 0 ? value : withFields(value, Object.fromEntries(changes));
}
