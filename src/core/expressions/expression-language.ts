/**
 * What the expressions of the fleet language may speak of, and how a text with expressions is compiled and filled in. In:
 * texts such as `${site.name}.example`, and facts. Out: values, or what is wrong and at which character. What an
 * expression gives is data: it is never looked at for expressions again.
 *
 * Three scopes, each of which sees what the ones before it made, so that nothing can go round in a circle: the values of
 * a Site, the values of an App and its overlays, and everything else.
 */
import { type CelCalls, CelEnvironment, type CelProgram } from "../cel/cel-environment.ts";
import type { ReadPath } from "../cel/cel-reads.ts";
import type { CelFields, CelProblem, CelType } from "../cel/cel-types.ts";
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import type { StepBudget } from "./step-budget.ts";
import { parseTemplate } from "./template-text.ts";

/** Where an expression stands. */
export type ExpressionScope = "site" | "values" | "all";

const location = { fields: { latitude: "double", longitude: "double" } } as const;

const siteFields = {
  name: "string",
  region: "string",
  profile: "string",
  labels: { mapOf: "string" },
  address: "string",
  location,
  timeZone: "string",
} as const satisfies CelFields;

const siteVariables = {
  site: { fields: siteFields },
  region: {
    fields: { name: "string", labels: { mapOf: "string" }, location, timeZone: "string" },
  },
  fleet: { fields: { name: "string" } },
} as const satisfies CelFields;

const wholeSite = { fields: { ...siteFields, values: "data" } } as const;
const functions = { sites: { listOf: wholeSite } } as const;
const valuesVariables = { ...siteVariables, site: wholeSite } as const;

/** The variables of expressions. */
export const expressionVariables = {
  ...valuesVariables,
  values: "data",
} as const satisfies CelFields;

/** Enough for a list of some thousand peers. */
const maxSteps = 100_000;

const environments: Readonly<Record<ExpressionScope, CelEnvironment>> = {
  site: new CelEnvironment(siteVariables, { functions: {}, maxSteps }),
  values: new CelEnvironment(valuesVariables, { functions, maxSteps }),
  all: new CelEnvironment(expressionVariables, { functions, maxSteps }),
};

/** The type of `site`, and of each of `sites(…)`: for who makes them. */
export const siteType: CelType = wholeSite;

/** Facts by variable, and what `sites(…)` gives. */
export interface ExpressionFacts {
  readonly facts: Readonly<Record<string, Json>>;
  readonly calls: CelCalls;
}

interface CompiledHole {
  readonly offset: number;
  readonly program: CelProgram;
}

/** A text that can be filled in. */
export interface CompiledText {
  readonly parts: readonly (string | CompiledHole)[];
  /** What of the facts decides what it gives. */
  readonly reads: readonly ReadPath[];
  /** What it asks `sites(…)` for; null: also for what an expression gives. */
  readonly selectors: readonly string[] | null;
}

/** A text that can be filled in, or its mistakes; offsets are those of characters of the text. */
export type TextCompilation =
  | { readonly ok: true; readonly text: CompiledText }
  | { readonly ok: false; readonly problems: readonly CelProblem[] };

/** Compiles a text that holds expressions. */
export function compileText(scope: ExpressionScope, text: string): TextCompilation {
  const template = parseTemplate(text);
  if (!template.ok) {
    const { offset } = template;
    const hint = "close it with `}`, or write `$${` for a literal `${`";
    return { ok: false, problems: [{ message: "the expression does not end", offset, hint }] };
  }
  const problems: CelProblem[] = [];
  const parts: (string | CompiledHole)[] = [];
  for (const part of template.parts) {
    if (typeof part === "string") {
      parts.push(part);
      continue;
    }
    const compiled = environments[scope].compile(part.cel);
    if (compiled.ok) parts.push({ offset: part.offset, program: compiled.program });
    else problems.push(...compiled.problems.map((problem) => behind(problem, part.offset)));
  }
  if (problems.length > 0) return { ok: false, problems };
  const programs = parts.flatMap((part) => (typeof part === "string" ? [] : part.program));
  const reads = programs.flatMap((program) => program.reads.paths);
  return { ok: true, text: { parts, reads, selectors: selectorsOf(programs) } };
}

function selectorsOf(programs: readonly CelProgram[]): readonly string[] | null {
  if (programs.some(({ reads }) => reads.openCalls.has("sites"))) return null;
  const calls = programs.flatMap(({ reads }) => reads.calls);
  return calls.flatMap(({ name, text }) => (name === "sites" ? text : []));
}

function behind(problem: CelProblem, offset: number): CelProblem {
  return { ...problem, offset: problem.offset + offset };
}

/** What a text came to. */
export type TextOutcome =
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly problem: CelProblem };

/** Fills a text in: one whole expression keeps its type, otherwise there is a text. */
export function fillText(
  { parts }: CompiledText,
  given: ExpressionFacts,
  budget: StepBudget,
): TextOutcome {
  const [only, ...others] = parts;
  if (only === undefined) return { ok: true, value: "" };
  if (others.length === 0 && typeof only !== "string") return valueOf(only, given, budget);
  let text = "";
  for (const part of parts) {
    if (typeof part === "string") {
      text += part;
      continue;
    }
    const outcome = valueOf(part, given, budget);
    if (!outcome.ok) return outcome;
    const { value } = outcome;
    if (typeof value === "object") return { ok: false, problem: noText(value, part.offset) };
    text += String(value);
  }
  return { ok: true, value: text };
}

function valueOf(
  { offset, program }: CompiledHole,
  { facts, calls }: ExpressionFacts,
  budget: StepBudget,
): TextOutcome {
  if (budget.problem !== undefined) return { ok: false, problem: { ...budget.problem, offset } };
  const outcome = program.evaluate(facts, calls);
  budget.spend(outcome.steps);
  if (outcome.ok) return outcome;
  const absent = program.reads.paths.find((path) => isAbsent(facts, path));
  const hint =
    absent === undefined
      ? undefined
      : `there is no \`${absent.join(".")}\` there; \`has(…)\` asks for a field that may be absent`;
  const problem = { ...outcome.problem, ...(hint !== undefined && { hint }) };
  return { ok: false, problem: behind(problem, offset) };
}

function noText(value: Json, offset: number): CelProblem {
  const what = value === null ? "null" : Array.isArray(value) ? "a list" : "a map";
  const hint = 'let the expression be the whole value, or make a text of it, as with `.join(",")`';
  return { message: `${what} cannot stand within a text`, offset, hint };
}

function isAbsent(facts: JsonObject, path: ReadPath): boolean {
  let value: Json | undefined = facts;
  for (const key of path) {
    if (!isJsonObject(value)) return value === undefined;
    value = Object.hasOwn(value, key) ? value[key] : undefined;
  }
  return value === undefined;
}
