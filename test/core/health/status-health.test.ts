import { describe, expect, it } from "vitest";
import { assessHealth } from "../../../src/core/health/assess-health.ts";
import type { JsonObject } from "../../../src/core/model/json.ts";

const live = { now: Date.parse("2026-01-01T12:00:00Z"), hasStatus: true };

const custom = (status: JsonObject, { kind = "Widget", ...rest }: JsonObject = {}): JsonObject => ({
  apiVersion: "example.org/v1",
  kind,
  metadata: { name: "x", generation: 2 },
  status,
  ...rest,
});

/** `Type=Status`, or `Type=Status:Reason`, or `Type=Status:Reason:message`. */
const conditions = (...texts: readonly string[]): JsonObject => ({
  conditions: texts.map((text) => {
    const [head = "", reason = "", message = ""] = text.split(":");
    const [type = "", status = ""] = head.split("=");
    return { type, status, reason, message };
  }),
});

const wordOf = (status: JsonObject, rest: JsonObject = {}): string =>
  assessHealth(custom(status, rest), live).status;

describe("the health of a custom resource", () => {
  it.each([
    ["Ready=True", "Healthy"],
    ["Ready=True BackupFailed=True", "Healthy"],
    ["MeshActive=True", "Healthy"],
    ["MeshActive=False:ReconcileError", "Degraded"],
    ["NotActive=True", "Unknown"],
    ["Reconciled=False::1/5_proxies_up_to_date", "Progressing"],
    ["Ready=False:AllPods:2_of_3_pods", "Progressing"],
    ["Ready=False:NoPod:0/5_nodes_are_available,_3_unschedulable", "Degraded"],
    ["Ready=False:ProjectNotCreated:401_unauthorized", "Degraded"],
    ["Ready=False:ProjectNotCreated:in_a_moment", "Progressing"],
    ["AbleToScale=True:SucceededGetScale ScalingActive=False:FailedGetResourceMetric", "Degraded"],
    ["AbleToScale=True:SucceededGetScale ScalingActive=False:ScalingDisabled", "Healthy"],
    ["Ready=True LastAsyncOperation=False:AsyncUpdateFailure", "Degraded"],
    ["Ready=True LastAsyncOperation=True:Success", "Healthy"],
    ["RouteActive=False:NoTraffic Ready=True", "Healthy"],
    ["Ready=True Invalid=True", "Degraded"],
    ["Ready=True InvalidSpec=True", "Degraded"],
    ["Ready=True acme.Terminal=True", "Degraded"],
    ["Ready=True Paused=True", "Suspended"],
    ["Ready=True Synced=False:ReconcileError", "Degraded"],
    ["Ready=True Synced=False:ReconcilePaused", "Suspended"],
    ["Ready=True UpdateAvailable=False", "Healthy"],
    ["Ready=False:Creating", "Progressing"],
    ["Ready=False:Creating BackupFailed=True", "Degraded"],
    ["Ready=False:Working DatabaseReady=False:AccessDenied", "Degraded"],
    ["Ready=False:Working DatabaseReady=False:Creating", "Progressing"],
    ["Ready=False::host_is_up,_but_login_failed", "Degraded"],
    ["Ready=False:NoSignal:waiting", "Progressing"],
    ["Ready=False:RequestTimeout Reconciling=True:Retrying", "Degraded"],
    ["Ready=False:Waiting Reconciling=True:Retrying", "Progressing"],
    ["Ready=Unknown", "Progressing"],
    ["Ready=Unknown:TriggerError", "Degraded"],
    ["NotReady=True:Creating", "Progressing"],
    ["NotReady=True:InvalidResource", "Degraded"],
    ["PartiallyReady=True:OneFailed", "Degraded"],
    ["Available=True Healthy=False:Unreachable", "Degraded"],
    ["Available=True Progressing=False:ProgressDeadlineExceeded", "Degraded"],
    ["Available=True Progressing=False:AsExpected", "Healthy"],
    ["Accepted=True Programmed=True", "Healthy"],
    ["Accepted=True Programmed=False:Pending", "Progressing"],
    ["Accepted=False:UnsupportedValue", "Degraded"],
    ["DashboardSynchronized=True", "Healthy"],
    ["Ready=False:DatabaseNotReady", "Progressing"],
    ["Ready=False:DatabaseNotReady:the_last_attempt_ended_in_a_SetupError", "Degraded"],
    ["Ready=False:NotReady", "Degraded"],
    ["Ready=False:BrokerDoesNotExist", "Degraded"],
    ["Ready=False:BrokerDoesNotExist Reconciling=True", "Progressing"],
    ["Ready=False:DatabaseUnavailable", "Degraded"],
    ["Ready=False:DatabaseUnavailable Reconciling=True", "Progressing"],
    ["Ready=Unknown:DatabaseUnavailable", "Progressing"],
    ["Ready=Unknown:MissingValue", "Progressing"],
    ["Ready=Unknown:RouteMissing:is_waiting_for_a_route", "Progressing"],
    ["Ready=Unknown:Silence:the_agent_stopped_updating_its_lease", "Degraded"],
    ["Ready=False:Offline:it_is_not_yet_online", "Progressing"],
    ["Ready=False:Switchover:Switching_to_another_primary", "Progressing"],
    ["Ready=False::the_disk_is_not_available", "Progressing"],
    ["Ready=False Unreachable=True:Hibernating Hibernating=True", "Suspended"],
    ["Ready=False Stopped=True SetupFailed=True", "Degraded"],
    ["Halted=True:ParentMissing", "Degraded"],
    ["Halted=True:ByUser", "Suspended"],
    ["Completed=True Stopped=True:SetupCompleted", "Healthy"],
    ["Ready=True Completed=True:Failed", "Degraded"],
    ["Done=True:JobFailed", "Degraded"],
    ["Applied=True Dispatching=False:DispatchingSuspended", "Suspended"],
    ["Ready=True RollingUpdate=True", "Progressing"],
    ["Ready=True SetupStarted=True", "Healthy"],
    ["ReadyToServe=False:Starting", "Progressing"],
    ["NoPodsMatched=True", "Degraded"],
    ["DiskMisconfigured=False DiskReady=True", "Healthy"],
    ["Active=True", "Healthy"],
    ["Active=False", "Unknown"],
    ["Active=False:Idle", "Unknown"],
    ["Active=False:QueueDoesNotExist", "Degraded"],
    ["Active=False:Stopped", "Suspended"],
    ["Ready=True Active=False:QueueDoesNotExist", "Healthy"],
    ["Frobnicated=True:Succeeded", "Healthy"],
    ["Frobnicated=False:FrobnicationFailed", "Degraded"],
    ["Available=True Frobnicated=False:FrobnicationFailed", "Healthy"],
    ["Failed=True:PodStopped", "Degraded"],
    ["Frobnicable=False:FrobnicationFailed", "Unknown"],
    ["Setup=Completed Runtime=Online", "Healthy"],
    ["Setup=Failed", "Degraded"],
    ["OfflineUpgradeInProgress=True", "Progressing"],
    ["Scheduled=True", "Unknown"],
    ["Scheduled=False:Waiting", "Progressing"],
    ["Scheduled=False:NoNodes", "Degraded"],
    ["Scheduled=False", "Progressing"],
    ["UpdateAvailable=False", "Unknown"],
    ["Frobnicated=False", "Unknown"],
  ])("by its conditions %s is %s", (text, expected) => {
    // A blank in a message would split it: only types start with a capital behind a blank.
    const parts = text.split(/ (?=[A-Za-z.]+=)/).map((one) => one.replaceAll("_", " "));
    expect(wordOf(conditions(...parts))).toBe(expected);
  });

  it.each([
    [{ severity: "Error", reason: "Creating" }, "Degraded"],
    [{ severity: "Warning", reason: "CreateFailed" }, "Progressing"],
    [{ severity: "", reason: "CreateFailed" }, "Degraded"],
  ])("takes the severity of a condition for what it is: %j", (fields, expected) => {
    expect(wordOf({ conditions: [{ type: "Ready", status: "False", ...fields }] })).toBe(expected);
  });

  it("takes booleans for the status of conditions", () => {
    expect(wordOf({ conditions: [{ type: "Ready", status: true }] })).toBe("Healthy");
    expect(wordOf({ conditions: [{ type: "Ready", status: false }] })).toBe("Progressing");
  });

  it.each(["Ready", "Succeeded", "Accepted"])("waits for %s to be of this generation", (type) => {
    const of = (observedGeneration: number): JsonObject => ({
      conditions: [{ type, status: "True", observedGeneration }],
    });
    expect([wordOf(of(1)), wordOf(of(2))]).toEqual(["Progressing", "Healthy"]);
  });

  it("is the worst of its parts where nothing speaks for all", () => {
    const parents = (...texts: readonly string[]): JsonObject => ({
      parents: texts.map((text) => conditions(text)),
    });
    expect(wordOf(parents("Accepted=True", "Accepted=True"))).toBe("Healthy");
    expect(wordOf(parents("Accepted=True", "Accepted=False:Pending"))).toBe("Progressing");
    expect(wordOf(parents("Accepted=False:Conflict", "Accepted=True"))).toBe("Degraded");
    expect(wordOf({ parents: [] })).toBe("Unknown");
    expect(wordOf({ ...conditions("Ready=True"), ...parents("Accepted=False") })).toBe("Healthy");
  });

  it.each([
    [{ state: "ConfigError" }, "Degraded"],
    [{ clusterStatus: "UpdateFailed" }, "Degraded"],
    [{ clusterStatus: "Running", lastBackupStatus: "Failed" }, "Healthy"],
    [{ clusterStatus: "Running", nodeStatus: "Failed" }, "Degraded"],
    [{ clusterStatus: "Running", lastOperationStatus: "Failed" }, "Degraded"],
    [{ phase: "Ready", lastOperation: { state: "Processing" } }, "Progressing"],
    [{ stage: "frobnication", stageStatus: "failed" }, "Degraded"],
    [{ connectionState: { lastObservedState: "CONNECTING" } }, "Progressing"],
    [{ phase: "Done", result: "NON-COMPLIANT" }, "Degraded"],
    [{ phase: "Not enough disk space" }, "Degraded"],
    [{ phase: "Unable to create it" }, "Degraded"],
    [{ phase: "ScalingDown" }, "Progressing"],
    [{ phase: "RecoveringFromFailure" }, "Progressing"],
    [{ phase: "Upgrade" }, "Progressing"],
    [{ phase: "Unbound" }, "Progressing"],
    [{ phase: "Cordoned" }, "Suspended"],
    [{ phase: "Missing" }, "Missing"],
    [{ phase: "Frobnicated", message: "cannot reach the API" }, "Degraded"],
    [{ phase: "Frobnicated", message: "ended with 0 errors" }, "Unknown"],
    [{ phase: "NotFound" }, "Missing"],
    [{ phase: "Update in progress" }, "Progressing"],
    [{ phase: "Frobnicated" }, "Unknown"],
    [{ phase: "Failed", ...conditions("Deployed=True") }, "Degraded"],
    [{ phase: "Updating", ...conditions("Ready=True") }, "Progressing"],
    [{ phase: "Frobnicated", ...conditions("Ready=True") }, "Healthy"],
    [{ healthy: true }, "Healthy"],
    [{ healthy: false }, "Degraded"],
    [{ readyToUse: false }, "Progressing"],
    [{ readyToUse: false, error: { message: "no space" } }, "Degraded"],
    [{ readyToUse: true, error: { message: "once" } }, "Healthy"],
    [{ failureMessage: "quota is used up" }, "Degraded"],
    [{ ready: false, lastSyncError: "no route" }, "Degraded"],
    [{ ready: false, lastErrors: [{ description: "no route" }] }, "Degraded"],
    [{ ready: false, error: "None" }, "Progressing"],
    [{ initialized: true }, "Healthy"],
    [{ initialized: false }, "Progressing"],
    [{ isRollingUpdate: true, phase: "Ready" }, "Progressing"],
    [{ backupEnabled: false, updateAvailable: true }, "Unknown"],
    [{ active: 1, succeeded: 1, failed: 0 }, "Progressing"],
    [{ active: 0, succeeded: 2, failed: 0 }, "Healthy"],
    [{ active: 0, succeeded: 1, failed: 1 }, "Degraded"],
    [{ phase: "Running", progress: 40 }, "Progressing"],
    [{ phase: "Running", progress: "40.5%" }, "Progressing"],
    [{ phase: "Running", progress: 100 }, "Healthy"],
    [{ phase: "Running", progress: "N/A" }, "Healthy"],
    [{ phase: "Build Running" }, "Progressing"],
    [{ phase: "Inqueue" }, "Progressing"],
    [{ problems: ["no such output"] }, "Degraded"],
    [{ readyNodeNum: 1, unreadyNodeNum: 1 }, "Progressing"],
    [{ readyNodeNum: 1, unreadyNodeNum: 0 }, "Healthy"],
    [{ readyReplicas: 1, replicas: 2, ...conditions("Available=True") }, "Progressing"],
    [{ readyReplicas: 1, replicas: 2, ...conditions("Ready=True") }, "Healthy"],
    [{ readyReplicas: 1 }, "Unknown"],
    [{ readyReplicas: 1, replicas: 2 }, "Progressing"],
    [{ readyReplicas: 2, replicas: 2 }, "Healthy"],
    [{ availableReplicas: 0, replicas: 0 }, "Healthy"],
  ])("by its status %j is %s", (status, expected) => {
    expect(wordOf(status)).toBe(expected);
  });

  it("counts against what is asked for, where it says that", () => {
    const spec = { replicas: 3 };
    expect(wordOf({ readyReplicas: 2, replicas: 2 }, { spec })).toBe("Progressing");
  });

  it("that ends has done its part only when it has ended", () => {
    const kind = "BackupRun";
    expect(wordOf({ phase: "Running" })).toBe("Healthy");
    expect(wordOf({ phase: "Running" }, { kind })).toBe("Progressing");
    expect(wordOf({ phase: "Completed" }, { kind })).toBe("Healthy");
    const { status: _, ...unstarted } = custom({}, { kind });
    expect(assessHealth(unstarted, live).status).toBe("Progressing");
    const { status: __, ...silent } = custom({});
    expect(assessHealth(silent, live).status).toBe("Unknown");
  });

  it.each(["Running", "Accepted", "Prepared", "STATE_RUNNING", "started"])(
    "that ends is still on its way when it is %s",
    (phase) => {
      expect(wordOf({ phase }, { kind: "DataUpload" })).toBe("Progressing");
      expect(wordOf({ steps: [{ phase }] }, { kind: "DataUpload" })).toBe("Progressing");
    },
  );

  it.each<[JsonObject, string]>([
    [{ lastFailure: "2020-01-01T00:00:00Z" }, "Progressing"],
    [{ failure: "2020-01-01 10:00:00 +02:00" }, "Progressing"],
    [{ hasError: "false" }, "Progressing"],
    [{ error: "No errors." }, "Progressing"],
    [{ error: "never" }, "Progressing"],
    [{ syncError: "0" }, "Progressing"],
    [{ actionOnFailure: "Continue" }, "Progressing"],
    [{ onError: "Retry" }, "Progressing"],
    [{ behavior_on_error: "Retry" }, "Progressing"],
    [{ previousError: "no route" }, "Progressing"],
    [{ lastError: "timeout in run 3 of 17" }, "Progressing"],
    [{ timeOfLastFailure: "in run 3" }, "Progressing"],
    [{ lastErrors: [{ description: "no route" }] }, "Progressing"],
    [{ hasError: "true" }, "Degraded"],
    [{ error: "2020-01-01T00:00:00Z no space left" }, "Degraded"],
    [{ connectionError: "no route" }, "Degraded"],
    [{ failureMessage: "quota is used up" }, "Degraded"],
  ])("at work, with %j, is %s", (status, expected) => {
    const atWork = conditions("Ready=False:Progressing");
    expect([wordOf(atWork), wordOf({ ...atWork, ...status })]).toEqual(["Progressing", expected]);
  });

  it.each<[JsonObject, string]>([
    [{ phase: "Paused", lastError: "no route" }, "Suspended"],
    [{ phase: "Paused", error: "no route" }, "Suspended"],
    [{ suspended: true, lastError: "no route" }, "Suspended"],
    [{ phase: "Updating", lastError: "no route" }, "Progressing"],
    [{ replicas: 3, readyReplicas: 1, lastError: "no route" }, "Progressing"],
    [{ phase: "Frobnicated", lastError: "no route" }, "Degraded"],
    [{ lastError: "no route" }, "Degraded"],
    [{ phase: "Failing over" }, "Progressing"],
    [{ phase: "FailedOver" }, "Healthy"],
    [{ phase: "FailoverFailed" }, "Degraded"],
    [{ phase: "NotReady", message: "cannot connect: access denied" }, "Degraded"],
    [{ phase: "NotReady", message: "connecting" }, "Progressing"],
    [{ phase: "Pending", message: "waiting: the check has failed so far" }, "Progressing"],
    [{ errors: [{ code: 7, message: "no route" }] }, "Degraded"],
    [{ errors: [] }, "Unknown"],
    [{ errors: 3 }, "Unknown"],
    [{ created: false, byPod: [{ errors: [{ message: "cannot compile" }] }] }, "Degraded"],
    [{ phase: "Updating", attempts: [{ error: "no route" }] }, "Progressing"],
    [{ phase: "Ready", byPod: [{ errors: ["no route"] }] }, "Healthy"],
    [{ phase: "Processed" }, "Healthy"],
    [{ lastError: "2020-01-01T00:00:00Z" }, "Unknown"],
  ])("that tells how it is now is not what went wrong before: %j is %s", (status, expected) => {
    expect(wordOf(status)).toBe(expected);
  });

  it("that ends is over when its state says so, whatever was under way", () => {
    const status = { phase: "Successful", ...conditions("VerticalScaling=True") };
    expect(wordOf(status, { kind: "ScaleRequest" })).toBe("Healthy");
    expect(wordOf(status)).toBe("Progressing");
  });

  it.each(["Promotion", "BackupSession", "ComplianceScan", "Trial", "VolumeClone", "Repair"])(
    "of the kind %s has not ended while it runs",
    (kind) => {
      expect(wordOf({ phase: "Running" }, { kind })).toBe("Progressing");
      expect(wordOf({ phase: "Succeeded" }, { kind })).toBe("Healthy");
    },
  );

  it("that is done over and over again is well when it is scheduled", () => {
    expect(wordOf({ phase: "Scheduled" }, { kind: "ScheduledBackup" })).toBe("Healthy");
    expect(wordOf({ phase: "Scheduled" }, { kind: "Backup" })).toBe("Progressing");
    expect(wordOf({ lastScheduleTime: "2026-01-01" }, { kind: "ScheduledBackup" })).toBe("Healthy");
  });

  it("tells why", () => {
    const object = custom({ error: "no space left", ready: false });
    expect(assessHealth(object, live).message).toBe("no space left");
    const failed = custom(
      conditions("Ready=False:Working", "DiskReady=False:IOError:sector 7 is bad"),
    );
    expect(assessHealth(failed, live).message).toBe("sector 7 is bad");
  });
});
