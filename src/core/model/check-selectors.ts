import { parseSelectorParts, type SelectorPart } from "../select/parse-selector.ts";
import { selectorFromSpec, type SpecMistake, specMistakes } from "../select/selector.ts";
import { unknownKey, unknownValue, type Vocabulary } from "./check-labels.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { type Entry, errorAt, type Finding, type FleetDraft } from "./fleet-draft.ts";
import type { FleetDocument, SelectorSpec } from "./kinds.ts";
import type { FieldPath } from "./yaml-places.ts";

/** A selector with the place where it stands, and what to write instead of an empty one. */
export interface PlacedSelector {
  readonly entry: Entry<FleetDocument>;
  readonly path: FieldPath;
  readonly spec: SelectorSpec;
  readonly insteadOfEmpty: string;
  /** The character (0-based) of the text at which it begins. Default: it is the whole of the value. */
  readonly offset?: number;
}

/** Every selector of the fleet. */
export function allSelectors(draft: FleetDraft): PlacedSelector[] {
  const ofVirtualSites = [...draft.virtualSites.values()].flatMap((entry) => {
    const spec = entry.value.spec.selector;
    const insteadOfEmpty = "write `all: true` for every site";
    return spec === undefined ? [] : { entry, path: ["spec", "selector"], spec, insteadOfEmpty };
  });
  const ofStages = [...draft.strategies.values()].flatMap((entry) =>
    (entry.value.spec.stages ?? []).flatMap(({ selector: spec }, index) => {
      const path = ["spec", "stages", index, "selector"];
      const insteadOfEmpty = "leave it out to take all that is left";
      return spec === undefined ? [] : { entry, path, spec, insteadOfEmpty };
    }),
  );
  return [...ofVirtualSites, ...ofStages];
}

/** Selectors that cannot be parsed, empty ones, and keys and values that the vocabulary does not have. */
export function checkSelectors(draft: FleetDraft): Diagnostic[] {
  const vocabulary = draft.fleet?.value.spec.labels;
  return allSelectors(draft).flatMap((placed) => {
    const syntax = syntaxMistakes(placed);
    const told = new Set(syntax.map(({ line, column }) => `${line}:${column}`));
    const unknown = vocabularyMistakes(placed, vocabulary);
    return [...syntax, ...unknown.filter(({ line, column }) => !told.has(`${line}:${column}`))];
  });
}

function syntaxMistakes({ entry, path, spec, insteadOfEmpty }: PlacedSelector): Diagnostic[] {
  const { document } = entry;
  const parsed = selectorFromSpec(spec);
  if (!parsed.ok)
    return specMistakes(spec).map((mistake) => syntaxMistake(document, path, mistake));
  if (parsed.selector.requirements.length > 0) return [];
  const message = "the selector is empty";
  return [errorAt(document.at(path), { code: "bad-selector", message, hint: insteadOfEmpty })];
}

function syntaxMistake(
  document: PlacedSelector["entry"]["document"],
  path: FieldPath,
  { offset, path: inside, isKey, message: words }: SpecMistake,
): Diagnostic {
  const field = [...path, ...inside];
  const ofField = isKey === true ? document.keyAt(field) : document.at(field);
  const place = offset === undefined ? ofField : document.textAt(path, offset);
  const at = offset === undefined ? "" : ` at character ${offset + 1}`;
  const message = `bad selector${at}: ${words}`;
  const hint = "selectors are written as in Kubernetes: `tier=store, country in (de,fr), !legacy`";
  return errorAt(place, { code: "bad-selector", message, hint });
}

/** The mistakes of a selector in a text that is no field of its own, each with its character. */
export function selectorMistakes(
  selector: string,
  vocabulary: Vocabulary,
): readonly { readonly offset: number; readonly finding: Finding }[] {
  const parsed = parseSelectorParts(selector);
  const code = "bad-selector";
  if (!parsed.ok) {
    const message = `bad selector: ${parsed.message}`;
    return [{ offset: parsed.offset, finding: { code, message } }];
  }
  if (parsed.parts.length === 0) {
    const hint = "select by a label that the sites have";
    return [{ offset: 0, finding: { code, message: "the selector is empty", hint } }];
  }
  return parsed.parts.flatMap((part) => partFindings(part, vocabulary));
}

function vocabularyMistakes(
  { entry, path, spec }: PlacedSelector,
  vocabulary: Vocabulary,
): Diagnostic[] {
  if (vocabulary === undefined) return [];
  const { document } = entry;
  if (typeof spec === "string") {
    const parsed = parseSelectorParts(spec);
    return (parsed.ok ? parsed.parts : []).flatMap((part) =>
      partFindings(part, vocabulary).map(({ offset, finding }) =>
        errorAt(document.textAt(path, offset), finding),
      ),
    );
  }
  const labels = Object.entries(spec.matchLabels ?? {}).flatMap(([key, value]) => {
    const at = [...path, "matchLabels", key];
    const keyFinding = unknownKey(vocabulary, key);
    if (keyFinding !== undefined) return [errorAt(document.keyAt(at), keyFinding)];
    const valueFinding = unknownValue(vocabulary, key, value);
    return valueFinding === undefined ? [] : [errorAt(document.at(at), valueFinding)];
  });
  const expressions = (spec.matchExpressions ?? []).flatMap((expression, index) => {
    const { key, operator, values = [] } = expression;
    const at = [...path, "matchExpressions", index];
    const keyFinding = unknownKey(vocabulary, key);
    if (keyFinding !== undefined) return [errorAt(document.at([...at, "key"]), keyFinding)];
    if (operator === "Gt" || operator === "Lt") return [];
    return values.flatMap((value, number) => {
      const finding = unknownValue(vocabulary, key, value);
      return finding === undefined ? [] : errorAt(document.at([...at, "values", number]), finding);
    });
  });
  return [...labels, ...expressions];
}

function partFindings(
  { key, operator, values }: SelectorPart,
  vocabulary: Vocabulary,
): { readonly offset: number; readonly finding: Finding }[] {
  const keyFinding = unknownKey(vocabulary, key.text);
  if (keyFinding !== undefined) return [{ offset: key.offset, finding: keyFinding }];
  if (operator === ">" || operator === "<") return [];
  return values.flatMap(({ text, offset }) => {
    const finding = unknownValue(vocabulary, key.text, text);
    return finding === undefined ? [] : { offset, finding };
  });
}
