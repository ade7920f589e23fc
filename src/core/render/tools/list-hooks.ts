/** Hooks that are a `List`: to Helm all that is in it is that hook, whatever its items say. */
import { isJsonObject, type Json } from "../../model/json.ts";
import type { KubeObject } from "../../model/kube-object.ts";
import { flattenLists } from "../manifest-objects.ts";
import { readYaml } from "../read-yaml.ts";

export const hookAnnotation = "helm.sh/hook";

/** What kinds of hook a document is, where it is a `List`; undefined: none. */
export function hookOfList(text: string): string | undefined {
  if (!text.includes(hookAnnotation)) return undefined;
  const [document] = readYaml({ path: "", text }).documents;
  if (document === undefined || flattenLists(document)[0] === document) return undefined;
  return isJsonObject(document.value) ? hookIn(document.value["metadata"]) : undefined;
}

/** The annotation in the metadata of an object. */
export function hookIn(metadata: Json | undefined): string | undefined {
  const annotations = isJsonObject(metadata) ? metadata["annotations"] : undefined;
  const hook = isJsonObject(annotations) ? annotations[hookAnnotation] : undefined;
  return typeof hook === "string" ? hook : undefined;
}

/** The same object as a hook. */
export function asHook(object: KubeObject, hook: string): KubeObject {
  const { annotations } = object.metadata;
  const own = isJsonObject(annotations) ? annotations : {};
  return {
    ...object,
    metadata: { ...object.metadata, annotations: { ...own, [hookAnnotation]: hook } },
  };
}
