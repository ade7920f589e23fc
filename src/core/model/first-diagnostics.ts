import type { Diagnostic } from "./diagnostic.ts";

/** So many mistakes are told of one document or file, and how many more there are. */
const mostTold = 100;

/** The first ones as diagnostics, which may take long to make; behind them one that counts the rest, where they start. */
export function firstOf<T>(
  found: readonly T[],
  describe: (one: T) => Diagnostic,
): readonly Diagnostic[] {
  const told = found.slice(0, mostTold).map(describe);
  const next = found[mostTold];
  if (next === undefined) return told;
  const count = found.length - mostTold;
  const { hint: _, ...rest } = describe(next);
  const words = count === 1 ? "one more mistake follows" : `${count} more mistakes follow`;
  return [...told, { ...rest, message: words, hint: "mend the ones before them first" }];
}

/** The first ones; one behind them counts the rest. An error among the rest is one still. */
export function firstDiagnostics(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const isError = ({ severity }: Diagnostic): boolean => severity === "error";
  const sorted = [...diagnostics.filter(isError), ...diagnostics.filter((one) => !isError(one))];
  return diagnostics.length <= mostTold ? diagnostics : firstOf(sorted, (one) => one);
}
