/** Services and ConfigMaps behind all overlays: what every API server refuses. */
import type { Diagnostic } from "../model/diagnostic.ts";
import { type Json, type JsonObject, isJsonObject } from "../model/json.ts";
import { groupOf } from "../model/kube-object.ts";
import { type Finding, toldFindings } from "./finding.ts";
import { dnsLabelProblem, portNameProblem, portProblem } from "./kubernetes-names.ts";
import { shortText } from "../model/short-text.ts";
import type { SourceObject } from "./parse-manifests.ts";
import type { FieldPath } from "./read-yaml.ts";

const checks: Readonly<Record<string, (object: JsonObject) => readonly Finding[]>> = {
  "/Service": ({ spec }) => serviceFindings(spec),
  "/ConfigMap": configMapFindings,
};

/** What is wrong with the ports of a Service, or with the binary data of a ConfigMap. */
export function checkPlainKinds(source: SourceObject): readonly Diagnostic[] {
  const { object } = source;
  const check = checks[`${groupOf(object.apiVersion)}/${object.kind}`];
  return toldFindings(source, check?.(object) ?? []);
}

function serviceFindings(spec: Json | undefined): readonly Finding[] {
  const ports = isJsonObject(spec) ? spec["ports"] : undefined;
  if (!Array.isArray(ports)) return [];
  return (ports as readonly Json[]).flatMap((port, index) =>
    // isArray loses the type
    isJsonObject(port) ? portFindings(port, ["spec", "ports", index]) : [],
  );
}

function portFindings(item: JsonObject, at: FieldPath): Finding[] {
  const { name, port, targetPort, nodePort } = item;
  // What is empty or 0 the API server fills in.
  const isGiven = targetPort !== "" && targetPort !== 0;
  const isNamed = typeof name === "string" && name !== "";
  const problems = [
    { field: "name", problem: isNamed ? dnsLabelProblem(name) : undefined },
    { field: "port", problem: portProblem(port) },
    {
      field: "targetPort",
      problem: isGiven ? (portProblem(targetPort) ?? portNameProblem(targetPort)) : undefined,
    },
    { field: "nodePort", problem: nodePort === 0 ? undefined : portProblem(nodePort) },
  ];
  return problems.flatMap(({ field, problem }): Finding[] => {
    if (problem === undefined) return [];
    const what = field === "name" ? "port name" : field;
    return [{ at: [...at, field], words: `${what} ${problem}` }];
  });
}

function configMapFindings({ data, binaryData }: JsonObject): readonly Finding[] {
  if (!isJsonObject(binaryData)) return [];
  const texts = isJsonObject(data) ? data : {};
  return Object.entries(binaryData).flatMap(([key, value]): Finding[] => {
    const at = ["binaryData", key];
    const name = `"${shortText(key)}"`;
    if (Object.hasOwn(texts, key)) {
      return [{ at, isKey: true, words: `${name} is a key of data and of binaryData` }];
    }
    if (typeof value !== "string" || isBase64(value)) return [];
    return [{ at, words: `binaryData: ${name} must be base64` }];
  });
}

/** As Go decodes it: line breaks count for nothing, padding must be there. */
function isBase64(text: string): boolean {
  const plain = text.replaceAll(/[\r\n]/g, "");
  return plain.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(plain);
}
