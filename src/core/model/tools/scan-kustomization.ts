/**
 * Walks a kustomization as kustomize does, without running anything: which files it reads, and what it must not do. Every
 * reference has to lead to a file or folder of the repository; fields that are not known here are refused, since
 * nobody has looked whether they reach out.
 */
import { closestName } from "../closest-name.ts";
import type { Diagnostic, DiagnosticCode } from "../diagnostic.ts";
import { errorAt } from "../fleet-draft.ts";
import type { Place, SourceFile } from "../fleet-model.ts";
import { isJsonObject, type Json, type JsonObject } from "../json.ts";
import { parseYaml, type YamlDocument } from "../parse-yaml.ts";
import { shortText } from "../short-text.ts";
import type { FieldPath } from "../yaml-places.ts";
import { type FileIndex, resolveInside } from "./file-index.ts";
import {
  otherKeys,
  fieldUses,
  otherLineBreak,
  pathKeys,
  pluginFields,
} from "./kustomization-fields.ts";

const kustomizationNames = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
const maxFolders = 500;

interface Scan {
  readonly index: FileIndex;
  readonly files: Map<string, SourceFile>;
  readonly folders: Set<string>;
  /** Folders of plugins' configuration that were looked over: they may name each other. */
  readonly pluginFolders: Set<string>;
  readonly diagnostics: Diagnostic[];
  /** The kustomizations looked over gather plugins. */
  readonly isOfPlugins?: boolean;
}

/** A document of the kustomization with its folder: what its references start from. */
interface Part {
  readonly folder: string;
  readonly document: Pick<YamlDocument, "value" | "tagged" | "at" | "keyAt">;
}

/** The files that a kustomization reads, and everything that forbids to run it. */
export function scanKustomization(
  folder: string,
  index: FileIndex,
  at: Place,
): { readonly files: readonly SourceFile[]; readonly diagnostics: readonly Diagnostic[] } {
  const scan: Scan = {
    index,
    files: new Map(),
    folders: new Set(),
    pluginFolders: new Set(),
    diagnostics: [],
  };
  visitFolder(scan, folder, at);
  return { files: [...scan.files.values()], diagnostics: scan.diagnostics };
}

function tell(scan: Scan, place: Place, [code, message, hint]: Told): void {
  scan.diagnostics.push(errorAt(place, { code, message, ...(hint === undefined ? {} : { hint }) }));
}

type Told = readonly [code: DiagnosticCode, message: string, hint?: string];

function visitFolder(scan: Scan, folder: string, from: Place): void {
  if (scan.folders.has(folder)) return;
  scan.folders.add(folder);
  if (scan.folders.size > maxFolders) {
    return tell(scan, from, ["unsafe-source", `it is made of more than ${maxFolders} folders`]);
  }
  const named = kustomizationNames.map((name) => (folder === "" ? name : `${folder}/${name}`));
  const found = named.flatMap((path) => scan.index.byPath.get(path) ?? []);
  const [file] = found;
  if (file === undefined) {
    const hint = "name the folder of a kustomization.yaml";
    return tell(scan, from, ["missing-source", `"${folder}" holds no kustomization.yaml`, hint]);
  }
  for (const one of found) addFile(scan, one, from);
  if (file.leftOut === undefined) visitKustomization(scan, folder, file);
}

function visitKustomization(scan: Scan, folder: string, file: SourceFile): void {
  const parsed = parseYaml(file);
  scan.diagnostics.push(...parsed.diagnostics);
  const [document, ...others] = parsed.documents;
  if (document === undefined || parsed.diagnostics.length > 0) return;
  if (others.length > 0 || !isJsonObject(document.value)) {
    return tell(scan, document.at([]), ["tool-refused", "a kustomization is one mapping"]);
  }
  if (readsOtherwise(scan, document, file.text)) return;
  for (const field of Object.keys(document.value)) visitField(scan, { folder, document }, field);
}

/** True, and told, where kustomize reads something else there. */
function readsOtherwise(scan: Scan, document: Part["document"], text: string): boolean {
  const [tagged] = document.tagged;
  if (tagged !== undefined) {
    const told = "a tag makes something else of what stands here";
    tell(scan, document.at(tagged.path), [
      "unsafe-source",
      told,
      "write the text itself, without a tag",
    ]);
  }
  const hasOtherBreak = otherLineBreak.test(text);
  if (hasOtherBreak) {
    const told =
      "it has a character that ends a line for kustomize alone (U+000D, U+0085, U+2028, U+2029)";
    tell(scan, document.at([]), ["unsafe-source", told, "take it out"]);
  }
  return tagged !== undefined || hasOtherBreak;
}

function unknownField(field: string): Told {
  const readable = Object.keys(fieldUses).filter((each) => fieldUses[each] !== "forbidden");
  const near = closestName(field, readable);
  const message = `a kustomization has no field "${field}"`;
  if (near === undefined) return ["tool-refused", message];
  return ["tool-refused", message, `did you mean "${near}"?`];
}

function visitField(scan: Scan, part: Part, field: string): void {
  const use = Object.hasOwn(fieldUses, field) ? fieldUses[field] : undefined;
  const { document } = part;
  if (use === undefined) return tell(scan, document.keyAt([field]), unknownField(field));
  if (scan.isOfPlugins === true && !pluginFields.has(field)) {
    const message = `${field} may change plugins in a folder of them`;
    const hint = "write the plugins as they are to be, and name them in `resources`";
    return tell(scan, document.keyAt([field]), ["unsafe-source", message, hint]);
  }
  if (use === "forbidden") {
    const message = `${field} fetches charts or runs programs`;
    const hint = "give the chart an App of its own, with `source.chart`";
    return tell(scan, document.keyAt([field]), ["unsafe-source", message, hint]);
  }
  if (use === "entries") visitEntries(scan, part, [field]);
  else if (use !== "plain") visitTexts(scan, part, { field, use });
}

/** Patches and plugins may stand in the list themselves. */
function visitTexts(
  scan: Scan,
  part: Part,
  { field, use }: { field: string; use: "paths" | "patches" | "plugins" },
): void {
  for (const [path, text] of texts(scan, part, field)) {
    const isPlugin = use === "plugins";
    const isInline = use !== "paths" && (text.includes("\n") || text.startsWith("{"));
    if (!isInline) visitPath(scan, part, { path, text, isPlugin });
    else if (isPlugin) visitInline(scan, part, { path, text });
  }
}

/** The texts of a list; anything else in it is a mistake, for nobody knows what would be made of it. */
function texts(scan: Scan, { document }: Part, field: string): [FieldPath, string][] {
  const list = isJsonObject(document.value) ? document.value[field] : undefined;
  if (list === null || list === undefined) return [];
  const items = Array.isArray(list) ? (list as readonly Json[]) : [list]; // isArray loses the type of items
  return items.flatMap((item, index): [FieldPath, string][] => {
    const path = Array.isArray(list) ? [field, index] : [field];
    if (typeof item === "string") return [[path, item]];
    tell(scan, document.at(path), ["tool-refused", `${field} is a list of texts`]);
    return [];
  });
}

interface Reference {
  readonly path: FieldPath;
  readonly text: string;
  /** What it leads to configures generators or transformers. */
  readonly isPlugin?: boolean;
}

function visitPath(scan: Scan, part: Part, { path, text, isPlugin = false }: Reference): void {
  const place = part.document.at(path);
  const shown = isOfSecret(part, path) ? "that stands here" : `"${shortText(text)}"`;
  const problem = referenceProblem(text, shown);
  if (problem !== undefined) return tell(scan, place, problem);
  const target = resolveInside(part.folder, text);
  if (target === undefined) {
    return tell(scan, place, ["unsafe-source", `the path ${shown} leaves the repository`]);
  }
  const file = scan.index.byPath.get(target);
  if (file !== undefined) {
    addFile(scan, file, place);
    if (isPlugin) visitPluginFile(scan, file);
    return;
  }
  if (!scan.index.folders.has(target)) {
    const hint = "what a kustomization names has to be in the repository; dot-folders are not read";
    return tell(scan, place, ["missing-source", `there is no file or folder ${shown}`, hint]);
  }
  visitFolder(scan, target, place);
  if (isPlugin) visitPluginFolder(scan, target);
}

/** All that the kustomization there reads configures plugins. */
function visitPluginFolder(scan: Scan, folder: string): void {
  if (scan.pluginFolders.has(folder)) return;
  scan.pluginFolders.add(folder);
  const own = { files: new Map(), folders: new Set<string>(), diagnostics: [] };
  const inner: Scan = { ...scan, ...own, isOfPlugins: true };
  visitFolder(inner, folder, { file: folder, line: 0, column: 0 });
  for (const file of inner.files.values()) {
    if (!isKustomizationFile(file.path)) visitPluginFile(inner, file);
  }
  scan.diagnostics.push(...inner.diagnostics);
}

function isKustomizationFile(path: string): boolean {
  return kustomizationNames.includes(path.slice(path.lastIndexOf("/") + 1));
}

/** Whoever writes a literal in the wrong list writes a value there. */
function isOfSecret({ document: { value } }: Part, [field]: FieldPath): boolean {
  return (
    field === "secretGenerator" || (isJsonObject(value) && value["kind"] === "SecretGenerator")
  );
}

function referenceProblem(text: string, shown: string): Told | undefined {
  const hint = "bring it into the repository; `flotilla vendor` does";
  if (/^([/\\]|[A-Za-z]:[/\\])/.test(text)) {
    return ["unsafe-source", `the path ${shown} is absolute`, "name it from this folder"];
  }
  const first = text.trim().split("/")[0] ?? "";
  const isRemote = /[:?@]|\/\//.test(text) || /^github\.com$/i.test(first) || text !== text.trim();
  if (isRemote) return ["remote-reference", `${shown} is, or may be, on the network`, hint];
  return undefined;
}

function addFile(scan: Scan, file: SourceFile, from: Place): void {
  if (file.leftOut !== undefined) {
    return tell(scan, from, ["unsafe-source", `${file.path}: ${file.leftOut}`]);
  }
  scan.files.set(file.path, file);
}

function visitPluginFile(scan: Scan, file: SourceFile): void {
  const folder = file.path.slice(0, Math.max(0, file.path.lastIndexOf("/")));
  visitPlugins(scan, { folder, file });
}

/** `at`: the place of all of it, where it stands inside another file. */
function visitPlugins(
  scan: Scan,
  { folder, file, at }: { folder: string; file: SourceFile; at?: Place },
): void {
  const { documents, diagnostics } = parseYaml(file);
  if (diagnostics.length > 0) {
    scan.diagnostics.push(...diagnostics.map((each) => ({ ...each, ...at })));
    return;
  }
  for (const document of documents) {
    const here = {
      value: document.value,
      tagged: document.tagged,
      at: (path: FieldPath) => at ?? document.at(path),
      keyAt: (path: FieldPath) => at ?? document.keyAt(path),
    };
    if (!readsOtherwise(scan, here, file.text)) visitPlugin(scan, { folder, document: here });
  }
}

/** Only what is built into kustomize; anything else is a program. */
function visitPlugin(scan: Scan, part: Part): void {
  const { value, at } = part.document;
  if (!isJsonObject(value)) return tell(scan, at([]), ["tool-refused", "it configures no plugin"]);
  const { apiVersion, kind } = value;
  const isOwn = apiVersion === "builtin" && kind !== "HelmChartInflationGenerator";
  const isKustomization = kind === "Kustomization" || kind === "Component";
  if (isFunction(value) || !(isOwn || isKustomization)) {
    const what = typeof kind === "string" ? kind : "it";
    const hint = "use what is built into kustomize (`apiVersion: builtin`)";
    return tell(scan, at([]), ["unsafe-source", `${what} runs a program`, hint]);
  }
  if (isOwn) visitEntries(scan, part, []);
}

function isFunction({ metadata }: JsonObject): boolean {
  const annotations = isJsonObject(metadata) ? metadata["annotations"] : undefined;
  const keys = isJsonObject(annotations) ? Object.keys(annotations) : [];
  return keys.some((key) => key.endsWith("/function"));
}

/** Texts behind a key that names files, however deep; the content of patches is not looked into. */
function visitEntries(scan: Scan, part: Part, path: FieldPath): void {
  const value = valueAt(part.document.value, path);
  if (Array.isArray(value)) {
    for (const index of value.keys()) visitEntries(scan, part, [...path, index]);
    return;
  }
  if (!isJsonObject(value)) return;
  for (const [key, inner] of Object.entries(value)) {
    const here = [...path, key];
    if (otherKeys.test(key)) continue;
    if (!pathKeys.test(key)) visitEntries(scan, part, here);
    else
      visitNamed(scan, part, {
        path: here,
        value: inner,
        holdsKeys: /^files$/iu.test(key),
      });
  }
}

function visitNamed(
  scan: Scan,
  part: Part,
  { path, value, holdsKeys }: { path: FieldPath; value: Json; holdsKeys: boolean },
): void {
  if (Array.isArray(value)) {
    for (const [index, item] of (value as readonly Json[]).entries()) {
      visitNamed(scan, part, { path: [...path, index], value: item, holdsKeys });
    }
  } else if (typeof value === "string" && value !== "") {
    // `files` may give a file another name: `name=path`.
    const text = holdsKeys ? value.slice(value.indexOf("=") + 1) : value;
    visitPath(scan, part, { path, text });
  } else if (isJsonObject(value)) visitEntries(scan, part, path);
}

function visitInline(scan: Scan, part: Part, { path, text }: Reference): void {
  const place = part.document.at(path);
  visitPlugins(scan, { folder: part.folder, file: { path: place.file, text }, at: place });
}

function valueAt(root: Json, path: FieldPath): Json | undefined {
  let value: Json | undefined = root;
  for (const step of path) {
    if (Array.isArray(value)) value = (value as readonly Json[])[Number(step)];
    else value = isJsonObject(value) ? value[step] : undefined;
  }
  return value;
}
