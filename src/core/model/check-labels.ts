import { labelKeyProblem, labelValueProblem } from "../select/label-syntax.ts";
import { hasTemplate } from "../expressions/template-text.ts";
import { KnownNames } from "./closest-name.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { byRegion } from "./domain-stages.ts";
import { type Entry, errorAt, type Finding, type FleetDraft } from "./fleet-draft.ts";
import type { Fleet, FleetDocument, KindName } from "./kinds.ts";
import { keptFor } from "./known-fleet.ts";
import { shownNames } from "./shown-names.ts";
import type { FieldPath } from "./yaml-places.ts";
import { shortText } from "./short-text.ts";

/** The Fleet's labels; undefined: it declares none, so anything goes. */
export type Vocabulary = Fleet["spec"]["labels"];

/** Labels of the vocabulary, and those that overlays and stages name. */
export function checkLabels(draft: FleetDraft): Diagnostic[] {
  return [
    ...checkVocabularySyntax(draft.fleet),
    ...[...draft.profiles.values(), ...draft.apps.values()].flatMap((entry) =>
      (entry.value.spec.overlays ?? []).flatMap(({ labels = {} }, index) => {
        // What an expression gives is checked where it is filled in.
        const written = Object.entries(labels).filter(([, value]) => !hasTemplate(value));
        const path = ["spec", "overlays", index, "labels"];
        return checkSyntax(entry, path, Object.fromEntries(written));
      }),
    ),
    ...checkFailureDomains(draft.fleet),
    ...checkStageDomains(draft),
  ];
}

/** Labels of a document that Kubernetes would refuse, and of a Site that the vocabulary does not have. */
export function checkOwnLabels(
  { kind, entry }: { readonly kind: KindName; readonly entry: Entry<FleetDocument> },
  vocabulary: Vocabulary,
): Diagnostic[] {
  // A Decision is read, and goes no further.
  if (kind === "Decision") return [];
  const { labels } = entry.value.metadata;
  const mistakes = checkSyntax(entry, ["metadata", "labels"], labels);
  return kind === "Site" ? [...mistakes, ...unknownLabels(entry, vocabulary)] : mistakes;
}

function unknownLabels(
  { value: { metadata }, document }: Entry<FleetDocument>,
  vocabulary: Vocabulary,
): Diagnostic[] {
  return Object.entries(metadata.labels ?? {}).flatMap(([key, value]) => {
    if (labelKeyProblem(key) ?? labelValueProblem(value)) return []; // told already
    const path = ["metadata", "labels", key];
    const keyFinding = unknownKey(vocabulary, key);
    if (keyFinding !== undefined) return errorAt(document.keyAt(path), keyFinding);
    const valueFinding = unknownValue(vocabulary, key, value);
    return valueFinding === undefined ? [] : errorAt(document.at(path), valueFinding);
  });
}

/** What is wrong with a key that the vocabulary does not have; undefined when it has it. */
export function unknownKey(vocabulary: Vocabulary, key: string): Finding | undefined {
  if (vocabulary === undefined || Object.hasOwn(vocabulary, key)) return undefined;
  const near = keysIn(vocabulary).closest(key);
  return {
    code: "unknown-label",
    message: `the Fleet declares no label "${shortText(key)}"`,
    hint: near === undefined ? "declare it in labels of the Fleet" : `did you mean "${near}"?`,
  };
}

const keysIn = keptFor((vocabulary: object) => new KnownNames(Object.keys(vocabulary)));
const valuesIn = keptFor((values: readonly string[]) => new KnownNames(values));

/** What is wrong with a value that the vocabulary does not have for the key; undefined when it has it. */
export function unknownValue(
  vocabulary: Vocabulary,
  key: string,
  value: string,
): Finding | undefined {
  if (vocabulary === undefined || !Object.hasOwn(vocabulary, key)) return undefined;
  const values = vocabulary[key]?.values;
  if (values === undefined || valuesIn(values).all.has(value)) return undefined;
  const near = valuesIn(values).closest(value);
  return {
    code: "unknown-label",
    message: `the Fleet declares no value "${shortText(value)}" for the label "${shortText(key)}"`,
    hint: near === undefined ? `one of ${shownNames(values)}` : `did you mean "${near}"?`,
  };
}

function checkSyntax(
  { document }: Entry<FleetDocument>,
  path: FieldPath,
  labels: Readonly<Record<string, string>> | undefined,
): Diagnostic[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...invalid(labelKeyProblem(key), key).map((finding) =>
      errorAt(document.keyAt([...path, key]), finding),
    ),
    ...invalid(labelValueProblem(value), value).map((finding) =>
      errorAt(document.at([...path, key]), finding),
    ),
  ]);
}

function invalid(problem: string | undefined, text: string): Finding[] {
  return problem === undefined
    ? []
    : [{ code: "invalid-value", message: `"${shortText(text)}" ${problem}` }];
}

function checkVocabularySyntax(fleet: Entry<Fleet> | undefined): Diagnostic[] {
  if (fleet === undefined) return [];
  const { value, document } = fleet;
  return Object.entries(value.spec.labels ?? {}).flatMap(([key, { values = [] }]) => {
    const path = ["spec", "labels", key];
    return [
      ...invalid(labelKeyProblem(key), key).map((found) => errorAt(document.keyAt(path), found)),
      ...values.flatMap((text, index) =>
        invalid(labelValueProblem(text), text).map((found) =>
          errorAt(document.at([...path, "values", index]), found),
        ),
      ),
    ];
  });
}

function checkFailureDomains(fleet: Entry<Fleet> | undefined): Diagnostic[] {
  if (fleet === undefined) return [];
  const { value, document } = fleet;
  return (value.spec.failureDomains ?? []).flatMap((key, index) =>
    keyFindings(value.spec.labels, key).map((found) =>
      errorAt(document.at(["spec", "failureDomains", index]), found),
    ),
  );
}

/** Label keys by which stages of strategies divide sites. */
function checkStageDomains({ fleet, strategies }: FleetDraft): Diagnostic[] {
  return [...strategies.values()].flatMap(({ value, document }) =>
    (value.spec.stages ?? []).flatMap(({ each }, index) =>
      each === undefined || each === byRegion
        ? []
        : keyFindings(fleet?.value.spec.labels, each).map((found) =>
            errorAt(document.at(["spec", "stages", index, "each"]), found),
          ),
    ),
  );
}

function keyFindings(vocabulary: Vocabulary, key: string): Finding[] {
  const [syntax] = invalid(labelKeyProblem(key), key);
  const found = syntax ?? unknownKey(vocabulary, key);
  return found === undefined ? [] : [found];
}
