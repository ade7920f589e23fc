/** Server-side apply over HTTP; which fields who owns is proven in test/core/cluster-model. */
import { expect } from "vitest";
import type { ContractCase } from "./cluster-under-test.ts";
import {
  apply,
  configMap,
  configMaps,
  create,
  deployment,
  deployments,
  patch,
} from "./requests.ts";

export const applyCases: readonly ContractCase[] = [
  {
    row: "apply: 201 and 200, an unchanged object keeps its version, 409 with a cause for each conflict, `force` takes the fields",
    run: async (cluster, namespace) => {
      const path = `${configMaps(namespace)}/x`;
      const made = await apply(cluster, path, { body: configMap("x", { a: "1" }) });
      expect([made.status, made.body]).toMatchObject([
        201,
        { metadata: { managedFields: [{ manager: "tester", operation: "Apply" }] } },
      ]);
      const same = await apply(cluster, path, { body: configMap("x", { a: "1" }) });
      expect(same.status).toBe(200);
      expect(same.body).toEqual(made.body);
      const other = configMap("x", { a: "2" });
      const conflict = await apply(cluster, path, { body: other, query: "fieldManager=other" });
      expect([conflict.status, conflict.body]).toMatchObject([
        409,
        {
          reason: "Conflict",
          message: 'Apply failed with 1 conflict: conflict with "tester": .data.a',
          details: { causes: [{ reason: "FieldManagerConflict", field: ".data.a" }] },
        },
      ]);
      const forced = await apply(cluster, path, {
        body: other,
        query: "fieldManager=other&force=true",
      });
      expect([forced.status, forced.body]).toMatchObject([200, { data: { a: "2" } }]);
    },
  },
  {
    row: "apply removes what its manager no longer applies and nobody else owns",
    run: async (cluster, namespace) => {
      const path = `${configMaps(namespace)}/x`;
      await apply(cluster, path, { body: configMap("x", { a: "1", b: "1" }) });
      await patch(cluster, `${path}?fieldManager=editor`, {
        type: "merge",
        body: { data: { c: "1" } },
      });
      const less = await apply(cluster, path, { body: configMap("x", { a: "1" }) });
      expect(less.body["data"]).toEqual({ a: "1", c: "1" });
    },
  },
  {
    row: "apply: null in a map of text is the empty text",
    run: async (cluster, namespace) => {
      const path = `${configMaps(namespace)}/x`;
      const body = { ...configMap("x"), data: { a: null, b: "1" } };
      const made = await apply(cluster, path, { body });
      expect([made.status, made.body["data"]]).toEqual([201, { a: "", b: "1" }]);
      expect((await apply(cluster, path, { body })).body).toEqual(made.body);
    },
  },
  {
    row: "apply: 422 without a field manager or with `force` on another patch, 422 for a wrong uid, 404 in a missing namespace",
    run: async (cluster, namespace) => {
      const path = `${configMaps(namespace)}/x`;
      const body = configMap("x");
      const anonymous = await apply(cluster, path, { body, query: "" });
      expect([anonymous.status, anonymous.body]).toMatchObject([
        422,
        { details: { causes: [{ reason: "FieldValueRequired", field: "fieldManager" }] } },
      ]);
      await create(cluster, configMaps(namespace), body);
      const forced = await patch(cluster, `${path}?force=true`, { type: "merge", body: {} });
      expect(forced.status).toBe(422);
      const uid = "00000000-0000-4000-8000-000000000000";
      const other = await apply(cluster, path, { body: configMap("x", {}, { uid }) });
      // A real server names the cause twice.
      expect([other.status, other.body["details"]?.["causes"]?.[0]]).toMatchObject([
        422,
        { reason: "FieldValueInvalid", field: "metadata.uid" },
      ]);
      const nowhere = await apply(cluster, `${configMaps("no-such-namespace")}/x`, { body });
      expect(nowhere.status).toBe(404);
    },
  },
  {
    row: "apply merges lists by their keys, whole lists are owned whole, and defaults belong to nobody",
    run: async (cluster, namespace) => {
      const path = `${deployments(namespace)}/web`;
      const replicas = { replicas: 0 };
      await apply(cluster, path, { body: deployment("web", replicas) });
      const side = {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name: "web" },
        spec: {
          template: {
            spec: {
              containers: [{ name: "main", env: [{ name: "A", value: "1" }] }],
              terminationGracePeriodSeconds: 5,
            },
          },
        },
      };
      const both = await apply(cluster, path, { body: side, query: "fieldManager=side" });
      expect([both.status, both.body["spec"]?.["template"]?.["spec"]]).toMatchObject([
        200,
        {
          containers: [{ name: "main", image: "registry.example/app:1", env: [{ name: "A" }] }],
          terminationGracePeriodSeconds: 5,
        },
      ]);
    },
  },
  {
    row: "apply with `dryRun=All` says what would be, conflicts included",
    run: async (cluster, namespace) => {
      const path = `${configMaps(namespace)}/x`;
      const made = await apply(cluster, path, { body: configMap("x", { a: "1" }) });
      const dry = await apply(cluster, path, {
        body: configMap("x", { a: "1", b: "2" }),
        query: "fieldManager=tester&dryRun=All",
      });
      expect(dry.body).toMatchObject({ data: { a: "1", b: "2" } });
      const conflict = await apply(cluster, path, {
        body: configMap("x", { a: "2" }),
        query: "fieldManager=other&dryRun=All",
      });
      expect(conflict.status).toBe(409);
      expect((await cluster.request("GET", path)).body).toEqual(made.body);
    },
  },
];
