/** What becomes of the objects of an app where it goes from one variant to another. */
import { immutableChanges } from "../apply/immutable-fields.ts";
import { mayBeMadeAnew } from "../apply/made-anew.ts";
import { type Json, type JsonObject, canonicalJson, isJsonObject } from "../model/json.ts";
import { type KubeObject, type ObjectId, isSecret } from "../model/kube-object.ts";
import { emitYaml } from "../render/emit-yaml.ts";
import { readYaml } from "../render/read-yaml.ts";
import type { RenderedObject, Variant } from "../render/rendered.ts";
import { openSecretFields, sealedText } from "../secrets/sops-file.ts";
import { unifiedDiff } from "./unified-diff.ts";

/** One object that comes, goes or changes. */
export interface ObjectChange {
  readonly id: ObjectId;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly change: "added" | "changed" | "removed";
  /** Unified diff of the YAML. Values of Secrets are not in it: only which keys there are, and which changed. */
  readonly diff: string;
  /** Fields in it that an API server lets nobody change, and what comes of it; absent: there is none. */
  readonly fixed?: FixedChange;
}

/** `anew`: the object is deleted and made anew; else its cluster refuses the change. */
interface FixedChange {
  readonly fields: readonly string[];
  readonly anew: boolean;
}

/** What a change of fixed fields comes to; "" where there is none. */
export function fixedWords({ fixed }: Pick<ObjectChange, "fixed">): string {
  if (fixed === undefined) return "";
  const fields = fixed.fields.join(", ");
  return fixed.anew
    ? `is deleted and made anew, for ${fields}`
    : `its cluster will refuse to change ${fields}`;
}

/** The changes from one variant to another, sorted by object; undefined is an app that is not there. */
export function objectChanges(
  from: Variant | undefined,
  to: Variant | undefined,
): readonly ObjectChange[] {
  const before = byId(from);
  const after = byId(to);
  const ids = [...new Set([...before.keys(), ...after.keys()])].toSorted();
  return ids.flatMap((id) => objectChange(before.get(id), after.get(id)) ?? []);
}

function byId(variant: Variant | undefined): ReadonlyMap<ObjectId, RenderedObject> {
  return new Map((variant?.objects ?? []).map((object) => [object.id, object]));
}

function objectChange(
  before: RenderedObject | undefined,
  after: RenderedObject | undefined,
): ObjectChange | undefined {
  const shown = after ?? before;
  if (shown === undefined || before?.yaml === after?.yaml) return undefined;
  const { kind, metadata } = shown.object;
  const { namespace } = metadata;
  const change = before === undefined ? "added" : after === undefined ? "removed" : "changed";
  return {
    id: shown.id,
    kind,
    namespace: typeof namespace === "string" ? namespace : "",
    name: metadata.name,
    change,
    diff: unifiedDiff(shownYaml(before), shownYaml(after, before)),
    ...fixedChange(before, after),
  };
}

function fixedChange(
  before: RenderedObject | undefined,
  after: RenderedObject | undefined,
): Pick<ObjectChange, "fixed"> {
  if (before === undefined || after === undefined) return {};
  const fields = immutableChanges(before.object, after.object);
  const anew = mayBeMadeAnew(before.object) && mayBeMadeAnew(after.object);
  return fields.length === 0 ? {} : { fixed: { fields, anew } };
}

/** The YAML as a diff may show it; of a Secret with marks at the values that differ from those before. */
function shownYaml(object: RenderedObject | undefined, before?: RenderedObject): string {
  if (object === undefined) return "";
  if (!isSecret(object.object)) return object.yaml;
  const old = before === undefined ? {} : unsealed(before.object);
  const fields = Object.entries(unsealed(object.object)).map(([field, value]): [string, Json] => {
    if (openSecretFields.has(field)) return [field, value];
    return isJsonObject(value)
      ? [field, hiddenValues(value, old[field])]
      : [field, hiddenValue(value, old[field])];
  });
  return emitYaml(Object.fromEntries(fields));
}

/** A sealed Secret with the fields of its file, whose values are encrypted: unchanged ones stay as they were. */
function unsealed(object: KubeObject): JsonObject {
  const text = sealedText(object);
  if (text === undefined) return object;
  const [document] = readYaml({ path: "", text }).documents;
  const file = isJsonObject(document?.value) ? document.value : {};
  return { ...file, ...object };
}

/** Key names, and whether the value changed: never the value or anything made from it. */
function hiddenValues(map: JsonObject, before: Json | undefined): JsonObject {
  const old = isJsonObject(before) ? before : {};
  return Object.fromEntries(
    Object.entries(map).map(([key, value]) => [
      key,
      hiddenValue(value, Object.hasOwn(old, key) ? old[key] : undefined),
    ]),
  );
}

function hiddenValue(value: Json, before: Json | undefined): string {
  const isChanged = before !== undefined && canonicalJson(value) !== canonicalJson(before);
  return isChanged ? "(hidden, changed)" : "(hidden)";
}
