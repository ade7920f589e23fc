import {
  filesInSource,
  hasDotPart,
  isInSource,
  manifestFiles,
  nearestSource,
  sourcePath,
} from "./app-sources.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { errorAt, type Finding, type FleetDraft, warningAt } from "./fleet-draft.ts";
import type { Place, SourceFile } from "./fleet-model.ts";
import type { Source } from "./kinds/source.ts";
import { keptFor } from "./known-fleet.ts";
import type { FleetFiles } from "./read-fleet-files.ts";
import { type ReadToolSource, toolOf, writtenSource } from "./tools/tool-source.ts";
import { shortText } from "./short-text.ts";

/** Sources that leave the repository, do not exist, hold no manifest, or are nothing that a tool may be run on. */
export function checkSources(
  draft: FleetDraft,
  read: FleetFiles,
  tools: ReadonlyMap<string, ReadToolSource>,
): Diagnostic[] {
  const { folder, apps: besideFleet, isTooHigh } = sourcesBesideFleet(draft, read);
  const found = [...draft.apps.values()].flatMap(({ value, document }) => {
    const { source } = value.spec;
    const beside = besideFleet.get(value.metadata.name);
    const isToldOnce = isTooHigh && beside !== undefined;
    const tool = tools.get(value.metadata.name);
    if (tool !== undefined) {
      const place = document.at(["spec", "source", writtenSource(source).field]);
      const told = isToldOnce ? [] : tool.diagnostics.map((one) => meantBeside(one, beside));
      return [...told, ...checkPinned(draft, source, place)];
    }
    if (source.manifests === undefined || isToldOnce) return []; // no field at all is told by checkRules
    const finding = sourceFinding(source.manifests, read);
    const place = document.at(["spec", "source", "manifests"]);
    if (finding !== undefined) return [meantBeside(errorAt(place, finding), beside)];
    const link = linkIn(source.manifests, read);
    return link === undefined ? [] : [warningAt(place, link)];
  });
  return [...(isTooHigh ? tooHigh(draft, folder) : []), ...found];
}

interface BesideFleet {
  /** Of the file of the Fleet. */
  readonly folder: string;
  /** Apps whose source is not there by its path from the root, but by the same path from that folder: where it is. */
  readonly apps: ReadonlyMap<string, string>;
  /** There are such Apps, and none whose source is there by its path from the root. */
  readonly isTooHigh: boolean;
}

function sourcesBesideFleet({ fleet, apps }: FleetDraft, { all }: FleetFiles): BesideFleet {
  const folder = fleet?.document.file.replace(/(^|\/)[^/]*$/, "") ?? "";
  const beside = new Map<string, string>();
  if (folder === "") return { folder, apps: beside, isTooHigh: false };
  const isThere = (path: string): boolean => filesInSource(path, all).length > 0;
  let isRoot = false;
  for (const { metadata, spec } of [...apps.values()].map(({ value }) => value)) {
    const source = sourcePath(writtenSource(spec.source).path);
    if (!source.ok || source.path === "") continue;
    const path = `${folder}/${source.path}`;
    if (isThere(source.path)) isRoot = true;
    else if (isThere(path)) beside.set(metadata.name, path);
  }
  return { folder, apps: beside, isTooHigh: beside.size > 0 && !isRoot };
}

/** What is told of a source that is not there, with where it is. */
function meantBeside(one: Diagnostic, path: string | undefined): Diagnostic {
  return path === undefined ? one : { ...one, hint: `did you mean "${shortText(path)}"?` };
}

/** Told once: every path of the fleet is meant from another folder. */
function tooHigh({ fleet }: FleetDraft, folder: string): Diagnostic[] {
  if (fleet === undefined) return [];
  const shown = shortText(folder);
  const message = `the Fleet lies in the folder "${shown}", and the sources of its Apps start there`;
  const hint = `name that folder as the one to read: DIR, or \`--dir\`, with ${shown} at its end`;
  return [errorAt(fleet.document.at([]), { code: "missing-source", message, hint })];
}

/** What a tool renders is the same everywhere only where its version is. */
function checkPinned({ fleet }: FleetDraft, source: Source, place: Place): Diagnostic[] {
  if (fleet === undefined) return [];
  const tool = toolOf(source);
  if (tool === undefined || fleet.value.spec.tools?.[tool] !== undefined) return [];
  const message = `the Fleet does not say which version of ${tool} renders this`;
  const hint = `write the version under \`tools.${tool}\` of the Fleet, as \`${tool} version\` tells it`;
  return [errorAt(place, { code: "unpinned-tool", message, hint })];
}

const submodulesIn = keptFor((files: readonly SourceFile[]) =>
  files.filter(({ isSubmodule }) => isSubmodule === true),
);

const linksIn = keptFor((files: readonly SourceFile[]) =>
  files.filter(({ isLink }) => isLink === true),
);

const isAround = (source: string, { path }: SourceFile): boolean => isInSource(path, source);

const isWithin = (source: string, { path }: SourceFile): boolean =>
  isInSource(source, path) && !hasDotPart(path.slice(source.length));

/** What lies in it would be missing. */
function submoduleIn(source: string, others: readonly SourceFile[]): Finding | undefined {
  const found = submodulesIn(others).find(
    (file) => isAround(source, file) || isWithin(source, file),
  );
  if (found === undefined) return undefined;
  return {
    code: "missing-source",
    message: `"${shortText(found.path)}" is a submodule, whose files are in another repository and are not read`,
    hint: "put the files there themselves, or name the submodule in `ignore` of the Fleet",
  };
}

/** It may lead to a folder of manifests, or to a file that is none. */
function linkIn(written: string, { others }: FleetFiles): Finding | undefined {
  const source = sourcePath(written);
  const found = source.ok ? linksIn(others).find((file) => isWithin(source.path, file)) : undefined;
  if (found === undefined) return undefined;
  return {
    code: "missing-source",
    message: `"${shortText(found.path)}" is a symbolic link, which is not followed: what it leads to is not read`,
    hint: "put the files there themselves, or name the link in `ignore` of the Fleet",
  };
}

function sourceFinding(written: string, { all, others }: FleetFiles): Finding | undefined {
  const code = "missing-source";
  const source = sourcePath(written);
  if (!source.ok) return { code, message: source.message, hint: source.hint };
  const submodule = submoduleIn(source.path, others);
  if (submodule !== undefined) return submodule;
  const link = linksIn(others).find((file) => isAround(source.path, file));
  if (link !== undefined) {
    const message = `"${shortText(link.path)}" is a symbolic link, which is not followed`;
    return { code, message, hint: "write the path of the folder that it leads to" };
  }
  if (manifestFiles(source.path, others).length > 0) return undefined;
  if (filesInSource(source.path, all).length > 0) {
    const message = `"${shortText(written)}" holds no manifest`;
    const hint =
      "manifests are .yaml, .yml and .json files without Flotilla's own kinds, not ignored by the Fleet";
    return { code, message, hint };
  }
  const near = nearestSource(source.path, others);
  const hint =
    near === undefined
      ? "write a path from the root of the repository; links, submodules, dot-folders and what git ignores are not read"
      : `did you mean "${shortText(near)}"?`;
  return { code, message: `there is no file or folder "${shortText(written)}"`, hint };
}
