/** Credentials that a real API server takes no more: the new ones are found without a restart. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { configMap, eventually } from "../support/kube-worker.ts";
import { useTestSite } from "../support/kube-site.ts";

describe("credentials that are renewed while a worker runs", { timeout: 60_000 }, () => {
  const site = useTestSite();

  /** A token of a new ServiceAccount that may do anything; it is worth nothing once that is deleted. */
  const tokenOf = async (name: string): Promise<string> => {
    const { api } = site.cluster;
    const accounts = "/api/v1/namespaces/default/serviceaccounts";
    const post = (path: string, body: object) => api.request(path, { method: "POST", body });
    const made = await post(accounts, {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name },
    });
    expect(made.status).toBe(201);
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole" };
    const bound = await post("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name },
      roleRef: { ...roleRef, name: "cluster-admin" },
      subjects: [{ kind: "ServiceAccount", name, namespace: "default" }],
    });
    expect(bound.status).toBe(201);
    const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} };
    const answer = await post(`${accounts}/${name}/token`, request);
    expect(answer.status).toBe(201);
    // What a TokenRequest is answered with.
    return (answer.body["status"] as { token: string }).token;
  };
  const revoke = async (name: string): Promise<void> => {
    const path = `/api/v1/namespaces/default/serviceaccounts/${name}`;
    expect((await site.cluster.remove(path)).status).toBe(200);
  };
  /** A kubeconfig of the cluster whose user is this. */
  const kubeconfigOf = async (user: object): Promise<string> => {
    const cluster = { server: site.cluster.proxy.url };
    const path = join(site.stateDir, "own.kubeconfig");
    const config = {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "c", cluster: { ...cluster, "insecure-skip-tls-verify": true } }],
      users: [{ name: "u", user }],
      contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
      "current-context": "c",
    };
    await writeFile(path, JSON.stringify(config));
    return path;
  };
  const commit = (k: string) => site.mirror.commit({ s1: { web: [configMap("a", { k })] } });
  const have = async (k: string): Promise<boolean> => {
    const { body } = await site.cluster.get("/api/v1/namespaces/default/configmaps/a");
    return JSON.stringify(body["data"]) === JSON.stringify({ k });
  };
  const told = (): string => site.mirror.site("s1")?.message ?? "";

  it("are read from their file again: before the old ones are refused, and after", async () => {
    const tokenFile = join(site.stateDir, "token");
    const [one, two, three] = [await tokenOf("f1"), await tokenOf("f2"), await tokenOf("f3")];
    await writeFile(tokenFile, one);
    const kubeconfig = await kubeconfigOf({ tokenFile });
    await commit("1");
    site.start({}, { sites: { s1: { kubeconfig, allowExec: false } } });
    await eventually("the first commit is there", () => have("1"));

    // As a projected token is renewed: the file first, the end of the old one later.
    await writeFile(tokenFile, two);
    await commit("2");
    await eventually("the second is there", () => have("2"));
    await revoke("f1");
    await commit("3");
    await eventually("the third is there", () => have("3"));
    expect(told()).toBe("");

    // The other way round: it is told, and goes on by itself once the file is new.
    await revoke("f2");
    await commit("4");
    await eventually("it is told", () => told().includes("refuses the credentials (401)"));
    expect(told()).toContain("renew the token");
    await writeFile(tokenFile, three);
    await eventually("the fourth is there", () => have("4"));
    await eventually("nothing is told any more", () => told() === "");
  });

  it("are asked of the program again that gives them, once they are refused", async () => {
    const given = join(site.stateDir, "given.json");
    const give = (token: string): Promise<void> => {
      const status = { token, expirationTimestamp: "2099-01-01T00:00:00Z" };
      const credential = { apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential" };
      return writeFile(given, JSON.stringify({ ...credential, status }));
    };
    const [one, two] = [await tokenOf("e1"), await tokenOf("e2")];
    await give(one);
    const exec = {
      apiVersion: "client.authentication.k8s.io/v1",
      command: "cat",
      args: [given],
      interactiveMode: "Never",
    };
    const kubeconfig = await kubeconfigOf({ exec });
    await commit("1");
    site.start({}, { sites: { s1: { kubeconfig, allowExec: true } } });
    await eventually("the first commit is there", () => have("1"));

    await give(two);
    await revoke("e1");
    await commit("2");
    await eventually("the second is there", () => have("2"));
    expect(told()).toBe("");
  });
});
