/**
 * Label selectors, with the syntax and meaning of Kubernetes: text or matchLabels/matchExpressions in, a value that
 * tells which labels match out. A selector is plain data in canonical order: equal selectors are deeply equal.
 */
import type { Labels } from "../model/fleet-model.ts";
import type { SelectorRequirement, SelectorSpec } from "../model/kinds.ts";
import { keptFor } from "../model/known-fleet.ts";
import { labelKeyProblem, labelValueProblem } from "./label-syntax.ts";
import {
  isSelectorInteger,
  parseSelectorParts,
  type SelectorMistake,
  type SelectorOperator,
} from "./parse-selector.ts";
import { shortText } from "../model/short-text.ts";

/** One condition. `values` are sorted and without duplicates; `in` and `notin` have two or more. */
export interface Requirement {
  readonly key: string;
  readonly operator: SelectorOperator;
  readonly values: readonly string[];
}

/** Conditions that must all hold; none: everything matches. Sorted by their text, without duplicates. */
export interface Selector {
  readonly requirements: readonly Requirement[];
}

export type ParsedSelector = { readonly ok: true; readonly selector: Selector } | SelectorMistake;

/** A mistake in a selector of either form: `offset` for text, `path` (from the spec) for an object. */
export interface SpecMistake {
  readonly ok: false;
  readonly message: string;
  readonly offset?: number;
  readonly path: readonly (string | number)[];
  /** It is the key at the path, not the value. */
  readonly isKey?: true;
}

/** Parses selector text; the empty text is valid and matches everything. */
export function parseSelector(text: string): ParsedSelector {
  const parsed = parseSelectorParts(text);
  if (!parsed.ok) return parsed;
  const requirements = parsed.parts.map(({ key, operator, values }) =>
    requirement(
      key.text,
      operator,
      values.map((value) => value.text),
    ),
  );
  return { ok: true, selector: canonical(requirements) };
}

/** A selector in either form, as the fleet repository writes it. */
export function selectorFromSpec(
  spec: SelectorSpec,
): { readonly ok: true; readonly selector: Selector } | SpecMistake {
  if (typeof spec === "string") {
    const parsed = parseSelector(spec);
    return parsed.ok ? parsed : { ...parsed, path: [] };
  }
  const [mistake] = specMistakes(spec);
  if (mistake !== undefined) return mistake;
  const requirements = [
    ...Object.entries(spec.matchLabels ?? {}).map(([key, value]) => requirement(key, "=", [value])),
    ...(spec.matchExpressions ?? []).map(({ key, operator, values }) =>
      requirement(key, operators[operator], values ?? []),
    ),
  ];
  return { ok: true, selector: canonical(requirements) };
}

/** The selector of a spec that `loadFleet` has checked; throws where it has not. */
export function checkedSelector(spec: SelectorSpec): Selector {
  const result = selectorFromSpec(spec);
  if (!result.ok) throw new Error(`selector was not checked: ${result.message}`);
  return result.selector;
}

/** True when all requirements hold. As in Kubernetes, `!=` and `notin` hold where the key is absent. */
export function matchesSelector(selector: Selector, labels: Labels): boolean {
  const { requirements } = selector;
  if (requirements.length > fewRequirements) return matchesRules(rulesOf(selector), labels);
  return requirements.every((requirement) => holds(requirement, labels));
}

/** True when the labels match, but some `!=` or `notin` holds only because its key is absent. */
export function matchesOnlyByAbsence(selector: Selector, labels: Labels): boolean {
  if (!matchesSelector(selector, labels)) return false;
  const { refusing } = rulesOf(selector);
  return Object.keys(labels).filter((key) => refusing.has(key)).length < refusing.size;
}

/** More are not asked one by one, but by the keys that there are. */
const fewRequirements = 8;

/** The requirements of a selector by their keys. */
interface KeyRules {
  readonly byKey: ReadonlyMap<string, readonly Requirement[]>;
  /** Of all `!=` and `notin` of a key. */
  readonly refusing: ReadonlyMap<string, ReadonlySet<string>>;
  /** Keys without which the selector does not match. */
  readonly needed: ReadonlySet<string>;
}

const rulesOf = keptFor(({ requirements }: Selector): KeyRules => {
  const isRefusing = ({ operator }: Requirement): boolean =>
    operator === "!=" || operator === "notin";
  const others = requirements.filter((requirement) => !isRefusing(requirement));
  const refusing = Map.groupBy(requirements.filter(isRefusing), ({ key }) => key);
  const refused = [...refusing].map(
    ([key, all]) => [key, new Set(all.flatMap(({ values }) => values))] as const,
  );
  return {
    byKey: Map.groupBy(others, ({ key }) => key),
    refusing: new Map(refused),
    needed: new Set(others.flatMap(({ key, operator }) => (operator === "absent" ? [] : key))),
  };
});

function matchesRules({ byKey, refusing, needed }: KeyRules, labels: Labels): boolean {
  for (const key of needed) if (!Object.hasOwn(labels, key)) return false;
  return Object.entries(labels).every(
    ([key, value]) =>
      refusing.get(key)?.has(value) !== true &&
      (byKey.get(key) ?? []).every((requirement) => holds(requirement, labels)),
  );
}

/** The selector as text in canonical form: `parseSelector` of it gives an equal selector. */
export function formatSelector(selector: Selector): string {
  return selector.requirements.map(formatRequirement).join(",");
}

/** A checked spec as selector text, as `flotilla sites -l` takes it: text as it was written, an object in canonical form. */
export function selectorText(spec: SelectorSpec): string {
  return typeof spec === "string" ? spec : formatSelector(checkedSelector(spec));
}

function holds({ key, operator, values }: Requirement, labels: Labels): boolean {
  return tests[operator](Object.hasOwn(labels, key) ? labels[key] : undefined, values);
}

/** What each operator asks of a label's value (undefined: it is absent). */
const tests: Readonly<
  Record<SelectorOperator, (value: string | undefined, values: readonly string[]) => boolean>
> = {
  "=": (value, values) => value !== undefined && values.includes(value),
  in: (value, values) => value !== undefined && values.includes(value),
  "!=": (value, values) => value === undefined || !values.includes(value),
  notin: (value, values) => value === undefined || !values.includes(value),
  exists: (value) => value !== undefined,
  absent: (value) => value === undefined,
  ">": (value, values) => compareIntegers(value, values[0]) > 0,
  "<": (value, values) => compareIntegers(value, values[0]) < 0,
};

/** NaN when one of them is no integer: then neither `>` nor `<` holds. */
function compareIntegers(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return NaN;
  if (!isSelectorInteger(a) || !isSelectorInteger(b)) return NaN;
  const difference = BigInt(a) - BigInt(b);
  if (difference === 0n) return 0;
  return difference > 0n ? 1 : -1;
}

function requirement(
  key: string,
  operator: SelectorOperator,
  values: readonly string[],
): Requirement {
  const distinct = [...new Set(values)].toSorted();
  if (operator === "in" && distinct.length === 1) return { key, operator: "=", values: distinct };
  if (operator === "notin" && distinct.length === 1) {
    return { key, operator: "!=", values: distinct };
  }
  return { key, operator, values: distinct };
}

function canonical(requirements: readonly Requirement[]): Selector {
  const byText = new Map(requirements.map((item) => [formatRequirement(item), item]));
  const texts = [...byText.keys()].toSorted();
  return { requirements: texts.flatMap((text) => byText.get(text) ?? []) };
}

function formatRequirement({ key, operator, values }: Requirement): string {
  if (operator === "exists") return key;
  if (operator === "absent") return `!${key}`;
  const text = values.join(",");
  const isSet = operator === "in" || operator === "notin";
  return isSet ? `${key} ${operator} (${text})` : `${key}${operator}${text}`;
}

const operators = {
  In: "in",
  NotIn: "notin",
  Exists: "exists",
  DoesNotExist: "absent",
  Gt: ">",
  Lt: "<",
} as const satisfies Record<SelectorRequirement["operator"], SelectorOperator>;

/** Every mistake in the form of a selector. */
export function specMistakes(spec: SelectorSpec): readonly SpecMistake[] {
  if (typeof spec === "string") {
    const parsed = parseSelector(spec);
    return parsed.ok ? [] : [{ ...parsed, path: [] }];
  }
  const labels = Object.entries(spec.matchLabels ?? {}).flatMap(([key, value]) => {
    const path = ["matchLabels", key];
    const problem = labelKeyProblem(key);
    if (problem !== undefined)
      return { ...mistakeAt(path, `"${shortText(key)}" ${problem}`), isKey: true } as const;
    const valueProblem = labelValueProblem(value);
    return valueProblem === undefined
      ? []
      : mistakeAt(path, `"${shortText(value)}" ${valueProblem}`);
  });
  const expressions = (spec.matchExpressions ?? []).flatMap((expression, index) =>
    expressionMistakes(expression, ["matchExpressions", index]),
  );
  return [...labels, ...expressions];
}

function expressionMistakes(
  { key, operator, values = [] }: SelectorRequirement,
  path: readonly (string | number)[],
): SpecMistake[] {
  const keyProblem = labelKeyProblem(key);
  const ofKey =
    keyProblem === undefined
      ? []
      : [mistakeAt([...path, "key"], `"${shortText(key)}" ${keyProblem}`)];
  const countProblem = valueCountProblem(operators[operator], values.length);
  if (countProblem !== undefined) {
    return [...ofKey, mistakeAt([...path, "values"], `operator ${operator} ${countProblem}`)];
  }
  const ofValues = values.flatMap((value, index) => {
    const valuePath = [...path, "values", index];
    const problem = labelValueProblem(value);
    if (problem !== undefined) return mistakeAt(valuePath, `"${shortText(value)}" ${problem}`);
    const isNumber = (operator !== "Gt" && operator !== "Lt") || isSelectorInteger(value);
    const message = `operator ${operator} compares whole numbers, found "${shortText(value)}"`;
    return isNumber ? [] : mistakeAt(valuePath, message);
  });
  return [...ofKey, ...ofValues];
}

function valueCountProblem(operator: SelectorOperator, count: number): string | undefined {
  if (operator === "exists" || operator === "absent") {
    return count === 0 ? undefined : "takes no values";
  }
  if (operator === ">" || operator === "<") {
    return count === 1 ? undefined : "takes exactly one value";
  }
  return count > 0 ? undefined : "needs values";
}

function mistakeAt(path: readonly (string | number)[], message: string): SpecMistake {
  return { ok: false, path, message };
}
