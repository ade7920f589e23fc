import type { CelProblem } from "../cel/cel-types.ts";
import { compileCheck, countsSites, isOfSite } from "../checks/check-language.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { type Entry, errorAt, type FleetDraft } from "./fleet-draft.ts";
import type { App } from "./kinds.ts";
import type { YamlDocument } from "./parse-yaml.ts";
import type { FieldPath } from "./yaml-places.ts";

/** Mistakes in the checks of apps, each at its character. */
export function checkChecks({ apps }: FleetDraft): Diagnostic[] {
  return [...apps.values()].flatMap(checkApp);
}

function checkApp({ value, document }: Entry<App>): Diagnostic[] {
  const { checks = {} } = value.spec;
  return (["before", "after"] as const).flatMap((when) => {
    const list = checks[when] ?? [];
    return list.flatMap(({ name, cel }, index) => {
      const path = ["spec", "checks", when, index];
      const isTwice = list.findIndex((other) => other.name === name) < index;
      return [
        ...(isTwice ? [nameTwice(document, [...path, "name"], name)] : []),
        ...checkCel(document, [...path, "cel"], { cel, when }),
      ];
    });
  });
}

function nameTwice(document: YamlDocument, path: FieldPath, name: string): Diagnostic {
  const message = `the check "${name}" is declared already in this list`;
  const hint = "give each check its own name";
  return errorAt(document.at(path), { code: "duplicate-name", message, hint });
}

function checkCel(
  document: YamlDocument,
  path: FieldPath,
  { cel, when }: { cel: string; when: "before" | "after" },
): Diagnostic[] {
  const compiled = compileCheck(cel);
  if (!compiled.ok) {
    return compiled.problems.map((problem) => badCel(document, path, { cel, problem }));
  }
  if (when === "before" || !isOfSite(compiled.program) || !countsSites(compiled.program)) return [];
  const message = "a check `after` speaks of one site or counts sites, not both";
  const hint = "write two checks";
  return [errorAt(document.at(path), { code: "bad-cel", message, hint })];
}

/** A mistake in an expression, at its character. */
export function badCel(
  document: Pick<YamlDocument, "at" | "textAt">,
  path: FieldPath,
  { cel, problem }: { cel: string; problem: CelProblem },
): Diagnostic {
  const { offset, hint } = problem;
  const { line, column } = document.textAt(path, offset);
  const start = document.at(path);
  // In a text over several lines the place is that of the text.
  const isExact = line !== start.line || column !== start.column || offset === 0;
  const where = isExact ? "" : ` (at \`${cel.slice(offset, offset + 20).trim()}\`)`;
  return errorAt(document.textAt(path, offset), {
    code: "bad-cel",
    message: `${problem.message}${where}`,
    ...(hint === undefined ? {} : { hint }),
  });
}
