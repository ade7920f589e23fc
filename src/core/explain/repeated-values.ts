/**
 * Steps of overlays that give a field the value that it has already. They change nothing; yet who wants another value has to
 * change them first. To find out, the step itself is applied to an object that has another value there.
 */
import type { Place } from "../model/fleet-model.ts";
import { type Json, isJsonObject } from "../model/json.ts";
import type { Overlay } from "../model/kinds.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { applyOverlay } from "../render/apply-overlay.ts";
import { parsePointer } from "../render/json-patch.ts";
import { stepAt } from "../render/overlay-steps.ts";
import type { ManifestContext, SourceObject } from "../render/parse-manifests.ts";
import { type FieldStep, findField } from "./field-steps.ts";
import { isSameField } from "./followed-lists.ts";

type FieldPath = readonly (string | number)[];

/** A step of an overlay, and an object before it. */
export interface StepOnObject {
  readonly overlay: Overlay;
  /** `["patches", 1]` */
  readonly at: FieldPath;
  readonly source: SourceObject;
  readonly context: ManifestContext;
  /** What the step has where it says what becomes of a field. */
  readonly says: (steps: readonly FieldStep[]) => Json | undefined;
}

/** Gives an answer for fields of the object that a step leaves as they are: whether it says so itself. */
export function repeatsOf(step: StepOnObject): Repeats {
  const { overlay, at, source, context } = step;
  const [field = "", index] = at;
  const entry = stepAt(overlay, at);
  const alone: Overlay = { virtualSites: [], [field]: index === undefined ? entry : [entry] };
  return (steps) => {
    const { path, value } = findField(source.object, steps);
    const other = otherThan(value);
    if (value === undefined || other === undefined || isKeyOfItem(steps)) return false;
    if (!maySay(step, steps, { path, value })) return false;
    const object = withValue(source.object, path, other) as KubeObject; // a field of it is another
    const placed = { overlay: alone, at: nowhere, keyAt: nowhere };
    const [made] = applyOverlay([{ ...source, object }], placed, context).objects;
    return isSameField(findField(made?.object, steps).value, value);
  };
}

/** What costs little to see: most steps say nothing of a field. */
function maySay(
  { overlay, at: [field, index], says }: StepOnObject,
  steps: readonly FieldStep[],
  { path, value }: { readonly path: FieldPath; readonly value: Json },
): boolean {
  if (field === "images") return /^(image|reference)$/.test(String(path.at(-1)));
  const json = field === "patches" ? overlay.patches?.[Number(index)]?.json : undefined;
  if (json !== undefined) return json.some((operation) => leadsTo(operation.path, path));
  // A count may be a text that an expression gave.
  return textOf(says(steps)) === textOf(value);
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function leadsTo(pointer: string, path: FieldPath): boolean {
  const parts = parsePointer(pointer) ?? [];
  return parts.every((part, index) => part === String(path[index]) || part === "-");
}

type Repeats = (steps: readonly FieldStep[]) => boolean;

const nowhere = (): Place => ({ file: "", line: 0, column: 0 });

/** Another value of the same type; undefined: of lists and maps, whose fields are asked for. */
function otherThan(value: Json | undefined): Json | undefined {
  if (typeof value === "string") return `${value}~`;
  if (typeof value === "number") return value + 1;
  return typeof value === "boolean" ? !value : undefined;
}

/** By which an item of a list is known: with another value it would be another item. */
function isKeyOfItem(steps: readonly FieldStep[]): boolean {
  const [item, last] = steps.slice(-2);
  if (item === undefined || last === undefined || !("item" in item) || !("key" in last))
    return false;
  return item.item.some(({ by }) => by === last.key);
}

function withValue(root: Json, [step, ...path]: FieldPath, value: Json): Json {
  if (step === undefined) return value;
  if (Array.isArray(root)) {
    const items = root as readonly Json[]; // isArray loses the type of items
    return items.map((item, index) => (index === step ? withValue(item, path, value) : item));
  }
  if (!isJsonObject(root)) return root;
  const inner = withValue(root[step] ?? null, path, value);
  return Object.fromEntries(
    Object.entries(root).map(([key, each]) => [key, key === step ? inner : each]),
  );
}
