import type { JsonObject } from "./json.ts";

/** A Kubernetes object as data. Everything else of it lies beside these fields. */
export interface KubeObject extends JsonObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: KubeMetadata;
}

/** The part of `metadata` that Flotilla reads. */
interface KubeMetadata extends JsonObject {
  readonly name: string;
}

/** Identity of an object within one cluster: without version, `namespace` "" when cluster-scoped. */
export interface ObjectKey {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/**
 * An ObjectKey as one string, `<group>_<Kind>_<namespace>_<name>`, each part percent-escaped outside `[a-z0-9.-]`
 * (the kind outside `[A-Za-z0-9.-]`), so that no two objects share a file where case is folded. With `.yaml` behind
 * it, it is the object's file in a mirror.
 */
export type ObjectId = string;

/** The group of an apiVersion: `apps` of `apps/v1`, "" of `v1`. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf("/");
  return slash < 0 ? "" : apiVersion.slice(0, slash);
}

/** True for a core Secret: what is in its data is never told. */
export function isSecret({ apiVersion, kind }: Pick<KubeObject, "apiVersion" | "kind">): boolean {
  return kind === "Secret" && groupOf(apiVersion) === "";
}

/** The identity of an object, `namespace` "" where its metadata names none. */
export function keyOf(object: KubeObject): ObjectKey {
  const namespace = object.metadata["namespace"];
  return {
    group: groupOf(object.apiVersion),
    kind: object.kind,
    namespace: typeof namespace === "string" ? namespace : "",
    name: object.metadata.name,
  };
}

/** Writes a key as an ObjectId. */
export function objectId(key: ObjectKey): ObjectId {
  const { group, kind, namespace, name } = key;
  return `${escapePart(group)}_${escapePart(kind, kindText)}_${escapePart(namespace)}_${escapePart(name)}`;
}

/** Reads an ObjectId back; undefined when the text is none. */
export function parseObjectId(id: ObjectId): ObjectKey | undefined {
  const [group, kind, namespace, name, ...rest] = id.split("_").map(unescapePart);
  if (group === undefined || !kind || namespace === undefined || !name || rest.length > 0) {
    return undefined;
  }
  return { group, kind, namespace, name };
}

/** `Deployment web/frontend`, `ClusterRole admin`: how messages name an object. */
export function describeKey(key: ObjectKey): string {
  return key.namespace === ""
    ? `${key.kind} ${key.name}`
    : `${key.kind} ${key.namespace}/${key.name}`;
}

const plainText = /^[a-z0-9.-]*$/;
const kindText = /^[A-Za-z0-9.-]*$/;

function escapePart(part: string, plain = plainText): string {
  if (plain.test(part)) return part;
  let escaped = "";
  for (const byte of new TextEncoder().encode(part)) {
    const char = String.fromCharCode(byte);
    escaped += plain.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return escaped;
}

function unescapePart(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
