/** Who may delete what, at a real cluster: removals of apps that have more than their tree, and what is in a namespace. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import type { KubeObject } from "../../src/core/model/kube-object.ts";
import { useTestSite } from "../support/kube-site.ts";
import { configMap, eventually } from "../support/kube-worker.ts";

const configMaps = "/api/v1/namespaces/default/configmaps";
const namespace: KubeObject = {
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: "team" },
};

describe("leaving a real cluster", { timeout: 60_000 }, () => {
  const site = useTestSite();
  afterEach(async () => {
    await site.cluster.remove("/api/v1/namespaces/team");
  });

  const there = async (name: string): Promise<boolean> =>
    (await site.cluster.get(`${configMaps}/${name}`)).status === 200;
  const deletes = (): number => site.cluster.proxy.count({ method: "DELETE" });
  const marker = (expected: number) => ({ verb: "delete", release: "r3", expected }) as const;
  const spaceOf = (name: string): KubeObject => ({ ...namespace, metadata: { name } });
  const keptIn = (team: string): KubeObject => {
    const object = configMap("inner", { k: "1" }, team);
    const annotations = { "flotilla.dev/prune": "keep" };
    return { ...object, metadata: { ...object.metadata, annotations } };
  };
  const expectKept = async (team: string): Promise<void> => {
    const path = `/api/v1/namespaces/${team}`;
    expect(site.cluster.proxy.count({ method: "DELETE", path })).toBe(0);
    const { body } = await site.cluster.get(`${path}/configmaps/inner`);
    expect(body["data"]).toEqual({ k: "1" });
    expect(JSON.stringify(body["metadata"])).not.toContain('"demo/web"');
    await site.cluster.remove(path);
  };

  it("ends although a prune had waited, so that the app has more objects than its last tree", async () => {
    const names = ["a", "b", "c", "d"];
    await site.mirror.commit({ s1: { web: names.map((name) => configMap(name, {})) } });
    site.start();
    await site.settled("web");
    // Refused for good: nothing is pruned.
    await site.mirror.commit({ s1: { web: [configMap("a", {}), configMap("NotAName", {})] } });
    await eventually("it is refused", () => site.report("web")?.message.includes("NotAName"));
    expect(deletes()).toBe(0);
    await site.mirror.commit({ s1: { web: marker(2) } });
    await eventually("it has left", () => site.report("web")?.left);

    for (const name of names) expect(await there(name)).toBe(false);
  });

  it("ends also where the worker was away while the tree became smaller, and its store is lost", async () => {
    await site.mirror.commit({ s1: { web: [configMap("a", {}), configMap("b", {})] } });
    site.start();
    await site.settled("web");
    await site.stop();
    await site.mirror.commit({ s1: { web: [configMap("a", {})] } });
    await site.mirror.commit({ s1: { web: marker(1) } });
    await rm(join(site.stateDir, "state.sqlite"));
    site.start();
    await eventually("it has left", () => site.report("web")?.left);

    expect([await there("a"), await there("b")]).toEqual([false, false]);
  });

  it.each([
    { count: "is larger", unwritten: [] },
    { count: "fits, because an object was never written", unwritten: [configMap("b", {})] },
  ])(
    "stops at what no release gave it, and goes on once an operator has dealt with it, where its count $count",
    async ({ unwritten }) => {
      await site.mirror.commit({ s1: { web: [configMap("a", {})] } });
      site.start();
      await site.settled("web");
      await site.stop();
      // An inventory that somebody has written into, and a worker that has lost everything.
      await rm(site.stateDir, { recursive: true });
      await site.cluster.put("/api/v1/namespaces/flotilla-system/configmaps/flotilla-web", {
        data: { objects: "_ConfigMap_default_a\n_ConfigMap_default_stray\n" },
      });
      const stray = configMap("stray", {});
      const annotations = { "flotilla.dev/owner": "demo/web" };
      const body = { ...stray, metadata: { ...stray.metadata, annotations } };
      await site.cluster.api.request(configMaps, { method: "POST", body });
      await site.mirror.commit({ s1: { web: [configMap("a", {}), ...unwritten] } });
      await site.mirror.commit({ s1: { web: marker(1 + unwritten.length) } });
      site.cluster.proxy.forget();
      site.start();
      const told = await eventually("it says why", () => {
        const report = site.report("web");
        return report?.message.includes("nothing is deleted") === true ? report : undefined;
      });
      await sleep(1500);
      expect(told.message).toContain(
        "ConfigMap default/stray here, which the mirror has not given it",
      );
      expect(told.message).toContain("delete these by hand");
      expect(deletes()).toBe(0);

      await site.cluster.remove(`${configMaps}/stray`);
      await eventually("it has left", () => site.report("web")?.left);
      expect(await there("a")).toBe(false);
    },
  );

  it("is not held up by what an app had that the mirror does not name any more", async () => {
    const shared = configMap("shared", {});
    await site.mirror.commit({
      s1: { old: [shared, configMap("o", {})], web: [configMap("w", {})] },
    });
    site.start();
    await site.settled("old");
    await site.settled("web");
    await site.mirror.commit({ s1: { web: [configMap("w", {}), shared] } });
    await site.settled("web");
    await site.mirror.commit({ s1: { web: [configMap("w", {})] } });
    await eventually("the shared one is pruned", async () => !(await there("shared")));

    expect(await there("o")).toBe(true);
  });

  it.each(["running", "away"])(
    "keeps what an app had that was let go of and comes again without it (worker %s meanwhile)",
    async (worker) => {
      const web = [configMap("w", {})];
      const old = [configMap("o", { k: "1" }), configMap("dropped", {})];
      await site.mirror.commit({ s1: { web, old }, s9: {} });
      site.start();
      await site.settled("old");
      if (worker === "away") await site.stop();
      await site.mirror.commit({ s9: {} });
      if (worker === "running")
        await eventually("it has stopped", () => site.mirror.last()?.stopped["s1"]);
      await site.mirror.commit({ s1: { web }, s9: {} });
      if (worker === "running") await site.settled("web");
      await site.mirror.commit({ s1: { web, old: [configMap("o", { k: "2" })] }, s9: {} });
      site.cluster.proxy.forget();
      if (worker === "away") site.start();
      const told = await eventually("it tells what stays", () => {
        const report = site.report("old");
        return report?.message.includes("is from before") === true ? report : undefined;
      });
      expect(told.message).toContain("ConfigMap default/dropped is from before");
      expect((await site.cluster.get(`${configMaps}/o`)).body["data"]).toEqual({ k: "2" });

      // What the app leaves with is counted; this was not.
      await site.mirror.commit({ s1: { web, old: marker(1) }, s9: {} });
      await eventually("it does not leave", () =>
        site.report("old")?.message.includes("nothing is deleted"),
      );
      expect(deletes()).toBe(0);
      expect(await there("dropped")).toBe(true);

      await site.cluster.put(`${configMaps}/dropped`, {
        metadata: { annotations: { "flotilla.dev/owner": null } },
      });
      await eventually("it has left", () => site.report("old")?.left);
      expect([await there("o"), await there("dropped")]).toEqual([false, true]);
    },
  );

  it("keeps what a site had under its old name and its new one never got", async () => {
    await site.mirror.commit({ s1: { web: [configMap("a", {}), configMap("b", {})] } });
    site.start({ s2: site.cluster.kubeconfigPath });
    await site.settled("web");
    site.cluster.proxy.forget();
    await site.mirror.commit({ s2: { web: [configMap("a", { k: "2" })] } });
    await eventually("it tells what stays", () =>
      site.mirror.app("s2", "web")?.message.includes("ConfigMap default/b is from before"),
    );

    expect(deletes()).toBe(0);
    expect(await there("b")).toBe(true);
  });

  it("keeps a namespace in which such an app still has something, until that is gone", async () => {
    await site.mirror.commit({ s1: { web: [namespace, configMap("w", {})] } });
    site.start();
    await site.settled("web");
    const old = [configMap("o", {}, "team")];
    await site.mirror.commit({ s1: { web: [namespace, configMap("w", {})], old } });
    await site.settled("old");
    await site.mirror.commit({ s1: { web: [configMap("w", {})] } });
    const told = await eventually("it waits", () => {
      const report = site.report("web");
      return report?.message.includes("app old") === true ? report : undefined;
    });
    expect(told.message).toContain("has ConfigMap team/o in it");
    expect(site.cluster.proxy.count({ method: "DELETE", path: "/api/v1/namespaces/team" })).toBe(0);

    await site.cluster.remove("/api/v1/namespaces/team/configmaps/o");
    await eventually("the namespace goes", async () => {
      const { status, body } = await site.cluster.get("/api/v1/namespaces/team");
      return status === 404 || JSON.stringify(body).includes("deletionTimestamp");
    });
  });

  it("keeps what waited to be pruned when its app was let go of and comes again with the same tree", async () => {
    const path = "/api/v1/namespaces/again";
    const web = [configMap("w", {})];
    const old = [configMap("o", {}, "again")];
    await site.mirror.commit({ s1: { web: [spaceOf("again"), ...web], old } });
    site.start();
    await site.settled("web");
    await site.settled("old");
    await site.mirror.commit({ s1: { web, old } });
    await eventually("it waits", () => site.report("web")?.message.includes("app old"));
    await site.mirror.commit({ s1: { old } });
    await eventually("it is let go of", () =>
      site.report("web")?.message.includes("does not name it here"),
    );
    await site.mirror.commit({ s1: { web } });
    await site.cluster.remove(`${path}/configmaps/o`);
    await eventually("it tells what stays", () =>
      site.report("web")?.message.includes("Namespace again is from before"),
    );

    expect(site.cluster.proxy.count({ method: "DELETE", path })).toBe(0);
    await site.cluster.remove(path);
  });

  it("lets go of objects that are to be kept, and of the namespace that they are in", async () => {
    const keep = { annotations: { "flotilla.dev/prune": "keep" } };
    const kept = (name: string, space: string): KubeObject => {
      const object = configMap(name, { k: "1" });
      return { ...object, metadata: { ...object.metadata, ...keep, namespace: space } };
    };
    const rest = [namespace, kept("inner", "team"), configMap("w", {})];
    await site.mirror.commit({ s1: { web: [...rest, kept("dropped", "default")] } });
    site.start();
    await site.settled("web");
    site.cluster.proxy.forget();
    await site.mirror.commit({ s1: { web: rest } });
    await site.settled("web");
    await eventually("it is let go of", async () => {
      const live = await site.cluster.get(`${configMaps}/dropped`);
      return live.status === 200 && !JSON.stringify(live.body["metadata"]).includes('"demo/web"');
    });
    // Somebody takes the annotation off by hand: what was counted is what Git said.
    const inner = "/api/v1/namespaces/team/configmaps/inner";
    await site.cluster.put(inner, { metadata: { annotations: { "flotilla.dev/prune": null } } });
    await site.mirror.commit({ s1: { web: { verb: "delete", release: "r2", expected: 3 } } });
    await eventually("it has left", () => site.report("web")?.left);

    expect((await site.cluster.get(inner)).body["data"]).toEqual({ k: "1" });
    expect((await site.cluster.get("/api/v1/namespaces/team")).body["status"]).toEqual({
      phase: "Active",
    });
    const deletes = site.cluster.writes().filter((one) => one.startsWith("DELETE"));
    expect(deletes.filter((one) => !one.includes("flotilla-"))).toEqual([`DELETE ${configMaps}/w`]);
  });

  it.each(["PATCH", "GET"])(
    "deletes nothing that is to be kept with a namespace whose %s failed at first",
    async (method) => {
      const team = `kept-${method.toLowerCase()}`;
      const path = `/api/v1/namespaces/${team}`;
      const web = [spaceOf(team), keptIn(team), configMap("w", {})];
      await site.mirror.commit({ s1: { web } });
      site.start();
      await site.settled("web");
      site.cluster.proxy.fail({ kind: "status", status: 409 }, { method, path });
      await site.mirror.commit({ s1: { web: marker(3) } });
      await eventually("it goes as far as it can", async () => !(await there("w")));
      await eventually("it tells why", () => site.report("web")?.message !== "");
      expect(site.report("web")?.left).toBe(false);
      site.cluster.proxy.heal();
      await eventually("it has left", () => site.report("web")?.left);

      await expectKept(team);
    },
  );

  it("lets go at once of a namespace that holds what is to be kept, though another app is in it", async () => {
    const team = "kept-shared";
    const other = [configMap("o", {}, team)];
    await site.mirror.commit({ s1: { web: [spaceOf(team), keptIn(team)], other } });
    site.start();
    await site.settled("web");
    await site.settled("other");
    await site.mirror.commit({ s1: { web: marker(2), other } });
    expect(await eventually("it has left", () => site.report("web")?.left)).toBe(true);
    await site.mirror.commit({ s1: { other: marker(1) } });
    await eventually("the other one has left", () => site.report("other")?.left);

    await expectKept(team);
  });
});
