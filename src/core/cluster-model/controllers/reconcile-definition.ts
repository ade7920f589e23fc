/** CRDs: established a moment after they were made; with a deleted one, its objects go. */
import type { JsonObject } from "../../model/json.ts";
import { putObject, removeObject } from "../change-object.ts";
import type { Cluster } from "../cluster.ts";
import { typesOfDefinition } from "../custom-types.ts";
import { resourceKey } from "../resource-types.ts";
import {
  type StoredObject,
  finalizersOf,
  isDeleting,
  objectOf,
  objectsOf,
  textOf,
  textsOf,
  timestamp,
  withMetadata,
} from "../stored-object.ts";

/** Where CRDs are kept. */
export const definitionResource = "apiextensions.k8s.io/customresourcedefinitions";
/** Holds a deleted definition until its objects are gone. */
export const definitionCleanup = "customresourcecleanup.apiextensions.k8s.io";

/** Serves a definition's kinds, or takes them away. */
export function reconcileDefinition(cluster: Cluster, key: string): void {
  const definition = cluster.store.get(definitionResource, key);
  if (definition === undefined) cluster.custom.set(key.slice(1), []);
  else if (isDeleting(definition)) removeInstances(cluster, definition);
  else establish(cluster, definition);
}

function establish(cluster: Cluster, definition: StoredObject): void {
  const status = objectOf(definition["status"]);
  const spec = objectOf(definition["spec"]);
  const time = timestamp(cluster.now);
  const condition = (type: string, reason: string, message: string): JsonObject => ({
    type,
    status: "True",
    lastTransitionTime: time,
    reason,
    message,
  });
  cluster.custom.set(definition.metadata.name, typesOfDefinition(definition));
  const isEstablished = objectsOf(status["conditions"]).length > 0;
  const stored = new Set([...textsOf(status["storedVersions"]), ...storageVersions(spec)]);
  if (isEstablished && stored.size === textsOf(status["storedVersions"]).length) return;
  const conditions = isEstablished
    ? objectsOf(status["conditions"])
    : [
        condition("NamesAccepted", "NoConflicts", "no conflicts found"),
        condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
      ];
  putObject(cluster, definitionResource, {
    ...definition,
    status: { acceptedNames: objectOf(spec["names"]), conditions, storedVersions: [...stored] },
  });
}

function storageVersions(spec: JsonObject): readonly string[] {
  return objectsOf(spec["versions"])
    .filter((version) => version["storage"] === true)
    .map((version) => textOf(version["name"]));
}

/** The finalizer falls when no object is left. */
function removeInstances(cluster: Cluster, definition: StoredObject): void {
  const spec = objectOf(definition["spec"]);
  const kept = resourceKey(textOf(spec["group"]), textOf(objectOf(spec["names"])["plural"]));
  for (const object of cluster.store.all(kept)) {
    if (isDeleting(object)) continue;
    if (finalizersOf(object).length === 0) removeObject(cluster, kept, object);
    else {
      const marks = { deletionTimestamp: timestamp(cluster.now), deletionGracePeriodSeconds: 0 };
      putObject(cluster, kept, withMetadata(object, marks));
    }
  }
  if (cluster.store.all(kept).length > 0) {
    cluster.timers.set(`definition /${definition.metadata.name}`, cluster.now + 200);
    return;
  }
  cluster.custom.set(definition.metadata.name, []);
  const finalizers = finalizersOf(definition).filter(
    (finalizer) => finalizer !== definitionCleanup,
  );
  putObject(
    cluster,
    definitionResource,
    withMetadata(definition, { finalizers: finalizers.length > 0 ? finalizers : undefined }),
  );
}
