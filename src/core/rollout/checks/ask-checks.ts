import type { CelProgram } from "../../cel/cel-environment.ts";
import { compileCheck } from "../../checks/check-language.ts";
import type { Json } from "../../model/json.ts";
import type { ReleaseCheck } from "../records.ts";

/** A check that is not true. An expression that cannot be evaluated is not true either. */
export interface UntrueCheck {
  readonly check: ReleaseCheck;
  /** `check db-ready is not true: the database is down`. */
  readonly words: string;
}

/** The first check that is not true; null: all are. `concerns` tells which of them are asked here. */
export function firstUntrue(
  checks: readonly ReleaseCheck[],
  facts: Readonly<Record<string, Json>>,
  concerns: (program: CelProgram) => boolean,
): UntrueCheck | null {
  for (const check of checks) {
    const trouble = troubleOf(check, facts, concerns);
    if (trouble === null) continue;
    const message = check.message === undefined ? "" : `: ${check.message}`;
    return { check, words: `check ${check.name} ${trouble}${message}` };
  }
  return null;
}

/** True when one of the checks is asked here. What no longer compiles is asked everywhere, and says so. */
export function hasChecks(
  checks: readonly ReleaseCheck[],
  concerns: (program: CelProgram) => boolean,
): boolean {
  return checks.some(({ cel }) => {
    const compiled = compileCheck(cel);
    return !compiled.ok || concerns(compiled.program);
  });
}

function troubleOf(
  { cel }: ReleaseCheck,
  facts: Readonly<Record<string, Json>>,
  concerns: (program: CelProgram) => boolean,
): string | null {
  const compiled = compileCheck(cel);
  if (!compiled.ok) return `is no check (${compiled.problems[0]?.message ?? "unreadable"})`;
  if (!concerns(compiled.program)) return null;
  const outcome = compiled.program.evaluate(facts);
  if (!outcome.ok) {
    const { message, offset } = outcome.problem;
    return `cannot be evaluated (${message}, at character ${offset + 1})`;
  }
  if (outcome.value === true) return null;
  return outcome.value === false ? "is not true" : "says neither true nor false";
}
