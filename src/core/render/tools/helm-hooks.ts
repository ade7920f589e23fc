/**
 * Hooks of charts. Nothing runs them: an app's objects are applied by what they need of each other, at many sites, at
 * times that no upgrade knows. So they are refused, or made ordinary objects where the App says so.
 */
import { createHash } from "node:crypto";
import { canonicalJson, isJsonObject } from "../../model/json.ts";
import type { HelmOptions } from "../../model/kinds/source.ts";
import { describeKey, groupOf, keyOf, type KubeObject } from "../../model/kube-object.ts";
import type { ToolObject, ToolOutput, ToolProblem } from "./tool-output.ts";

const hookAnnotation = "helm.sh/hook";
const ownAnnotations: ReadonlySet<string> = new Set([
  hookAnnotation,
  "helm.sh/hook-weight",
  "helm.sh/hook-delete-policy",
  "helm.sh/hook-output-log-policy",
]);
const tests = new Set(["test", "test-success", "test-failure"]);
const appliable = new Set(["pre-install", "post-install", "pre-upgrade", "post-upgrade"]);

/** The output of a chart with its hooks dealt with. */
export function withoutHooks(output: ToolOutput, hooks: HelmOptions["hooks"]): ToolOutput {
  const objects: ToolObject[] = [];
  const problems: ToolProblem[] = [...output.problems];
  for (const each of output.objects) {
    const kinds = hookKinds(each.object).filter((kind) => !tests.has(kind));
    if (hookKinds(each.object).length === 0) objects.push(each);
    else if (kinds.length === 0) continue;
    else if (hooks !== "apply") problems.push(refusedHook(each, kinds));
    else if (kinds.some((kind) => appliable.has(kind))) {
      objects.push({ ...each, object: ordinary(each.object) });
    }
  }
  return { objects, problems };
}

function hookKinds({ metadata }: KubeObject): string[] {
  const { annotations } = metadata;
  const hook = isJsonObject(annotations) ? annotations[hookAnnotation] : undefined;
  if (typeof hook !== "string") return [];
  return hook.split(",").map((kind) => kind.trim().toLowerCase());
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
function ordinary(object: KubeObject): KubeObject {
  const { annotations } = object.metadata;
  const kept = Object.entries(isJsonObject(annotations) ? annotations : {}).filter(
    ([key]) => !ownAnnotations.has(key),
  );
  const { annotations: _, ...metadata } = object.metadata;
  const cleaned: KubeObject = {
    ...object,
    metadata: kept.length === 0 ? metadata : { ...metadata, annotations: Object.fromEntries(kept) },
  };
  if (object.kind !== "Job" || groupOf(object.apiVersion) !== "batch") return cleaned;
  const hash = createHash("sha256").update(canonicalJson(cleaned)).digest("hex").slice(0, 8);
  const name = `${object.metadata.name.slice(0, 54)}-${hash}`;
  return { ...cleaned, metadata: { ...cleaned.metadata, name } };
}
