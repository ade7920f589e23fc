/** The worker's copy of its mirror: lost, old, damaged, and in the long run. */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { objectId } from "../../src/core/model/kube-object.ts";
import { formatTrailers, mirrorBranch } from "../../src/core/protocol/mirror-layout.ts";
import { git } from "../support/git-repository.ts";
import { configMap, eventually } from "../support/kube-worker.ts";
import { useStandInFleet } from "../support/stand-in-fleet.ts";

describe("a worker and its copy of the mirror", { timeout: 60_000 }, () => {
  const fleet = useStandInFleet();
  const copy = (): string => join(fleet.stateDir, "mirror.git");
  const commit = (k: string): Promise<string> =>
    fleet.mirror.commit({ s1: { web: [configMap("a", { k })] } });
  const stands = (k: string): Promise<boolean> =>
    eventually(
      `${k} stands`,
      () => JSON.stringify(fleet.clusters.data("s1", "a")) === JSON.stringify({ k }),
    );
  const refused = (what: string): Promise<boolean> =>
    eventually(`${what} is told`, () => fleet.mirror.last()?.refused.includes(what) === true);

  it("does not follow a rewound mirror of the same epoch after it has lost its copy", async () => {
    const first = await commit("1");
    await fleet.start(["s1"]);
    await stands("1");
    const second = await commit("2");
    await stands("2");
    await eventually("it is followed", () => fleet.mirror.last()?.head === second);
    await fleet.stop();
    await rm(copy(), { recursive: true });
    await fleet.mirror.force(first);
    await fleet.start(["s1"]);
    await refused("HISTORY_REWRITTEN");
    expect(fleet.mirror.last()?.head).toBe("");
    expect(fleet.clusters.data("s1", "a")).toEqual({ k: "2" });

    await fleet.mirror.force(second);
    await commit("3");
    await stands("3");
    await eventually("it is content", () => fleet.mirror.last()?.refused === "");
  });

  it("fetches a commit once, however often it is told of it meanwhile", async () => {
    await commit("1");
    await fleet.start(["s1"], { poll: "15s", heartbeat: "15s" });
    await stands("1");
    await sleep(500);
    const before = fleet.mirror.gitRequests.length;
    await commit("2");
    await eventually("2 stands", () => {
      fleet.mirror.announce();
      return JSON.stringify(fleet.clusters.data("s1", "a")) === JSON.stringify({ k: "2" });
    });
    await sleep(500);
    const asked = fleet.mirror.gitRequests.slice(before);
    // Where the head is, and what is new there.
    expect(asked).toEqual(["/git-upload-pack", "/git-upload-pack"]);

    await commit("3");
    await stands("3");
  });

  it("does not go back to an old copy that somebody restored", async () => {
    const first = await commit("1");
    await fleet.start(["s1"]);
    await stands("1");
    const second = await commit("2");
    await eventually("it is followed", () => fleet.mirror.last()?.head === second);
    await fleet.stop();
    await git(["update-ref", mirrorBranch, first], copy());
    await fleet.mirror.stop();
    await fleet.start(["s1"]);
    await sleep(1000);
    expect(fleet.clusters.data("s1", "a")).toEqual({ k: "2" });

    await fleet.mirror.start();
    await eventually("the newest is followed", () => fleet.mirror.last()?.head === second);
    expect(fleet.clusters.data("s1", "a")).toEqual({ k: "2" });
  });

  it("tells of a copy that has lost its objects, and fetches it anew", async () => {
    await commit("1");
    await fleet.start(["s1"]);
    await stands("1");
    await fleet.stop();
    for (const name of await readdir(join(copy(), "objects"))) {
      if (/^[0-9a-f]{2}$|^pack$/.test(name))
        await rm(join(copy(), "objects", name), { recursive: true });
    }
    const told = fleet.mirror.reports.length;
    await fleet.start(["s1"]);
    await eventually("it reports", () => fleet.mirror.reports.length > told);
    const mended = await commit("2");
    await stands("2");
    await eventually("it follows again", () => fleet.mirror.last()?.head === mended);
    const reasons = fleet.mirror.reports.slice(told).map((report) => report.refused);
    expect(reasons.join()).toContain("GIT_CORRUPT");
    expect(reasons.at(-1)).toBe("");
  });

  it("gathers what many fetches leave behind, and loses nothing of it", async () => {
    const first = await commit("0");
    await fleet.start(["s1"], { upkeep: "300ms" });
    for (let step = 1; step <= 25; step += 1) {
      const head = await commit(String(step));
      await eventually("it is followed", () => fleet.mirror.last()?.head === head);
    }
    await stands("25");
    await eventually("few files are left", async () => {
      const names = await readdir(join(copy(), "objects"), { recursive: true });
      const files = names.filter((name) => /\.pack$|^[0-9a-f]{2}\/[0-9a-f]{38}$/.test(name));
      return files.length <= 5;
    });

    await git(["fsck", "--full", "--strict"], copy());
    expect(await git(["cat-file", "-t", first], copy())).toContain("commit");
    await commit("last");
    await stands("last");
  });

  it("refuses a commit that has both a tree and a marker for one app, and one that holds nothing", async () => {
    await commit("1");
    await fleet.start(["s1"]);
    await stands("1");
    const { store } = fleet.mirror;
    const parent = await store.resolve(mirrorBranch);
    const trailers = { epoch: 1, control: "0".repeat(40), sites: 1, objects: 1, changes: [] };
    const marker = JSON.stringify({ verb: "delete", release: "r2", expected: 9 });
    await store.commitChanges({
      ref: mirrorBranch,
      parent,
      changes: [{ path: "sites/s1/web.leaving", content: marker }],
      message: `both\n\n${formatTrailers(trailers)}`,
      author: "test",
      at: 1_760_000_000_000,
    });
    await refused("both web and web.leaving");
    await fleet.mirror.force(parent ?? "");
    await eventually("it is content", () => fleet.mirror.last()?.refused === "");
    const head = await fleet.mirror.commit({});
    await eventually("nothing is its own any more", () => fleet.mirror.last()?.head === head);

    expect(fleet.clusters.data("s1", "a")).toEqual({ k: "1" });
    expect(fleet.clusters.requests.filter((line) => line.includes("DELETE"))).toEqual([]);
  });

  /** The facts of s1 as a newer controller would write them. */
  const commitFacts = async (facts: object): Promise<string> => {
    const { store } = fleet.mirror;
    const parent = await store.resolve(mirrorBranch);
    const meta = await store.at(parent ?? "", "meta/s1.json");
    const text = (await store.read([meta?.oid ?? ""])).get(meta?.oid ?? "") ?? "";
    const known = JSON.parse(text) as object; // of a commit of this test
    const trailers = { epoch: 1, control: "0".repeat(40), sites: 1, objects: 1, changes: [] };
    return store.commitChanges({
      ref: mirrorBranch,
      parent,
      changes: [{ path: "meta/s1.json", content: JSON.stringify({ ...known, ...facts }) }],
      message: `newer\n\n${formatTrailers(trailers)}`,
      author: "test",
      at: 1_760_000_000_000,
    });
  };

  it("passes over what it does not know in a site's facts, and goes on", async () => {
    await commit("1");
    await fleet.start(["s1"]);
    await stands("1");
    const head = await commitFacts({
      novelty: true,
      apps: { web: { namespace: "default", release: "r1", novelty: 1 } },
      drift: { intervalMs: 60_000, maxSitesPerMinute: 60, novelty: "x" },
      mustKnow: ["uid", "apps.minReadyMs", "policies"],
    });
    await eventually("it is followed", () => fleet.mirror.last()?.head === head);
    expect(fleet.mirror.last()?.refused).toBe("");
    await commit("2");
    await stands("2");
  });

  it.each([
    ["what it has to know and does not", { novelty: true, mustKnow: ["uid", "novelty"] }],
    [
      "a rule that says more than it knows",
      { policies: { web: { drift: "correct", ignored: [{ fields: [], novelty: true }] } } },
    ],
  ])(
    "follows nothing where a site's facts have %s, and says that it is to be updated",
    async (_, facts) => {
      await commit("1");
      await fleet.start(["s1"]);
      await stands("1");
      await commitFacts(facts);
      await refused(
        "meta/s1.json of the mirror has what this worker does not know (novelty): worker and controller are of versions that do not fit each other; update the worker",
      );
      expect(fleet.clusters.data("s1", "a")).toEqual({ k: "1" });
    },
  );

  it("holds up no other app of the site by one whose file is no object", async () => {
    await fleet.mirror.commit({
      s1: { bad: [configMap("b", {})], web: [configMap("a", { k: "1" })] },
    });
    await fleet.start(["s1"]);
    await stands("1");
    const { store } = fleet.mirror;
    const key = { group: "", kind: "ConfigMap", namespace: "default", name: "b" };
    const trailers = { epoch: 1, control: "0".repeat(40), sites: 1, objects: 2, changes: [] };
    const web = `sites/s1/web/${objectId({ ...key, name: "a" })}.yaml`;
    await store.commitChanges({
      ref: mirrorBranch,
      parent: await store.resolve(mirrorBranch),
      changes: [
        { path: `sites/s1/bad/${objectId(key)}.yaml`, content: "no: object" },
        { path: web, content: JSON.stringify(configMap("a", { k: "2" })) },
      ],
      message: `bad\n\n${formatTrailers(trailers)}`,
      author: "test",
      at: 1_760_000_000_000,
    });
    await eventually(
      "the bad one is told",
      () =>
        fleet.mirror.app("s1", "bad")?.message.includes("MIRROR_INVALID") === true ||
        fleet.mirror.app("s1", "bad")?.message.includes("is not a Kubernetes object"),
    );
    const told = await eventually("the other one is applied and looked at", () => {
      const report = fleet.mirror.app("s1", "web");
      const isDone = report?.sync === "Synced" && report.health === "Healthy";
      return isDone && report.healthyForMs > 500 ? report : undefined;
    });

    expect(fleet.clusters.data("s1", "a")).toEqual({ k: "2" });
    expect(told.message).toBe("");
    expect(fleet.mirror.site("s1")?.message).toBe("");
  });
});
