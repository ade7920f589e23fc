import { describe, expect, it } from "vitest";
import { assessHealth } from "../../../src/core/health/assess-health.ts";
import type { JsonObject } from "../../../src/core/model/json.ts";

/** `Type=Status:Reason:message`, or less. */
const conditions = (...texts: readonly string[]): JsonObject => ({
  conditions: texts.map((text) => {
    const [head = "", reason = "", message = ""] = text.split(":");
    const [type = "", status = ""] = head.split("=");
    return { type, status, reason, message };
  }),
});

const wordOf = (kind: string, status: JsonObject, rest: JsonObject = {}): string =>
  assessHealth({
    apiVersion: "example.org/v1",
    kind,
    metadata: { name: "x", generation: 2 },
    status,
    ...rest,
  }).status;

/** How controllers of many projects write a status: nothing in the rules names any of these kinds. */
const conventions: readonly (readonly [string, string, JsonObject, string])[] = [
  [
    "a database that tells its phase in a sentence",
    "Cluster",
    { phase: "Cluster in healthy state", ...conditions("Ready=True", "ContinuousArchiving=True") },
    "Healthy",
  ],
  [
    "a database that is being set up",
    "Cluster",
    { phase: "Setting up primary", ...conditions("Ready=False:ClusterIsNotReady:Is not ready") },
    "Progressing",
  ],
  ["a backup under way", "Backup", { phase: "InProgress" }, "Progressing"],
  ["a backup that is new", "Backup", { phase: "New" }, "Progressing"],
  ["a backup that failed in part", "Backup", { phase: "PartiallyFailed" }, "Degraded"],
  ["a backup that was refused", "Backup", { phase: "FailedValidation" }, "Degraded"],
  ["a backup that waits", "Backup", { phase: "WaitingForPluginOperations" }, "Progressing"],
  ["a backup that is complete", "Backup", { phase: "Completed" }, "Healthy"],
  ["a place for backups", "BackupStorageLocation", { phase: "Unavailable" }, "Degraded"],
  ["a pipeline", "PipelineRun", conditions("Succeeded=Unknown:Running"), "Progressing"],
  ["a pipeline that failed", "PipelineRun", conditions("Succeeded=False:Failed"), "Degraded"],
  ["a pipeline, called off", "PipelineRun", conditions("Succeeded=False:Cancelled"), "Degraded"],
  [
    "a service whose route is not there yet",
    "Service",
    conditions(
      "Ready=Unknown:IngressNotConfigured",
      "RoutesReady=Unknown",
      "ConfigurationsReady=True",
    ),
    "Progressing",
  ],
  [
    "a service whose revision failed",
    "Service",
    conditions("Ready=False:RevisionMissing", "ConfigurationsReady=False:RevisionFailed"),
    "Degraded",
  ],
  [
    "storage in upper case",
    "Store",
    { phase: "Ready", health: { status: "HEALTH_OK" } },
    "Healthy",
  ],
  ["storage in trouble", "Store", { phase: "Ready", health: { status: "HEALTH_ERR" } }, "Degraded"],
  ["a search cluster, green", "Search", { health: "green", phase: "Ready" }, "Healthy"],
  [
    "a search cluster, changing",
    "Search",
    { health: "green", phase: "ApplyingChanges" },
    "Progressing",
  ],
  ["a search cluster, yellow", "Search", { health: "yellow", phase: "Ready" }, "Progressing"],
  ["a search cluster, red", "Search", { health: "red", phase: "Ready" }, "Degraded"],
  ["a machine that is off", "VirtualMachine", { printableStatus: "Stopped" }, "Suspended"],
  [
    "a machine that cannot run",
    "VirtualMachine",
    { printableStatus: "ErrorUnschedulable" },
    "Degraded",
  ],
  [
    "a machine that starts",
    "Machine",
    { phase: "Scheduling", ...conditions("Ready=False:GuestNotRunning") },
    "Progressing",
  ],
  [
    "an import",
    "DataVolume",
    { phase: "ImportInProgress", ...conditions("Bound=True") },
    "Progressing",
  ],
  ["a volume", "Volume", { state: "attached", robustness: "healthy" }, "Healthy"],
  [
    "a volume that lacks a copy",
    "Volume",
    { state: "attached", robustness: "degraded" },
    "Degraded",
  ],
  ["an application that ends", "App", { applicationState: { state: "COMPLETED" } }, "Healthy"],
  [
    "one that was not taken",
    "App",
    { applicationState: { state: "SUBMISSION_FAILED" } },
    "Degraded",
  ],
  ["a version of an operator", "Version", { phase: "Installing", reason: "X" }, "Progressing"],
  [
    "a subscription",
    "Subscription",
    { state: "AtLatestKnown", ...conditions("CatalogSourcesUnhealthy=False:AllHealthy") },
    "Healthy",
  ],
  [
    "a certificate that is being issued",
    "Certificate",
    conditions("Issuing=True:DoesNotExist", "Ready=False:DoesNotExist:Secret does not exist"),
    "Progressing",
  ],
  [
    "a certificate that was refused",
    "Certificate",
    conditions("Issuing=False:Failed:order failed", "Ready=False:DoesNotExist"),
    "Degraded",
  ],
  [
    "a rollout that waits for a person",
    "Rollout",
    { phase: "Paused", message: "a step" },
    "Suspended",
  ],
  ["a workflow", "Workflow", { phase: "Running" }, "Progressing"],
  [
    "a set with abnormal conditions",
    "Set",
    conditions("ErrorOccurred=False:Fine", "ResourcesUpToDate=True", "ParametersGenerated=True"),
    "Healthy",
  ],
  [
    "a set with an error",
    "Set",
    conditions("ErrorOccurred=True:BadTemplate", "ResourcesUpToDate=False:BadTemplate"),
    "Degraded",
  ],
  [
    "a release that is being installed",
    "Release",
    conditions("Reconciling=True:Progressing", "Ready=Unknown:Progressing:running install"),
    "Progressing",
  ],
  [
    "a release that could not be installed",
    "Release",
    conditions("Ready=False:InstallFailed:timed out", "Released=False:InstallFailed"),
    "Degraded",
  ],
  [
    "steps that are all done",
    "Sensor",
    conditions("DependenciesProvided=True", "Deployed=True", "TriggersProvided=True"),
    "Healthy",
  ],
  [
    "a step that waits",
    "Sensor",
    conditions("DependenciesProvided=True", "Deployed=False:Pending", "TriggersProvided=True"),
    "Progressing",
  ],
  [
    "a set of clones",
    "CloneSet",
    { replicas: 3, readyReplicas: 3, updatedReplicas: 2 },
    "Progressing",
  ],
  ["sidecars", "SidecarSet", { matchedPods: 3, updatedPods: 3, readyPods: 3 }, "Healthy"],
  [
    "sidecars, one not ready",
    "SidecarSet",
    { matchedPods: 3, updatedPods: 3, readyPods: 2 },
    "Progressing",
  ],
  [
    "pods on nodes",
    "NodeAgents",
    { desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberReady: 3, numberAvailable: 2 },
    "Progressing",
  ],
  ["an operator's run", "Tool", conditions("Running=True:Running", "Successful=True"), "Healthy"],
  [
    "an operator's failed run",
    "Tool",
    conditions("Running=False", "Failure=True:Failed"),
    "Degraded",
  ],
  [
    "a secret that cannot be opened",
    "SecretBox",
    conditions("Synced=False::no key could decrypt"),
    "Degraded",
  ],
  ["a recommendation", "Recommender", conditions("RecommendationProvided=True"), "Healthy"],
  [
    "a scaler at rest",
    "Scaler",
    conditions("Ready=True", "Active=False:NotActive", "Fallback=False"),
    "Healthy",
  ],
  [
    "a gateway with listeners",
    "Gateway",
    {
      ...conditions("Accepted=True", "Programmed=True"),
      listeners: [conditions("Accepted=True", "Conflicted=False", "ResolvedRefs=True")],
    },
    "Healthy",
  ],
  [
    "a gateway with a bad listener",
    "Gateway",
    {
      ...conditions("Accepted=True", "Programmed=True"),
      listeners: [conditions("ResolvedRefs=False:InvalidCertificateRef")],
    },
    "Degraded",
  ],
  ["machines", "MachineSet", { phase: "ScalingUp", replicas: 3, readyReplicas: 1 }, "Progressing"],
  ["a certificate of a cloud", "Cert", { certificateStatus: "Provisioning" }, "Progressing"],
  ["a certificate nobody sees", "Cert", { certificateStatus: "FailedNotVisible" }, "Degraded"],
  [
    "an operator of a platform",
    "Operator",
    conditions("Available=True", "Progressing=False:AsExpected", "Degraded=False:AsExpected"),
    "Healthy",
  ],
  [
    "an operator that updates",
    "Operator",
    conditions("Available=True", "Progressing=True:Updating", "Degraded=False"),
    "Progressing",
  ],
  [
    "what only tells bad times",
    "Registry",
    conditions("InProgress=False", "Failed=False"),
    "Healthy",
  ],
  [
    "types in small letters",
    "Coordinator",
    conditions("available=True", "progressing=False", "reconciliationPaused=False"),
    "Healthy",
  ],
  [
    "a queue with a negated word",
    "Queue",
    conditions(
      "AllReplicasReady=True",
      "ClusterAvailable=True",
      "NoWarnings=True",
      "ReconcileSuccess=True",
    ),
    "Healthy",
  ],
  [
    "a job of its own kind",
    "TrainingJob",
    conditions("Created=True", "Running=True"),
    "Progressing",
  ],
  ["a job, nested", "Batch", { state: { phase: "Failed" } }, "Degraded"],
  ["a tenant", "Tenant", { currentState: "Waiting for Pods to be ready" }, "Progressing"],
  [
    "a quorum",
    "Quorum",
    {
      readyReplicas: 3,
      replicas: 3,
      ...conditions("PodsReady=True", "Upgrading=False", "Error=False"),
    },
    "Healthy",
  ],
  [
    "nodes that are updated",
    "Pool",
    {
      machineCount: 3,
      readyMachineCount: 1,
      updatedMachineCount: 1,
      ...conditions("Updated=False", "Updating=True", "Degraded=False"),
    },
    "Progressing",
  ],
  [
    "parts with counts",
    "Postgres",
    { instances: [{ replicas: 1, readyReplicas: 0 }] },
    "Progressing",
  ],
  [
    "a server, with a light",
    "Host",
    { operationalStatus: "OK", provisioning: { state: "provisioned" } },
    "Healthy",
  ],
  [
    "a server, provisioning",
    "Host",
    { operationalStatus: "OK", provisioning: { state: "provisioning" } },
    "Progressing",
  ],
  ["a virtual host", "VirtualServer", { state: "Warning", message: "no endpoints" }, "Degraded"],
  ["a proxy", "Proxy", { currentStatus: "valid", ...conditions("Valid=True") }, "Healthy"],
  ["an accelerator", "Policy", { state: "notReady" }, "Progressing"],
  [
    "a mesh",
    "Mesh",
    { status: "RECONCILING", componentStatus: { base: { status: "HEALTHY" } } },
    "Progressing",
  ],
  ["a stack of a cloud", "Stack", { stackStatus: "CREATE_COMPLETE" }, "Healthy"],
  ["a stack, undone", "Stack", { stackStatus: "UPDATE_ROLLBACK_COMPLETE" }, "Degraded"],
  ["an order", "Order", { state: "pending" }, "Progressing"],
  ["an order that went wrong", "Order", { state: "errored" }, "Degraded"],
  ["a build", "Build", { phase: "Running" }, "Progressing"],
  ["a state that nobody can tell", "Thing", { state: "Unknown" }, "Unknown"],
];

describe("the health of kinds that nobody told us about", () => {
  it.each(conventions)("reads %s (%s)", (...[, kind, status, expected]) => {
    expect(wordOf(kind, status)).toBe(expected);
  });
});
