/** The types that Flotilla tells a CEL expression's variables by: enough to find mistakes before anything runs. */

/** Characters of an expression. */
export const maxCelLength = 1000;

/** `any`: told only when the expression runs; `data`: the same, where whole numbers count as such. */
export type CelType =
  | "any"
  | "data"
  | "bool"
  | "int"
  | "double"
  | "string"
  | { readonly fields: CelFields }
  | { readonly mapOf: CelType }
  | { readonly listOf: CelType };

/** The variables of an expression, or the fields of one. */
export type CelFields = Readonly<Record<string, CelType>>;

/** Functions of one text, by the type of what they give. */
export type CelFunctions = CelFields;

/** A mistake in an expression: what, and at which character (0-based, in UTF-16 units). */
export interface CelProblem {
  readonly message: string;
  readonly offset: number;
  readonly hint?: string;
}

/** `a whole number`, `a text`: a type as people say it. */
export function celTypeInWords(type: CelType): string {
  if (typeof type === "string") return words[type];
  if ("fields" in type) return "an object";
  return "mapOf" in type ? "a map" : "a list";
}

const words = {
  any: "any value",
  data: "any value",
  bool: "true or false",
  int: "a whole number",
  double: "a number",
  string: "a text",
} as const;
