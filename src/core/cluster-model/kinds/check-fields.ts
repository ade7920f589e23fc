/** Fields that a kind does not have: dropped, with a warning or a refusal as `fieldValidation` says. */
import type { JsonObject } from "../../model/json.ts";
import type { Write } from "../requests/store-object.ts";
import { badRequest } from "../status-failure.ts";
import { objectOf } from "../stored-object.ts";
import { pruneUnknown } from "./custom-schema.ts";

/** The object without unknown fields; 400 for one under `Strict`. */
export function checkFields({ target, options, warnings }: Write, object: JsonObject): JsonObject {
  const { custom } = target.type;
  if (custom === undefined) return object;
  const pruned: string[] = [];
  const kept = objectOf(pruneUnknown(object, custom.schema, { path: "", pruned }));
  const problems = pruned.map((path) => `unknown field ${JSON.stringify(path)}`);
  if (problems.length > 0 && options.fieldValidation === "Strict") {
    throw badRequest(`strict decoding error: ${problems.join(", ")}`);
  }
  if (options.fieldValidation === "Warn") warnings.push(...problems);
  return kept;
}
