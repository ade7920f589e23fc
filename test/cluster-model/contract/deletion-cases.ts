/** Deleting: preconditions, finalizers, collections, and what becomes of what an object owns. */
import { expect } from "vitest";
import {
  type Body,
  type ClusterUnderTest,
  type ContractCase,
  eventually,
} from "./cluster-under-test.ts";
import { configMap, configMaps, create, patch, remove } from "./requests.ts";

const absentUid = "00000000-0000-4000-8000-000000000000";

function ownedBy(owner: Body, more: object = {}): object {
  const name = owner.metadata?.["name"];
  const uid = owner.metadata?.["uid"];
  return {
    ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name, uid, ...more }],
  };
}

async function isGone(cluster: ClusterUnderTest, path: string): Promise<boolean> {
  return (await cluster.request("GET", path)).status === 404;
}

export const deletionCases: readonly ContractCase[] = [
  {
    row: "delete answers a Status with the uid; preconditions on uid and resourceVersion: 409",
    run: async (cluster, namespace) => {
      const path = `${configMaps(namespace)}/x`;
      const made = await create(cluster, configMaps(namespace), configMap("x"));
      const wrongUid = await remove(cluster, path, { preconditions: { uid: absentUid } });
      expect([wrongUid.status, wrongUid.body]).toMatchObject([409, { reason: "Conflict" }]);
      const wrongVersion = await remove(cluster, path, { preconditions: { resourceVersion: "1" } });
      expect(wrongVersion.status).toBe(409);
      const uid = made.metadata?.["uid"];
      const resourceVersion = made.metadata?.["resourceVersion"];
      const gone = await remove(cluster, path, { preconditions: { uid, resourceVersion } });
      expect([gone.status, gone.body]).toMatchObject([
        200,
        { kind: "Status", status: "Success", details: { name: "x", kind: "configmaps", uid } },
      ]);
      expect((await remove(cluster, path)).status).toBe(404);
      const again = await create(cluster, configMaps(namespace), configMap("x"));
      expect(again.metadata?.["uid"]).not.toEqual(uid);
    },
  },
  {
    row: "finalizers hold a deleted object until the last is removed; until then it has a deletionTimestamp",
    run: async (cluster, namespace) => {
      const path = `${configMaps(namespace)}/held`;
      const finalizers = ["example.org/one", "example.org/two"];
      await create(cluster, configMaps(namespace), configMap("held", {}, { finalizers }));
      const held = await remove(cluster, path);
      expect([held.status, held.body]).toMatchObject([
        200,
        {
          kind: "ConfigMap",
          metadata: {
            deletionTimestamp: expect.any(String),
            deletionGracePeriodSeconds: 0,
            finalizers,
          },
        },
      ]);
      const one = await patch(cluster, path, {
        type: "merge",
        body: { metadata: { finalizers: ["example.org/two"] } },
      });
      expect(one.body.metadata?.["deletionTimestamp"]).toEqual(
        held.body.metadata?.["deletionTimestamp"],
      );
      await patch(cluster, path, { type: "merge", body: { metadata: { finalizers: null } } });
      expect((await cluster.request("GET", path)).status).toBe(404);
    },
  },
  {
    row: "deletecollection deletes what the selector selects, and answers with the list",
    run: async (cluster, namespace) => {
      const path = configMaps(namespace);
      for (const [name, on] of [
        ["a", "yes"],
        ["b", "yes"],
        ["c", "no"],
      ] as const) {
        await create(cluster, path, configMap(name, {}, { labels: { on } }));
      }
      const answer = await remove(cluster, `${path}?labelSelector=on%3Dyes`);
      expect(answer.status).toBe(200);
      expect(answer.body).toMatchObject({ kind: "ConfigMapList" });
      const left = await cluster.request("GET", `${path}?labelSelector=on`);
      expect((left.body["items"] ?? []).map((item) => item.metadata?.["name"])).toEqual(["c"]);
    },
  },
  {
    row: "owner garbage collection in the background: dependents of a deleted owner go, and those of an owner that never was",
    run: async (cluster, namespace) => {
      const path = configMaps(namespace);
      const owner = await create(cluster, path, configMap("owner"));
      await create(cluster, path, configMap("child", {}, ownedBy(owner)));
      const nobody = { apiVersion: "v1", kind: "ConfigMap", name: "nobody", uid: absentUid };
      await create(cluster, path, configMap("lost", {}, { ownerReferences: [nobody] }));
      await remove(cluster, `${path}/owner`);
      await eventually(cluster, "the child to go", () => isGone(cluster, `${path}/child`));
      await eventually(cluster, "the lost one to go", () => isGone(cluster, `${path}/lost`));
    },
  },
  {
    row: "a dependent with another living owner stays, and forgets the one that is gone",
    run: async (cluster, namespace) => {
      const path = configMaps(namespace);
      const first = await create(cluster, path, configMap("first"));
      const second = await create(cluster, path, configMap("second"));
      const references = [first, second].map(({ metadata }) => ({
        apiVersion: "v1",
        kind: "ConfigMap",
        name: metadata?.["name"],
        uid: metadata?.["uid"],
      }));
      await create(cluster, path, configMap("child", {}, { ownerReferences: references }));
      await remove(cluster, `${path}/first`);
      await eventually(cluster, "the reference to go", async () => {
        const { body } = await cluster.request("GET", `${path}/child`);
        const left = body.metadata?.["ownerReferences"];
        return left?.length === 1 && left[0]?.["name"] === second.metadata?.["name"];
      });
    },
  },
  {
    row: "`propagationPolicy: Foreground` keeps the owner until dependents that block it are gone",
    run: async (cluster, namespace) => {
      const path = configMaps(namespace);
      const owner = await create(cluster, path, configMap("owner"));
      const child = {
        ...ownedBy(owner, { blockOwnerDeletion: true }),
        finalizers: ["example.org/x"],
      };
      await create(cluster, path, configMap("child", {}, child));
      const held = await remove(cluster, `${path}/owner`, { propagationPolicy: "Foreground" });
      expect(held.body.metadata).toMatchObject({
        finalizers: ["foregroundDeletion"],
        deletionTimestamp: expect.any(String),
      });
      await eventually(cluster, "the child to be deleted", async () => {
        const { body } = await cluster.request("GET", `${path}/child`);
        return body.metadata?.["deletionTimestamp"] !== undefined;
      });
      expect((await cluster.request("GET", `${path}/owner`)).status).toBe(200);
      await patch(cluster, `${path}/child`, {
        type: "merge",
        body: { metadata: { finalizers: null } },
      });
      await eventually(cluster, "the owner to go", () => isGone(cluster, `${path}/owner`));
    },
  },
  {
    row: "`propagationPolicy: Orphan` leaves dependents, without the reference",
    run: async (cluster, namespace) => {
      const path = configMaps(namespace);
      const owner = await create(cluster, path, configMap("owner"));
      await create(cluster, path, configMap("child", {}, ownedBy(owner)));
      await remove(cluster, `${path}/owner`, { propagationPolicy: "Orphan" });
      await eventually(cluster, "the owner to go", () => isGone(cluster, `${path}/owner`));
      const { status, body } = await cluster.request("GET", `${path}/child`);
      expect(status).toBe(200);
      expect(body.metadata?.["ownerReferences"]).toBeUndefined();
    },
  },
];
