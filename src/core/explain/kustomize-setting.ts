/**
 * What kustomize did to a field. In: an object that it made, with the steps that it took, and the object of a file that it
 * made it of. Out: what of which kustomization set the field. Kustomize tells which steps it took with an object, not what
 * they changed: so those are told which can have given the value, and where that is more than one, all of them.
 */
import type { Place, SourceFile } from "../model/fleet-model.ts";
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import { describeKey, type KubeObject } from "../model/kube-object.ts";
import { keptFor } from "../model/known-fleet.ts";
import { resolveInside } from "../model/tools/file-index.ts";
import type { AppAtSite } from "../render/app-at-site.ts";
import { objectsOf } from "../render/fill-shapes.ts";
import { type ManifestObject, readManifestObjects } from "../render/manifest-objects.ts";
import type { SourceObject } from "../render/parse-manifests.ts";
import { readYaml, type YamlDocument } from "../render/read-yaml.ts";
import type { Transformation } from "../render/tools/kustomize-origins.ts";
import { type Asked, itemsOf, mapOf, pathOf, type Read, textOf } from "./asked-field.ts";
import type { FieldSetting } from "./field-setting.ts";
import { type FieldStep, findField } from "./field-steps.ts";
import {
  addedFields,
  fieldsOfStep,
  generates,
  hasAffixes,
  placesOfStep,
} from "./kustomization-gives.ts";
import { patchesGive } from "./patch-gives.ts";

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
      namedBy(found, steps, object) === source.object.metadata.name,
  );
  return others.length === 0 ? object : undefined;
}

/** The name that prefixes and suffixes give an object. */
function namedBy(found: AppAtSite, steps: readonly Transformation[], object: KubeObject): string {
  const { name } = object.metadata;
  if (!hasAffixes(object)) return name;
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
  const asked = { object, steps, value: findField(object, steps).value };
  const generator = taken.find(isGenerator);
  const data = generator && keyOfData(generator, asked);
  const parts = [
    ...taken.flatMap((step) => (isGenerator(step) ? [] : partsOf(found, step, asked))),
    ...(data === undefined ? [] : generatorsOf(found, data)),
  ];
  const distinct = [...new Map(parts.map((part) => [`${part.file} ${part.words}`, part])).values()];
  const maybeFile = from === undefined && generator === undefined;
  if (distinct.length > 0) return toldOf(distinct, maybeFile);
  const named = data === undefined ? nameOfOther(found, asked) : undefined;
  if (named !== undefined) return nameTold(named, maybeFile);
  if (generator !== undefined) return toldOf([generatorPart(found, generator)], false);
  // By no step that it tells: what it does by itself.
  return { by: "kustomize", place: from === undefined ? source.at([]) : null };
}

function nameTold(named: string, maybeFile: boolean): Told {
  const others = maybeFile ? " or the object's file" : "";
  return { by: `kustomize: the name of ${named}${others}`, place: null };
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
    if (!listedGives(found, step, asked)) return [];
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
    if (written === undefined) return [];
    const added = addedFields(kustomization, field, read);
    if (!gives(written, asked, { read, added })) return [];
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

/** A key of a generated ConfigMap or Secret. */
interface DataKey extends Asked {
  readonly kind: string;
  readonly key: string;
}

/** undefined: the field is none. */
function keyOfData({ kind }: Transformation, asked: Asked): DataKey | undefined {
  const [top, entry] = asked.steps;
  const isData = top !== undefined && "key" in top && /^(data|binaryData)$/.test(top.key);
  if (!isData || entry === undefined || !("key" in entry)) return undefined;
  return { ...asked, kind, key: entry.key };
}

/** The generators that give a key its value: of those that add to what one made, kustomize does not tell. */
function generatorsOf(found: AppAtSite, asked: DataKey): readonly Part[] {
  const { kind } = asked;
  return filesOf(found).flatMap(({ path: file }) => {
    const entries = itemsOf(kustomizationOf(found, { file })[generatorField(kind)] ?? null);
    const known = { ...asked, read: readerOf(found, file) };
    return entries.some((each) => generates(each, known))
      ? [generatorPart(found, { file, kind, isListed: false })]
      : [];
  });
}

function generatorPart(found: AppAtSite, step: Transformation): Part {
  const field = generatorField(step.kind);
  const document = documentOf(found, step);
  if (document === undefined || kustomizationOf(found, step)[field] === undefined) {
    return stepPart(step);
  }
  return { file: step.file, words: field, place: document.at([field]) };
}

function generatorField(kind: string): string {
  return `${kind.slice(0, 1).toLowerCase()}${kind.slice(1)}`;
}

function stepPart({ file, kind }: Transformation): Part {
  return { file, words: kind, place: { file, line: 0, column: 0 } };
}

/** Can a transformer with a configuration of its own give a field? One of which too little is known may. */
function listedGives(found: AppAtSite, step: Transformation, asked: Asked): boolean {
  const text = textsOf(found, step).join("\n---\n");
  const { kind } = step;
  if (kind === "PatchTransformer") {
    const { documents } = readYaml({ path: step.file, text });
    const patches = documents.map(({ value }) => value);
    return patchesGive(patches, asked, readerOf(found, step.file));
  }
  if (kind === "AnnotationsTransformer" || kind === "LabelTransformer") {
    return mentionsEntry(text, asked);
  }
  if (!isPlaced(kind)) return true;
  const path = pathOf(asked.steps);
  return asked.value !== undefined && (placesOfStep[kind].test(path) || pathsIn(text).has(path));
}

/** What a transformer writes into maps stands in its configuration: key, value and where. */
function mentionsEntry(text: string, asked: Asked): boolean {
  const { steps, value } = asked;
  const last = steps.at(-1);
  const isEntry = last !== undefined && "key" in last && text.includes(last.key);
  return (
    isEntry && typeof value === "string" && text.includes(value) && pathsIn(text).has(mapOf(asked))
  );
}

/** The words of a text, and so its paths of fields, without lists: `spec/template/spec/containers/image`. */
function pathsIn(text: string): ReadonlySet<string> {
  return new Set(text.replaceAll("[]", "").split(/[\s,"'{}]+/));
}

function isPlaced(kind: string): kind is keyof typeof placesOfStep {
  return Object.hasOwn(placesOfStep, kind);
}

/** The configuration of a listed transformer: its file, or what stands in the kustomization. */
function textsOf(found: AppAtSite, step: Transformation): readonly string[] {
  const { transformers } = kustomizationOf(found, step);
  if (transformers !== undefined) return itemsOf(transformers).map(textOf);
  return filesOf(found).flatMap(({ path, text }) => (path === step.file ? text : []));
}

/** Names of objects that kustomize changes are changed wherever other objects name them. */
function nameOfOther(found: AppAtSite, { steps, value }: Asked): string | undefined {
  if (pathOf(steps) === "metadata/name") return undefined;
  const texts = new Set(textsIn(value ?? null));
  const other = objectsOf(found.shape).find(
    ({ object, steps: taken = [] }) => texts.has(object.metadata.name) && taken.some(mayRename),
  );
  return other && describeKey(other.key);
}

function mayRename(step: Transformation): boolean {
  return isAffix(step) || isGenerator(step) || step.kind.startsWith("Patch");
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
