/**
 * Where the fields of a rendered object come from. In: a checked fleet, an app, a site, an object. Out: each field with
 * what set it, in file, line and column, and what that overrode. The object is made once more, one change of one overlay
 * at a time, by the same functions that render it; a place is only told where the field itself, or what holds it, stands.
 */
import { appLabel, ownerAnnotation } from "../apply/ownership.ts";
import type { Place } from "../model/fleet-model.ts";
import { type Json, isSameJson } from "../model/json.ts";
import {
  type KubeObject,
  type ObjectKey,
  describeKey,
  isSecret,
  keyOf,
} from "../model/kube-object.ts";
import { appAtSite, type AppAtSite, type RenderedModel } from "../render/app-at-site.ts";
import { applyOverlay } from "../render/apply-overlay.ts";
import { objectsOf } from "../render/fill-shapes.ts";
import { withOwner } from "../render/finish-object.ts";
import type { SourceObject } from "../render/parse-manifests.ts";
import { calledByContent } from "../render/tools/helm-hooks.ts";
import { regionField } from "../secrets/region-secret.ts";
import { openSecretFields } from "../secrets/sops-file.ts";
import type { FieldSetting } from "./field-setting.ts";
import { type FieldStep, fieldText, findField, leafFields, readField } from "./field-steps.ts";
import { kustomizedFrom, kustomizeSetting } from "./kustomize-setting.ts";
import { isOfApp, manifestSetting, type OverlayChange, overlayChanges } from "./overlay-changes.ts";

/** One field of an object. */
export interface FieldStory {
  readonly field: string;
  readonly value: Json;
  /** The setting that counts first, then what it overrode, newest first. */
  readonly settings: readonly FieldSetting[];
}

/** What is asked. */
export interface ObjectQuestion {
  readonly app: string;
  readonly site: string;
  /** KIND/NAMESPACE/NAME, or KIND/NAME. */
  readonly object: string;
  /** Without it, every field. */
  readonly field?: string;
}

/** The fields, or what there is instead of what was asked for. */
export type ObjectAnswer =
  | { readonly ok: true; readonly object: string; readonly fields: readonly FieldStory[] }
  | {
      readonly ok: false;
      readonly missing: "app" | "object" | "field";
      readonly known: readonly string[];
    };

/** Tells where the fields of an object come from. The fleet must render without an error. */
export function explainObject(fleet: RenderedModel, question: ObjectQuestion): ObjectAnswer {
  const found = appAtSite(fleet, question.app, question.site);
  if (found === undefined) return { ok: false, missing: "app", known: [] };
  const standing = historyOf(found).flatMap((versions) => {
    const last = versions.at(-1)?.object;
    return last === undefined ? [] : [{ key: keyOf(last), versions, last }];
  });
  const meant = standing.find(({ key }) => isMeant(key, question.object));
  if (meant === undefined) {
    return { ok: false, missing: "object", known: standing.map(({ key }) => nameText(key)) };
  }
  const { key, versions, last } = meant;
  const asked = question.field === undefined ? [] : readField(question.field, last);
  if (asked === undefined) {
    return { ok: false, missing: "field", known: leafFields(last).map(fieldText) };
  }
  const steps = leafFields(findField(last, asked).value ?? null, asked);
  const tell = isSecret(last) ? secretStoryOf : storyOf;
  const fields = steps.map((field) => tell(field, versions));
  return { ok: true, object: describeKey(key), fields };
}

function nameText({ kind, namespace, name }: ObjectKey): string {
  return namespace === "" ? `${kind}/${name}` : `${kind}/${namespace}/${name}`;
}

function isMeant(key: ObjectKey, text: string): boolean {
  const [kind, ...names] = text.split("/");
  if (kind !== key.kind || names.at(-1) !== key.name) return false;
  return names.length === 1 || (names.length === 2 && names[0] === key.namespace);
}

/** An object behind a change, and what that change says of a field. */
interface Version {
  readonly object: KubeObject | undefined;
  tell(steps: readonly FieldStep[]): Omit<FieldSetting, "value" | "isRemoved">;
}

/** Every object of the app at the site in all its versions, oldest first. */
function historyOf(found: AppAtSite): readonly (readonly Version[])[] {
  let objects = objectsOf(found.shape);
  // What an object is called may change; where it is written does not.
  const versions = new Map(objects.map((source) => [source.at, firstVersions(found, source)]));
  for (const change of overlayChanges(found)) {
    const before = new Map(objects.map(({ at, object }) => [at, object]));
    const at = (): Place => change.place;
    const placed = { overlay: change.overlay, at, keyAt: at };
    objects = applyOverlay(objects, placed, found.manifests).objects;
    const after = new Map(objects.map(({ at, object }) => [at, object]));
    for (const [at, known] of versions) {
      const [old, object] = [before.get(at), after.get(at)];
      if (old !== object && old !== undefined) known.push(laterVersion(change, old, object));
    }
  }
  for (const source of objects) versions.get(source.at)?.push(...lastVersions(found, source));
  return [...versions.values()];
}

/** With what Flotilla itself makes of it. */
function lastVersions({ model, app }: AppAtSite, source: SourceObject): Version[] {
  const owner = { fleet: model.fleet.value.metadata.name, app: app.value.metadata.name };
  const called = calledByContent(source).object;
  return [
    { object: called, tell: () => byFlotilla(hookReason) },
    {
      object: withOwner(called, owner),
      tell: (steps) => byFlotilla(markReasons[fieldText(steps)] ?? ""),
    },
  ];
}

const hookReason =
  "a Job that was a hook is called by its content, so that it runs when that changes";

const markReasons: Readonly<Record<string, string>> = {
  [`.metadata.annotations.${ownerAnnotation}`]: "whose object it is, so that no other app takes it",
  [`.metadata.labels.${appLabel}`]: "which app it belongs to, for lists",
};

function byFlotilla(reason: string): ReturnType<Version["tell"]> {
  return { by: `Flotilla: ${reason}`, place: null, expression: null, reads: [] };
}

/** As the source has it; of what kustomize made, as its file has it before that. */
function firstVersions(found: AppAtSite, source: SourceObject): Version[] {
  const tell = (steps: readonly FieldStep[]): ReturnType<Version["tell"]> =>
    manifestSetting(found, source, steps);
  const { object: whole, hookName } = source;
  if (hookName !== undefined) {
    const object = { ...whole, metadata: { ...whole.metadata, name: hookName } };
    return [
      { object, tell },
      { object: whole, tell: () => byFlotilla(hookReason) },
    ];
  }
  if (found.app.value.spec.source.kustomize === undefined || source.steps === undefined) {
    return [{ object: whole, tell }];
  }
  const from = kustomizedFrom(found, source);
  const made: Version = {
    object: whole,
    tell: (steps) =>
      isOfApp(source, steps)
        ? tell(steps)
        : { ...kustomizeSetting(found, { source, from }, steps), expression: null, reads: [] },
  };
  if (from === undefined) return [made];
  const { object, at } = from;
  const written = (steps: readonly FieldStep[]): ReturnType<Version["tell"]> => {
    const place = at(findField(object, steps).path);
    return { by: "manifest", place, expression: null, reads: [] };
  };
  return [{ object, tell: written }, made];
}

function laterVersion(
  change: OverlayChange,
  before: KubeObject,
  object: KubeObject | undefined,
): Version {
  return { object, tell: (steps) => change.tell(steps, { before, after: object }) };
}

function storyOf(steps: readonly FieldStep[], versions: readonly Version[]): FieldStory {
  const settings: FieldSetting[] = [];
  let known: Json | undefined;
  for (const version of versions) {
    const { value } = findField(version.object, steps);
    const isSame =
      value === undefined || known === undefined ? value === known : isSameJson(value, known);
    if (!isSame) {
      settings.unshift({
        ...version.tell(steps),
        value: value ?? null,
        isRemoved: value === undefined,
      });
    }
    known = value;
  }
  return { field: fieldText(steps), value: known ?? null, settings };
}

const hidden = "(hidden)";

/** The story of a field of a Secret: that there is a value, and where it comes from, never what it is. */
function secretStoryOf(steps: readonly FieldStep[], versions: readonly Version[]): FieldStory {
  const story = storyOf(steps, versions);
  const top = steps[0] !== undefined && "key" in steps[0] ? steps[0].key : "";
  if (openSecretFields.has(top) || top === regionField) return story;
  const settings = story.settings.map((setting) => ({
    ...setting,
    value: setting.isRemoved ? null : hidden,
    expression: setting.expression === null ? null : hidden,
  }));
  return { ...story, value: hidden, settings };
}
