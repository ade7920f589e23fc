import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readLifecycle } from "../../../scripts/generate-api-lifecycle.ts";
import { newestMinor, servingProblem } from "../../../src/core/render/api-lifecycle.ts";
import { apiLifecycle } from "../../../src/core/render/generated/api-lifecycle.ts";

const at = (minor: number, apiVersion: string, kind: string): string => {
  const problem = servingProblem({ apiVersion, kind }, minor);
  return problem === undefined ? "" : `${problem.when}: ${problem.message}; ${problem.hint}`;
};

describe("what a version of Kubernetes serves", () => {
  it("is told of kinds that came and went, one version ahead", () => {
    expect(at(20, "batch/v1", "CronJob")).toBe(
      "now: CronJob of batch/v1 exists since Kubernetes 1.21; use an API version that it serves, or upgrade it first",
    );
    expect(at(21, "batch/v1", "CronJob")).toBe("");
    expect(at(23, "batch/v1beta1", "CronJob")).toBe("");
    expect(at(24, "batch/v1beta1", "CronJob")).toBe(
      "later: CronJob of batch/v1beta1 will be gone with Kubernetes 1.25; use batch/v1",
    );
    expect(at(25, "batch/v1beta1", "CronJob")).toContain("now: CronJob of batch/v1beta1 is gone");
    expect(at(25, "policy/v1beta1", "PodSecurityPolicy")).toContain("it has no successor");
    expect(at(26, "autoscaling/v2beta2", "HorizontalPodAutoscaler")).toContain(
      "use autoscaling/v2",
    );
    expect(at(22, "extensions/v1beta1", "Ingress")).toContain("use networking.k8s.io/v1");
  });

  it("is told of versions that are not there, with the one to use", () => {
    expect(at(33, "apps/v7", "Deployment")).toBe(
      "now: Kubernetes has no Deployment of apps/v7; use apps/v1",
    );
    expect(at(33, "v2", "ConfigMap")).toBe("now: Kubernetes has no ConfigMap of v2; use v1");
    const newest = newestMinor();
    expect(at(newest, "networking.k8s.io/v1beta3", "Ingress")).toBe(
      "now: Kubernetes has no Ingress of networking.k8s.io/v1beta3; use networking.k8s.io/v1",
    );
    expect(at(33, "autoscaling/v3", "HorizontalPodAutoscaler")).toContain("use autoscaling/v2");
    expect(at(33, "policy/v1", "PodSecurityPolicy")).toContain("no other version either");
  });

  it("is not known of versions before stable ones that only an older Kubernetes may have had", () => {
    for (const [minor, apiVersion, kind] of [
      [28, "resource.k8s.io/v1alpha2", "ResourceClaim"],
      [29, "networking.k8s.io/v1alpha1", "IPAddress"],
      [20, "scheduling.k8s.io/v1alpha1", "PriorityClass"],
      [33, "networking.k8s.io/v1beta3", "Ingress"],
    ] as const) {
      expect(at(minor, apiVersion, kind)).toMatch(
        /^later: it is not known whether Kubernetes has had /u,
      );
    }
  });

  it("is not told of versions that a later Kubernetes may have", () => {
    expect(at(37, "apps/v7", "Deployment")).toBe("");
  });

  it("is nothing to say of kinds that are as old as Kubernetes, or not its own", () => {
    for (const minor of [20, 36, 99]) {
      expect(at(minor, "v1", "ConfigMap")).toBe("");
      expect(at(minor, "example.com/v1", "CronJob")).toBe("");
      expect(at(minor, "v1", "constructor")).toBe("");
    }
  });

  it("comes from Kubernetes itself (else: npm run generate)", () => {
    const page = new URL("../../../src/core/render/generated/api-lifecycle.ts", import.meta.url);
    expect(apiLifecycle).toEqual(readLifecycle());
    expect(readFileSync(page, "utf8")).toContain("Generated from Kubernetes v");
  });
});
