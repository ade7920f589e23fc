/** JSON merge patch (RFC 7396). */
import { type Json, type JsonObject, isJsonObject } from "../../model/json.ts";

/** The patched map; what the patch does not touch is shared. */
export function mergePatch(original: JsonObject, patch: JsonObject): JsonObject {
  const result: Record<string, Json> = { ...original };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else if (isJsonObject(value)) {
      const inner = result[key];
      result[key] = mergePatch(isJsonObject(inner) ? inner : {}, value);
    } else result[key] = value;
  }
  return result;
}
