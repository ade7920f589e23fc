/** Apps that are written as service accounts of their own, at a real API server with RBAC. */
import { afterEach, describe, expect, it } from "vitest";
import type { KubeObject } from "../../src/core/model/kube-object.ts";
import { workerRights } from "../../src/core/rbac/worker-rights.ts";
import { applyAsAdministrator, pathOf } from "../support/administrator.ts";
import { writeKubeconfig } from "../support/kube-cluster.ts";
import { useTestSite } from "../support/kube-site.ts";
import { configMap, deployment, eventually } from "../support/kube-worker.ts";
import { realBed } from "../support/test-bed.ts";
import { gone, leaving, object, stands, told } from "./rules/rule-site.ts";

const user = { name: "worker", token: "worker-token" };
const namespace = "one";
const account = { namespace, name: "deployer" };
const options = { namespace, accounts: { web: account.name }, driftIntervalMs: 500 };
const rbac = "rbac.authorization.k8s.io";

const fixed = (k: string): KubeObject => ({
  ...configMap("fixed", { k }, namespace),
  immutable: true,
  metadata: { name: "fixed", namespace, annotations: { "flotilla.dev/immutable": "recreate" } },
});
const objects = (k: string, image = "web:1"): KubeObject[] => [
  configMap("a", { k }, namespace),
  deployment("web", image, namespace),
  object("v1", "Secret", { name: "s", namespace, data: { key: "eA==" } }),
  fixed(k),
];
/** What `flotilla rbac` prints where nothing but the app `web` is at the site. */
const printed = workerRights(
  [],
  { user: user.name },
  { written: [{ account, objects: objects("1") }] },
);

describe("an app with a service account", { timeout: 90_000 }, () => {
  const site = useTestSite(1, (clusters) => realBed(clusters, [user]));
  const beWorker = (token: string): Promise<void> => {
    const { kubeconfigPath, proxy } = site.cluster;
    return writeKubeconfig(kubeconfigPath, proxy.url, token);
  };
  const beAdministrator = (): Promise<void> => beWorker(site.cluster.cluster.token);
  const dataOf = async (name: string, at = namespace): Promise<unknown> =>
    (await site.cluster.get(`/api/v1/namespaces/${at}/configmaps/${name}`)).body["data"];

  afterEach(async () => {
    await site.stop();
    for (const one of [...printed, ...objects("1")].filter(({ kind }) => kind !== "Namespace")) {
      await site.cluster.remove(pathOf(one));
    }
  });

  it("AC-24: is written, repaired, made anew, compared, pruned and removed as that account, with the rights that are printed and none of the worker's", async () => {
    await applyAsAdministrator(site, printed);
    await beWorker(user.token);
    await site.mirror.commit({ s1: { web: objects("1") } }, options);
    site.start();
    await site.settled("web");
    await site.mirror.commit({ s1: { web: objects("2", "web:2").slice(1) } }, options);
    await site.settled("web");
    await gone(site, "/api/v1/namespaces/one/configmaps/a");
    expect(await dataOf("fixed")).toEqual({ k: "2" });
    const web = "/apis/apps/v1/namespaces/one/deployments/web";
    await site.cluster.put(web, { spec: { replicas: 3 } });
    await eventually("an edit is undone", async () => {
      const { spec } = (await site.cluster.get(web)).body as { spec?: { replicas?: number } };
      return spec?.replicas === 1;
    });
    await site.settled("web");
    const [compared] = (await site.mirror.ask("s1")).apps;
    expect(compared).toEqual({ app: "web", compared: 3, objects: [] });
    await site.mirror.commit({ s1: { web: leaving(3) } }, options);
    await eventually("it has left", () => site.report("web")?.left, 30_000);
    await gone(site, web);
    const messages = site.mirror.reports.flatMap(({ apps }) => apps.map(({ message }) => message));
    expect(messages.filter((message) => message.includes("may not"))).toEqual([]);
    // With the same credentials, but as itself, the worker could have written none of it.
    const headers = { authorization: `Bearer ${user.token}`, "content-type": "application/json" };
    const body = JSON.stringify(configMap("x", {}, namespace));
    const { url } = site.cluster.proxy;
    const path = `${url}/api/v1/namespaces/one/configmaps`;
    expect((await fetch(path, { method: "POST", headers, body })).status).toBe(403);
  });

  it("AC-24: removes what it leaves in another namespace as the account of its new one, once that may", async () => {
    const moved = [configMap("a", { k: "2" }, "shop")];
    const there = { namespace: "shop", name: account.name };
    const rights = workerRights(
      [],
      { user: user.name },
      { written: [{ account: there, objects: moved }] },
    );
    await applyAsAdministrator(site, [...printed, ...rights]);
    await beAdministrator();
    await site.mirror.commit({ s1: { web: [configMap("a", { k: "1" }, namespace)] } }, options);
    site.start();
    await site.settled("web");
    await site.mirror.commit({ s1: { web: moved } }, { ...options, namespace: "shop" });
    await told(site, "web", "service account shop/deployer may not delete configmaps");
    const role = "flotilla:one:deployer";
    const binding = object(`${rbac}/v1`, "RoleBinding", {
      name: "moving",
      namespace,
      roleRef: { apiGroup: rbac, kind: "Role", name: role },
      subjects: [{ kind: "ServiceAccount", ...there }],
    });
    await applyAsAdministrator(site, [binding]);

    await gone(site, "/api/v1/namespaces/one/configmaps/a", 30_000);
    expect(await site.settled("web")).toMatchObject({ objects: 1, message: "" });
    await site.cluster.remove(pathOf(binding));
    for (const one of [...moved, ...rights].filter(({ kind }) => kind !== "Namespace")) {
      await site.cluster.remove(pathOf(one));
    }
  });

  it("AC-24: changes nothing outside the rights of its account, whatever the worker may, and says what is missing; other apps go on", async () => {
    await applyAsAdministrator(site, printed);
    await applyAsAdministrator(site, [
      object("v1", "Namespace", { name: "two", namespace: "" }),
      configMap("theirs", { k: "theirs" }, "two"),
    ]);
    await beAdministrator();
    const binding = object(`${rbac}/v1`, "ClusterRoleBinding", {
      name: "mine",
      namespace: "",
      roleRef: { apiGroup: rbac, kind: "ClusterRole", name: "cluster-admin" },
      subjects: [{ kind: "ServiceAccount", ...account }],
    });
    const outside = [configMap("theirs", { k: "mine" }, "two"), configMap("new", {}, "two")];
    const web = [configMap("a", { k: "1" }, namespace), ...outside, binding];
    const base = [configMap("base", { k: "1" }, "two")];
    await site.mirror.commit({ s1: { web, base } }, options);
    site.start();
    const { message } = await told(site, "web", "configmaps");
    await site.settled("base");

    expect(message).toMatch(
      /cannot apply ConfigMap two\/(theirs|new): service account one\/deployer may not (patch|create) configmaps in namespace two \(`flotilla rbac` prints the rights that it needs, and the namespaces\)/,
    );
    expect(message).toContain("service account one/deployer may not patch clusterrolebindings");
    expect(await dataOf("a")).toEqual({ k: "1" });
    expect(await dataOf("theirs", "two")).toEqual({ k: "theirs" });
    expect(await dataOf("new", "two")).toBeUndefined();
    expect((await site.cluster.get(pathOf(binding))).status).toBe(404);

    const granted = workerRights(
      [],
      { user: user.name },
      { written: [{ account, objects: outside }] },
    );
    await applyAsAdministrator(site, granted);
    await site.mirror.commit({ s1: { web: web.slice(0, -1), base } }, options);
    await site.settled("web");
    expect(await dataOf("theirs", "two")).toEqual({ k: "mine" });
  });

  it("AC-24: is not written where the worker may not be its account, and says so; then goes on by itself", async () => {
    const withoutIt = printed.filter(({ metadata }) => {
      return metadata["namespace"] !== namespace || metadata.name !== "flotilla-worker";
    });
    const reading = workerRights(
      [],
      { user: user.name },
      { written: [{ account: { namespace, name: "other" }, objects: objects("1") }] },
    );
    await applyAsAdministrator(site, [...reading, ...withoutIt]);
    await beWorker(user.token);
    await site.mirror.commit({ s1: { web: objects("1") } }, options);
    site.start();
    const { message } = await told(site, "web", "impersonate");
    expect(message).toMatch(
      /the worker may not impersonate service account one\/deployer \(`flotilla rbac` prints the rights that a worker needs\) \(and the same of \d other objects\)/,
    );
    expect(await dataOf("a")).toBeUndefined();
    await applyAsAdministrator(site, printed);
    await site.settled("web");
    await stands(site, "/api/v1/namespaces/one/configmaps/a");
  });

  it("AC-24: says what to do where its namespace is missing and its account may not make it", async () => {
    await applyAsAdministrator(site, [
      object(`${rbac}/v1`, "ClusterRoleBinding", {
        name: "wide",
        namespace: "",
        roleRef: { apiGroup: rbac, kind: "ClusterRole", name: "edit" },
        subjects: [{ kind: "ServiceAccount", name: "deployer", namespace: "none" }],
      }),
    ]);
    await beAdministrator();
    const web = [configMap("a", { k: "1" }, "none")];
    await site.mirror.commit({ s1: { web } }, { ...options, namespace: "none" });
    site.start();
    const { message } = await told(site, "web", "namespaces");
    expect(message).toBe(
      "cannot create Namespace none: service account none/deployer may not create namespaces in the whole cluster (`flotilla rbac` prints the rights that it needs, and the namespaces)",
    );
    await applyAsAdministrator(site, [object("v1", "Namespace", { name: "none", namespace: "" })]);
    await site.settled("web");
  });
});
