import { type Json, type JsonObject, isJsonObject } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";

/** Where the pod of an object stands: in a Pod itself, in a workload, in a PodTemplate, in a CronJob. */
const places: readonly (readonly string[])[] = [
  ["spec", "template", "spec"],
  ["spec", "jobTemplate", "spec", "template", "spec"],
  ["template", "spec"],
  ["spec"],
];

/**
 * The path of the pod spec in an object; undefined for one without. Custom resources count where they have a pod in the
 * place where Kubernetes' own workloads have it.
 */
export function podSpecPath(object: KubeObject): readonly string[] | undefined {
  // Its schema may have fields of these names; they are no containers.
  if (object.kind === "CustomResourceDefinition") return undefined;
  return places.find((path) => {
    const spec = valueAt(object, path);
    if (!isJsonObject(spec) || !isContainerList(spec["containers"])) return false;
    return path.length > 1 || object.kind === "Pod";
  });
}

function isContainerList(value: Json | undefined): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(isNamed);
}

function isNamed(value: Json): boolean {
  return isJsonObject(value) && typeof value["name"] === "string";
}

/** The value at a path of keys; undefined: there is none. */
export function valueAt(object: JsonObject, path: readonly string[]): Json | undefined {
  let value: Json | undefined = object;
  for (const key of path) {
    if (!isJsonObject(value)) return undefined;
    value = Object.hasOwn(value, key) ? value[key] : undefined;
  }
  return value;
}

/** The object with another map at a path that leads to one. */
export function changeMapAt<T extends JsonObject>(
  object: T,
  path: readonly string[],
  change: (map: JsonObject) => JsonObject,
): T {
  const [key, ...rest] = path;
  const replaced = (map: JsonObject, [next, ...more]: readonly string[]): JsonObject => {
    if (next === undefined) return change(map);
    const inner = map[next];
    const changed = isJsonObject(inner) ? replaced(inner, more) : inner;
    return changed === inner || changed === undefined ? map : { ...map, [next]: changed };
  };
  return (key === undefined ? change(object) : replaced(object, [key, ...rest])) as T; // all else is kept
}
