import { describe, expect, it } from "vitest";
import { explanationText } from "../../src/cli/explain.ts";
import { exitCodeOf, statusText } from "../../src/cli/status.ts";
import type { FleetStatus } from "../../src/core/protocol/api.ts";
import type { Wait } from "../../src/core/rollout/planner-types.ts";

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

  it("names the sites that leave the fleet", () => {
    const status = statusOf([undefined, undefined]);
    const siteList = status.siteList.map((row, index) =>
      index === 0 ? row : { ...row, leaving: true as const },
    );
    expect(statusText({ ...status, siteList })).toContain("\nLeaving the fleet: s1\n");
    expect(statusText(status)).not.toContain("Leaving");
  });

  it("writes times as people read them", () => {
    const endsWhen = "it is healthy for 1s, or its deadline 2026-11-27T02:39:44.646Z";
    const wait = { app: "web", release: "web-2", stage: "rest", site: "s0", code: "in-flight" };
    const waits = [{ ...wait, reason: "in flight", endsWhen }] as Wait[]; // its code is one of theirs
    expect(statusText({ ...statusOf([undefined]), waits })).toContain(
      "or its deadline 2026-11-27 02:39:44 UTC\n",
    );
    const message = "silent since 2026-11-27T02:39:44.646Z";
    const regions = [{ name: "asia", sites: 1, worker: "silent", message } as const];
    expect(statusText({ ...statusOf([undefined]), regions })).toMatch(
      /asia +1 +silent +silent since 2026-11-27 02:39:44 UTC\n/,
    );
  });

  it("gives the commands that answer what waits for a person", () => {
    const wait = { app: "web", release: "web-2", endsWhen: "an operator says so" };
    const needs = { app: "web", release: "web-2", what: "stage", value: "rest" };
    const waits = [
      { ...wait, stage: "rest", site: "s0", code: "approval", reason: "it asks for one", needs },
      { ...wait, stage: "rest", site: "s1", code: "approval", reason: "it asks for one", needs },
      { ...wait, app: "till", release: "till-1", stage: "all", site: null, code: "failure-budget" },
    ] as Wait[]; // their codes are some of theirs
    const regions = [{ name: "asia", sites: 1, worker: "silent", message: "since noon" } as const];
    const text = statusText({ ...statusOf([undefined]), waits, regions });
    expect(text).toContain(`
To decide:
  till has stopped in stage all: flotilla rollout retry till till-1 --why "..."
  The worker of region asia is silent: flotilla rollout excuse --region asia --why "..."
  web waits for an approval: flotilla rollout approve web web-2 --stage rest --why "..."
`);
    expect(statusText(statusOf([undefined]))).not.toContain("To decide");
  });

  it("gives them where one site is explained, too", () => {
    const needs = { app: "web", release: "web-2", what: "deletions", value: "12" } as const;
    const said = { app: "web", release: "web-2", stage: "all", reason: "12 go", endsWhen: "so" };
    const waits = [{ ...said, site: "s0", code: "deletions", needs }] as const;
    const answer = "web is at s0, as its virtual sites say: 12 go";
    const facts = { because: [], overlays: [], release: null, tree: null, observed: null };
    const told = { site: "s0", app: "web", placed: true, answer, ...facts, waits, refused: null };
    expect(explanationText(told)).toMatch(
      /\n {2}decide {5}flotilla rollout approve web web-2 --deletions 12 --why "..."\n$/,
    );
  });

  it("says once that a site is offline", () => {
    const [site] = statusOf([undefined]).siteList;
    const apps = [
      {
        app: "web",
        release: null,
        revision: null,
        sync: "Unknown",
        health: "Unknown",
        message: "last: Healthy",
      },
    ] as const;
    const told = { ...site, reachable: false, message: "CLUSTER_UNREACHABLE: it refuses", apps };
    const status = { ...statusOf([undefined]), siteList: [told] } as FleetStatus; // `site` is there
    expect(statusText(status).match(/offline/g)).toHaveLength(1);
  });
});

describe("the exit code of the status", () => {
  const well = { ...statusOf([undefined]), revision: "main@sha1:1" };

  it("is 0 only where all is well and the controller knows that", () => {
    expect(exitCodeOf(well)).toBe(0);
    expect(exitCodeOf({ ...well, revision: null })).toBe(1);
    expect(exitCodeOf({ ...well, controlLost: true })).toBe(1);
  });

  it("is 2 where the controller cannot find out", () => {
    const outdated = "the fleet repository cannot be read: GIT_FAILED";
    expect(exitCodeOf({ ...well, outdated })).toBe(2);
    // That it is not well is known.
    expect(
      exitCodeOf({ ...well, refused: { commit: "c", reason: "", mistakes: [] }, outdated }),
    ).toBe(1);
  });
});
