/** Workloads behind all overlays: what every API server refuses, whatever else is in them. */
import { closestName } from "../model/closest-name.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import { type Json, type JsonObject, isJsonObject } from "../model/json.ts";
import { type KubeObject, describeKey, groupOf } from "../model/kube-object.ts";
import { shortText } from "../model/short-text.ts";
import { fieldWords } from "./finding.ts";
import { mostProblems, warning } from "./mistake.ts";
import type { SourceObject } from "./parse-manifests.ts";
import { additionOf, placeOfFields } from "./place-of-field.ts";
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

/** A workload without what it must have, or one that does not select the pods that it makes. */
export function checkWorkload(source: SourceObject): readonly Diagnostic[] {
  const { object, key } = source;
  const path = podTemplatePath(object);
  if (path === undefined) return [];
  const tell: Tell = (places, words, hint) =>
    warning(placeOfFields(source, places), {
      code: "refused-object",
      message: `${describeKey(key)}: ${words}`,
      ...(hint !== undefined && { hint }),
    });
  return [
    ...podProblems(source, [...path, "spec"], tell),
    ...(object.kind === "CronJob" ? scheduleProblems(object, tell) : []),
    ...(groupOf(object.apiVersion) === "apps" ? selectorProblems(object, path, tell) : []),
  ];
}

/** Told where the later of these fields was written. */
type Tell = (places: readonly FieldPath[], words: string, hint?: string) => Diagnostic;

/** The way to the containers: what is of another type than it must be is told as every field. */
function podProblems(source: SourceObject, pod: readonly string[], tell: Tell): Diagnostic[] {
  const { object } = source;
  for (const depth of pod.keys()) {
    const path = pod.slice(0, depth + 1);
    const value = valueAt(object, path) ?? null;
    if (value === null) {
      const list = [...pod, "containers"].join(".");
      const words = `${path.join(".")} is missing: a ${object.kind} has its containers there`;
      return [tell([path], words, `add \`${list}\``)];
    }
    if (!isJsonObject(value)) return [];
  }
  return [...containersProblems(source, pod, tell), ...restartProblems(object, pod, tell)];
}

function containersProblems(
  source: SourceObject,
  pod: readonly string[],
  tell: Tell,
): Diagnostic[] {
  const { object } = source;
  const containers = valueAt(object, [...pod, "containers"]);
  if (!Array.isArray(containers) || containers.length === 0) {
    return [tell([pod], "its pods have no container")];
  }
  return (containers as readonly Json[]).flatMap((item, index) =>
    // isArray loses the type
    isJsonObject(item)
      ? containerProblems(item, { source, at: [...pod, "containers", index], tell })
      : [],
  );
}

interface ContainerPlace {
  readonly source: SourceObject;
  readonly at: FieldPath;
  readonly tell: Tell;
}

function containerProblems(item: JsonObject, { source, at, tell }: ContainerPlace): Diagnostic[] {
  const missing = ["name", "image"].filter((field) => {
    // An empty name is told as every name that is none, and `imgae` as a field that there is not.
    if (item[field] === "") return field === "image";
    return (item[field] ?? null) === null && !isNear(field, item);
  });
  return missing.map((field) => {
    const path = [...at, field];
    const where = fieldWords(placeOfFields(source, [path]), path);
    return (
      (field === "image" ? patchedIn(item, { source, at }) : undefined) ??
      tell([path], `${where}a container has no ${field}`, `add \`${field}\``)
    );
  });
}

/** When pods are started again; by default always. */
const restartPolicies: Readonly<Record<string, readonly string[]>> = {
  Job: ["OnFailure", "Never"],
  CronJob: ["OnFailure", "Never"],
  Pod: ["Always", "OnFailure", "Never"],
};

function restartProblems(object: KubeObject, pod: readonly string[], tell: Tell): Diagnostic[] {
  const path = [...pod, "restartPolicy"];
  const taken = restartPolicies[object.kind] ?? ["Always"];
  const has = `a ${object.kind} has ${taken.join(", ").replace(/, (?=\w+$)/, " or ")} there`;
  const value = valueAt(object, path) ?? "";
  if (value === "") {
    if (taken.includes("Always") || isMistyped(object, path)) return [];
    return [tell([path], `${path.join(".")} is missing: ${has}`, `add \`${path.join(".")}\``)];
  }
  if (typeof value !== "string" || taken.includes(value)) return [];
  return [tell([path], `${path.join(".")} is "${shortText(value)}": ${has}`)];
}

function scheduleProblems(object: KubeObject, tell: Tell): Diagnostic[] {
  const path = ["spec", "schedule"];
  if (!isJsonObject(object["spec"]) || (valueAt(object, path) ?? "") !== "") return [];
  if (isMistyped(object, path)) return [];
  const words = "spec.schedule is missing: it says when it makes a Job";
  return [tell([path], words, "add `spec.schedule`")];
}

/** Whether a field that is not there stands beside its place by a name that is told already. */
function isMistyped(object: KubeObject, path: readonly string[]): boolean {
  const [field = ""] = path.slice(-1);
  const beside = valueAt(object, path.slice(0, -1));
  return isJsonObject(beside) && !Object.hasOwn(beside, field) && isNear(field, beside);
}

function isNear(field: string, beside: JsonObject): boolean {
  return closestName(field, Object.keys(beside)) !== undefined;
}

/** Of a container without image that only a patch names: it is mostly for another one. */
function patchedIn(
  { name }: JsonObject,
  { source, at }: Omit<ContainerPlace, "tell">,
): Diagnostic | undefined {
  const added = typeof name === "string" ? additionOf(source, at) : undefined;
  if (typeof name !== "string" || added?.change.path[0] !== "patches") return undefined;
  const before = valueAt(added.change.before.object, at.slice(0, -1).map(String));
  const near = closestName(name, namesIn(before));
  const called = describeKey(source.key);
  return warning(added.place, {
    code: "refused-object",
    message: `${called}: the patch adds container "${shortText(name)}" without image`,
    hint: near === undefined ? "add `image`" : `did you mean "${shortText(near)}"?`,
  });
}

function namesIn(list: Json | undefined): string[] {
  if (!Array.isArray(list)) return [];
  return (list as readonly Json[]).flatMap((item) => {
    const name = isJsonObject(item) ? item["name"] : undefined; // isArray loses the type
    return typeof name === "string" ? [name] : [];
  });
}

function selectorProblems(object: KubeObject, path: readonly string[], tell: Tell): Diagnostic[] {
  if (!isJsonObject(object["spec"])) return [];
  const selectorPath = ["spec", "selector"];
  const selector = valueAt(object, selectorPath) ?? {};
  if (!isJsonObject(selector)) return [];
  if (Object.keys(selector).length === 0) {
    const words = "spec.selector is missing: it says which pods are its own";
    return [tell([selectorPath], words, "add `matchLabels` with labels of its pods")];
  }
  const template = valueAt(object, path);
  if (!isJsonObject(template)) return [];
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
