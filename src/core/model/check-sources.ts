import { isInSource, manifestFiles, nearestSource, sourcePath } from "./app-sources.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { errorAt, type Finding, type FleetDraft } from "./fleet-draft.ts";
import type { FleetFiles } from "./read-fleet-files.ts";

/** Sources that leave the repository, do not exist, or hold no manifest. */
export function checkSources(draft: FleetDraft, read: FleetFiles): Diagnostic[] {
  return [...draft.apps.values()].flatMap(({ value, document }) => {
    const finding = sourceFinding(value.spec.source.manifests, read);
    if (finding === undefined) return [];
    return errorAt(document.at(["spec", "source", "manifests"]), finding);
  });
}

function sourceFinding(written: string, { all, others }: FleetFiles): Finding | undefined {
  const code = "missing-source";
  const source = sourcePath(written);
  if (!source.ok) return { code, message: source.message, hint: source.hint };
  if (manifestFiles(source.path, others).length > 0) return undefined;
  if (all.some(({ path }) => isInSource(source.path, path))) {
    const message = `"${written}" holds no manifest`;
    const hint =
      "manifests are .yaml, .yml and .json files without Flotilla's own kinds, not ignored by the Fleet";
    return { code, message, hint };
  }
  const near = nearestSource(source.path, others);
  const hint =
    near === undefined ? "write a path from the root of the repository" : `did you mean "${near}"?`;
  return { code, message: `there is no file or folder "${written}"`, hint };
}
