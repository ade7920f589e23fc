/**
 * The selector grammar of `k8s.io/apimachinery` (labels.Parse). Text in; requirements with the place of every key and
 * value out, or the first mistake with its offset. Accepts what the Go parser accepts, with one exception: a NUL
 * character is refused, where Go takes it for an end.
 */
import { labelKeyProblem, labelValueProblem } from "./label-syntax.ts";
import { lexSelector, type Token } from "./selector-lexer.ts";
import { shortText } from "../model/short-text.ts";

/** What a requirement demands of its key; `=` is also `==`. */
export type SelectorOperator = "=" | "!=" | "in" | "notin" | "exists" | "absent" | ">" | "<";

/** A key or value with its offset (0-based, UTF-16 units) in the selector text. */
interface PlacedWord {
  readonly text: string;
  readonly offset: number;
}

/** One requirement as it was written. */
export interface SelectorPart {
  readonly key: PlacedWord;
  readonly operator: SelectorOperator;
  readonly values: readonly PlacedWord[];
}

/** A mistake in selector text. `message` is lower case, without a full stop; `offset` is 0-based in UTF-16 units. */
export interface SelectorMistake {
  readonly ok: false;
  readonly message: string;
  readonly offset: number;
}

export type SelectorParts =
  | { readonly ok: true; readonly parts: readonly SelectorPart[] }
  | SelectorMistake;

const largestInteger = 9_223_372_036_854_775_807n;

/** Parses selector text; text without any requirement gives none (it matches everything). */
export function parseSelectorParts(text: string): SelectorParts {
  const parser = new SelectorParser(lexSelector(text));
  try {
    return { ok: true, parts: parser.parse() };
  } catch (error) {
    if (!(error instanceof Mistake)) throw error;
    return { ok: false, message: error.message, offset: error.offset };
  }
}

/** True for text that Go's ParseInt(text, 10, 64) takes and that is a label value: no sign. */
export function isSelectorInteger(text: string): boolean {
  return /^\d+$/.test(text) && BigInt(text) <= largestInteger;
}

/** Leaves the descent; never leaves this file. */
class Mistake extends Error {
  readonly offset: number;

  constructor(message: string, token: { readonly offset: number }) {
    super(message);
    this.offset = token.offset;
  }
}

class SelectorParser {
  readonly #tokens: readonly Token[];
  #position = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  parse(): SelectorPart[] {
    const parts: SelectorPart[] = [];
    if (this.#peek().kind === "end") return parts;
    do {
      parts.push(this.#requirement());
    } while (this.#comma());
    return parts;
  }

  #requirement(): SelectorPart {
    const isNegated = this.#takeSymbol("!");
    const key = this.#key();
    if (isNegated) return { key, operator: "absent", values: [] };
    if (this.#isAtEndOfRequirement()) return { key, operator: "exists", values: [] };
    const operator = this.#operator(key);
    const isSet = operator === "in" || operator === "notin";
    const values = isSet ? this.#set(operator) : [this.#exactValue(operator)];
    for (const value of values) checkValue(value, operator);
    return { key, operator, values };
  }

  #key(): PlacedWord {
    const token = this.#take();
    if (token.kind !== "word")
      throw new Mistake(`expected a label key, found ${name(token)}`, token);
    const problem = labelKeyProblem(token.text);
    if (problem !== undefined) throw new Mistake(`"${shortText(token.text)}" ${problem}`, token);
    return token;
  }

  #operator(key: PlacedWord): SelectorOperator {
    const token = this.#take();
    switch (token.text) {
      case "=":
      case "==":
        return "=";
      case "!=":
      case "in":
      case "notin":
      case ">":
      case "<":
        return token.text;
      default:
        throw new Mistake(
          `expected \`,\` or an operator (=, ==, !=, in, notin, >, <) after "${shortText(key.text)}", found ${name(token)}`,
          token,
        );
    }
  }

  /** `(a,b)`. An empty place, as in `()` or `(a,)`, is the empty value. */
  #set(operator: string): PlacedWord[] {
    const open = this.#take();
    if (open.text !== "(")
      throw new Mistake(`expected \`(\` after ${operator}, found ${name(open)}`, open);
    const values: PlacedWord[] = [];
    for (;;) {
      const token = this.#peek();
      values.push(token.kind === "word" ? this.#take() : { text: "", offset: token.offset });
      const next = this.#take();
      if (next.text === ")") return values;
      if (next.text !== ",")
        throw new Mistake(`expected \`,\` or \`)\`, found ${name(next)}`, next);
    }
  }

  #exactValue(operator: string): PlacedWord {
    if (this.#isAtEndOfRequirement()) return { text: "", offset: this.#peek().offset };
    const token = this.#take();
    if (token.kind !== "word") {
      throw new Mistake(`expected a value after \`${operator}\`, found ${name(token)}`, token);
    }
    return token;
  }

  /** True when another requirement follows. */
  #comma(): boolean {
    const token = this.#take();
    if (token.kind === "end") return false;
    if (token.text !== ",")
      throw new Mistake(`expected \`,\` or the end, found ${name(token)}`, token);
    const next = this.#peek();
    if (next.kind === "word" || next.text === "!") return true;
    throw new Mistake(`expected a label key after \`,\`, found ${name(next)}`, next);
  }

  #isAtEndOfRequirement(): boolean {
    const token = this.#peek();
    return token.kind === "end" || token.text === ",";
  }

  #takeSymbol(text: string): boolean {
    if (this.#peek().text !== text) return false;
    this.#position += 1;
    return true;
  }

  /** The token `end` stays, however often it is taken. */
  #take(): Token {
    const token = this.#peek();
    if (token.kind !== "end") this.#position += 1;
    return token;
  }

  #peek(): Token {
    const token = this.#tokens[this.#position];
    if (token === undefined) throw new Error("selector tokens have no end");
    return token;
  }
}

function checkValue(value: PlacedWord, operator: SelectorOperator): void {
  const problem = labelValueProblem(value.text);
  if (problem !== undefined) throw new Mistake(`"${shortText(value.text)}" ${problem}`, value);
  if ((operator === ">" || operator === "<") && !isSelectorInteger(value.text)) {
    throw new Mistake(
      `\`${operator}\` compares whole numbers, found "${shortText(value.text)}"`,
      value,
    );
  }
}

function name(token: Token): string {
  return token.kind === "end" ? "the end" : `\`${shortText(token.text)}\``;
}
