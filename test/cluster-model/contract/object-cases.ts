/** Creating, reading, replacing and patching single objects, and what is refused. */
import { expect } from "vitest";
import type { Body, ContractCase } from "./cluster-under-test.ts";
import { configMap, configMaps, create, deployment, deployments, patch } from "./requests.ts";

const absentUid = "00000000-0000-4000-8000-000000000000";

export const objectCases: readonly ContractCase[] = [
  {
    row: "create gives name, uid, resourceVersion and time, and `generateName` makes a name",
    run: async (cluster, namespace) => {
      const made = await create(cluster, configMaps(namespace), {
        metadata: { generateName: "made-" },
        data: { a: "1" },
      });
      expect(made).toMatchObject({
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: expect.stringMatching(/^made-[a-z0-9]{5}$/), namespace },
      });
      expect(made.metadata).toMatchObject({
        uid: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
        creationTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
        resourceVersion: expect.stringMatching(/^\d+$/),
      });
      const read = await cluster.request(
        "GET",
        `${configMaps(namespace)}/${String(made["metadata"]?.["name"])}`,
      );
      expect(read.body).toEqual(made);
    },
  },
  {
    row: "404 NotFound, 409 AlreadyExists, 405 and 415 as Status objects with reason and details",
    run: async (cluster, namespace) => {
      const path = configMaps(namespace);
      const missing = await cluster.request("GET", `${path}/missing`);
      expect([missing.status, missing.body]).toMatchObject([
        404,
        {
          kind: "Status",
          status: "Failure",
          reason: "NotFound",
          message: 'configmaps "missing" not found',
          details: { name: "missing", kind: "configmaps" },
        },
      ]);
      await create(cluster, path, configMap("twice"));
      const again = await cluster.request("POST", path, { body: configMap("twice") });
      expect([again.status, again.body]).toMatchObject([
        409,
        { reason: "AlreadyExists", message: 'configmaps "twice" already exists' },
      ]);
      const wrongMethod = await cluster.request("PUT", path, { body: configMap("x") });
      expect([wrongMethod.status, wrongMethod.body]).toMatchObject([
        405,
        { reason: "MethodNotAllowed" },
      ]);
      const wrongType = await cluster.request("PATCH", `${path}/twice`, {
        body: {},
        contentType: "application/json",
      });
      expect([wrongType.status, wrongType.body]).toMatchObject([
        415,
        { reason: "UnsupportedMediaType" },
      ]);
      const unreadable = await cluster.request("GET", `${path}/twice`, { accept: "text/html" });
      expect(unreadable.status).toBe(406);
    },
  },
  {
    row: "422 Invalid with a cause for a wrong name or label",
    run: async (cluster, namespace) => {
      const path = configMaps(namespace);
      const named = await cluster.request("POST", path, { body: configMap("Wrong_Name") });
      expect([named.status, named.body]).toMatchObject([
        422,
        {
          reason: "Invalid",
          details: {
            kind: "ConfigMap",
            name: "Wrong_Name",
            causes: [{ reason: "FieldValueInvalid", field: "metadata.name" }],
          },
        },
      ]);
      const labels = { labels: { ok: "not ok!" } };
      const labelled = await cluster.request("POST", path, { body: configMap("fine", {}, labels) });
      expect([labelled.status, labelled.body]).toMatchObject([
        422,
        { details: { causes: [{ reason: "FieldValueInvalid", field: "metadata.labels" }] } },
      ]);
    },
  },
  {
    row: "400 when kind, name or namespace of the body are not those of the path",
    run: async (cluster, namespace) => {
      const path = configMaps(namespace);
      const kind = await cluster.request("POST", path, {
        body: { apiVersion: "v1", kind: "Secret", metadata: { name: "x" } },
      });
      const elsewhere = await cluster.request("POST", path, {
        body: configMap("x", {}, { namespace: "default" }),
      });
      await create(cluster, path, configMap("x"));
      const name = await cluster.request("PUT", `${path}/x`, { body: configMap("y") });
      expect([kind.status, elsewhere.status, name.status]).toEqual([400, 400, 400]);
      expect(kind.body).toMatchObject({ reason: "BadRequest" });
    },
  },
  {
    row: "replace: 409 Conflict for another resourceVersion or uid, no new version where nothing changes",
    run: async (cluster, namespace) => {
      const path = `${configMaps(namespace)}/x`;
      const made = await create(cluster, configMaps(namespace), configMap("x", { a: "1" }));
      const versioned = { resourceVersion: made.metadata?.["resourceVersion"] };
      const changed = await cluster.request("PUT", path, {
        body: configMap("x", { a: "2" }, versioned),
      });
      expect(changed.status).toBe(200);
      expect(changed.body.metadata?.["uid"]).toEqual(made.metadata?.["uid"]);
      const stale = await cluster.request("PUT", path, {
        body: configMap("x", { a: "3" }, versioned),
      });
      expect([stale.status, stale.body]).toMatchObject([
        409,
        {
          reason: "Conflict",
          message:
            'Operation cannot be fulfilled on configmaps "x": the object has been modified; please apply your changes to the latest version and try again',
        },
      ]);
      const other = await cluster.request("PUT", path, {
        body: configMap("x", { a: "2" }, { uid: absentUid }),
      });
      expect(other.status).toBe(409);
      const same = await cluster.request("PUT", path, { body: configMap("x", { a: "2" }) });
      expect(same.body.metadata?.["resourceVersion"]).toEqual(
        changed.body.metadata?.["resourceVersion"],
      );
      const missing = await cluster.request("PUT", `${configMaps(namespace)}/none`, {
        body: configMap("none"),
      });
      expect(missing.status).toBe(404);
    },
  },
  {
    row: "patches: JSON, merge and strategic merge; 404 where there is nothing, 409 for another resourceVersion",
    run: async (cluster, namespace) => {
      const path = `${deployments(namespace)}/web`;
      await create(cluster, deployments(namespace), deployment("web", { replicas: 0 }));
      const merged = await patch(cluster, path, {
        type: "merge",
        body: { metadata: { annotations: { a: "1" } }, spec: { paused: true } },
      });
      expect(merged.body).toMatchObject({
        metadata: { annotations: { a: "1" } },
        spec: { paused: true },
      });
      const listed = await patch(cluster, path, {
        type: "strategic-merge",
        body: { spec: { template: { spec: { containers: [{ name: "side", image: "s:1" }] } } } },
      });
      const containers: readonly Body[] =
        listed.body["spec"]?.["template"]?.["spec"]?.["containers"] ?? [];
      expect(containers.map(({ name }) => name)).toEqual(["side", "main"]);
      const jsonPatch = [
        { op: "test", path: "/metadata/annotations/a", value: "1" },
        { op: "remove", path: "/metadata/annotations/a" },
      ];
      const patched = await patch(cluster, path, { type: "json", body: jsonPatch });
      expect(patched.status).toBe(200);
      const failed = await patch(cluster, path, { type: "json", body: jsonPatch });
      expect([failed.status, failed.body]).toMatchObject([422, { reason: "Invalid" }]);
      const stale = await patch(cluster, path, {
        type: "merge",
        body: { metadata: { resourceVersion: "1" } },
      });
      const missing = await patch(cluster, `${deployments(namespace)}/none`, {
        type: "merge",
        body: {},
      });
      expect([stale.status, missing.status]).toEqual([409, 404]);
    },
  },
  {
    row: "generation counts changes of the spec alone; the status changes through its subresource alone",
    run: async (cluster, namespace) => {
      const path = `${deployments(namespace)}/web`;
      const made = await create(cluster, deployments(namespace), {
        ...deployment("web", { replicas: 0, paused: true }),
        status: { replicas: 7 },
      });
      expect(made).toMatchObject({ metadata: { generation: 1 } });
      expect(made["status"]?.["replicas"]).toBeUndefined();
      const labelled = await patch(cluster, path, {
        type: "merge",
        body: { metadata: { labels: { l: "1" } }, status: { replicas: 7 } },
      });
      expect(labelled.body).toMatchObject({ metadata: { generation: 1 } });
      expect(labelled.body["status"]?.["replicas"]).toBeUndefined();
      const scaled = await patch(cluster, path, {
        type: "merge",
        body: { spec: { minReadySeconds: 1 } },
      });
      expect(scaled.body).toMatchObject({ metadata: { generation: 2 } });
      const status = await patch(cluster, `${path}/status`, {
        type: "merge",
        body: { spec: { replicas: 5 }, status: { collisionCount: 3 } },
      });
      expect(status.body).toMatchObject({
        metadata: { generation: 2 },
        spec: { replicas: 0 },
        status: { collisionCount: 3 },
      });
    },
  },
  {
    row: "the scale subresource reads and writes replicas",
    run: async (cluster, namespace) => {
      const path = `${deployments(namespace)}/web`;
      await create(
        cluster,
        deployments(namespace),
        deployment("web", { replicas: 0, paused: true }),
      );
      const scale = await cluster.request("GET", `${path}/scale`);
      expect(scale.body).toMatchObject({
        kind: "Scale",
        apiVersion: "autoscaling/v1",
        metadata: { name: "web", namespace },
        spec: {},
        status: { replicas: 0, selector: "app=web" },
      });
      const scaled = await patch(cluster, `${path}/scale`, {
        type: "merge",
        body: { spec: { replicas: 3 } },
      });
      expect(scaled.body).toMatchObject({ kind: "Scale", spec: { replicas: 3 } });
      const live = await cluster.request("GET", path);
      expect(live.body).toMatchObject({ spec: { replicas: 3 }, metadata: { generation: 2 } });
    },
  },
  {
    row: "`dryRun=All` answers as if, and changes nothing; other values are refused",
    run: async (cluster, namespace) => {
      const path = configMaps(namespace);
      const made = await cluster.request("POST", `${path}?dryRun=All`, { body: configMap("dry") });
      expect([made.status, made.body]).toMatchObject([201, { metadata: { name: "dry" } }]);
      expect((await cluster.request("GET", `${path}/dry`)).status).toBe(404);
      const real = await create(cluster, path, configMap("dry", { a: "1" }));
      const changed = await patch(cluster, `${path}/dry?dryRun=All`, {
        type: "merge",
        body: { data: { a: "2" } },
      });
      expect(changed.body).toMatchObject({ data: { a: "2" } });
      const deleted = await cluster.request("DELETE", `${path}/dry?dryRun=All`);
      expect(deleted.status).toBe(200);
      expect((await cluster.request("GET", `${path}/dry`)).body).toEqual(real);
      const wrong = await cluster.request("POST", `${path}?dryRun=Some`, { body: configMap("x") });
      expect(wrong.status).toBe(422);
    },
  },
  {
    row: "unknown fields: dropped, named in a 400 under `fieldValidation=Strict`",
    run: async (cluster, namespace) => {
      const path = deployments(namespace);
      const body = deployment("web", { replicas: 0, replicaz: 1 });
      const strict = await cluster.request("POST", `${path}?fieldValidation=Strict`, { body });
      expect(strict.status).toBe(400);
      expect(strict.body["message"]).toMatch(
        /strict decoding error: unknown field "spec.replicaz"/,
      );
      const dropped = await cluster.request("POST", `${path}?fieldValidation=Ignore`, { body });
      expect(dropped.status).toBe(201);
      expect(dropped.body["spec"]?.["replicaz"]).toBeUndefined();
    },
  },
];
