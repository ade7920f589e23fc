/** What the overlays of an app at a site made of an object, change by change, each with what it says of a field. */
import type { Place } from "../model/fleet-model.ts";
import type { Json, JsonObject } from "../model/json.ts";
import type { Overlay } from "../model/kinds.ts";
import type { KubeObject } from "../model/kube-object.ts";
import type { AppAtSite } from "../render/app-at-site.ts";
import { applyOverlay } from "../render/apply-overlay.ts";
import { objectsOf, type ShapedOverlay } from "../render/fill-shapes.ts";
import { type PatchOperation, applyJsonPatch, parsePointer } from "../render/json-patch.ts";
import { stepAt } from "../render/overlay-steps.ts";
import type { SourceObject } from "../render/parse-manifests.ts";
import { regionField } from "../secrets/region-secret.ts";
import { podSpecPaths } from "../render/pod-templates.ts";
import type { FieldSetting } from "./field-setting.ts";
import { expressionSource } from "./expression-source.ts";
import { type FieldStep, findField } from "./field-steps.ts";
import { isSameField } from "./followed-lists.ts";
import { repeatsOf } from "./repeated-values.ts";

type FieldPath = readonly (string | number)[];
type Told = Omit<FieldSetting, "value" | "isRemoved">;

/** An object before and behind a change. */
interface Changed {
  readonly before: KubeObject;
  readonly after: KubeObject;
}

/** What a step of an overlay made of an object: nothing, too. */
export interface OverlayChange {
  readonly before: SourceObject;
  readonly after: SourceObject;
  readonly tell: (steps: readonly FieldStep[]) => Told;
  /** What stands, with its expressions filled, where `tell` finds the field. */
  readonly says: (steps: readonly FieldStep[]) => Json | undefined;
  /** Whether a field would have its value by the step alone, though it had it before. */
  readonly repeats: (steps: readonly FieldStep[]) => boolean;
}

/** An object that an overlay takes away. */
export interface RemovedObject {
  /** As it was before that. */
  readonly source: SourceObject;
  /** `overlay "shops": patches`. */
  readonly by: string;
  readonly place: Place;
}

/** Fields of an overlay that change objects. */
type ChangingField = keyof typeof placesIn;

/** The objects of the app at the site with its overlays, those that these took away, and what they changed of one, in that order. */
export function overlaidObjects(found: AppAtSite): {
  readonly objects: readonly SourceObject[];
  readonly removed: readonly RemovedObject[];
  readonly changesOf: (object: SourceObject) => readonly OverlayChange[];
} {
  const applied = new Map<unknown, ShapedOverlay>();
  const removed: RemovedObject[] = [];
  let objects = objectsOf(found.shape);
  for (const shaped of found.shape.overlays) {
    const at = (path: FieldPath): Place =>
      found.app.at(["spec", "overlays", shaped.index, ...path]);
    applied.set(at, shaped);
    const onRemoved = (source: SourceObject, step: FieldPath): void => {
      removed.push({ source, by: setterName(found, shaped, step), place: at(step) });
    };
    const placed = { overlay: shaped.overlay, at, keyAt: at, onRemoved };
    objects = applyOverlay(objects, placed, found.manifests).objects;
  }
  const changesOf = (object: SourceObject): readonly OverlayChange[] => {
    const made = new Map<string, Pick<OverlayChange, "before" | "after">>();
    let source = object;
    for (let by = source.changedBy; by !== undefined; by = source.changedBy) {
      const shaped = applied.get(by.at);
      if (shaped === undefined) break;
      made.set(stepId(shaped, by.path), { before: by.before, after: source });
      source = by.before;
    }
    return found.shape.overlays.flatMap((shaped) =>
      stepsOf(shaped.overlay).map((at) => {
        const change = made.get(stepId(shaped, at)) ?? { before: source, after: source };
        source = change.after;
        return changeOf(found, shaped, { ...change, at });
      }),
    );
  };
  return { objects, removed, changesOf };
}

function stepId({ index }: ShapedOverlay, at: FieldPath): string {
  return [index, ...at].join(".");
}

/** The steps of an overlay in the order in which they are taken, as `applyOverlay` names them. */
function stepsOf(overlay: Overlay): FieldPath[] {
  return Object.keys(placesIn).flatMap((field): FieldPath[] => {
    const step = stepAt(overlay, [field]);
    if (step === undefined) return [];
    return Array.isArray(step) ? [...step.keys()].map((index) => [field, index]) : [[field]];
  });
}

function setterName({ app }: AppAtSite, { index }: ShapedOverlay, [field]: FieldPath): string {
  return `${app.layers[index]?.title ?? "overlay"}: ${field ?? ""}`;
}

function changeOf(
  found: AppAtSite,
  shaped: ShapedOverlay,
  { before, after, at }: Pick<OverlayChange, "before" | "after"> & { readonly at: FieldPath },
): OverlayChange {
  const path: FieldPath = ["spec", "overlays", shaped.index];
  const field = at[0] as ChangingField; // as `applyOverlay` names its steps
  const changed = { before: before.object, after: after.object };
  const pathOf = (steps: readonly FieldStep[]): FieldPath => [
    ...at,
    ...settingPath(shaped.overlay, { field, at, steps, changed }),
  ];
  const says: OverlayChange["says"] = (steps) =>
    deepest(shaped.overlay as unknown as JsonObject, pathOf(steps)); // parsed YAML
  const { overlay } = shaped;
  return {
    before,
    after,
    says,
    repeats: repeatsOf({ overlay, at, source: before, context: found.manifests, says }),
    tell(steps) {
      const inside = pathOf(steps);
      return {
        by: setterName(found, shaped, at),
        place: found.app.at([...path, ...inside]),
        ...expressionSource(found, writtenAt(found, shaped.index, inside)),
      };
    },
  };
}

/** The text that is written at a path of an overlay, or above it where an expression gave all that is below. */
function writtenAt({ app }: AppAtSite, index: number, path: FieldPath): Json | undefined {
  const overlay = app.value.spec.overlays?.[index] as unknown as JsonObject; // parsed YAML
  return deepest(overlay, path);
}

/** The value at a path, as far as there are values. */
function deepest(root: Json | undefined, path: FieldPath): Json | undefined {
  let value = root;
  for (const step of path) {
    if (typeof value !== "object" || value === null) return value;
    value = (value as Readonly<Record<string | number, Json>>)[step]; // a list or a map
  }
  return value;
}

interface Setting {
  readonly field: ChangingField;
  /** Path of an entry of that field. */
  readonly at: FieldPath;
  readonly steps: readonly FieldStep[];
  readonly changed: Changed;
}

interface Asked extends Setting {
  readonly overlay: Overlay;
  /** What stands in the overlay at `at`. */
  readonly entry: Json | undefined;
  /** How deep the pod's spec is in the object. */
  readonly pod: number;
}

const ofMetadata = ({ entry, steps }: Asked): FieldPath => findField(entry, steps.slice(2)).path;

/** Where in an entry of a field of overlays it stands what a field of an object becomes; in the order in which they are applied. */
const placesIn = {
  patches: patchPath,
  sidecars: ({ entry, steps, pod }) => findField(entry, steps.slice(pod)).path,
  scheduling: schedulingPath,
  images: ({ entry }) => imagePath(entry),
  // Behind the pod: its list of containers, the container, and `resources`.
  resources: ({ entry, steps, pod }) => findField(entry, steps.slice(pod + 3)).path,
  replicas: () => ["count"],
  labels: ofMetadata,
  annotations: ofMetadata,
  namespace: () => [],
} satisfies Readonly<Record<string, (asked: Asked) => FieldPath>>;

/** Where, below `at`, an overlay says what a field becomes. */
function settingPath(overlay: Overlay, setting: Setting): FieldPath {
  const entry = deepest(overlay as unknown as JsonObject, setting.at); // as above
  return placesIn[setting.field]({ ...setting, overlay, entry, pod: podDepth(setting) });
}

/** How many steps lead to the spec of the pod in which the field is; a custom resource may have several. */
function podDepth({ steps, changed: { before } }: Setting): number {
  const paths = podSpecPaths(before);
  const { path } = findField(before, steps);
  const own = paths.find((pod) => pod.every((key, index) => key === path[index]));
  return (own ?? paths[0])?.length ?? 0;
}

/** Tolerations have other positions in the pod: the overlay adds its own behind those that are there. */
function schedulingPath({ entry, steps, pod, changed }: Asked): FieldPath {
  const asked = steps.slice(pod);
  const [list, position] = asked;
  const known = findField(entry, asked.slice(0, 1));
  if (list === undefined || position === undefined || !("position" in position)) {
    return findField(entry, asked).path;
  }
  const item = findField(changed.after, steps.slice(0, pod + 2)).value;
  const items = Array.isArray(known.value) ? (known.value as readonly Json[]) : []; // isArray loses the type
  const index = items.findIndex((each) => isSameField(each, item));
  if (index < 0) return known.path;
  return findField(entry, [list, { position: index }, ...asked.slice(2)]).path;
}

/** The one field that says what becomes of an image; several say it together. */
function imagePath(entry: Json | undefined): FieldPath {
  const [field, ...others] = ["newName", "newTag", "digest"].filter(
    (each) => deepest(entry, [each]) !== undefined,
  );
  return field === undefined || others.length > 0 ? [] : [field];
}

function patchPath({ overlay, at, steps, changed }: Asked): FieldPath {
  const { merge, json = [] } = overlay.patches?.[Number(at[1])] ?? {};
  if (merge !== undefined) return ["merge", ...findField(merge as JsonObject, steps).path]; // as above
  const number = settingOperation(json, changed.before, steps);
  const operation = json[number];
  if (operation === undefined) return [];
  if (operation.value === undefined) return ["json", number];
  const { path } = findField(changed.after, steps);
  const below = path.slice(parsePointer(operation.path)?.length ?? 0);
  return ["json", number, "value", ...reached(operation.value as Json, below)]; // as above
}

/** The position of the last operation that changes or writes a field; -1 where none does. */
function settingOperation(
  operations: readonly PatchOperation[],
  before: KubeObject,
  steps: readonly FieldStep[],
): number {
  let known = findField(before, steps).value;
  let number = -1;
  for (const [index, operation] of operations.entries()) {
    const result = applyJsonPatch(before, operations.slice(0, index + 1));
    const { value, path } = findField(result.ok ? result.value : undefined, steps);
    if (!isSameField(value, known) || writes(operation, path)) number = index;
    known = value;
  }
  return number;
}

function writes({ op, path }: PatchOperation, field: FieldPath): boolean {
  if (op !== "add" && op !== "replace") return false;
  return parsePointer(path)?.every((part, index) => part === String(field[index])) ?? false;
}

/** As much of a path as leads somewhere. */
function reached(root: Json, path: FieldPath): FieldPath {
  const length = path.findIndex(
    (_, index) => deepest(root, path.slice(0, index + 1)) === undefined,
  );
  return length < 0 ? path : path.slice(0, length);
}

/** It is the namespace of the App that stands in a field, for its object names none. */
export function isOfApp(source: SourceObject, steps: readonly FieldStep[]): boolean {
  const { path } = findField(source.object, steps);
  return path.join(".") === "metadata.namespace" && source.isInAppNamespace === true;
}

/** What a manifest says of a field; of a namespace that it does not name, the App. */
export function manifestSetting(
  found: AppAtSite,
  source: SourceObject,
  steps: readonly FieldStep[],
): Told {
  const { path } = findField(source.object, steps);
  if (isOfApp(source, steps)) {
    const at = found.app.at(["spec", "namespace"]);
    return { by: "namespace of the App", place: at, expression: null, reads: [] };
  }
  const [place, start] = [source.at(path), source.at([])];
  const written = found.written.find(({ at }) => {
    const other = at([]);
    return other.file === start.file && other.line === start.line && other.column === start.column;
  });
  const text = written === undefined ? undefined : deepest(written.object, path);
  const made =
    found.app.value.spec.source.chart === undefined ? "manifest" : "template of the chart";
  const by = source.object[regionField] === undefined ? made : "secrets of the App";
  return { by, place, ...expressionSource(found, text) };
}
