import { describe, expect, it } from "vitest";
import { deploymentHealth } from "../../src/core/health/workload-health.ts";
import { newAppState } from "../../src/worker/app-state.ts";
import { mayGoOn } from "../../src/worker/clear-way.ts";

const refused = 'pods "web" is forbidden: failed calling webhook "pods.example.org": no endpoints';
const refusedCondition = { type: "ReplicaFailure", status: "True", message: refused };
const lateCondition = {
  type: "Progressing",
  status: "False",
  reason: "ProgressDeadlineExceeded",
  message: 'ReplicaSet "web" has timed out progressing',
};

/** An app with something to prune, whose line is of another object. */
function appWith(said: readonly string[]) {
  const message = "Deployment api: it crashes";
  const health = { status: "Degraded", message, unverified: 0, said } as const;
  return { ...newAppState("web"), waiting: "1 to be pruned", health };
}

describe("a dropped webhook that refuses pods", () => {
  it("is seen whichever of the app's objects the line is of", () => {
    expect(mayGoOn(appWith(["it crashes", refused]))).toBe(true);
    expect(mayGoOn(appWith(["it crashes"]))).toBe(false);
  });

  it.each([
    [refusedCondition, lateCondition],
    [lateCondition, refusedCondition],
  ])("is named by a Deployment that is late for it, too", (...conditions) => {
    const { status, message } = deploymentHealth({ status: { conditions } });
    expect([status, message]).toEqual(["Degraded", expect.stringContaining(refused)]);
  });
});
