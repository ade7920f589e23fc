/**
 * What an App's kustomization or chart is made of: in come the App's source and the files of the repository, out comes
 * everything that the tool may read, or what forbids to run it. Nothing outside the files is ever reached: a reference to
 * the network, to a program or out of the repository is a mistake with its place.
 */
import { createHash } from "node:crypto";
import { sourcePath } from "../app-sources.ts";
import { KnownNames } from "../closest-name.ts";
import type { Diagnostic } from "../diagnostic.ts";
import { errorAt } from "../fleet-draft.ts";
import type { Place, SourceFile } from "../fleet-model.ts";
import type { Source } from "../kinds/source.ts";
import { keptFor } from "../known-fleet.ts";
import { shortText } from "../short-text.ts";
import { type FileIndex, filesBelow } from "./file-index.ts";
import { scanChart } from "./scan-chart.ts";
import { scanKustomization } from "./scan-kustomization.ts";

/** The tools that render sources. */
export type Tool = "kustomize" | "helm";

/** A source that a tool renders. */
export interface ToolSource {
  readonly tool: Tool;
  /** The folder of the kustomization or chart, from the root of the repository. */
  readonly path: string;
  /** All that the tool gets to see, sorted by path. */
  readonly files: readonly SourceFile[];
  /** sha256 (hex) over paths and contents of the files. */
  readonly digest: string;
  /** Files of values, in their order. */
  readonly valuesFiles: readonly string[];
}

/** The field of a source that says where it is, and what it says. */
export interface WrittenSource {
  readonly field: "manifests" | "kustomize" | "chart";
  readonly path: string;
}

/** Where a source is; the rule that exactly one field says so is checked elsewhere. */
export function writtenSource(source: Source): WrittenSource {
  const { manifests, kustomize, chart } = source;
  if (kustomize !== undefined) return { field: "kustomize", path: kustomize };
  if (chart !== undefined) return { field: "chart", path: chart };
  return { field: "manifests", path: manifests ?? "" };
}

/** The tool that renders a source; undefined for plain manifests. */
export function toolOf({ kustomize, chart }: Source): Tool | undefined {
  if (kustomize !== undefined) return "kustomize";
  return chart === undefined ? undefined : "helm";
}

/** A source with what is wrong with it; `source` is undefined where there is nothing to render. */
export interface ReadToolSource {
  readonly source?: ToolSource;
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads the kustomization or chart of an App; `at` gives places within `spec.source`. */
export function readToolSource(
  source: Source,
  index: FileIndex,
  at: (path: readonly (string | number)[]) => Place,
): ReadToolSource {
  const written = writtenSource(source);
  const found = sourcePath(written.path);
  const missing = (path: readonly (string | number)[], message: string, hint: string) => ({
    diagnostics: [errorAt(at(path), { code: "missing-source", message, hint })],
  });
  if (!found.ok) return missing([written.field], found.message, found.hint);
  const { path } = found;
  const own = filesBelow(index, path);
  if (own.length === 0) {
    const hint = hintOf(foldersOf(index), path, "folder");
    return missing([written.field], `there is no folder "${shortText(written.path)}"`, hint);
  }
  if (written.field === "kustomize") {
    const scanned = scanKustomization(path, index, at(["kustomize"]));
    const { files } = scanned;
    return result({ tool: "kustomize", path, files, valuesFiles: [] }, scanned.diagnostics);
  }
  const values = valuesFiles(source.helm?.valuesFiles ?? [], index, (position) =>
    at(["helm", "valuesFiles", position]),
  );
  const scanned = scanChart(path, own, {
    at: at(["chart"]),
    skipsSchemas: source.helm?.skipSchemaValidation === true,
  });
  const files = new Map([...own, ...values.files].map((file) => [file.path, file]));
  const named = values.files.map((file) => file.path);
  const chart = { tool: "helm", path, files: [...files.values()], valuesFiles: named } as const;
  return result(chart, [...scanned.diagnostics, ...values.diagnostics]);
}

const foldersOf = keptFor(({ folders }: FileIndex) => new KnownNames(folders));
const filesOf = keptFor(({ byPath }: FileIndex) => new KnownNames(byPath.keys()));

/** What to write for a path that does not lead to one. */
function hintOf(known: KnownNames, path: string, one: "file" | "folder"): string {
  const near = known.all.has(path) ? undefined : known.closest(path);
  return near === undefined
    ? `write the ${one}'s path from the root of the repository`
    : `did you mean "${shortText(near)}"?`;
}

function result(
  source: Omit<ToolSource, "digest">,
  diagnostics: readonly Diagnostic[],
): ReadToolSource {
  if (diagnostics.length > 0) return { diagnostics };
  const files = source.files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  return { source: { ...source, files, digest: digestOf(files) }, diagnostics: [] };
}

function digestOf(files: readonly SourceFile[]): string {
  const hash = createHash("sha256");
  for (const { path, text, isBinary = false } of files) {
    hash.update(JSON.stringify([path, isBinary, text.length])).update(text);
  }
  return hash.digest("hex");
}

function valuesFiles(
  written: readonly string[],
  index: FileIndex,
  at: (position: number) => Place,
): { readonly files: readonly SourceFile[]; readonly diagnostics: readonly Diagnostic[] } {
  const files: SourceFile[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const [position, each] of written.entries()) {
    const found = sourcePath(each);
    const file = found.ok ? index.byPath.get(found.path) : undefined;
    if (file?.leftOut === undefined && file !== undefined) files.push(file);
    else {
      const message = found.ok
        ? (file?.leftOut ?? `there is no file "${shortText(each)}"`)
        : found.message;
      const hint = hintOf(filesOf(index), found.ok ? found.path : each, "file");
      diagnostics.push(errorAt(at(position), { code: "missing-source", message, hint }));
    }
  }
  return { files, diagnostics };
}
