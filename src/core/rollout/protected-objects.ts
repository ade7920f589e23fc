/** Which objects are deleted only with an operator's consent. */
import { isJsonObject } from "../model/json.ts";
import { type KubeObject, type ObjectId, parseObjectId } from "../model/kube-object.ts";
import type { Variant } from "../render/rendered.ts";
import { protectedKinds } from "./protected-kinds.ts";

const rules: ReadonlySet<string> = new Set(protectedKinds);

const protectMark = "flotilla.dev/protect";

/** A test of objects by their kind, and by their contents as far as these renderings know them. */
export function protectedObjects(
  renderings: readonly ReadonlyMap<string, Variant>[],
): (id: ObjectId) => boolean {
  const marked = new Set<ObjectId>();
  const variants = renderings
    .flatMap((rendering) => [...rendering.values()])
    .filter(({ isOrdinary }) => isOrdinary !== true);
  for (const { id, object } of variants.flatMap(({ objects }) => objects)) {
    if (isProtectedByContent(object)) marked.add(id);
  }
  return (id) => marked.has(id) || isProtectedKind(id);
}

/** A kind that is deleted only with consent, whatever is in it. */
export function isProtectedKind(id: ObjectId): boolean {
  const key = parseObjectId(id);
  // What cannot be read is not known to be harmless.
  if (key === undefined) return true;
  return (
    rules.has(`${key.group}/${key.kind}`) ||
    groupsAbove(key.group).some((group) => rules.has(group))
  );
}

/** `a.b.c` -> `a.b.c`, `b.c`, `c`. */
function groupsAbove(group: string): readonly string[] {
  const parts = group.split(".");
  return parts.map((_, index) => parts.slice(index).join("."));
}

/** What says so itself, and StatefulSets that have claims. */
export function isProtectedByContent({ kind, metadata, ...rest }: KubeObject): boolean {
  const { labels, annotations } = metadata;
  const isMarked = [labels, annotations].some(
    (marks) =>
      isJsonObject(marks) && marks[protectMark] !== undefined && marks[protectMark] !== "false",
  );
  if (isMarked) return true;
  const spec = rest["spec"];
  if (kind !== "StatefulSet" || !isJsonObject(spec)) return false;
  const claims = spec["volumeClaimTemplates"];
  return Array.isArray(claims) && claims.length > 0;
}
