/** A worker with no more rights than `flotilla rbac` prints, at a real API server. */
import { writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../src/core/model/kube-object.ts";
import { workerRights } from "../../src/core/rbac/worker-rights.ts";
import { applyAsAdministrator } from "../support/administrator.ts";
import { createCertificate } from "../support/certificate.ts";
import { writeKubeconfig } from "../support/kube-cluster.ts";
import { useTestSite } from "../support/kube-site.ts";
import { configMap, deployment, eventually } from "../support/kube-worker.ts";
import { realBed } from "../support/test-bed.ts";
import { definition, leaving, object, stands, told } from "./rules/rule-site.ts";

const user = { name: "worker", token: "worker-token" };
const group = "rights.example.org";
const rbac = "rbac.authorization.k8s.io";

/** Something of everything: two namespaces, workloads, a kind of its own with its definition, rights. */
function objects(k: string, image: string): KubeObject[] {
  const namespace = "one";
  const subjects = [{ kind: "ServiceAccount", name: "sa", namespace }];
  const roleRef = { apiGroup: rbac, kind: "Role", name: "r" };
  const rules = [{ apiGroups: [""], resources: ["pods"], verbs: ["watch"] }];
  return [
    configMap("a", { k }, "one"),
    configMap("b", { k }, "two"),
    deployment("web", image, "two"),
    object("v1", "Secret", { name: "s", namespace, data: { key: "eA==" } }),
    object(`${rbac}/v1`, "Role", { name: "r", namespace, rules }),
    object(`${rbac}/v1`, "RoleBinding", { name: "b", namespace, roleRef, subjects }),
    definition("Widget", { group }),
    object(`${group}/v1`, "Widget", { name: "w", namespace, k }),
  ];
}

describe("a worker with the rights of its kinds", { timeout: 90_000 }, () => {
  const site = useTestSite(1, (clusters) => realBed(clusters, [user]));
  const asAdministrator = (all: readonly KubeObject[]): Promise<void> =>
    applyAsAdministrator(site, all);
  const beWorker = (): Promise<void> => {
    const { kubeconfigPath, proxy } = site.cluster;
    return writeKubeconfig(kubeconfigPath, proxy.url, user.token);
  };
  const options = { namespace: "one", driftIntervalMs: 500 };

  it("AC-24: syncs, updates, repairs, looks, compares, prunes and leaves with the rights that are printed for it", async () => {
    await asAdministrator(workerRights(objects("1", "web:1"), { user: user.name }));
    await beWorker();
    await site.mirror.commit({ s1: { web: objects("1", "web:1") } }, options);
    site.start();
    await site.settled("web");
    site.kubelet.setScript([{ outcome: "crashing", match: { image: "web:bad" } }]);
    await site.mirror.commit({ s1: { web: objects("2", "web:bad") } }, options);
    await told(site, "web", "CrashLoopBackOff");
    await site.mirror.commit({ s1: { web: objects("3", "web:2").slice(1) } }, options);
    await site.settled("web");
    await eventually("a is pruned", async () => {
      return (await site.cluster.get("/api/v1/namespaces/one/configmaps/a")).status === 404;
    });
    const b = "/api/v1/namespaces/two/configmaps/b";
    await site.cluster.put(b, { data: { k: "edited" } });
    await eventually("an edit is undone", async () => {
      return JSON.stringify((await site.cluster.get(b)).body["data"]) === '{"k":"3"}';
    });
    await site.settled("web");
    const [compared] = (await site.mirror.ask("s1")).apps;
    expect(compared).toEqual({ app: "web", compared: 7, objects: [] });
    await site.mirror.commit({ s1: { web: leaving(7) } }, options);
    await eventually("it has left", () => site.report("web")?.left, 30_000);
    expect(site.mirror.site("s1")?.message).toBe("");
    // Each refusal is a right too little: only lists of all namespaces are tried, once for a kind.
    const forbidden = site.mirror.reports.flatMap(({ apps }) => apps.map(({ message }) => message));
    expect(forbidden.filter((message) => message.includes("may not"))).toEqual([]);
  });

  it("AC-24: takes over from kubectl with these rights, and tells before what it would take", async () => {
    await asAdministrator(workerRights(objects("1", "web:1"), { user: user.name }));
    await asAdministrator([configMap("a", { k: "by hand", old: "x" }, "one")]);
    await beWorker();
    site.cluster.proxy.fail(
      { kind: "status", status: 503 },
      { method: "PATCH", path: /Manager=flotilla%2Fweb(?!.*dryRun)/ },
    );
    await site.mirror.commit({ s1: { web: [configMap("a", { k: "1" }, "one")] } }, options);
    site.start();
    await told(site, "web", "503");
    const [compared] = (await site.mirror.ask("s1")).apps;
    expect(compared?.objects[0]).toMatchObject({ state: "differs", adopts: true });
    site.cluster.proxy.heal();
    await site.settled("web");
    const { body } = await site.cluster.get("/api/v1/namespaces/one/configmaps/a");
    expect(body["data"]).toEqual({ k: "1" });
  });

  it("AC-24: names a right that is missing, once for all objects, and how to grant it; then goes on by itself", async () => {
    const secret = (name: string): KubeObject =>
      object("v1", "Secret", { name, namespace: "one", data: { key: "eA==" } });
    const web = [secret("s1"), secret("s2"), secret("s3"), configMap("c", {}, "one")];
    const subject = { user: user.name };
    await asAdministrator(workerRights([configMap("c", {}, "one")], subject));
    await beWorker();
    await site.mirror.commit({ s1: { web } }, options);
    site.start();
    const { message } = await told(site, "web", "secrets");
    // Whichever of the three was answered first.
    expect(message.replace(/one\/s\d/, "one/s1")).toBe(
      "cannot read Secret one/s1: the worker may not get secrets in namespace one (`flotilla rbac` prints the rights that a worker needs) (and the same of 2 other objects)",
    );
    await stands(site, "/api/v1/namespaces/one/configmaps/c");
    await asAdministrator(workerRights(web, subject));
    expect(await site.settled("web")).toMatchObject({ objects: 4 });
  });

  it("AC-24: says so where it may not even ask who the cluster is", async () => {
    await site.cluster.remove(`/apis/${rbac}/v1/clusterrolebindings/flotilla-worker`);
    await beWorker();
    await site.mirror.commit({ s1: { web: [configMap("c", {}, "one")] } }, options);
    site.start();
    const { message } = await eventually("it is told", () => {
      const report = site.mirror.site("s1");
      return report?.message.includes("may not get namespaces") ? report : undefined;
    });
    expect(message).toContain("`flotilla rbac`");
    await sleep(300);
    expect(site.cluster.writes()).toEqual([]);
  });
});

describe("a worker that its cluster does not let in any more", { timeout: 90_000 }, () => {
  const site = useTestSite(1, (clusters) => realBed(clusters, [user]));
  const path = (): string => site.cluster.kubeconfigPath;
  const letIn = (): Promise<void> => {
    const { proxy, cluster } = site.cluster;
    return writeKubeconfig(path(), proxy.url, cluster.token);
  };
  const isOffline = (words: RegExp): Promise<unknown> =>
    eventually("nothing counts as known of its site", () => {
      const told = site.mirror.site("s1");
      return told?.reachable === false && words.test(told.message);
    });
  const isBack = async (k: string): Promise<void> => {
    await site.mirror.commit({ s1: { web: [configMap("a", { k })] } });
    await site.settled("web");
    await eventually("it is back", () => site.mirror.site("s1")?.reachable);
    expect(site.mirror.site("s1")?.message).toBe("");
    const { body } = await site.cluster.get("/api/v1/namespaces/default/configmaps/a");
    expect(body["data"]).toEqual({ k });
  };

  it("says which right was taken away or what has expired, and goes on by itself", async () => {
    await site.mirror.commit({ s1: { web: [configMap("a", { k: "1" })] } });
    site.start();
    await site.settled("web");

    // Somebody without any right: 403.
    await writeKubeconfig(path(), site.cluster.proxy.url, user.token);
    await isOffline(/may not get namespaces.*`flotilla rbac`/);
    await letIn();
    await isBack("2");

    // A client certificate that has expired: this server takes it for anonymous, others answer 401.
    const { caFile, keyFile } = await createCertificate({ isExpired: true });
    const { server, caData } = site.cluster.cluster;
    const [cluster, certificate] = [
      { server, "certificate-authority-data": caData },
      { "client-certificate": caFile, "client-key": keyFile },
    ];
    await writeFile(path(), kubeconfigWith(cluster, certificate));
    await isOffline(/\(40[13]\); renew the client certificate, which has expired at 20/);
    await letIn();
    await isBack("3");
    expect(site.report("web")).toMatchObject({ health: "Healthy", message: "" });
  });
});

function kubeconfigWith(cluster: object, certificate: object): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster }],
    users: [{ name: "u", user: certificate }],
    contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
    "current-context": "c",
  });
}
