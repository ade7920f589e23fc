/**
 * The files of an app -> its objects, checked: in come YAML and JSON texts, out come objects that a cluster can take,
 * each with its identity and place, or every mistake with file, line and column. The text is literal: `${` means
 * nothing, unless the App says otherwise (`fill-manifests.ts`). What only a server writes (`status`, `resourceVersion`, ...) is dropped.
 */
import { type Diagnostic, isError, type Parsed } from "../model/diagnostic.ts";
import type { Place, SourceFile } from "../model/fleet-model.ts";
import type { Json, JsonObject } from "../model/json.ts";
import {
  type KubeObject,
  type ObjectId,
  type ObjectKey,
  describeKey,
  keyOf,
  objectId,
} from "../model/kube-object.ts";
import { checkContent, checkObject } from "./check-object.ts";
import type { CustomKinds } from "./custom-kinds.ts";
import { type ManifestObject, readManifestObjects } from "./manifest-objects.ts";
import { mistake, placeText } from "./mistake.ts";
import { withNamespace } from "./object-namespace.ts";
import type { FieldPath } from "./read-yaml.ts";
import { withoutServerFields } from "./server-fields.ts";

/** An object of an app before overlays. */
export interface SourceObject extends ManifestObject {
  readonly key: ObjectKey;
  /** It names no namespace itself: it has the one of its App. */
  readonly isInAppNamespace?: true;
  /** The overlay's step that made it what it is; without it, it is as its file has it. */
  readonly changedBy?: OverlayChange;
  /** More steps than may be would have changed it: the rest of them leave it alone. */
  readonly isFull?: true;
}

/** A step of an overlay that changed an object. */
export interface OverlayChange {
  readonly before: SourceObject;
  /** Before the first step. */
  readonly first: SourceObject;
  /** Places in the overlay; `path` is the step. */
  readonly at: (path: FieldPath) => Place;
  readonly keyAt: (path: FieldPath) => Place;
  readonly path: FieldPath;
  /** What stands there. */
  readonly step: Json | undefined;
  /** So many steps have changed the object, this one included. */
  readonly count: number;
}

/** What the files are read for. */
export interface ManifestContext {
  /** Namespace of namespaced objects that name none. */
  readonly namespace: string;
  readonly customKinds: CustomKinds;
  /** Secrets that hold nothing secret. */
  readonly plainSecrets: ReadonlySet<ObjectId>;
}

/** The objects of one app that have no mistake, and all mistakes. */
export interface ParsedManifests {
  readonly objects: readonly SourceObject[];
  /** Those that have a mistake, for finding more of them behind overlays. */
  readonly mistaken: readonly SourceObject[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads the manifests of one app. */
export function parseManifests(
  files: readonly SourceFile[],
  context: ManifestContext,
): ParsedManifests {
  const { objects, diagnostics } = readManifestObjects(files);
  const checked = checkManifests(objects, context);
  return { ...checked, diagnostics: [...diagnostics, ...checked.diagnostics] };
}

/** Checks the objects of one app, wherever they come from. */
export function checkManifests(
  objects: readonly ManifestObject[],
  context: ManifestContext,
): ParsedManifests {
  const diagnostics: Diagnostic[] = [];
  const found = new Map<string, SourceObject>();
  const mistaken = new Set<SourceObject>();
  for (const manifest of objects) {
    const source = sourceObject(manifest, context);
    for (const each of source.diagnostics) diagnostics.push(each);
    if (!source.ok) continue;
    const id = objectId(source.value.key);
    const first = found.get(id);
    if (source.diagnostics.some(isError)) mistaken.add(source.value);
    if (first === undefined) found.set(id, source.value);
    else diagnostics.push(duplicate(source.value, first));
  }
  const all = [...found.values()];
  return {
    objects: all.filter((each) => !mistaken.has(each)),
    mistaken: all.filter((each) => mistaken.has(each)),
    diagnostics,
  };
}

/** An object with its identity and namespace, checked. */
export function sourceObject(
  manifest: ManifestObject,
  context: ManifestContext,
): Parsed<SourceObject> {
  const object = withoutServerFields(manifest.object);
  const placed = withNamespace({ ...manifest, object }, context);
  const key = keyOf(placed.ok ? placed.value : object);
  const known: ManifestObject = context.plainSecrets.has(objectId(key))
    ? { ...manifest, object, isPlainSecret: true }
    : { ...manifest, object };
  const diagnostics = withObject([...checkObject(known), ...placed.diagnostics], key);
  if (!placed.ok) return { ok: false, diagnostics };
  const value: SourceObject = { ...known, object: placed.value, key };
  const isInAppNamespace =
    placed.value.metadata.namespace !== undefined && !object.metadata.namespace;
  return {
    ok: true,
    value: isInAppNamespace ? { ...value, isInAppNamespace } : value,
    diagnostics,
  };
}

/** One of the kind and metadata of another, in which nothing is wrong: the rest of it is checked. */
export function withContent(sound: SourceObject, content: JsonObject): Parsed<SourceObject> {
  const { apiVersion, kind, metadata } = sound.object;
  const object: KubeObject = { ...content, apiVersion, kind, metadata };
  const isClean = object["status"] === undefined;
  const value = { ...sound, object: isClean ? object : withoutServerFields(object) };
  return { ok: true, value, diagnostics: withObject(checkContent(value), sound.key) };
}

/** Where no line tells which object is meant, its name does. */
export function withObject(
  diagnostics: readonly Diagnostic[],
  key: ObjectKey,
): readonly Diagnostic[] {
  return diagnostics.map((each) =>
    each.line === 0 ? { ...each, message: `${describeKey(key)}: ${each.message}` } : each,
  );
}

/** Two objects of an app that are the same one to a cluster. */
export function duplicate(second: SourceObject, first: SourceObject): Diagnostic {
  return mistake(second.at([]), {
    code: "duplicate-object",
    message: `${describeKey(second.key)} is in the app twice; it is also at ${placeText(first.at([]))}`,
    hint: "remove one of them",
  });
}
