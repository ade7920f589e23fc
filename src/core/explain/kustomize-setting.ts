/**
 * What kustomize did to a field. In: an object that it made, with the steps that it took, and the object of a file that it
 * made it of. Out: what of which kustomization set the field. Kustomize tells which steps it took with an object, not what
 * they changed: so those are told which can have given the value, and where that is more than one, all of them.
 */
import type { Place, SourceFile } from "../model/fleet-model.ts";
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import { describeKey } from "../model/kube-object.ts";
import { keptFor } from "../model/known-fleet.ts";
import { resolveInside } from "../model/tools/file-index.ts";
import type { AppAtSite } from "../render/app-at-site.ts";
import { objectsOf } from "../render/fill-shapes.ts";
import { type ManifestObject, readManifestObjects } from "../render/manifest-objects.ts";
import type { SourceObject } from "../render/parse-manifests.ts";
import { readYaml, type YamlDocument } from "../render/read-yaml.ts";
import type { Transformation } from "../render/tools/kustomize-origins.ts";
import type { FieldSetting } from "./field-setting.ts";
import { type FieldStep, findField } from "./field-steps.ts";
import {
  type Asked,
  fieldsOfStep,
  generates,
  itemsOf,
  keysOf,
  type Read,
  textOf,
} from "./kustomization-gives.ts";

type Told = Pick<FieldSetting, "by" | "place">;

/** The object of a file that kustomize made an object of; undefined where that is not certain, or it was generated. */
export function kustomizedFrom(found: AppAtSite, source: SourceObject): ManifestObject | undefined {
  const { steps = [] } = source;
  const file = filesOf(found).find(({ path }) => path === source.at([]).file);
  if (file === undefined || steps.length === 0 || steps.some(isGenerator)) return undefined;
  const { kind, apiVersion } = source.object;
  const [object, ...others] = readManifestObjects([file]).objects.filter(
    ({ object }) =>
      object.kind === kind &&
      object.apiVersion === apiVersion &&
      namedBy(found, steps, object.metadata.name) === source.object.metadata.name,
  );
  return others.length === 0 ? object : undefined;
}

/** The name that prefixes and suffixes make of one. */
function namedBy(found: AppAtSite, steps: readonly Transformation[], name: string): string {
  return steps.filter(isAffix).reduce((before, step) => {
    const { namePrefix = "", nameSuffix = "" } = kustomizationOf(found, step);
    if (step.isListed) return before;
    return step.kind === "PrefixTransformer"
      ? `${textOf(namePrefix)}${before}`
      : `${before}${textOf(nameSuffix)}`;
  }, name);
}

function isAffix({ kind }: Transformation): boolean {
  return kind === "PrefixTransformer" || kind === "SuffixTransformer";
}

function isGenerator({ kind }: Transformation): boolean {
  return kind.endsWith("Generator");
}

/** A part of a kustomization that can have set a field. */
interface Part {
  readonly file: string;
  /** The field of the kustomization, or the kind of a transformer in a file of its own. */
  readonly words: string;
  readonly place: Place;
}

/** What set a field that is not as the object's file has it. */
export function kustomizeSetting(
  found: AppAtSite,
  { source, from }: { readonly source: SourceObject; readonly from: ManifestObject | undefined },
  steps: readonly FieldStep[],
): Told {
  const { steps: taken = [], object } = source;
  const { value = null } = findField(object, steps);
  const asked = { steps, value };
  const changing = taken.filter((step) => !isGenerator(step));
  const parts = changing.flatMap((step) => partsOf(found, step, asked));
  const distinct = [...new Map(parts.map((part) => [`${part.file} ${part.words}`, part])).values()];
  if (distinct.length > 0)
    return toldOf(distinct, from === undefined && changing.length === taken.length);
  const named = nameOfOther(found, asked);
  if (named !== undefined) return { by: `kustomize: the name of ${named}`, place: null };
  const generator = taken.find(isGenerator);
  if (generator !== undefined) return toldOf(generatorParts(found, generator, asked), false);
  // By no step that it tells: what it does by itself, or a field that its configuration adds to a step.
  return { by: "kustomize", place: from === undefined ? source.at([]) : null };
}

function toldOf(parts: readonly Part[], maybeFile: boolean): Told {
  const [first] = parts;
  const isOneFile = parts.every(({ file }) => file === first?.file);
  const words = parts.map(({ words, file }) => (isOneFile ? words : `${words} of ${file}`));
  if (maybeFile) words.push("the object's file");
  const by = `kustomize: ${words.join(" or ")}`;
  if (first === undefined || words.length === 1) return { by, place: first?.place ?? null };
  return { by, place: isOneFile && !maybeFile ? { file: first.file, line: 0, column: 0 } : null };
}

function partsOf(found: AppAtSite, step: Transformation, asked: Asked): readonly Part[] {
  const document = documentOf(found, step);
  const kustomization = kustomizationOf(found, step);
  const at = { file: step.file, line: 0, column: 0 };
  if (step.isListed) {
    const inline = kustomization["transformers"];
    if (!isMentioned(step, textsOf(found, step), asked)) return [];
    if (inline === undefined) return [stepPart(step)];
    const place = document?.at(["transformers"]) ?? at;
    return [{ file: step.file, words: "transformers", place }];
  }
  const fields = fieldsOfStep[step.kind];
  // A step that is not known here may do anything.
  if (fields === undefined) return [stepPart(step)];
  const read = readerOf(found, step.file);
  return Object.entries(fields).flatMap(([field, gives]) => {
    const written = kustomization[field];
    if (written === undefined || !gives(written, asked, read)) return [];
    return [{ file: step.file, words: field, place: document?.at([field]) ?? at }];
  });
}

/** Gives the files that a kustomization names. */
function readerOf(found: AppAtSite, file: string): Read {
  const folder = file.slice(0, Math.max(0, file.lastIndexOf("/")));
  return (path) => {
    const inside = resolveInside(folder, path);
    return filesOf(found).find((each) => each.path === inside)?.text;
  };
}

/** A generator, and those that may have added to what it made: kustomize does not tell of these. */
function generatorParts(
  found: AppAtSite,
  step: Transformation,
  { steps, value }: Asked,
): readonly Part[] {
  const field = `${step.kind.slice(0, 1).toLowerCase()}${step.kind.slice(1)}`;
  const [top, entry] = steps;
  const key =
    top !== undefined && "key" in top && /^(data|binaryData)$/.test(top.key) ? entry : undefined;
  const own = generatorPart(found, step.file, field);
  if (key === undefined || !("key" in key)) return [own ?? stepPart(step)];
  const giving = filesOf(found).flatMap(({ path }) => {
    const entries = itemsOf(kustomizationOf(found, { file: path })[field] ?? null);
    const part = generatorPart(found, path, field);
    return part &&
      entries.some((each) => generates(each, { key: key.key, value, read: readerOf(found, path) }))
      ? part
      : [];
  });
  return giving.length === 0 ? [own ?? stepPart(step)] : giving;
}

function generatorPart(found: AppAtSite, file: string, field: string): Part | undefined {
  const document = documentOf(found, { file });
  if (document === undefined || kustomizationOf(found, { file })[field] === undefined) {
    return undefined;
  }
  return { file, words: field, place: document.at([field]) };
}

function stepPart({ file, kind }: Transformation): Part {
  return { file, words: kind, place: { file, line: 0, column: 0 } };
}

/** What a transformer writes into maps stands in its configuration, key and value. */
function isMentioned({ kind }: Transformation, texts: string, { steps, value }: Asked): boolean {
  if (kind !== "AnnotationsTransformer" && kind !== "LabelTransformer") return true;
  const last = steps.at(-1);
  const isEntry = last !== undefined && "key" in last && texts.includes(last.key);
  return isEntry && typeof value === "string" && texts.includes(value);
}

/** The configuration of a listed transformer: its file, or what stands in the kustomization. */
function textsOf(found: AppAtSite, step: Transformation): string {
  const { transformers } = kustomizationOf(found, step);
  if (transformers !== undefined) return itemsOf(transformers).map(textOf).join("\n");
  return filesOf(found).find(({ path }) => path === step.file)?.text ?? "";
}

/** Names of objects that kustomize changes are changed wherever other objects name them. */
function nameOfOther(found: AppAtSite, { steps, value }: Asked): string | undefined {
  if (keysOf(steps) === "metadata.name") return undefined;
  const texts = new Set(textsIn(value));
  const other = objectsOf(found.shape).find(({ object }) => texts.has(object.metadata.name));
  return other && describeKey(other.key);
}

function textsIn(value: Json): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

function filesOf({ model, app }: AppAtSite): readonly SourceFile[] {
  return model.toolSources.get(app.value.metadata.name)?.files ?? [];
}

const documentsOf = keptFor((file: SourceFile) => readYaml(file).documents);

function documentOf(
  found: AppAtSite,
  { file }: Pick<Transformation, "file">,
): YamlDocument | undefined {
  const known = filesOf(found).find(({ path }) => path === file);
  return known && documentsOf(known)[0];
}

function kustomizationOf(found: AppAtSite, step: Pick<Transformation, "file">): JsonObject {
  const value = documentOf(found, step)?.value ?? null;
  return isJsonObject(value) ? value : {};
}
