/**
 * How an object shows whose it is. In: an object as rendered, and its owner. Out: the object as it is sent.
 * An owner is `<fleet>/<app>`: never a site, a cell or a time, so that all sites share one form of an object.
 */
import { createHash, hash } from "node:crypto";
import { type Json, type JsonObject, canonicalJson, isJsonObject } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";

/** Annotation that names the owner, `<fleet>/<app>`. It is what counts. */
export const ownerAnnotation = "flotilla.dev/owner";

/** Label that names the app, for lists. It proves nothing: controllers copy labels onto objects that are not ours. */
export const appLabel = "flotilla.dev/app";

/** The fields of these two. */
export const ownMarks: readonly string[] = [
  `.metadata.annotations.${ownerAnnotation}`,
  `.metadata.labels.${appLabel}`,
];

/** Namespace of the inventory objects; it belongs to no app. */
export const systemNamespace = "flotilla-system";

/** The owner annotation's value for an app of a fleet. */
export function ownerOf(fleet: string, app: string): string {
  return `${fleet}/${app}`;
}

/** Field manager of an app: two apps never share one, so that a second owner of a field is noticed. At most 128 characters. */
export function fieldManagerOf(app: string): string {
  const name = `flotilla/${app}`;
  if (name.length <= 128) return name;
  return `${name.slice(0, 100)}-${createHash("sha256").update(app).digest("hex").slice(0, 16)}`;
}

/** The owner that a live object names; "" when it names none. */
export function liveOwner(object: KubeObject): string {
  const annotations = object.metadata["annotations"];
  const owner = isJsonObject(annotations) ? annotations[ownerAnnotation] : undefined;
  return typeof owner === "string" ? owner : "";
}

/**
 * The object with owner annotation and app label, and without what only a server writes. A Secret's `stringData` is sent
 * as `data`: as the API server keeps it, so that its keys are fields of ours that can be seen to drift.
 */
export function prepareObject(object: KubeObject, owner: string): KubeObject {
  const app = owner.slice(owner.indexOf("/") + 1);
  const { status: _status, ...rest } = object;
  return {
    ...(isSecret(object) ? asKept(rest) : rest),
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: {
      ...object.metadata,
      labels: { ...mapOf(object.metadata["labels"]), [appLabel]: app },
      annotations: { ...mapOf(object.metadata["annotations"]), [ownerAnnotation]: owner },
    },
  };
}

function isSecret({ apiVersion, kind }: KubeObject): boolean {
  return apiVersion === "v1" && kind === "Secret";
}

function asKept(secret: JsonObject): JsonObject {
  const { stringData, ...rest } = secret;
  if (!isJsonObject(stringData)) return secret;
  const written = Object.entries(stringData).map(([key, value]) => [
    key,
    typeof value === "string" ? Buffer.from(value).toString("base64") : value,
  ]);
  return { ...rest, data: { ...mapOf(secret["data"]), ...Object.fromEntries(written) } };
}

const metadataStart = '{"metadata":{';

/** The object as JSON, `metadata` first. */
export function encodeObject({ metadata, ...rest }: KubeObject): string {
  return JSON.stringify({ metadata, ...rest });
}

/**
 * The object as JSON, `metadata` first, with the uid that it must still have: an apply of it fails instead of
 * resurrecting a deleted one.
 */
export function withUid(text: string, uid: string): string {
  if (!text.startsWith(metadataStart)) throw new Error("an object is encoded with metadata first");
  return `${metadataStart}"uid":${JSON.stringify(uid)},${text.slice(metadataStart.length)}`;
}

/** sha256 (hex) of an object: equal objects, equal hashes. */
export function hashOf(value: Json): string {
  return hash("sha256", canonicalJson(value));
}

/** `metadata.<field>` where it is text, else "". */
export function metadataText(object: KubeObject, field: string): string {
  const value = object.metadata[field];
  return typeof value === "string" ? value : "";
}

function mapOf(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
