/**
 * Where a live object differs from what an apply of ours would leave. In: both objects, and the fields that are ours in
 * either. Out: paths with their values. What others set and what the server defaults is not ours, and no difference.
 */
import { type Json, type JsonObject, canonicalJson, isJsonObject } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { type FieldSet, describePart, innerFields, stepInto } from "./owned-fields.ts";

/** One field with both values; undefined: it is not there. */
export interface ComparedField {
  readonly path: string;
  readonly live: Json | undefined;
  readonly desired: Json | undefined;
}

/** What one entry of `metadata.managedFields` says. */
export interface ManagedEntry {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly subresource: string;
  readonly apiVersion: string;
  readonly fields: FieldSet;
}

/** The differences at the given fields. What is wholly missing on one side is one difference. */
export function fieldDifferences(
  live: Json | undefined,
  desired: Json | undefined,
  fields: FieldSet,
): readonly ComparedField[] {
  return differences({ path: "", live, desired }, fields);
}

function differences(at: ComparedField, fields: FieldSet): readonly ComparedField[] {
  const { live, desired } = at;
  if (live === undefined || desired === undefined) return live === desired ? [] : [at];
  const parts = Object.keys(fields).filter((part) => part !== ".");
  if (parts.length > 0) {
    return parts.flatMap((part) => differences(below(at, part), innerFields(fields, part)));
  }
  // A dot alone: ours is only that there is such a value.
  return "." in fields || canonicalJson(live) === canonicalJson(desired) ? [] : [at];
}

function below({ path, live, desired }: ComparedField, part: string): ComparedField {
  return {
    path: `${path}${describePart(part)}`,
    live: stepInto(live, part),
    desired: stepInto(desired, part),
  };
}

/** All fields of both sets. */
export function mergeFields(one: FieldSet, other: FieldSet): FieldSet {
  const merged: Record<string, Json> = { ...one };
  for (const [part, inner] of Object.entries(other)) {
    const known = merged[part];
    merged[part] = isJsonObject(known) && isJsonObject(inner) ? mergeFields(known, inner) : inner;
  }
  return merged;
}

/** Who manages which fields of a live object. */
export function managedEntries(object: KubeObject): readonly ManagedEntry[] {
  const entries = object.metadata["managedFields"];
  if (!Array.isArray(entries)) return [];
  return entries.filter((entry: Json) => isJsonObject(entry)).map(entryOf);
}

function entryOf(entry: JsonObject): ManagedEntry {
  const text = (field: string): string => {
    const value = entry[field];
    return typeof value === "string" ? value : "";
  };
  return {
    manager: text("manager"),
    operation: entry["operation"] === "Apply" ? "Apply" : "Update",
    subresource: text("subresource"),
    apiVersion: text("apiVersion"),
    fields: innerFields(entry, "fieldsV1"),
  };
}
