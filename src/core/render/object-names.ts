/** Names that every API server refuses, by kind. */
import { type Json, type JsonObject, isJsonObject } from "../model/json.ts";
import { type KubeObject, groupOf } from "../model/kube-object.ts";
import { shortText } from "../model/short-text.ts";
import { isDnsLabel, isDnsSubdomain } from "./kubernetes-names.ts";
import { builtInSchema } from "./merge-schema.ts";

/** What is wrong with the name of an object, in words; undefined: nothing that is known without its cluster. */
export function nameProblem(object: KubeObject): string | undefined {
  const { name } = object.metadata;
  if (/[/%]/.test(name) || name === "." || name === "..") {
    return `"${shortText(name)}" is no name for an object: it must not contain / or %`;
  }
  const rule = nameRule(object);
  if (rule !== undefined && (name.length > rule.length || !rule.isName(name)))
    return `"${shortText(name)}" is no name for a ${object.kind} (${rule.words}, at most ${rule.length})`;
  return namesByContent[`${groupOf(object.apiVersion)}/${object.kind}`]?.(object);
}

interface NameRule {
  readonly isName: (name: string) => boolean;
  readonly length: number;
  readonly words: string;
}

const labelRule: NameRule = {
  isName: isDnsLabel,
  length: 63,
  words: "lower case letters, digits and `-`",
};

/** A StatefulSet's name is part of host names; older API servers take it with dots, but not its pods. */
const labelNamed = new Set(["/Namespace", "/Service", "apps/StatefulSet"]);

/** Names that become part of the names and labels of what is made from them. */
const runNames = new Map([
  ["CronJob", 52],
  ["Job", 63],
]);

/** RBAC names may be anything that fits into a path, and so may those of kinds that are not Kubernetes' own. */
function nameRule({ apiVersion, kind }: KubeObject): NameRule | undefined {
  const group = groupOf(apiVersion);
  if (labelNamed.has(`${group}/${kind}`)) return labelRule;
  const isFree =
    group === "rbac.authorization.k8s.io" || builtInSchema(apiVersion, kind) === undefined;
  if (isFree) return undefined;
  const length = (group === "batch" ? runNames.get(kind) : undefined) ?? 253;
  return { isName: isDnsSubdomain, length, words: "lower case letters, digits, `-` and `.`" };
}

/** Kinds whose names other fields decide, or that Kubernetes keeps some names of. */
const namesByContent: Readonly<Record<string, (object: KubeObject) => string | undefined>> = {
  "apiextensions.k8s.io/CustomResourceDefinition": ({ kind, metadata, spec }) => {
    const [{ names = null, group }, field] = [mapOf(spec), "spec.names.plural"];
    return joinedProblem({ kind, name: metadata.name, field }, [mapOf(names)["plural"], group]);
  },
  "apiregistration.k8s.io/APIService": ({ kind, metadata, spec }) => {
    const [{ version, group }, field] = [mapOf(spec), "spec.version"];
    return joinedProblem({ kind, name: metadata.name, field }, [version, group]);
  },
  "scheduling.k8s.io/PriorityClass": ({ kind, metadata: { name } }) =>
    name.startsWith("system-") && !systemClasses.has(name)
      ? `"${shortText(name)}" is no name for a ${kind}: those with system- are Kubernetes' own`
      : undefined,
};

const systemClasses = new Set(["system-cluster-critical", "system-node-critical"]);

interface JoinedName {
  readonly kind: string;
  readonly name: string;
  /** What stands before the group. */
  readonly field: string;
}

/** Fields that are no text are told as that. */
function joinedProblem(
  { kind, name, field }: JoinedName,
  parts: readonly (Json | undefined)[],
): string | undefined {
  const texts = parts.flatMap((part) => (typeof part === "string" && part !== "" ? [part] : []));
  const wanted = texts.join(".");
  if (texts.length < parts.length || name === wanted) return undefined;
  return `"${shortText(name)}" is no name for this ${kind}: it must be "${shortText(wanted)}", ${field} and spec.group`;
}

function mapOf(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
