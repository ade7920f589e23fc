import { keepMarks } from "../apply/kept-objects.ts";
import { ownMarks } from "../apply/ownership.ts";
import { isWithin, parseFieldPath } from "../apply/field-paths.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { errorAt } from "./fleet-draft.ts";
import type { App } from "./kinds.ts";
import type { YamlDocument } from "./parse-yaml.ts";
import type { FieldPath } from "./yaml-places.ts";
import { shortText } from "./short-text.ts";

type Policy = NonNullable<App["spec"]["drift"]>;

/** Mistakes in what is left to others. */
export function checkDrift(
  policy: Pick<Policy, "ignore"> | undefined,
  document: YamlDocument,
): Diagnostic[] {
  return (policy?.ignore ?? []).flatMap(({ fields, managers }, index) => {
    const path = ["spec", "drift", "ignore", index];
    if (fields === undefined && managers === undefined) {
      const message = "an entry of `ignore` needs `fields` or `managers`";
      const hint = "name the fields that others may change, or who may change any";
      return [errorAt(document.at(path), { code: "missing-field", message, hint })];
    }
    return (fields ?? []).flatMap((field, number) =>
      checkField(field, document, [...path, "fields", number]),
    );
  });
}

function checkField(field: string, document: YamlDocument, path: FieldPath): Diagnostic[] {
  const mark = markWithin(field);
  if (mark === undefined && parseFieldPath(field) !== undefined) return [];
  const message =
    mark === undefined
      ? `\`${shortText(field)}\` is no field`
      : `\`${shortText(field)}\` holds ${mark}`;
  const hint =
    mark === undefined
      ? 'write it as reports name it: `.spec.replicas`, `.spec.containers[name="web"].image`'
      : "name other fields";
  return [errorAt(document.at(path), { code: "invalid-value", message, hint })];
}

/** What nobody else may change, in words. */
function markWithin(field: string): string | undefined {
  if (ownMarks.some((mark) => isWithin(mark, field)))
    return "the marks by which objects are known as the app's";
  const isKeepMark = keepMarks.some((mark) => isWithin(mark, field));
  return isKeepMark ? "the mark by which an object is kept" : undefined;
}
