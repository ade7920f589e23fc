/**
 * Which files and documents of a repository are Flotilla's. All text files in; the documents of its kinds, what was
 * meant to be one but is mistaken, and the manifests of every app out. The kind decides, never the folder.
 */
import { hasDotPart, manifestFiles, sourcePath } from "./app-sources.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { errorAt } from "./fleet-draft.ts";
import type { FileBlock } from "./file-blocks.ts";
import type { SourceFile } from "./fleet-model.ts";
import { identifyDocument, mentionsFlotilla } from "./identify-document.ts";
import { createIgnore } from "./ignored-files.ts";
import { isJsonObject, type Json } from "./json.ts";
import { KeptResults } from "./kept-results.ts";
import { keptFor, KnownFleet } from "./known-fleet.ts";
import type { KindName } from "./kinds.ts";
import { parseYaml, type YamlDocument } from "./parse-yaml.ts";
import { taggedValues } from "./tagged-values.ts";
import { maxFleetFileLength } from "./yaml-limits.ts";

/** A document of one of Flotilla's kinds; it may be broken. */
export interface KindDocument {
  readonly kind: KindName;
  readonly document: YamlDocument;
}

export interface FleetFiles {
  /**
   * The documents of each block of files that has some: the same list for the same ones, and the same list of all for the same
   * lists.
   */
  readonly byBlock: readonly (readonly KindDocument[])[];
  readonly diagnostics: readonly Diagnostic[];
  /** Kinds that mistaken documents most likely mean; `unknown`: a document that could not be read at all. */
  readonly mistaken: ReadonlySet<KindName | "unknown">;
  /** All files that could be read, in the order of their paths. */
  readonly all: readonly SourceFile[];
  /** Files that are neither Flotilla's nor ignored, in the order of their paths: where manifests are looked for. */
  readonly others: readonly SourceFile[];
}

/** One file, read: its documents sorted into Flotilla's and others. */
interface ReadFile {
  readonly file: SourceFile;
  readonly documents: readonly KindDocument[];
  readonly diagnostics: readonly Diagnostic[];
  readonly mistaken: readonly (KindName | "unknown")[];
  /** True when it holds something that is Flotilla's, or is meant to be. */
  readonly isFlotillas: boolean;
  readonly fleets: readonly KindDocument[];
  /** Where its Apps come from. */
  readonly sources: readonly string[];
}

/** Reads the files of a repository; `all` may come in any order. What `known` has is not parsed again. */
export function readFleetFiles(
  all: readonly SourceFile[],
  known: KnownFleet = new KnownFleet(),
): FleetFiles {
  const read = known.blocks(all).map(readBlock);
  const patterns = ignorePatterns(read.flatMap(({ fleets }) => fleets));
  const isIgnored = ignoring(known.paths("ignored", patterns));
  const sources = read.flatMap((block) => sourcesIn(block, isIgnored));
  const isManifest = isInAny(known.paths("sources", sources));
  const sorted = read.map((block) => sortedFiles(block, isIgnored, isManifest));
  const byBlock = [
    ...sorted.map(({ documents }) => documents),
    ...sorted.map(({ strayDocuments }) => strayDocuments),
  ];
  return {
    byBlock: known.documents(byBlock.filter((documents) => documents.length > 0)),
    diagnostics: sorted.flatMap(({ diagnostics }) => diagnostics),
    mistaken: new Set(sorted.flatMap(({ mistaken }) => mistaken)),
    all: read.flatMap(({ files }) => files),
    others: sorted.flatMap(({ others }) => others),
  };
}

/** What is found of a block whatever others there are. */
interface ReadBlock {
  /** Those that could be read. */
  readonly files: readonly SourceFile[];
  readonly unreadable: readonly SourceFile[];
  /** Files that may hold Flotilla's kinds, and others in which something may be meant to be one. */
  readonly mentioning: readonly ReadFile[];
  readonly strays: readonly SourceFile[];
  readonly fleets: readonly KindDocument[];
  /** Folders of charts. */
  readonly charts: readonly string[];
}

const readBlock = keptFor((block: FileBlock): ReadBlock => {
  const files = block.filter(({ problem }) => problem === undefined);
  const candidates = files.filter(({ path }) => /\.ya?ml$/i.test(path) && !hasDotPart(path));
  const mentioning = candidates.filter(isMentioning).map(read);
  return {
    files,
    unreadable: block.filter(({ problem }) => problem !== undefined),
    mentioning,
    strays: candidates.filter((file) => !isMentioning(file)),
    fleets: mentioning.flatMap(({ fleets }) => fleets),
    charts: chartFolders(files),
  };
});

type PathTest = (path: string) => boolean;

/** Of these blocks, what is not ignored. A Fleet says what is, so it is not. */
function keptIn({ mentioning }: ReadBlock, isIgnored: PathTest): readonly ReadFile[] {
  return mentioning.filter(({ file, fleets }) => fleets.length > 0 || !isIgnored(file.path));
}

const keptSources = new KeptResults<ReadBlock, readonly string[]>();

function sourcesIn(block: ReadBlock, isIgnored: PathTest): readonly string[] {
  return keptSources.get(block, [isIgnored], () => [
    ...keptIn(block, isIgnored).flatMap(({ sources }) => sources),
    ...block.charts,
  ]);
}

/** A block, sorted into what is Flotilla's and what is not. */
interface SortedBlock extends Pick<FleetFiles, "diagnostics" | "others"> {
  /** The same list for the same documents. */
  readonly documents: readonly KindDocument[];
  readonly strayDocuments: readonly KindDocument[];
  readonly mistaken: readonly (KindName | "unknown")[];
}

const keptSorted = new KeptResults<ReadBlock, SortedBlock>();

function sortedFiles(block: ReadBlock, isIgnored: PathTest, isManifest: PathTest): SortedBlock {
  return keptSorted.get(block, [isIgnored, isManifest], () =>
    sortFiles(block, isIgnored, isManifest),
  );
}

const keptDocuments = new KeptResults<KindDocument, readonly KindDocument[]>();

/** The same list for the same documents, whatever other files have changed beside theirs. */
function sameDocuments(documents: readonly KindDocument[]): readonly KindDocument[] {
  const [first, ...others] = documents;
  return first === undefined ? documents : keptDocuments.get(first, others, () => documents);
}

function sortFiles(block: ReadBlock, isIgnored: PathTest, isManifest: PathTest): SortedBlock {
  const mentioning = keptIn(block, isIgnored).filter(
    ({ file, isFlotillas }) => isFlotillas || !isManifest(file.path),
  );
  const strays = block.strays.filter(({ path }) => !isIgnored(path) && !isManifest(path)).map(read);
  const own = [...mentioning, ...strays];
  const unreadable = block.unreadable.filter(({ path }) => !isIgnored(path));
  const ownPaths = new Set(
    own.filter(({ isFlotillas }) => isFlotillas).map(({ file }) => file.path),
  );
  const documents = mentioning.flatMap((file) => file.documents);
  const inJson = block.files
    .filter(({ path }) => !isIgnored(path) && !isManifest(path))
    .flatMap((file) => kindsInJson(file));
  return {
    documents: sameDocuments(documents),
    strayDocuments: strays.flatMap((file) => file.documents),
    diagnostics: [
      ...unreadable.map(unreadableFile),
      ...own.flatMap(({ diagnostics }) => diagnostics),
      ...mentioning
        .filter(({ file, isFlotillas }) => isFlotillas && isManifest(file.path))
        .flatMap(({ file }) => mixedDocuments(file)),
      ...inJson,
    ],
    mistaken: [
      ...own.flatMap(({ mistaken }) => mistaken),
      ...(unreadable.length + inJson.length > 0 ? (["unknown"] as const) : []),
    ],
    others: block.files.filter(({ path }) => !ownPaths.has(path) && !isIgnored(path)),
  };
}

/** The manifests of a source, for the check that it has some. */
export function manifestsOf(
  written: string | undefined,
  others: readonly SourceFile[],
): SourceFile[] {
  if (written === undefined) return [];
  const source = sourcePath(written);
  return source.ok ? manifestFiles(source.path, others) : [];
}

// The same test for the same list: what was found with it is found again.

const ignoring = keptFor(createIgnore);

/** True for paths in one of these sources. */
const isInAny = keptFor((folders: readonly string[]): PathTest => {
  const sources = new Set(folders);
  return (path) => {
    if (sources.has(path) || sources.has("")) return true;
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
      if (sources.has(path.slice(0, end))) return true;
    }
    return false;
  };
});

const isMentioning = keptFor(({ text }: SourceFile) => mentionsFlotilla(text));
const read = keptFor(readFile);

function readFile(file: SourceFile): ReadFile {
  if (file.text.length > maxFleetFileLength) return tooLong(file);
  const { documents, diagnostics } = parseYaml(file);
  const identities = documents.map((document) => ({
    document,
    identity: identifyDocument(document),
  }));
  const mistakes = identities.flatMap(({ identity }) =>
    identity.is === "mistaken" ? identity : [],
  );
  const found = identities.flatMap(({ document, identity }) =>
    identity.is === "kind" ? { kind: identity.kind, document, tagged: taggedValues(document) } : [],
  );
  const own = found.map(({ kind, document, tagged }) => ({
    kind,
    document: tagged.length === 0 ? document : { ...document, isBroken: true },
  }));
  const isFlotillas = own.length > 0 || mistakes.length > 0;
  const isUnreadable =
    (documents.length === 0 && diagnostics.length > 0) ||
    identities.some(({ document, identity }) => document.isBroken && identity.is === "other");
  return {
    file,
    documents: own,
    diagnostics: [
      ...diagnostics.map((diagnostic) => withIgnoreHint(diagnostic, isFlotillas)),
      ...found.flatMap(({ tagged }) => tagged),
      // What a broken document seems to be may come of what breaks it, which is told.
      ...identities.flatMap(({ document, identity }) =>
        identity.is === "mistaken" && !document.isBroken ? identity.diagnostic : [],
      ),
    ],
    mistaken: [
      ...mistakes.map(({ meant }) => meant ?? "unknown"),
      ...(isUnreadable ? ["unknown" as const] : []),
    ],
    isFlotillas,
    fleets: own.filter(({ kind }) => kind === "Fleet"),
    sources: appSources(own),
  };
}

const ignoreHint = "if the file is not Flotilla's, name it in `ignore` of the Fleet";

function withIgnoreHint(diagnostic: Diagnostic, isFlotillas: boolean): Diagnostic {
  if (isFlotillas) return diagnostic;
  const hint = diagnostic.hint === undefined ? ignoreHint : `${diagnostic.hint}; ${ignoreHint}`;
  return { ...diagnostic, hint };
}

/** Whatever it declares would be missing, so it is a mistake wherever it stands. */
function unreadableFile({
  path,
  problem = "",
  problemAt = { line: 0, column: 0 },
}: SourceFile): Diagnostic {
  return errorAt(
    { file: path, ...problemAt },
    { code: "unreadable-file", message: problem, hint: ignoreHint },
  );
}

function tooLong(file: SourceFile): ReadFile {
  const diagnostic = errorAt(
    { file: file.path, line: 0, column: 0 },
    {
      code: "yaml-limit",
      message: "the file is larger than 1 MiB, which is more than Flotilla reads for its own kinds",
      hint: `split it; ${ignoreHint}`,
    },
  );
  const base = { file, documents: [], diagnostics: [diagnostic], fleets: [], sources: [] };
  return { ...base, mistaken: ["unknown"], isFlotillas: false };
}

function ignorePatterns([fleet]: readonly KindDocument[]): string[] {
  const patterns = specOf(fleet)?.["ignore"];
  if (!Array.isArray(patterns)) return [];
  return (patterns as readonly Json[]).filter((pattern) => typeof pattern === "string"); // isArray loses the type
}

function appSources(documents: readonly KindDocument[]): string[] {
  return documents
    .filter(({ kind }) => kind === "App")
    .flatMap((app) => {
      const source = specOf(app)?.["source"];
      return sourceFields.flatMap((field) => {
        const written = isJsonObject(source) ? source[field] : undefined;
        const path = typeof written === "string" ? sourcePath(written) : undefined;
        return path?.ok === true ? path.path : [];
      });
    });
}

const sourceFields = ["manifests", "kustomize", "chart"];

/** Folders of charts, whoever uses them: what lies there are templates, and no YAML yet. */
function chartFolders(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path }) =>
    path.endsWith("/Chart.yaml") ? path.slice(0, -"/Chart.yaml".length) : [],
  );
}

function specOf(document: KindDocument | undefined) {
  const value = document?.document.value;
  const spec = isJsonObject(value) ? value["spec"] : undefined;
  return isJsonObject(spec) ? spec : undefined;
}

/** Flotilla's kinds are read from YAML files only; one in a JSON file must not be passed over in silence. */
function kindsInJson(file: SourceFile): Diagnostic[] {
  const isCandidate = /\.json$/i.test(file.path) && !hasDotPart(file.path);
  if (!isCandidate || !isMentioning(file)) return [];
  if (file.text.length > maxFleetFileLength) return [];
  return parseYaml(file)
    .documents.filter((document) => identifyDocument(document).is !== "other")
    .map((document) =>
      errorAt(document.at([]), {
        code: "wrong-extension",
        message: "one of Flotilla's kinds stands in a .json file, where it is not read",
        hint: `name the file .yaml (JSON is YAML); ${ignoreHint}`,
      }),
    );
}

/** Inside an app's source, a file is Flotilla's or a manifest, not both. */
function mixedDocuments(file: SourceFile): Diagnostic[] {
  const { documents } = parseYaml(file);
  return documents
    .filter((document) => identifyDocument(document).is === "other")
    .map((document) =>
      errorAt(document.at([]), {
        code: "invalid-object",
        message: "a manifest stands in one file with Flotilla's own kinds, inside an app's source",
        hint: "move it to a file of its own",
      }),
    );
}
