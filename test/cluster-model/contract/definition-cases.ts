/** CustomResourceDefinitions and their objects. */
import { expect } from "vitest";
import {
  type Body,
  type ClusterUnderTest,
  type ContractCase,
  eventually,
} from "./cluster-under-test.ts";
import { apply, conditionOf, create, patch, remove } from "./requests.ts";

const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

const schema = {
  type: "object",
  properties: {
    spec: {
      type: "object",
      required: ["size"],
      properties: {
        size: { type: "integer", minimum: 1 },
        colour: { type: "string", enum: ["red", "blue"], default: "red" },
        parts: {
          type: "array",
          items: {
            type: "object",
            required: ["name"],
            properties: { name: { type: "string" }, note: { type: "string" } },
          },
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["name"],
        },
        anything: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
      },
    },
    status: { type: "object", properties: { phase: { type: "string" } } },
  },
};

function definition(group: string, versions: readonly object[] = [version("v1", true)]): object {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `widgets.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: { kind: "Widget", plural: "widgets", shortNames: ["wd"] },
      versions,
    },
  };
}

function version(name: string, storage: boolean): object {
  const subresources = { status: {} };
  return { name, served: true, storage, schema: { openAPIV3Schema: schema }, subresources };
}

/** Creates the definition and waits until its objects can be written. */
async function establish(
  cluster: ClusterUnderTest,
  {
    group,
    namespace,
    versions,
  }: { group: string; namespace: string; versions?: readonly object[] },
): Promise<string> {
  await create(cluster, definitions, definition(group, versions));
  const path = `/apis/${group}/v1/namespaces/${namespace}/widgets`;
  await eventually(cluster, "the kind to be served", async () => {
    return (await cluster.request("GET", path)).status === 200;
  });
  return path;
}

function widget(group: string, spec: object, more: object = {}): object {
  return { apiVersion: `${group}/v1`, kind: "Widget", metadata: { name: "w" }, spec, ...more };
}

export const definitionCases: readonly ContractCase[] = [
  {
    row: "a CRD is Established after its creation, listed in discovery, and serves its kind; a wrong one is refused with 422",
    run: async (cluster, namespace) => {
      const group = `${namespace}.example.org`;
      await establish(cluster, { group, namespace });
      const live = await cluster.request("GET", `${definitions}/widgets.${group}`);
      expect(conditionOf(live.body, "Established")).toMatchObject({
        status: "True",
        reason: "InitialNamesAccepted",
      });
      expect(conditionOf(live.body, "NamesAccepted")).toMatchObject({ status: "True" });
      expect(live.body).toMatchObject({
        spec: {
          conversion: { strategy: "None" },
          names: { listKind: "WidgetList", singular: "widget" },
        },
        status: { storedVersions: ["v1"], acceptedNames: { kind: "Widget" } },
      });
      const listed = await eventually(cluster, "discovery", async () => {
        const { body } = await cluster.request("GET", `/apis/${group}/v1`);
        return body["resources"]?.find((one) => String(one["name"]) === "widgets");
      });
      expect(listed).toMatchObject({ kind: "Widget", namespaced: true, shortNames: ["wd"] });
      const misnamed = { ...definition(group), metadata: { name: "gadgets.example.org" } };
      const refused = await cluster.request("POST", definitions, { body: misnamed });
      expect([refused.status, refused.body]).toMatchObject([422, { reason: "Invalid" }]);
      await remove(cluster, `${definitions}/widgets.${group}`);
    },
  },
  {
    row: "custom resources: fields that the schema does not have are pruned, defaults filled in, wrong values refused with 422",
    run: async (cluster, namespace) => {
      const group = `${namespace}.example.org`;
      const path = await establish(cluster, { group, namespace });
      const spec = { size: 1, unknown: true, anything: { goes: [1] } };
      const made = await create(cluster, path, widget(group, spec));
      expect(made).toMatchObject({ metadata: { generation: 1 } });
      expect(made["spec"]).toEqual({ size: 1, colour: "red", anything: { goes: [1] } });
      const strict = await cluster.request("POST", `${path}?fieldValidation=Strict`, {
        body: widget(group, spec),
      });
      expect(strict.status).toBe(400);
      expect(strict.body["message"]).toMatch(/unknown field "spec.unknown"/);
      const wrong = await patch(cluster, `${path}/w`, {
        type: "merge",
        body: { spec: { size: "big", colour: "green" } },
      });
      expect([wrong.status, wrong.body]).toMatchObject([422, { reason: "Invalid" }]);
      const causes: readonly Body[] = wrong.body["details"]?.["causes"] ?? [];
      expect(causes.map(({ field }) => field)).toContain("spec.size");
      const missing = await cluster.request("POST", path, {
        body: { ...widget(group, {}), metadata: { name: "m" } },
      });
      expect(missing.body).toMatchObject({
        details: { causes: [{ reason: "FieldValueRequired", field: "spec.size" }] },
      });
      const strategic = await patch(cluster, `${path}/w`, { type: "strategic-merge", body: {} });
      expect(strategic.status).toBe(415);
      await remove(cluster, `${definitions}/widgets.${group}`);
    },
  },
  {
    row: "custom resources: server-side apply by the list keys of the schema; status through its subresource alone",
    run: async (cluster, namespace) => {
      const group = `${namespace}.example.org`;
      const path = `${await establish(cluster, { group, namespace })}/w`;
      const one = widget(group, { size: 1, parts: [{ name: "a", note: "1" }] });
      const two = widget(group, { parts: [{ name: "b", note: "2" }] });
      await apply(cluster, path, { body: one, query: "fieldManager=one" });
      const both = await apply(cluster, path, { body: two, query: "fieldManager=two" });
      expect(both.body["spec"]?.["parts"]).toEqual([
        { name: "a", note: "1" },
        { name: "b", note: "2" },
      ]);
      const ignored = await patch(cluster, path, {
        type: "merge",
        body: { status: { phase: "Done" } },
      });
      expect(ignored.body["status"]).toBeUndefined();
      const status = await patch(cluster, `${path}/status`, {
        type: "merge",
        body: { status: { phase: "Done" }, spec: { size: 9 } },
      });
      expect(status.body).toMatchObject({
        spec: { size: 1 },
        status: { phase: "Done" },
        metadata: { generation: 2 },
      });
      await remove(cluster, `${definitions}/widgets.${group}`);
    },
  },
  {
    row: "a CRD with several served versions shows an object in each (conversion None)",
    run: async (cluster, namespace) => {
      const group = `${namespace}.example.org`;
      const versions = [version("v1", true), version("v1beta1", false)];
      const path = await establish(cluster, { group, namespace, versions });
      await create(cluster, path, widget(group, { size: 1 }));
      const other = await cluster.request("GET", `${path.replace("/v1/", "/v1beta1/")}/w`);
      expect(other.body).toMatchObject({ apiVersion: `${group}/v1beta1`, spec: { size: 1 } });
      const groupBody = await cluster.request("GET", `/apis/${group}`);
      expect(groupBody.body).toMatchObject({ preferredVersion: { version: "v1" } });
      await remove(cluster, `${definitions}/widgets.${group}`);
    },
  },
  {
    row: "deleting a CRD deletes its objects first, then its kind is served no more",
    run: async (cluster, namespace) => {
      const group = `${namespace}.example.org`;
      const path = await establish(cluster, { group, namespace });
      const held = widget(
        group,
        { size: 1 },
        { metadata: { name: "w", finalizers: ["example.org/x"] } },
      );
      await create(cluster, path, held);
      const answer = await remove(cluster, `${definitions}/widgets.${group}`);
      expect(answer.body.metadata).toMatchObject({
        deletionTimestamp: expect.any(String),
        finalizers: ["customresourcecleanup.apiextensions.k8s.io"],
      });
      expect(conditionOf(answer.body, "Terminating")).toMatchObject({ status: "True" });
      await eventually(cluster, "the object to be deleted", async () => {
        const { body } = await cluster.request("GET", `${path}/w`);
        return body.metadata?.["deletionTimestamp"] !== undefined;
      });
      await patch(cluster, `${path}/w`, {
        type: "merge",
        body: { metadata: { finalizers: null } },
      });
      await eventually(cluster, "the definition to go", async () => {
        const { status } = await cluster.request("GET", `${definitions}/widgets.${group}`);
        return status === 404;
      });
      await eventually(cluster, "the kind to go", async () => {
        return (await cluster.request("GET", path)).status === 404;
      });
    },
  },
  {
    row: "a path in a group of custom resources that no kind is behind: 404 without a Status, for writes as well",
    run: async (cluster, namespace) => {
      const group = `${namespace}.example.org`;
      const other = (await establish(cluster, { group, namespace })).replace("widgets", "others");
      for (const path of [`${other}/w`, other.replace(group, `none.${group}`)]) {
        const read = await cluster.request("GET", path);
        const written = await cluster.request("PATCH", `${path}?fieldManager=me`, {
          contentType: "application/apply-patch+yaml",
          body: widget(group, { size: 1 }),
        });
        expect([read.status, read.body.kind]).toEqual([404, undefined]);
        expect([written.status, written.body.kind]).toEqual([404, undefined]);
      }
      await remove(cluster, `${definitions}/widgets.${group}`);
    },
  },
];
