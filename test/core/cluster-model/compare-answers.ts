/** What two clusters' answers must have in common: everything but identities, versions and times. */
import { canonicalJson, type Json, type JsonObject } from "../../../src/core/model/json.ts";
import type { Answer } from "./cluster-under-test.ts";

const volatile = new Set(["uid", "resourceVersion", "creationTimestamp", "generation", "selfLink"]);

/** The answer in a form that compares. */
export function comparable({ status, body }: Answer): Json {
  if (status === 409 && body["reason"] === "Conflict") return { status, ...conflictOf(body) };
  if (status === 404) return { status };
  if (status >= 400) return { status, message: (body["message"] ?? null) as Json };
  const object = body as JsonObject; // the API server answers with JSON
  const metadata = Object.entries((object["metadata"] ?? {}) as JsonObject).filter(
    ([key]) => !volatile.has(key) && key !== "managedFields",
  );
  return {
    status,
    object: { ...object, metadata: Object.fromEntries(metadata) },
    managedFields: ownersOf(object),
  };
}

/** The entries of managedFields without their times, each under its manager's name. */
function ownersOf(object: JsonObject): Json {
  const { managedFields } = (object["metadata"] ?? {}) as JsonObject;
  const entries = (managedFields ?? []) as readonly JsonObject[];
  const owners = entries.map(({ time: _time, ...entry }): readonly [string, Json] => {
    const { fieldsV1: _fields, ...identity } = entry;
    return [canonicalJson(identity), entry];
  });
  return Object.fromEntries(owners);
}

function conflictOf(body: Answer["body"]): JsonObject {
  const { causes } = (body["details"] ?? {}) as { causes?: readonly JsonObject[] };
  return {
    message: body["message"] as string,
    causes: (causes ?? []).toSorted((a, b) => (canonicalJson(a) < canonicalJson(b) ? -1 : 1)),
  };
}
