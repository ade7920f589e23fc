import { compileCondition, compileMessage } from "../health/rule-language.ts";
import { badCel } from "./check-checks.ts";
import type { Diagnostic } from "./diagnostic.ts";
import type { App } from "./kinds.ts";
import type { YamlDocument } from "./parse-yaml.ts";

const conditions = ["degraded", "suspended", "progressing", "healthy"] as const;

/** Mistakes in health rules, each at its character. */
export function checkHealthRules(
  rules: App["spec"]["health"],
  document: YamlDocument,
): Diagnostic[] {
  return (rules ?? []).flatMap((rule, index) =>
    [...conditions, "message" as const].flatMap((field) => {
      const cel = rule[field];
      if (cel === undefined) return [];
      const compiled = field === "message" ? compileMessage(cel) : compileCondition(cel);
      if (compiled.ok) return [];
      const path = ["spec", "health", index, field];
      return compiled.problems.map((problem) => badCel(document, path, { cel, problem }));
    }),
  );
}
