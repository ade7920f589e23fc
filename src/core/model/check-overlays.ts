/** Rules of overlays that a schema cannot say. */
import type { Diagnostic } from "./diagnostic.ts";
import { errorAt } from "./fleet-draft.ts";
import type { Patch, Profile } from "./kinds.ts";
import type { YamlDocument } from "./parse-yaml.ts";
import type { FieldPath } from "./yaml-places.ts";

/** Mistakes in the overlays of an App or a Profile. */
export function checkOverlays(
  overlays: Profile["spec"]["overlays"],
  document: YamlDocument,
): Diagnostic[] {
  return (overlays ?? []).flatMap((overlay, index) => {
    const path = ["spec", "overlays", index];
    const patches = (overlay.patches ?? []).flatMap((patch, number) =>
      checkPatch(patch, document, [...path, "patches", number]),
    );
    const images = (overlay.images ?? []).flatMap(({ newName, newTag, digest }, number) => {
      if ((newName ?? newTag ?? digest) !== undefined) return [];
      const message = "an image change needs newName, newTag or digest";
      const place = document.at([...path, "images", number]);
      return errorAt(place, { code: "missing-field", message, hint: "add one of them" });
    });
    const pods = [
      ...needsOne(overlay.sidecars, ["containers", "initContainers", "volumes"]).map((number) => ({
        field: "sidecars",
        number,
        message: "a sidecar needs containers, initContainers or volumes",
      })),
      ...needsOne(overlay.resources, ["requests", "limits"]).map((number) => ({
        field: "resources",
        number,
        message: "a resource reservation needs requests or limits",
      })),
      ...needsOne(overlay.scheduling, ["nodeSelector", "tolerations"]).map((number) => ({
        field: "scheduling",
        number,
        message: "scheduling needs nodeSelector or tolerations",
      })),
    ].map(({ field, number, message }) => {
      const hint = "add one of them";
      const place = document.at([...path, field, number]);
      return errorAt(place, { code: "missing-field", message, hint });
    });
    return [...patches, ...images, ...pods];
  });
}

/** Positions of entries that have none of these fields. */
function needsOne<T extends object>(
  entries: readonly T[] | undefined,
  fields: readonly (keyof T)[],
): number[] {
  return [...(entries ?? []).entries()].flatMap(([number, entry]) =>
    fields.some((field) => entry[field] !== undefined) ? [] : number,
  );
}

function checkPatch(
  { merge, json, target }: Patch,
  document: YamlDocument,
  path: FieldPath,
): Diagnostic[] {
  if (merge === undefined && json === undefined) {
    const message = "a patch needs `merge` or `json`";
    const hint =
      "write a strategic merge patch under `merge`, or JSON 6902 operations under `json`";
    return [errorAt(document.at(path), { code: "missing-field", message, hint })];
  }
  if (merge !== undefined && json !== undefined) {
    const message = "`merge` and `json` exclude each other";
    const hint = "write two patches";
    return [errorAt(document.keyAt([...path, "json"]), { code: "invalid-value", message, hint })];
  }
  const needsTarget = target === undefined || Object.keys(target).length === 0;
  if (json === undefined) return needsTarget ? checkMergeNames(merge, document, path) : [];
  const noTarget = needsTarget
    ? [
        errorAt(document.keyAt([...path, "json"]), {
          code: "missing-field",
          message: "a `json` patch needs `target`",
          hint: "add `target` with the kind and name of the object",
        }),
      ]
    : [];
  return [
    ...noTarget,
    ...json.flatMap((operation, index) =>
      checkOperation(operation, document, [...path, "json", index]),
    ),
  ];
}

/** A merge patch without target names its own object. */
function checkMergeNames(
  merge: Patch["merge"],
  document: YamlDocument,
  path: FieldPath,
): Diagnostic[] {
  const metadata = merge?.["metadata"];
  const isNamed = typeof metadata === "object" && metadata !== null && "name" in metadata;
  if (isNamed && merge?.["apiVersion"] !== undefined && merge["kind"] !== undefined) return [];
  const message = "a `merge` patch without `target` must name its object";
  const hint = "add `target`, or apiVersion, kind and metadata.name to the patch";
  return [errorAt(document.keyAt([...path, "merge"]), { code: "missing-field", message, hint })];
}

function checkOperation(
  operation: NonNullable<Patch["json"]>[number],
  document: YamlDocument,
  path: FieldPath,
): Diagnostic[] {
  const { op } = operation;
  const needed = op === "move" || op === "copy" ? "from" : "value";
  if (op === "remove" || operation[needed] !== undefined) return [];
  const message = `the operation ${op} needs \`${needed}\``;
  return [
    errorAt(document.at(path), { code: "missing-field", message, hint: `add \`${needed}\`` }),
  ];
}
