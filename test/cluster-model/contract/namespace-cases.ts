/** Namespaces: the first ones, what every one holds, and how one goes. */
import { expect } from "vitest";
import { type ContractCase, eventually } from "./cluster-under-test.ts";
import {
  conditionOf,
  configMap,
  configMaps,
  create,
  deployment,
  deployments,
  patch,
  remove,
} from "./requests.ts";

const namespaces = "/api/v1/namespaces";

export const namespaceCases: readonly ContractCase[] = [
  {
    row: "namespaces default, kube-system, kube-public and kube-node-lease are there; the first three may not be deleted; the uid of kube-system is the cluster's",
    run: async (cluster) => {
      for (const name of ["default", "kube-system", "kube-public", "kube-node-lease"]) {
        const { body } = await cluster.request("GET", `${namespaces}/${name}`);
        expect(body).toMatchObject({
          metadata: {
            name,
            uid: expect.any(String),
            labels: { "kubernetes.io/metadata.name": name },
          },
          spec: { finalizers: ["kubernetes"] },
          status: { phase: "Active" },
        });
      }
      const refused = await remove(cluster, `${namespaces}/kube-system`);
      expect([refused.status, refused.body]).toMatchObject([403, { reason: "Forbidden" }]);
      const first = await cluster.request("GET", `${namespaces}/kube-system`);
      const second = await cluster.request("GET", `${namespaces}/kube-system`);
      expect(first.body.metadata?.["uid"]).toEqual(second.body.metadata?.["uid"]);
    },
  },
  {
    row: "creating in a namespace that is missing: 404; in one that is being deleted: 403 with cause NamespaceTerminating",
    run: async (cluster, namespace) => {
      const missing = await cluster.request("POST", configMaps("no-such-namespace"), {
        body: configMap("x"),
      });
      expect([missing.status, missing.body]).toMatchObject([
        404,
        { reason: "NotFound", message: 'namespaces "no-such-namespace" not found' },
      ]);
      const path = configMaps(namespace);
      await create(cluster, path, configMap("held", {}, { finalizers: ["example.org/x"] }));
      await remove(cluster, `${namespaces}/${namespace}`);
      const late = await cluster.request("POST", path, { body: configMap("late") });
      expect([late.status, late.body]).toMatchObject([
        403,
        { reason: "Forbidden", details: { causes: [{ reason: "NamespaceTerminating" }] } },
      ]);
      await patch(cluster, `${path}/held`, {
        type: "merge",
        body: { metadata: { finalizers: null } },
      });
    },
  },
  {
    row: "a deleted namespace is Terminating until it is empty, tells what holds it, and then is gone",
    run: async (cluster, namespace) => {
      const path = `${namespaces}/${namespace}`;
      const held = configMap("held", {}, { finalizers: ["example.org/x"] });
      await create(cluster, configMaps(namespace), held);
      await create(cluster, configMaps(namespace), configMap("free"));
      const answer = await remove(cluster, path);
      expect([answer.status, answer.body]).toMatchObject([
        200,
        { metadata: { deletionTimestamp: expect.any(String) }, status: { phase: "Terminating" } },
      ]);
      const telling = await eventually(cluster, "the condition", async () => {
        const { body } = await cluster.request("GET", path);
        const condition = conditionOf(body, "NamespaceFinalizersRemaining");
        return String(condition?.["status"]) === "True" ? condition : undefined;
      });
      expect(telling).toMatchObject({
        reason: "SomeFinalizersRemain",
        message: expect.stringContaining("example.org/x in 1 resource instances"),
      });
      expect((await cluster.request("GET", `${configMaps(namespace)}/free`)).status).toBe(404);
      await patch(cluster, `${configMaps(namespace)}/held`, {
        type: "merge",
        body: { metadata: { finalizers: null } },
      });
      await eventually(cluster, "the namespace to go", async () => {
        return (await cluster.request("GET", path)).status === 404;
      });
    },
  },
  {
    row: "a deleted namespace takes workloads and pods with it",
    run: async (cluster, namespace) => {
      await create(cluster, deployments(namespace), deployment("web"));
      await eventually(cluster, "a pod", async () => {
        const { body } = await cluster.request("GET", `${namespaces}/${namespace}/pods`);
        return (body["items"]?.length ?? 0) > 0;
      });
      await remove(cluster, `${namespaces}/${namespace}`);
      await eventually(cluster, "the namespace to go", async () => {
        return (await cluster.request("GET", `${namespaces}/${namespace}`)).status === 404;
      });
      const pods = await cluster.request("GET", `${namespaces}/${namespace}/pods`);
      expect(pods.body["items"] ?? []).toHaveLength(0);
    },
  },
];
