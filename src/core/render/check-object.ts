/** What a cluster, or Flotilla, would refuse in an object: told with its place, before anything is applied. */
import { appLabel, ownerAnnotation, systemNamespace } from "../apply/ownership.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import { type Json, type JsonObject, isJsonObject } from "../model/json.ts";
import { type KubeObject, groupOf, isSecret } from "../model/kube-object.ts";
import { regionField, regionSecretOf } from "../secrets/region-secret.ts";
import { sealedText, sopsField, strangeFields } from "../secrets/sops-file.ts";
import { labelKeyProblem, labelValueProblem } from "../select/label-syntax.ts";
import { generatedName, type ManifestObject, shownType } from "./manifest-objects.ts";
import { builtInSchema } from "./merge-schema.ts";
import { shortText } from "../model/short-text.ts";
import { isDnsSubdomain } from "./kubernetes-names.ts";
import { mistake, mostProblems } from "./mistake.ts";
import { nameProblem } from "./object-names.ts";
import type { FieldPath } from "./read-yaml.ts";

/** Of a scalar that must be text. */
export const quoteHint = "quote it";

/** All mistakes of one object that can be seen without knowing the others. */
export function checkObject(manifest: ManifestObject): readonly Diagnostic[] {
  return [
    // What it is called, its kind and its metadata say these.
    ...checkName(manifest),
    ...checkGeneratedName(manifest),
    ...checkLabels(manifest),
    ...checkAnnotations(manifest),
    ...checkOwnership(manifest),
    ...checkNamespace(manifest),
    ...checkContent(manifest),
  ];
}

/** The mistakes of one object whose kind and metadata are those of one without any. */
export function checkContent(manifest: ManifestObject): readonly Diagnostic[] {
  return [
    ...checkDataKeys(manifest),
    ...checkSecret(manifest),
    ...checkSealed(manifest),
    ...checkRegionSecret(manifest),
    ...textMaps(manifest.object).flatMap((path) => checkTextMap(manifest, path)),
  ];
}

function checkName({ object, at }: ManifestObject): Diagnostic[] {
  const message = nameProblem(object);
  if (message === undefined) return [];
  return [mistake(at(["metadata", "name"]), { code: "invalid-object", message })];
}

/** One that a manifest has is told before; an overlay may put it in. */
function checkGeneratedName({ object, keyAt }: ManifestObject): Diagnostic[] {
  if (object.metadata["generateName"] === undefined) return [];
  return [mistake(keyAt(["metadata", "generateName"]), generatedName)];
}

function checkLabels({ object, at, keyAt }: ManifestObject): Diagnostic[] {
  const { labels } = object.metadata;
  if (!isJsonObject(labels)) return [];
  const wrong = Object.entries(labels).flatMap(([key, value]) => {
    const isKey = labelKeyProblem(key) !== undefined;
    const valueProblem = typeof value === "string" ? labelValueProblem(value) : undefined;
    const problem = labelKeyProblem(key) ?? valueProblem;
    return problem === undefined ? [] : [{ key, value, isKey, problem }];
  });
  return wrong.slice(0, mostProblems).map(({ key, value, isKey, problem }) => {
    const path = ["metadata", "labels", key];
    const code = "invalid-object";
    const name = `"${shortText(key)}"`;
    if (isKey) return mistake(keyAt(path), { code, message: `label key ${name} ${problem}` });
    const shown = isSecret(object) ? `of ${name}` : shortText(JSON.stringify(value));
    return mistake(at(path), { code, message: `label value ${shown} ${problem}` });
  });
}

const maxAnnotations = 256 * 1024;

function checkAnnotations({ object, at, keyAt }: ManifestObject): Diagnostic[] {
  const { annotations } = object.metadata;
  if (!isJsonObject(annotations)) return [];
  const path = ["metadata", "annotations"];
  const code = "invalid-object";
  const problemOf = (key: string): string | undefined => labelKeyProblem(key.toLowerCase());
  const keys = Object.keys(annotations).filter((key) => problemOf(key) !== undefined);
  const wrong = keys.slice(0, mostProblems).map((key) => {
    const message = `annotation key "${shortText(key)}" ${problemOf(key)}`;
    return mistake(keyAt([...path, key]), { code, message });
  });
  const bytes = Buffer.byteLength(
    Object.entries(annotations)
      .map(([key, value]) => `${key}${typeof value === "string" ? value : ""}`)
      .join(""),
  );
  if (bytes <= maxAnnotations) return wrong;
  const message = `the annotations have ${Math.ceil(bytes / 1024)} KiB, more than 256`;
  return [...wrong, mistake(at(path), { code, message })];
}

const dataFields: Readonly<Record<string, readonly string[]>> = {
  "/ConfigMap": ["data", "binaryData"],
  "/Secret": ["data", "stringData"],
};

/** Keys become names of files. */
function checkDataKeys({ object, keyAt }: ManifestObject): Diagnostic[] {
  const fields = dataFields[`${groupOf(object.apiVersion)}/${object.kind}`] ?? [];
  return fields.flatMap((field) => {
    const data = object[field];
    const keys = isJsonObject(data) ? Object.keys(data) : [];
    const wrong = keys.filter(
      (key) => key.length > 253 || !/^[-._a-zA-Z0-9]+$/.test(key) || /^\.(\.|$)/.test(key),
    );
    return wrong.slice(0, mostProblems).map((key) => {
      const message = `${field}: "${shortText(key)}" is no key: letters, digits, \`-\`, \`_\` and \`.\`, at most 253`;
      return mistake(keyAt([field, key]), { code: "invalid-object", message });
    });
  });
}

function checkOwnership({ object, keyAt }: ManifestObject): Diagnostic[] {
  const own: readonly FieldPath[] = [
    ["metadata", "labels", appLabel],
    ["metadata", "annotations", ownerAnnotation],
  ];
  return own.flatMap((path) => {
    if (valueAt(object, path) === undefined) return [];
    const message = `${String(path.at(-1))} is set by Flotilla`;
    return [mistake(keyAt(path), { code: "invalid-object", message, hint: "remove it" })];
  });
}

/** What lies there is Flotilla's record of all apps: an object of an app could stand for it, or take it away. */
function checkNamespace({ object, at }: ManifestObject): Diagnostic[] {
  const { name, namespace } = object.metadata;
  const isItself = object.kind === "Namespace" && groupOf(object.apiVersion) === "";
  if ((isItself ? name : namespace) !== systemNamespace) return [];
  const path = ["metadata", isItself || namespace === undefined ? "name" : "namespace"];
  const message = `the namespace ${systemNamespace} is Flotilla's own and belongs to no app`;
  const hint = "use another namespace";
  return [mistake(at(path), { code: "wrong-namespace", message, hint })];
}

function checkSecret({ object, keyAt, isPlainSecret }: ManifestObject): Diagnostic[] {
  if (!isSecret(object)) return [];
  const strange = strangeFields(object)
    .slice(0, mostProblems)
    .map((field) => {
      const message = `a Secret has no field "${shortText(field)}"`;
      const hint = "its values are in data or stringData";
      return mistake(keyAt([field]), { code: "invalid-object", message, hint });
    });
  const open = ["data", "stringData"].flatMap((field) => {
    const data = object[field];
    const isEmpty =
      data === undefined || data === null || (isJsonObject(data) && Object.keys(data).length === 0);
    if (isEmpty || isPlainSecret === true) return [];
    return [
      mistake(keyAt([field]), {
        code: "secret-data",
        message: `Secret ${object.metadata.name} would be stored in plain text`,
        hint: "seal it with SOPS for age, or use an ExternalSecret or a SealedSecret; if everybody may know its values, name it in `plainSecrets` of the App",
      }),
    ];
  });
  return [...strange, ...open];
}

const sealedFields = new Set(["apiVersion", "kind", "metadata", sopsField]);

/** Whatever else an overlay adds would be lost when the worker opens the file. */
function checkSealed({ object, keyAt }: ManifestObject): Diagnostic[] {
  if (sealedText(object) === undefined) return [];
  const more = Object.keys(object).filter((field) => !sealedFields.has(field));
  return more.map((field) => {
    const message = `${object.kind} ${object.metadata.name} is sealed with SOPS: only its metadata can be changed, not ${field}`;
    return mistake(keyAt([field]), { code: "sealed-secret", message, hint: "edit it with sops" });
  });
}

const regionFields = new Set(["apiVersion", "kind", "metadata", regionField]);

/** Whatever else an overlay adds would be lost when the worker puts the data in. */
function checkRegionSecret({ object, at, keyAt }: ManifestObject): Diagnostic[] {
  if (object.kind !== "Secret" || object[regionField] === undefined) return [];
  const code = "region-secret";
  const more = Object.keys(object).filter((field) => !regionFields.has(field));
  const { name = "" } = regionSecretOf(object) ?? {};
  const isName = isDnsSubdomain(name);
  return [
    ...more.map((field) => {
      const message = `Secret ${object.metadata.name} comes from the region: only its metadata can be changed, not ${field}`;
      return mistake(keyAt([field]), { code, message, hint: "change it in the region's cluster" });
    }),
    ...(isName
      ? []
      : [
          mistake(at([regionField, "name"]), {
            code,
            message: `"${shortText(name)}" is no name for a Secret`,
          }),
        ]),
  ];
}

/** Where Kubernetes wants maps of text: an unquoted `yes` or `8080` is refused by the server much later. */
export function textMaps(object: KubeObject): readonly FieldPath[] {
  const own: FieldPath[] = [
    ["metadata", "labels"],
    ["metadata", "annotations"],
  ];
  const isBuiltIn = builtInSchema(object.apiVersion, object.kind) !== undefined;
  if (!isBuiltIn) return own;
  if (object.kind === "ConfigMap") own.push(["data"]);
  return [...own, ...podTextMaps(object["spec"], ["spec"])];
}

const textMapFields = ["labels", "annotations", "matchLabels", "nodeSelector"];
const onTheWay = ["template", "jobTemplate", "spec", "metadata", "selector"];

function podTextMaps(value: Json | undefined, path: FieldPath): FieldPath[] {
  if (!isJsonObject(value)) return [];
  const here = textMapFields.filter((field) => field in value).map((field) => [...path, field]);
  return [...here, ...onTheWay.flatMap((field) => podTextMaps(value[field], [...path, field]))];
}

function checkTextMap({ object, at }: ManifestObject, path: FieldPath): Diagnostic[] {
  const map = valueAt(object, path);
  const name = path.join(".");
  if (map === undefined || map === null) return [];
  if (!isJsonObject(map)) {
    return [
      mistake(at(path), { code: "invalid-object", message: `${name} must be a map of text` }),
    ];
  }
  const wrong = Object.entries(map).filter(([, value]) => typeof value !== "string");
  return wrong.slice(0, mostProblems).map(([key, value]) => {
    const message = `${name}: "${shortText(key)}" must be text, not ${shownType(value, object)}`;
    const told = { code: "invalid-object", message } as const;
    const isScalar = typeof value !== "object";
    return mistake(at([...path, key]), isScalar ? { ...told, hint: quoteHint } : told);
  });
}

function valueAt(object: JsonObject, path: FieldPath): Json | undefined {
  let value: Json | undefined = object;
  for (const key of path) {
    if (!isJsonObject(value)) return undefined;
    value = Object.hasOwn(value, key) ? value[key] : undefined;
  }
  return value;
}
