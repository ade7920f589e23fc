/** What kustomize tells of its objects in a rendering of its own: the file of each, and what was done to it. */
import { isJsonObject } from "../../model/json.ts";
import { keyOf, type KubeObject, type ObjectId, objectId } from "../../model/kube-object.ts";
import { resolveInside } from "../../model/tools/file-index.ts";
import type { ToolSource } from "../../model/tools/tool-source.ts";
import type { ToolObject } from "./tool-output.ts";

const originAnnotation = "config.kubernetes.io/origin";
const transformationsAnnotation = "alpha.config.kubernetes.io/transformations";

/** Folders side by side: the files of a source, and a kustomization around its own that has origins told. */
export const treeFolder = "tree";
export const originsFolder = "origins";

/** The text of the latter. */
export function originsKustomization(path: string): string {
  const resources = [path === "" ? `../${treeFolder}` : `../${treeFolder}/${path}`];
  return JSON.stringify({
    resources,
    buildMetadata: ["originAnnotations", "transformerAnnotations"],
  });
}

/** A step that kustomize took with an object, whether it changed it or not. */
export interface Transformation {
  /** The kustomization that asks for it, or the file of a transformer. */
  readonly file: string;
  /** `PrefixTransformer`; of an object, the first step may be its generator: `ConfigMapGenerator`. */
  readonly kind: string;
  /** It has a name of its own: a kustomization lists it in `transformers`. */
  readonly isListed: boolean;
}

/** Where an object comes from. */
export interface ObjectOrigin {
  /** undefined: kustomize does not tell it, or the source does not have it. */
  readonly file: string | undefined;
  /** In their order; the same list for objects that took the same steps. */
  readonly steps: readonly Transformation[];
}

/** The origin of each object of which kustomize tells something. */
export function objectOrigins(
  source: ToolSource,
  objects: readonly ToolObject[],
): ReadonlyMap<ObjectId, ObjectOrigin> {
  const known = new Set(source.files.map(({ path }) => path));
  const fileOf = (told: string): string | undefined => {
    const path = resolveInside(originsFolder, told)?.replace(`${treeFolder}/`, "");
    return path !== undefined && known.has(path) ? path : undefined;
  };
  const lists = new Map<string, readonly Transformation[]>();
  const stepsOf = (text: string): readonly Transformation[] => {
    const steps = lists.get(text) ?? readSteps(text, fileOf);
    lists.set(text, steps);
    return steps;
  };
  return new Map(
    objects.map(({ object }) => {
      const origin = annotationOf(object, originAnnotation);
      const named = /^(?:path|configuredIn): (.+)$/m.exec(origin)?.[1];
      const transformations = annotationOf(object, transformationsAnnotation);
      // What generates an object is told in the same words as what changes it.
      const generator = origin.startsWith("configuredIn: ")
        ? `- ${origin.replaceAll("\n", "\n  ")}\n`
        : "";
      const steps = stepsOf(generator + transformations);
      return [
        objectId(keyOf(object)),
        { file: named === undefined ? undefined : fileOf(named), steps },
      ];
    }),
  );
}

function annotationOf({ metadata }: KubeObject, name: string): string {
  const { annotations } = metadata;
  const text = isJsonObject(annotations) ? annotations[name] : undefined;
  return typeof text === "string" ? text : "";
}

function readSteps(
  text: string,
  fileOf: (told: string) => string | undefined,
): readonly Transformation[] {
  return text.split(/^- /m).flatMap((entry) => {
    const file = fileOf(/^(?: {2})?configuredIn: (.+)$/m.exec(entry)?.[1] ?? "");
    const kind = /^ {4}kind: (.+)$/m.exec(entry)?.[1];
    if (file === undefined || kind === undefined) return [];
    return [{ file, kind, isListed: /^ {4}name: /m.test(entry) }];
  });
}
