import { type JsonObject, isJsonObject } from "../model/json.ts";
import { groupOf } from "../model/kube-object.ts";
import type { Patch, PatchTarget } from "../model/kinds.ts";
import type { SourceObject } from "./parse-manifests.ts";

/** What else counts for which objects are meant. */
interface AroundObjects {
  /** The app's. */
  readonly namespace: string;
  /** The app's other objects: what is meant may be one of them. */
  readonly others: readonly SourceObject[];
}

/** The objects that a patch is for: those its `target` selects, else the one its `merge` names. */
export function patchTargets(
  objects: readonly SourceObject[],
  patch: Patch,
  around: AroundObjects,
): readonly SourceObject[] {
  if (patch.target !== undefined) return selectedBy(objects, patch.target);
  // loadFleet has checked that it is a map of JSON values.
  return named(objects, (patch.merge ?? {}) as JsonObject, around);
}

/** What all objects that a patch is for are called, now or as hooks; undefined where it does not say. */
export function targetName({ target, merge }: Patch): string | undefined {
  if (target !== undefined) return target.name;
  const metadata = (merge as JsonObject | undefined)?.["metadata"]; // as below
  const name = isJsonObject(metadata) ? metadata["name"] : undefined;
  return typeof name === "string" ? name : undefined;
}

/** Takes away what it is for. */
export function isDeletion({ merge, json }: Patch): boolean {
  return json === undefined && merge?.["$patch"] === "delete";
}

/** The objects that agree in all fields of a target; a Job that was a hook is also called what its chart calls it. */
export function selectedBy(
  objects: readonly SourceObject[],
  target: PatchTarget,
): readonly SourceObject[] {
  const fields = ["group", "kind", "namespace", "name"] as const;
  return objects.filter(({ key, hookName }) =>
    fields.every(
      (field) =>
        target[field] === undefined ||
        target[field] === key[field] ||
        (field === "name" && target.name === hookName),
    ),
  );
}

/** As in a manifest, no namespace means the app's; if the object is not there, the only other one of that name. */
function named(
  objects: readonly SourceObject[],
  patch: JsonObject,
  { namespace: appNamespace, others }: AroundObjects,
): readonly SourceObject[] {
  const metadata = isJsonObject(patch["metadata"]) ? patch["metadata"] : {};
  const apiVersion = typeof patch["apiVersion"] === "string" ? patch["apiVersion"] : undefined;
  const isCandidate = ({ key }: SourceObject): boolean =>
    key.kind === patch["kind"] &&
    key.name === metadata["name"] &&
    (apiVersion === undefined || key.group === groupOf(apiVersion));
  const isOwn = ({ key }: SourceObject): boolean => ["", appNamespace].includes(key.namespace);
  const candidates = objects.filter(isCandidate);
  const { namespace } = metadata;
  if (namespace !== undefined) return candidates.filter(({ key }) => key.namespace === namespace);
  const own = candidates.filter(isOwn);
  if (own.length > 0 || candidates.length !== 1) return own;
  return others.some(isCandidate) ? [] : candidates;
}
