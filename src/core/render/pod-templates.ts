import { type Json, type JsonObject, isJsonObject } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { builtInSchema } from "./merge-schema.ts";

/** Keys of maps and positions in lists that lead to the spec of a pod. */
export type PodPath = readonly (string | number)[];

/** Where the pod of an object stands: in a Pod itself, in a workload, in a PodTemplate, in a CronJob. */
const places: readonly PodPath[] = [
  ["spec", "template", "spec"],
  ["spec", "jobTemplate", "spec", "template", "spec"],
  ["template", "spec"],
  ["spec"],
];

/**
 * The paths of the pod specs in an object; none for one without. A custom resource has one in each of its fields that is
 * called a template (`template`, `podTemplate`) and holds a pod, however deep.
 */
export function podSpecPaths(object: KubeObject): readonly PodPath[] {
  // Its schema may have fields of these names; they are no containers.
  if (object.kind === "CustomResourceDefinition") return [];
  if (builtInSchema(object.apiVersion, object.kind) === undefined) return [...podsBelow(object)];
  const path = places.find(
    (place) => isPod(valueAt(object, place)) && (place.length > 1 || object.kind === "Pod"),
  );
  return path === undefined ? [] : [path];
}

function* podsBelow(value: Json, at: PodPath = []): Generator<PodPath> {
  if (typeof value !== "object" || value === null) return;
  const entries = Array.isArray(value)
    ? [...(value as readonly Json[]).entries()]
    : Object.entries(value); // isArray loses the type
  for (const [key, inner] of entries) {
    const path = [...at, key];
    const isTemplate = typeof key === "string" && /^template$|Template$/.test(key);
    if (isTemplate && isJsonObject(inner) && isPod(inner["spec"])) yield [...path, "spec"];
    else yield* podsBelow(inner, path);
  }
}

function isPod(spec: Json | undefined): boolean {
  const containers = isJsonObject(spec) ? spec["containers"] : undefined;
  return Array.isArray(containers) && containers.length > 0 && containers.every(isNamed);
}

function isNamed(value: Json): boolean {
  return isJsonObject(value) && typeof value["name"] === "string";
}

/** The value at a path; undefined: there is none. */
export function valueAt(object: JsonObject, path: PodPath): Json | undefined {
  return path.reduce<Json | undefined>(inside, object);
}

function inside(value: Json | undefined, key: string | number): Json | undefined {
  if (Array.isArray(value))
    return typeof key === "number" ? (value as readonly Json[])[key] : undefined; // as above
  return isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** The object with another map at a path that leads to one. */
export function changeMapAt<T extends JsonObject>(
  object: T,
  path: PodPath,
  change: (map: JsonObject) => JsonObject,
): T {
  const replaced = (value: Json | undefined, [key, ...rest]: PodPath): Json | undefined => {
    if (key === undefined) return isJsonObject(value) ? change(value) : value;
    const inner = inside(value, key);
    const changed = replaced(inner, rest);
    if (changed === inner || changed === undefined) return value;
    if (isJsonObject(value)) return { ...value, [key]: changed };
    return (value as readonly Json[]).with(Number(key), changed); // what is inside of no map is inside of a list
  };
  return replaced(object, path) as T; // all else is kept
}
