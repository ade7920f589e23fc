/**
 * Which files and documents of a repository are Flotilla's. All text files in; the documents of its kinds, what was
 * meant to be one but is mistaken, and the manifests of every app out. The kind decides, never the folder.
 */
import { hasDotPart, manifestFiles, sourcePath } from "./app-sources.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { errorAt } from "./fleet-draft.ts";
import type { SourceFile } from "./fleet-model.ts";
import { identifyDocument, mentionsFlotilla } from "./identify-document.ts";
import { createIgnore } from "./ignored-files.ts";
import { isJsonObject, type Json } from "./json.ts";
import { keptFor, KnownFleet } from "./known-fleet.ts";
import type { KindName } from "./kinds.ts";
import { parseYaml, type YamlDocument } from "./parse-yaml.ts";
import { maxFleetFileLength } from "./yaml-limits.ts";

/** A document of one of Flotilla's kinds; it may be broken. */
export interface KindDocument {
  readonly kind: KindName;
  readonly document: YamlDocument;
}

export interface FleetFiles {
  /** The documents of each file that has some: the same list for the same file, and the same list of all for the same lists. */
  readonly byFile: readonly (readonly KindDocument[])[];
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
  const files = known.files(all);
  const readable = files.filter(({ problem }) => problem === undefined);
  const sorted = readable.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const candidates = sorted.filter(({ path }) => /\.ya?ml$/i.test(path) && !hasDotPart(path));
  const mentioning = candidates.filter(isMentioning).map(read);
  const isIgnored = createIgnore(ignorePatterns(mentioning));
  const kept = mentioning.filter(({ file, fleets }) => fleets.length > 0 || !isIgnored(file.path));
  const sources = [...kept.flatMap((each) => each.sources), ...chartFolders(sorted)];
  const isManifest = isInAny(new Set(sources));
  const mentioned = new Set(mentioning.map(({ file }) => file.path));
  const strays = candidates
    .filter(({ path }) => !mentioned.has(path) && !isIgnored(path) && !isManifest(path))
    .map(read);
  const mentioningOwn = kept.filter(
    ({ file, isFlotillas }) => isFlotillas || !isManifest(file.path),
  );
  const own = [...mentioningOwn, ...strays];
  const unreadable = files.filter(({ path, problem }) => problem !== undefined && !isIgnored(path));
  const ownPaths = new Set(
    own.filter(({ isFlotillas }) => isFlotillas).map(({ file }) => file.path),
  );
  const byFile = own.flatMap(({ documents }) => (documents.length === 0 ? [] : [documents]));
  return {
    byFile: known.documents(byFile),
    diagnostics: [
      ...unreadable.map(unreadableFile),
      ...own.flatMap(({ diagnostics }) => diagnostics),
      ...mentioningOwn
        .filter(({ file, isFlotillas }) => isFlotillas && isManifest(file.path))
        .flatMap(({ file }) => mixedDocuments(file)),
      ...sorted
        .filter(({ path }) => !isIgnored(path) && !isManifest(path))
        .flatMap((file) => kindsInJson(file)),
    ],
    mistaken: new Set([
      ...own.flatMap(({ mistaken }) => mistaken),
      ...(unreadable.length > 0 ? (["unknown"] as const) : []),
    ]),
    all: sorted,
    others: sorted.filter(({ path }) => !ownPaths.has(path) && !isIgnored(path)),
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

/** True for paths in one of these sources. */
function isInAny(sources: ReadonlySet<string>): (path: string) => boolean {
  return (path) => {
    if (sources.has(path) || sources.has("")) return true;
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
      if (sources.has(path.slice(0, end))) return true;
    }
    return false;
  };
}

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
  const own = identities.flatMap(({ document, identity }) =>
    identity.is === "kind" ? { kind: identity.kind, document } : [],
  );
  const isFlotillas = own.length > 0 || mistakes.length > 0;
  const isUnreadable =
    (documents.length === 0 && diagnostics.length > 0) ||
    identities.some(({ document, identity }) => document.isBroken && identity.is === "other");
  return {
    file,
    documents: own,
    diagnostics: [
      ...diagnostics.map((diagnostic) => withIgnoreHint(diagnostic, isFlotillas)),
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
function unreadableFile({ path, problem = "" }: SourceFile): Diagnostic {
  return errorAt(
    { file: path, line: 0, column: 0 },
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

function ignorePatterns(read: readonly ReadFile[]): string[] {
  const [fleet] = read.flatMap(({ fleets }) => fleets);
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
