/**
 * One overlay on the objects of an app: patches, then sidecars (so that what follows holds for them too), scheduling,
 * images, resources, replicas, labels, annotations and namespace. What it made wrong in an object is
 * told at its own place, with the object's.
 */
import { closestName } from "../model/closest-name.ts";
import { isJsonObject } from "../model/json.ts";
import type { Overlay, PatchTarget, Resources, Scheduling, Sidecar } from "../model/kinds.ts";
import { type KubeObject, describeKey, keyOf, objectId } from "../model/kube-object.ts";
import { shortText } from "../model/short-text.ts";
import { applyPatches } from "./apply-patches.ts";
import { placeText } from "./mistake.ts";
import { namespaceMove } from "./move-namespace.ts";
import { duplicate, type ManifestContext, type SourceObject } from "./parse-manifests.ts";
import type { OtherObjects, OverlayResult, PlacedOverlay } from "./overlay-result.ts";
import { type OverlayState, changed, tell, tellUnmatched } from "./overlay-state.ts";
import { selectedBy } from "./patch-targets.ts";
import { podSpecPaths } from "./pod-templates.ts";
import type { FieldPath } from "./read-yaml.ts";
import { type ImageChange, imageNames, setImages } from "./set-images.ts";
import { isScalable, setReplicas } from "./set-replicas.ts";
import { addSidecar, setResources, setScheduling } from "./set-pods.ts";
import { WordPlaces } from "./word-places.ts";

/** Applies an overlay. With mistakes, what could be applied is. */
export function applyOverlay(
  objects: readonly SourceObject[],
  placed: PlacedOverlay,
  context: ManifestContext,
): OverlayResult {
  const state: OverlayState = {
    objects,
    ...placed,
    others: placed.others ?? noOthers,
    context,
    diagnostics: [],
    unmatched: [],
    changed: false,
    matchedImages: new Set(),
  };
  changeWorkloads(state, placed.overlay);
  for (const field of ["labels", "annotations"] as const) {
    const added = placed.overlay[field] ?? {};
    if (Object.keys(added).length === 0) continue;
    changeAll(state, [field], (object) => withMetadata(object, field, added));
  }
  if (placed.overlay.namespace !== undefined) applyNamespace(state, placed.overlay.namespace);
  const { objects: result, diagnostics, unmatched, changed, matchedImages } = state;
  return { objects: result, diagnostics, unmatched, changed, matchedImages };
}

const noOthers: OtherObjects = { objects: [], areFirst: false };

function changeWorkloads(
  state: OverlayState,
  { patches, sidecars, scheduling, images, resources, replicas }: Overlay,
): void {
  applyPatches(state, patches ?? []);
  for (const [index, sidecar] of entriesOf(sidecars)) applySidecar(state, index, sidecar);
  for (const [index, entry] of entriesOf(scheduling)) applyScheduling(state, index, entry);
  applyImages(state, images ?? []);
  for (const [index, entry] of entriesOf(resources)) applyResources(state, index, entry);
  for (const [index] of entriesOf(replicas)) applyReplicas(state, index);
}

function entriesOf<T>(list: readonly T[] | undefined): readonly (readonly [number, T])[] {
  return [...(list ?? []).entries()];
}

function changeAll(
  state: OverlayState,
  path: FieldPath,
  change: (object: KubeObject, source: SourceObject) => KubeObject,
): void {
  state.objects = state.objects.map((source) => {
    if (source.isFull === true) return source;
    const object = change(source.object, source);
    return object === source.object ? source : changed(state, { source, path, object });
  });
}

/** The workloads that an entry of an overlay is for; none is a mistake of that entry. */
function workloads(
  state: OverlayState,
  path: FieldPath,
  target: PatchTarget | undefined,
): ReadonlySet<KubeObject> {
  const objects = target === undefined ? state.objects : selectedBy(state.objects, target);
  const found = objects.filter(({ object }) => podSpecPaths(object).length > 0);
  if (found.length === 0) {
    const message = "no workload of the app is meant: none has a pod template";
    const inside = target === undefined ? [] : ["target"];
    tellUnmatched(state, path, { inside, words: () => ({ message }) });
  }
  return new Set(found.map(({ object }) => object));
}

function applySidecar(state: OverlayState, index: number, sidecar: Sidecar): void {
  const path = ["sidecars", index];
  const targets = workloads(state, path, sidecar.target);
  changeAll(state, path, (object) => {
    if (!targets.has(object)) return object;
    const result = addSidecar(object, sidecar, state.context.customKinds);
    if (result.ok) return result.object;
    const message = `${describeKey(keyOf(object))}: ${result.message}`;
    tell(state, [...path, ...result.path], { code: "patch-failed", message });
    return object;
  });
}

function applyScheduling(state: OverlayState, index: number, scheduling: Scheduling): void {
  const path = ["scheduling", index];
  const targets = workloads(state, path, scheduling.target);
  changeAll(state, path, (object, { changedBy }) => {
    if (!targets.has(object)) return object;
    return setScheduling(object, scheduling, changedBy?.first.object ?? object);
  });
}

function applyResources(state: OverlayState, index: number, resources: Resources): void {
  const path = ["resources", index];
  const targets = workloads(state, path, resources.target);
  let isMatched = targets.size === 0;
  changeAll(state, path, (object) =>
    targets.has(object) ? setResources(object, resources, () => (isMatched = true)) : object,
  );
  if (isMatched) return;
  const message = `no container of the workloads is called "${shortText(resources.container ?? "")}"`;
  tellUnmatched(state, path, {
    inside: ["container"],
    hasTargets: true,
    words: () => ({ message }),
  });
}

/** Where an image is named is looked for once: an entry costs the objects that name its image, not all of the app. */
function applyImages(state: OverlayState, images: readonly ImageChange[]): void {
  if (images.length === 0) return;
  const objects = [...state.objects];
  const places = new WordPlaces();
  const note = (place: number, object: KubeObject): void => {
    // A CRD's schema may have fields of these names; they are no containers.
    if (object.kind !== "CustomResourceDefinition") places.note(place, imageNames(object));
  };
  for (const [place, { object }] of objects.entries()) note(place, object);
  for (const [index, image] of images.entries()) {
    for (const place of places.of(image.name)) {
      const source = objects[place];
      if (source === undefined) continue;
      // Only the images of containers change: the object keeps its identity.
      const object = setImages(source.object, image, () =>
        state.matchedImages.add(index),
      ) as KubeObject;
      if (object === source.object) continue;
      const after = changed(state, { source, path: ["images", index], object });
      objects[place] = after;
      if (image.newName !== undefined) note(place, after.object);
    }
  }
  state.objects = objects;
}

function applyReplicas(state: OverlayState, index: number): void {
  const entry = state.overlay.replicas?.[index];
  if (entry === undefined) return;
  const isTarget = ({ key }: SourceObject): boolean => key.name === entry.name && isScalable(key);
  const targets = new Set(state.objects.filter(isTarget).map(({ object }) => object));
  if (targets.size === 0) {
    const { objects, others } = state;
    const words = () => {
      const scalable = [...objects, ...others.objects].filter(({ key }) => isScalable(key));
      const near = closestName(
        entry.name,
        scalable.map(({ key }) => key.name),
      );
      const message = `the app has no Deployment, StatefulSet, ReplicaSet or ReplicationController "${shortText(entry.name)}"`;
      return { message, near };
    };
    return tellUnmatched(state, ["replicas", index], { inside: ["name"], words });
  }
  // A text was an expression, and what it gave was found to be a number.
  const replicas = Number(entry.count);
  changeAll(state, ["replicas", index], (object) =>
    targets.has(object) ? setReplicas(object, replicas) : object,
  );
}

/** What comes together in one namespace must not be one object. */
function applyNamespace(state: OverlayState, namespace: string): void {
  const { others } = state;
  const move = namespaceMove([...state.objects, ...others.objects], namespace);
  changeAll(state, ["namespace"], move);
  const before = others.areFirst ? others.objects : [];
  const found = new Map(
    before.map((source) => [objectId(keyOf(move(source.object))), source] as const),
  );
  for (const source of state.objects) {
    const id = objectId(source.key);
    const first = found.get(id);
    found.set(id, source);
    if (first === undefined) continue;
    const message = `${placeText(source.at([]))}: ${duplicate(source, first).message}`;
    const hint = "rename one of them, or write two Apps";
    tell(state, ["namespace"], { code: "duplicate-object", message, hint });
  }
}

function withMetadata(
  object: KubeObject,
  field: "labels" | "annotations",
  added: Readonly<Record<string, string>>,
): KubeObject {
  const own = isJsonObject(object.metadata[field]) ? object.metadata[field] : {};
  return { ...object, metadata: { ...object.metadata, [field]: { ...own, ...added } } };
}
