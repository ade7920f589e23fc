/** A live object as a flat map, by paths as conflicts name them, for what is told of an object and what became of it. */
import { type Json, isJsonObject } from "../../src/core/model/json.ts";

/** Value by path of each leaf; a list without keys is one. */
export type Flat = Readonly<Record<string, Json>>;

/** Without its status, and what API servers and controllers count in it. */
export function flatObject(object: Readonly<Record<string, unknown>>): Flat {
  const flat = flatten(object as Json, ""); // it came as JSON
  return Object.fromEntries(Object.entries(flat).filter(([path]) => !bookkeeping.test(path)));
}

const bookkeeping =
  /^\.(status|metadata\.(managedFields|resourceVersion|generation|annotations\.deployment\.kubernetes\.io\/revision$))/;

/** The leaves of a value that is at a path. */
export function flatten(value: Json, path: string): Flat {
  if (Array.isArray(value)) {
    const keys = value.map(keyOf);
    if (value.length === 0 || keys.includes("")) return { [path]: value };
    return Object.assign({}, ...value.map((item: Json, at) => flatten(item, path + keys[at])));
  }
  if (!isJsonObject(value) || Object.keys(value).length === 0) return { [path]: value };
  const inner = Object.entries(value).map(([key, item]) => flatten(item, `${path}.${key}`));
  return Object.assign({}, ...inner);
}

/** How lists by key name an item; "": this is of none. */
function keyOf(item: Json): string {
  if (!isJsonObject(item)) return "";
  const { name, containerPort, protocol = "TCP" } = item;
  if (containerPort !== undefined) {
    return `[containerPort=${JSON.stringify(containerPort)},protocol=${JSON.stringify(protocol)}]`;
  }
  return name === undefined ? "" : `[name=${JSON.stringify(name)}]`;
}

/** The same without what is at or below a path. */
export function withoutPath(flat: Flat, above: string): Flat {
  const isAt = (path: string): boolean =>
    path === above || (path.startsWith(above) && /^[.[]/.test(path.slice(above.length)));
  return Object.fromEntries(Object.entries(flat).filter(([path]) => !isAt(path)));
}
