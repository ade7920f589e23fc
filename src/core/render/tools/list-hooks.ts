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
function hookIn(metadata: Json | undefined): string | undefined {
  const annotations = isJsonObject(metadata) ? metadata["annotations"] : undefined;
  const hook = isJsonObject(annotations) ? annotations[hookAnnotation] : undefined;
  return typeof hook === "string" ? hook : undefined;
}

/** Kinds of hook that are tests, which are always left out. */
export const testHooks: ReadonlySet<string> = new Set(["test", "test-success", "test-failure"]);

/** The kinds of hook that an object is; empty: none. */
export function hookKinds({ metadata }: KubeObject): readonly string[] {
  const kinds = hookIn(metadata)?.split(",") ?? [];
  return kinds.map((kind) => kind.trim().toLowerCase());
}

/** True for an object that nothing but tests would have. */
export function isTestHook(object: KubeObject): boolean {
  const kinds = hookKinds(object);
  return kinds.length > 0 && kinds.every((kind) => testHooks.has(kind));
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
