/** Secrets that an App declares to be none: their data may lie in Git and in the mirrors. Diffs hide it all the same. */
import type { Diagnostic } from "../model/diagnostic.ts";
import { type ObjectId, objectId } from "../model/kube-object.ts";
import type { App } from "../model/kinds.ts";
import { regionField } from "../secrets/region-secret.ts";
import type { LayeredApp } from "./layered-app.ts";
import { warning } from "./mistake.ts";
import type { SourceObject } from "./parse-manifests.ts";

type PlainSecret = NonNullable<App["spec"]["plainSecrets"]>[number];

/** The Secrets that the App names. */
export function plainSecretIds({ spec }: App): ReadonlySet<ObjectId> {
  return new Set((spec.plainSecrets ?? []).map((entry) => idOf(entry, spec.namespace)));
}

function idOf({ name, namespace }: PlainSecret, appNamespace: string): ObjectId {
  return objectId({ group: "", kind: "Secret", namespace: namespace ?? appNamespace, name });
}

/** Warnings of entries that name no Secret of the app's source, at whatever sites. */
export function unusedPlainSecrets(
  app: LayeredApp,
  objectsOfShapes: () => readonly (readonly SourceObject[])[],
): readonly Diagnostic[] {
  const { namespace, plainSecrets = [] } = app.value.spec;
  if (plainSecrets.length === 0) return [];
  const known = new Set(objectsOfShapes().flatMap((objects) => objects.flatMap(plainIdOf)));
  return plainSecrets.flatMap((entry, index) => {
    if (known.has(idOf(entry, namespace))) return [];
    const message = `the source of the app has no Secret "${entry.name}" in namespace ${entry.namespace ?? namespace}`;
    const hint = "correct it, or remove it: what comes under that name later would not be refused";
    const place = app.at(["spec", "plainSecrets", index, "name"]);
    return [warning(place, { code: "no-effect", message, hint })];
  });
}

function plainIdOf({ key, object, isPlainSecret }: SourceObject): ObjectId[] {
  return isPlainSecret === true && object[regionField] === undefined ? [objectId(key)] : [];
}
