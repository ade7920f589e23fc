/** Fields that a kind does not have: dropped, with a warning or a refusal as `fieldValidation` says. */
import type { JsonObject } from "../../model/json.ts";
import { checkObject } from "../ownership/check-object.ts";
import type { Write } from "../requests/store-object.ts";
import type { ResourceType } from "../resource-types.ts";
import { badRequest } from "../status-failure.ts";
import { objectOf } from "../stored-object.ts";
import { schemaOf } from "../track-fields.ts";
import { pruneUnknown } from "./custom-schema.ts";

/** The object without unknown fields; 400 for one under `Strict`, and for values that a built-in kind cannot hold. */
export function checkFields({ target, options, warnings }: Write, object: JsonObject): JsonObject {
  const { type } = target;
  const { kept, unknown, wrongType } = knownFields(type, object);
  if (wrongType !== undefined) throw badRequest(`${cannotBe(type)}${wrongType}`);
  if (unknown.length === 0) return object;
  if (options.fieldValidation === "Strict") {
    throw badRequest(`${cannotBe(type)}strict decoding error: ${unknown.join(", ")}`);
  }
  if (options.fieldValidation === "Warn") warnings.push(...unknown);
  return kept;
}

interface KnownFields {
  readonly kept: JsonObject;
  readonly unknown: readonly string[];
  readonly wrongType: string | undefined;
}

function knownFields(type: ResourceType, object: JsonObject): KnownFields {
  if (type.custom === undefined) {
    const { object: kept, unknown, wrongType } = checkObject(object, schemaOf(type).type);
    return { kept, unknown, wrongType };
  }
  const pruned: string[] = [];
  const kept = objectOf(pruneUnknown(object, type.custom.schema, { path: "", pruned }));
  const unknown = pruned.map((path) => `unknown field ${JSON.stringify(path)}`);
  return { kept, unknown, wrongType: undefined };
}

function cannotBe({ kind, version, custom }: ResourceType): string {
  return custom === undefined
    ? `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: `
    : "";
}
