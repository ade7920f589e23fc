/** Whether what stands in a kustomization can have given a field of an object the value that it has. */
import { isJsonObject, isSameJson, type Json } from "../model/json.ts";
import { parsePointer } from "../render/json-patch.ts";
import { readYaml } from "../render/read-yaml.ts";
import { type FieldStep, findField } from "./field-steps.ts";

/** A field, and its value. */
export interface Asked {
  readonly steps: readonly FieldStep[];
  readonly value: Json;
}

/** Gives the text of a file that a kustomization names. */
export type Read = (path: string) => string | undefined;

/** Does what stands in a field of a kustomization give the value that was found? */
type Gives = (written: Json, asked: Asked, read: Read) => boolean;

const metadataName: Gives = (_, { steps }) => keysOf(steps) === "metadata.name";
const pairGives = (pairs: Json | undefined, { steps, value }: Asked): boolean => {
  const last = steps.at(-1);
  return (
    last !== undefined && "key" in last && isJsonObject(pairs) && isSame(pairs[last.key], value)
  );
};

/** Fields of a kustomization that make a step of a kind. */
export const fieldsOfStep: Readonly<Record<string, Readonly<Record<string, Gives>>>> = {
  PrefixTransformer: { namePrefix: metadataName },
  SuffixTransformer: { nameSuffix: metadataName },
  NamespaceTransformer: { namespace: (written, { value }) => written === value },
  AnnotationsTransformer: { commonAnnotations: (written, asked) => pairGives(written, asked) },
  LabelTransformer: {
    commonLabels: (written, asked) => pairGives(written, asked),
    labels: (written, asked) =>
      itemsOf(written).some((item) => isJsonObject(item) && pairGives(item["pairs"], asked)),
  },
  ReplicaCountTransformer: {
    replicas: (written, { value }) =>
      itemsOf(written).some((item) => isJsonObject(item) && isSame(item["count"], value)),
  },
  ImageTagTransformer: {
    images: (written, { value }) => itemsOf(written).some((item) => givesImage(item, value)),
  },
  PatchTransformer: { patches: patchesGive },
  PatchStrategicMergeTransformer: { patchesStrategicMerge: patchesGive },
  PatchJson6902Transformer: { patchesJson6902: patchesGive },
  ReplacementTransformer: {
    replacements: (written, { steps }) => itemsOf(written).some((item) => replaces(item, steps)),
  },
};

interface AskedKey {
  readonly key: string;
  readonly value: Json;
  readonly read: Read;
}

/** Does an entry of a generator give a key? */
export function generates(entry: Json, { key, value, read }: AskedKey): boolean {
  if (!isJsonObject(entry)) return false;
  const variables = [entry["env"] ?? null, ...itemsOf(entry["envs"] ?? null)].map(textOf);
  const lines = variables.flatMap((path) => (path === "" ? [] : (read(path) ?? "").split("\n")));
  const literals = itemsOf(entry["literals"] ?? null).map(textOf);
  const files = itemsOf(entry["files"] ?? null).map(textOf);
  return (
    [...literals, ...lines].some(
      (each) => each.startsWith(`${key}=`) && each.includes(textOf(value)),
    ) ||
    files.some(
      (each) => each.startsWith(`${key}=`) || each.slice(each.lastIndexOf("/") + 1) === key,
    )
  );
}

/** Does a replacement write a field, what holds it, or what it holds? One that cannot be read may. */
function replaces(replacement: Json, steps: readonly FieldStep[]): boolean {
  const targets = isJsonObject(replacement) ? replacement["targets"] : undefined;
  if (targets === undefined) return true;
  const asked = steps.flatMap((step) => ("key" in step ? step.key : []));
  return itemsOf(targets).some((target) => {
    const paths = isJsonObject(target) ? itemsOf(target["fieldPaths"] ?? []) : [];
    // Without paths it is the name.
    const written = paths.length === 0 ? ["metadata.name"] : paths.map(textOf);
    return written.some((path) => {
      if (/[\\"']/.test(path)) return true;
      const keys = path.replaceAll(/\[[^\]]*\]/g, "").split(".");
      const named = keys.filter((key) => key !== "" && !/^(\d+|\*|-)$/.test(key));
      return named.slice(0, asked.length).every((key, index) => key === asked[index]);
    });
  });
}

function givesImage(item: Json, value: Json): boolean {
  if (!isJsonObject(item) || typeof value !== "string") return false;
  return ["newName", "newTag", "digest"].some((field) => {
    const part = item[field];
    return (typeof part === "string" || typeof part === "number") && value.includes(`${part}`);
  });
}

/** Of patches in lists, as texts, files or both. */
function patchesGive(...[written, asked, read]: Parameters<Gives>): boolean {
  const texts = itemsOf(written).map((item) => {
    if (!isJsonObject(item)) return typeof item === "string" ? (read(item) ?? item) : undefined;
    const { patch, path } = item;
    return typeof patch === "string" ? patch : typeof path === "string" ? read(path) : undefined;
  });
  return texts.some((text) => text === undefined || patchGives(text, asked));
}

function patchGives(text: string, asked: Asked): boolean {
  const { documents, diagnostics } = readYaml({ path: "patch", text });
  if (diagnostics.length > 0) return true;
  return documents.some(
    ({ value }) =>
      Array.isArray(value)
        ? operationsGive(value as readonly Json[], asked)
        : mergeGives(value, asked), // isArray loses the type
  );
}

/** Lists are merged by keys that are not known here, so for them it is enough that the patch says something. */
function mergeGives(patch: Json, { steps, value }: Asked): boolean {
  const given = findField(patch, steps).value;
  if (given === undefined) return false;
  return typeof given === "object" || isSame(given, value);
}

/** Does an operation write a field, or what holds it? Positions in lists are taken for any. */
function operationsGive(operations: readonly Json[], { steps }: Asked): boolean {
  return operations.some((operation) => {
    const path = isJsonObject(operation) ? operation["path"] : undefined;
    const pointer = typeof path === "string" ? parsePointer(path) : undefined;
    if (pointer === undefined) return true;
    return pointer.every((part, index) => {
      const step = steps[index];
      return step === undefined || !("key" in step) || step.key === part;
    });
  });
}

function isSame(a: Json | undefined, b: Json): boolean {
  return a !== undefined && isSameJson(a, b);
}

/** The items of a list; none of anything else. */
export function itemsOf(value: Json): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : []; // isArray loses the type
}

/** A text; of anything else an empty one. */
export function textOf(value: Json): string {
  return typeof value === "string" ? value : "";
}

/** The keys on the way to a field: `metadata.name`. */
export function keysOf(steps: readonly FieldStep[]): string {
  return steps.map((step) => ("key" in step ? step.key : "[]")).join(".");
}
