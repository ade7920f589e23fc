/** How an app is told at a site that was set back from a release. */
import { describe, expect, it } from "vitest";
import { type AppAtSite, appsAtSite, releasesAt } from "../../src/controller/app-at-site.ts";
import type { Observations } from "../../src/controller/observations.ts";
import type { ReadState } from "../../src/controller/planner-input.ts";

const second = { id: "web-2" };
const word = { at: "2030-01-01T00:00:00.000Z" };

interface Told {
  /** The tree in the mirror. */
  readonly stands: string;
  /** The tree in the cluster. */
  readonly reports: string;
  /** The tree that the site is entitled to. */
  readonly entitled?: string;
  /** web-2 is open no more. */
  readonly isClosed?: boolean;
  /** The releases that sites of passed stages stay on. */
  readonly partial?: readonly object[];
}

/** web-2 went to s1 and back. */
function told({ stands, reports, entitled = "old", isClosed = false, partial = [] }: Told): {
  app: AppAtSite | undefined;
  release: string | null;
} {
  const open = {
    id: "web-2",
    handed: { s1: word },
    list: { s1: { to: "new", stage: 0 } },
    back: { s1: { ...word, from: "new", to: "old" } },
  };
  const current = { release: { id: "web-1" }, partial };
  const apps = new Map([["web", { tree: stands }]]);
  const site = { apps, meta: { apps: { web: { release: "web-2" } } } };
  const declared = { value: { metadata: { labels: { ring: "canary" } } } };
  const read = {
    control: {
      state: {
        apps: { web: { open: isClosed ? [] : [open], current } },
        sites: { s1: { mirror: "eu" } },
      },
    },
    mirrors: [{ snapshot: { sites: new Map([["s1", site]]) } }],
    head: { apps: new Map(), facts: new Map(), model: { sites: new Map([["s1", declared]]) } },
    entitled: { web: { s1: entitled } },
  };
  const report = { tree: reports, sync: "Synced", health: "Healthy", message: "", unverified: 0 };
  const observations = {
    silentSince: () => null,
    siteReport: () => ({ reachable: true, message: "" }),
    appReport: () => report,
    appMoments: () => undefined,
  };
  // Only what is looked at.
  const state = read as unknown as ReadState;
  return {
    app: appsAtSite(state, observations as unknown as Observations, "s1").get("web"),
    release: releasesAt({ ...state, read: state })("s1", "web"),
  };
}

describe("a site that was set back", () => {
  it("is synced with what it was set back to, and says from which release", () => {
    expect(told({ stands: "old", reports: "old" })).toEqual({
      app: { sync: "Synced", health: "Healthy", message: "set back from web-2" },
      release: "web-1",
    });
  });

  it("is out of sync until its worker has it", () => {
    expect(told({ stands: "old", reports: "new" }).app).toEqual({
      sync: "OutOfSync",
      health: "Healthy",
      message: "set back from web-2",
    });
  });

  it("is told with the release that stands there until its mirror has the older one", () => {
    const { app, release } = told({ stands: "new", reports: "new" });
    expect([app?.sync, release]).toEqual(["OutOfSync", "web-2"]);
  });

  it("is told with the release that it is entitled to also when that one is closed", () => {
    const closed = { stands: "old", reports: "old", isClosed: true };
    expect(told(closed)).toEqual({
      app: { sync: "Synced", health: "Healthy", message: "" },
      release: "web-1",
    });
    const partial = [{ sites: [], selector: "ring=canary", release: second }];
    expect(told({ ...closed, partial }).release).toBe("web-2");
    expect(told({ ...closed, stands: "new", reports: "new" }).release).toBe("web-2");
  });

  it("is synced with what has come there since, while that release is open", () => {
    const moved = { stands: "newer", reports: "newer", entitled: "newer" };
    expect(told(moved).app).toEqual({ sync: "Synced", health: "Healthy", message: "" });
    expect(told({ ...moved, entitled: "newest" }).app).toEqual({
      sync: "OutOfSync",
      health: "Healthy",
      message: "has not been handed its release yet",
    });
  });
});
