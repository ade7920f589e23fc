/** Files of values for charts. In: a file. Out: what Helm refuses in it, without saying which file it is. */
import { LineCounter } from "yaml";
import type { Diagnostic } from "../diagnostic.ts";
import { errorAt } from "../fleet-draft.ts";
import type { SourceFile } from "../fleet-model.ts";
import { isJsonObject } from "../json.ts";
import { keptFor } from "../known-fleet.ts";
import { parseDocuments } from "../parse-documents.ts";
import { parseYaml } from "../parse-yaml.ts";
import { maxFleetFileLength } from "../yaml-limits.ts";

/** The mistakes in a file of values; what is too large for us, or what only we refuse, is Helm's to judge. */
export const mistakesInValues = keptFor((file: SourceFile): readonly Diagnostic[] => {
  if (file.text.length > maxFleetFileLength) return [];
  const { documents, diagnostics } = parseYaml(file);
  const [first] = documents;
  if (diagnostics.length > 0) return isBroken(file.text) ? diagnostics : [];
  if (first === undefined || first.value === null || isJsonObject(first.value)) return [];
  const found = Array.isArray(first.value) ? "a list" : "a single value";
  const message = `a file of values is a map, found ${found}`;
  const hint = "write `key: value` lines, as in the chart's values.yaml";
  return [errorAt(first.at([]), { code: "not-an-object", message, hint })];
});

/** No YAML, as opposed to YAML that means more than JSON can say: a key twice, tags, numbers without end. Helm reads that. */
function isBroken(text: string): boolean {
  const options = {
    lineCounter: new LineCounter(),
    uniqueKeys: false,
    logLevel: "silent",
  } as const;
  const [first] = parseDocuments(text, options).documents;
  return first !== undefined && first.errors.length > 0;
}
