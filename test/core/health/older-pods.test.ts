import { describe, expect, it } from "vitest";
import { olderPods } from "../../../src/core/health/older-pods.ts";
import type { JsonObject } from "../../../src/core/model/json.ts";

const of = (kind: string, status: JsonObject, spec: JsonObject = {}): JsonObject => {
  const [apiVersion, name] = kind.split(" ");
  return {
    apiVersion: apiVersion ?? "",
    kind: name ?? "",
    metadata: { name: "web", generation: 2 },
    spec,
    status: { observedGeneration: 2, ...status },
  };
};
const deployment = "apps/v1 Deployment";
const statefulSet = "apps/v1 StatefulSet";

describe("olderPods", () => {
  it.each([
    [
      "a paused Deployment that has begun nothing",
      of(deployment, { replicas: 1 }, { paused: true }),
      "1 of 1 (its rollout is paused)",
    ],
    ["a Deployment half way", of(deployment, { replicas: 3, updatedReplicas: 1 }), "2 of 3"],
    [
      "a StatefulSet with a partition",
      of(
        statefulSet,
        { replicas: 3, updatedReplicas: 2 },
        { updateStrategy: { rollingUpdate: { partition: 1 } } },
      ),
      "1 of 3 (its updateStrategy has partition 1)",
    ],
    [
      "a DaemonSet that waits for deletes",
      of(
        "apps/v1 DaemonSet",
        { currentNumberScheduled: 4, updatedNumberScheduled: 1 },
        { updateStrategy: { type: "OnDelete" } },
      ),
      "3 of 4 (its updateStrategy is OnDelete)",
    ],
    ["a canary", of("argoproj.io/v1alpha1 Rollout", { replicas: 4, updatedReplicas: 1 }), "3 of 4"],
    [
      "a set of another project",
      of(
        "apps.kruise.io/v1alpha1 CloneSet",
        { replicas: 2, updatedReplicas: 1 },
        { updateStrategy: { partition: "50%" } },
      ),
      "1 of 2 (its updateStrategy has partition 50%)",
    ],
    [
      "one whose controller has not looked yet",
      of(deployment, { replicas: 1, updatedReplicas: 1, observedGeneration: 1 }),
      "its controller has not seen the change yet",
    ],
  ])("tells those of %s", (_, object, expected) => {
    expect(olderPods(object)).toBe(expected);
  });

  it.each([
    ["a Deployment that is through", of(deployment, { replicas: 2, updatedReplicas: 2 })],
    [
      "a paused one that is through",
      of(deployment, { replicas: 2, updatedReplicas: 2 }, { paused: true }),
    ],
    ["one with no pods", of(deployment, {})],
    [
      "a StatefulSet by OnDelete that is through",
      of(
        statefulSet,
        { replicas: 1, updatedReplicas: 1 },
        { updateStrategy: { type: "OnDelete" } },
      ),
    ],
    ["what counts replicas and no updates", of("example.org/v1 Widget", { replicas: 3 })],
    [
      "what a pause keeps from looking",
      of("example.org/v1 Widget", { observedGeneration: 1 }, { suspend: true }),
    ],
  ])("tells nothing of %s", (_, object) => {
    expect(olderPods(object)).toBe("");
  });
});
