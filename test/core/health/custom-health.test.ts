import { describe, expect, it } from "vitest";
import { assessHealth } from "../../../src/core/health/assess-health.ts";
import type { JsonObject } from "../../../src/core/model/json.ts";

const now = Date.parse("2026-01-01T12:00:00Z");
const live = { now, hasStatus: true };
const custom = (rest: JsonObject = {}, kind = "Widget"): JsonObject => ({
  apiVersion: "example.org/v1",
  kind,
  metadata: { name: "x", generation: 3 },
  ...rest,
});
const born = (secondsAgo: number, rest: JsonObject = {}): JsonObject => {
  const creationTimestamp = new Date(now - secondsAgo * 1000).toISOString();
  return custom({ metadata: { name: "x", creationTimestamp }, ...rest });
};
const ready = { conditions: [{ type: "Ready", status: "True" }] };
const wordOf = (object: JsonObject): string => assessHealth(object).status;

describe("a mark that tells a state", () => {
  const marked = (key: string, value: string, rest: JsonObject = { status: ready }): string =>
    wordOf(custom({ metadata: { name: "x", labels: { [key]: value } }, ...rest }));

  it.each([
    ["example.org/status", "unhealthy", "Degraded"],
    ["example.org/upgrade-state", "upgrade-failed", "Degraded"],
    ["example.org/state", "Working", "Healthy"],
    ["example.org/status", '{"state":"failed"}', "Healthy"],
    ["example.org/estate", "failed", "Healthy"],
    ["status", "failed", "Healthy"],
  ])("%s=%s makes what is Ready %s", (key, value, expected) => {
    expect(marked(key, value)).toBe(expected);
  });

  it("says nothing where it comes from Git", () => {
    const key = "alerts.example.org/health";
    const set = (manager: string): string => {
      const fieldsV1 = { "f:metadata": { "f:labels": { [`f:${key}`]: {} } } };
      const managedFields = [{ manager, operation: "Apply", fieldsV1 }];
      const metadata = { name: "x", labels: { [key]: "critical" }, managedFields };
      return wordOf(custom({ metadata, status: ready }));
    };
    expect(set("flotilla/web")).toBe("Healthy");
    expect(set("watcher")).toBe("Degraded");
  });

  it("does not wake what is paused", () => {
    expect(marked("example.org/status", "failed", { spec: { paused: true } })).toBe("Suspended");
  });
});

describe("a mark that stops the work on an object", () => {
  it.each([
    ["true", "Suspended"],
    ["disabled", "Healthy"],
    ["none", "Healthy"],
  ])("%s makes what is Ready %s", (value, expected) => {
    const annotations = { "example.org/pause-reconcile": value };
    expect(wordOf(custom({ metadata: { name: "x", annotations }, status: ready }))).toBe(expected);
  });
});

describe("conditions of known operators", () => {
  const said = (text: string): JsonObject => {
    const [head = "", reason = ""] = text.split(" ");
    const [type = "", status = ""] = head.split("=");
    return { type, status, reason, message: "" };
  };
  it.each([
    [["Available=True", "ImplicitlyEnabledCapabilities=False AsExpected"], "Healthy"],
    [["Available=True", "ImplicitlyEnabledCapabilities=False Broken"], "Degraded"],
    [["AllReplicasReady=True", "NoWarnings=False MemoryRequestAndLimitDiffer"], "Healthy"],
    [["AllReplicasReady=False NotAllPodsReady", "NoWarnings=True"], "Progressing"],
    [["Installed=True Succeeded", "Progressing=True Succeeded"], "Healthy"],
    [["Installed=True Succeeded", "Progressing=True Retrying"], "Progressing"],
    [["Available=False AsExpected"], "Degraded"],
  ])("%j say %s", (texts, expected) => {
    expect(wordOf(custom({ status: { conditions: texts.map(said) } }))).toBe(expected);
  });

  it("of a canary that waits at a step tell a pause, whatever is not updated yet", () => {
    const pauseConditions = [{ reason: "CanaryPauseStep" }];
    const counts = { replicas: 3, updatedReplicas: 1, readyReplicas: 3 };
    const conditions = ["Paused=True CanaryPauseStep", "Healthy=False RolloutHealthy"].map(said);
    const status = { phase: "Paused", pauseConditions, ...counts, conditions };
    expect(wordOf(custom({ spec: { replicas: 3 }, status }, "Rollout"))).toBe("Suspended");
    const moving = { phase: "Progressing", ...counts };
    expect(wordOf(custom({ spec: { replicas: 3 }, status: moving }, "Rollout"))).toBe(
      "Progressing",
    );
  });
});

describe("what a message says there is none of", () => {
  const running = (message: string): string =>
    wordOf(custom({ status: { conditions: [{ type: "Succeeded", status: "Unknown", message }] } }));

  it.each([
    "Tasks Completed: 1 (Failed: 0, Cancelled 0), Incomplete: 2, Skipped: 0",
    "3 of 4 in progress, 0 failed, no errors",
    "in progress without errors",
  ])("is no trouble: %s", (message) => {
    expect(running(message)).toBe("Progressing");
  });

  it.each([
    "Tasks Completed: 3 (Failed: 1, Cancelled 0), Incomplete: 2",
    "10 failed",
    "failed: 0.5 of all",
    "no nodes are left, all failed",
  ])("and what it says there is stays trouble: %s", (message) => {
    expect(running(message)).toBe("Degraded");
  });
});

describe("numbers in the form of conditions", () => {
  const pool = (isConflicting: string) => {
    const numbers = ["IPsTotal", "IPsAvailable"].map((type, index) => ({
      type: `cilium.io/${type}`,
      status: "Unknown",
      reason: "noreason",
      message: `${254 - index}`,
    }));
    const conflict = { type: "cilium.io/PoolConflict", status: isConflicting, reason: "resolved" };
    return custom({ status: { conditions: [...numbers, conflict] } }, "CiliumLoadBalancerIPPool");
  };

  it("say nothing, and that there is no conflict is well", () => {
    expect(wordOf(pool("False"))).toBe("Healthy");
    expect(wordOf(pool("True"))).toBe("Degraded");
  });
});

describe("a custom resource that says nothing", () => {
  const odd = { status: { conditions: [{ type: "Odd", status: "True" }] } };

  it("is on its way in a file, where nobody knows how old that is", () => {
    expect(wordOf(custom())).toBe("Progressing");
    expect(wordOf(custom({ status: {} }))).toBe("Progressing");
    expect(wordOf(custom({ status: { nodes: [], id: null } }))).toBe("Progressing");
    expect(wordOf(custom(odd))).toBe("Progressing");
  });

  it("is given two minutes at a cluster, then it has no opinion", () => {
    expect(assessHealth(born(119), live).status).toBe("Progressing");
    expect(assessHealth(born(119, odd), live).status).toBe("Progressing");
    expect(assessHealth(born(121), live).status).toBe("Unknown");
    expect(assessHealth(born(121, odd), live).status).toBe("Unknown");
  });

  it("has not ended where it is of what ends, however old it is", () => {
    const runs = ["Created", "Running"].map((type) => ({ type, status: "True", reason: "JobIs" }));
    for (const status of [undefined, {}, { conditions: runs }]) {
      const run = { ...born(86_400, status === undefined ? {} : { status }), kind: "PyTorchJob" };
      expect(assessHealth(run, live).status).toBe("Progressing");
      expect(assessHealth(run, { now, hasStatus: false }).status).not.toBe("Healthy");
    }
  });

  it("is no configuration yet where a controller may still speak of it", () => {
    const config = (seconds: number) => ({ ...born(seconds), kind: "KubeadmConfig" });
    expect(assessHealth(config(1), live).status).toBe("Progressing");
    expect(assessHealth(config(121), live).status).toBe("Healthy");
    expect(assessHealth(config(1), { now, hasStatus: false }).status).toBe("Healthy");
  });

  it("has no opinion from the first moment where its kind has no status to write", () => {
    expect(assessHealth(born(0), { now, hasStatus: false }).status).toBe("Unknown");
  });

  it("is not excused where it said something", () => {
    const failed = { status: { phase: "Failed" } };
    expect(assessHealth(born(3600, failed), { now, hasStatus: false }).status).toBe("Degraded");
  });

  it("is configuration where its name says so", () => {
    expect(wordOf(custom({}, "ProviderConfig"))).toBe("Healthy");
    expect(wordOf(custom({ status: { phase: "Failed" } }, "ProviderConfig"))).toBe("Degraded");
  });

  it("is Healthy where its controller notes that it has dealt with it", () => {
    expect(wordOf(custom({ status: { hash: "abc", lastResync: "2026-01-01" } }))).toBe("Healthy");
    expect(wordOf(custom({ status: { observedGeneration: 3 } }))).toBe("Healthy");
    expect(wordOf(custom({ status: { observedGeneration: 2 } }))).toBe("Progressing");
    expect(wordOf(custom({ status: { id: "abc" } }))).toBe("Unknown");
  });
});

describe("a custom resource that is paused", () => {
  it.each([
    [{ suspend: true }],
    [{ paused: true }],
    [{ updateStrategy: { paused: true } }],
    [{ updateStrategy: { rollingUpdate: { paused: true } } }],
    [{ stopped: true }],
    [{ clusterOperation: { reconciliationPaused: true } }],
  ])("by its specification %j", (spec) => {
    expect(wordOf(custom({ spec, status: ready }))).toBe("Suspended");
    expect(wordOf(custom({ spec, status: { phase: "Failed" } }))).toBe("Suspended");
  });

  it.each([
    ["example.org/paused", "true", "Suspended"],
    ["example.org/paused", "", "Suspended"],
    ["example.org/hibernation", "on", "Suspended"],
    ["example.org/hibernation", "off", "Healthy"],
    ["example.org/paused", "false", "Healthy"],
    ["example.org/paused-replicas", "3", "Healthy"],
    ["example.org/pause-reconciliation", "true", "Suspended"],
    ["example.org/pauseReconciliation", "true", "Suspended"],
  ])("by the mark %s: %s it is %s", (mark, value, expected) => {
    const annotated = { name: "x", annotations: { [mark]: value } };
    const labelled = { name: "x", labels: { [mark]: value } };
    expect(wordOf(custom({ metadata: annotated, status: ready }))).toBe(expected);
    expect(wordOf(custom({ metadata: labelled, status: ready }))).toBe(expected);
  });

  it("by its status", () => {
    expect(wordOf(custom({ status: { paused: true, replicas: 1 } }))).toBe("Suspended");
    expect(wordOf(custom({ status: { pauseConditions: [{ reason: "Step" }] } }))).toBe("Suspended");
    expect(wordOf(custom({ status: { pauseConditions: [], phase: "Ready" } }))).toBe("Healthy");
  });

  it("and not ready for that reason", () => {
    const conditions = [{ type: "Ready", status: "False", reason: "NoInstance" }];
    expect(wordOf(custom({ status: { state: "Stopped", conditions } }))).toBe("Suspended");
  });
});

describe("what a status tells beside conditions", () => {
  it.each([
    [{ lastEvaluatedGeneration: 2, phase: "Failed" }, "Progressing"],
    [{ observedGeneration: "2", phase: "Ready" }, "Progressing"],
    [{ observedGeneration: "c45557fd9", phase: "Ready" }, "Healthy"],
    [{ observedGeneration: 3, phase: "Ready" }, "Healthy"],
  ])("is not heeded while it is of an older generation: %j", (status, expected) => {
    expect(wordOf(custom({ status }))).toBe(expected);
  });

  it.each([
    [{ scale: { statusReplicas: "2/2" } }, "Healthy"],
    [{ ready: "1/3" }, "Progressing"],
    [{ currentHealthy: 1, expectedMachines: 3 }, "Progressing"],
    [{ currentHealthy: 3, expectedMachines: 3 }, "Healthy"],
    [{ phase: "Running", readyMembers: 1, totalMembers: 3 }, "Progressing"],
    [{ readyReplicas: 3, updatedReplicas: 3, replicas: 4 }, "Progressing"],
  ])("are counts: %j", (status, expected) => {
    expect(wordOf(custom({ status }))).toBe(expected);
  });

  it("are counts of what there is against what is asked for", () => {
    const spec = { instances: 3 };
    expect(wordOf(custom({ spec, status: { instances: 1 } }))).toBe("Progressing");
    expect(wordOf(custom({ spec, status: { instances: 3 } }))).toBe("Unknown");
  });

  it("are counts against a partition", () => {
    const status = { replicas: 3, readyReplicas: 3, updatedReplicas: 1 };
    expect(wordOf(custom({ status }))).toBe("Progressing");
    const spec = { replicas: 3, updateStrategy: { partition: 2 } };
    expect(wordOf(custom({ spec, status }))).toBe("Healthy");
  });

  it.each([
    [{ nodes: [{ state: "Ready" }, { state: "Failed" }] }, "Degraded"],
    [{ members: { a: { phase: "Pending" }, b: { phase: "Ready" } } }, "Progressing"],
    [{ results: [{ applied: true, health: "Unknown" }] }, "Healthy"],
    [{ results: [{ applied: false, health: "Unknown" }] }, "Degraded"],
    [{ phase: "Ready", history: [{ phase: "Failed" }] }, "Healthy"],
    [{ sites: [{ checks: { disk: { state: "pending" } } }] }, "Progressing"],
    [{ sites: [{ health: "Healthy", checks: { disk: { state: "failed" } } }] }, "Healthy"],
    [{ phase: "Ready", lastBackup: { state: "Failed" } }, "Healthy"],
    [{ serviceHealth: { web: "Healthy", shop: "Unhealthy" } }, "Degraded"],
    [{ serviceHealth: { web: "Healthy" } }, "Healthy"],
    [{ nodeStates: { web: "Ready", image: "failover:2" } }, "Unknown"],
    [{ labels: { web: "failed" } }, "Unknown"],
    [{ state: "ready", steps: [{ state: "ready" }, { state: "ignored" }] }, "Healthy"],
    [{ state: "ready", steps: [{ state: "disabled" }, { state: "failed" }] }, "Degraded"],
    [{ steps: [{ state: "ready" }, { state: "disabled" }] }, "Suspended"],
  ])("are parts: %j", (status, expected) => {
    expect(wordOf(custom({ status }))).toBe(expected);
  });

  it("are parts as well where Ready only tells that the controller has looked", () => {
    const status = (reason: string): JsonObject => ({
      conditions: [{ type: "Ready", status: "True", reason }],
      environments: [{ phase: "success" }, { phase: "failure" }],
    });
    expect(wordOf(custom({ status: status("ReconciliationSuccess") }))).toBe("Degraded");
    expect(wordOf(custom({ status: status("AllGood") }))).toBe("Healthy");
  });

  it.each([
    [0, "Progressing"],
    [1, "Healthy"],
    [2, "Degraded"],
    [3, "Degraded"],
    [9, "Unknown"],
  ])("is a numbered state %j only where its writer says who it is", (state, expected) => {
    expect(wordOf(custom({ status: { state, reportedBy: "x" } }))).toBe(expected);
    expect(wordOf(custom({ status: { state } }))).toBe("Unknown");
  });

  it("is one line, however long the message of its controller", () => {
    const message = `first\nsecond ${"x".repeat(5000)}`;
    const conditions = [{ type: "Ready", status: "False", reason: "Failed", message }];
    const health = assessHealth(custom({ status: { conditions } }));

    expect(health.message).toMatch(/^first second x+…$/);
    expect(health.message.length).toBeLessThan(500);
  });
});
