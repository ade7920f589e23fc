import { checkSchema } from "./check-schema.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { type Entry, errorAt, type FleetDraft } from "./fleet-draft.ts";
import { isJsonObject } from "./json.ts";
import { keptFor, type KnownFleet } from "./known-fleet.ts";
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
import type { YamlDocument } from "./parse-yaml.ts";
import type { FleetFiles, KindDocument } from "./read-fleet-files.ts";

/** Sorts the documents by kind and name; reports schema mistakes, duplicates, and a Fleet too few or too many. */
export function draftFleet(
  read: FleetFiles,
  known: KnownFleet,
): { readonly draft: FleetDraft; readonly diagnostics: readonly Diagnostic[] } {
  const valid: Collected = new Map();
  const declared = new Map<KindName, Map<string, YamlDocument>>();
  const diagnostics: Diagnostic[] = [];
  let hasUnreadable = read.mistaken.size > 0;
  for (const one of read.documents) {
    const name = nameOf(one);
    if (name === undefined) hasUnreadable = true;
    else diagnostics.push(...declare(one, name, declared));
    if (one.document.isBroken) continue;
    const mistakes = checkSchema(one.kind, one.document);
    diagnostics.push(...mistakes);
    if (mistakes.length === 0 && name !== undefined) collect(valid, one, name);
  }
  diagnostics.push(...checkOneFleet(read));
  const entriesOf = <T extends FleetDocument>(kind: T["kind"]): ReadonlyMap<string, Entry<T>> => {
    const entries = known.ofKind(kind, valid.get(kind) ?? new Map<string, Entry<FleetDocument>>());
    return entries as ReadonlyMap<string, Entry<T>>; // sorted by `kind`
  };
  const draft: FleetDraft = {
    fleet: [...entriesOf<Fleet>("Fleet").values()][0],
    regions: entriesOf<Region>("Region"),
    sites: entriesOf<Site>("Site"),
    virtualSites: entriesOf<VirtualSite>("VirtualSite"),
    profiles: entriesOf<Profile>("Profile"),
    apps: entriesOf<App>("App"),
    strategies: entriesOf<RolloutStrategy>("RolloutStrategy"),
    decisions: entriesOf<Decision>("Decision"),
    windows: entriesOf<MaintenanceWindow>("MaintenanceWindow"),
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
  declared: Map<KindName, Map<string, YamlDocument>>,
): Diagnostic[] {
  const names = declared.get(kind) ?? new Map<string, YamlDocument>();
  declared.set(kind, names);
  const first = names.get(name);
  if (first === undefined) {
    names.set(name, document);
    return [];
  }
  const { file, line } = first.at(["metadata", "name"]);
  const message = `the ${kind} "${name}" is declared already, at ${file}:${line}`;
  const hint = "rename or remove one of the two";
  return [errorAt(document.at(["metadata", "name"]), { code: "duplicate-name", message, hint })];
}

function collect(valid: Collected, { kind, document }: KindDocument, name: string): void {
  const entries = valid.get(kind) ?? new Map<string, Entry<FleetDocument>>();
  valid.set(kind, entries);
  if (!entries.has(name)) entries.set(name, entryOf(document));
}

const entryOf = keptFor((document: YamlDocument): Entry<FleetDocument> => {
  const value = document.value as unknown as FleetDocument; // it satisfies the schema of its kind
  return { value, document };
});

function checkOneFleet({ documents, mistaken }: FleetFiles): Diagnostic[] {
  const [first, ...others] = documents.filter(({ kind }) => kind === "Fleet");
  if (first === undefined) {
    if (mistaken.has("Fleet") || mistaken.has("unknown")) return [];
    const message = "the repository holds no Fleet";
    const hint = "add a file with `kind: Fleet`, or start from `flotilla init`";
    return [errorAt({ file: ".", line: 0, column: 0 }, { code: "no-fleet", message, hint })];
  }
  return others.map(({ document }) => {
    const { file, line } = first.document.at(["kind"]);
    const message = `a repository holds exactly one Fleet; the first is at ${file}:${line}`;
    const place = document.at(["kind"]);
    return errorAt(place, { code: "no-fleet", message, hint: "merge them into one" });
  });
}
