/**
 * Files that SOPS wrote: what can be known of one without a key. A Secret that is sealed so travels byte for byte; what
 * Flotilla handles is an object of the same identity and metadata that carries the text of the file in its field `sops`
 * (a text; in the file itself `sops` is a mapping). Only a worker opens it, in the region.
 */
import { type Json, type JsonObject, isJsonObject } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { regionField } from "./region-secret.ts";

/** The field of SOPS' own facts in a file, and of the file's text in a sealed object. */
export const sopsField = "sops";

/** The fields of a Secret that are not secret, and all that it may have. */
export const openSecretFields: ReadonlySet<string> = new Set([
  "apiVersion",
  "kind",
  "metadata",
  "type",
  "immutable",
]);
const secretFields: ReadonlySet<string> = new Set([...openSecretFields, "data", "stringData"]);

/** Fields that no Secret has: what is misspelt would be taken for something that may be read. */
export function strangeFields(secret: JsonObject): readonly string[] {
  const own = new Set([sopsField, regionField]);
  return Object.keys(secret).filter((field) => !secretFields.has(field) && !own.has(field));
}

/** The text of the file that a sealed object carries; undefined for any other object. */
export function sealedText(object: KubeObject): string | undefined {
  const text = object[sopsField];
  return typeof text === "string" ? text : undefined;
}

/** One recipient of a file: its age public key, and the data key encrypted to it. */
export interface SopsRecipient {
  readonly recipient: string;
  /** The data key as an armored age file. */
  readonly enc: string;
}

/** What SOPS writes beside the values, as far as opening needs it. */
export interface SopsFacts {
  readonly recipients: readonly SopsRecipient[];
  /** Encrypted, bound to `lastModified`. */
  readonly mac: string;
  readonly lastModified: string;
  /** True: the MAC covers the encrypted values alone. */
  readonly macOnlyEncrypted: boolean;
}

/** Reads the mapping `sops` of a file; a text says what it lacks. */
export function readSopsFacts(sops: Json | undefined): SopsFacts | string {
  if (!isJsonObject(sops)) return "is not what SOPS writes";
  const { mac, lastmodified, age } = sops;
  if (sops["key_groups"] !== undefined) return "has key groups; one list of age recipients is read";
  const recipients = Array.isArray(age) ? age.flatMap((one: Json) => recipientOf(one) ?? []) : [];
  if (recipients.length === 0) return "has no age recipient; Flotilla opens files for age alone";
  // Without it, anybody who can write the file could exchange what is not encrypted.
  if (typeof mac !== "string" || !isEncrypted(mac) || typeof lastmodified !== "string") {
    return "has no MAC";
  }
  const macOnlyEncrypted = sops["mac_only_encrypted"] === true;
  return { recipients, mac, lastModified: lastmodified, macOnlyEncrypted };
}

function recipientOf(one: Json): SopsRecipient | undefined {
  if (!isJsonObject(one)) return undefined;
  const { recipient, enc } = one;
  if (typeof recipient !== "string" || typeof enc !== "string") return undefined;
  return { recipient, enc };
}

const encrypted = /^ENC\[AES256_GCM,data:[^,\]]*,iv:[^,\]]+,tag:[^,\]]+,type:[a-z]+\]$/;

/** Whether a text is a value that SOPS encrypted. */
export function isEncrypted(text: string): boolean {
  return encrypted.test(text);
}

const wordsOfType: Readonly<Record<string, string>> = {
  int: "a whole number",
  float: "a number",
  bool: "true or false",
  time: "a date",
  bytes: "bytes",
  comment: "a comment",
};

/** What an encrypted value is, as SOPS says beside it, where that is no text; undefined: it is one. */
export function typeWhenNoText(encrypted: string): string | undefined {
  return wordsOfType[/type:([a-z]+)\]$/.exec(encrypted)?.[1] ?? ""];
}

/** The paths of all encrypted values, and those of all others that hold something. */
export function sortValues(file: JsonObject): {
  readonly encrypted: readonly (readonly (string | number)[])[];
  readonly plain: readonly (readonly (string | number)[])[];
} {
  const found: { encrypted: (string | number)[][]; plain: (string | number)[][] } = {
    encrypted: [],
    plain: [],
  };
  const visit = (value: Json, path: (string | number)[]): void => {
    if (Array.isArray(value)) value.forEach((item: Json, at) => visit(item, [...path, at]));
    else if (isJsonObject(value)) {
      for (const [key, item] of Object.entries(value)) visit(item, [...path, key]);
    } else if (typeof value === "string" && isEncrypted(value)) found.encrypted.push(path);
    else if (value !== null && value !== "") found.plain.push(path);
  };
  for (const [key, value] of Object.entries(file)) if (key !== sopsField) visit(value, [key]);
  return found;
}
