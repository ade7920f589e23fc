/** The rules of removing: what is in the inventory, what may go, and what holds it. */
import { cp, rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import type { KubeObject } from "../../../src/core/model/kube-object.ts";
import { writeKubeconfig } from "../../support/kube-cluster.ts";
import type { TestSite } from "../../support/kube-site.ts";
import { configMap, deployment, eventually } from "../../support/kube-worker.ts";
import {
  configMaps,
  createAs,
  dataOf,
  definition,
  definitions,
  gone,
  leaving,
  metadataOf,
  namespaceOf,
  object,
  stands,
  told,
  uidOf,
} from "./rule-site.ts";

const inventories = "/api/v1/namespaces/flotilla-system/configmaps";

/** Refused by every API server. */
const refused = configMap("NotAName", {});

const held = (name: string): KubeObject => {
  const made = configMap(name, {});
  return { ...made, metadata: { ...made.metadata, finalizers: ["example.org/hold"] } };
};

const letGo = (site: TestSite, path: string) =>
  site.cluster.put(path, { metadata: { finalizers: null } });

export function inventoryRules(site: TestSite): void {
  it("AC-10: has what it is about to create in the cluster's inventory before it creates it", async () => {
    site.cluster.proxy.fail(
      { kind: "hang" },
      { method: "PATCH", path: /\/default\/configmaps\/a/ },
    );
    await site.mirror.commit({ s1: { web: [configMap("a", {}), configMap("b", {})] } });
    site.start();
    const ids = "_ConfigMap_default_a\n_ConfigMap_default_b\n";
    await eventually("the inventory has both", async () => {
      const { body } = await site.cluster.get(`${inventories}/flotilla-web`);
      return JSON.stringify(body["data"]) === JSON.stringify({ objects: ids });
    });
    expect((await site.cluster.get(`${configMaps}/a`)).status).toBe(404);
  });

  it("AC-10: takes away what an apply that failed in part had made, once Git no longer has it", async () => {
    await site.mirror.commit({ s1: { web: [configMap("made", {}), refused] } });
    site.start();
    await told(site, "web", "NotAName");
    await stands(site, `${configMaps}/made`);
    await site.mirror.commit({ s1: { web: [configMap("other", {})] } });
    await site.settled("web");

    await gone(site, `${configMaps}/made`);
    expect(site.report("web")?.objects).toBe(1);
  });

  it.each([
    ["leaves", leaving(2)],
    ["drops it", [configMap("other", {})]],
  ])(
    "AC-10: takes away what the store, from an older copy, does not know where the app %s",
    async (_, next) => {
      const copy = `${site.stateDir}-copy`;
      onTestFinished(() => rm(copy, { recursive: true }));
      await site.mirror.commit({ s1: { web: [configMap("a", {})] } });
      site.start();
      await site.settled("web");
      await site.stop();
      await cp(site.stateDir, copy, { recursive: true });
      await site.mirror.commit({ s1: { web: [configMap("a", {}), configMap("got", {})] } });
      site.start();
      await site.settled("web");
      await site.stop();
      await rm(site.stateDir, { recursive: true });
      await cp(copy, site.stateDir, { recursive: true });
      await site.mirror.commit({ s1: { web: next } });
      site.start();

      await gone(site, `${configMaps}/got`);
      const isDone = (): boolean => site.report("web")?.message === "";
      expect(await eventually("nothing is left to say", isDone)).toBe(true);
    },
  );

  it("AC-10: goes on with what its store knows where somebody has broken the inventory", async () => {
    const inventory = `${inventories}/flotilla-web`;
    await site.mirror.commit({ s1: { web: [configMap("a", {}), configMap("b", {})] } });
    site.start();
    await site.settled("web");
    await site.stop();
    await site.cluster.put(inventory, { data: { objects: null } });
    await site.mirror.commit({ s1: { web: [configMap("a", {})] } });
    site.start();
    await site.settled("web");

    await gone(site, `${configMaps}/b`);
    const written = async (): Promise<unknown> => (await site.cluster.get(inventory)).body["data"];
    const isWhole = async (): Promise<boolean> =>
      JSON.stringify(await written()) === '{"objects":"_ConfigMap_default_a\\n"}';
    expect(await eventually("the inventory says what stands", isWhole)).toBe(true);
  });

  it("AC-10: asks the cluster for an inventory only where the set of objects changes, and once", async () => {
    const reads = { method: "GET", path: /\/flotilla-system\/configmaps\/flotilla-web$/ };
    const keep = async (...objects: KubeObject[]): Promise<number> => {
      site.cluster.proxy.forget();
      await site.mirror.commit({ s1: { web: objects } });
      await site.settled("web");
      return site.cluster.proxy.count(reads);
    };
    site.start();
    await keep(configMap("a", {}));
    await site.stop();
    site.start();
    expect(await keep(configMap("a", { k: "1" }))).toBe(0);
    expect(await keep(configMap("a", { k: "1" }), configMap("b", {}))).toBe(1);
    expect(await keep(configMap("a", { k: "1" }))).toBe(0);
  });
}

export function pruningRules(site: TestSite): void {
  it("AC-11: writes an object again that an app gets back before it has let go of it", async () => {
    site.kubelet.setScript([{ outcome: "crashing", match: { image: "w:bad" } }]);
    const [shared, other] = [configMap("shared", { k: "1" }), configMap("other", {})];
    const apps = (first: readonly KubeObject[], second: readonly KubeObject[]) =>
      site.mirror.commit({ s1: { first: [...first], second: [...second] } });
    const owner = async (): Promise<unknown> =>
      (await metadataOf(site, pathOf("shared")))["annotations"];
    await apps([deployment("w", "w:1"), shared], [other]);
    site.start();
    await site.settled("first");
    // Not well, it lets go of nothing.
    await apps([deployment("w", "w:bad")], [other, shared]);
    await eventually("the other one has it", async () =>
      JSON.stringify(await owner()).includes("demo/second"),
    );
    await site.settled("second");
    await apps([deployment("w", "w:bad"), shared], [other]);
    await site.settled("second");
    expect(await owner()).toMatchObject({ "flotilla.dev/owner": "demo/first" });
    expect(await dataOf(site, "shared")).toEqual({ k: "1" });
  });

  it.each([
    ["gets another name", [] as KubeObject[]],
    ["gives an object to another one", [configMap("rest", {})]],
  ])("AC-11: deletes and makes nothing anew where an app %s", async (_, rest) => {
    const moved = [configMap("m1", { k: "1" }), configMap("m2", {})];
    await site.mirror.commit({ s1: { before: [...moved, ...rest] } });
    site.start();
    await site.settled("before");
    const uids = await Promise.all(moved.map(({ metadata }) => uidOf(site, pathOf(metadata.name))));
    site.cluster.proxy.forget();
    const left = rest.length === 0 ? leaving(2) : rest;
    await site.mirror.commit({ s1: { before: left, after: moved } });
    await site.settled("after");
    await eventually("the old one is done with them", () => {
      const report = site.report("before");
      return rest.length === 0 ? report?.left : report?.objects === 1;
    });

    expect(
      await Promise.all(moved.map(({ metadata }) => uidOf(site, pathOf(metadata.name)))),
    ).toEqual(uids);
    expect(site.cluster.proxy.count({ method: "DELETE", path: /\/default\// })).toBe(0);
    expect(await metadataOf(site, pathOf("m1"))).toMatchObject({
      annotations: { "flotilla.dev/owner": "demo/after" },
    });
  });

  it("AC-11: prunes what a release has dropped, though it stood there before the app came and an equal tree had kept it", async () => {
    const [a, x] = [configMap("a", {}), configMap("x", {})];
    const [without, whole] = [{ s1: { web: [a] } }, { s1: { web: [a, x] } }];
    await site.mirror.commit(whole);
    site.start();
    await site.settled("web");
    await site.mirror.commit({ s1: { other: [configMap("o", {})] } });
    await site.settled("other");
    await site.mirror.commit(without);
    await told(site, "web", "no release has dropped it");
    await stands(site, pathOf("x"));
    await site.mirror.commit(whole);
    await site.settled("web");
    await site.mirror.commit(without);
    const report = await site.settled("web");

    expect(report.message).toBe("");
    await gone(site, pathOf("x"));
  });

  it("AC-11: deletes nothing where a tree is empty or cannot be read", async () => {
    const web = [configMap("a", {}), configMap("b", {})];
    await site.mirror.commit({ s1: { web, other: [configMap("c", {})] } });
    site.start();
    await site.settled("web");
    site.cluster.proxy.forget();
    await site.mirror.commit({ s1: { web: [], other: [configMap("c", {})] } });
    await eventually("it is told as unassigned", () => site.report("web")?.sync === "Unknown");
    await sleep(300);

    expect(site.cluster.writes()).toEqual([]);
    await stands(site, `${configMaps}/a`);
  });

  it("AC-11: deletes the object that it has looked at, and no other by the same name", async () => {
    await site.mirror.commit({ s1: { web: [configMap("a", {}), configMap("b", {})] } });
    site.start();
    await site.settled("web");
    const slow = { method: "DELETE", path: `${configMaps}/b`, times: 1 };
    site.cluster.proxy.fail({ kind: "slow", delayMs: 700 }, slow);
    await site.mirror.commit({ s1: { web: [configMap("a", {})] } });
    await eventually("the delete is under way", () => site.cluster.proxy.count(slow) > 0);
    await site.cluster.remove(`${configMaps}/b`);
    await createAs(site, "somebody", { path: configMaps, object: configMap("b", { k: "new" }) });
    await eventually("it has let go of it", async () => {
      const { body } = await site.cluster.get(`${inventories}/flotilla-web`);
      return JSON.stringify(body["data"]) === '{"objects":"_ConfigMap_default_a\\n"}';
    });

    expect(await dataOf(site, "b")).toEqual({ k: "new" });
  });

  it("AC-11: tells no app as synced while what it has dropped is tried again", async () => {
    await site.mirror.commit({ s1: { web: [configMap("a", {}), configMap("b", {})] } });
    site.start();
    await site.settled("web");
    const look = { method: "GET", path: `${configMaps}/b`, times: 1 };
    site.cluster.proxy.fail({ kind: "slow", delayMs: 1500 }, look);
    site.cluster.proxy.fail({ kind: "status", status: 500 }, look);
    site.cluster.proxy.forget();
    const content = { s1: { web: [configMap("a", {})] } };
    await site.mirror.commit(content);
    await eventually("it is tried again", () => site.cluster.proxy.count(look) > 1);
    const told = site.mirror.reports.length;
    await site.mirror.commit(content, { policies: { web: { drift: "report", ignored: [] } } });
    const ofWeb = () => site.mirror.reports.slice(told).flatMap(({ apps }) => apps);
    await eventually("it is told meanwhile", () => ofWeb().length > 0);

    expect(ofWeb().at(0)).toMatchObject({ objects: 2, sync: "OutOfSync" });
    expect(await site.settled("web")).toMatchObject({ objects: 1 });
  });

  it("AC-11: tells no app as synced that has something to prune, before it was looked at after a restart", async () => {
    const rest = configMap("rest", {});
    await site.mirror.commit({ s1: { web: [held("h"), rest] } });
    site.start();
    await site.settled("web");
    await site.mirror.commit({ s1: { web: [rest] } });
    await told(site, "web", "held by example.org/hold");
    await site.stop();
    const before = site.mirror.reports.length;
    site.cluster.proxy.fail({ kind: "hang" });
    site.start();
    const ofWeb = () => site.mirror.reports.slice(before).flatMap(({ apps }) => apps);
    await eventually("it is told", () => ofWeb().length > 0);

    expect(ofWeb().at(0)).toMatchObject({ objects: 2, sync: "OutOfSync" });
    expect(ofWeb().at(0)?.message).toContain("held by example.org/hold");
    site.cluster.proxy.heal();
    await letGo(site, `${configMaps}/h`);
    await gone(site, `${configMaps}/h`);
    expect(await site.settled("web")).toMatchObject({ objects: 1, message: "" });
  });

  it("AC-11: gets on where somebody has removed a definition before its objects", async () => {
    const group = "early.example.org";
    const path = definitions;
    await createAs(site, "admin", { path, object: definition("Widget", { group }) });
    const rest = configMap("rest", {});
    await site.mirror.commit({
      s1: { web: [object(`${group}/v1`, "Widget", { name: "w" }), rest] },
    });
    site.start();
    await site.settled("web");
    await site.cluster.remove(`${definitions}/widgets.${group}`);
    await gone(site, `${definitions}/widgets.${group}`, 30_000);
    await site.mirror.commit({ s1: { web: [rest] } });

    expect(await site.settled("web")).toMatchObject({ objects: 1 });
  });

  it("AC-11: leaves a namespace that an app has dropped while the app itself, or another one, has something in it", async () => {
    const [path, inside] = [
      "/api/v1/namespaces/lived-in",
      "/api/v1/namespaces/lived-in/configmaps",
    ];
    const theirs = configMap("theirs", { k: "1" }, "lived-in");
    await createAs(site, "admin", { path: "/api/v1/namespaces", object: namespaceOf("lived-in") });
    await createAs(site, "admin", { path: inside, object: theirs });
    const [own, others] = [configMap("own", {}, "lived-in"), configMap("others", {}, "lived-in")];
    const rest = configMap("rest", {});
    const commit = (web: readonly KubeObject[], other: readonly KubeObject[]) =>
      site.mirror.commit({ s1: { web: [...web], other: [...other] } });
    await commit([namespaceOf("lived-in"), own, rest], [others, configMap("o", {})]);
    site.start();
    await site.settled("web");
    await site.settled("other");
    site.cluster.proxy.forget();
    const deletes = (): number => site.cluster.proxy.count({ method: "DELETE", path });
    await commit([own, rest], [others, configMap("o", {})]);
    await told(site, "web", "Namespace lived-in: the app itself still has objects");
    await commit([rest], [others, configMap("o", {})]);
    await told(site, "web", "Namespace lived-in: app other still has objects");
    expect(deletes()).toBe(0);
    expect((await site.cluster.get(`${inside}/theirs`)).body["data"]).toEqual({ k: "1" });

    await commit([rest], [configMap("o", {})]);
    await gone(site, path, 30_000);
    expect(deletes()).toBe(1);
    await site.settled("web");
  });

  it("AC-11: tries a delete that was refused again, until it is through", async () => {
    await site.mirror.commit({ s1: { web: [configMap("a", {}), configMap("b", {})] } });
    site.start();
    await site.settled("web");
    const message = 'admission webhook "guard.example.org" denied the request';
    const body = JSON.stringify({
      kind: "Status",
      status: "Failure",
      reason: "Forbidden",
      message,
    });
    site.cluster.proxy.fail({ kind: "status", status: 403, body }, { method: "DELETE" });
    await site.mirror.commit({ s1: { web: [configMap("a", {})] } });
    await told(site, "web", "guard.example.org");
    expect(site.report("web")?.sync).toBe("OutOfSync");
    site.cluster.proxy.heal();

    await gone(site, `${configMaps}/b`);
    await site.settled("web");
  });

  it("AC-11: leaves alone what it has at one cluster when the way leads to another one", async () => {
    await site.mirror.commit({ s1: { web: [configMap("a", {}), configMap("b", {})] } });
    site.start();
    await site.settled("web");
    await site.stop();
    const { kubeconfigPath, cluster, proxy } = site.cluster;
    await writeKubeconfig(kubeconfigPath, site.other.proxy.url, site.other.cluster.token);
    try {
      await site.mirror.commit({ s1: { web: [configMap("a", {})] } });
      site.start();
      await eventually("it is told", () =>
        site.mirror.site("s1")?.message.includes("CLUSTER_CHANGED"),
      );
      expect(site.other.writes()).toEqual([]);
      await stands(site, `${configMaps}/b`);
    } finally {
      await writeKubeconfig(kubeconfigPath, proxy.url, cluster.token);
    }
    await gone(site, `${configMaps}/b`);
  });

  it("AC-12: names the finalizer that holds an object, asks once for its end, and waits with nothing else", async () => {
    const rest = configMap("rest", { k: "1" });
    await site.mirror.commit({ s1: { web: [held("h"), rest] } });
    site.start();
    await site.settled("web");
    site.cluster.proxy.forget();
    await site.mirror.commit({ s1: { web: [rest] } });
    const report = await told(site, "web", "held by example.org/hold");
    expect(report.tree).toBe(await site.treeOf("web"));
    await site.mirror.commit({
      s1: { web: [configMap("rest", { k: "2" })], other: [configMap("o", {})] },
    });
    await site.settled("other");
    await eventually("the newer commit is applied", async () => {
      return JSON.stringify(await dataOf(site, "rest")) === '{"k":"2"}';
    });
    await sleep(500);

    expect(site.cluster.proxy.count({ method: "DELETE", path: `${configMaps}/h` })).toBe(1);
    await letGo(site, `${configMaps}/h`);
    await gone(site, `${configMaps}/h`);
    await site.settled("web");
  });

  it("AC-12: says what is left in a namespace that is being deleted, and what holds that", async () => {
    const rest = configMap("rest", {});
    const path = "/api/v1/namespaces/kept-open/configmaps";
    await site.mirror.commit({ s1: { web: [namespaceOf("kept-open"), rest] } });
    site.start();
    await site.settled("web");
    const left = configMap("h", {}, "kept-open");
    const metadata = { ...left.metadata, finalizers: ["example.org/hold"] };
    await createAs(site, "somebody", { path, object: { ...left, metadata } });
    await site.mirror.commit({ s1: { web: [rest] } });
    const report = await told(site, "web", "example.org/hold in 1 resource instances");

    expect(report.message).toContain("Namespace kept-open is being deleted, held by");
    await letGo(site, `${path}/h`);
    await gone(site, "/api/v1/namespaces/kept-open", 30_000);
    await site.settled("web");
  });

  it("AC-12: leaves without what somebody else deletes, where it is only to let go of it", async () => {
    await site.mirror.commit({ s1: { web: [held("h"), configMap("rest", {})] } });
    site.start();
    await site.settled("web");
    await site.cluster.remove(`${configMaps}/h`);
    site.cluster.proxy.forget();
    await site.mirror.commit({ s1: { web: { verb: "orphan", release: "r2", expected: 2 } } });
    await eventually("it has left", () => site.report("web")?.left);

    for (const name of ["h", "rest"]) {
      const metadata = await metadataOf(site, pathOf(name));
      expect(metadata).toMatchObject({ name });
      expect(JSON.stringify(metadata)).not.toContain("demo/web");
    }
    expect(site.cluster.proxy.count({ method: "DELETE", path: /\/default\// })).toBe(0);
    await letGo(site, `${configMaps}/h`);
    await gone(site, `${configMaps}/h`);
  });

  it("AC-12: holds what is to come into a namespace that is being deleted, says so, and brings it afterwards", async () => {
    const path = "/api/v1/namespaces/ending/configmaps";
    const held1 = configMap("h", {}, "ending");
    const metadata = { ...held1.metadata, finalizers: ["example.org/hold"] };
    await createAs(site, "admin", { path: "/api/v1/namespaces", object: namespaceOf("ending") });
    await createAs(site, "admin", { path, object: { ...held1, metadata } });
    await site.cluster.remove("/api/v1/namespaces/ending");
    const web = [configMap("a", {}, "ending")];
    await site.mirror.commit({ s1: { web, other: [configMap("o", {})] } }, { namespace: "ending" });
    site.start();
    await told(site, "web", "the namespace is being deleted");
    await site.settled("other");
    await letGo(site, `${path}/h`);
    const isThere = async (): Promise<boolean> =>
      (await site.cluster.get(`${path}/a`)).status === 200;
    await eventually("it comes", isThere, 40_000);
    expect(await site.settled("web")).toMatchObject({ objects: 1 });
    await site.mirror.commit({ s1: { web: leaving(1) } });
    await eventually("it has left", () => site.report("web")?.left);
    await site.cluster.remove("/api/v1/namespaces/ending");
  });
}

function pathOf(name: string): string {
  return `${configMaps}/${name}`;
}
