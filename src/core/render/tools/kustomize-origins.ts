import { isJsonObject } from "../../model/json.ts";
import { keyOf, type ObjectId, objectId } from "../../model/kube-object.ts";
import { resolveInside } from "../../model/tools/file-index.ts";
import type { ToolSource } from "../../model/tools/tool-source.ts";
import type { ToolObject } from "./tool-output.ts";

const originAnnotation = "config.kubernetes.io/origin";

/** Folders side by side: the files of a source, and a kustomization around its own that has origins told. */
export const treeFolder = "tree";
export const originsFolder = "origins";

/** The text of the latter. */
export function originsKustomization(path: string): string {
  const resources = [path === "" ? `../${treeFolder}` : `../${treeFolder}/${path}`];
  return JSON.stringify({ resources, buildMetadata: ["originAnnotations"] });
}

/** The file of each object whose origin kustomize tells and the source has. */
export function originFiles(
  source: ToolSource,
  objects: readonly ToolObject[],
): ReadonlyMap<ObjectId, string> {
  const known = new Set(source.files.map(({ path }) => path));
  return new Map(
    objects.flatMap(({ object }): [ObjectId, string][] => {
      const { annotations } = object.metadata;
      const origin = isJsonObject(annotations) ? annotations[originAnnotation] : undefined;
      const named =
        typeof origin === "string" ? /^(?:path|configuredIn): (.+)$/m.exec(origin)?.[1] : undefined;
      const inside = named === undefined ? undefined : resolveInside(originsFolder, named);
      const path = inside?.replace(`${treeFolder}/`, "");
      return path !== undefined && known.has(path) ? [[objectId(keyOf(object)), path]] : [];
    }),
  );
}
