/**
 * CEL expressions over given variables. In: a text, later the facts. Out: a value, or what is wrong and at which
 * character. Pure and bounded: an expression is short, knows no clock and no outside, its regular expressions are RE2, and
 * what takes too many steps ends with an error, whatever it would have answered.
 */
import {
  type CelEnv,
  celEnv,
  celFunc,
  celMethod,
  type CelInput,
  type CelList,
  celList,
  CelScalar,
  isCelError,
  isCelList,
  parse,
  plan,
} from "@bufbuild/cel";
import type { Json } from "../model/json.ts";
import { type CelReads, readsOf } from "./cel-reads.ts";
import { freeNames, offsetOfNode, type ParsedCel } from "./cel-tree.ts";
import {
  type CelFields,
  type CelFunctions,
  type CelProblem,
  type CelType,
  maxCelLength,
} from "./cel-types.ts";
import { fromCelValue, toCelInput } from "./cel-values.ts";
import { checkCelTypes } from "./check-cel-types.ts";
import { CelWeights, growFunction, meterCel, stepFunction } from "./meter-cel.ts";
import { regexSize } from "./regex-size.ts";
import { textFunctions, textFunctionTypes } from "./text-functions.ts";
import { timeFunctions } from "./time-functions.ts";

/** Brackets in brackets. */
const maxDepth = 40;
/** Turns of loops and sizes of values of one evaluation: some 40 ms. */
const usualSteps = 20_000;
/** Places in a regular expression that are tried at one character of a text in one step. */
const placesPerStep = 32;
/** A regular expression is made anew for each match: steps for each of its places. */
const stepsPerPlace = 3;
/** Texts whose programs are kept. */
const maxPrograms = 1000;

/** What an expression came to; whole numbers as numbers. */
type CelOutcome = (
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly problem: CelProblem }
) & {
  /** What it took: the same on every machine. */
  readonly steps: number;
};

/** An expression that can be asked. */
export interface CelProgram {
  /** The variables that it uses. */
  readonly names: ReadonlySet<string>;
  /** What it gives, as far as that can be told. */
  readonly type: CelType;
  /** What of the facts its value depends on. */
  readonly reads: CelReads;
  /** Its value over these facts; those that it does not use may be absent. `calls`: the environment's own functions. */
  evaluate(facts: Readonly<Record<string, Json>>, calls?: CelCalls): CelOutcome;
}

/** What functions of an environment give for a text. What they throw is the problem of the expression. */
export type CelCalls = Readonly<Record<string, (text: string) => CelInput>>;

/** How an environment differs from the usual one. */
export interface CelOptions {
  /** Functions of one text, by the type of what they give; `evaluate` is told what they do. Also those of texts. */
  readonly functions?: CelFunctions;
  /** Steps of one evaluation. Default: 20,000. */
  readonly maxSteps?: number;
}

/** A program, or every mistake in the text. */
export type CompiledCel =
  | { readonly ok: true; readonly program: CelProgram }
  | { readonly ok: false; readonly problems: readonly CelProblem[] };

/** Compiles texts over the same variables; each once. Nothing that it keeps changes an answer. */
export class CelEnvironment {
  readonly #variables: CelFields;
  readonly #functions: CelFunctions | undefined;
  readonly #maxSteps: number;
  readonly #inputs = new WeakMap<object, CelInput>();
  readonly #compiled = new Map<string, CompiledCel>();
  readonly #weights = new CelWeights();
  #env: CelEnv | undefined;
  #calls: CelCalls = {};
  #steps = 0;

  constructor(variables: CelFields, { functions, maxSteps = usualSteps }: CelOptions = {}) {
    this.#variables = variables;
    this.#maxSteps = maxSteps;
    this.#functions = functions;
  }

  compile(text: string): CompiledCel {
    const known = this.#compiled.get(text);
    if (known !== undefined) return known;
    const compiled = this.#compile(text);
    const [oldest] = this.#compiled.keys();
    if (this.#compiled.size >= maxPrograms && oldest !== undefined) this.#compiled.delete(oldest);
    this.#compiled.set(text, compiled);
    return compiled;
  }

  #compile(text: string): CompiledCel {
    const tooLarge = sizeProblem(text);
    if (tooLarge !== undefined) return { ok: false, problems: [tooLarge] };
    const parsed = parseCel(text);
    if ("message" in parsed) return { ok: false, problems: [parsed] };
    const env = (this.#env ??= this.#newEnv());
    const { type, problems } = checkCelTypes(parsed, {
      variables: this.#variables,
      functions: this.#functions ?? {},
      results: this.#functions === undefined ? {} : textFunctionTypes,
      isFunction: (name) => env.funcs.find(name) !== undefined,
    });
    if (problems.length > 0) return { ok: false, problems };
    const names = freeNames(parsed.expr);
    const reads = readsOf(parsed, text);
    meterCel(parsed);
    const run = plan(env, parsed);
    return { ok: true, program: this.#programOf({ parsed, names, reads, type, run }) };
  }

  #newEnv(): CelEnv {
    const { DYN } = CelScalar;
    const step = celFunc(stepFunction, [DYN], DYN, (value) =>
      this.#take(value, this.#weights.weigh(value)),
    );
    const { STRING, BOOL } = CelScalar;
    const matches = matcher();
    const takeMatch = (text: string, pattern: string): void => {
      const size = regexSize(pattern);
      this.#take(null, size * stepsPerPlace + (size * text.length) / placesPerStep);
    };
    const match = celMethod("matches", STRING, [STRING], BOOL, function (pattern) {
      takeMatch(this, pattern);
      return matches(this, pattern);
    });
    const grow = celFunc(growFunction, [DYN], DYN, (value) =>
      isCelList(value)
        ? this.#take(flatList(value), 1 + value.size / 500)
        : this.#take(value, this.#weights.weigh(value)),
    );
    const own = Object.keys(this.#functions ?? {}).map((name) =>
      celFunc(name, [CelScalar.STRING], DYN, (text) => this.#call(name, text)),
    );
    const ofTexts = this.#functions === undefined ? [] : textFunctions();
    return celEnv({ funcs: [step, match, grow, ...timeFunctions(), ...own, ...ofTexts] });
  }

  #call(name: string, text: string): CelInput {
    const call = Object.hasOwn(this.#calls, name) ? this.#calls[name] : undefined;
    if (call === undefined) throw new Error(`nobody told what ${name}(…) gives`);
    return call(text);
  }

  #take<T>(value: T, steps: number): T {
    this.#steps += steps;
    if (this.#steps > this.#maxSteps) throw new Error(tooManySteps(this.#maxSteps));
    return value;
  }

  #programOf({
    parsed,
    names,
    reads,
    type,
    run,
  }: {
    parsed: ParsedCel;
    names: ReadonlySet<string>;
    reads: CelReads;
    type: CelType;
    run: ReturnType<typeof plan>;
  }): CelProgram {
    const evaluate: CelProgram["evaluate"] = (facts, calls = {}) => {
      const bindings = this.#bindings(names, facts);
      this.#calls = calls;
      this.#steps = 0;
      const value = run(bindings);
      // What was refused was not done.
      const steps = Math.min(Math.ceil(this.#steps), this.#maxSteps + 1);
      // Forms such as `||` swallow errors: what took too many steps has no answer.
      if (steps > this.#maxSteps || this.#weights.weigh(value) > this.#maxSteps) {
        return { ...failed(tooManySteps(this.#maxSteps), 0), steps };
      }
      if (isCelError(value)) {
        return { ...failed(told(value.message), offsetOfNode(parsed, value.exprId)), steps };
      }
      const result = fromCelValue(value);
      return result === undefined
        ? { ...failed(typeof value === "bigint" ? tooLarge : noData, 0), steps }
        : { ok: true, value: result, steps };
    };
    return { names, type, reads, evaluate };
  }

  #bindings(names: ReadonlySet<string>, facts: Readonly<Record<string, Json>>) {
    const bindings: Record<string, CelInput> = {};
    for (const name of names) {
      if (!Object.hasOwn(facts, name) || !Object.hasOwn(this.#variables, name)) continue;
      bindings[name] = this.#input(facts[name] ?? null, this.#variables[name] ?? "any");
    }
    return bindings;
  }

  /** Facts of a fleet are asked for by many expressions: what was made of them is kept as long as they are. */
  #input(value: Json, type: CelType): CelInput {
    const isKept = this.#functions !== undefined && typeof value === "object" && value !== null;
    if (!isKept) return toCelInput(value, type);
    const known = this.#inputs.get(value);
    if (known !== undefined) return known;
    const input = toCelInput(value, type);
    this.#inputs.set(value, input);
    return input;
  }
}

const noData = "the expression gives no text, number, truth value, list or map of them";
const tooLarge = "the expression gives an integer beyond 2^53, which would lose digits";
const tooManySteps = (steps: number): string => `the expression takes more than ${steps} steps`;

/** A list that grows by one is a list in a list in a list: made flat now and then, it is no deep one. */
function flatList(list: CelList): CelList {
  return list.size > 0 && list.size % 64 === 0 ? celList([...list]) : list;
}

/** As the library has it, which reads regular expressions by RE2. */
function matcher(): (text: string, pattern: string) => boolean {
  const run = plan(celEnv(), parse("text.matches(pattern)"));
  return (text, pattern) => {
    const value = run({ text, pattern });
    if (isCelError(value)) throw new Error(value.message);
    return value === true;
  };
}

/** The library's words; how long a list is, it does not know where it says that an index is beyond it. */
function told(message: string): string {
  return message.replace(
    /^index (.*) out of bounds \[0, -1\)$/,
    "there is no item with the index $1",
  );
}

function failed(message: string, offset: number): { ok: false; problem: CelProblem } {
  return { ok: false, problem: { message, offset } };
}

function sizeProblem(text: string): CelProblem | undefined {
  if (text.length > maxCelLength) {
    const message = `the expression has ${text.length} characters, more than ${maxCelLength}`;
    return { message, offset: maxCelLength, hint: "make it shorter" };
  }
  let depth = 0;
  for (let offset = 0; offset < text.length; offset += 1) {
    const character = text.charAt(offset);
    if ("([{".includes(character)) depth += 1;
    if (")]}".includes(character)) depth -= 1;
    if (depth <= maxDepth) continue;
    return { message: `brackets stand more than ${maxDepth} deep`, offset, hint: "nest less" };
  }
  return undefined;
}

function parseCel(text: string): ParsedCel | CelProblem {
  try {
    return parse(text);
  } catch (error) {
    // For some escapes of texts it throws whatever its own reading of them does.
    if (!isSyntaxError(error)) return { message: `this is no CEL: ${wordsOf(error)}`, offset: 0 };
    const { offset } = error.location.start;
    const message = isWordless(error) ? syntaxWords(text, offset) : error.rawMessage;
    const isAssignment = /^\s*=[^=<>~]/.test(text.slice(offset));
    return { message, offset, ...(isAssignment && { hint: "compare with `==`" }) };
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function syntaxWords(text: string, offset: number): string {
  if (text.trim() === "") return "the expression is empty";
  const rest = text.slice(offset, offset + 20).trim();
  return rest === "" ? "the expression ends too early" : `this is no CEL from \`${rest}\` on`;
}

/** What the parser throws for a text: the library exports no class of it. */
interface SyntaxErrorAt {
  readonly rawMessage: string;
  readonly location: { readonly start: { readonly offset: number } };
}

function isSyntaxError(error: unknown): error is SyntaxErrorAt {
  return error instanceof Error && "location" in error && "rawMessage" in error;
}

/** Its words are what it expected instead: every token that there is. */
function isWordless(error: SyntaxErrorAt): boolean {
  return "expected" in error;
}
