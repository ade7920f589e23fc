/**
 * One overlay on the objects of an app: patches, then images, replicas and labels. What it made wrong in an object is
 * told at its own place, with the object's.
 */
import type { Diagnostic } from "../model/diagnostic.ts";
import type { Place } from "../model/fleet-model.ts";
import { canonicalJson, isJsonObject } from "../model/json.ts";
import type { Overlay, Patch } from "../model/kinds.ts";
import { type KubeObject, describeKey } from "../model/kube-object.ts";
import { checkObject } from "./check-object.ts";
import { type Told, mistake, placeText } from "./mistake.ts";
import type { ManifestContext, SourceObject } from "./parse-manifests.ts";
import { patchObject } from "./patch-object.ts";
import { patchTargets } from "./patch-targets.ts";
import type { FieldPath } from "./read-yaml.ts";
import { withoutServerFields } from "./server-fields.ts";
import { setImages } from "./set-images.ts";

/** An overlay with the place of its fields; `[]` is the overlay. */
export interface PlacedOverlay {
  readonly overlay: Overlay;
  readonly at: (path: FieldPath) => Place;
}

/** What an overlay made of the objects. */
export interface OverlayResult {
  readonly objects: readonly SourceObject[];
  readonly diagnostics: readonly Diagnostic[];
  /** False: all objects are as they were. */
  readonly changed: boolean;
  /** Positions in `images` of the entries that name an image of the objects. */
  readonly matchedImages: ReadonlySet<number>;
}

/** Applies an overlay. With mistakes, what could be applied is. */
export function applyOverlay(
  objects: readonly SourceObject[],
  placed: PlacedOverlay,
  context: ManifestContext,
): OverlayResult {
  const state: State = {
    objects,
    ...placed,
    context,
    diagnostics: [],
    changed: false,
    matchedImages: new Set(),
  };
  const { patches = [], images = [], replicas = [], labels = {} } = placed.overlay;
  for (const [index, patch] of patches.entries()) applyPatch(state, patch, ["patches", index]);
  for (const index of images.keys()) applyImage(state, index);
  for (const index of replicas.keys()) applyReplicas(state, index);
  if (Object.keys(labels).length > 0) {
    changeAll(state, ["labels"], (object) => withLabels(object, labels));
  }
  const { objects: result, diagnostics, changed, matchedImages } = state;
  return { objects: result, diagnostics, changed, matchedImages };
}

interface State extends PlacedOverlay {
  objects: readonly SourceObject[];
  readonly context: ManifestContext;
  readonly diagnostics: Diagnostic[];
  changed: boolean;
  readonly matchedImages: Set<number>;
}

function applyPatch(state: State, patch: Patch, path: FieldPath): void {
  const targets = new Set(patchTargets(state.objects, patch, state.context.namespace));
  if (targets.size === 0) {
    const at = [...path, patch.target === undefined ? "merge" : "target"];
    return tell(state, at, {
      code: "patch-no-target",
      message: "the patch matches no object of the app",
    });
  }
  state.objects = state.objects.flatMap((source) => {
    if (!targets.has(source)) return source;
    const result = patchObject(source.object, patch, state.context.customKinds);
    if (result.ok) {
      if (result.object !== null) return changed(state, { source, path, object: result.object });
      state.changed = true;
      return [];
    }
    const where = `${describeKey(source.key)} (${placeText(source.at([]))})`;
    tell(state, [...path, ...result.path], {
      code: "patch-failed",
      message: `${where}: ${result.message}`,
    });
    return source;
  });
}

function tell(state: State, path: FieldPath, told: Told): void {
  state.diagnostics.push(mistake(state.at(path), told));
}

/** The source with a new object, which is checked; mistakes are those of the field of the overlay at `path`. */
function changed(
  state: State,
  { source, path, object }: { source: SourceObject; path: FieldPath; object: KubeObject },
): SourceObject {
  if (canonicalJson(object) === canonicalJson(source.object)) return source;
  state.changed = true;
  const at = (): Place => state.at(path);
  const cleaned = withoutServerFields(object);
  const problems = checkObject({ object: cleaned, at, keyAt: at });
  const where = `${describeKey(source.key)} (${placeText(source.at([]))})`;
  state.diagnostics.push(
    ...problems.map((problem) => ({ ...problem, message: `${where}: ${problem.message}` })),
  );
  return { ...source, object: cleaned };
}

function changeAll(
  state: State,
  path: FieldPath,
  change: (object: KubeObject) => KubeObject,
): void {
  state.objects = state.objects.map((source) => {
    const object = change(source.object);
    return object === source.object ? source : changed(state, { source, path, object });
  });
}

function applyImage(state: State, index: number): void {
  const image = state.overlay.images?.[index];
  if (image === undefined) return;
  changeAll(state, ["images", index], (object) => {
    // A CRD's schema may have fields of these names; they are no containers.
    if (object.kind === "CustomResourceDefinition") return object;
    // Only the images of containers change: the object keeps its identity.
    return setImages(object, image, () => state.matchedImages.add(index)) as KubeObject;
  });
}

const scalable = new Set([
  "apps/Deployment",
  "apps/ReplicaSet",
  "apps/StatefulSet",
  "/ReplicationController",
]);

function applyReplicas(state: State, index: number): void {
  const entry = state.overlay.replicas?.[index];
  if (entry === undefined) return;
  const isTarget = ({ key }: SourceObject): boolean =>
    key.name === entry.name && scalable.has(`${key.group}/${key.kind}`);
  const targets = new Set(state.objects.filter(isTarget).map(({ object }) => object));
  if (targets.size === 0) {
    const message = `the app has no Deployment, StatefulSet, ReplicaSet or ReplicationController "${entry.name}"`;
    return tell(state, ["replicas", index, "name"], { code: "patch-no-target", message });
  }
  changeAll(state, ["replicas", index], (object) => {
    if (!targets.has(object)) return object;
    const spec = isJsonObject(object["spec"]) ? object["spec"] : {};
    return { ...object, spec: { ...spec, replicas: entry.count } };
  });
}

function withLabels(object: KubeObject, labels: Readonly<Record<string, string>>): KubeObject {
  const own = isJsonObject(object.metadata["labels"]) ? object.metadata["labels"] : {};
  return { ...object, metadata: { ...object.metadata, labels: { ...own, ...labels } } };
}
