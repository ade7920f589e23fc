/** Plain JSON data: what a YAML document, a Kubernetes object or a stored record is made of. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** A JSON object. Flotilla never keeps class instances in one. */
export interface JsonObject {
  readonly [key: string]: Json;
}

/** True for a JSON object, false for null, lists and scalars. */
export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** True for equal data, in whatever order the keys come. */
export function isSameJson(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (Array.isArray(a) || Array.isArray(b)) {
    const areLists = Array.isArray(a) && Array.isArray(b) && a.length === b.length;
    return areLists && a.every((item: Json, at) => isSameJson(item, b[at] as Json)); // as long as `a`
  }
  if (!isJsonObject(a) || !isJsonObject(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && isSameJson(a[key] ?? null, b[key] ?? null));
}

/** JSON text with the keys of every object sorted by code unit: equal data gives equal bytes. */
export function canonicalJson(value: Json): string {
  // One piece of text that grows: this is done for each object that is applied, and lists of parts cost more than that.
  let text = "";
  if (Array.isArray(value)) {
    for (const item of value) text += `${text === "" ? "" : ","}${canonicalJson(item)}`;
    return `[${text}]`;
  }
  if (!isJsonObject(value)) return JSON.stringify(value);
  for (const key of sortedKeys(value)) {
    text += `${text === "" ? "" : ","}${JSON.stringify(key)}:${canonicalJson(value[key] ?? null)}`;
  }
  return `{${text}}`;
}

/** The keys of an object, sorted by code unit. */
export function sortedKeys(object: JsonObject): readonly string[] {
  const keys = Object.keys(object);
  // Most come sorted, and to sort costs much more than to look.
  const isSorted = keys.every((key, at) => at === 0 || (keys[at - 1] ?? "") < key);
  return isSorted ? keys : keys.toSorted();
}
