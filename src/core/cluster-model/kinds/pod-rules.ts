/** Pods, and the pod templates of workloads: what the server fills in and what it never lets change. */
import type { Json, JsonObject } from "../../model/json.ts";
import { type Cause, requiredValue } from "../status-failure.ts";
import { type StoredObject, isSame, objectOf, objectsOf, textOf } from "../stored-object.ts";
import { withDefaults } from "./config-rules.ts";
import type { KindRules } from "./kind-rules.ts";

export const podRules: Partial<KindRules> = {
  complete: (pod) => {
    const spec = withDefaults(completePodSpec(objectOf(pod["spec"]), "Always"), podOnly);
    const containers = objectsOf(spec["containers"]).map(withRequests);
    return { ...pod, spec: { ...spec, containers } };
  },
  atBirth: (_cluster, pod) => ({
    ...pod,
    spec: withDefaults(objectOf(pod["spec"]), {
      preemptionPolicy: "PreemptLowerPriority",
      priority: 0,
      tolerations,
    }),
    status: { phase: "Pending", qosClass: qosClass(objectOf(pod["spec"])) },
  }),
  check: (pod) => checkPodSpec(objectOf(pod["spec"]), "spec"),
  checkChange: (before, after) => {
    const isChanged = !isSame(withoutMutable(before), withoutMutable(after));
    return isChanged ? [podUpdateForbidden] : [];
  },
};

const podOnly: JsonObject = { enableServiceLinks: true };

const tolerations = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"].map(
  (key): JsonObject => ({ effect: "NoExecute", key, operator: "Exists", tolerationSeconds: 300 }),
);

const podUpdateForbidden: Cause = {
  reason: "FieldValueForbidden",
  field: "spec",
  message:
    "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
};

function withoutMutable(pod: StoredObject): JsonObject {
  const {
    tolerations: _t,
    activeDeadlineSeconds: _d,
    nodeName: _n,
    ...spec
  } = objectOf(pod["spec"]);
  const imageless = (value: Json | undefined): Json =>
    objectsOf(value).map(({ image: _image, ...rest }) => rest);
  return {
    ...spec,
    containers: imageless(spec["containers"]),
    initContainers: imageless(spec["initContainers"]),
  };
}

/** A pod template with its defaults. */
export function completeTemplate(template: JsonObject, restartPolicy: string): JsonObject {
  const metadata = withDefaults(objectOf(template["metadata"]), { creationTimestamp: null });
  const { creationTimestamp: _none, ...shown } = metadata;
  return {
    ...template,
    metadata: shown,
    spec: completePodSpec(objectOf(template["spec"]), restartPolicy),
  };
}

/** A pod spec with its defaults. */
function completePodSpec(spec: JsonObject, restartPolicy: string): JsonObject {
  const { serviceAccountName, initContainers, volumes } = spec;
  const account = serviceAccountName ?? spec["serviceAccount"];
  return {
    ...withDefaults(spec, {
      dnsPolicy: "ClusterFirst",
      restartPolicy,
      schedulerName: "default-scheduler",
      securityContext: {},
      terminationGracePeriodSeconds: 30,
    }),
    ...(account !== undefined && { serviceAccount: account, serviceAccountName: account }),
    containers: objectsOf(spec["containers"]).map(completeContainer),
    ...(initContainers !== undefined && {
      initContainers: objectsOf(initContainers).map(completeContainer),
    }),
    ...(volumes !== undefined && { volumes: objectsOf(volumes).map(completeVolume) }),
  };
}

function completeContainer(container: JsonObject): JsonObject {
  const image = textOf(container["image"]);
  const tag = /:(?<tag>[^:/@]+)$/.exec(image)?.groups?.["tag"];
  const isLatest = !image.includes("@") && (tag === undefined || tag === "latest");
  const { ports, env } = container;
  const probes = ["livenessProbe", "readinessProbe", "startupProbe"]
    .filter((name) => container[name] !== undefined)
    .map((name) => [name, completeProbe(objectOf(container[name]))] as const);
  return {
    ...withDefaults(container, {
      imagePullPolicy: isLatest ? "Always" : "IfNotPresent",
      resources: {},
      terminationMessagePath: "/dev/termination-log",
      terminationMessagePolicy: "File",
    }),
    ...(ports !== undefined && {
      ports: objectsOf(ports).map((port) => withDefaults(port, { protocol: "TCP" })),
    }),
    ...(env !== undefined && { env: objectsOf(env).map(completeVariable) }),
    ...Object.fromEntries(probes),
  };
}

/** In a pod, though not in a template, a limit without a request is the request, too. */
function withRequests(container: JsonObject): JsonObject {
  const resources = objectOf(container["resources"]);
  const limits = resources["limits"];
  if (limits === undefined) return container;
  const requests = withDefaults(objectOf(resources["requests"]), objectOf(limits));
  return { ...container, resources: { ...resources, requests } };
}

function completeVariable(variable: JsonObject): JsonObject {
  const source = objectOf(variable["valueFrom"]);
  const { fieldRef } = source;
  if (fieldRef === undefined) return variable;
  const complete = withDefaults(objectOf(fieldRef), { apiVersion: "v1" });
  return { ...variable, valueFrom: { ...source, fieldRef: complete } };
}

function completeProbe(probe: JsonObject): JsonObject {
  const { httpGet, grpc } = probe;
  return {
    ...withDefaults(probe, {
      failureThreshold: 3,
      periodSeconds: 10,
      successThreshold: 1,
      timeoutSeconds: 1,
    }),
    ...(httpGet !== undefined && {
      httpGet: withDefaults(objectOf(httpGet), { path: "/", scheme: "HTTP" }),
    }),
    ...(grpc !== undefined && { grpc: withDefaults(objectOf(grpc), { service: "" }) }),
  };
}

const volumeSources: Readonly<Record<string, JsonObject>> = {
  configMap: { defaultMode: 420 },
  secret: { defaultMode: 420 },
  downwardAPI: { defaultMode: 420 },
  projected: { defaultMode: 420 },
  hostPath: { type: "" },
  emptyDir: {},
};

function completeVolume(volume: JsonObject): JsonObject {
  const known = Object.keys(volume).filter((source) => volumeSources[source] !== undefined);
  if (known.length === 0) {
    return Object.keys(volume).length > 1 ? volume : { ...volume, emptyDir: {} };
  }
  const sources = known.map(
    (source) =>
      [source, withDefaults(objectOf(volume[source]), volumeSources[source] ?? {})] as const,
  );
  return { ...volume, ...Object.fromEntries(sources) };
}

function qosClass(spec: JsonObject): string {
  const all = [...objectsOf(spec["containers"]), ...objectsOf(spec["initContainers"])];
  const resources = all.map((container) => objectOf(container["resources"]));
  const isSet = (field: string): boolean =>
    resources.some((one) => Object.keys(objectOf(one[field])).length > 0);
  if (!isSet("limits") && !isSet("requests")) return "BestEffort";
  const isGuaranteed = resources.every((one) => {
    const limits = objectOf(one["limits"]);
    const isWhole = limits["cpu"] !== undefined && limits["memory"] !== undefined;
    return isWhole && isSame(limits, one["requests"] ?? limits);
  });
  return isGuaranteed ? "Guaranteed" : "Burstable";
}

/** What is wrong with a pod spec: containers with names and images are demanded. */
export function checkPodSpec(spec: JsonObject, field: string): Cause[] {
  const containers = objectsOf(spec["containers"]);
  if (containers.length === 0) return [requiredValue(`${field}.containers`)];
  return containers.flatMap((container, i) => [
    ...(textOf(container["name"]) === "" ? [requiredValue(`${field}.containers[${i}].name`)] : []),
    ...(textOf(container["image"]) === ""
      ? [requiredValue(`${field}.containers[${i}].image`)]
      : []),
  ]);
}
