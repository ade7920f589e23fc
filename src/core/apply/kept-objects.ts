/**
 * Objects that are let go of, not deleted, when their app drops them or leaves: those with the annotation
 * `flotilla.dev/prune: keep`, and those that say the same to Helm, Flux or Argo CD. Whatever the value, its mere presence
 * keeps, for a word that is not known deletes nothing; but Argo CD's annotation says other things too.
 */
import { type Json, isJsonObject } from "../model/json.ts";
import type { KubeObject, ObjectId } from "../model/kube-object.ts";

const fluxMark = "kustomize.toolkit.fluxcd.io/prune";
const annotationNames = ["flotilla.dev/prune", "helm.sh/resource-policy", fluxMark];
const syncOptions = "argocd.argoproj.io/sync-options";

/** Their fields. */
export const keepMarks: readonly string[] = [
  ...[...annotationNames, syncOptions].map((name) => `.metadata.annotations.${name}`),
  `.metadata.labels.${fluxMark}`,
];

/** True for an object that says so itself. */
export function isKept({ metadata: { annotations, labels } }: KubeObject): boolean {
  if (annotationNames.some((name) => valueOf(annotations, name) !== undefined)) return true;
  if (valueOf(labels, fluxMark) !== undefined) return true;
  return saysToArgo(valueOf(annotations, syncOptions));
}

/**
 * True for one that was applied so, by its fields as a row has them (JSON of a FieldsV1, or empty): somebody may have taken
 * the mark off since. What Argo CD's said is not known then, and it may have been this.
 */
export function wasKept(owned: string, { metadata: { annotations } }: KubeObject): boolean {
  const fields = owned === "" ? {} : (JSON.parse(owned) as Json); // written when it was applied
  const own = valueOf(fields, "f:metadata");
  const had = (name: string): boolean =>
    valueOf(valueOf(own, "f:annotations"), `f:${name}`) !== undefined;
  if (annotationNames.some(had)) return true;
  if (valueOf(valueOf(own, "f:labels"), `f:${fluxMark}`) !== undefined) return true;
  return valueOf(annotations, syncOptions) === undefined && had(syncOptions);
}

/** The objects among these that are kept. */
export function keptIds(
  objects: readonly { readonly id: ObjectId; readonly object: KubeObject }[],
): ReadonlySet<ObjectId> {
  return new Set(objects.filter(({ object }) => isKept(object)).map(({ id }) => id));
}

function valueOf(marks: Json | undefined, name: string): Json | undefined {
  return isJsonObject(marks) ? marks[name] : undefined;
}

/** `Prune=false,Replace=true`: anything but true, such as `confirm`, for being pruned or deleted. */
function saysToArgo(value: Json | undefined): boolean {
  if (typeof value !== "string") return false;
  return value.split(",").some((option) => /^\s*(Prune|Delete)=(?!true\s*$)/.test(option));
}
