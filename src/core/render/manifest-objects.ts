/** The objects in an app's files: documents and the items of `List`s, each with its place. */
import type { Diagnostic } from "../model/diagnostic.ts";
import { firstDiagnostics } from "../model/first-diagnostics.ts";
import type { Place, SourceFile } from "../model/fleet-model.ts";
import { type Json, type JsonObject, isJsonObject } from "../model/json.ts";
import { type KubeObject, isSecret } from "../model/kube-object.ts";
import { keptFor } from "../model/known-fleet.ts";
import { shortText } from "../model/short-text.ts";
import { mistake, type Told } from "./mistake.ts";
import { type FieldPath, type YamlDocument, readYaml } from "./read-yaml.ts";
import type { Transformation } from "./tools/kustomize-origins.ts";
import { sealProblems, sealed } from "./sealed-objects.ts";

/** One object as a file has it. */
export interface ManifestObject {
  readonly object: KubeObject;
  /** Place of the value at a path within the object; `[]` is the object itself. */
  readonly at: (path: FieldPath) => Place;
  readonly keyAt: (path: FieldPath) => Place;
  readonly textAt: (path: FieldPath, index: number) => Place;
  /** The App says that this Secret holds nothing secret. */
  readonly isPlainSecret?: true;
  /** A tool made it: what kustomize did with it, nothing of Helm. */
  readonly steps?: readonly Transformation[];
  /** What a chart calls a Job that was a hook: its name is made of this and its content. */
  readonly hookName?: string;
}

interface ReadObjects {
  readonly objects: readonly ManifestObject[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Every object of the files, in order; what is no object is a diagnostic. A file that was read before is not read again. */
export function readManifestObjects(files: readonly SourceFile[]): ReadObjects {
  const read = files.map(readObjects);
  return {
    objects: read.flatMap(({ objects }) => objects),
    diagnostics: read.flatMap(({ diagnostics }) => diagnostics),
  };
}

const readObjects = keptFor((file: SourceFile): ReadObjects => {
  const read = readYaml(file);
  const objects: ManifestObject[] = [];
  const diagnostics = [...read.diagnostics, ...read.warnings];
  for (const found of read.documents.flatMap(flattenLists)) {
    const problem = identityProblem(found);
    if (problem !== undefined) {
      diagnostics.push({ ...problem, ...kustomizationHint(file) });
      continue;
    }
    // identityProblem has checked what a KubeObject promises.
    const manifest = { ...found, object: found.value as KubeObject };
    const problems = sealProblems(manifest, read.documents);
    for (const each of problems) diagnostics.push(each);
    if (problems.length === 0) objects.push(sealed(manifest, file));
  }
  return { objects, diagnostics: firstDiagnostics(diagnostics) };
});

/** For a file that is no manifest but tells kustomize what to make of those beside it. */
function kustomizationHint({ path }: SourceFile): { readonly hint?: string } {
  const folder = /^(?:(.+)\/)?kustomization\.ya?ml$/.exec(path);
  if (folder === null) return {};
  const written = shortText(folder[1] ?? ".");
  return { hint: `this is a kustomization; write \`source.kustomize: ${written}\`` };
}

/** A `List` gives its items; a typed one (`ConfigMapList`) also tells them what they are. */
export function flattenLists(found: YamlDocument): YamlDocument[] {
  const { value } = found;
  if (!isJsonObject(value)) return [found];
  const { kind, items, apiVersion } = value;
  if (typeof kind !== "string" || !kind.endsWith("List") || !Array.isArray(items)) return [found];
  const itemKind = kind.slice(0, -"List".length);
  const typed =
    itemKind === "" ? {} : { ...(apiVersion !== undefined && { apiVersion }), kind: itemKind };
  return items.flatMap((item: Json, index) =>
    flattenLists({
      value: isJsonObject(item) ? { ...typed, ...item } : item,
      at: (path) => found.at(["items", index, ...path]),
      keyAt: (path) => found.keyAt(["items", index, ...path]),
      textAt: (path, at) => found.textAt(["items", index, ...path], at),
    }),
  );
}

const versionPattern =
  /^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const kindPattern = /^[A-Za-z][A-Za-z0-9]*$/;

/** What prevents a document from being a Kubernetes object at all. */
export function identityProblem({ value, at, keyAt }: Placed): Diagnostic | undefined {
  if (!isJsonObject(value)) {
    const message = `a manifest must be an object, not ${typeWord(value)}`;
    return mistake(at([]), { code: "not-an-object", message });
  }
  const wrong = (path: FieldPath, message: string): Diagnostic =>
    mistake(at(path), { code: "invalid-object", message });
  for (const field of ["apiVersion", "kind", "metadata"]) {
    if (value[field] !== undefined) continue;
    const hint = "every manifest needs apiVersion, kind and metadata.name";
    const told = { code: "invalid-object", message: `"${field}" is missing`, hint } as const;
    return mistake(at([]), told);
  }
  if (!matches(value["apiVersion"], versionPattern)) {
    return wrong(
      ["apiVersion"],
      "apiVersion must be `group/version`, or a version of the core group",
    );
  }
  if (!matches(value["kind"], kindPattern))
    return wrong(["kind"], "kind must be a name such as `Deployment`");
  const { metadata } = value;
  if (!isJsonObject(metadata)) return wrong(["metadata"], "metadata must be an object");
  return nameProblem(metadata, { value, at, keyAt });
}

type Placed = Pick<YamlDocument, "value" | "at" | "keyAt">;

/** What is told of an object with a `generateName`. */
export const generatedName: Told = {
  code: "invalid-object",
  message: "generateName would make a new object at every apply",
  hint: "give the object a metadata.name",
};

function nameProblem(metadata: JsonObject, { at, keyAt }: Placed): Diagnostic | undefined {
  if (metadata["generateName"] !== undefined) {
    return mistake(keyAt(["metadata", "generateName"]), generatedName);
  }
  const { name } = metadata;
  if (name === undefined || name === "") {
    return mistake(at(["metadata"]), {
      code: "invalid-object",
      message: "metadata.name is missing",
    });
  }
  if (typeof name === "string") return undefined;
  const hint = "quote it";
  const message = `metadata.name must be text, not ${typeName(name)}`;
  return mistake(at(["metadata", "name"]), { code: "invalid-object", message, hint });
}

function matches(value: Json | undefined, pattern: RegExp): boolean {
  return typeof value === "string" && pattern.test(value);
}

/** What a value is, for messages: `a list`, `the number 5`. Of an object, use `shownType`. */
export function typeName(value: Json): string {
  const isShown = typeof value === "number" || typeof value === "boolean";
  return isShown ? `the ${typeof value} ${value}` : typeWord(value);
}

/** What a value in an object is: of a Secret without the value. */
export function shownType(value: Json, object: Pick<KubeObject, "apiVersion" | "kind">): string {
  return isSecret(object) ? typeWord(value) : typeName(value);
}

function typeWord(value: Json): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  return typeof value === "string" ? "text" : `a ${typeof value}`;
}
