/** Whose an object is, at real API servers: conflicts, hand-over, another cluster behind the same address. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { writeKubeconfig } from "../support/kube-cluster.ts";
import { useTestSite } from "../support/kube-site.ts";
import { startTestMirror } from "../support/kube-mirror.ts";
import {
  configMap,
  eventually,
  startTestWorker,
  temporaryState,
  workerConfig,
} from "../support/kube-worker.ts";

const configMaps = "/api/v1/namespaces/default/configmaps";
const applyPatch = "application/apply-patch+yaml";

describe("ownership at a real cluster", { timeout: 60_000 }, () => {
  const site = useTestSite(2);

  const applyAs = (manager: string, object: object, name: string) =>
    site.cluster.api.request(`${configMaps}/${name}?fieldManager=${manager}`, {
      method: "PATCH",
      body: object,
      contentType: applyPatch,
    });

  it("names manager, field, object and site of a conflict, and applies everything else", async () => {
    await applyAs("other-tool", configMap("a", { k: "theirs" }), "a");
    await site.mirror.commit({
      s1: { web: [configMap("a", { k: "ours" }), configMap("b", { k: "ours" })] },
    });
    site.start();
    const report = await eventually("the conflict is told", () => {
      const told = site.report("web");
      return told?.message.includes("other-tool") === true ? told : undefined;
    });

    expect(report).toMatchObject({ tree: null, sync: "OutOfSync" });
    expect(report.message).toContain("ConfigMap default/a at site s1");
    expect(report.message).toContain(".data.k");
    const [a, b] = await Promise.all([
      site.cluster.get(`${configMaps}/a`),
      site.cluster.get(`${configMaps}/b`),
    ]);
    expect([a.body["data"], b.body["data"]]).toEqual([{ k: "theirs" }, { k: "ours" }]);
  });

  it("takes over what was made with kubectl", async () => {
    await site.cluster.api.request(`${configMaps}?fieldManager=kubectl-create`, {
      method: "POST",
      body: configMap("a", { k: "by hand" }),
    });
    await site.mirror.commit({ s1: { web: [configMap("a", { k: "ours" })] } });
    site.start();
    await site.settled("web");

    const live = await site.cluster.get(`${configMaps}/a`);
    expect(live.body["data"]).toEqual({ k: "ours" });
  });

  it("does not touch an object of another fleet", async () => {
    const theirs = configMap("a", { k: "theirs" });
    const annotations = { "flotilla.dev/owner": "another/web" };
    await applyAs(
      "flotilla/web",
      { ...theirs, metadata: { ...theirs.metadata, annotations } },
      "a",
    );
    await site.mirror.commit({ s1: { web: [configMap("a", { k: "ours" })] } });
    site.start();
    const report = await eventually("it is told", () => {
      const told = site.report("web");
      return told?.message.includes("another/web") === true ? told : undefined;
    });

    expect(report.tree).toBeNull();
    expect((await site.cluster.get(`${configMaps}/a`)).body["data"]).toEqual({ k: "theirs" });
  });

  it("hands an object over between two apps of one commit without deleting it", async () => {
    await site.mirror.commit({
      s1: {
        one: [configMap("shared", { k: "1", old: "1" }), configMap("a", {})],
        two: [configMap("b", {})],
      },
    });
    site.start();
    await site.settled("one");
    await site.settled("two");
    const before = await site.cluster.get(`${configMaps}/shared`);
    site.cluster.proxy.forget();
    await site.mirror.commit({
      s1: { one: [configMap("a", {})], two: [configMap("b", {}), configMap("shared", { k: "2" })] },
    });
    await site.settled("two");
    await site.settled("one");

    const after = await site.cluster.get(`${configMaps}/shared`);
    expect(after.body).toMatchObject({
      data: { k: "2" },
      metadata: {
        uid: (before.body["metadata"] as { uid: string }).uid,
        annotations: { "flotilla.dev/owner": "demo/two" },
      },
    });
    expect(after.body["data"]).toEqual({ k: "2" });
    expect(site.cluster.proxy.count({ method: "DELETE" })).toBe(0);
    expect(site.report("one")?.objects).toBe(1);
  });

  it("writes nothing to another cluster behind the same kubeconfig", async () => {
    await site.mirror.commit({ s1: { web: [configMap("a", { k: "1" })] } });
    site.start();
    await site.settled("web");
    const { kubeconfigPath, cluster, proxy } = site.cluster;
    await writeKubeconfig(kubeconfigPath, site.other.proxy.url, site.other.cluster.token);
    try {
      await site.mirror.commit({ s1: { web: [configMap("a", { k: "2" })] } });
      await eventually("it is told", () =>
        site.mirror.site("s1")?.message.includes("CLUSTER_CHANGED"),
      );
      await site.stop();
      site.start();
      await sleep(1000);
      expect(site.other.writes()).toEqual([]);
    } finally {
      await writeKubeconfig(kubeconfigPath, proxy.url, cluster.token);
    }
    await site.settled("web");
    expect((await site.cluster.get(`${configMaps}/a`)).body["data"]).toEqual({ k: "2" });
  });

  it("believes the uid that the mirror names more than the cluster that answers", async () => {
    await site.mirror.commit({ s1: { web: [configMap("a", {})] } }, { uid: "another-uid" });
    site.start();
    await eventually("it is told", () =>
      site.mirror.site("s1")?.message.includes("CLUSTER_CHANGED"),
    );
    await sleep(500);
    expect(site.cluster.writes()).toEqual([]);
  });

  it("writes nothing for a second site with the kubeconfig of the first, and says whose cluster it is", async () => {
    const s1 = { web: [configMap("a", {}), configMap("b", {})] };
    await site.mirror.commit({ s1 });
    site.start({ s2: site.cluster.kubeconfigPath });
    await site.settled("web");
    site.cluster.proxy.forget();
    await site.mirror.commit({ s1, s2: { web: [configMap("a", {})] } });
    await eventually("it is told", () =>
      site.mirror.site("s2")?.message.includes("CLUSTER_CHANGED"),
    );
    await sleep(500);

    expect(site.mirror.site("s2")?.message).toContain("is already site s1");
    expect(site.cluster.writes()).toEqual([]);
    expect((await site.cluster.get(`${configMaps}/b`)).status).toBe(200);
  });

  it("forgets no object because another cluster, put behind the site meanwhile, does not have it", async () => {
    const objects = Array.from({ length: 30 }, (_, index) => configMap(`o${index}`, {}));
    await site.mirror.commit({ s1: { web: objects } });
    site.start();
    await site.settled("web");
    site.cluster.proxy.forget();
    // Slow, so that the change falls between the objects.
    site.cluster.proxy.fail({ kind: "slow", delayMs: 50 }, { method: "DELETE" });
    await site.mirror.commit({ s1: { web: { verb: "delete", release: "r2", expected: 30 } } });
    await eventually("it is under way", () => site.cluster.proxy.count({ method: "DELETE" }) > 2);
    const { kubeconfigPath, cluster, proxy } = site.cluster;
    await writeKubeconfig(kubeconfigPath, site.other.proxy.url, site.other.cluster.token);
    try {
      await eventually("it is told", () =>
        site.mirror.site("s1")?.message.includes("CLUSTER_CHANGED"),
      );
      expect(site.report("web")?.left).toBe(false);
      expect(site.other.writes()).toEqual([]);
    } finally {
      await writeKubeconfig(kubeconfigPath, proxy.url, cluster.token);
    }
    await eventually("it has left", () => site.report("web")?.left);
    const list = await site.cluster.get(`${configMaps}?labelSelector=flotilla.dev/app`);
    expect(list.body["items"]).toEqual([]);
  });

  it("takes over what was deleted and made anew with kubectl, in place of the one that it knew", async () => {
    const s1 = { web: [configMap("a", { k: "ours" })] };
    await site.mirror.commit({ s1 }, { driftIntervalMs: 500 });
    site.start();
    await site.settled("web");
    await site.cluster.remove(`${configMaps}/a`);
    await site.cluster.api.request(`${configMaps}?fieldManager=kubectl-create`, {
      method: "POST",
      body: configMap("a", { k: "by hand" }),
    });
    await eventually("it is ours again", async () => {
      const live = await site.cluster.get(`${configMaps}/a`);
      return JSON.stringify(live.body["data"]) === '{"k":"ours"}';
    });
    expect(await site.settled("web")).toMatchObject({ sync: "Synced", objects: 1 });
  });

  it("takes a site that has got another name over from the cluster's inventory, and deletes nothing", async () => {
    const web = [configMap("a", { k: "1" }), configMap("b", {})];
    await site.mirror.commit({ s1: { web } });
    site.start({ s2: site.cluster.kubeconfigPath });
    const before = await site.settled("web");
    site.cluster.proxy.forget();
    await site.mirror.commit({ s2: { web } });
    const told = await eventually("the new name has it", () => {
      const report = site.mirror.app("s2", "web");
      return report?.sync === "Synced" && report.health === "Healthy" ? report : undefined;
    });
    expect(told).toMatchObject({ tree: before.tree, objects: 2 });
    expect(site.cluster.proxy.count({ method: "DELETE" })).toBe(0);

    // The inventory came along: what the next commit drops is pruned.
    await site.mirror.commit({ s2: { web: [configMap("a", { k: "2" })] } });
    await eventually("b is pruned", async () => {
      return (await site.cluster.get(`${configMaps}/b`)).status === 404;
    });
    // The last write of a prune.
    await eventually("the inventory has a alone", async () => {
      const path = "/api/v1/namespaces/flotilla-system/configmaps/flotilla-web";
      const { body } = await site.cluster.get(path);
      return JSON.stringify(body["data"]) === '{"objects":"_ConfigMap_default_a\\n"}';
    });
    expect((await site.cluster.get(`${configMaps}/a`)).body["data"]).toEqual({ k: "2" });
    // The old name is no second way to the same cluster.
    site.cluster.proxy.forget();
    await site.mirror.commit({ s1: { web }, s2: { web: [configMap("a", { k: "2" })] } });
    await eventually("it is told", () =>
      site.mirror.site("s1")?.message.includes("is already site s2"),
    );
    expect(site.cluster.writes()).toEqual([]);
  });

  it("looks at everything anew at a site that comes back, because others may have written there", async () => {
    const web = [configMap("a", { k: "1" })];
    await site.mirror.commit({ s1: { web, gone: [configMap("g", {})] }, s9: {} });
    site.start();
    await site.settled("web");
    await site.settled("gone");
    await site.mirror.commit({ s9: {} });
    await eventually("it has stopped", () => site.mirror.last()?.stopped["s1"]);
    // The worker of another region meanwhile: it changes a and adds c.
    await site.stop();
    const mirror = await startTestMirror();
    const state = await temporaryState();
    const s1 = site.cluster.kubeconfigPath;
    const other = startTestWorker(workerConfig(mirror, state.dir, { s1 }));
    await mirror.commit({ s1: { web: [configMap("a", { k: "2" }), configMap("c", {})] } });
    const isThere = async (): Promise<boolean> =>
      (await site.cluster.get(`${configMaps}/c`)).status === 200;
    await eventually("the other one has written", isThere);
    await other.stop();
    await mirror.close();
    await state.remove();
    site.start();
    await site.mirror.commit({ s1: { web }, s9: {} });
    await site.settled("web");

    const told = await eventually("it tells what stays", () => {
      const report = site.report("web");
      return report?.message.includes("ConfigMap default/c is from before") ? report : undefined;
    });
    expect(told).toMatchObject({ sync: "OutOfSync", health: "Healthy" });
    expect(await isThere()).toBe(true);
    await site.cluster.remove(`${configMaps}/c`);
    await eventually("nothing is left of it", () => site.report("web")?.sync === "Synced");
    expect((await site.cluster.get(`${configMaps}/a`)).body["data"]).toEqual({ k: "1" });
    expect((await site.cluster.get(`${configMaps}/g`)).status).toBe(200);
    // Told by the next report, which may come a moment after what it tells of.
    await eventually("it takes back that it had stopped", () => {
      const stopped = site.mirror.last()?.stopped;
      return stopped !== undefined && Object.keys(stopped).length === 0;
    });
  });
});
