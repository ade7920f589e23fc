/** What a cluster says about itself. */
import { expect } from "vitest";
import type { Body, ContractCase } from "./cluster-under-test.ts";

function find(list: readonly Body[] | undefined, name: string): Body | undefined {
  return list?.find((one) => String(one["name"] ?? one["resource"]) === name);
}

export const discoveryCases: readonly ContractCase[] = [
  {
    row: "`/version`, `/healthz`, `/livez`, `/readyz`; a path of no API is answered 404, one outside of this table 501",
    run: async (cluster) => {
      const version = await cluster.request("GET", "/version");
      expect(version.body).toMatchObject({ major: "1", minor: "36", gitVersion: "v1.36.4" });
      for (const path of ["/healthz", "/livez", "/readyz"]) {
        expect(await cluster.request("GET", path)).toMatchObject({ status: 200, text: "ok" });
      }
      expect((await cluster.request("GET", "/apis/example.org/v1")).status).toBe(404);
    },
  },
  {
    row: "discovery by lists: `/api`, `/apis`, `/api/v1`, `/apis/GROUP`, `/apis/GROUP/VERSION` with verbs, short names and subresources",
    run: async (cluster) => {
      const core = await cluster.request("GET", "/api");
      expect(core.body).toMatchObject({ kind: "APIVersions", versions: ["v1"] });
      const groups = await cluster.request("GET", "/apis");
      expect(groups.body).toMatchObject({ kind: "APIGroupList" });
      expect(find(groups.body["groups"], "apps")).toMatchObject({
        versions: [{ groupVersion: "apps/v1", version: "v1" }],
        preferredVersion: { groupVersion: "apps/v1", version: "v1" },
      });
      const group = await cluster.request("GET", "/apis/apps");
      expect(group.body).toMatchObject({ kind: "APIGroup", name: "apps" });
      const apps = await cluster.request("GET", "/apis/apps/v1");
      expect(apps.body).toMatchObject({ kind: "APIResourceList", groupVersion: "apps/v1" });
      expect(find(apps.body["resources"], "deployments")).toMatchObject({
        singularName: "deployment",
        namespaced: true,
        kind: "Deployment",
        verbs: expect.arrayContaining([
          "create",
          "delete",
          "get",
          "list",
          "patch",
          "update",
          "watch",
        ]),
        shortNames: ["deploy"],
        categories: ["all"],
      });
      expect(find(apps.body["resources"], "deployments/scale")).toMatchObject({
        group: "autoscaling",
        version: "v1",
        kind: "Scale",
      });
      const namespaces = await cluster.request("GET", "/api/v1");
      expect(find(namespaces.body["resources"], "namespaces")).toMatchObject({ namespaced: false });
    },
  },
  {
    row: "aggregated discovery (v2) as kubectl asks for it",
    run: async (cluster) => {
      const accept =
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
      const answer = await cluster.request("GET", "/apis", { accept });
      expect(answer.body).toMatchObject({
        kind: "APIGroupDiscoveryList",
        apiVersion: "apidiscovery.k8s.io/v2",
      });
      const apps = answer.body["items"]?.find((one) => String(one.metadata?.["name"]) === "apps");
      expect(find(apps?.["versions"]?.[0]?.["resources"], "deployments")).toMatchObject({
        responseKind: { group: "", version: "", kind: "Deployment" },
        scope: "Namespaced",
        singularResource: "deployment",
        shortNames: ["deploy"],
      });
    },
  },
  {
    row: "`/openapi/v3`: an index, and per group and version the operations and parameters of each kind (no fields)",
    run: async (cluster) => {
      const index = await cluster.request("GET", "/openapi/v3");
      const url = String(index.body["paths"]?.["apis/apps/v1"]?.["serverRelativeURL"]);
      const document = await cluster.request("GET", url);
      const path = "/apis/apps/v1/namespaces/{namespace}/deployments/{name}";
      const operation = document.body["paths"]?.[path]?.["patch"];
      expect(operation?.["x-kubernetes-group-version-kind"]).toMatchObject({ kind: "Deployment" });
      expect(find(operation?.["parameters"], "fieldValidation")).toMatchObject({ in: "query" });
    },
  },
];
