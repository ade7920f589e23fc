/**
 * Which fields an app takes over when it first has to do with an object. In: the live object and what Git says of it.
 * Out: `managedFields` in which they are ours, so that our next apply changes what differs and removes what Git has not.
 * By rule only what `kubectl apply` left is taken; other tools' fields only where the object itself, in Git, names them.
 */
import { type Json, isJsonObject } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { type ManagedEntry, managedEntries, mergeFields } from "./compare-fields.ts";
import { type LeftToOthers, splitFields } from "./left-to-others.ts";
import { fieldManagerOf } from "./ownership.ts";

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

/** What an apply of this object takes over: entries of the live one, without the fields that are left to others. */
export function takenEntries(
  live: KubeObject,
  object: KubeObject,
  left: LeftToOthers | null,
): readonly ManagedEntry[] {
  return managedEntries(live)
    .filter((entry) => isTaken(entry, object))
    .map((entry) => ({ ...entry, fields: splitFields(entry.fields, left).rest }))
    .filter(({ fields }) => Object.keys(fields).length > 0);
}

function isTaken(entry: ManagedEntry, object: KubeObject): boolean {
  const { manager, operation, subresource, apiVersion } = entry;
  // Fields of another version have other paths: a conflict over them is judged when it comes.
  if (subresource !== "" || apiVersion !== object.apiVersion) return false;
  if (manager === "kubectl-client-side-apply") return operation === "Update";
  if (manager === "kubectl") return operation === "Apply";
  return declaredTakeOver(object).includes(manager);
}

/** `managedFields` with the taken entries put into the app's own; null where there is nothing to take. */
export function takeOver(
  live: KubeObject,
  object: KubeObject,
  { app, left }: { readonly app: string; readonly left: LeftToOthers | null },
): readonly Json[] | null {
  const taken = takenEntries(live, object, left);
  const entries = live.metadata["managedFields"];
  if (taken.length === 0 || !Array.isArray(entries)) return null;
  const manager = fieldManagerOf(app);
  const parsed = managedEntries(live);
  const own = parsed.find((entry) => entry.manager === manager && entry.operation === "Apply");
  if (own !== undefined && own.apiVersion !== object.apiVersion) return null;
  const fields = taken.reduce((all, entry) => mergeFields(all, entry.fields), own?.fields ?? {});
  const kept = entries.filter(isJsonObject).flatMap((raw, index) => {
    const entry = parsed[index];
    if (entry === undefined || entry === own) return [];
    if (!isTaken(entry, object)) return [raw];
    const stays = splitFields(entry.fields, left).left;
    return Object.keys(stays).length === 0 ? [] : [{ ...raw, fieldsV1: stays }];
  });
  const { apiVersion } = object;
  const ours = { manager, operation: "Apply", apiVersion, fieldsType: "FieldsV1" };
  return [...kept, { ...ours, fieldsV1: fields }];
}
