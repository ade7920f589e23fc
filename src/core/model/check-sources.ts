import { filesInSource, manifestFiles, nearestSource, sourcePath } from "./app-sources.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { errorAt, type Finding, type FleetDraft } from "./fleet-draft.ts";
import type { Place } from "./fleet-model.ts";
import type { Source } from "./kinds/source.ts";
import type { FleetFiles } from "./read-fleet-files.ts";
import { type ReadToolSource, toolOf, writtenSource } from "./tools/tool-source.ts";
import { shortText } from "./short-text.ts";

/** Sources that leave the repository, do not exist, hold no manifest, or are nothing that a tool may be run on. */
export function checkSources(
  draft: FleetDraft,
  read: FleetFiles,
  tools: ReadonlyMap<string, ReadToolSource>,
): Diagnostic[] {
  return [...draft.apps.values()].flatMap(({ value, document }) => {
    const { source } = value.spec;
    const tool = tools.get(value.metadata.name);
    if (tool !== undefined) {
      const place = document.at(["spec", "source", writtenSource(source).field]);
      return [...tool.diagnostics, ...checkPinned(draft, source, place)];
    }
    if (source.manifests === undefined) return []; // told by checkRules
    const finding = sourceFinding(source.manifests, read);
    if (finding === undefined) return [];
    return errorAt(document.at(["spec", "source", "manifests"]), finding);
  });
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

function sourceFinding(written: string, { all, others }: FleetFiles): Finding | undefined {
  const code = "missing-source";
  const source = sourcePath(written);
  if (!source.ok) return { code, message: source.message, hint: source.hint };
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
      ? "write a path from the root of the repository"
      : `did you mean "${shortText(near)}"?`;
  return { code, message: `there is no file or folder "${shortText(written)}"`, hint };
}
