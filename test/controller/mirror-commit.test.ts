import { describe, expect, it } from "vitest";
import { countContent, planMirrorCommit } from "../../src/controller/mirror-commit.ts";
import type { SiteContent } from "../../src/controller/mirror-snapshot.ts";
import type { SiteMeta } from "../../src/core/protocol/mirror-layout.ts";
import type { HandOver } from "../../src/core/rollout/planner-types.ts";

const meta = (site: string, apps: readonly string[]): SiteMeta => ({
  fleet: "f",
  site,
  region: "east",
  suspend: false,
  apps: Object.fromEntries(apps.map((app) => [app, { namespace: app, release: null }])),
  drift: { intervalMs: 1, maxSitesPerMinute: 1 },
});

const content = (site: string, apps: Readonly<Record<string, string>>): SiteContent => ({
  apps: new Map(Object.entries(apps).map(([app, tree]) => [app, { tree }])),
  good: new Map(),
  came: new Set(),
  meta: meta(site, Object.keys(apps)),
});

const before = new Map([
  ["a1", content("a1", { web: "t1" })],
  ["a2", content("a2", { web: "t1" })],
]);

function plan(handOvers: readonly HandOver[], leaves: readonly string[] = [], stands = before) {
  return planMirrorCommit({
    before: stands,
    work: { handOvers, leaves, enters: [] },
    sizeOf: () => 2,
    metaOf: meta,
    facts: [...stands.keys()],
  });
}

const handOver = (site: string, step: Partial<HandOver["apps"][number]>): HandOver => ({
  site,
  mirror: "east",
  apps: [{ app: "web", release: "r", set: { tree: "t2" }, good: null, ...step }],
});

describe("a mirror commit", () => {
  it("holds only what moves, and keeps the tree that was good", () => {
    const { changes, moved, after } = plan([handOver("a1", { good: "t1" })]);
    expect(changes).toEqual([
      { path: "sites/a1/web", tree: "t2" },
      { path: "good/a1/web", tree: "t1" },
    ]);
    expect(moved).toEqual([{ site: "a1", app: "web", release: "r" }]);
    expect(after.get("a1")?.apps.get("web")).toEqual({ tree: "t2" });
  });

  it("is empty when nothing moves and no fact changed", () => {
    expect(plan([]).changes).toEqual([]);
  });

  it("puts a marker with the expected number in place of a tree that leaves", () => {
    const set = { leaving: { verb: "delete", release: "r", from: "t1" } } as const;
    const { changes, after } = plan([handOver("a1", { set })]);
    expect(changes).toEqual([
      { path: "sites/a1/web", remove: true },
      {
        path: "sites/a1/web.leaving",
        content: '{"expected":2,"from":"t1","release":"r","verb":"delete"}\n',
      },
    ]);
    const counts = countContent(
      [...before.keys()].flatMap((site) => after.get(site) ?? before.get(site) ?? []),
      () => 2,
    );
    expect(counts).toEqual({ sites: 2, objects: 2 });
  });

  it("leaves a marker as it is where the same removal is told again: its tree is known no more", () => {
    const leaving: SiteContent = {
      apps: new Map([["web", { leaving: { verb: "delete", release: "r" } }]]),
      good: new Map(),
      came: new Set(),
      meta: meta("a1", ["web"]),
    };
    const set = { leaving: { verb: "delete", release: "r", from: "gone" } } as const;
    const again = plan([handOver("a1", { set })], [], new Map([["a1", leaving]]));
    expect(again.changes).toEqual([]);
  });

  it("takes the marker away when the app has left, and with it the good tree and what came along", () => {
    const left: SiteContent = {
      apps: new Map([["web", { leaving: { verb: "delete", release: "r" } }]]),
      good: new Map([["web", "t0"]]),
      came: new Set(["web"]),
      meta: meta("a1", ["web"]),
    };
    const stands = new Map([["a1", left]]);
    const { changes } = plan([handOver("a1", { set: { clear: "marker" } })], [], stands);
    expect(changes).toEqual([
      { path: "sites/a1/web.leaving", remove: true },
      { path: "came/a1/web", remove: true },
      { path: "good/a1/web", remove: true },
      { path: "meta/a1.json", content: expect.stringContaining('"apps":{}') },
    ]);
  });

  it("takes everything of a site away that leaves, and touches no other", () => {
    const { changes, after } = plan([], ["a2"]);
    expect(changes).toEqual([
      { path: "sites/a2", remove: true },
      { path: "meta/a2.json", remove: true },
    ]);
    expect(after.get("a2")).toBeNull();
  });

  it("brings a site with its trees and with those it had before, and takes all of it away again", () => {
    const enter = { site: "a3", trees: { web: "t2" }, good: { web: "t1" }, came: { web: ["t0"] } };
    const input = { sizeOf: () => 2, metaOf: meta, facts: [] };
    const work = { handOvers: [], leaves: [], enters: [enter] };
    const { changes, after } = planMirrorCommit({ ...input, before, work });
    expect(changes).toContainEqual({ path: "came/a3/web/t0", tree: "t0" });
    const stands = new Map([["a3", after.get("a3") ?? content("a3", {})]]);
    const gone = plan([], ["a3"], stands);
    expect(gone.changes.map(({ path }) => path)).toEqual([
      "sites/a3",
      "good/a3",
      "came/a3",
      "meta/a3.json",
    ]);
  });

  it.each(["a site", "an app"])(
    "brings %s to where an older controller left something of an earlier time with nothing of that",
    (what) => {
      const left: SiteContent = { ...content("a3", {}), came: new Set(["web"]) };
      const input = { before: new Map([["a3", left]]), sizeOf: () => 2, metaOf: meta, facts: [] };
      const enters = [{ site: "a3", trees: { web: "t2" }, good: {}, came: { web: ["t0"] } }];
      const isSite = what === "a site";
      const work = isSite
        ? { handOvers: [], leaves: [], enters }
        : { handOvers: [handOver("a3", {})], leaves: [], enters: [] };
      const { changes, after } = planMirrorCommit({ ...input, work });
      const came = changes.filter(({ path }) => path.startsWith("came/"));
      expect(came).toEqual([
        { path: "came/a3/web", remove: true },
        ...(isSite ? [{ path: "came/a3/web/t0", tree: "t0" }] : []),
      ]);
      expect(after.get("a3")?.came).toEqual(new Set(isSite ? ["web"] : []));
    },
  );
});
