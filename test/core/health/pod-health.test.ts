import { describe, expect, it } from "vitest";
import { assessHealth } from "../../../src/core/health/assess-health.ts";
import { podReason } from "../../../src/core/health/pod-health.ts";
import type { JsonObject } from "../../../src/core/model/json.ts";

const pod = (status: JsonObject, spec: JsonObject = {}): JsonObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "x" },
  spec,
  status,
});
const ready = { phase: "Running", conditions: [{ type: "Ready", status: "True" }] };
const having = (container: JsonObject, phase = "Running"): JsonObject => ({
  phase,
  containerStatuses: [{ name: "main", ...container }],
});
const waiting = (reason: string, message = ""): JsonObject => ({
  state: { waiting: { reason, message } },
});
const ended = (reason: string, exitCode: number): JsonObject => ({
  terminated: { reason, exitCode },
});

describe("the health of a pod", () => {
  it.each([
    ["is ready", ready, {}, "Healthy", ""],
    ["is ready and shall end", ready, { restartPolicy: "Never" }, "Progressing", "has not ended"],
    ["is ready and may end", ready, { restartPolicy: "OnFailure" }, "Progressing", "has not ended"],
    ["has ended well", { phase: "Succeeded" }, { restartPolicy: "Never" }, "Healthy", ""],
    [
      "was evicted",
      { phase: "Failed", reason: "Evicted", message: "The node was low on memory" },
      {},
      "Degraded",
      "Evicted: The node was low on memory",
    ],
    [
      "has failed by a container",
      having({ state: ended("Error", 7) }, "Failed"),
      {},
      "Degraded",
      "container main, last ended with Error (exit code 7)",
    ],
    [
      "has run out of memory",
      having({ state: ended("OOMKilled", 137) }, "Failed"),
      {},
      "Degraded",
      "container main was out of memory",
    ],
    ["is on a node that is silent", { phase: "Unknown" }, {}, "Unknown", "node"],
  ])("that %s", (...[, status, spec, expected, message]) => {
    const health = assessHealth(pod(status, spec));

    expect(health.status).toBe(expected);
    expect(health.message).toContain(message);
  });

  it.each([
    "CrashLoopBackOff",
    "ImagePullBackOff",
    "ErrImagePull",
    "ErrImageNeverPull",
    "InvalidImageName",
    "ImageInspectError",
    "RegistryUnavailable",
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
    "PreCreateHookError",
    "PostStartHookError",
  ])("is Degraded where a container waits for %s, and says so", (reason) => {
    const health = assessHealth(pod(having(waiting(reason, "more of it"), "Pending")));

    expect(health.status).toBe("Degraded");
    expect(health.message).toBe(`container main: ${reason}: more of it`);
  });

  it.each(["ContainerCreating", "PodInitializing"])("is on its way at %s", (reason) => {
    expect(assessHealth(pod(having(waiting(reason), "Pending"))).status).toBe("Progressing");
  });

  it("is Degraded where a container runs again after its end and is not ready", () => {
    const again = { ready: false, restartCount: 4, state: { running: {} } };
    const crashed = pod(having({ ...again, lastState: ended("Error", 1) }));
    const outOfMemory = pod(having({ ...again, lastState: ended("OOMKilled", 137) }));

    expect(assessHealth(crashed)).toEqual({
      status: "Degraded",
      message: "container main has ended (restarts: 4), last ended with Error (exit code 1)",
    });
    expect(assessHealth(outOfMemory).message).toContain("out of memory");
    expect(podReason(outOfMemory)).toContain("out of memory");
  });

  it("that may restart its work is not Degraded by the end of a container", () => {
    const again = having({ ready: false, state: { running: {} }, lastState: ended("Error", 1) });

    expect(assessHealth(pod(again, { restartPolicy: "OnFailure" })).status).toBe("Progressing");
  });

  it("tells which init container it waits for, sidecars among them", () => {
    const status = (sidecar: boolean, second: JsonObject): JsonObject => ({
      phase: "Pending",
      initContainerStatuses: [
        { name: "proxy", started: sidecar, state: { running: {} } },
        { name: "migrate", state: second },
      ],
    });
    const spec = { initContainers: [{ name: "proxy", restartPolicy: "Always" }] };
    const messageOf = (sidecar: boolean, second: JsonObject): string =>
      assessHealth(pod(status(sidecar, second), spec)).message;

    expect(messageOf(false, {})).toBe("it waits for its init container proxy");
    expect(messageOf(true, { running: {} })).toBe("it waits for its init container migrate");
    expect(messageOf(true, ended("Completed", 0))).toBe("the pod is starting");
  });

  it("tells which container does not pass its checks", () => {
    const status = having({ ready: false, state: { running: {} } });

    expect(assessHealth(pod(status)).message).toContain("container main does not pass its checks");
  });

  it("that no node takes is on its way, and says why", () => {
    const conditions = [{ type: "PodScheduled", status: "False", message: "0/3 nodes" }];
    const health = assessHealth(pod({ phase: "Pending", conditions }));

    expect(health).toEqual({ status: "Progressing", message: "0/3 nodes" });
    expect(podReason(pod({ phase: "Pending", conditions }))).toBe("no node takes it: 0/3 nodes");
  });
});
