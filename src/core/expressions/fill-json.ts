import type { ReadPath } from "../cel/cel-reads.ts";
import type { CelProblem } from "../cel/cel-types.ts";
import { canonicalJson, isJsonObject, type Json } from "../model/json.ts";
import {
  type CompiledText,
  compileText,
  type ExpressionFacts,
  type ExpressionScope,
  fillText,
} from "./expression-language.ts";
import type { StepBudget } from "./step-budget.ts";
import { hasTemplate } from "./template-text.ts";

type FieldPath = readonly (string | number)[];

/** Every text in data, and every key, in which an expression or `$${` stands. */
export function templatesIn(json: Json): readonly PlacedTemplate[] {
  const found: PlacedTemplate[] = [];
  const visit = (value: Json, path: FieldPath): void => {
    if (typeof value === "string") {
      if (hasTemplate(value)) found.push({ path, text: value, isKey: false });
    } else if (Array.isArray(value)) {
      for (const [index, item] of (value as readonly Json[]).entries())
        visit(item, [...path, index]); // isArray loses the type
    } else if (isJsonObject(value)) {
      for (const [key, item] of Object.entries(value)) {
        if (hasTemplate(key)) found.push({ path: [...path, key], text: key, isKey: true });
        visit(item, [...path, key]);
      }
    }
  };
  visit(json, []);
  return found;
}

/** A text with expressions, and where it stands. */
export interface PlacedTemplate {
  readonly path: FieldPath;
  readonly text: string;
  readonly isKey: boolean;
}

/** A problem of a text, at one of its characters. */
export interface FillProblem extends CelProblem {
  readonly path: FieldPath;
}

/** Data with expressions in it. */
export interface FillableJson {
  readonly json: Json;
  readonly texts: ReadonlyMap<string, CompiledText>;
  /** The maps and lists of it that a text stands in, at whatever depth. */
  readonly holding: ReadonlySet<Json>;
  /** What of the facts decides what it is filled with. */
  readonly reads: readonly ReadPath[];
  /** It may read values of other sites than the one that it is filled in for. */
  readonly mayReadPeers: boolean;
  /** What it asks `sites(…)` for; null: also for what an expression gives. */
  readonly selectors: readonly string[] | null;
}

/** Whether a text may read `values` of what `sites(…)` gives: whether the word stands behind the first call. */
function readsPeerValues(text: string): boolean {
  const call = text.search(/\bsites\s*\(/);
  return call >= 0 && /\bvalues\b/.test(text.slice(call));
}

/** Data that can be filled in; undefined where there is nothing to fill, or where its expressions have mistakes. */
export function fillableJson(json: Json, scope: ExpressionScope): FillableJson | undefined {
  const texts = new Map<string, CompiledText>();
  const reads = new Map<string, ReadPath>();
  for (const { text, isKey } of templatesIn(json)) {
    if (isKey || texts.has(text)) continue;
    const compiled = compileText(scope, text);
    if (!compiled.ok) return undefined; // they are told where the document is checked
    texts.set(text, compiled.text);
    for (const path of compiled.text.reads) reads.set(JSON.stringify(path), path);
  }
  if (texts.size === 0) return undefined;
  const mayReadPeers = [...texts.keys()].some(readsPeerValues);
  const selectors = allSelectors([...texts.values()]);
  const holding = new Set<Json>();
  noteHolding(json, { texts, holding });
  return { json, texts, holding, reads: [...reads.values()], mayReadPeers, selectors };
}

function noteHolding(
  value: Json,
  found: { readonly texts: ReadonlyMap<string, unknown>; readonly holding: Set<Json> },
): boolean {
  if (typeof value === "string") return found.texts.has(value);
  if (typeof value !== "object" || value === null) return false;
  let isHolding = false;
  for (const inner of Object.values(value)) {
    if (noteHolding(inner, found)) isHolding = true;
  }
  if (isHolding) found.holding.add(value);
  return isHolding;
}

/** What all of these ask for; null where one of them may ask for anything. */
export function allSelectors(
  all: readonly Pick<CompiledText, "selectors">[],
): readonly string[] | null {
  const known = all.flatMap(({ selectors }) => (selectors === null ? [] : [selectors]));
  return known.length < all.length ? null : [...new Set(known.flat())];
}

/** Data that was filled in, or why it could not be. */
export type FilledJson =
  | {
      readonly ok: true;
      readonly json: Json;
      /** What the texts came to, in their order: equal for equal fillings. */
      readonly values: readonly Json[];
    }
  | { readonly ok: false; readonly problems: readonly FillProblem[] };

/** Fills in every expression. What has none is shared with what was given. */
export function fillJson(
  { json, texts, holding }: FillableJson,
  given: ExpressionFacts,
  budget: StepBudget,
): FilledJson {
  const problems: FillProblem[] = [];
  const values: Json[] = [];
  const fill = (value: Json, path: FieldPath): Json => {
    const text = typeof value === "string" ? texts.get(value) : undefined;
    if (text === undefined) return holding.has(value) ? fillInside(value, path) : value;
    const outcome = fillText(text, given, budget);
    values.push(outcome.ok ? outcome.value : null);
    if (outcome.ok) return outcome.value;
    problems.push({ ...outcome.problem, path });
    return null;
  };
  const fillInside = (value: Json, path: FieldPath): Json => {
    if (Array.isArray(value)) {
      return (value as readonly Json[]).map((item, index) => fill(item, [...path, index])); // isArray loses the type
    }
    if (!isJsonObject(value)) return value;
    const map: Record<string, Json> = { ...value };
    for (const key of Object.keys(value)) {
      const item = value[key] ?? null;
      const filled = fill(item, [...path, key]);
      if (filled !== item) map[key] = filled;
    }
    return map;
  };
  const filled = fill(json, []);
  return problems.length === 0 ? { ok: true, json: filled, values } : { ok: false, problems };
}

/** What data reads of the facts, as one text: equal texts, equal fillings. */
export function readingOf({ reads }: FillableJson, { facts }: ExpressionFacts): string {
  return reads.map((path) => valueText(facts, path)).join("\u0000");
}

/** A value at a path; where there is none, where the path ends. */
function valueText(facts: Readonly<Record<string, Json>>, path: ReadPath): string {
  let value: Json = facts;
  for (const [depth, key] of path.entries()) {
    if (!isJsonObject(value) || !Object.hasOwn(value, key)) return `!${depth}`;
    value = value[key] ?? null;
  }
  return canonicalJson(value);
}
