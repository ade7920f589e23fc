/** ConfigMaps and Secrets. */
import type { JsonObject } from "../../model/json.ts";
import { type Cause, invalidValue } from "../status-failure.ts";
import { type StoredObject, isSame, objectOf, textOf, withFields } from "../stored-object.ts";
import type { KindRules } from "./kind-rules.ts";

const maxBytes = 1_048_576;

export const configMapRules: Partial<KindRules> = {
  check: (object) => checkSize(object, "data"),
  checkChange: checkImmutable,
};

export const secretRules: Partial<KindRules> = {
  complete: (secret) => {
    const { stringData, ...rest } = secret;
    const type = textOf(secret["type"]) || "Opaque";
    if (stringData === undefined) return { ...rest, type };
    const written = Object.entries(objectOf(stringData)).map(
      ([key, value]) => [key, base64(textOf(value))] as const,
    );
    const data: JsonObject = { ...objectOf(secret["data"]), ...Object.fromEntries(written) };
    return { ...rest, data, type };
  },
  check: (object) => checkSize(object, "data"),
  checkChange: (before, after) => {
    const typeChanged = before["type"] !== after["type"];
    const immutable = checkImmutable(before, after);
    return typeChanged
      ? [...immutable, invalidValue("type", after["type"] ?? null, "field is immutable")]
      : immutable;
  },
};

function checkSize(object: StoredObject, field: string): Cause[] {
  let size = 0;
  for (const value of Object.values(objectOf(object[field]))) size += textOf(value).length;
  if (size <= maxBytes) return [];
  const message = `Too long: may not be more than ${maxBytes} bytes`;
  return [{ reason: "FieldValueTooLong", message, field: "" }];
}

function checkImmutable(before: StoredObject, after: StoredObject): Cause[] {
  if (before["immutable"] !== true) return [];
  const forbidden = (field: string, message: string): Cause => ({
    reason: "FieldValueForbidden",
    message: `Forbidden: ${message}`,
    field,
  });
  if (after["immutable"] !== true) {
    return [forbidden("immutable", "field is immutable when `immutable` is set")];
  }
  return ["data", "binaryData"]
    .filter((field) => !isSame(before[field] ?? {}, after[field] ?? {}))
    .map((field) => forbidden(field, "field is immutable when `immutable` is set"));
}

function base64(text: string): string {
  const bytes = new TextEncoder().encode(text);
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** The object with defaults for fields that it lacks. */
export function withDefaults(map: JsonObject, defaults: JsonObject): JsonObject {
  const missing = Object.entries(defaults).filter(([field]) => map[field] === undefined);
  return missing.length === 0 ? map : withFields(map, Object.fromEntries(missing));
}
