import { checkSchema } from "./check-schema.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { type Entry, errorAt, type FleetDraft } from "./fleet-draft.ts";
import { isJsonObject } from "./json.ts";
import { KeptResults } from "./kept-results.ts";
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
import type { NamedPart } from "./named-entries.ts";
import type { YamlDocument } from "./parse-yaml.ts";
import type { FleetFiles, KindDocument } from "./read-fleet-files.ts";
import { shortText } from "./short-text.ts";

/** Sorts the documents by kind and name; reports schema mistakes, duplicates, and a Fleet too few or too many. */
export function draftFleet(
  read: FleetFiles,
  known: KnownFleet,
): {
  readonly draft: FleetDraft;
  readonly diagnostics: readonly Diagnostic[];
  /** The documents with names that have mistakes. */
  readonly unsound: readonly KindDocument[];
} {
  const blocks = read.byBlock.map(draftBlock);
  const parts = partsByKind(blocks);
  const unsound = blocks.flatMap((block) => block.unsound);
  const twice: NamedDocument[] = [];
  const declared = new Map<KindName, ReadonlySetLike<string>>();
  const allOf = <T extends FleetDocument>(kind: T["kind"]): ReadonlyMap<string, Entry<T>> => {
    const ofKind = parts.get(kind) ?? [];
    const entries = known.ofKind(kind, ofKind);
    const isSound = entries !== undefined && !unsound.some((one) => one.kind === kind);
    declared.set(kind, isSound ? entries : declaredNames(kind, blocks, twice));
    const found = entries ?? new Map(ofKind.flat().toReversed());
    return found as ReadonlyMap<string, Entry<FleetDocument>> as ReadonlyMap<string, Entry<T>>; // sorted by `kind`
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
    hasUnreadable: read.mistaken.size > 0 || blocks.some(({ isNameless }) => isNameless),
  };
  const diagnostics = [
    ...blocks.flatMap(({ mistakes }) => mistakes),
    ...duplicateNames(twice, read),
    ...checkOneFleet(read, blocks),
  ];
  return { draft, diagnostics, unsound };
}

type Part = NamedPart<Entry<FleetDocument>>;

/** What blocks have of each kind. */
function partsByKind(blocks: readonly DraftBlock[]): ReadonlyMap<KindName, readonly Part[]> {
  const found = new Map<KindName, Part[]>();
  for (const { parts } of blocks) {
    for (const [kind, part] of parts) {
      const known = found.get(kind);
      if (known === undefined) found.set(kind, [part]);
      else known.push(part);
    }
  }
  return found;
}

/** The names of all documents of a kind. Those that have another one's are put to `twice`. */
function declaredNames(
  kind: KindName,
  blocks: readonly DraftBlock[],
  twice: NamedDocument[],
): ReadonlySet<string> {
  const names = new Set<string>();
  for (const one of blocks.flatMap(({ named }) => named)) {
    if (one.kind !== kind) continue;
    if (names.has(one.name)) twice.push(one);
    names.add(one.name);
  }
  return names;
}

interface DraftBlock {
  /** A name of one of its documents cannot be read. */
  readonly isNameless: boolean;
  readonly named: readonly NamedDocument[];
  /** Those of them that have mistakes. */
  readonly unsound: readonly NamedDocument[];
  /** What is without mistakes, by kind. */
  readonly parts: ReadonlyMap<KindName, Part>;
  readonly fleets: readonly KindDocument[];
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

const draftBlock = keptFor((documents: readonly KindDocument[]): DraftBlock => {
  const named = documents.flatMap((one) => {
    const name = nameOf(one);
    return name === undefined ? [] : { ...one, name };
  });
  const entries = Map.groupBy(entriesOf(documents), ({ kind }) => kind);
  const parts = [...entries].map(([kind, all]) => [kind, partOf(all)] as const);
  return {
    isNameless: named.length < documents.length,
    named,
    unsound: named.filter((one) => !isSound(one)),
    parts: new Map(parts),
    fleets: documents.filter(({ kind }) => kind === "Fleet"),
    mistakes: documents.flatMap(({ kind, document }) =>
      document.isBroken ? [] : checkSchema(kind, document),
    ),
  };
});

const keptParts = new KeptResults<Entry<FleetDocument>, Part>();

/** The same list for the same entries, whatever of another kind has changed beside them. */
function partOf(all: readonly NamedEntry[]): Part {
  const part = all.map(({ name, entry }) => [name, entry] as const);
  const [first, ...others] = part.map(([, entry]) => entry);
  return first === undefined ? part : keptParts.get(first, others, () => part);
}

/** The documents of a block that satisfy the schemas of their kinds. */
export const entriesOf = keptFor((documents: readonly KindDocument[]): readonly NamedEntry[] =>
  documents.flatMap((one): NamedEntry[] => {
    const { kind, document } = one;
    const name = nameOf(one);
    return name !== undefined && isSound(one) ? [{ kind, name, entry: entryOf(document) }] : [];
  }),
);

function isSound({ kind, document }: KindDocument): boolean {
  return !document.isBroken && checkSchema(kind, document).length === 0;
}

/** What a document calls itself; undefined where that cannot be read. */
export function nameOf({ document: { value } }: KindDocument): string | undefined {
  const metadata = isJsonObject(value) ? value["metadata"] : undefined;
  const name = isJsonObject(metadata) ? metadata["name"] : undefined;
  return typeof name === "string" ? name : undefined;
}

/** A second document of the same kind and name is a mistake, told at its name. */
function duplicateNames(twice: readonly NamedDocument[], { byBlock }: FleetFiles): Diagnostic[] {
  if (twice.length === 0) return [];
  const all = byBlock.flatMap((documents) => draftBlock(documents).named);
  const first = new Map(all.toReversed().map((one) => [`${one.kind} ${one.name}`, one.document]));
  return twice.map(({ kind, name, document }) => {
    const { file, line } = (first.get(`${kind} ${name}`) ?? document).at(["metadata", "name"]);
    const message = `the ${kind} "${shortText(name)}" is declared already, at ${file}:${line}`;
    const hint = "rename or remove one of the two";
    return errorAt(document.at(["metadata", "name"]), { code: "duplicate-name", message, hint });
  });
}

const entryOf = keptFor((document: YamlDocument): Entry<FleetDocument> => ({
  value: document.value as unknown as FleetDocument, // it satisfies the schema of its kind
  document,
  file: document.file,
  at: (path) => document.at(path),
  keyAt: (path) => document.keyAt(path),
  textAt: (path, index) => document.textAt(path, index),
}));

function checkOneFleet({ mistaken }: FleetFiles, blocks: readonly DraftBlock[]): Diagnostic[] {
  const [first, ...others] = blocks.flatMap(({ fleets }) => fleets);
  if (first === undefined) {
    if (mistaken.has("Fleet") || mistaken.has("unknown")) return [];
    const message = "the repository holds no Fleet";
    const hint =
      "name the folder that holds it, add a file with `kind: Fleet`, or start from `flotilla init`";
    return [errorAt({ file: ".", line: 0, column: 0 }, { code: "no-fleet", message, hint })];
  }
  return others.map(({ document }) => {
    const { file, line } = first.document.at(["kind"]);
    const message = `a repository holds exactly one Fleet; the first is at ${file}:${line}`;
    const place = document.at(["kind"]);
    return errorAt(place, { code: "no-fleet", message, hint: "merge them into one" });
  });
}
