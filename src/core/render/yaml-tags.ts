/** What tags (`!!int`) say that a scalar is, and what is wrong with that. */
import type { Scalar } from "yaml";
import type { DiagnosticCode } from "../model/diagnostic.ts";
import type { Json } from "../model/json.ts";
import { isIntegerText } from "../model/resolve-plain-scalar.ts";

/** What is wrong with a scalar. */
export type Told = readonly [code: DiagnosticCode, message: string, hint?: string];

const standardTag = "tag:yaml.org,2002:";

/** What JavaScript calls the values of a tag. */
const typeOfTag: Readonly<Record<string, string>> = {
  int: "number",
  float: "number",
  bool: "boolean",
  null: "object",
};

const knownTags: ReadonlySet<string> = new Set(Object.keys(typeOfTag));

/** Tags of what JSON has not, with what to write. */
const unsupported: ReadonlyMap<string | undefined, string> = new Map([
  ["binary", "leave the tag out: Kubernetes takes base64 as plain text"],
  ["timestamp", "leave the tag out and quote the time: Kubernetes takes times as text"],
]);

/** The tag of a scalar, without what all standard ones begin with. */
export function tagOf(node: Scalar): string | undefined {
  return node.tag?.replace(standardTag, "");
}

/** Whether it is text, whatever it says. */
export function isText(node: Scalar): boolean {
  const tag = tagOf(node);
  return tag === undefined ? !isPlain(node) : tag === "str" || tag === "!";
}

/** Whether it stands there without quotes. */
export function isPlain(node: Scalar): boolean {
  return node.type === undefined || node.type === "PLAIN";
}

/** What is wrong with a scalar whose tag makes it what JSON has not. */
export function unsupportedTag(node: Scalar): Told | undefined {
  const tag = tagOf(node);
  const hint = unsupported.get(tag);
  if (hint === undefined) return undefined;
  return ["yaml-syntax", `the tag !!${tag} is not supported`, hint];
}

/** What is wrong with a scalar that is not what its tag says; `value`: what it is without the tag. */
export function misreadTag(node: Scalar, text: string, value: Json): Told | undefined {
  const tag = tagOf(node);
  if (tag === undefined) return undefined;
  const isOther = typeof value !== typeOfTag[tag];
  if (!isOther && (tag !== "int" || isIntegerText(text))) return undefined;
  // Any other may be a value that begins with "!", and is not told: it may be secret.
  const name = knownTags.has(tag) ? `!!${tag}` : "what its tag says";
  return ["yaml-syntax", `this text cannot be read as ${name}`];
}
