/** What the CustomResourceDefinitions of a fleet tell of their kinds: scope, and how lists are merged. */
import type { SourceFile } from "../model/fleet-model.ts";
import { type Json, type JsonObject, isJsonObject, isSameJson } from "../model/json.ts";
import { KeptResults } from "../model/kept-results.ts";
import { type KubeObject, groupOf } from "../model/kube-object.ts";
import { readManifestObjects } from "./manifest-objects.ts";
import {
  type MergeSchema,
  builtInSchema,
  builtInScope,
  openApiSchema,
  plainSchema,
} from "./merge-schema.ts";

/** One CRD's kind. */
export interface CustomKind {
  readonly namespaced: boolean;
  /** `openAPIV3Schema` by version. */
  readonly schemas: Readonly<Record<string, JsonObject>>;
  /** Another definition in the fleet, or an overlay, gives the kind other schemas: which one a cluster has is a matter of sites. */
  readonly isDisputed?: true;
}

/** By `group/Kind`. */
export type CustomKinds = ReadonlyMap<string, CustomKind>;

/** The kinds that the CRDs in these files define. Files that cannot be read are another function's matter. */
export function readCustomKinds(files: readonly SourceFile[]): CustomKinds {
  const defining = files.filter((file) => definitionsIn(file).length > 0);
  const [first] = defining;
  if (first === undefined) return noKinds;
  // The same files give the same map, so that who has used it sees that nothing has changed.
  return keptKinds.get(first, defining, () => customKindsOf(defining.flatMap(definitionsIn)));
}

/** Of a fleet without CRDs. */
export const noKinds: CustomKinds = new Map();
const keptKinds = new KeptResults<SourceFile, CustomKinds>();
const keptDefinitions = new KeptResults<SourceFile, readonly KubeObject[]>();

/** The CRDs in a file. Most files hold none, and parsing is what costs. */
export function definitionsIn(file: SourceFile): readonly KubeObject[] {
  return keptDefinitions.get(file, [], () => {
    const objects = mayDefineKinds(file.text) ? readManifestObjects([file]).objects : [];
    return objects.flatMap(({ object }) => (isDefinition(object) ? object : []));
  });
}

/** The kinds that the CRDs among these objects define. */
export function customKindsOf(objects: readonly KubeObject[]): CustomKinds {
  const kinds = objects.flatMap(customKind);
  // Two apps may carry the same CRD (at different sites): the same one wins on every machine.
  return joinedKinds(kinds.toReversed());
}

/** Kinds by name; of those with one name the last one. */
export function joinedKinds(kinds: Iterable<readonly [string, CustomKind]>): CustomKinds {
  const joined = new Map<string, CustomKind>();
  for (const [name, kind] of kinds) {
    const before = joined.get(name);
    const isSure = before === undefined || isSameKind(before, kind);
    joined.set(name, isSure ? kind : { ...kind, isDisputed: true });
  }
  return joined;
}

/** The same kinds, of whose fields nothing is sure. */
export function disputedKinds(kinds: CustomKinds): CustomKinds {
  return new Map([...kinds].map(([name, kind]) => [name, { ...kind, isDisputed: true }]));
}

function isSameKind(before: CustomKind, kind: CustomKind): boolean {
  return before.isDisputed !== true && isSameJson(before.schemas, kind.schemas);
}

/** True for a file that may hold a CRD. */
export function mayDefineKinds(text: string): boolean {
  return text.includes("CustomResourceDefinition");
}

function customKind(crd: KubeObject): [string, CustomKind][] {
  if (!isDefinition(crd)) return [];
  const spec = objectAt(crd, "spec");
  const kind = objectAt(spec, "names")["kind"];
  const { group, scope, versions } = spec;
  if (typeof kind !== "string" || typeof group !== "string") return [];
  const schemas = Object.fromEntries(
    (Array.isArray(versions) ? versions : []).flatMap(versionSchema),
  );
  return [[`${group}/${kind}`, { namespaced: scope !== "Cluster", schemas }]];
}

function isDefinition({ apiVersion, kind }: KubeObject): boolean {
  return kind === "CustomResourceDefinition" && groupOf(apiVersion) === "apiextensions.k8s.io";
}

function versionSchema(version: Json): [string, JsonObject][] {
  if (!isJsonObject(version) || typeof version["name"] !== "string") return [];
  return [[version["name"], objectAt(objectAt(version, "schema"), "openAPIV3Schema")]];
}

function objectAt(parent: JsonObject, field: string): JsonObject {
  const value = parent[field];
  return isJsonObject(value) ? value : {};
}

/** Whether a kind is namespaced; undefined when neither Kubernetes nor a CRD of the fleet knows it. */
export function scopeOf(object: KubeObject, kinds: CustomKinds): boolean | undefined {
  return builtInScope(object.apiVersion, object.kind) ?? customKindOf(object, kinds)?.namespaced;
}

/** How a patch merges the object's fields. */
export function mergeSchemaOf(object: KubeObject, kinds: CustomKinds): MergeSchema {
  const builtIn = builtInSchema(object.apiVersion, object.kind);
  if (builtIn !== undefined) return builtIn;
  const schema = schemaIn(customKindOf(object, kinds), object);
  return schema === undefined ? plainSchema : openApiSchema(schema);
}

/** What the fleet's CRDs tell of an object's kind; undefined for built-in and unknown kinds. */
export function customKindOf(object: KubeObject, kinds: CustomKinds): CustomKind | undefined {
  return kinds.get(`${groupOf(object.apiVersion)}/${object.kind}`);
}

/** What each definition of an object's kind in the fleet says of its version; undefined where they differ, or say nothing. */
export function sureSchemaOf(object: KubeObject, kinds: CustomKinds): JsonObject | undefined {
  const kind = customKindOf(object, kinds);
  return kind?.isDisputed === true ? undefined : schemaIn(kind, object);
}

function schemaIn(
  kind: CustomKind | undefined,
  { apiVersion }: KubeObject,
): JsonObject | undefined {
  const version = apiVersion.split("/").at(-1) ?? "";
  return kind !== undefined && Object.hasOwn(kind.schemas, version)
    ? kind.schemas[version]
    : undefined;
}
