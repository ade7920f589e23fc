/** What the refusals of an API server mean for an object that was to be written. */
import type { ApiError } from "../adapters/kubernetes/api-error.ts";
import { immutableFieldsOf } from "../core/apply/immutable-fields.ts";
import { FleetError } from "../core/errors.ts";
import { type JsonObject, isJsonObject } from "../core/model/json.ts";
import type { KubeObject } from "../core/model/kube-object.ts";
import { isProtectedByContent, isProtectedKind } from "../core/rollout/protected-objects.ts";
import type { TreeObject } from "./tree-cache.ts";

/** The namespace of the app is what is missing, and the object is in it. */
export function isNamespaceMissing(error: ApiError, object: TreeObject, own: string): boolean {
  return missingNamespace(error) === own && object.key.namespace === own;
}

/** The namespace that is missing, whoever's it is; "" where that is not what was refused. */
export function missingNamespace({ facts }: ApiError): string {
  return facts.status === 404 && facts.about.kind === "namespaces" ? facts.about.name : "";
}

/** A dry run cannot tell: a webhook has side effects, or an entry of a lost version has to be rewritten first. */
export function cannotBeTried(error: ApiError): boolean {
  return isOfLostVersion(error) || /does not support dry run/.test(error.message);
}

/** The uid that was sent is not that of the live object (422 naming the field), or there is none (409). */
export function isAnotherObject(error: ApiError): boolean {
  const { status, causes, reason } = error.facts;
  if (causes.some((cause) => cause.field === "metadata.uid")) return true;
  return (status === 409 && reason === "Conflict") || (status === 404 && reason === "NotFound");
}

/** `managedFields` name a version that the definition of the kind has no more. Only the message tells. */
export function isOfLostVersion(error: ApiError): boolean {
  return /convert CR to an invalid group\/version/.test(error.message);
}

/** A field was to be changed that cannot be. Never by the status alone: a mistake is answered by 422 too. */
export function isOfImmutableField(error: ApiError): boolean {
  return error.facts.status === 422 && saysAnywhere(error, immutableField);
}

/** Why an object cannot be written, and what a person can do about it; the first row that fits. */
const advice: readonly {
  readonly fits: (error: ApiError) => boolean;
  readonly hint: (object: TreeObject) => string;
}[] = [
  {
    fits: ({ facts }) => facts.causes.some(({ reason }) => reason === "NamespaceTerminating"),
    hint: () => "the namespace is being deleted; it is tried again until that has ended",
  },
  {
    fits: (error) => saysAnywhere(error, smaller),
    hint: () =>
      "a volume never shrinks: set its size back in Git, or give a new claim another name and copy what is in it",
  },
  {
    fits: (error) => saysAnywhere(error, notResizable),
    hint: () =>
      "only a volume that its StorageClass made, and lets grow (allowVolumeExpansion), can grow: set its size back in Git, or let the class",
  },
  {
    fits: isOfImmutableField,
    hint: waysOn,
  },
  {
    fits: (error) => error.facts.status === 413 || saysAnywhere(error, tooLarge),
    hint: () => "it is too large for the API server: split it",
  },
];

/** What is protected is never made anew, nor what is of a kind of which no such field is known. */
function waysOn({ id, object }: TreeObject): string {
  const name = "the field cannot be changed: give the new object another name";
  const isUnknown = immutableFieldsOf(object).length === 0;
  return isUnknown || isProtectedKind(id) || isProtectedByContent(object)
    ? `${name}, or delete it by hand`
    : `${name}, delete it by hand, or let it be made anew (flotilla.dev/immutable: recreate, by a release before)`;
}

/** Also of a rule in a definition that compares with what was there before. */
const immutableField =
  /field is immutable|may not change once set|may not be changed in an update|updates to parameters are forbidden|are forbidden: updates to|updates to \w+ spec for fields other than|updates may not change fields other than|cannot change roleRef|is immutable|\boldSelf\b/i;

const smaller = /field can not be less than (?:status\.capacity|previous value)/;
const notResizable = /the storageclass that provisions the pvc must support resize/;

/** Of the API server's request, of its messages to etcd, of etcd's requests, of single fields. */
const tooLarge =
  /entity too large|trying to send message larger than max|etcdserver: request is too large|Too long: may not be more than \d+ bytes/;

/** The refusal of an object in words that name the site and say what to do, where that is known. */
export function inWords(site: string, error: ApiError, object: TreeObject): FleetError {
  const found = advice.find(({ fits }) => fits(error));
  if (found === undefined) return error;
  const hint = found.hint(object);
  return new FleetError("API_REFUSED", `${error.message} at site ${site}`, { cause: error, hint });
}

function saysAnywhere(error: ApiError, words: RegExp): boolean {
  return words.test(error.message) || error.facts.causes.some(({ message }) => words.test(message));
}

/** What keeps an object that is being deleted, for messages: its finalizers; of a Namespace what is still in it. */
export function finalizersOf(object: KubeObject): string {
  const finalizers = object.metadata["finalizers"];
  const names = Array.isArray(finalizers)
    ? finalizers.filter((one) => typeof one === "string")
    : [];
  const inside = object.kind === "Namespace" ? whatIsInside(object) : [];
  const all = [...names, ...inside];
  return all.length === 0 ? "nothing but time" : all.join(", ");
}

/** What the conditions of a Namespace that is being deleted say: what is left in it, and what could not be deleted. */
function whatIsInside({ status }: KubeObject): readonly string[] {
  const conditions = isJsonObject(status) ? status["conditions"] : undefined;
  const all = Array.isArray(conditions) ? conditions.filter(isJsonObject) : [];
  return all.flatMap(({ status: isSo, message }: JsonObject) =>
    isSo === "True" && typeof message === "string" ? message : [],
  );
}
