/** The scale subresource. */
import type { JsonObject } from "../../model/json.ts";
import type { ResourceType } from "../resource-types.ts";
import { type StoredObject, numberOf, objectOf, textMapOf } from "../stored-object.ts";

/** The `Scale` of an object. */
export function scaleOf(object: StoredObject, _type: ResourceType): JsonObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const spec = objectOf(object["spec"]);
  const labels = textMapOf(objectOf(spec["selector"])["matchLabels"]);
  const selector = Object.keys(labels)
    .toSorted()
    .map((key) => `${key}=${labels[key]}`)
    .join(",");
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      uid,
      ...(resourceVersion !== undefined && { resourceVersion }),
      creationTimestamp,
    },
    spec: { replicas: numberOf(spec["replicas"]) },
    status: {
      replicas: numberOf(objectOf(object["status"])["replicas"]),
      ...(selector !== "" && { selector }),
    },
  };
}

/** The object with the replicas of a `Scale`. */
export function withScale(object: StoredObject, scale: JsonObject): JsonObject {
  const replicas = numberOf(objectOf(scale["spec"])["replicas"]);
  const { resourceVersion } = objectOf(scale["metadata"]);
  return {
    ...object,
    metadata: { ...object.metadata, resourceVersion: resourceVersion ?? "" },
    spec: { ...objectOf(object["spec"]), replicas },
  };
}
