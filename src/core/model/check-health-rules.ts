import { compileCondition, compileMessage } from "../health/rule-language.ts";
import { isOfSecrets } from "../health/user-rules.ts";
import { badCel } from "./check-checks.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { errorAt } from "./fleet-draft.ts";
import type { App } from "./kinds.ts";
import type { YamlDocument } from "./parse-yaml.ts";
import type { FieldPath } from "./yaml-places.ts";

const conditions = ["degraded", "suspended", "progressing", "healthy"] as const;

/** Mistakes in health rules, each at its character. */
export function checkHealthRules(
  rules: App["spec"]["health"],
  document: YamlDocument,
): Diagnostic[] {
  return (rules ?? []).flatMap((rule, index) => {
    const path = ["spec", "health", index];
    if (isOfSecrets(rule)) return [ofSecrets(document, [...path, "kind"])];
    return [...conditions, "message" as const].flatMap((field) => {
      const cel = rule[field];
      if (cel === undefined) return [];
      const compiled = field === "message" ? compileMessage(cel) : compileCondition(cel);
      if (compiled.ok) return [];
      return compiled.problems.map((problem) =>
        badCel(document, [...path, field], { cel, problem }),
      );
    });
  });
}

function ofSecrets(document: YamlDocument, path: FieldPath): Diagnostic {
  const message =
    "a health rule cannot speak of Secrets: what it says is told outside of the region";
  const hint = "write it for the object that uses the Secret or makes it";
  return errorAt(document.at(path), { code: "invalid-value", message, hint });
}
