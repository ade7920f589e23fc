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
    ["Ready=False::host_is_up,_but_login_failed".replaceAll("_", " "), "Degraded"],
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
    ["Scheduled=True", "Unknown"],
    ["Scheduled=False:Waiting", "Progressing"],
    ["Scheduled=False:NoNodes", "Degraded"],
    ["Scheduled=False", "Progressing"],
    ["UpdateAvailable=False", "Unknown"],
    ["Frobnicated=False", "Unknown"],
  ])("by its conditions %s is %s", (text, expected) => {
    // A blank in a message would split it: only types start with a capital behind a blank.
    expect(wordOf(conditions(...text.split(/ (?=[A-Za-z.]+=)/)))).toBe(expected);
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

  it("tells why", () => {
    const object = custom({ error: "no space left", ready: false });
    expect(assessHealth(object, live).message).toBe("no space left");
    const failed = custom(
      conditions("Ready=False:Working", "DiskReady=False:IOError:sector 7 is bad"),
    );
    expect(assessHealth(failed, live).message).toBe("sector 7 is bad");
  });
});
