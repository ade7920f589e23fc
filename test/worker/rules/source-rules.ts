/** What a source says reaches the cluster as it is said, and as whom it is written. */
import { expect, it } from "vitest";
import type { KubeObject } from "../../../src/core/model/kube-object.ts";
import { readCustomKinds } from "../../../src/core/render/custom-kinds.ts";
import { parseManifests } from "../../../src/core/render/parse-manifests.ts";
import type { TestSite } from "../../support/kube-site.ts";
import { configMap, eventually } from "../../support/kube-worker.ts";
import { dataOf, gone, object } from "./rule-site.ts";

const lists = `
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: ConfigMap
    metadata: { name: words }
    data: { country: "no", switch: "on", octal: "0123", time: "12:30:45", exp: "1e3", nothing: "null", tilde: "~" }
  - apiVersion: v1
    kind: ConfigMapList
    items:
      - metadata: { name: lines }
        data: { kept: "a\\n\\n", bom: "\\uFEFFa", tab: "\\ta", end: "a " }
---
# nothing but a comment
`;

/** The objects of manifests without a mistake. */
function read(text: string): KubeObject[] {
  const files = [{ path: "m.yaml", text }];
  const { objects, diagnostics } = parseManifests(files, {
    namespace: "default",
    customKinds: readCustomKinds(files),
    plainSecrets: new Set(),
  });
  expect(diagnostics).toEqual([]);
  return objects.map((source) => source.object);
}

export function sourceRules(site: TestSite): void {
  it("AC-09: brings lists within lists object by object, and text that readers of YAML take for something else as that text", async () => {
    const objects = read(lists);
    await site.mirror.commit({ s1: { web: objects } });
    site.start();
    await site.settled("web");

    expect(objects.map(({ metadata }) => metadata.name)).toEqual(["words", "lines"]);
    expect(await dataOf(site, "words")).toEqual({
      country: "no",
      switch: "on",
      octal: "0123",
      time: "12:30:45",
      exp: "1e3",
      nothing: "null",
      tilde: "~",
    });
    expect(await dataOf(site, "lines")).toEqual({
      kept: "a\n\n",
      bom: "\uFEFFa",
      tab: "\ta",
      end: "a ",
    });
  });

  it("AC-24: writes, repairs and prunes what an app with an account has as that account, and another app as itself", async () => {
    await admit("deployer");
    const options = { accounts: { web: "deployer" }, driftIntervalMs: 300 };
    const other = configMap("other", { k: "1" });
    await site.mirror.commit(
      { s1: { web: [configMap("a", { k: "1" }), configMap("b", { k: "1" })], plain: [other] } },
      options,
    );
    site.start();
    await site.settled("web");
    await site.settled("plain");
    await site.mirror.commit(
      { s1: { web: [configMap("b", { k: "2" })], plain: [other] } },
      options,
    );
    await gone(site, "/api/v1/namespaces/default/configmaps/a");
    await site.cluster.put("/api/v1/namespaces/default/configmaps/b", { data: { k: "edited" } });
    await eventually("an edit is undone", async () => {
      return JSON.stringify(await dataOf(site, "b")) === '{"k":"2"}';
    });

    const deployer = "system:serviceaccount:default:deployer";
    expect(writersOf(/\/configmaps\/[ab]$/u)).toEqual([deployer]);
    expect(writersOf(/\/configmaps\/other$/u)).toEqual(["itself"]);
  });

  /** Lets a service account of the default namespace do anything. */
  async function admit(name: string): Promise<void> {
    const group = "rbac.authorization.k8s.io";
    const binding = object(`${group}/v1`, "ClusterRoleBinding", {
      name,
      namespace: "",
      roleRef: { apiGroup: group, kind: "ClusterRole", name: "cluster-admin" },
      subjects: [{ kind: "ServiceAccount", name, namespace: "default" }],
    });
    const account = object("v1", "ServiceAccount", { name, namespace: "default" });
    const { api } = site.cluster;
    await api.request("/api/v1/namespaces/default/serviceaccounts", {
      method: "POST",
      body: account,
    });
    await api.request(`/apis/${group}/v1/clusterrolebindings`, { method: "POST", body: binding });
  }

  /** As whom writes to these paths were sent. */
  function writersOf(path: RegExp): readonly string[] {
    const requests = site.cluster.proxy.requests();
    const writes = requests.filter((each) => each.method !== "GET" && path.test(each.path));
    return [...new Set(writes.map(({ impersonated = "itself" }) => impersonated))];
  }
}
