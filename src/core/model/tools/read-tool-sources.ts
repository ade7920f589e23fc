import type { FleetDraft } from "../fleet-draft.ts";
import type { FleetFiles } from "../read-fleet-files.ts";
import { type FileIndex, indexFiles } from "./file-index.ts";
import { type ReadToolSource, readToolSource, toolOf, type ToolSource } from "./tool-source.ts";

/** The kustomizations and charts of all Apps that have one, by App, with their mistakes. */
export function readToolSources(
  draft: FleetDraft,
  read: FleetFiles,
): ReadonlyMap<string, ReadToolSource> {
  const found = new Map<string, ReadToolSource>();
  let index: FileIndex | undefined;
  for (const [name, { value, document }] of draft.apps) {
    const { source } = value.spec;
    if (toolOf(source) === undefined) continue;
    index ??= indexFiles(read.all);
    const at = (path: readonly (string | number)[]) => document.at(["spec", "source", ...path]);
    found.set(name, readToolSource(source, index, at));
  }
  return found;
}

/** Those of them that may be rendered. */
export function foundSources(
  read: ReadonlyMap<string, ReadToolSource>,
): ReadonlyMap<string, ToolSource> {
  return new Map(
    [...read].flatMap(([name, { source }]) => (source === undefined ? [] : [[name, source]])),
  );
}
