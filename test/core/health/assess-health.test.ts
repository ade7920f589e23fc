import { describe, expect, it } from "vitest";
import { appHealth } from "../../../src/core/health/app-health.ts";
import { assessHealth, isConfigKind } from "../../../src/core/health/assess-health.ts";
import type { JsonObject } from "../../../src/core/model/json.ts";

const live = { now: Date.parse("2026-01-01T12:00:00Z"), hasStatus: true };
const of = (apiVersion: string, kind: string, rest: JsonObject = {}): JsonObject => ({
  apiVersion,
  kind,
  metadata: { name: "x", generation: 2 },
  ...rest,
});
const status = (fields: JsonObject): JsonObject => ({
  status: { observedGeneration: 2, ...fields },
});
const conditions = (...entries: readonly (readonly [string, string, string?])[]): JsonObject =>
  status({
    conditions: entries.map(([type, state, reason = ""]) => ({ type, status: state, reason })),
  });
const rolledOut = { replicas: 2, updatedReplicas: 2, availableReplicas: 2, readyReplicas: 2 };
const deployment = (fields: JsonObject, spec: JsonObject = { replicas: 2 }): JsonObject =>
  of("apps/v1", "Deployment", { spec, ...status(fields) });
const statefulSet = (fields: JsonObject, spec: JsonObject = {}): JsonObject =>
  of("apps/v1", "StatefulSet", { spec: { replicas: 2, ...spec }, ...status(fields) });
const widget = (rest: JsonObject): JsonObject => of("example.org/v1", "Widget", rest);
const pod = (fields: JsonObject): JsonObject => of("v1", "Pod", { status: fields });
const waiting = (reason: string, last: JsonObject = {}): JsonObject => ({
  phase: "Running",
  containerStatuses: [{ name: "main", state: { waiting: { reason } }, lastState: last }],
});

describe("assessHealth", () => {
  it.each([
    ["rolled out", deployment(rolledOut), "Healthy"],
    ["scaled to none", deployment({}, { replicas: 0 }), "Healthy"],
    ["not seen by its controller", of("apps/v1", "Deployment", { spec: {} }), "Progressing"],
    ["of an older generation", deployment({ ...rolledOut, observedGeneration: 1 }), "Progressing"],
    ["half updated", deployment({ ...rolledOut, updatedReplicas: 1 }), "Progressing"],
    ["with old replicas", deployment({ ...rolledOut, replicas: 3 }), "Progressing"],
    ["not available", deployment({ ...rolledOut, availableReplicas: 1 }), "Progressing"],
    ["paused", deployment(rolledOut, { replicas: 2, paused: true }), "Suspended"],
    [
      "over its deadline",
      of("apps/v1", "Deployment", conditions(["Progressing", "False", "ProgressDeadlineExceeded"])),
      "Degraded",
    ],
  ])("calls a Deployment %s", (_, object, expected) => {
    expect(assessHealth(object, live).status).toBe(expected);
  });

  it.each([
    [
      "current",
      statefulSet({ ...rolledOut, currentRevision: "b", updateRevision: "b" }),
      "Healthy",
    ],
    [
      "updating",
      statefulSet({ ...rolledOut, currentRevision: "a", updateRevision: "b" }),
      "Progressing",
    ],
    ["not ready", statefulSet({ ...rolledOut, readyReplicas: 1 }), "Progressing"],
    [
      "updated as far as its partition lets it",
      statefulSet(
        { ...rolledOut, updatedReplicas: 1, currentRevision: "a", updateRevision: "b" },
        { updateStrategy: { rollingUpdate: { partition: 1 } } },
      ),
      "Healthy",
    ],
    [
      "updated on delete",
      statefulSet(
        { ...rolledOut, updatedReplicas: 0, currentRevision: "a", updateRevision: "b" },
        { updateStrategy: { type: "OnDelete" } },
      ),
      "Healthy",
    ],
  ])("calls a StatefulSet %s", (_, object, expected) => {
    expect(assessHealth(object, live).status).toBe(expected);
  });

  it.each([
    [
      "DaemonSet, all there",
      of(
        "apps/v1",
        "DaemonSet",
        status({ desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 2 }),
      ),
      "Healthy",
    ],
    [
      "DaemonSet, one missing",
      of(
        "apps/v1",
        "DaemonSet",
        status({ desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 1 }),
      ),
      "Progressing",
    ],
    [
      "ReplicaSet that cannot make pods",
      of("apps/v1", "ReplicaSet", conditions(["ReplicaFailure", "True"])),
      "Degraded",
    ],
    ["Job, running", of("batch/v1", "Job", { status: { active: 1 } }), "Progressing"],
    ["Job, complete", of("batch/v1", "Job", conditions(["Complete", "True"])), "Healthy"],
    ["Job, failed", of("batch/v1", "Job", conditions(["Failed", "True"])), "Degraded"],
    ["Job, suspended", of("batch/v1", "Job", { spec: { suspend: true } }), "Suspended"],
    ["CronJob", of("batch/v1", "CronJob", { spec: {} }), "Healthy"],
    ["CronJob, suspended", of("batch/v1", "CronJob", { spec: { suspend: true } }), "Healthy"],
    ["claim, bound", of("v1", "PersistentVolumeClaim", { status: { phase: "Bound" } }), "Healthy"],
    [
      "claim, pending",
      of("v1", "PersistentVolumeClaim", { status: { phase: "Pending" } }),
      "Progressing",
    ],
    ["claim, lost", of("v1", "PersistentVolumeClaim", { status: { phase: "Lost" } }), "Degraded"],
    ["Service in the cluster", of("v1", "Service", { spec: { type: "ClusterIP" } }), "Healthy"],
    [
      "load balancer without address",
      of("v1", "Service", { spec: { type: "LoadBalancer" }, status: { loadBalancer: {} } }),
      "Progressing",
    ],
    [
      "load balancer with address",
      of("v1", "Service", {
        spec: { type: "LoadBalancer" },
        status: { loadBalancer: { ingress: [{ ip: "1.2.3.4" }] } },
      }),
      "Healthy",
    ],
    [
      "autoscaler that works",
      of(
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        conditions(["AbleToScale", "True"], ["ScalingActive", "True"]),
      ),
      "Healthy",
    ],
    [
      "autoscaler without metrics",
      of(
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        conditions(["AbleToScale", "True"], ["ScalingActive", "False", "FailedGetResourceMetric"]),
      ),
      "Degraded",
    ],
    [
      "definition, established",
      of(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        conditions(["NamesAccepted", "True"], ["Established", "True"]),
      ),
      "Healthy",
    ],
    [
      "definition, name taken",
      of(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        conditions(["NamesAccepted", "False"]),
      ),
      "Degraded",
    ],
    ["definition, new", of("apiextensions.k8s.io/v1", "CustomResourceDefinition"), "Progressing"],
    [
      "APIService, not there",
      of(
        "apiregistration.k8s.io/v1",
        "APIService",
        conditions(["Available", "False", "MissingEndpoints"]),
      ),
      "Progressing",
    ],
    [
      "Namespace, terminating",
      of("v1", "Namespace", { status: { phase: "Terminating" } }),
      "Progressing",
    ],
    ["ConfigMap", of("v1", "ConfigMap"), "Healthy"],
    ["NetworkPolicy", of("networking.k8s.io/v1", "NetworkPolicy"), "Healthy"],
  ])("of a %s", (_, object, expected) => {
    expect(assessHealth(object, live).status).toBe(expected);
  });

  it.each([
    [
      "ready",
      pod({ phase: "Running", conditions: [{ type: "Ready", status: "True" }] }),
      "Healthy",
      "",
    ],
    ["done", pod({ phase: "Succeeded" }), "Healthy", ""],
    ["failed", pod({ phase: "Failed", reason: "Evicted" }), "Degraded", "Evicted"],
    [
      "crashing",
      pod(waiting("CrashLoopBackOff", { terminated: { reason: "Error", exitCode: 3 } })),
      "Degraded",
      "exit code 3",
    ],
    [
      "out of memory",
      pod(waiting("CrashLoopBackOff", { terminated: { reason: "OOMKilled" } })),
      "Degraded",
      "out of memory",
    ],
    ["without image", pod(waiting("ImagePullBackOff")), "Degraded", "ImagePullBackOff"],
    ["starting", pod({ phase: "Pending" }), "Progressing", "starting"],
    [
      "unschedulable",
      pod({
        phase: "Pending",
        conditions: [{ type: "PodScheduled", status: "False", message: "0/3 nodes" }],
      }),
      "Progressing",
      "0/3 nodes",
    ],
  ])("calls a Pod %s and says why", (...[, object, expected, message]) => {
    const health = assessHealth(object, live);

    expect(health.status).toBe(expected);
    expect(health.message).toContain(message);
  });

  it.each([
    ["says nothing", widget({ spec: {} }), "Unknown"],
    ["is Ready", widget(conditions(["Ready", "True"])), "Healthy"],
    [
      "is not Ready and says that it works on it",
      widget(conditions(["Ready", "False", "Creating"])),
      "Progressing",
    ],
    [
      "is not Ready and says that something failed",
      widget(conditions(["Ready", "False", "CreateFailed"])),
      "Degraded",
    ],
    ["does not know yet", widget(conditions(["Ready", "Unknown"])), "Progressing"],
    ["is stalled", widget(conditions(["Ready", "True"], ["Stalled", "True"])), "Degraded"],
    ["reconciles", widget(conditions(["Ready", "True"], ["Reconciling", "True"])), "Progressing"],
    [
      "speaks of an older generation",
      widget({
        status: { observedGeneration: 1, conditions: [{ type: "Ready", status: "True" }] },
      }),
      "Progressing",
    ],
    [
      "is suspended",
      widget({ spec: { suspend: true }, ...conditions(["Ready", "True"]) }),
      "Suspended",
    ],
    ["has a good phase", widget(status({ phase: "Running" })), "Healthy"],
    ["has a bad phase", widget(status({ phase: "Failed" })), "Degraded"],
    ["has a phase under way", widget(status({ state: "Provisioning" })), "Progressing"],
    ["has a phase that nobody knows", widget(status({ phase: "Frobnicated" })), "Unknown"],
  ])("of a custom resource that %s", (_, object, expected) => {
    expect(assessHealth(object, live).status).toBe(expected);
  });

  it.each([
    ["a while", "2026-01-01T11:59:00Z", "Progressing"],
    ["too long", "2026-01-01T11:00:00Z", "Degraded"],
  ])("of an object that is being deleted for %s", (_, deletionTimestamp, expected) => {
    const object = of("v1", "ConfigMap", { metadata: { name: "x", deletionTimestamp } });

    expect(assessHealth(object, live).status).toBe(expected);
  });

  it("has no opinion on built-in configuration, but never counts a custom resource as that", () => {
    expect(isConfigKind("", "Secret")).toBe(true);
    expect(isConfigKind("rbac.authorization.k8s.io", "Role")).toBe(true);
    expect(isConfigKind("apps", "Deployment")).toBe(false);
    expect(isConfigKind("cluster.x-k8s.io", "Cluster")).toBe(false);
    expect(isConfigKind("gateway.networking.k8s.io", "Gateway")).toBe(false);
    expect(isConfigKind("example.org", "Secret")).toBe(false);
  });
});

describe("appHealth", () => {
  const object = (name: string, word: "Healthy" | "Progressing" | "Degraded" | "Unknown") => ({
    name,
    health: { status: word, message: `${word} said` },
  });

  it("is the worst of the objects that have an opinion, and names it", () => {
    const health = appHealth([
      object("a", "Healthy"),
      object("b", "Degraded"),
      object("c", "Progressing"),
      object("d", "Unknown"),
    ]);

    expect(health).toEqual({ status: "Degraded", message: "b: Degraded said", unverified: 1 });
  });

  it("is Healthy where none has an opinion, and counts them", () => {
    expect(appHealth([object("a", "Unknown"), object("b", "Unknown")])).toEqual({
      status: "Healthy",
      message: "",
      unverified: 2,
    });
  });
});
