/** What overlays do to the pods of workloads: sidecars, where they run, and resource reservations. */
import {
  type Json,
  type JsonObject,
  canonicalJson,
  isJsonObject,
  isSameJson,
} from "../model/json.ts";
import type { Resources, Scheduling, Sidecar } from "../model/kinds.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { type CustomKinds, mergeSchemaOf } from "./custom-kinds.ts";
import type { MergeSchema } from "./merge-schema.ts";
import { type PodPath, changeMapAt, podSpecPaths, valueAt } from "./pod-templates.ts";
import type { FieldPath } from "./read-yaml.ts";
import { strategicMerge } from "./strategic-merge.ts";

/** The object, or what could not be merged in it; `path` leads into what was to be added. */
export type PodOutcome =
  | { readonly ok: true; readonly object: KubeObject }
  | { readonly ok: false; readonly path: FieldPath; readonly message: string };

const partLists = ["containers", "initContainers", "volumes"] as const;

/** The object with containers and volumes in its pod: behind those that are there, or merged with the one of that name. */
export function addSidecar(object: KubeObject, sidecar: Sidecar, kinds: CustomKinds): PodOutcome {
  const problems: PartProblem[] = [];
  const root = mergeSchemaOf(object, kinds);
  const changed = changePods(object, (pod, path) => {
    const schema = path.reduce(
      (at, key) => (typeof key === "number" ? at : at.field(key).items),
      root,
    );
    const entries = partLists.flatMap((list): [string, Json][] => {
      const added = sidecar[list] as readonly JsonObject[] | undefined; // YAML that the schema has checked
      if (added === undefined) return [];
      const merge = { list, added, schema: schema.field(list).items, problems };
      return [[list, withParts(pod[list], merge)]];
    });
    return { ...pod, ...Object.fromEntries(entries) };
  });
  const [problem] = problems;
  return problem === undefined ? { ok: true, object: changed } : { ok: false, ...problem };
}

function changePods(
  object: KubeObject,
  change: (pod: JsonObject, path: PodPath) => JsonObject,
): KubeObject {
  return podSpecPaths(object).reduce(
    (changed, path) => changeMapAt(changed, path, (pod) => change(pod, path)),
    object,
  );
}

interface PartProblem {
  readonly path: FieldPath;
  readonly message: string;
}

interface PartMerge {
  readonly list: string;
  readonly added: readonly JsonObject[];
  readonly schema: MergeSchema;
  readonly problems: PartProblem[];
}

function withParts(present: Json | undefined, { list, added, schema, problems }: PartMerge): Json {
  const parts = new Map(
    (Array.isArray(present) ? (present as readonly Json[]) : []).map((part, index) => [
      nameOf(part) ?? index, // isArray loses the type of items
      part,
    ]),
  );
  for (const [index, part] of added.entries()) {
    const name = nameOf(part) ?? "";
    const path = [list, index];
    if (part["$patch"] === "delete") {
      const message = `${name}: a sidecar takes nothing away; \`$patch: delete\` belongs into \`patches\``;
      problems.push({ path: [...path, "$patch"], message });
      continue;
    }
    const known = parts.get(name);
    const result = strategicMerge(isJsonObject(known) ? known : {}, part, schema);
    if (result.ok) parts.set(name, result.value);
    else problems.push({ path, message: `${name}: ${result.message}` });
  }
  return [...parts.values()];
}

function nameOf(part: Json): string | undefined {
  const name = isJsonObject(part) ? part["name"] : undefined;
  return typeof name === "string" ? name : undefined;
}

/**
 * The object whose pods run on certain nodes. What is left of what the pod of its `source` says of the same label or
 * taint stays; what overlays before have put there is replaced.
 */
export function setScheduling(
  object: KubeObject,
  { nodeSelector = {}, tolerations = [] }: Scheduling,
  source: KubeObject,
): KubeObject {
  return changePods(object, (pod, path) => {
    const own = valueAt(source, path);
    const ownPod = isJsonObject(own) ? own : {};
    const selector = withLabels(pod["nodeSelector"], nodeSelector, ownPod["nodeSelector"]);
    const borne = withTolerations(pod["tolerations"], tolerations, ownPod["tolerations"]);
    const changed = {
      ...pod,
      ...(Object.keys(selector).length > 0 && { nodeSelector: selector }),
      ...(borne !== undefined && { tolerations: borne }),
    };
    return isSameJson(pod, changed) ? pod : changed;
  });
}

function withLabels(
  present: Json | undefined,
  set: Readonly<Record<string, string>>,
  own: Json | undefined,
): JsonObject {
  const known = mapOf(present);
  const kept = new Map(Object.entries(mapOf(own)));
  const isFree = ([label]: [string, string]): boolean =>
    !Object.hasOwn(known, label) || kept.get(label) !== known[label];
  return { ...known, ...Object.fromEntries(Object.entries(set).filter(isFree)) };
}

/** undefined: none are to be set. */
function withTolerations(
  present: Json | undefined,
  set: readonly Json[],
  own: Json | undefined,
): readonly Json[] | undefined {
  if (set.length === 0) return undefined;
  const known = listOf(present);
  const ownTexts = new Set(listOf(own).map(canonicalJson));
  const isOwn = (each: Json): boolean => ownTexts.has(canonicalJson(each));
  const keptTaints = new Set(known.filter(isOwn).map(taintOf));
  const added = new Map(
    set.filter((each) => !keptTaints.has(taintOf(each))).map((each) => [canonicalJson(each), each]),
  );
  if (added.size === 0) return undefined;
  const taints = new Set([...added.values()].map(taintOf));
  // One that is there already keeps its position.
  const kept = known.filter((each) => !taints.has(taintOf(each)) || added.has(canonicalJson(each)));
  for (const each of kept) added.delete(canonicalJson(each));
  return [...kept, ...added.values()];
}

function mapOf(value: Json | undefined): JsonObject {
  return value !== undefined && isJsonObject(value) ? value : {};
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : []; // isArray loses the type of items
}

/** What a toleration is about. */
function taintOf(toleration: Json): string {
  const { key = "", effect = "" } = isJsonObject(toleration) ? toleration : {};
  return JSON.stringify([key, effect]);
}

/** The object with resource reservations of its containers. Tells `onMatch` where it has such a container. */
export function setResources(
  object: KubeObject,
  { container, requests, limits }: Resources,
  onMatch: () => void,
): KubeObject {
  const change = (part: Json): Json => {
    if (!isJsonObject(part) || (container !== undefined && part["name"] !== container)) return part;
    onMatch();
    const before = isJsonObject(part["resources"]) ? part["resources"] : {};
    const resources = {
      ...before,
      ...(requests && { requests: withAmounts(before["requests"], requests) }),
      ...(limits && { limits: withAmounts(before["limits"], limits) }),
    };
    return isSameJson(before, resources) ? part : { ...part, resources };
  };
  return changePods(object, (pod) => {
    const entries = (["containers", "initContainers"] as const).flatMap(
      (list): [string, Json][] => {
        const parts = pod[list];
        return Array.isArray(parts) ? [[list, (parts as readonly Json[]).map(change)]] : []; // as above
      },
    );
    const changed = { ...pod, ...Object.fromEntries(entries) };
    return isSameJson(pod, changed) ? pod : changed;
  });
}

function withAmounts(
  before: Json | undefined,
  amounts: Readonly<Record<string, string | number | null>>,
): JsonObject {
  const merged = { ...(isJsonObject(before) && before), ...amounts };
  return Object.fromEntries(Object.entries(merged).filter(([, amount]) => amount !== null));
}
