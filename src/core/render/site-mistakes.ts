import { StepBudget } from "../expressions/step-budget.ts";
import type { Diagnostic } from "../model/diagnostic.ts";

/** Mistakes that come of a site's facts: each told once, with a site where it happens and how many more there are. */
export class SiteMistakes {
  /** What the expressions that make them may take. */
  readonly budget = new StepBudget();
  readonly #found = new Map<string, { diagnostic: Diagnostic; sites: Set<string> }>();

  tell(diagnostic: Diagnostic, sites: readonly string[]): void {
    const { file, line, column, code } = diagnostic;
    const key = JSON.stringify([file, line, column, code]);
    const known = this.#found.get(key) ?? { diagnostic, sites: new Set() };
    for (const site of sites) known.sites.add(site);
    this.#found.set(key, known);
  }

  /** All of them. */
  diagnostics(): Diagnostic[] {
    return [...this.#found.values()].map(({ diagnostic, sites }) => {
      const [first, ...others] = sites;
      const more = others.length === 0 ? "" : ` and ${others.length} more`;
      const where = first === undefined ? "" : ` (at site ${first}${more})`;
      return { ...diagnostic, message: `${diagnostic.message}${where}` };
    });
  }
}
