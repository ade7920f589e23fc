/** How an app is told at a site that was set back from a release that is still open. */
import { describe, expect, it } from "vitest";
import { type AppAtSite, appsAtSite, releaseAt } from "../../src/controller/app-at-site.ts";
import type { Observations } from "../../src/controller/observations.ts";
import type { ReadState } from "../../src/controller/planner-input.ts";

const word = { at: "2030-01-01T00:00:00.000Z" };

/** web-2 went to s1 and back; `stands` and `reports`: the tree in the mirror, and in the cluster. */
function told({ stands, reports }: { stands: string; reports: string }): {
  app: AppAtSite | undefined;
  release: string | null;
} {
  const open = {
    id: "web-2",
    handed: { s1: word },
    list: { s1: { to: "new", stage: 0 } },
    back: { s1: { ...word, from: "new", to: "old" } },
  };
  const current = { release: { id: "web-1" }, partial: [] };
  const apps = new Map([["web", { tree: stands }]]);
  const site = { apps, meta: { apps: { web: { release: "web-2" } } } };
  const read = {
    control: {
      state: { apps: { web: { open: [open], current } }, sites: { s1: { mirror: "eu" } } },
    },
    mirrors: [{ snapshot: { sites: new Map([["s1", site]]) } }],
    head: { apps: new Map(), facts: new Map() },
    entitled: { web: { s1: "old" } },
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
    release: releaseAt(state, "s1", "web"),
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
});
