/** Defaults of the kinds that the ownership suites write, as far as they write them. */
import { type Json, type JsonObject, isJsonObject } from "../../../src/core/model/json.ts";

/** The object with what the API server fills in. */
export function completeObject(object: JsonObject, kind: string): JsonObject {
  if (kind === "Service") return within(object, "spec", completeService);
  if (kind === "PodTemplate") return within(object, "template", completeTemplate);
  if (kind === "Deployment") return within(object, "spec", completeDeployment);
  return object;
}

function completeDeployment(spec: JsonObject): JsonObject {
  const filled = withDefaults(spec, {
    replicas: 1,
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
  });
  const strategy = within(filled, "strategy", (value) => {
    const typed = withDefaults(value, { type: "RollingUpdate" });
    if (typed["type"] !== "RollingUpdate") return typed;
    return within(withDefaults(typed, { rollingUpdate: {} }), "rollingUpdate", (rolling) =>
      withDefaults(rolling, { maxUnavailable: "25%", maxSurge: "25%" }),
    );
  });
  return within(strategy, "template", completeTemplate);
}

function completeTemplate(template: JsonObject): JsonObject {
  return within(template, "spec", (spec) => {
    const filled = withDefaults(spec, {
      restartPolicy: "Always",
      terminationGracePeriodSeconds: 30,
      dnsPolicy: "ClusterFirst",
      securityContext: {},
      schedulerName: "default-scheduler",
    });
    const containers = eachOf(filled, "containers", completeContainer);
    return eachOf(containers, "volumes", (volume) => {
      const named: JsonObject =
        Object.keys(volume).length > 1 ? volume : { ...volume, emptyDir: {} };
      const source = named["configMap"];
      return isJsonObject(source)
        ? { ...named, configMap: withDefaults(source, { defaultMode: 420 }) }
        : named;
    });
  });
}

function completeContainer(container: JsonObject): JsonObject {
  const filled = withDefaults(container, {
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    imagePullPolicy: "IfNotPresent",
  });
  return eachOf(filled, "ports", (port) => withDefaults(port, { protocol: "TCP" }));
}

function completeService(spec: JsonObject): JsonObject {
  const filled = withDefaults(spec, {
    internalTrafficPolicy: "Cluster",
    sessionAffinity: "None",
    type: "ClusterIP",
  });
  return eachOf(filled, "ports", (port) =>
    withDefaults(port, { protocol: "TCP", targetPort: port["port"] ?? 0 }),
  );
}

function within(
  object: JsonObject,
  field: string,
  change: (value: JsonObject) => JsonObject,
): JsonObject {
  const value = object[field];
  return isJsonObject(value) ? { ...object, [field]: change(value) } : object;
}

function eachOf(
  object: JsonObject,
  field: string,
  change: (value: JsonObject) => JsonObject,
): JsonObject {
  const items = object[field];
  if (!Array.isArray(items)) return object;
  const changed = items.map((item: Json) => (isJsonObject(item) ? change(item) : item));
  return { ...object, [field]: changed };
}

function withDefaults(object: JsonObject, defaults: JsonObject): JsonObject {
  return { ...defaults, ...object };
}
