/** Services, Ingresses and role bindings. */
import type { Json, JsonObject } from "../../model/json.ts";
import type { Cluster } from "../cluster.ts";
import { type Cause, invalidValue, requiredValue } from "../status-failure.ts";
import {
  type StoredObject,
  isSame,
  objectOf,
  objectsOf,
  textOf,
  textsOf,
} from "../stored-object.ts";
import { withDefaults } from "./config-rules.ts";
import type { KindRules } from "./kind-rules.ts";

export const serviceRules: Partial<KindRules> = {
  complete: (service) => {
    const spec = objectOf(service["spec"]);
    const type = textOf(spec["type"]) || "ClusterIP";
    const isExposed = type === "NodePort" || type === "LoadBalancer";
    const { ports } = spec;
    return {
      ...service,
      spec: {
        ...withDefaults(spec, {
          sessionAffinity: "None",
          type,
          ...(type !== "ExternalName" && { internalTrafficPolicy: "Cluster" }),
          ...(isExposed && { externalTrafficPolicy: "Cluster" }),
          ...(type === "LoadBalancer" && { allocateLoadBalancerNodePorts: true }),
        }),
        ...(ports !== undefined && { ports: objectsOf(ports).map(completePort) }),
      },
    };
  },
  carry: (live, service) => {
    const given = objectOf(live["spec"]);
    const spec = objectOf(service["spec"]);
    if (spec["type"] === "ExternalName" || given["clusterIP"] === undefined) return service;
    const { clusterIP, clusterIPs, ipFamilies, ipFamilyPolicy } = given;
    const kept = {
      clusterIP,
      clusterIPs: clusterIPs ?? [],
      ipFamilies: ipFamilies ?? [],
      ipFamilyPolicy: ipFamilyPolicy ?? "",
    };
    return { ...service, spec: withDefaults(spec, kept) };
  },
  atBirth: (cluster, service) => ({
    ...service,
    spec: withAddress(cluster, objectOf(service["spec"])),
    status: { loadBalancer: {} },
  }),
  check: (service) => {
    const spec = objectOf(service["spec"]);
    const isHeadless = spec["clusterIP"] === "None" || spec["type"] === "ExternalName";
    const hasPorts = objectsOf(spec["ports"]).length > 0;
    return hasPorts || isHeadless ? [] : [requiredValue("spec.ports")];
  },
  checkChange: checkAddress,
};

function completePort(port: JsonObject): JsonObject {
  return withDefaults(port, { protocol: "TCP", targetPort: port["port"] ?? 0 });
}

function withAddress(cluster: Cluster, spec: JsonObject): JsonObject {
  if (spec["type"] === "ExternalName") return spec;
  const given = textOf(spec["clusterIP"]) || (textsOf(spec["clusterIPs"])[0] ?? "");
  const clusterIP = given === "" ? nextAddress(cluster) : given;
  const isExposed = spec["type"] === "NodePort" || spec["type"] === "LoadBalancer";
  const ports = objectsOf(spec["ports"]).map((port) =>
    isExposed && port["nodePort"] === undefined
      ? { ...port, nodePort: nextNodePort(cluster) }
      : port,
  );
  return {
    ...withDefaults(spec, { ipFamilies: ["IPv4"], ipFamilyPolicy: "SingleStack" }),
    clusterIP,
    clusterIPs: [clusterIP],
    ...(spec["ports"] !== undefined && { ports }),
  };
}

function nextAddress(cluster: Cluster): string {
  cluster.addresses += 1;
  return `10.0.${(cluster.addresses >> 8) & 255}.${cluster.addresses & 255}`;
}

function nextNodePort(cluster: Cluster): number {
  cluster.addresses += 1;
  return 30_000 + (cluster.addresses % 2768);
}

function checkAddress(before: StoredObject, after: StoredObject): Cause[] {
  const was = objectOf(before["spec"]);
  const is = objectOf(after["spec"]);
  if (was["type"] !== is["type"] && is["type"] === "ExternalName") return [];
  const old: Json = was["clusterIP"] ?? "";
  if (old === "" || old === is["clusterIP"]) return [];
  const value: Json = is["clusterIPs"] ?? [];
  return [invalidValue("spec.clusterIPs[0]", value, "may not change once set")];
}

export const ingressRules: Partial<KindRules> = {
  atBirth: (_cluster, ingress) => ({ ...ingress, status: { loadBalancer: {} } }),
};

export const roleBindingRules: Partial<KindRules> = {
  complete: (binding) => {
    const { subjects } = binding;
    if (subjects === undefined) return binding;
    const complete = objectsOf(subjects).map((subject) =>
      subject["kind"] === "ServiceAccount"
        ? subject
        : withDefaults(subject, { apiGroup: "rbac.authorization.k8s.io" }),
    );
    return { ...binding, subjects: complete };
  },
  check: (binding) => (binding["roleRef"] === undefined ? [requiredValue("roleRef")] : []),
  checkChange: (before, after) =>
    isSame(before["roleRef"], after["roleRef"])
      ? []
      : [invalidValue("roleRef", after["roleRef"] ?? null, "cannot change roleRef")],
};

export const priorityClassRules: Partial<KindRules> = {
  checkChange: (before, after) => (isSame(before["value"], after["value"]) ? [] : [valueChanged]),
};

const valueChanged: Cause = {
  reason: "FieldValueForbidden",
  message: "Forbidden: may not be changed in an update.",
  field: "value",
};
