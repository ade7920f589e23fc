import type { SchemaCheck } from "./check-schema.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { type Entry, errorAt, type FleetDraft } from "./fleet-draft.ts";
import type { Place } from "./fleet-model.ts";
import { isJsonObject } from "./json.ts";
import type {
  App,
  Decision,
  Fleet,
  FleetDocument,
  KindName,
  MaintenanceWindow,
  Profile,
  Region,
  RolloutStrategy,
  Site,
  VirtualSite,
} from "./kinds.ts";
import type { FleetFiles, KindDocument } from "./read-fleet-files.ts";

/** Sorts the documents by kind and name; reports schema mistakes, duplicates, and a Fleet too few or too many. */
export function draftFleet(
  read: FleetFiles,
  check: SchemaCheck,
): { readonly draft: FleetDraft; readonly diagnostics: readonly Diagnostic[] } {
  const valid: Collected = new Map();
  const declared = new Map<KindName, Map<string, Place>>();
  const diagnostics: Diagnostic[] = [];
  let hasUnreadable = read.mistaken.size > 0;
  for (const one of read.documents) {
    const name = nameOf(one);
    if (name === undefined) hasUnreadable = true;
    else diagnostics.push(...declare(one, name, declared));
    if (one.document.isBroken) continue;
    const mistakes = check(one.kind, one.document);
    diagnostics.push(...mistakes);
    if (mistakes.length === 0 && name !== undefined) collect(valid, one, name);
  }
  diagnostics.push(...checkOneFleet(read));
  const draft: FleetDraft = {
    fleet: [...entriesOf<Fleet>(valid, "Fleet").values()][0],
    regions: entriesOf<Region>(valid, "Region"),
    sites: entriesOf<Site>(valid, "Site"),
    virtualSites: entriesOf<VirtualSite>(valid, "VirtualSite"),
    profiles: entriesOf<Profile>(valid, "Profile"),
    apps: entriesOf<App>(valid, "App"),
    strategies: entriesOf<RolloutStrategy>(valid, "RolloutStrategy"),
    decisions: entriesOf<Decision>(valid, "Decision"),
    windows: entriesOf<MaintenanceWindow>(valid, "MaintenanceWindow"),
    declared: new Map([...declared].map(([kind, names]) => [kind, new Set(names.keys())])),
    hasUnreadable,
  };
  return { draft, diagnostics };
}

type Collected = Map<KindName, Map<string, Entry<FleetDocument>>>;

function nameOf({ document: { value } }: KindDocument): string | undefined {
  const metadata = isJsonObject(value) ? value["metadata"] : undefined;
  const name = isJsonObject(metadata) ? metadata["name"] : undefined;
  return typeof name === "string" ? name : undefined;
}

/** Notes the name; a second document of the same kind and name is a mistake, told at its name. */
function declare(
  { kind, document }: KindDocument,
  name: string,
  declared: Map<KindName, Map<string, Place>>,
): Diagnostic[] {
  const names = declared.get(kind) ?? new Map<string, Place>();
  declared.set(kind, names);
  const place = document.at(["metadata", "name"]);
  const first = names.get(name);
  if (first === undefined) {
    names.set(name, place);
    return [];
  }
  const message = `the ${kind} "${name}" is declared already, at ${first.file}:${first.line}`;
  const hint = "rename or remove one of the two";
  return [errorAt(place, { code: "duplicate-name", message, hint })];
}

function collect(valid: Collected, { kind, document }: KindDocument, name: string): void {
  const entries = valid.get(kind) ?? new Map<string, Entry<FleetDocument>>();
  valid.set(kind, entries);
  const value = document.value as unknown as FleetDocument; // it satisfies the schema of its kind
  if (!entries.has(name)) entries.set(name, { value, document });
}

function entriesOf<T extends FleetDocument>(
  valid: Collected,
  kind: T["kind"],
): ReadonlyMap<string, Entry<T>> {
  return (valid.get(kind) ?? new Map()) as ReadonlyMap<string, Entry<T>>; // sorted by `kind`
}

function checkOneFleet({ documents, mistaken }: FleetFiles): Diagnostic[] {
  const [first, ...others] = documents.filter(({ kind }) => kind === "Fleet");
  if (first === undefined) {
    if (mistaken.has("Fleet") || mistaken.has("unknown")) return [];
    const message = "the repository holds no Fleet";
    const hint = "add a file with `kind: Fleet`, or start from `flotilla init`";
    return [errorAt({ file: ".", line: 0, column: 0 }, { code: "no-fleet", message, hint })];
  }
  const { file, line } = first.document.at(["kind"]);
  return others.map(({ document }) =>
    errorAt(document.at(["kind"]), {
      code: "no-fleet",
      message: `a repository holds exactly one Fleet; the first is at ${file}:${line}`,
      hint: "merge them into one",
    }),
  );
}
