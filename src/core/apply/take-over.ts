/**
 * Which fields an app takes over when it first has to do with an object. In: the live object and what Git says of it.
 * Out: `managedFields` in which they are ours, so that our next apply changes what differs and removes what Git has not.
 * By rule only what `kubectl apply` left is taken; other tools' fields only where the object itself, in Git, names them.
 */
import { type Json, type JsonObject, isJsonObject } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { type ManagedEntry, managedEntries, mergeFields } from "./compare-fields.ts";
import { type LeftToOthers, splitFields } from "./left-to-others.ts";
import { type FieldSet, innerFields } from "./owned-fields.ts";
import { fieldManagerOf } from "./ownership.ts";
import { withoutFields } from "./staying-fields.ts";

/** Annotation on an object in Git: field managers, separated by commas, whose fields are taken over. */
const takeOverAnnotation = "flotilla.dev/take-over";

/** The managers that an object names to be taken over from; never an app's, and never what scales workloads. */
export function declaredTakeOver(object: KubeObject): readonly string[] {
  const annotations = object.metadata["annotations"];
  const text = isJsonObject(annotations) ? annotations[takeOverAnnotation] : undefined;
  if (typeof text !== "string") return [];
  return text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "" && name !== "kube-controller-manager")
    .filter((name) => name !== "flotilla" && !name.startsWith("flotilla/"));
}

/** What an app takes over of a live object. */
interface TakenOver {
  /** Entries of the live object, without the fields that are left to others. */
  readonly taken: readonly ManagedEntry[];
  /** `managedFields` with these put into the app's own. */
  readonly managedFields: readonly Json[];
}

interface Taker {
  readonly app: string;
  readonly left: LeftToOthers | null;
}

/** What an apply of this object takes over; null where there is nothing to take. */
export function takeOver(
  live: KubeObject,
  object: KubeObject,
  { app, left }: Taker,
): TakenOver | null {
  const taken = takenEntries(live, object, left);
  const manager = fieldManagerOf(app);
  const own = managedEntries(live).find(isOwnOf(manager));
  if (taken.length === 0 || (own !== undefined && own.apiVersion !== object.apiVersion)) {
    return null;
  }
  const fields = taken.reduce((all, entry) => mergeFields(all, entry.fields), own?.fields ?? {});
  const kept = keptEntries(live, object, left).filter((raw) => !isOwnOf(manager)(raw));
  const { apiVersion } = object;
  const ours = { manager, operation: "Apply", apiVersion, fieldsType: "FieldsV1" };
  return { taken, managedFields: [...kept, { ...ours, fieldsV1: fields }] };
}

/**
 * An object as it would be had the app taken over what it takes before it was applied: without what neither the app nor
 * anybody else has then. With the fields that go.
 */
export function withoutTaken(
  applied: KubeObject,
  object: KubeObject,
  left: LeftToOthers | null,
): { readonly rest: KubeObject; readonly gone: FieldSet } {
  const managedFields = keptEntries(applied, object, left);
  const kept = managedFields.map((raw) => innerFields(raw, "fieldsV1")).reduce(mergeFields, {});
  const taken = takenEntries(applied, object, left).map(({ fields }) => fields);
  const gone = fieldsThatGo(taken.reduce(mergeFields, {}), kept);
  const metadata = { ...applied.metadata, managedFields };
  return { rest: withoutFields({ ...applied, metadata }, gone), gone };
}

/** As API servers have it: a field goes with all that is in it, defaults too, if nobody has any of that; so does an item. */
function fieldsThatGo(taken: FieldSet, kept: FieldSet): FieldSet {
  const gone: Record<string, Json> = {};
  for (const part of Object.keys(taken).filter((one) => one !== ".")) {
    const inner = innerFields(taken, part);
    const isWhole = part.startsWith("f:") || "." in inner || Object.keys(inner).length === 0;
    const below = fieldsThatGo(inner, innerFields(kept, part));
    if (isWhole && !(part in kept)) gone[part] = {};
    else if (Object.keys(below).length > 0) gone[part] = below;
  }
  return gone;
}

function takenEntries(
  live: KubeObject,
  object: KubeObject,
  left: LeftToOthers | null,
): readonly ManagedEntry[] {
  return managedEntries(live)
    .filter((entry) => isTaken(entry, object))
    .map((entry) => ({ ...entry, fields: splitFields(entry.fields, left).rest }))
    .filter(({ fields }) => Object.keys(fields).length > 0);
}

/** What is not taken, as it stands in `managedFields`. */
function keptEntries(
  live: KubeObject,
  object: KubeObject,
  left: LeftToOthers | null,
): readonly JsonObject[] {
  const entries = live.metadata["managedFields"];
  const all = Array.isArray(entries) ? entries.filter((one: Json) => isJsonObject(one)) : [];
  const parsed = managedEntries(live);
  return all.flatMap((raw, index) => {
    const entry = parsed[index];
    if (entry === undefined || !isTaken(entry, object)) return [raw];
    const stays = splitFields(entry.fields, left).left;
    return Object.keys(stays).length === 0 ? [] : [{ ...raw, fieldsV1: stays }];
  });
}

function isOwnOf(manager: string) {
  return (entry: ManagedEntry | JsonObject): boolean =>
    entry.manager === manager && entry.operation === "Apply";
}

function isTaken(entry: ManagedEntry, object: KubeObject): boolean {
  const { manager, operation, subresource, apiVersion } = entry;
  // Fields of another version have other paths: a conflict over them is judged when it comes.
  if (subresource !== "" || apiVersion !== object.apiVersion) return false;
  if (manager === "kubectl-client-side-apply") return operation === "Update";
  if (manager === "kubectl") return operation === "Apply";
  return declaredTakeOver(object).includes(manager);
}
