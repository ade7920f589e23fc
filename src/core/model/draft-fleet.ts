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
  const declared = new Map<KindName, Set<string>>();
  const diagnostics: Diagnostic[] = [];
  const twice: NamedDocument[] = [];
  let hasUnreadable = read.mistaken.size > 0;
  for (const { isNameless, named, entries, mistakes } of read.byFile.map(draftFile)) {
    hasUnreadable ||= isNameless;
    diagnostics.push(...mistakes);
    for (const one of named) {
      if (!declare(one, declared)) twice.push(one);
    }
    for (const entry of entries) collect(valid, entry);
  }
  diagnostics.push(...duplicateNames(twice, read), ...checkOneFleet(read));
  const allOf = <T extends FleetDocument>(kind: T["kind"]): ReadonlyMap<string, Entry<T>> => {
    const entries = known.ofKind(kind, valid.get(kind) ?? new Map<string, Entry<FleetDocument>>());
    return entries as ReadonlyMap<string, Entry<T>>; // sorted by `kind`
  };
  const draft: FleetDraft = {
    fleet: [...allOf<Fleet>("Fleet").values()][0],
    regions: allOf<Region>("Region"),
    sites: allOf<Site>("Site"),
    virtualSites: allOf<VirtualSite>("VirtualSite"),
    profiles: allOf<Profile>("Profile"),
    apps: allOf<App>("App"),
    strategies: allOf<RolloutStrategy>("RolloutStrategy"),
    decisions: allOf<Decision>("Decision"),
    windows: allOf<MaintenanceWindow>("MaintenanceWindow"),
    declared,
    hasUnreadable,
  };
  return { draft, diagnostics };
}

type Collected = Map<KindName, Map<string, Entry<FleetDocument>>>;

interface DraftFile {
  /** A name of one of its documents cannot be read. */
  readonly isNameless: boolean;
  readonly named: readonly NamedDocument[];
  /** Of the documents without mistakes. */
  readonly entries: readonly NamedEntry[];
  readonly mistakes: readonly Diagnostic[];
}

interface NamedDocument extends KindDocument {
  readonly name: string;
}

interface NamedEntry {
  readonly kind: KindName;
  readonly name: string;
  readonly entry: Entry<FleetDocument>;
}

const draftFile = keptFor((documents: readonly KindDocument[]): DraftFile => {
  const named = documents.flatMap((one) => {
    const name = nameOf(one);
    return name === undefined ? [] : { ...one, name };
  });
  return {
    isNameless: named.length < documents.length,
    named,
    entries: entriesOf(documents),
    mistakes: documents.flatMap(({ kind, document }) =>
      document.isBroken ? [] : checkSchema(kind, document),
    ),
  };
});

/** The documents of a file that satisfy the schemas of their kinds. */
export const entriesOf = keptFor((documents: readonly KindDocument[]): readonly NamedEntry[] =>
  documents.flatMap((one): NamedEntry[] => {
    const { kind, document } = one;
    const name = nameOf(one);
    const isValid = !document.isBroken && checkSchema(kind, document).length === 0;
    return isValid && name !== undefined ? [{ kind, name, entry: entryOf(document) }] : [];
  }),
);

function nameOf({ document: { value } }: KindDocument): string | undefined {
  const metadata = isJsonObject(value) ? value["metadata"] : undefined;
  const name = isJsonObject(metadata) ? metadata["name"] : undefined;
  return typeof name === "string" ? name : undefined;
}

/** Notes the name; false: there is one already. */
function declare({ kind, name }: NamedDocument, declared: Map<KindName, Set<string>>): boolean {
  const names = declared.get(kind) ?? new Set<string>();
  declared.set(kind, names);
  const { size } = names;
  return names.add(name).size > size;
}

/** A second document of the same kind and name is a mistake, told at its name. */
function duplicateNames(twice: readonly NamedDocument[], { byFile }: FleetFiles): Diagnostic[] {
  if (twice.length === 0) return [];
  const all = byFile.flatMap((documents) => draftFile(documents).named);
  const first = new Map(all.toReversed().map((one) => [`${one.kind} ${one.name}`, one.document]));
  return twice.map(({ kind, name, document }) => {
    const { file, line } = (first.get(`${kind} ${name}`) ?? document).at(["metadata", "name"]);
    const message = `the ${kind} "${name}" is declared already, at ${file}:${line}`;
    const hint = "rename or remove one of the two";
    return errorAt(document.at(["metadata", "name"]), { code: "duplicate-name", message, hint });
  });
}

function collect(valid: Collected, { kind, name, entry }: NamedEntry): void {
  const entries = valid.get(kind) ?? new Map<string, Entry<FleetDocument>>();
  valid.set(kind, entries);
  if (!entries.has(name)) entries.set(name, entry);
}

const entryOf = keptFor((document: YamlDocument): Entry<FleetDocument> => ({
  value: document.value as unknown as FleetDocument, // it satisfies the schema of its kind
  document,
  file: document.file,
  at: (path) => document.at(path),
  keyAt: (path) => document.keyAt(path),
  textAt: (path, index) => document.textAt(path, index),
}));

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
