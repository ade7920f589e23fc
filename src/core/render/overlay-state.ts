/** An overlay while it is being applied, and what one step of it makes of an object: checked, and told at the step. */
import type { Diagnostic } from "../model/diagnostic.ts";
import type { Place } from "../model/fleet-model.ts";
import { isSameJson } from "../model/json.ts";
import { type KubeObject, describeKey, keyOf } from "../model/kube-object.ts";
import { shortText } from "../model/short-text.ts";
import { changeProblems } from "./change-problems.ts";
import { type Told, mistake, placeText, warning } from "./mistake.ts";
import type { ManifestContext, SourceObject } from "./parse-manifests.ts";
import type { OtherObjects, OverlayStep, PlacedOverlay, Unmatched } from "./overlay-result.ts";
import { stepAt, stepsOf, tooManySteps } from "./overlay-steps.ts";
import type { Doubt } from "./patch-object.ts";
import type { FieldPath } from "./read-yaml.ts";
import { withoutServerFields } from "./server-fields.ts";

/** An overlay while it is being applied: the objects as they are so far, and what was found. */
export interface OverlayState extends PlacedOverlay {
  objects: readonly SourceObject[];
  others: OtherObjects;
  readonly context: ManifestContext;
  readonly diagnostics: Diagnostic[];
  readonly unmatched: Unmatched[];
  changed: boolean;
  readonly matchedImages: Set<number>;
}

interface NoMatch {
  /** The field of the step that names what there is not. */
  readonly inside: FieldPath;
  readonly hasTargets?: boolean;
  /** What is asked only of a step that is for none of the app's other objects either. */
  readonly words: () => NoMatchWords;
}

interface NoMatchWords {
  readonly message: string;
  /** What was most likely meant. */
  readonly near?: string | undefined;
}

/** A step is for none of the objects. */
export function tellUnmatched(
  state: OverlayState,
  path: FieldPath,
  { inside, hasTargets = false, words }: NoMatch,
): void {
  const told = (): Told => {
    const { message, near } = words();
    const hint = near === undefined ? {} : { hint: `did you mean "${shortText(near)}"?` };
    return { code: "patch-no-target", message, ...hint };
  };
  state.unmatched.push({ step: path.join("."), hasTargets, path: [...path, ...inside], told });
}

/** A mistake of the overlay at a path in it. */
export function tell(state: OverlayState, path: FieldPath, told: Told): void {
  state.diagnostics.push(mistake(state.at(path), told));
}

interface Change {
  readonly source: SourceObject;
  readonly path: FieldPath;
  readonly object: KubeObject;
  /** What the step does though something else may be meant; paths are within the step. */
  readonly doubts?: readonly Doubt[];
}

/** The source with a new object, which is checked; mistakes are those of the field of the overlay at `path`. */
export function changed(state: OverlayState, change: Change): SourceObject {
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

/** The source that a step gave. */
export function taken(
  state: OverlayState,
  { source, isChanged, diagnostics }: OverlayStep,
): SourceObject {
  if (isChanged) state.changed = true;
  for (const each of diagnostics) state.diagnostics.push(each);
  return source;
}

function stepOf(state: OverlayState, { source, path, object, doubts = [] }: Change): OverlayStep {
  if (isSameJson(object, source.object)) {
    return { source, isChanged: false, diagnostics: [] };
  }
  const cleaned = withoutServerFields(object);
  const { at, keyAt } = state;
  const changedBy = {
    before: source,
    first: source.changedBy?.first ?? source,
    at,
    keyAt,
    path,
    step: stepAt(state.overlay, path),
    count: stepsOf(source) + 1,
  };
  const after = { ...source, object: cleaned, key: keyOf(cleaned), changedBy };
  const problems = changeProblems(after);
  const found = [
    ...problems,
    ...doubts.map((doubt) => doubtAt(at([...path, ...doubt.path]), doubt)),
  ];
  if (found.length === 0) return { source: after, isChanged: true, diagnostics: [] };
  const where = `${describeKey(source.key)} (${placeText(source.at([]))})`;
  const diagnostics = found.map((each) => ({ ...each, message: `${where}: ${each.message}` }));
  return { source: after, isChanged: true, diagnostics };
}

function doubtAt(place: Place, { message }: Doubt): Diagnostic {
  const hint = "write the list anew with `$patch: replace`, or change it by a `json` patch";
  return warning(place, { code: "patch-other-item", message, hint });
}
