/** The patches of an overlay, one after the other. */
import type { Patch } from "../model/kinds.ts";
import { describeKey } from "../model/kube-object.ts";
import { KnownTargets } from "./known-targets.ts";
import { placeText } from "./mistake.ts";
import type { SourceObject } from "./parse-manifests.ts";
import { type OverlayState, changed, taken, tell, tellUnmatched } from "./overlay-state.ts";
import { patchObject } from "./patch-object.ts";
import { isDeletion, patchTargets, targetName } from "./patch-targets.ts";
import type { FieldPath } from "./read-yaml.ts";
import { WordPlaces } from "./word-places.ts";

/** What is called by a name is looked for once: a patch costs the objects of its name, not all of the app. */
export function applyPatches(state: OverlayState, patches: readonly Patch[]): void {
  if (patches.length === 0) return;
  const objects: (SourceObject | undefined)[] = [...state.objects];
  const places = new WordPlaces();
  const known = targetsOf(state);
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
    if (targets.length === 0)
      tellNoTarget(state, patch, { path: ["patches", index], known: known() });
    for (const source of targets) {
      const after = patched(state, source, { patch, path: ["patches", index] });
      const place = placeOf.get(source) ?? 0;
      objects[place] = after;
      if (after !== undefined) places.note(place, namesOf(after));
    }
  }
  state.objects = present(objects);
}

/** The objects that a patch may be for, which those before it have not taken away from the others. */
function targetsOf(state: OverlayState): () => KnownTargets {
  let [others, known] = [
    state.others.objects,
    new KnownTargets([state.objects, state.others.objects]),
  ];
  return () => {
    if (others !== state.others.objects) {
      others = state.others.objects;
      known = new KnownTargets([state.objects, others]);
    }
    return known;
  };
}

function present(objects: readonly (SourceObject | undefined)[]): readonly SourceObject[] {
  return objects.filter((source) => source !== undefined);
}

function deleteOthers(state: OverlayState, patch: Patch, own: readonly SourceObject[]): void {
  const around = { namespace: state.context.namespace, others: own };
  const deleted = new Set(patchTargets(state.others.objects, patch, around));
  const objects = state.others.objects.filter((other) => !deleted.has(other));
  state.others = { ...state.others, objects };
}

function tellNoTarget(
  state: OverlayState,
  patch: Patch,
  { path, known }: { readonly path: FieldPath; readonly known: KnownTargets },
): void {
  tellUnmatched(state, path, {
    inside: [patch.target === undefined ? "merge" : "target"],
    words: () => {
      const { meant, near } = known.describe(patch);
      return { message: `the patch matches no object of the app: there is no ${meant}`, near };
    },
  });
}

/** The object with the patch; undefined: it takes it away. */
function patched(
  state: OverlayState,
  source: SourceObject,
  { patch, path }: { readonly patch: Patch; readonly path: FieldPath },
): SourceObject | undefined {
  if (source.isFull === true) return source;
  const known = state.steps?.(path).get(source);
  if (known !== undefined) return taken(state, known);
  const result = patchObject(source.object, patch, state.context.customKinds);
  if (result.ok) {
    const { object, doubts } = result;
    if (object !== null) return changed(state, { source, path, object, doubts });
    state.changed = true;
    state.onRemoved?.(source, path);
    return undefined;
  }
  const where = `${describeKey(source.key)} (${placeText(source.at([]))})`;
  const message = `${where}: ${result.message}`;
  tell(state, [...path, ...result.path], { code: "patch-failed", message });
  return source;
}
