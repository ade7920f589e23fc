/**
 * Fields of a live object that nobody has: whoever set them has let go of them since, as an app does that is orphaned. In:
 * the object, and what it would be if it were made anew. Out: the paths of those that it would not have then, for all else
 * that nobody has is a default.
 */
import { type Json, type JsonObject, isJsonObject } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { managedEntries, mergeFields } from "./compare-fields.ts";
import {
  type FieldSet,
  describePart,
  hasKeys,
  innerFields,
  parsePart,
  stepInto,
} from "./owned-fields.ts";

interface Place {
  readonly value: Json | undefined;
  readonly fresh: Json | undefined;
  readonly owned: FieldSet;
  readonly path: string;
}

/** The topmost paths of them, in order. */
export function nobodysFields(live: KubeObject, fresh: KubeObject): readonly string[] {
  const owned = managedEntries(live).reduce((all, { fields }) => mergeFields(all, fields), {});
  return fieldsIn({
    value: partsThatSay(live),
    fresh: partsThatSay(fresh),
    owned,
    path: "",
  }).toSorted();
}

/** Without what names the object and what the cluster keeps of it. */
function partsThatSay({
  apiVersion: _version,
  kind: _kind,
  metadata,
  status: _status,
  ...rest
}: KubeObject): Json {
  const { labels = {}, annotations = {} } = metadata;
  return { ...rest, metadata: { labels, annotations } };
}

function fieldsIn(place: Place): readonly string[] {
  return partsOf(place).flatMap((part) => {
    const inner: Place = {
      value: stepInto(place.value, part),
      fresh: stepInto(place.fresh, part),
      owned: innerFields(place.owned, part),
      path: `${place.path}${describePart(part)}`,
    };
    const isOwned = part in place.owned;
    if (inner.fresh === undefined) return isOwned ? [] : [inner.path];
    return isOwned && Object.keys(inner.owned).length === 0 ? [] : fieldsIn(inner);
  });
}

/** Members, or the items of a list that are known by the keys that somebody's are. */
function partsOf({ value, owned }: Place): readonly string[] {
  if (isJsonObject(value)) return Object.keys(value).map((key) => `f:${key}`);
  const known = Object.keys(owned).filter((part) => part.startsWith("k:"));
  const [first] = known;
  if (!Array.isArray(value) || first === undefined) return [];
  const keys = Object.keys(keysOf(first));
  return value.filter(isJsonObject).map((item) => {
    const part = `k:${JSON.stringify(Object.fromEntries(keys.map((key) => [key, item[key]])))}`;
    // An integer beyond 2^53 may have lost digits, which the owner's part has.
    if (part in owned || !/\d{16}/.test(part)) return part;
    return known.find((one) => hasKeys(item, keysOf(one))) ?? part;
  });
}

function keysOf(part: string): JsonObject {
  const keys = parsePart(part.slice(2));
  return isJsonObject(keys) ? keys : {}; // FieldsV1 has an object there
}
