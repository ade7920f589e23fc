/**
 * Plain scalars that mean one thing here (YAML 1.2) and another to Kubernetes' own tools: `no`, `on`, `0755`, `1_000`. Where
 * the schema says what a field is, it decides; in what becomes part of objects, or goes to a chart, nobody could see
 * which was meant.
 */
import type { Diagnostic } from "./diagnostic.ts";
import { errorAt } from "./fleet-draft.ts";
import type { KindName } from "./kinds.ts";
import type { KindDocument } from "./read-fleet-files.ts";
import type { FieldPath } from "./yaml-places.ts";

const freeParts = [
  /^values\./,
  /^overlays\.\d+\.values\./,
  /^overlays\.\d+\.patches\.\d+\.(merge|json\.\d+\.value)(\.|$)/,
  /^overlays\.\d+\.sidecars\.\d+\.(containers|initContainers|volumes)\./,
];
const kinds: ReadonlySet<KindName> = new Set(["App", "Profile", "Site"]);

/** Every such scalar in the free parts of documents. */
export function checkTwofold(documents: readonly KindDocument[]): Diagnostic[] {
  return documents.flatMap(({ kind, document }) => {
    if (document.twofold.length === 0 || !kinds.has(kind)) return [];
    return document.twofold.flatMap(({ path, isKey, source, other }) => {
      if (!isFree(path)) return [];
      const place = isKey ? document.keyAt(path) : document.at(path);
      const known = other === null ? "null" : String(other);
      const message = `${source} may mean "${source}" or ${known}: readers of YAML differ`;
      const hint = isKey ? "write the key in quotes" : `write "${source}", or ${known}`;
      return errorAt(place, { code: "invalid-value", message, hint });
    });
  });
}

function isFree([first, ...rest]: FieldPath): boolean {
  const text = rest.join(".");
  return first === "spec" && freeParts.some((part) => part.test(text));
}
