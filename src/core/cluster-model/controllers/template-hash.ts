/** A short hash of a pod template: what tells ReplicaSets and revisions apart. */
import { type JsonObject, canonicalJson } from "../../model/json.ts";
import { safeHash } from "../cluster.ts";

// Templates are never changed in place and are shared by the objects that were made of them.
const known = new WeakMap<JsonObject, string>();

/** The same for equal templates, whatever the order of their keys. */
export function templateHash(template: JsonObject): string {
  const before = known.get(template);
  if (before !== undefined) return before;
  const hash = safeHash(canonicalJson(template));
  known.set(template, hash);
  return hash;
}
