/** Workloads behind all overlays: what every API server refuses, whatever else is in them. */
import type { Diagnostic } from "../model/diagnostic.ts";
import { type JsonObject, isJsonObject } from "../model/json.ts";
import { type KubeObject, describeKey, groupOf } from "../model/kube-object.ts";
import { shortText } from "../model/short-text.ts";
import { mostProblems, warning } from "./mistake.ts";
import type { SourceObject } from "./parse-manifests.ts";
import { placeOfFields } from "./place-of-field.ts";
import { valueAt } from "./pod-templates.ts";
import type { FieldPath } from "./read-yaml.ts";

const templates: Readonly<Record<string, readonly string[]>> = {
  "apps/Deployment": ["spec", "template"],
  "apps/ReplicaSet": ["spec", "template"],
  "apps/StatefulSet": ["spec", "template"],
  "apps/DaemonSet": ["spec", "template"],
  "batch/Job": ["spec", "template"],
  "batch/CronJob": ["spec", "jobTemplate", "spec", "template"],
  "/Pod": [],
};

/** Where a workload of Kubernetes' own has the template of its pods; `[]`: it is a Pod. */
export function podTemplatePath({ apiVersion, kind }: KubeObject): readonly string[] | undefined {
  return templates[`${groupOf(apiVersion)}/${kind}`];
}

/** A workload without a container, or one that does not select the pods that it makes. */
export function checkWorkload(source: SourceObject): readonly Diagnostic[] {
  const { object, key } = source;
  const path = podTemplatePath(object);
  const template = path === undefined ? undefined : valueAt(object, path);
  if (path === undefined || !isJsonObject(template) || !isJsonObject(template["spec"])) return [];
  const tell: Tell = (places, words) =>
    warning(placeOfFields(source, places), {
      code: "refused-object",
      message: `${describeKey(key)}: ${words}`,
    });
  const { containers } = template["spec"];
  const hasSome = Array.isArray(containers) && containers.length > 0;
  return [
    ...(hasSome ? [] : [tell([[...path, "spec"]], "its pods have no container")]),
    ...(groupOf(object.apiVersion) === "apps"
      ? selectorProblems(object, { path, template }, tell)
      : []),
  ];
}

/** Told where the later of these fields was written. */
type Tell = (places: readonly FieldPath[], words: string) => Diagnostic;

function selectorProblems(
  object: JsonObject,
  { path, template }: { readonly path: FieldPath; readonly template: JsonObject },
  tell: Tell,
): Diagnostic[] {
  const selectorPath = ["spec", "selector"];
  const selector = valueAt(object, selectorPath);
  if (!isJsonObject(selector) || Object.keys(selector).length === 0) {
    return [tell([["spec"]], "spec.selector is missing: it says which pods are its own")];
  }
  const wanted = valueAt(selector, ["matchLabels"]);
  const labels = valueAt(template, ["metadata", "labels"]);
  const missing = Object.entries(isJsonObject(wanted) ? wanted : {}).filter(
    ([key, value]) => !isJsonObject(labels) || labels[key] !== value,
  );
  return missing.slice(0, mostProblems).map(([key, value]) => {
    const label = `${shortText(key)}: ${shortText(JSON.stringify(value))}`;
    const words = `spec.selector wants the label ${label}, which its pods do not have`;
    const own = [...path, "metadata", "labels", key];
    return tell([[...selectorPath, "matchLabels", key], own], words);
  });
}
