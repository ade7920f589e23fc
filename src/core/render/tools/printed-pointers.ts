/**
 * Whether a Go template may show where something lies in memory, which is somewhere else each time. Of what Helm gives a
 * template only `.Capabilities` is a pointer, and only where it is printed within something else: `print .` shows its
 * address, `print .Capabilities` does not. So what is followed here is where all that Helm gives goes, as a whole.
 */
import { templateActions, type Token } from "./template-actions.ts";

/** True where an address may be printed, or made part of a text. */
export function printsPointers(template: string): boolean {
  if (!template.includes("{{")) return false;
  const walk = new TemplateWalk();
  return templateActions(template)?.some((action) => walk.prints(action)) === true;
}

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

/** What is known of a value: whether it is, or holds, all that Helm gives. */
type IsWhole = boolean;

class TemplateWalk {
  /** Open blocks: whether `.` is in them what it is around them. */
  readonly #blocks: boolean[] = [];
  readonly #variables = new Set<string>();
  #isPrinted = false;
  #tokens: readonly Token[] = [];
  #at = 0;

  /** Goes through one action more. */
  prints(action: readonly Token[]): boolean {
    this.#isPrinted = action.some(({ kind, text }) => kind === "text" && text.includes("%p"));
    this.#tokens = action;
    const word = wordOf(action);
    const variable = assignedIn(action);
    this.#at = variable === undefined ? Number(word !== undefined) : 2;
    const isWhole = this.#pipeline();
    if (word !== undefined) this.#enter(word, isWhole);
    else if (isWhole && variable !== undefined) this.#variables.add(variable);
    else if (isWhole) this.#isPrinted = true;
    return this.#isPrinted;
  }

  #enter(word: string, isWhole: IsWhole): void {
    if (word === "end") this.#blocks.pop();
    if (!blocks.has(word)) return;
    const changesDot = word === "range" || word === "with";
    this.#blocks.push(!changesDot || isWhole);
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
    let isWhole = given;
    for (let token = this.#operand(); token !== undefined; token = this.#operand()) {
      this.#at += 1;
      const isOne = isMark(token, "(") ? this.#pipeline() : this.#isWhole(token);
      isWhole ||= isOne;
    }
    if (!isCall || !isWhole) return isWhole;
    if (printing.has(head.text)) this.#isPrinted = true;
    return passing.has(head.text);
  }

  /** undefined: the command ends here. */
  #operand(): Token | undefined {
    const token = this.#tokens[this.#at];
    return token === undefined || isMark(token, "|") || isMark(token, ")") ? undefined : token;
  }

  #isWhole({ kind, text }: Token): IsWhole {
    if (kind !== "value") return false;
    if (text === ".") return this.#blocks.every(Boolean);
    return text === "$" || /^\$?\.Capabilities$/.test(text) || this.#variables.has(text);
  }
}

function isMark({ kind, text }: Token, mark: string): boolean {
  return kind === "mark" && text === mark;
}

/** The word of an action that shows no value. */
function wordOf([first]: readonly Token[]): string | undefined {
  return first?.kind === "name" && quiet.has(first.text) ? first.text : undefined;
}

/** The variable that an action gives a value. */
function assignedIn([first, second]: readonly Token[]): string | undefined {
  return second?.kind === "mark" && second.text.endsWith("=") ? first?.text : undefined;
}
