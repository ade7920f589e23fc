/**
 * Whether Go templates may show where something lies in memory, which is somewhere else each time. Of what Helm gives a
 * template only `.Capabilities` is a pointer (those of subcharts, too), and only where it is printed within something else:
 * `print .` shows its address, `print .Capabilities` does not. So what is followed here is where all that Helm gives goes, as a
 * whole: also into a map under a key, whatever template then prints a field of that name.
 */
import { templateActions, type Token } from "./template-actions.ts";

/** True where a chart with these templates may print an address, or make it part of a text. */
export function printsPointers(templates: readonly string[]): boolean {
  const parsed = templates.flatMap((text) =>
    text.includes("{{") ? [templateActions(text) ?? []] : [],
  );
  const fields = new Set<string>();
  for (let round = 0, known = -1; known < fields.size; round += 1) {
    if (round === maxRounds) return true; // a field through more fields than any chart has: rendered twice, it is seen
    known = fields.size;
    const isPrinted = parsed.some((actions) => {
      const walk = new TemplateWalk(fields);
      return actions.some((action) => walk.prints(action));
    });
    if (isPrinted) return true;
  }
  return false;
}

/** Each finds the fields that are filled from those found before. */
const maxRounds = 16;
/** The address of what `printf` is given, with all that may stand before the letter. */
const addressVerb = /%[-+# 0-9.*[\]]*p/;
/** Make a text of what they are given. */
const printing: ReadonlySet<string> = new Set(
  "print printf println toString toStrings quote squote cat join html js urlquery".split(" "),
);
/** Give what they are given, or something that holds it. */
const passing: ReadonlySet<string> = new Set(
  [
    "dict list tuple set unset pick omit merge mergeOverwrite mustMerge mustMergeOverwrite deepCopy mustDeepCopy default",
    "coalesce ternary append prepend concat first last rest initial without uniq reverse slice index dig get pluck compact",
    "mustAppend mustPrepend mustFirst mustLast mustRest mustInitial mustWithout mustUniq mustReverse mustSlice and or",
  ].flatMap((line) => line.split(" ")),
);
const blocks: ReadonlySet<string> = new Set(["if", "range", "with", "define", "block"]);
/** They start what is no value that is shown. */
const quiet: ReadonlySet<string> = new Set([
  ...blocks,
  "else",
  "end",
  "template",
  "break",
  "continue",
]);

/** Put a value into a map, under the key before it. */
const keeping: ReadonlySet<string> = new Set(["dict", "set"]);

/** Change the map that they are given first. */
const changing: ReadonlySet<string> = new Set(
  "set merge mergeOverwrite mustMerge mustMergeOverwrite".split(" "),
);

/** What is known of a value: whether it is, or holds, all that Helm gives. */
type IsWhole = boolean;

class TemplateWalk {
  /** Open blocks: whether `.` is whole in them. */
  readonly #blocks: IsWhole[] = [];
  readonly #variables = new Set<string>();
  /** Keys under which a map holds what is whole, in any template of the chart. */
  readonly #fields: Set<string>;
  #isPrinted = false;
  #tokens: readonly Token[] = [];
  #at = 0;

  constructor(fields: Set<string>) {
    this.#fields = fields;
  }

  /** Goes through one action more. */
  prints(action: readonly Token[]): boolean {
    this.#isPrinted = action.some(showsAnyway);
    this.#tokens = action;
    const words = wordsOf(action);
    const variables = assignedIn(action, words.length);
    this.#at = words.length + (variables.length === 0 ? 0 : variables.length + 1);
    const isWhole = this.#pipeline();
    if (isWhole) for (const variable of variables) this.#variables.add(variable);
    const isShown = words.length + variables.length === 0;
    if (isShown && isWhole) this.#isPrinted = true;
    this.#enter(words, isWhole);
    return this.#isPrinted;
  }

  #enter([word = "", next = word]: readonly string[], isWhole: IsWhole): void {
    if (word === "end" || word === "else") this.#blocks.pop();
    if (word !== "else" && !blocks.has(word)) return;
    const changesDot = next === "range" || next === "with";
    this.#blocks.push(changesDot ? isWhole : this.#isDotWhole());
  }

  #isDotWhole(): IsWhole {
    return this.#blocks.at(-1) ?? true;
  }

  /** Commands up to the end of the action, or to the bracket that ends it. */
  #pipeline(): IsWhole {
    let given: IsWhole = false;
    while (this.#at < this.#tokens.length) {
      given = this.#command(given);
      const end = this.#tokens[this.#at];
      this.#at += 1;
      if (end?.text === ")") break;
    }
    return given;
  }

  /** One command with its operands; what the command before it gave comes last. */
  #command(given: IsWhole): IsWhole {
    const head = this.#tokens[this.#at];
    const isCall = head?.kind === "name";
    if (isCall) this.#at += 1;
    const first = this.#tokens[this.#at];
    const isWhole = this.#operands(given, isCall && keeping.has(head.text));
    if (!isCall || !isWhole) return isWhole;
    if (changing.has(head.text)) this.#fill(first);
    if (printing.has(head.text)) this.#isPrinted = true;
    return passing.has(head.text);
  }

  /** Whether one of them is whole. `isKept`: it stands in a map from then on. */
  #operands(given: IsWhole, isKept: boolean): IsWhole {
    let isWhole = given;
    let before: Token | undefined;
    for (let token = this.#operand(); token !== undefined; token = this.#operand()) {
      this.#at += 1;
      const isOne = isMark(token, "(") ? this.#pipeline() : this.#isWhole(token);
      if (isOne && isKept) this.#keep(before);
      isWhole ||= isOne;
      before = token;
    }
    if (given && isKept) this.#keep(before);
    return isWhole;
  }

  /** What is whole goes into a map under this key. */
  #keep(key: Token | undefined): void {
    if (key?.kind === "text") this.#fields.add(key.text.slice(1, -1));
    else this.#isPrinted = true; // under which key is not known
  }

  /** A map that is changed where it is: a variable, or a field. */
  #fill(map: Token | undefined): void {
    if (map?.kind !== "value") return;
    const name = map.text.slice(map.text.lastIndexOf(".") + 1);
    if (!map.text.includes(".")) this.#variables.add(map.text);
    else if (name !== "") this.#fields.add(name);
  }

  /** undefined: the command ends here. */
  #operand(): Token | undefined {
    const token = this.#tokens[this.#at];
    return token === undefined || isMark(token, "|") || isMark(token, ")") ? undefined : token;
  }

  #isWhole({ kind, text }: Token): IsWhole {
    if (kind !== "value") return false;
    if (text === ".") return this.#isDotWhole();
    if (text === "$" || this.#variables.has(text)) return true;
    const name = text.slice(text.lastIndexOf(".") + 1);
    return /\.(Capabilities|Subcharts(\.[^.]+)?)$/.test(text) || this.#fields.has(name);
  }
}

/** What looks into a map and hands on no more than a part of it. */
const looking: ReadonlySet<string> = new Set(["len", "hasKey", "index", "get", "if", "range"]);

/** `%p`, and the map of all subcharts where it is handed on: which of its fields are subcharts is not known. */
function showsAnyway({ kind, text }: Token, index: number, action: readonly Token[]): boolean {
  if (kind === "text") return addressVerb.test(text);
  const isHandedOn = !looking.has(action[index - 1]?.text ?? "");
  return kind === "value" && text.endsWith(".Subcharts") && isHandedOn;
}

function isMark({ kind, text }: Token, mark: string): boolean {
  return kind === "mark" && text === mark;
}

/** The words that an action begins with where it shows no value: `if`, `else with`, … */
function wordsOf(action: readonly Token[]): readonly string[] {
  const end = action.findIndex(({ kind, text }) => kind !== "name" || !quiet.has(text));
  return action.slice(0, end < 0 ? action.length : end).map(({ text }) => text);
}

/** The variables that an action gives a value, behind its words. */
function assignedIn(action: readonly Token[], from: number): readonly string[] {
  const end = action.findIndex(({ kind, text }) => kind === "mark" && text.endsWith("="));
  const assigned = action.slice(from, Math.max(from, end));
  const areVariables = assigned.every(({ kind, text }) => kind === "value" && /^\$\w/u.test(text));
  return areVariables ? assigned.map(({ text }) => text) : [];
}
