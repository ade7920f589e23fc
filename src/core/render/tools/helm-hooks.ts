/**
 * Hooks of charts. Nothing runs them: an app's objects are applied by what they need of each other, at many sites, at
 * times that no upgrade knows. So they are refused, or made ordinary objects where the App says so.
 */
import { createHash } from "node:crypto";
import { canonicalJson, isJsonObject, isSameJson, type Json } from "../../model/json.ts";
import type { HelmOptions } from "../../model/kinds/source.ts";
import { describeKey, groupOf, keyOf, type KubeObject } from "../../model/kube-object.ts";
import type { SourceObject } from "../parse-manifests.ts";
import { hookAnnotation, hookKinds, testHooks } from "./list-hooks.ts";
import type { ToolObject, ToolOutput, ToolProblem } from "./tool-output.ts";

const ownAnnotations: ReadonlySet<string> = new Set([
  hookAnnotation,
  "helm.sh/hook-weight",
  "helm.sh/hook-delete-policy",
  "helm.sh/hook-output-log-policy",
]);
const appliable = new Set(["pre-install", "post-install", "pre-upgrade", "post-upgrade"]);

/** The output of a chart with its hooks dealt with. */
export function withoutHooks(output: ToolOutput, hooks: HelmOptions["hooks"]): ToolOutput {
  const objects: ToolObject[] = [];
  const problems: ToolProblem[] = [...output.problems];
  for (const each of output.objects) {
    const kinds = hookKinds(each.object).filter((kind) => !testHooks.has(kind));
    if (hookKinds(each.object).length === 0) objects.push(each);
    else if (kinds.length === 0) continue;
    else if (hooks !== "apply") problems.push(refusedHook(each, kinds));
    else if (kinds.some((kind) => appliable.has(kind))) {
      objects.push(ordinary(each));
    }
  }
  return { objects, problems };
}

function refusedHook({ file, object }: ToolObject, kinds: readonly string[]): ToolProblem {
  return {
    file,
    line: 0,
    column: 0,
    code: "helm-hook",
    message: `${describeKey(keyOf(object))} is a hook (${kinds.join(", ")}), which nothing would run`,
    hint: "turn it off in the values, or set `helm.hooks: apply` of the App: then it is applied like the other objects, and a Job runs whenever its content changes",
  };
}

/** The object without what makes it a hook. A Job cannot be changed, so another content gets another name. */
function ordinary(hook: ToolObject): ToolObject {
  const { object } = hook;
  const { annotations } = object.metadata;
  const kept = Object.entries(isJsonObject(annotations) ? annotations : {}).filter(
    ([key]) => !ownAnnotations.has(key),
  );
  const { annotations: _, ...metadata } = object.metadata;
  const cleaned: KubeObject = {
    ...object,
    metadata: kept.length === 0 ? metadata : { ...metadata, annotations: Object.fromEntries(kept) },
  };
  if (object.kind !== "Job" || groupOf(object.apiVersion) !== "batch") {
    return { ...hook, object: cleaned };
  }
  const { name } = cleaned.metadata;
  return { ...hook, object: named(cleaned, nameFor(name, cleaned)), hookName: name };
}

/**
 * A Job that was a hook, called by what it has become: overlays that changed its `spec` make another Job of it. What they
 * changed in its metadata can be changed in a cluster, and leaves the name as it is.
 */
export function calledByContent(source: SourceObject): SourceObject {
  const { hookName, changedBy, object } = source;
  if (hookName === undefined || changedBy === undefined) return source;
  const { first } = changedBy;
  const spec = object["spec"] ?? null;
  if (isSameJson(spec, first.object["spec"] ?? null)) return source;
  const after = named(object, nameFor(hookName, { name: first.object.metadata.name, spec }));
  return { ...source, object: after, key: keyOf(after) };
}

function nameFor(name: string, content: Json): string {
  const hash = createHash("sha256").update(canonicalJson(content)).digest("hex").slice(0, 8);
  return `${name.slice(0, 54)}-${hash}`;
}

function named(object: KubeObject, name: string): KubeObject {
  return { ...object, metadata: { ...object.metadata, name } };
}
