import type { Diagnostic } from "./diagnostic.ts";
import { errorAt } from "./fleet-draft.ts";
import type { Located } from "./fleet-model.ts";
import type { Fleet } from "./kinds.ts";
import type { Vendored } from "./kinds/vendored.ts";

/** What is wrong with the list of what `flotilla vendor` brings: a name twice, or not one origin. */
export function checkVendorList(
  list: readonly Vendored[],
  fleet: Pick<Located<Fleet>, "at">,
): Diagnostic[] {
  const names = new Set<string>();
  return list.flatMap(({ name, chart, git }, index) => {
    const path = ["spec", "vendor", index];
    const isSecond = names.has(name);
    names.add(name);
    if (isSecond) {
      const message = `"${name}" stands in the list already`;
      const place = fleet.at([...path, "name"]);
      return errorAt(place, { code: "duplicate-name", message, hint: "rename one of the two" });
    }
    if ((chart === undefined) !== (git === undefined)) return [];
    const message = "it needs `chart` or `git`, and not both";
    return errorAt(fleet.at(path), { code: "invalid-value", message });
  });
}
