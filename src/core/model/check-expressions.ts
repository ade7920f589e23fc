import type { Diagnostic } from "./diagnostic.ts";
import { errorAt } from "./fleet-draft.ts";
import { isJsonObject, type Json } from "./json.ts";
import type { YamlDocument } from "./parse-yaml.ts";
import type { FieldPath } from "./yaml-places.ts";

const finding = {
  code: "expression",
  message: "`${ }` expressions are not carried out yet",
  hint: "write the value out",
} as const;

/** Every key and text of a document of Flotilla's kinds in which `${` stands, at the character. */
export function checkExpressions(document: YamlDocument): Diagnostic[] {
  return findIn(document, document.value, []);
}

function findIn(document: YamlDocument, value: Json, path: FieldPath): Diagnostic[] {
  if (typeof value === "string") {
    const index = value.indexOf("${");
    return index < 0 ? [] : [errorAt(document.textAt(path, index), finding)];
  }
  if (Array.isArray(value)) {
    return (value as readonly Json[]).flatMap((item, index) =>
      // isArray loses the type of items
      findIn(document, item, [...path, index]),
    );
  }
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => {
    const inKey = key.includes("${") ? [errorAt(document.keyAt([...path, key]), finding)] : [];
    return [...inKey, ...findIn(document, item, [...path, key])];
  });
}
