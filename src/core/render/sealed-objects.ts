/** Secrets that SOPS sealed: in a document of a file, out the object that carries the file's text, byte for byte. */
import type { Diagnostic } from "../model/diagnostic.ts";
import type { SourceFile } from "../model/fleet-model.ts";
import { isJsonObject } from "../model/json.ts";
import { groupOf, type KubeObject } from "../model/kube-object.ts";
import {
  isEncrypted,
  readSopsFacts,
  sopsField,
  sortValues,
  strangeFields,
  typeWhenNoText,
} from "../secrets/sops-file.ts";
import { regionField } from "../secrets/region-secret.ts";
import type { ManifestObject } from "./manifest-objects.ts";
import { type Told, mistake } from "./mistake.ts";
import type { FieldPath, YamlDocument } from "./read-yaml.ts";
import { lastApplied } from "./server-fields.ts";

/** The object that travels; one without `sops` as it is. */
export function sealed(manifest: ManifestObject, file: SourceFile): ManifestObject {
  const { apiVersion, kind, metadata, [sopsField]: sops } = manifest.object;
  if (sops === undefined) return manifest;
  return { ...manifest, object: { apiVersion, kind, metadata, [sopsField]: file.text } };
}

/** A Secret of the region is named by the App alone. */
export function regionFieldProblem({ object, keyAt }: ManifestObject): readonly Diagnostic[] {
  if (object.kind !== "Secret" || object[regionField] === undefined) return [];
  const message = `a Secret has no field "${regionField}"`;
  const hint = "name a Secret of the region in `secrets` of the App";
  return [mistake(keyAt([regionField]), { code: "invalid-object", message, hint })];
}

/** What keeps a file with `sops` from being opened at a site, or would tell a secret before that. */
export function sealProblems(
  manifest: ManifestObject,
  documents: readonly YamlDocument[],
): readonly Diagnostic[] {
  const { object, at, keyAt } = manifest;
  const sops = object[sopsField];
  const named = regionFieldProblem(manifest);
  if (named.length > 0 || sops === undefined) return named;
  const here = keyAt([sopsField]);
  const tell = (message: string, hint: string): Diagnostic[] => [
    mistake(here, { code: "sealed-secret", message, hint }),
  ];
  if (object.kind !== "Secret" || groupOf(object.apiVersion) !== "") {
    return tell(`${object.kind} ${object.metadata.name} is sealed`, "seal Secrets alone with SOPS");
  }
  if (documents.length !== 1 || documents[0]?.value !== object) {
    const hint = "put it into a file of its own, and seal that: the MAC is over the whole file";
    return tell("a sealed Secret must be the only document of its file", hint);
  }
  const facts = readSopsFacts(sops);
  if (typeof facts === "string") {
    return tell(`\`sops\` ${facts}`, "seal it with `sops encrypt --age`");
  }
  return valueProblems(manifest).map(({ path, told }) => mistake(at(path), told));
}

interface Problem {
  readonly path: FieldPath;
  readonly told: Told;
}

const secretFields = new Set<string | number | undefined>(["data", "stringData"]);

function valueProblems({ object }: ManifestObject): readonly Problem[] {
  const { encrypted, plain } = sortValues(object);
  const hidden = encrypted.filter(([field]) => !secretFields.has(field));
  const open = plain.filter(([field]) => secretFields.has(field));
  return [
    ...strangeFields(object).map((field) => ({
      path: [field],
      told: { code: "invalid-object" as const, message: `a Secret has no field "${field}"` },
    })),
    ...hidden.slice(0, 1).map((path) => ({
      path,
      told: {
        code: "sealed-secret" as const,
        message: `${path.join(".")} is encrypted: only data and stringData may be`,
        hint: "seal it with --encrypted-regex '^(data|stringData)$'",
      },
    })),
    ...open.map((path) => ({
      path,
      told: {
        code: "secret-data" as const,
        message: `${path.join(".")} of Secret ${object.metadata.name} is not encrypted`,
        hint: "seal it with --encrypted-regex '^(data|stringData)$'",
      },
    })),
    ...encrypted.flatMap((path) => textProblem(object, path)),
    ...partProblems(object),
    ...twofoldKeys(object),
    ...openCopy(object),
  ];
}

/** `kubectl get -o yaml` gives it along with the Secret, and nothing seals it. */
function openCopy({ metadata }: KubeObject): readonly Problem[] {
  const { annotations } = metadata;
  const copy = isJsonObject(annotations) ? (annotations[lastApplied] ?? "") : "";
  if (typeof copy === "string" && (copy === "" || isEncrypted(copy))) return [];
  const message = `the annotation ${lastApplied} holds all values in plain text`;
  const hint =
    "take it out with `sops edit`, and change the values: they stay in the history of Git";
  const path = ["metadata", "annotations", lastApplied];
  return [{ path, told: { code: "secret-data", message, hint } }];
}

/** `stringData` wins, and the MAC does not cover an empty text: without a key one could empty what is sealed in `data`. */
function twofoldKeys({ data, stringData }: KubeObject): readonly Problem[] {
  if (!isJsonObject(data) || !isJsonObject(stringData)) return [];
  return Object.keys(stringData)
    .filter((key) => Object.hasOwn(data, key))
    .map((key) => ({
      path: ["stringData", key],
      told: {
        code: "sealed-secret" as const,
        message: `${key} stands in data and in stringData`,
        hint: "take one of the two out, and seal it anew",
      },
    }));
}

/** Kubernetes takes nothing but texts for data, and to its refusal it would add the value. */
function textProblem(object: KubeObject, path: FieldPath): Problem[] {
  const [field, key] = path;
  if (!secretFields.has(field)) return [];
  const name = path.join(".");
  if (key === undefined) return [noText(path, `${name} must be a map of texts`, writeAnew)];
  const values = object[String(field)];
  const value = isJsonObject(values) ? values[key] : undefined;
  const type = typeof value === "string" ? typeWhenNoText(value) : undefined;
  if (type === undefined) return [];
  const hint = "put it in quotes with `sops edit`, so that it is sealed as a text";
  const message = `${name} is sealed as ${type}, and Kubernetes takes texts alone there`;
  return [noText(path, message, hint)];
}

/** Maps and lists where a text should be; sops leaves empty ones as they are. */
function partProblems(object: KubeObject): readonly Problem[] {
  return ["data", "stringData"].flatMap((field) => {
    const values = object[field];
    const entries = isJsonObject(values) ? Object.entries(values) : [];
    return entries
      .filter(([, value]) => typeof value === "object" && value !== null)
      .map(([key]) => noText([field, key], `${field}.${key} must be a text`, writeAnew));
  });
}

const writeAnew = "write it so, and seal it anew";

function noText(path: FieldPath, message: string, hint: string): Problem {
  return { path, told: { code: "sealed-secret", message, hint } };
}
