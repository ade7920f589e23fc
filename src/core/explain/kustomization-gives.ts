/** Whether what stands in a kustomization can have given a field of an object the value that it has. */
import { isJsonObject, isSameJson, type Json, type JsonObject } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { readYaml } from "../render/read-yaml.ts";
import { type Asked, itemsOf, mapOf, pathOf, type Read, textOf } from "./asked-field.ts";
import { isTargeted, patchesGive } from "./patch-gives.ts";

interface Known {
  readonly read: Read;
  /** The fields that `configurations` add to those of a step, as `pathOf` writes them. */
  readonly added: readonly string[];
}

/** Does what stands in a field of a kustomization give the value that was found? */
type Gives = (written: Json, asked: Asked, known: Known) => boolean;

/** Where steps of a kind write, as `pathOf` writes it. */
export const placesOfStep = {
  PrefixTransformer: /^metadata\/name$/,
  SuffixTransformer: /^metadata\/name$/,
  NamespaceTransformer: /^metadata\/namespace$|\bservice\/namespace$|^subjects\/namespace$/,
  ReplicaCountTransformer: /^spec\/replicas$/,
  ImageTagTransformer: /\b(containers|initContainers)\/image$|\bvolumes\/image\/reference$/,
} as const;

const annotationMaps = /\bmetadata\/annotations$/;
/** With `includeSelectors`, with `includeTemplates`, and with neither. */
const labelMaps = {
  selectors:
    /\bmetadata\/labels$|^spec\/selector$|\/(selector|podSelector|labelSelector)\/matchLabels$/,
  templates: /\bmetadata\/labels$/,
  own: /^metadata\/labels$/,
} as const;

const isAt = (path: string, places: RegExp, added: readonly string[]): boolean =>
  places.test(path) || added.includes(path);

const affixGives: Gives = (written, { object, steps, value }, { added }) =>
  isAt(pathOf(steps), placesOfStep.PrefixTransformer, added) &&
  hasAffixes(object) &&
  textOf(value).includes(textOf(written));

/** Whether prefixes and suffixes change the names of a kind. */
export function hasAffixes({ kind }: Pick<KubeObject, "kind">): boolean {
  return !["CustomResourceDefinition", "APIService", "Namespace"].includes(kind);
}

/** Fields of a kustomization that make a step of a kind. */
export const fieldsOfStep: Readonly<Record<string, Readonly<Record<string, Gives>>>> = {
  PrefixTransformer: { namePrefix: affixGives },
  SuffixTransformer: { nameSuffix: affixGives },
  NamespaceTransformer: { namespace: namespaceGives },
  AnnotationsTransformer: {
    commonAnnotations: (written, asked, { added }) =>
      pairGives(written, asked) && isAt(mapOf(asked), annotationMaps, added),
  },
  LabelTransformer: {
    commonLabels: (written, asked, { added }) =>
      pairGives(written, asked) && isAt(mapOf(asked), labelMaps.selectors, added),
    labels: (written, asked, { added }) =>
      itemsOf(written).some((item) => labelsGive(item, asked, added)),
  },
  ReplicaCountTransformer: {
    replicas: (written, { object, steps, value }, { added }) =>
      isAt(pathOf(steps), placesOfStep.ReplicaCountTransformer, added) &&
      itemsOf(written).some(
        (item) =>
          isJsonObject(item) &&
          isSame(item["count"], value) &&
          isTargeted({ name: item["name"] ?? null }, object),
      ),
  },
  ImageTagTransformer: {
    images: (written, { steps, value }, { added }) =>
      isAt(pathOf(steps), placesOfStep.ImageTagTransformer, added) &&
      itemsOf(written).some((item) => givesImage(item, textOf(value))),
  },
  PatchTransformer: { patches: (written, asked, { read }) => patchesGive(written, asked, read) },
  PatchStrategicMergeTransformer: {
    patchesStrategicMerge: (written, asked, { read }) => patchesGive(written, asked, read),
  },
  PatchJson6902Transformer: {
    patchesJson6902: (written, asked, { read }) => patchesGive(written, asked, read),
  },
  ReplacementTransformer: {
    replacements: (written, asked) =>
      asked.value !== undefined && itemsOf(written).some((item) => replaces(item, asked)),
  },
};

function namespaceGives(...[written, asked, { added }]: Parameters<Gives>): boolean {
  const { object, steps, value } = asked;
  if (written !== value) return false;
  const path = pathOf(steps);
  const isOfNamespace = object.kind === "Namespace" && path === "metadata/name";
  return isOfNamespace || isAt(path, placesOfStep.NamespaceTransformer, added);
}

function pairGives(pairs: Json | undefined, { steps, value }: Asked): boolean {
  const last = steps.at(-1);
  return (
    last !== undefined && "key" in last && isJsonObject(pairs) && isSame(pairs[last.key], value)
  );
}

function labelsGive(item: Json, asked: Asked, added: readonly string[]): boolean {
  if (!isJsonObject(item) || !pairGives(item["pairs"], asked)) return false;
  const { includeSelectors, includeTemplates, fields } = item;
  if (includeSelectors === true) {
    return isAt(mapOf(asked), labelMaps.selectors, [...added, ...pathsIn(fields)]);
  }
  const places = includeTemplates === true ? labelMaps.templates : labelMaps.own;
  return isAt(mapOf(asked), places, pathsIn(fields));
}

function givesImage(item: Json, value: string): boolean {
  if (!isJsonObject(item)) return false;
  const { name = "", newName, newTag, tagSuffix, digest } = item;
  const image = textOf(newName ?? name);
  if (!value.startsWith(image) || !/^($|[:@])/.test(value.slice(image.length))) return false;
  const isTold = (part: Json | undefined, holds: (text: string) => boolean): boolean =>
    part !== undefined && holds(scalarOf(part));
  return (
    newName !== undefined ||
    isTold(newTag, (text) => `${value}@`.includes(`:${text}@`)) ||
    isTold(tagSuffix, (text) => value.endsWith(text)) ||
    isTold(digest, (text) => value.endsWith(`@${text}`))
  );
}

/** Does a replacement write a field, what holds it, or what it holds? One that cannot be read may. */
function replaces(replacement: Json, { object, steps }: Asked): boolean {
  const targets = isJsonObject(replacement) ? replacement["targets"] : undefined;
  if (targets === undefined) return true;
  const asked = steps.flatMap((step) => ("key" in step ? step.key : []));
  return itemsOf(targets).some((target) => {
    if (!isJsonObject(target) || !isTargeted(target["select"], object)) return false;
    const paths = itemsOf(target["fieldPaths"] ?? []);
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

/** The fields that the configurations of a kustomization add to those of one of its fields. */
export function addedFields(kustomization: JsonObject, field: string, read: Read): string[] {
  const section = field === "labels" ? "commonLabels" : field;
  return itemsOf(kustomization["configurations"] ?? null).flatMap((path) => {
    const [first] = readYaml({ path: textOf(path), text: read(textOf(path)) ?? "" }).documents;
    const { value = null } = first ?? {};
    return isJsonObject(value) ? pathsIn(value[section]) : [];
  });
}

function pathsIn(fields: Json | undefined): string[] {
  return itemsOf(fields ?? null).map((field) =>
    isJsonObject(field) ? textOf(field["path"]).replaceAll("[]", "") : "",
  );
}

interface AskedKey {
  readonly object: KubeObject;
  readonly key: string;
  readonly value: Json | undefined;
  readonly read: Read;
}

/** Does an entry of a generator give a key of an object its value? */
export function generates(entry: Json, { object, key, value, read }: AskedKey): boolean {
  if (!isJsonObject(entry) || !isTargeted({ name: entry["name"] ?? null }, object)) return false;
  const variables = [entry["env"] ?? null, ...itemsOf(entry["envs"] ?? null)].map(textOf);
  const lines = variables.flatMap((path) => (path === "" ? [] : (read(path) ?? "").split(/\r?\n/)));
  const literals = itemsOf(entry["literals"] ?? null).map(textOf);
  const files = itemsOf(entry["files"] ?? null).map(textOf);
  const start = `${key}=`;
  return (
    [...literals, ...lines].some((each) => {
      const pair = each.trimStart();
      return pair.startsWith(start) && isWritten(withoutQuotes(pair.slice(start.length)), value);
    }) ||
    files.some((each) => {
      const path = each.startsWith(start) ? each.slice(start.length) : each;
      const isOfKey = path !== each || path.slice(path.lastIndexOf("/") + 1) === key;
      const text = read(path);
      return isOfKey && (text === undefined || isWritten(text, value));
    })
  );
}

/** `"a"` and `'a'` as `a`. */
function withoutQuotes(text: string): string {
  return /^(?<quote>["'])(?<inner>.*)\k<quote>$/s.exec(text)?.groups?.["inner"] ?? text;
}

/** Whether a text is a value, as it is or as the data of a Secret, which kustomize breaks into lines. */
function isWritten(text: string, value: Json | undefined): boolean {
  const data = typeof value === "string" ? value.replaceAll("\n", "") : value;
  return value === text || data === Buffer.from(text).toString("base64");
}

function isSame(a: Json | undefined, b: Json | undefined): boolean {
  return a !== undefined && b !== undefined && isSameJson(a, b);
}

function scalarOf(value: Json): string {
  return typeof value === "number" ? `${value}` : textOf(value);
}
