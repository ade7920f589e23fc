/** What is wrong with fields of an object -> diagnostics, each with its field where no line tells it. */
import type { Diagnostic } from "../model/diagnostic.ts";
import type { Place } from "../model/fleet-model.ts";
import { describeKey } from "../model/kube-object.ts";
import { fieldName } from "../model/schema-messages.ts";
import { mistake, mostProblems } from "./mistake.ts";
import type { SourceObject } from "./parse-manifests.ts";
import { placeOfField } from "./place-of-field.ts";
import type { FieldPath } from "./read-yaml.ts";

/** What is wrong with a field, or with its key. */
export interface Finding {
  readonly at: FieldPath;
  /** It is the key that is wrong. */
  readonly isKey?: true;
  readonly words: string;
}

/** The first of them as mistakes, at their places. */
export function toldFindings(
  source: SourceObject,
  found: readonly Finding[],
): readonly Diagnostic[] {
  return found.slice(0, mostProblems).map(({ at, isKey, words }) => {
    const place = placeOfField(source, at, isKey);
    const message = `${describeKey(source.key)}: ${fieldWords(place, at)}${words}`;
    return mistake(place, { code: "invalid-object", message });
  });
}

/** `spec.ports[1].port: ` of what a tool made: without it, mistakes of an object that say the same would be one. */
export function fieldWords({ line }: Place, path: FieldPath): string {
  return line === 0 ? `${fieldName(path)}: ` : "";
}
