import { type CelFunc, celMethod, CelScalar, listType } from "@bufbuild/cel";
import { strings } from "@bufbuild/cel/ext";
import type { CelFields } from "./cel-types.ts";

/** Characters that a function of texts may make. */
const maxText = 1_000_000;

/** The library's functions that make nothing larger than what they are given. */
const taken = new Set(["indexOf", "lowerAscii", "split", "substring", "trim", "upperAscii"]);

/** What the functions of `textFunctions` give. */
export const textFunctionTypes: CelFields = {
  indexOf: "int",
  join: "string",
  lowerAscii: "string",
  replace: "string",
  split: { listOf: "string" },
  substring: "string",
  trim: "string",
  upperAscii: "string",
};

/** Functions of texts, as CEL's strings extension has them: those that make texts, of bounded length. */
export function textFunctions(): CelFunc[] {
  const { STRING } = CelScalar;
  const texts = listType(STRING);
  return [
    ...strings.filter(({ name }) => taken.has(name)),
    celMethod("replace", STRING, [STRING, STRING], STRING, function (part, by) {
      // As many times as the part is there, at most once for each character.
      refuseOver(this.length + (this.length + 1) * by.length);
      return this.replaceAll(part, () => by);
    }),
    celMethod("join", texts, [], STRING, function () {
      return joined([...this], "");
    }),
    celMethod("join", texts, [STRING], STRING, function (separator) {
      return joined([...this], separator);
    }),
  ];
}

function joined(items: readonly unknown[], separator: string): string {
  const texts = items.map((item) => {
    if (typeof item === "string") return item;
    throw new Error("join(…) takes a list of texts");
  });
  refuseOver(texts.reduce((length, text) => length + text.length + separator.length, 0));
  return texts.join(separator);
}

function refuseOver(length: number): void {
  if (length > maxText) throw new Error(`the text would have more than ${maxText} characters`);
}
