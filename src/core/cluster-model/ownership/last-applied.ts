/**
 * The move from client-side to server-side apply: where `kubectl` applies to an object that it wrote on its own before,
 * the annotation with its last configuration says which conflicts are with itself.
 */
import { type Json, type JsonObject, isJsonObject } from "../../model/json.ts";
import { compareValues } from "./compare-values.ts";
import type { Conflict } from "./conflicts.ts";
import { type FieldSet, difference, isEmptySet } from "./field-set.ts";
import { metadataOf } from "./managed-fields.ts";
import type { ObjectSchema } from "./schema.ts";
import { fieldsOfValue } from "./value-fields.ts";

const annotation = "kubectl.kubernetes.io/last-applied-configuration";
const upgradingManager = "kubectl";

interface Upgrade {
  readonly live: JsonObject | undefined;
  readonly applied: JsonObject;
  readonly schema: ObjectSchema;
  readonly manager: string;
  readonly apiVersion: string;
}

/** The conflicts that are left when those with the manager's own last configuration are allowed. */
export function lastAppliedAllows(
  upgrade: Upgrade,
  conflicts: readonly Conflict[],
): readonly Conflict[] {
  const allowed = upgrade.manager === upgradingManager ? allowedFields(upgrade) : undefined;
  if (allowed === undefined) return conflicts;
  return conflicts.flatMap(({ manager, fields }) => {
    const left = difference(fields, allowed);
    return isEmptySet(left) ? [] : [{ manager, fields: left }];
  });
}

/** The fields that the last configuration set and that still have its values. */
function allowedFields({ live, schema, apiVersion }: Upgrade): FieldSet | undefined {
  const text = live === undefined ? undefined : annotationOf(live);
  const last = text === undefined ? undefined : parse(text);
  if (live === undefined || !isJsonObject(last) || last["apiVersion"] !== apiVersion) {
    return undefined;
  }
  const change = compareValues(last, live, schema.type);
  return [change.modified, change.added, change.removed].reduce(
    difference,
    fieldsOfValue(last, schema.type),
  );
}

/** The object with the annotation brought up to date, where it has one and `kubectl` applies. */
export function withLastApplied(object: JsonObject, { manager, applied }: Upgrade): JsonObject {
  if (manager !== upgradingManager || annotationOf(object) === undefined) return object;
  const metadata = metadataOf(object);
  const annotations = isJsonObject(metadata["annotations"]) ? metadata["annotations"] : {};
  const value = `${JSON.stringify(sortKeys(withoutAnnotation(applied)))}\n`;
  return {
    ...object,
    metadata: { ...metadata, annotations: { ...annotations, [annotation]: value } },
  };
}

function annotationOf(object: JsonObject): string | undefined {
  const { annotations } = metadataOf(object);
  const value = isJsonObject(annotations) ? annotations[annotation] : undefined;
  return typeof value === "string" && value !== "" ? value : undefined;
}

function withoutAnnotation(applied: JsonObject): JsonObject {
  const { annotations, ...metadata } = metadataOf(applied);
  if (!isJsonObject(annotations)) return applied;
  const { [annotation]: _last, ...others } = annotations;
  return {
    ...applied,
    metadata: Object.keys(others).length === 0 ? metadata : { ...metadata, annotations: others },
  };
}

function sortKeys(value: Json): Json {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (!isJsonObject(value)) return value;
  const keys = Object.keys(value).toSorted();
  return Object.fromEntries(keys.map((key) => [key, sortKeys(value[key] ?? null)]));
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json; // what JSON.parse gives is Json
  } catch {
    return undefined;
  }
}
