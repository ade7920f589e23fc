/** Names, ports, labels and tolerations of pods behind all overlays: what every API server refuses. */
import { closestName } from "../model/closest-name.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import { type Json, type JsonObject, isJsonObject } from "../model/json.ts";
import { labelKeyProblem, labelValueProblem } from "../select/label-syntax.ts";
import { podTemplatePath } from "./check-workloads.ts";
import { type Finding, toldFindings } from "./finding.ts";
import {
  dnsLabelProblem,
  isDnsLabel,
  isDnsSubdomain,
  portNameProblem,
  portProblem,
} from "./kubernetes-names.ts";
import { shortText } from "../model/short-text.ts";
import type { SourceObject } from "./parse-manifests.ts";
import { valueAt } from "./pod-templates.ts";
import type { FieldPath } from "./read-yaml.ts";

/** What is wrong with the pod of a workload of Kubernetes' own. */
export function checkPods(source: SourceObject): readonly Diagnostic[] {
  const path = podTemplatePath(source.object);
  const template = path === undefined ? undefined : valueAt(source.object, path);
  if (path === undefined || !isJsonObject(template)) return [];
  const podPath = [...path, "spec"];
  const pod = mapAt(template, "spec");
  const found = [
    // Those of a Pod are looked at as every object's.
    ...(path.length === 0 ? [] : labelFindings(mapAt(template, "metadata"), "labels", path)),
    ...labelFindings(pod, "nodeSelector", podPath),
    ...itemsOf(pod, "tolerations", podPath).flatMap(tolerationFindings),
    ...itemsOf(pod, "volumes", podPath).flatMap((item) => nameFindings(item, "volume")),
    ...podNameFindings(pod, podPath),
    ...resourceFindings({ value: pod, at: podPath }, podResourceProblem),
    ...containerFindings(pod, podPath),
  ];
  return toldFindings(source, found);
}

/** A map in a list. */
interface Item {
  readonly value: JsonObject;
  readonly at: FieldPath;
}

function mapAt(parent: JsonObject, field: string): JsonObject {
  const value = parent[field];
  return isJsonObject(value) ? value : {};
}

function itemsOf(parent: JsonObject, field: string, at: FieldPath): Item[] {
  const list = parent[field];
  if (!Array.isArray(list)) return [];
  return (list as readonly Json[]).flatMap((value, index) =>
    // isArray loses the type
    isJsonObject(value) ? { value, at: [...at, field, index] } : [],
  );
}

function labelFindings(parent: JsonObject, field: string, path: FieldPath): Finding[] {
  const start = field === "labels" ? [...path, "metadata", field] : [...path, field];
  return Object.entries(mapAt(parent, field)).flatMap(([key, value]): Finding[] => {
    const at = [...start, key];
    const problem = labelKeyProblem(key);
    if (problem !== undefined) {
      return [
        { at, isKey: true, words: `key "${shortText(key)}" of its pods' ${field} ${problem}` },
      ];
    }
    const wrong = typeof value === "string" ? labelValueProblem(value) : undefined;
    if (wrong === undefined) return [];
    const shown = shortText(JSON.stringify(value));
    return [{ at, words: `value ${shown} of its pods' ${field} ${wrong}` }];
  });
}

function tolerationFindings({ value: { key, value, operator = "" }, at }: Item): Finding[] {
  const findings: Finding[] = [];
  const keyProblem = typeof key === "string" && key !== "" ? labelKeyProblem(key) : undefined;
  if (keyProblem !== undefined) {
    const words = `toleration key ${shortText(JSON.stringify(key))} ${keyProblem}`;
    findings.push({ at: [...at, "key"], words });
  }
  const isCompared = operator === "" || operator === "Equal";
  const problem = isCompared && typeof value === "string" ? labelValueProblem(value) : undefined;
  if (problem !== undefined) {
    const words = `toleration value ${shortText(JSON.stringify(value))} ${problem}`;
    findings.push({ at: [...at, "value"], words });
  }
  return findings;
}

function nameFindings({ value: { name }, at }: Item, what: string): Finding[] {
  const problem = typeof name === "string" ? dnsLabelProblem(name) : undefined;
  if (problem === undefined) return [];
  return [{ at: [...at, "name"], words: `${what} name ${problem}` }];
}

/** Names in the pod itself; an empty one is none. */
function podNameFindings(pod: JsonObject, path: FieldPath): Finding[] {
  return ["hostname", "subdomain", "serviceAccountName"].flatMap((field): Finding[] => {
    const name = pod[field];
    if (typeof name !== "string" || name === "") return [];
    const isAccount = field === "serviceAccountName";
    if (isAccount ? isDnsSubdomain(name) : isDnsLabel(name)) return [];
    const most = isAccount ? "digits, `-` and `.`, at most 253" : "digits and `-`, at most 63";
    const words = `${field} "${shortText(name)}" is none: lower case letters, ${most}`;
    return [{ at: [...path, field], words }];
  });
}

function containerFindings(pod: JsonObject, path: FieldPath): Finding[] {
  const containers = itemsOf(pod, "containers", path);
  const init = itemsOf(pod, "initContainers", path);
  const names = new Set(containers.map(({ value }) => value["name"]));
  const twice = init.flatMap(({ value: { name }, at }): Finding[] => {
    if (typeof name !== "string" || !names.has(name)) return [];
    const words = `"${shortText(name)}" is the name of a container and of an init container`;
    return [{ at: [...at, "name"], words }];
  });
  return [...[...containers, ...init].flatMap(oneContainer), ...twice];
}

function oneContainer(item: Item): Finding[] {
  const { value, at } = item;
  return [
    ...nameFindings(item, "container"),
    ...itemsOf(value, "ports", at).flatMap(portFindings),
    ...repeatedPorts(itemsOf(value, "ports", at)),
    ...itemsOf(value, "env", at).flatMap(variableFindings),
    ...probes.flatMap((probe) =>
      probeFindings({ value: mapAt(value, probe), at: [...at, probe] }, probe),
    ),
    ...resourceFindings(item, resourceNameProblem),
  ];
}

function portFindings({ value, at }: Item): Finding[] {
  const { name, containerPort, hostPort } = value;
  const problems = [
    { field: "name", problem: name === "" ? undefined : portNameProblem(name) },
    { field: "containerPort", problem: portProblem(containerPort) },
    { field: "hostPort", problem: hostPort === 0 ? undefined : portProblem(hostPort) },
  ];
  return problems.flatMap(({ field, problem }): Finding[] => {
    if (problem === undefined) return [];
    const what = field === "name" ? "port name" : field;
    return [{ at: [...at, field], words: `${what} ${problem}` }];
  });
}

/** Two ports of one name in a container. */
function repeatedPorts(ports: readonly Item[]): Finding[] {
  const names = new Set<Json>();
  return ports.flatMap(({ value: { name }, at }): Finding[] => {
    if (typeof name !== "string" || name === "") return [];
    if (names.size < names.add(name).size) return [];
    return [{ at: [...at, "name"], words: `port name "${shortText(name)}" is there twice` }];
  });
}

/** Older API servers take fewer names of variables. */
function variableFindings({ value: { name }, at }: Item): Finding[] {
  if (typeof name !== "string" || /^[ -<>-~]+$/.test(name)) return [];
  const words = `variable name "${shortText(name)}" is none: printable ASCII characters other than =, one at least`;
  return [{ at: [...at, "name"], words }];
}

const probes = ["livenessProbe", "readinessProbe", "startupProbe"];

function probeFindings({ value, at }: Item, probe: string): Finding[] {
  return ["httpGet", "tcpSocket"].flatMap((action): Finding[] => {
    const { port } = mapAt(value, action);
    const problem = portProblem(port) ?? portNameProblem(port);
    if (problem === undefined) return [];
    return [{ at: [...at, action, "port"], words: `port of the ${probe} ${problem}` }];
  });
}

type NameProblem = (name: string) => string | undefined;

function resourceFindings({ value, at }: Item, problemOf: NameProblem): Finding[] {
  const resources = mapAt(value, "resources");
  return ["requests", "limits"].flatMap((part) =>
    Object.keys(mapAt(resources, part)).flatMap((name): Finding[] => {
      const problem = problemOf(name);
      if (problem === undefined) return [];
      const words = `"${shortText(name)}" in ${part} is ${problem}`;
      return [{ at: [...at, "resources", part, name], isKey: true, words }];
    }),
  );
}

const ownResources = ["cpu", "memory", "ephemeral-storage"];

function resourceNameProblem(name: string): string | undefined {
  if (labelKeyProblem(name) !== undefined) {
    return "no name of a resource, such as memory or example.com/gpu";
  }
  const isOwn = ownResources.includes(name) || name.startsWith("hugepages-");
  if (isOwn || name.includes("/")) return undefined;
  return `no resource of Kubernetes, and others have a domain, such as example.com/gpu${nearest(name, ownResources)}`;
}

const podResources = ["cpu", "memory"];

function podResourceProblem(name: string): string | undefined {
  if (podResources.includes(name) || name.startsWith("hugepages-")) return undefined;
  return `no resource of a whole pod, which has cpu, memory and hugepages-*${nearest(name, podResources)}`;
}

/** Of names as short as `gpu`, every other is near. */
function nearest(name: string, known: readonly string[]): string {
  const near = name.length > 3 ? closestName(name, known) : undefined;
  return near === undefined ? "" : `; did you mean ${near}?`;
}
