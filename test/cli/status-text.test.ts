import { describe, expect, it } from "vitest";
import { statusText } from "../../src/cli/status.ts";
import type { FleetStatus } from "../../src/core/protocol/api.ts";

function statusOf(versions: readonly (string | undefined)[]): FleetStatus {
  const siteList = versions.map((version, index) => ({
    site: `s${index}`,
    region: "asia",
    reachable: true,
    suspended: false,
    ...(version === undefined ? {} : { kubernetesVersion: version }),
    apps: [],
  }));
  const total = siteList.length;
  return {
    fleet: "acme",
    revision: null,
    refused: null,
    sites: { total, synced: total, healthy: total, offline: 0, suspended: 0 },
    siteList,
    regions: [],
    apps: [],
    releases: [],
    waits: [],
    holds: [],
    warnings: [],
  };
}

describe("the status as text", () => {
  it("tells which Kubernetes how many sites are, where that was told", () => {
    expect(statusText(statusOf(["v1.30.2", "v1.9.1", "v1.30.2", undefined]))).toContain(
      "\nKubernetes: v1.9.1 (1 site), v1.30.2 (2 sites)\n",
    );
    expect(statusText(statusOf([undefined]))).not.toContain("Kubernetes");
  });
});
