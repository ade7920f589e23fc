/**
 * One overlay on the objects of an app: patches, then sidecars (so that what follows holds for them too), scheduling,
 * images, resources, replicas, labels, annotations and namespace. What it made wrong in an object is
 * told at its own place, with the object's.
 */
import type { Diagnostic } from "../model/diagnostic.ts";
import { isJsonObject, isSameJson } from "../model/json.ts";
import type {
  Overlay,
  Patch,
  PatchTarget,
  Resources,
  Scheduling,
  Sidecar,
} from "../model/kinds.ts";
import { type KubeObject, describeKey, keyOf, objectId } from "../model/kube-object.ts";
import { changeProblems } from "./change-problems.ts";
import { type Told, mistake, placeText } from "./mistake.ts";
import { namespaceMove } from "./move-namespace.ts";
import { duplicate, type ManifestContext, type SourceObject } from "./parse-manifests.ts";
import type {
  OtherObjects,
  OverlayResult,
  OverlayStep,
  PlacedOverlay,
  Unmatched,
} from "./overlay-result.ts";
import { patchObject } from "./patch-object.ts";
import { isDeletion, patchTargets, selectedBy, targetName } from "./patch-targets.ts";
import { stepAt, stepsOf, tooManySteps } from "./overlay-steps.ts";
import { podSpecPath } from "./pod-templates.ts";
import type { FieldPath } from "./read-yaml.ts";
import { withoutServerFields } from "./server-fields.ts";
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
  const state: State = {
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
  state: State,
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

interface State extends PlacedOverlay {
  objects: readonly SourceObject[];
  others: OtherObjects;
  readonly context: ManifestContext;
  readonly diagnostics: Diagnostic[];
  readonly unmatched: Unmatched[];
  changed: boolean;
  readonly matchedImages: Set<number>;
}

/** What is called by a name is looked for once: a patch costs the objects of its name, not all of the app. */
function applyPatches(state: State, patches: readonly Patch[]): void {
  if (patches.length === 0) return;
  const objects: (SourceObject | undefined)[] = [...state.objects];
  const places = new WordPlaces();
  const namesOf = ({ key, hookName = key.name }: SourceObject): string[] => [key.name, hookName];
  for (const [place, source] of state.objects.entries()) places.note(place, namesOf(source));
  for (const [index, patch] of patches.entries()) {
    const name = targetName(patch);
    const own = name === undefined ? [...objects.keys()] : places.of(name);
    const placeOf = new Map(
      own.flatMap((place) => {
        const source = objects[place];
        return source === undefined ? [] : [[source, place] as const];
      }),
    );
    const { namespace } = state.context;
    const around = { namespace, others: state.others.objects };
    const targets = patchTargets([...placeOf.keys()], patch, around);
    if (isDeletion(patch)) deleteOthers(state, patch, present(objects));
    if (targets.length === 0) tellNoTarget(state, patch, ["patches", index]);
    for (const source of targets) {
      const after = patched(state, source, { patch, path: ["patches", index] });
      const place = placeOf.get(source) ?? 0;
      objects[place] = after;
      if (after !== undefined) places.note(place, namesOf(after));
    }
  }
  state.objects = present(objects);
}

function present(objects: readonly (SourceObject | undefined)[]): readonly SourceObject[] {
  return objects.filter((source) => source !== undefined);
}

function deleteOthers(state: State, patch: Patch, own: readonly SourceObject[]): void {
  const around = { namespace: state.context.namespace, others: own };
  const deleted = new Set(patchTargets(state.others.objects, patch, around));
  const objects = state.others.objects.filter((other) => !deleted.has(other));
  state.others = { ...state.others, objects };
}

function tellNoTarget(state: State, patch: Patch, path: FieldPath): void {
  tellUnmatched(state, path, {
    inside: [patch.target === undefined ? "merge" : "target"],
    message: "the patch matches no object of the app",
  });
}

/** The object with the patch; undefined: it takes it away. */
function patched(
  state: State,
  source: SourceObject,
  { patch, path }: { readonly patch: Patch; readonly path: FieldPath },
): SourceObject | undefined {
  if (source.isFull === true) return source;
  const known = state.steps?.(path).get(source);
  if (known !== undefined) return taken(state, known);
  const result = patchObject(source.object, patch, state.context.customKinds);
  if (result.ok) {
    if (result.object !== null) return changed(state, { source, path, object: result.object });
    state.changed = true;
    return undefined;
  }
  const where = `${describeKey(source.key)} (${placeText(source.at([]))})`;
  const message = `${where}: ${result.message}`;
  tell(state, [...path, ...result.path], { code: "patch-failed", message });
  return source;
}

interface NoMatch {
  /** The field of the step that names what there is not. */
  readonly inside: FieldPath;
  readonly message: string;
  readonly hasTargets?: boolean;
}

function tellUnmatched(
  state: State,
  path: FieldPath,
  { inside, message, hasTargets = false }: NoMatch,
): void {
  const told = { code: "patch-no-target", message } as const;
  state.unmatched.push({ step: path.join("."), hasTargets, path: [...path, ...inside], told });
}

function tell(state: State, path: FieldPath, told: Told): void {
  state.diagnostics.push(mistake(state.at(path), told));
}

interface Change {
  readonly source: SourceObject;
  readonly path: FieldPath;
  readonly object: KubeObject;
}

/** The source with a new object, which is checked; mistakes are those of the field of the overlay at `path`. */
function changed(state: State, change: Change): SourceObject {
  if (change.source.isFull === true) return change.source;
  const tooMany = tooManySteps(change.source);
  if (tooMany !== undefined) {
    tell(state, change.path, tooMany);
    return { ...change.source, isFull: true };
  }
  // Where a move puts what an object names, its other objects say.
  const steps = change.path[0] === "namespace" ? undefined : state.steps?.(change.path);
  const step = steps?.get(change.source) ?? stepOf(state, change);
  steps?.set(change.source, step);
  return taken(state, step);
}

function taken(state: State, { source, isChanged, diagnostics }: OverlayStep): SourceObject {
  if (isChanged) state.changed = true;
  state.diagnostics.push(...diagnostics);
  return source;
}

function stepOf(state: State, { source, path, object }: Change): OverlayStep {
  if (isSameJson(object, source.object)) {
    return { source, isChanged: false, diagnostics: [] };
  }
  const cleaned = withoutServerFields(object);
  const { at, keyAt } = state;
  const changedBy = {
    before: source,
    at,
    keyAt,
    path,
    step: stepAt(state.overlay, path),
    count: stepsOf(source) + 1,
  };
  const after = { ...source, object: cleaned, key: keyOf(cleaned), changedBy };
  const problems = changeProblems(after);
  if (problems.length === 0) return { source: after, isChanged: true, diagnostics: [] };
  const where = `${describeKey(source.key)} (${placeText(source.at([]))})`;
  const diagnostics = problems.map((problem) => ({
    ...problem,
    message: `${where}: ${problem.message}`,
  }));
  return { source: after, isChanged: true, diagnostics };
}

function changeAll(
  state: State,
  path: FieldPath,
  change: (object: KubeObject) => KubeObject,
): void {
  state.objects = state.objects.map((source) => {
    if (source.isFull === true) return source;
    const object = change(source.object);
    return object === source.object ? source : changed(state, { source, path, object });
  });
}

/** The workloads that an entry of an overlay is for; none is a mistake of that entry. */
function workloads(
  state: State,
  path: FieldPath,
  target: PatchTarget | undefined,
): ReadonlySet<KubeObject> {
  const objects = target === undefined ? state.objects : selectedBy(state.objects, target);
  const found = objects.filter(({ object }) => podSpecPath(object) !== undefined);
  if (found.length === 0) {
    const message = "no workload of the app is meant: none has a pod template";
    tellUnmatched(state, path, { inside: target === undefined ? [] : ["target"], message });
  }
  return new Set(found.map(({ object }) => object));
}

function applySidecar(state: State, index: number, sidecar: Sidecar): void {
  const path = ["sidecars", index];
  const targets = workloads(state, path, sidecar.target);
  changeAll(state, path, (object) => {
    if (!targets.has(object)) return object;
    const result = addSidecar(object, sidecar, state.context.customKinds);
    if (result.ok) return result.object;
    const message = `${describeKey(keyOf(object))}: ${result.message}`;
    tell(state, path, { code: "patch-failed", message });
    return object;
  });
}

function applyScheduling(state: State, index: number, scheduling: Scheduling): void {
  const path = ["scheduling", index];
  const targets = workloads(state, path, scheduling.target);
  changeAll(state, path, (object) =>
    targets.has(object) ? setScheduling(object, scheduling) : object,
  );
}

function applyResources(state: State, index: number, resources: Resources): void {
  const path = ["resources", index];
  const targets = workloads(state, path, resources.target);
  let isMatched = targets.size === 0;
  changeAll(state, path, (object) =>
    targets.has(object) ? setResources(object, resources, () => (isMatched = true)) : object,
  );
  if (isMatched) return;
  const message = `no container of the workloads is called "${resources.container ?? ""}"`;
  tellUnmatched(state, path, { inside: ["container"], message, hasTargets: true });
}

/** Where an image is named is looked for once: an entry costs the objects that name its image, not all of the app. */
function applyImages(state: State, images: readonly ImageChange[]): void {
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

function applyReplicas(state: State, index: number): void {
  const entry = state.overlay.replicas?.[index];
  if (entry === undefined) return;
  const isTarget = ({ key }: SourceObject): boolean => key.name === entry.name && isScalable(key);
  const targets = new Set(state.objects.filter(isTarget).map(({ object }) => object));
  if (targets.size === 0) {
    const message = `the app has no Deployment, StatefulSet, ReplicaSet or ReplicationController "${entry.name}"`;
    return tellUnmatched(state, ["replicas", index], { inside: ["name"], message });
  }
  // A text was an expression, and what it gave was found to be a number.
  const replicas = Number(entry.count);
  changeAll(state, ["replicas", index], (object) =>
    targets.has(object) ? setReplicas(object, replicas) : object,
  );
}

/** What comes together in one namespace must not be one object. */
function applyNamespace(state: State, namespace: string): void {
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
