import { describe, expect, it } from "vitest";
import { assessHealth, isConfigKind } from "../../../src/core/health/assess-health.ts";
import type { JsonObject } from "../../../src/core/model/json.ts";

const of = (name: string, rest: JsonObject = {}): JsonObject => {
  const [apiVersion = "", kind = ""] = name.split(" ");
  return { apiVersion, kind, metadata: { name: "x" }, ...rest };
};
const having = (type: string, status: string, reason = ""): JsonObject => ({
  conditions: [{ type, status, reason, message: `${type} told` }],
});

const claim = (status: JsonObject): JsonObject => of("v1 PersistentVolumeClaim", { status });
const volume = (phase: string): JsonObject => of("v1 PersistentVolume", { status: { phase } });
const scaler = (version: string, status: JsonObject): JsonObject =>
  of(`autoscaling/${version} HorizontalPodAutoscaler`, { status });
/** As the API server shows conditions in `autoscaling/v1`. */
const oldScaler = (conditions: string, status: JsonObject = { currentReplicas: 2 }): JsonObject =>
  of("autoscaling/v1 HorizontalPodAutoscaler", {
    metadata: { annotations: { "autoscaling.alpha.kubernetes.io/conditions": conditions } },
    status,
  });
const marked = (...conditions: readonly JsonObject[]): JsonObject =>
  oldScaler(JSON.stringify(conditions));
const budget = (status: JsonObject): JsonObject => of("policy/v1 PodDisruptionBudget", { status });
const definition = (status: JsonObject): JsonObject =>
  of("apiextensions.k8s.io/v1 CustomResourceDefinition", { status });
const migration = (type: string): JsonObject =>
  of("storagemigration.k8s.io/v1beta1 StorageVersionMigration", { status: having(type, "True") });
const flow = (dangling: string): JsonObject =>
  of("flowcontrol.apiserver.k8s.io/v1 FlowSchema", { status: having("Dangling", dangling) });
const signing = (status: JsonObject): JsonObject =>
  of("certificates.k8s.io/v1 CertificateSigningRequest", { status });
const replicas = (
  kind: string,
  spec: JsonObject,
  { count, ...status }: JsonObject & { count: number },
): JsonObject => {
  const counts = { replicas: count, readyReplicas: count, availableReplicas: count };
  const told = { observedGeneration: 1, ...counts, updatedReplicas: count, ...status };
  return of(`apps/v1 ${kind}`, { spec, status: told });
};
const resized = (storage: string): JsonObject =>
  claim({ phase: "Bound", allocatedResourceStatuses: { storage } });
const modified = (status: string): JsonObject =>
  claim({ phase: "Bound", modifyVolumeStatus: { status } });
const balanced = (status: JsonObject): JsonObject =>
  of("v1 Service", { spec: { type: "LoadBalancer" }, status });
const addressed = (port: JsonObject): JsonObject => ({
  loadBalancer: { ingress: [{ ip: "192.0.2.1", ports: [port] }] },
});
const attachment = (status: JsonObject): JsonObject =>
  of("storage.k8s.io/v1 VolumeAttachment", { status });
const podCertificate = (status: JsonObject): JsonObject =>
  of("certificates.k8s.io/v1beta1 PodCertificateRequest", { status });
const podGroup = (status: JsonObject): JsonObject =>
  of("scheduling.k8s.io/v1alpha2 PodGroup", { status });
const readyNode = (type: string, status = "True"): JsonObject => {
  const conditions = [
    { type: "Ready", status: "True" },
    { type, status },
  ];
  return of("v1 Node", { status: { conditions } });
};
const cron = (status: JsonObject, spec: JsonObject = {}): JsonObject =>
  of("batch/v1 CronJob", { spec, status });
const [earlier, later] = ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"];

describe("the health of built-in kinds", () => {
  it.each([
    ["a claim that grows", claim({ phase: "Bound", ...having("Resizing", "True") }), "Progressing"],
    [
      "a claim whose file system grows with the next pod",
      claim({ phase: "Bound", ...having("FileSystemResizePending", "True") }),
      "Healthy",
    ],
    [
      "a claim that cannot grow",
      claim({ phase: "Bound", ...having("ControllerResizeError", "True") }),
      "Degraded",
    ],
    [
      "a claim with attributes that its driver has not",
      claim({ phase: "Bound", modifyVolumeStatus: { status: "Infeasible" } }),
      "Degraded",
    ],
    ["a claim without status", claim({}), "Progressing"],
    ["a free volume", volume("Available"), "Healthy"],
    ["a volume whose claim is gone", volume("Released"), "Progressing"],
    ["a volume that failed", volume("Failed"), "Degraded"],
    ["an ingress without address", of("networking.k8s.io/v1 Ingress"), "Progressing"],
    [
      "an ingress with a host name",
      of("networking.k8s.io/v1 Ingress", {
        status: { loadBalancer: { ingress: [{ hostname: "lb.example.org" }] } },
      }),
      "Healthy",
    ],
    ["an autoscaler, new", scaler("v2", {}), "Progressing"],
    ["an autoscaler that cannot", scaler("v2", having("AbleToScale", "False")), "Degraded"],
    ["an autoscaler of v1 that counts", scaler("v1", { currentReplicas: 2 }), "Healthy"],
    [
      "an autoscaler of v1 that has decided nothing yet",
      scaler("v1", { currentReplicas: 2, desiredReplicas: 0 }),
      "Progressing",
    ],
    [
      "an autoscaler of v1 without metrics",
      marked(
        { type: "AbleToScale", status: "True", reason: "SucceededGetScale" },
        { type: "ScalingActive", status: "False", reason: "FailedGetResourceMetric" },
      ),
      "Degraded",
    ],
    [
      "an autoscaler of v1 that works",
      marked({ type: "ScalingActive", status: "True", reason: "ValidMetricFound" }),
      "Healthy",
    ],
    ["an autoscaler of v1 whose annotation is cut off", oldScaler('[{"type":'), "Healthy"],
    [
      "an autoscaler that only knows the scale so far",
      scaler("v2", having("AbleToScale", "True", "SucceededGetScale")),
      "Progressing",
    ],
    [
      "an autoscaler of what is scaled to none",
      scaler("v2", having("ScalingActive", "False", "ScalingDisabled")),
      "Healthy",
    ],
    [
      "an autoscaler that has scaled a moment ago",
      scaler("v2", having("AbleToScale", "False", "BackoffDownscale")),
      "Healthy",
    ],
    ["a budget, kept", budget({ currentHealthy: 2, desiredHealthy: 2 }), "Healthy"],
    ["a budget, not kept", budget({ currentHealthy: 1, desiredHealthy: 2 }), "Progressing"],
    [
      "a budget of what is scaled to nothing",
      budget({ currentHealthy: 0, desiredHealthy: 1, expectedPods: 0 }),
      "Healthy",
    ],
    [
      "a budget that leaves no pod to move",
      budget({
        currentHealthy: 2,
        desiredHealthy: 2,
        ...having("DisruptionAllowed", "False", "InsufficientPods"),
      }),
      "Healthy",
    ],
    [
      "a budget that nobody can work out",
      budget(having("DisruptionAllowed", "False", "SyncFailed")),
      "Degraded",
    ],
    ["an APIService, new", of("apiregistration.k8s.io/v1 APIService"), "Progressing"],
    [
      "an APIService, served",
      of("apiregistration.k8s.io/v1 APIService", { status: having("Available", "True") }),
      "Healthy",
    ],
    ["a signing request, new", signing({}), "Progressing"],
    ["a signing request, denied", signing(having("Denied", "True")), "Degraded"],
    ["a signing request, signed", signing({ certificate: "YQ==" }), "Healthy"],
    ["a node that is ready", of("v1 Node", { status: having("Ready", "True") }), "Healthy"],
    ["a node without status", of("v1 Node"), "Progressing"],
    [
      "a node that is ready and short of space",
      of("v1 Node", {
        status: {
          conditions: [
            { type: "Ready", status: "True" },
            { type: "DiskPressure", status: "True" },
          ],
        },
      }),
      "Degraded",
    ],
    [
      "a node that has fallen silent",
      of("v1 Node", {
        status: {
          conditions: [
            { type: "Ready", status: "Unknown", message: "Kubelet stopped posting node status." },
          ],
        },
      }),
      "Degraded",
    ],
    [
      "a node that is cordoned",
      of("v1 Node", { spec: { unschedulable: true }, status: having("Ready", "True") }),
      "Suspended",
    ],
    [
      "a definition that is being installed",
      definition(having("Established", "False", "Installing")),
      "Progressing",
    ],
    [
      "a definition that is not going to be established",
      definition(having("Established", "False", "NotAccepted")),
      "Degraded",
    ],
    [
      "a definition that goes, its names given up before",
      definition({
        conditions: [
          { type: "NamesAccepted", status: "False" },
          { type: "Terminating", status: "True" },
        ],
      }),
      "Progressing",
    ],
    [
      "a deployment for which no replica set can be made",
      of("apps/v1 Deployment", { status: having("Progressing", "False", "ReplicaSetCreateError") }),
      "Degraded",
    ],
    [
      "a deployment that is paused",
      of("apps/v1 Deployment", {
        spec: { paused: true },
        status: having("Progressing", "Unknown", "DeploymentPaused"),
      }),
      "Suspended",
    ],
    ["a range of service addresses, new", of("networking.k8s.io/v1 ServiceCIDR"), "Progressing"],
    [
      "a range of service addresses in use",
      of("networking.k8s.io/v1 ServiceCIDR", { status: having("Ready", "True") }),
      "Healthy",
    ],
    ["a migration that runs", migration("Running"), "Progressing"],
    ["a migration that went well", migration("Succeeded"), "Healthy"],
    ["a migration that failed", migration("Failed"), "Degraded"],
    ["a flow of requests", flow("False"), "Healthy"],
    ["a flow of requests whose level is not there", flow("True"), "Degraded"],
    ["a cron job that never ran", cron({}), "Healthy"],
    ["a cron job that has not succeeded yet", cron({ lastScheduleTime: later }), "Healthy"],
    [
      "a cron job whose last run went well",
      cron({ lastScheduleTime: earlier, lastSuccessfulTime: later }),
      "Healthy",
    ],
    [
      "a cron job whose last run did not",
      cron({ lastScheduleTime: later, lastSuccessfulTime: earlier }),
      "Degraded",
    ],
    [
      "a cron job that runs",
      cron({ lastScheduleTime: later, lastSuccessfulTime: earlier, active: [{}] }),
      "Healthy",
    ],
    [
      "a cron job, suspended after a run that went wrong",
      cron({ lastScheduleTime: later, lastSuccessfulTime: earlier }, { suspend: true }),
      "Healthy",
    ],
    [
      "a job about to fail",
      of("batch/v1 Job", { status: having("FailureTarget", "True", "BackoffLimitExceeded") }),
      "Degraded",
    ],
    [
      "a stateful set whose pods are ready, not yet for long enough",
      of("apps/v1 StatefulSet", {
        spec: { replicas: 1 },
        status: { observedGeneration: 1, readyReplicas: 1, availableReplicas: 0 },
      }),
      "Progressing",
    ],
    ...["StatefulSet", "ReplicaSet", "Deployment"].flatMap(
      (kind): [string, JsonObject, string][] => [
        [
          `a ${kind} that is scaled to none and still runs`,
          replicas(kind, { replicas: 0 }, { count: 3 }),
          "Progressing",
        ],
        [
          `a ${kind} that is scaled down and still runs more`,
          replicas(kind, { replicas: 2 }, { count: 3 }),
          "Progressing",
        ],
        [
          `a ${kind} that is scaled to none`,
          replicas(kind, { replicas: 0 }, { count: 0 }),
          "Healthy",
        ],
        [`a ${kind} that runs`, replicas(kind, { replicas: 3 }, { count: 3 }), "Healthy"],
      ],
    ),
    ["a claim whose volume cannot grow", resized("ControllerResizeInfeasible"), "Degraded"],
    ["a claim whose node cannot grow it", resized("NodeResizeInfeasible"), "Degraded"],
    ["a claim whose volume grows", resized("ControllerResizeInProgress"), "Progressing"],
    ["a claim whose node grows it", resized("NodeResizeInProgress"), "Progressing"],
    ["a claim that grows with the next pod", resized("NodeResizePending"), "Healthy"],
    ["a claim that waits for its attributes class", modified("Pending"), "Progressing"],
    ["a claim that gets other attributes", modified("InProgress"), "Progressing"],
    [
      "a claim whose attributes could not be changed",
      claim({ phase: "Bound", ...having("ModifyVolumeError", "True") }),
      "Degraded",
    ],
    ["a load balancer with a port", balanced(addressed({ port: 80 })), "Healthy"],
    [
      "a load balancer that cannot serve a port",
      balanced(addressed({ port: 80, error: "MixedProtocolNotSupported" })),
      "Degraded",
    ],
    [
      "a load balancer without an address for its ports",
      balanced(having("LoadBalancerPortsError", "True", "MixedProtocolNotSupported")),
      "Degraded",
    ],
    [
      "an ingress that cannot serve a port",
      of("networking.k8s.io/v1 Ingress", {
        status: addressed({ port: 80, error: "example.org/PortTaken" }),
      }),
      "Degraded",
    ],
    [
      "an autoscaler of which nobody knows whether it scales",
      scaler("v2", {
        conditions: [
          { type: "AbleToScale", status: "True", reason: "ReadyForNewScale" },
          { type: "ScalingActive", status: "Unknown" },
        ],
      }),
      "Progressing",
    ],
    [
      "a node that never came up",
      of("v1 Node", { status: having("Ready", "Unknown", "NodeStatusNeverUpdated") }),
      "Degraded",
    ],
    ["a node whose kernel hangs", readyNode("KernelDeadlock"), "Degraded"],
    ["a node that can write nothing", readyNode("ReadonlyFilesystem"), "Degraded"],
    ["a node whose runtime comes and goes", readyNode("FrequentContainerdRestart"), "Degraded"],
    ["a node whose kernel does not hang", readyNode("KernelDeadlock", "False"), "Healthy"],
    ["a node that votes", readyNode("EtcdIsVoter"), "Healthy"],
    ["a volume that is attached", attachment({ attached: true }), "Healthy"],
    ["a volume that is not attached yet", attachment({ attached: false }), "Progressing"],
    [
      "a volume that cannot be attached",
      attachment({ attached: false, attachError: { message: "no such disk" } }),
      "Degraded",
    ],
    ["a pod's certificate, new", podCertificate({}), "Progressing"],
    ["a pod's certificate, denied", podCertificate(having("Denied", "True")), "Degraded"],
    ["a pod's certificate, failed", podCertificate(having("Failed", "True")), "Degraded"],
    ["a pod's certificate, issued", podCertificate(having("Issued", "True")), "Healthy"],
    ["a group of pods, new", podGroup({}), "Healthy"],
    [
      "a group of pods that no nodes take",
      podGroup(having("PodGroupScheduled", "False", "Unschedulable")),
      "Progressing",
    ],
    ["a group of pods on its nodes", podGroup(having("PodGroupScheduled", "True")), "Healthy"],
    [
      "a daemon set that is updated on delete",
      of("apps/v1 DaemonSet", {
        spec: { updateStrategy: { type: "OnDelete" } },
        status: { desiredNumberScheduled: 1, numberAvailable: 1, updatedNumberScheduled: 0 },
      }),
      "Healthy",
    ],
  ])("%s", (_, object, expected) => {
    expect(assessHealth(object).status).toBe(expected);
  });

  it("tells how far a job has come", () => {
    const job = of("batch/v1 Job", {
      spec: { completions: 3 },
      status: { active: 1, succeeded: 1, failed: 2 },
    });

    expect(assessHealth(job).message).toBe("the job has not completed: 1 of 3, 2 pods have failed");
  });

  it("tells what holds a namespace or an object that is to go", () => {
    const status = {
      phase: "Terminating",
      ...having("NamespaceFinalizersRemaining", "True", "SomeFinalizersRemain"),
    };
    expect(assessHealth(of("v1 Namespace", { status })).message).toBe(
      "NamespaceFinalizersRemaining told",
    );
    const metadata = { deletionTimestamp: earlier, finalizers: ["example.org/guard"] };
    expect(assessHealth(of("example.org/v1 Widget", { metadata }))).toEqual({
      status: "Progressing",
      message: `it is being deleted since ${earlier}, held by example.org/guard`,
    });
  });

  it.each([
    "v1 ConfigMap",
    "v1 Secret",
    "v1 ServiceAccount",
    "v1 Endpoints",
    "v1 ResourceQuota",
    "resource.k8s.io/v1 ResourceClaim",
    "rbac.authorization.k8s.io/v1 ClusterRoleBinding",
    "networking.k8s.io/v1 NetworkPolicy",
    "networking.k8s.io/v1 IngressClass",
    "storage.k8s.io/v1 StorageClass",
    "scheduling.k8s.io/v1 PriorityClass",
    "admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration",
  ])("is Healthy at once for %s, which only configures", (name) => {
    expect(assessHealth(of(name))).toEqual({ status: "Healthy", message: "" });
  });

  it("does not take a group for built in because its name ends so", () => {
    expect(isConfigKind("certmanager.k8s.io", "Issuer")).toBe(false);
    expect(isConfigKind("snapshot.storage.k8s.io", "VolumeSnapshot")).toBe(false);
  });
});
