/**
 * Where the fields of a rendered object come from. In: a checked fleet, an app, a site, an object. Out: each field with
 * what set it, in file, line and column, and what that overrode. The objects are made once more by the same functions that
 * render them, which keep what each change of an overlay made of each; a place is only told where the field itself, or what holds it, stands.
 */
import { appLabel, ownerAnnotation } from "../apply/ownership.ts";
import type { Json } from "../model/json.ts";
import type { Place } from "../model/fleet-model.ts";
import { type KubeObject, type ObjectKey, describeKey, isSecret } from "../model/kube-object.ts";
import { appAtSite, type AppAtSite, type RenderedModel } from "../render/app-at-site.ts";
import { mergeSchemaOf } from "../render/custom-kinds.ts";
import { withOwner } from "../render/finish-object.ts";
import type { SourceObject } from "../render/parse-manifests.ts";
import { calledByContent } from "../render/tools/helm-hooks.ts";
import { regionField } from "../secrets/region-secret.ts";
import { openSecretFields } from "../secrets/sops-file.ts";
import type { FieldSetting } from "./field-setting.ts";
import {
  type FieldStep,
  type Lists,
  fieldText,
  findField,
  leafFields,
  readField,
} from "./field-steps.ts";
import { type Version, followedLists, isSet } from "./followed-lists.ts";
import { kustomizedFrom, kustomizeSetting } from "./kustomize-setting.ts";
import {
  isOfApp,
  manifestSetting,
  overlaidObjects,
  type OverlayChange,
  type RemovedObject,
} from "./overlay-changes.ts";

/** One field of an object. */
export interface FieldStory {
  readonly field: string;
  /** null where the field was taken away. */
  readonly value: Json;
  /** The setting that counts first, then what it overrode, newest first. The first takes away a field that is no more. */
  readonly settings: readonly FieldSetting[];
}

/** What is asked. */
export interface ObjectQuestion {
  readonly app: string;
  readonly site: string;
  /** KIND/NAMESPACE/NAME, or KIND/NAME; for KIND also KIND.GROUP, `core` being the group of `v1`. */
  readonly object: string;
  /** Without it, every field. */
  readonly field?: string;
}

/** The fields, or what there is instead of what was asked for. */
export type ObjectAnswer =
  | { readonly ok: true; readonly object: string; readonly fields: readonly FieldStory[] }
  | {
      readonly ok: false;
      /** "choice": several objects are meant, and `known` tells them apart. */
      readonly missing: "app" | "object" | "field" | "choice";
      readonly known: readonly string[];
      /** What took the object away. */
      readonly removedBy?: { readonly by: string; readonly place: Place };
    };

/** Tells where the fields of an object come from. The fleet must render without an error. */
export function explainObject(fleet: RenderedModel, question: ObjectQuestion): ObjectAnswer {
  const found = appAtSite(fleet, question.app, question.site);
  if (found === undefined) return { ok: false, missing: "app", known: [] };
  const { objects, removed, changesOf } = overlaidObjects(found);
  const standing = objects.map((source) => ({ source, key: calledByContent(source).key }));
  const [meant, ...others] = standing.filter(({ key }) => isMeant(key, question.object));
  if (meant === undefined) {
    const known = standing.map(({ key }) => nameText(key));
    return { ok: false, missing: "object", known, ...removal(removed, question.object) };
  }
  if (others.length > 0) {
    const known = [meant, ...others].map(({ key }) => nameText(key, kindWithGroup(key)));
    return { ok: false, missing: "choice", known };
  }
  const { key, source } = meant;
  const versions = historyOf(found, source, changesOf(source));
  const last = versions.at(-1)?.object ?? source.object;
  const lists = followedLists(versions, mergeSchemaOf(last, found.manifests.customKinds));
  const asked = question.field === undefined ? [] : fieldOfAny(question.field, versions, lists);
  if (asked === undefined) {
    const known = everyField(versions, { lists }).map(fieldText);
    return { ok: false, missing: "field", known };
  }
  const steps = everyField(versions, { lists, above: asked });
  const tell = isSecret(last) ? secretStoryOf : storyOf;
  const fields = steps.map((field) => tell(field, versions));
  return { ok: true, object: describeKey(key), fields };
}

/** What took away the object that is meant, where something did. */
function removal(
  removed: readonly RemovedObject[],
  object: string,
): Pick<Extract<ObjectAnswer, { ok: false }>, "removedBy"> {
  const meant = removed.find(({ source }) => isMeant(calledByContent(source).key, object));
  return meant === undefined ? {} : { removedBy: { by: meant.by, place: meant.place } };
}

function nameText({ kind, namespace, name }: ObjectKey, kindText = kind): string {
  return namespace === "" ? `${kindText}/${name}` : `${kindText}/${namespace}/${name}`;
}

function kindWithGroup({ kind, group }: ObjectKey): string {
  return `${kind}.${group === "" ? "core" : group}`;
}

function isMeant(key: ObjectKey, text: string): boolean {
  const [kind = "", ...names] = text.split("/");
  const isKind = kind === key.kind || kind === kindWithGroup(key);
  if (!isKind || names.at(-1) !== key.name) return false;
  return names.length === 1 || (names.length === 2 && names[0] === key.namespace);
}

/** An object in all its versions, oldest first. */
function historyOf(
  found: AppAtSite,
  source: SourceObject,
  changes: readonly OverlayChange[],
): readonly Version[] {
  return [
    ...firstVersions(found, changes[0]?.before ?? source),
    ...changes.map(({ after, ...told }) => ({ ...told, object: after.object })),
    ...lastVersions(found, source),
  ];
}

/** With what Flotilla itself makes of it. */
function lastVersions(found: AppAtSite, source: SourceObject): Version[] {
  const called = calledByContent(source).object;
  return [
    { object: called, tell: () => byFlotilla(hookReason), says: unknown },
    {
      object: owned(found, called),
      says: unknown,
      tell: (steps) => byFlotilla(markReasons[fieldText(steps)] ?? ""),
    },
  ];
}

const unknown = (): undefined => undefined;

/** Of a version that is told where it is written. */
const saysItself =
  (object: KubeObject): Version["says"] =>
  (steps) =>
    findField(object, steps).value;

function owned({ model, app }: AppAtSite, object: KubeObject): KubeObject {
  const owner = { fleet: model.fleet.value.metadata.name, app: app.value.metadata.name };
  return withOwner(object, owner);
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
      { object, tell, says: saysItself(object) },
      { object: whole, tell: () => byFlotilla(hookReason), says: unknown },
    ];
  }
  if (found.app.value.spec.source.kustomize === undefined || source.steps === undefined) {
    return [{ object: whole, tell, says: saysItself(whole) }];
  }
  const from = kustomizedFrom(found, source);
  const made: Version = {
    object: whole,
    says: unknown,
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
  return [{ object, tell: written, says: saysItself(object) }, made];
}

/** The field as the newest version that has it calls it. */
function fieldOfAny(
  text: string,
  versions: readonly Version[],
  lists: Lists,
): FieldStep[] | undefined {
  for (const { object } of versions.toReversed()) {
    const steps = readField(text, object, lists);
    if (steps !== undefined) return steps;
  }
  return undefined;
}

/** The fields at or below one: those that the last version has, then those that were taken away, newest first. */
function everyField(
  versions: readonly Version[],
  { lists, above = [] }: { readonly lists: Lists; readonly above?: readonly FieldStep[] },
): FieldStep[][] {
  const last = versions.at(-1)?.object;
  const fields = new Map<string, FieldStep[]>();
  for (const { object } of versions.toReversed()) {
    const { value } = findField(object, above);
    for (const steps of value === undefined ? [] : leafFields(value, { lists, above })) {
      const isKnown = object !== last && findField(last, steps).value !== undefined;
      const id = JSON.stringify(steps);
      if (!isKnown && !fields.has(id)) fields.set(id, steps);
    }
  }
  return [...fields.values()];
}

function storyOf(steps: readonly FieldStep[], versions: readonly Version[]): FieldStory {
  const settings: FieldSetting[] = [];
  let before: KubeObject | undefined;
  for (const version of versions) {
    if (isSet(version, before, steps)) {
      const { value } = findField(version.object, steps);
      const isRemoved = value === undefined;
      settings.unshift({ ...version.tell(steps), value: value ?? null, isRemoved });
    }
    before = version.object;
  }
  return { field: fieldText(steps), value: findField(before, steps).value ?? null, settings };
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
    reads: setting.reads.map((read) => ({
      ...read,
      overridden: read.overridden.map(({ place }) => ({ value: hidden, place })),
    })),
  }));
  const isGone = settings[0]?.isRemoved === true;
  return { ...story, value: isGone ? null : hidden, settings };
}
