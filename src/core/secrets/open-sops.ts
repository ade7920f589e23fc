/**
 * Opens a file that SOPS wrote, with its data key: every value decrypted where it stands, and the MAC over all of them
 * checked, so that nothing in the file can be exchanged, moved, added or taken out. The format is SOPS' own: AES-256-GCM
 * bound to the path of each value, SHA-512 over the values in the order of the file
 * (https://github.com/getsops/sops#encryption-protocol). Comments are no part of the MAC.
 */
import { type Hash, createDecipheriv, createHash, timingSafeEqual } from "node:crypto";
import { type Node, type Pair, type Scalar, isMap, isScalar, isSeq, parseDocument } from "yaml";
import { FleetError } from "../errors.ts";
import { type Json, type JsonObject, isJsonObject } from "../model/json.ts";
import { resolvePlainScalar } from "../model/resolve-plain-scalar.ts";
import { yamlToJson } from "../render/yaml-to-json.ts";
import { type SopsFacts, isEncrypted, readSopsFacts, sopsField } from "./sops-file.ts";

/** A file, parsed but not opened. */
export interface SopsFile {
  readonly facts: SopsFacts;
  readonly root: Node;
}

/** Parses a file. SECRET_SEALED when it is not one that SOPS wrote for age. */
export function readSopsFile(text: string): SopsFile {
  const document = parseDocument(text, {
    version: "1.1",
    schema: "failsafe",
    resolveKnownTags: false,
    prettyErrors: false,
    logLevel: "silent",
  });
  const json = yamlToJson(document.contents);
  const value = json.ok && isJsonObject(json.value) ? json.value : {};
  const facts = readSopsFacts(value[sopsField]);
  if (document.errors.length > 0 || !isMap(document.contents)) throw sealed("is not valid YAML");
  if (typeof facts === "string") throw sealed(facts);
  return { facts, root: document.contents };
}

/**
 * The values of a file, in the clear, without `sops`. SECRET_SEALED when the key (32 bytes) does not fit or the file is
 * not as SOPS left it; the message never holds a value.
 */
export function openSopsFile({ facts, root }: SopsFile, dataKey: Uint8Array): JsonObject {
  const mac = createHash("sha512");
  if (facts.macOnlyEncrypted) mac.update(onlyEncryptedStart);
  const opened = openNode(root, [], { dataKey, mac, facts });
  const wanted = Buffer.from(mac.digest("hex").toUpperCase());
  const told = decrypt(facts.mac, dataKey, facts.lastModified)?.plain;
  if (told?.length !== wanted.length || !timingSafeEqual(told, wanted)) {
    throw sealed(
      "was changed after SOPS wrote it: its MAC does not fit",
      "edit it with sops alone",
    );
  }
  if (!isJsonObject(opened)) throw sealed("is no object");
  return opened;
}

/** What SOPS puts before the values where the MAC is over encrypted ones alone, so that the two MACs never agree. */
const onlyEncryptedStart = Buffer.from(
  "8a3fd2ad54ce66527b1034f3d147be0b0b975b3bf44f72c6fdadec8176f27d69",
  "hex",
);

interface Opening {
  readonly dataKey: Uint8Array;
  readonly mac: Hash;
  readonly facts: SopsFacts;
}

function openNode(node: unknown, path: readonly string[], opening: Opening): Json {
  if (isMap(node)) {
    const pairs = node.items.filter((pair) => path.length > 0 || keyOf(pair) !== sopsField);
    // Object.fromEntries defines own members, also for a key such as __proto__.
    return Object.fromEntries(
      pairs.map((pair) => [keyOf(pair), openNode(pair.value, [...path, keyOf(pair)], opening)]),
    );
  }
  if (isSeq(node)) return node.items.map((item) => openNode(item, path, opening));
  if (node === null) return null;
  if (!isScalar(node)) throw sealed("has aliases, which are not read");
  const text = typeof node.value === "string" ? node.value : "";
  return isEncrypted(text) ? openValue(text, path, opening) : plainValue(node, text, opening);
}

function keyOf(pair: Pair): string {
  if (isScalar(pair.key) && typeof pair.key.value === "string") return pair.key.value;
  throw sealed("has a key that is no text");
}

function openValue(text: string, path: readonly string[], { dataKey, mac }: Opening): Json {
  const value = decrypt(text, dataKey, `${path.join(":")}:`);
  if (value === undefined) {
    throw sealed(`has a value at ${path.join(".")} that its key does not open`, "was it moved?");
  }
  mac.update(value.plain);
  const plain = value.plain.toString("utf8");
  if (value.type === "int" || value.type === "float") return Number(plain);
  return value.type === "bool" ? plain === "True" : plain;
}

/** A value that is not encrypted: what `kubectl` reads, and into the MAC what SOPS read. */
function plainValue(node: Scalar, text: string, { mac, facts }: Opening): Json {
  const isText = node.tag !== undefined || (node.type !== undefined && node.type !== "PLAIN");
  if (!facts.macOnlyEncrypted) mac.update(isText ? text : plainBytes(text));
  if (isText) return text;
  const resolved = resolvePlainScalar(text);
  if (!resolved.ok) throw sealed(`has a number that cannot be kept: ${resolved.why}`);
  return resolved.value;
}

const date = /^\d{4}-\d\d-\d\d$/;

/** SOPS reads YAML 1.2 with old octals and dates; `yes` is a text there. */
function plainBytes(text: string): string {
  if (date.test(text)) return `${text}T00:00:00Z`;
  const resolved = resolvePlainScalar(text);
  if (!resolved.ok || typeof resolved.value === "string") return text;
  if (resolved.value === null) return "";
  if (typeof resolved.value === "number") return decimal(resolved.value);
  const isWord = /^(true|false)$/i.test(text);
  return isWord ? (resolved.value ? "True" : "False") : text;
}

/** Without an exponent. */
function decimal(value: number): string {
  const text = String(value);
  if (!text.includes("e")) return text;
  return value.toLocaleString("en-US", { useGrouping: false, maximumSignificantDigits: 17 });
}

const parts =
  /^ENC\[AES256_GCM,data:(?<data>[^,]*),iv:(?<iv>[^,]+),tag:(?<tag>[^,]+),type:(?<type>[a-z]+)\]$/;
const keyLength = 32;
const tagLength = 16;

function decrypt(
  text: string,
  dataKey: Uint8Array,
  bound: string,
): { readonly plain: Buffer; readonly type: string } | undefined {
  const { data = "", iv = "", tag = "", type = "" } = parts.exec(text)?.groups ?? {};
  const bytes = (base64: string): Buffer => Buffer.from(base64, "base64");
  if (dataKey.length !== keyLength || bytes(tag).length !== tagLength) return undefined;
  try {
    const decipher = createDecipheriv("aes-256-gcm", dataKey, bytes(iv), {
      authTagLength: tagLength,
    });
    decipher.setAAD(Buffer.from(bound)).setAuthTag(bytes(tag));
    return { plain: Buffer.concat([decipher.update(bytes(data)), decipher.final()]), type };
  } catch {
    return undefined; // the key, the path or the value is another one
  }
}

function sealed(what: string, hint?: string): FleetError {
  return new FleetError("SECRET_SEALED", `the SOPS file ${what}`, {
    ...(hint !== undefined && { hint }),
  });
}
