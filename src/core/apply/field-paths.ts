/**
 * Fields by their paths as the API server's conflicts name them: `.spec.replicas`,
 * `.spec.template.spec.containers[name="web"].image`. Keys with dots in them are told by the object that has them.
 */
import { type Json, type JsonObject, isJsonObject } from "../model/json.ts";
import { type Steps, hasKeys, isSameValue, parsePart } from "./owned-fields.ts";

/** True when a path is another one, or lies below it. */
export function isWithin(path: string, above: string): boolean {
  if (!path.startsWith(above)) return false;
  return path.length === above.length || [".", "["].includes(path.charAt(above.length));
}

/** The same of paths in steps: a key with dots in it is not below the key before its dot. */
export function isBelow(steps: Steps, above: Steps): boolean {
  return above.every((step, index) => step === steps[index]);
}

/** True when a path in steps is the one of a text, or lies below it. */
export function isCovered(steps: Steps, text: string): boolean {
  return steps.some((_, index) => steps.slice(0, index + 1).join("") === text);
}

/** A path in its steps, where each `.` begins one; undefined when it is none. */
export function parseFieldPath(path: string): readonly string[] | undefined {
  const steps = path.match(stepPattern);
  return steps !== null && steps.join("") === path ? steps : undefined;
}

const stepPattern = /\.[^.[\]\s]+|\[(?:[^\]"]|"(?:[^"\\]|\\.)*")+\]/g;

/**
 * A value with what lies at the path taken from another one, where both have a place for it: a field that the value
 * does not have is not added, one that the other lacks is taken out.
 */
export function takeField(value: Json, path: string, from: Json | undefined): Json {
  if (path.startsWith(".") && isJsonObject(value)) return takeMember(value, path.slice(1), from);
  if (path.startsWith("[") && Array.isArray(value)) return takeItem(value, path, from);
  return value;
}

function takeMember(value: JsonObject, path: string, from: Json | undefined): Json {
  // The longest key that fits: `example.com/x` before `example`.
  const keys = Object.keys(value).filter((key) => isWithin(path, key));
  const [key] = keys.toSorted((a, b) => b.length - a.length);
  if (key === undefined) return value;
  const rest = path.slice(key.length);
  const other = isJsonObject(from) ? from[key] : undefined;
  const { [key]: mine, ...others } = value;
  if (rest !== "") return { ...value, [key]: takeField(mine ?? null, rest, other) };
  return other === undefined ? others : { ...value, [key]: other };
}

function takeItem(value: readonly Json[], path: string, from: Json | undefined): Json {
  const [step = ""] = path.match(stepPattern) ?? [];
  const isMeant = itemTest(step.slice(1, -1));
  const other = Array.isArray(from) ? from.find(isMeant) : undefined;
  const rest = path.slice(step.length);
  return value.flatMap((item) => {
    if (!isMeant(item)) return [item];
    if (rest !== "") return [takeField(item, rest, other)];
    return other === undefined ? [] : [other];
  });
}

/** Which item of a list is meant: by its keys, `name="web",port=80`, or, in a set, by its value, `="web"`. */
function itemTest(text: string): (item: Json) => boolean {
  const value = text.startsWith("=") ? parsePart(text.slice(1)) : undefined;
  if (value !== undefined) return (item) => isSameValue(item, value);
  const quoted = text.replaceAll(/(?<start>^|,)(?<key>[A-Za-z_]\w*)=/g, '$<start>"$<key>":');
  const keys = parsePart(`{${quoted}}`);
  const isKeyed = isJsonObject(keys) && Object.keys(keys).length > 0;
  return (item) => isKeyed && hasKeys(item, keys);
}
