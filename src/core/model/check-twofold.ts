/**
 * Plain scalars that mean one thing here (YAML 1.2) and another to Kubernetes' own tools: `no`, `on`, `0755`, `1_000`. Where
 * the schema says what a field is, it decides; in what becomes part of objects, or goes to a chart, nobody could see
 * which was meant: a mistake. Keys, and values that only expressions read, are warned of.
 */
import type { Diagnostic } from "./diagnostic.ts";
import { type Entry, errorAt, type FleetDraft, warningAt } from "./fleet-draft.ts";
import { FollowedFindings } from "./followed-results.ts";
import { type Json, isJsonObject } from "./json.ts";
import type { FleetDocument, KindName } from "./kinds.ts";
import type { YamlDocument } from "./parse-yaml.ts";
import type { KindDocument } from "./read-fleet-files.ts";
import type { TwofoldScalar } from "./read-yaml-node.ts";
import type { FieldPath } from "./yaml-places.ts";

const valueParts = [/^values\./, /^overlays\.\d+\.values\./];
const objectParts = [
  /^overlays\.\d+\.patches\.\d+\.(merge|json\.\d+\.value)(\.|$)/,
  /^overlays\.\d+\.sidecars\.\d+\.(containers|initContainers|volumes)\./,
];
const kinds: ReadonlySet<KindName> = new Set(["App", "Profile", "Site"]);

/** More of one document follows from the first ones. */
const mostProblems = 20;

/** The scalars that are mistakes. */
export function checkTwofold(documents: readonly KindDocument[]): Diagnostic[] {
  return documents.flatMap(({ kind, document }) =>
    kinds.has(kind) ? tell(document, "error", errorAt) : [],
  );
}

/** Numbers with leading zeros where the schema, which the document satisfies, wants a number: 10 here, and 8 elsewhere. */
export function checkTypedNumbers(document: YamlDocument): Diagnostic[] {
  const found = document.twofold.filter(({ path, isKey, source }) => {
    const isTyped = !isKey && !isIn(path, valueParts) && !isIn(path, objectParts);
    return isTyped && /^[-+]?0[0-9]+$/.test(source);
  });
  return found.slice(0, mostProblems).map(({ path }) => {
    const message = "a number with leading zeros: readers of YAML differ";
    const hint = "write it without them";
    return errorAt(document.at(path), { code: "invalid-value", message, hint });
  });
}

const followed = new FollowedFindings<Entry<FleetDocument>, readonly Diagnostic[]>();

/** The scalars that hold nothing up. */
export function warnOfTwofold({ apps, profiles, sites }: FleetDraft): Diagnostic[] {
  return [apps, profiles, sites].flatMap((entries) => {
    const found = followed.get(entries, [], ({ document }) =>
      document.twofold.length === 0 ? undefined : tell(document, "warning", warningAt),
    );
    return [...found.values()].flat();
  });
}

function tell(
  document: YamlDocument,
  severity: Diagnostic["severity"],
  toldAt: typeof errorAt,
): Diagnostic[] {
  if (document.twofold.length === 0) return [];
  const hasChart = isRenderedByHelm(document.value);
  const found = document.twofold.filter((scalar) => severityOf(scalar, hasChart) === severity);
  return found.slice(0, mostProblems).map((scalar) => {
    const { path, isKey } = scalar;
    const place = isKey ? document.keyAt(path) : document.at(path);
    return toldAt(place, { code: "invalid-value", ...wordsOf(scalar) });
  });
}

function severityOf(
  { path, isKey }: TwofoldScalar,
  hasChart: boolean,
): Diagnostic["severity"] | undefined {
  const isValue = isIn(path, valueParts);
  if (!isValue && !isIn(path, objectParts)) return undefined;
  return isKey || (isValue && !hasChart) ? "warning" : "error";
}

function isIn([first, ...rest]: FieldPath, parts: readonly RegExp[]): boolean {
  const text = rest.join(".");
  return first === "spec" && parts.some((part) => part.test(text));
}

/** Only an App has a source. */
function isRenderedByHelm(document: Json): boolean {
  const spec = isJsonObject(document) ? document["spec"] : undefined;
  const source = isJsonObject(spec) ? spec["source"] : undefined;
  return isJsonObject(source) && source["chart"] !== undefined;
}

/** A number is not shown: it may be a secret, a PIN for example. */
function wordsOf({ isKey, source, other }: TwofoldScalar): { message: string; hint: string } {
  const inQuotes = isKey ? "write the key in quotes" : undefined;
  if (typeof other === "boolean") {
    const message = `${source} may mean "${source}" or ${other}: readers of YAML differ`;
    return { message, hint: inQuotes ?? `write "${source}", or ${other}` };
  }
  const message = "a number with leading zeros, underscores or a base: readers of YAML differ";
  return { message, hint: inQuotes ?? "put it in quotes, or write it in decimals" };
}
