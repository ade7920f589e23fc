/**
 * What of a fleet with errors is sound, for one purpose: to find the mistakes that only rendering finds, in the same run.
 * A document with an error is left out, and so is what a sound one says by its name. Nothing is ever carried out from it.
 * And for another: what a commit that was refused said of what leaves (ADR 10).
 */
import type { Diagnostic } from "./diagnostic.ts";
import { nameOf } from "./draft-fleet.ts";
import type { Entry, FleetDraft } from "./fleet-draft.ts";
import type { FleetModel, Located, Place, SourceFile } from "./fleet-model.ts";
import { isJsonObject } from "./json.ts";
import {
  type App,
  apiVersion,
  type Fleet,
  type FleetDocument,
  type KindName,
  type Profile,
} from "./kinds.ts";
import { type FleetFiles, manifestsOf, type KindDocument } from "./read-fleet-files.ts";
import type { YamlDocument } from "./parse-yaml.ts";
import { foundSources } from "./tools/read-tool-sources.ts";
import type { ReadToolSource } from "./tools/tool-source.ts";

export interface SoundPart {
  readonly model: FleetModel;
  /** What is said without a mistake, and only once, whatever it would render to: for asking what a refused commit said. */
  readonly said: Pick<FleetModel, "apps" | "sites" | "regions" | "virtualSites">;
  /** True when an app's files are not known: then a kind that nobody defines may be defined there. */
  readonly mayLackKinds: boolean;
  /** True for what is declared with a mistake, and for all that is not sound where some document cannot be read at all. */
  mayDeclare(kind: KindName, name: string): boolean;
  /**
   * The same of what was not there before: it is not brought back by a document that cannot be read, and is in a file that
   * does not even have its name.
   */
  mayBringBack(kind: KindName, name: string): boolean;
}

export interface SoundInput {
  readonly draft: FleetDraft;
  readonly read: FleetFiles;
  readonly tools: ReadonlyMap<string, ReadToolSource>;
  readonly errors: readonly Diagnostic[];
}

/** The documents without errors, as a model. */
export function soundPart({ draft, read, tools, errors }: SoundInput): SoundPart {
  const documents = read.byBlock.flat();
  const told = new Set(read.diagnostics.map(({ file }) => file));
  const unsound = documentsWithErrors(documents, errors);
  const sound = <T extends FleetDocument>(
    entries: ReadonlyMap<string, Entry<T>>,
  ): Map<string, Located<T>> =>
    new Map([...entries].filter(([, { document }]) => !unsound.has(document)));
  const virtualSites = sound(draft.virtualSites);
  const soundApps = sound(draft.apps);
  const profiles = sound(draft.profiles);
  const isSaid = profilesAreKnown(draft, profiles, virtualSites);
  const apps = [...soundApps]
    .filter(([, { value }]) => isSaid(value.spec.profile) && isThere(value.spec.source, read))
    .map(
      ([name, app]) => [name, { ...app, value: withKnownSites(app.value, virtualSites) }] as const,
    );
  const sites = [...sound(draft.sites)].filter(([, { value }]) => isSaid(value.spec.profile));
  const sources = documents.filter(({ kind }) => kind === "App").map(sourceOf);
  const regions = sound(draft.regions);
  return {
    model: {
      fleet: draft.fleet === undefined ? noFleet : draft.fleet,
      regions,
      sites: new Map(sites),
      virtualSites,
      profiles,
      apps: new Map(apps),
      strategies: sound(draft.strategies),
      decisions: sound(draft.decisions),
      windows: sound(draft.windows),
      // Those of apps with mistakes too: they may define the kinds of others' objects.
      manifests: new Map(
        sources.flatMap(({ key, manifests }) =>
          manifests === undefined ? [] : [[key, manifestsOf(manifests, read.others)] as const],
        ),
      ),
      // Only what is sound and pinned may be given to a tool, and it would tell once more what is told of its files.
      toolSources: new Map(
        [...foundSources(tools)].filter(
          ([name, { files }]) => soundApps.has(name) && !files.some(({ path }) => told.has(path)),
        ),
      ),
    },
    said: saidOnce(
      { apps: soundApps, sites: sound(draft.sites), regions, virtualSites },
      { documents, errors },
    ),
    mayLackKinds: draft.hasUnreadable || sources.some(({ manifests }) => manifests === undefined),
    ...mayBeDeclared({ draft, read, errors }, documents),
  };
}

/** Of sources that are not there something else is told: at one place for all of them, where the fleet is read from too high. */
function isThere({ manifests }: App["spec"]["source"], { others }: FleetFiles): boolean {
  return manifests === undefined || manifestsOf(manifests, others).length > 0;
}

function mayBeDeclared(
  { draft, read, errors }: Omit<SoundInput, "tools">,
  documents: readonly KindDocument[],
): Pick<SoundPart, "mayDeclare" | "mayBringBack"> {
  const isNamed = namedIn(read, errors);
  // What follows a broken document in its file may have been read as a part of it: where a quote is not closed.
  const mayHide = draft.hasUnreadable || documents.some(({ document }) => document.isBroken);
  const mayBringBack = (kind: KindName, name: string): boolean =>
    draft.declared.get(kind)?.has(name) === true || (mayHide && isNamed(name));
  return {
    mayDeclare: (kind, name) => draft.hasUnreadable || mayBringBack(kind, name),
    mayBringBack,
  };
}

/** Of what stands twice nobody knows which one counts. */
function saidOnce(
  said: SoundPart["said"],
  { documents, errors }: { documents: readonly KindDocument[]; errors: readonly Diagnostic[] },
): SoundPart["said"] {
  if (!errors.some(({ code }) => code === "duplicate-name")) return said;
  const named = Map.groupBy(documents, (one) => `${one.kind} ${nameOf(one) ?? ""}`);
  const once = <T>(kind: KindName, entries: ReadonlyMap<string, T>): ReadonlyMap<string, T> =>
    new Map([...entries].filter(([name]) => named.get(`${kind} ${name}`)?.length === 1));
  return {
    apps: once("App", said.apps),
    sites: once("Site", said.sites),
    regions: once("Region", said.regions),
    virtualSites: once("VirtualSite", said.virtualSites),
  };
}

/**
 * Whether a file with a mistake has a name in it, or may have: nobody can read it, or it has escapes that may stand for
 * letters. What is asked of many names is read once.
 */
function namedIn({ all }: FleetFiles, errors: readonly Diagnostic[]): (name: string) => boolean {
  let words: ReadonlySet<string> | "any" | undefined;
  return (name) => {
    words ??= wordsIn(all, new Set(errors.map(({ file }) => file)));
    return words === "any" || words.has(name);
  };
}

/** All that may be a name in some of the files. */
function wordsIn(
  all: readonly SourceFile[],
  mistaken: ReadonlySet<string>,
): ReadonlySet<string> | "any" {
  const paths = new Set(mistaken);
  paths.delete(nowhere().file);
  const files = all.filter(({ path }) => paths.has(path));
  if (files.length < paths.size) return "any";
  if (files.some(({ text }) => /\\[xuU\r\n]/.test(text))) return "any";
  return new Set(files.flatMap(({ text }) => text.match(/[a-z0-9-]+/g) ?? []));
}

/** Each error belongs to the last document of its file that begins before it. */
function documentsWithErrors(
  documents: readonly KindDocument[],
  errors: readonly Diagnostic[],
): ReadonlySet<YamlDocument> {
  const byFile = Map.groupBy(documents, ({ document }) => document.file);
  const found = new Set<YamlDocument>();
  for (const error of errors) {
    const own = byFile.get(error.file) ?? [];
    const owner = own[Math.max(0, countBefore(own, error) - 1)];
    if (owner !== undefined) found.add(owner.document);
  }
  return found;
}

/** How many of a file's documents, which are in order, begin before a place. */
function countBefore(documents: readonly KindDocument[], place: Place): number {
  let [low, high] = [0, documents.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const start = documents[middle]?.document.at([]);
    if (start !== undefined && !isBehind(start, place)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isBehind(start: Place, { line, column }: Place): boolean {
  return start.line > line || (start.line === line && start.column > column);
}

/**
 * The app without what it says of virtual sites that are not known. Where an overlay's are not, nobody can say which
 * overlays hold where, so only the app's manifests are left of it.
 */
function withKnownSites(app: App, known: ReadonlyMap<string, unknown>): App {
  const { placement, overlays = [] } = app.spec;
  const isKnown = (name: string): boolean => known.has(name);
  const areOverlaysKnown = overlays.every(({ virtualSites }) => virtualSites.every(isKnown));
  const virtualSites = areOverlaysKnown ? placement.virtualSites.filter(isKnown) : [];
  const kept = areOverlaysKnown ? overlays : [];
  return { ...app, spec: { ...app.spec, placement: { virtualSites }, overlays: kept } };
}

/** Where a profile is not known, nobody can say what is rendered by what takes one. */
function profilesAreKnown(
  draft: FleetDraft,
  profiles: ReadonlyMap<string, Located<Profile>>,
  virtualSites: ReadonlyMap<string, unknown>,
): (taken: string | undefined) => boolean {
  const declared = draft.declared.get("Profile");
  const areKnown =
    profiles.size === (declared?.size ?? 0) &&
    [...profiles.values()].every(({ value }) =>
      (value.spec.overlays ?? []).every((overlay) =>
        (overlay.virtualSites ?? []).every((name) => virtualSites.has(name)),
      ),
    );
  return (taken) => areKnown || taken === undefined;
}

/** Where an App says its manifests are; its name is the key where it has one of its own. */
function sourceOf(one: KindDocument, index: number): { key: string; manifests?: string } {
  const { value } = one.document;
  const spec = isJsonObject(value) ? value["spec"] : undefined;
  const source = isJsonObject(spec) ? spec["source"] : undefined;
  const manifests = isJsonObject(source) ? source["manifests"] : undefined;
  const key = nameOf(one) ?? `#${index}`;
  return typeof manifests === "string" ? { key, manifests } : { key };
}

const nowhere = (): Place => ({ file: ".", line: 0, column: 0 });

/** Stands in for a Fleet that cannot be read: what is rendered is looked over and thrown away. */
const noFleet: Located<Fleet> = {
  value: { apiVersion, kind: "Fleet", metadata: { name: "fleet" }, spec: {} },
  file: ".",
  at: nowhere,
  keyAt: nowhere,
  textAt: nowhere,
};
