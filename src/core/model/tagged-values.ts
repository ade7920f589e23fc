import type { Diagnostic } from "./diagnostic.ts";
import { errorAt } from "./fleet-draft.ts";
import { isJsonObject, type Json } from "./json.ts";
import type { YamlDocument } from "./parse-yaml.ts";
import type { FieldPath } from "./yaml-places.ts";

/** Values of a document of Flotilla's that a tag makes something that JSON has not (`!!binary`): nothing is left of them. */
export function taggedValues(document: YamlDocument): readonly Diagnostic[] {
  if (document.isBroken) return [];
  return document.tagged
    .filter((path) => valueAt(document.value, path) === null)
    .map((path) => {
      const message =
        "this tag is not supported: it makes a value that Flotilla's kinds cannot hold";
      return errorAt(document.at(path), {
        code: "yaml-syntax",
        message,
        hint: "leave the tag out: base64 is taken as plain text",
      });
    });
}

function valueAt(root: Json, path: FieldPath): Json | undefined {
  let value: Json | undefined = root;
  for (const step of path) {
    if (isJsonObject(value)) value = Object.hasOwn(value, step) ? value[step] : undefined;
    else value = Array.isArray(value) ? (value as readonly Json[])[Number(step)] : undefined; // isArray loses the type
  }
  return value;
}
