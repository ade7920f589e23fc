import { type JsonObject, isJsonObject } from "../model/json.ts";
import { groupOf } from "../model/kube-object.ts";
import type { Patch, PatchTarget } from "../model/kinds.ts";
import type { SourceObject } from "./parse-manifests.ts";

/** The objects that a patch is for: those its `target` selects, else the one its `merge` names. */
export function patchTargets(
  objects: readonly SourceObject[],
  patch: Patch,
  namespace: string,
): readonly SourceObject[] {
  if (patch.target !== undefined) return selectedBy(objects, patch.target);
  // loadFleet has checked that it is a map of JSON values.
  return named(objects, (patch.merge ?? {}) as JsonObject, namespace);
}

/** The objects that agree in all fields of a target. */
export function selectedBy(
  objects: readonly SourceObject[],
  target: PatchTarget,
): readonly SourceObject[] {
  const fields = ["group", "kind", "namespace", "name"] as const;
  return objects.filter(({ key }) =>
    fields.every((field) => target[field] === undefined || target[field] === key[field]),
  );
}

/** As in a manifest, no namespace means the app's; if the object is not there, the only other one of that name. */
function named(
  objects: readonly SourceObject[],
  patch: JsonObject,
  appNamespace: string,
): readonly SourceObject[] {
  const metadata = isJsonObject(patch["metadata"]) ? patch["metadata"] : {};
  const apiVersion = typeof patch["apiVersion"] === "string" ? patch["apiVersion"] : undefined;
  const candidates = objects.filter(
    ({ key }) =>
      key.kind === patch["kind"] &&
      key.name === metadata["name"] &&
      (apiVersion === undefined || key.group === groupOf(apiVersion)),
  );
  const { namespace } = metadata;
  if (namespace !== undefined) return candidates.filter(({ key }) => key.namespace === namespace);
  const own = candidates.filter(({ key }) => ["", appNamespace].includes(key.namespace));
  if (own.length > 0) return own;
  return candidates.length === 1 ? candidates : [];
}
