/** Lists, selectors, pages, Tables and watches. */
import { expect } from "vitest";
import { type Body, type ContractCase, type Seen, eventually } from "./cluster-under-test.ts";
import { configMap, configMaps, create, patch, podTemplate, remove } from "./requests.ts";

const names = (list: Body): unknown[] =>
  (list["items"] ?? []).map((item) => item.metadata?.["name"]);
const own = ({ object }: Seen): boolean => String(object.metadata?.["name"]) !== "kube-root-ca.crt";

export const listCases: readonly ContractCase[] = [
  {
    row: "list by labels (`=`, `!=`, `in`, `notin`, `key`, `!key`) and by the fields name and namespace",
    run: async (cluster, namespace) => {
      const path = configMaps(namespace);
      for (const [name, labels] of [
        ["a", { tier: "web", env: "dev" }],
        ["b", { tier: "db" }],
        ["c", {}],
      ] as const) {
        await create(cluster, path, configMap(name, {}, { labels }));
      }
      const select = async (query: string): Promise<unknown[]> => {
        const answer = await cluster.request("GET", `${path}?${query}`);
        return names(answer.body).filter((name) => name !== "kube-root-ca.crt");
      };
      const label = (text: string): Promise<unknown[]> =>
        select(`labelSelector=${encodeURIComponent(text)}`);
      expect(await label("tier=web")).toEqual(["a"]);
      expect(await label("tier!=web")).toEqual(["b", "c"]);
      expect(await label("tier in (web,db)")).toEqual(["a", "b"]);
      expect(await label("tier notin (web)")).toEqual(["b", "c"]);
      expect(await label("tier,!env")).toEqual(["b"]);
      expect(await select("fieldSelector=metadata.name%3Dc")).toEqual(["c"]);
      const all = await cluster.request(
        "GET",
        "/api/v1/configmaps?fieldSelector=metadata.name%3Dc",
      );
      expect(names(all.body)).toContain("c");
      const wrong = await cluster.request("GET", `${path}?fieldSelector=data.a%3Db`);
      expect(wrong.status).toBe(400);
      const unreadable = await cluster.request("GET", `${path}?labelSelector=a%3D%3D%3Db`);
      expect(unreadable.status).toBe(400);
    },
  },
  {
    row: "list pods by the fields `spec.nodeName` and `status.phase`",
    run: async (cluster, namespace) => {
      const path = `/api/v1/namespaces/${namespace}/pods`;
      const { metadata, spec } = podTemplate("picked");
      await create(cluster, path, { metadata: { ...metadata, name: "picked" }, spec });
      const select = async (selector: string): Promise<unknown[]> => {
        const query = `fieldSelector=${encodeURIComponent(selector)}`;
        return names((await cluster.request("GET", `${path}?${query}`)).body);
      };
      await eventually(cluster, "the pod to run", async () =>
        (await select("status.phase=Running")).includes("picked"),
      );
      const { body } = await cluster.request("GET", `${path}/picked`);
      const node = String(body["spec"]?.["nodeName"]);
      expect(await select(`spec.nodeName=${node},status.phase!=Pending`)).toEqual(["picked"]);
      expect(await select(`spec.nodeName!=${node}`)).toEqual([]);
      expect(await select("status.phase=Pending")).toEqual([]);
    },
  },
  {
    row: "lists in pages with `limit` and `continue` show the state of the first page; items have no kind",
    run: async (cluster, namespace) => {
      const path = configMaps(namespace);
      for (const name of ["p1", "p2", "p3", "p4"]) await create(cluster, path, configMap(name));
      const first = await cluster.request("GET", `${path}?limit=3`);
      expect(first.body).toMatchObject({ kind: "ConfigMapList", apiVersion: "v1" });
      expect(names(first.body)).toEqual(["kube-root-ca.crt", "p1", "p2"]);
      expect(first.body.metadata).toMatchObject({ remainingItemCount: 2 });
      await remove(cluster, `${path}/p3`);
      await create(cluster, path, configMap("p5"));
      const token = encodeURIComponent(String(first.body.metadata?.["continue"]));
      const second = await cluster.request("GET", `${path}?limit=3&continue=${token}`);
      expect(names(second.body)).toEqual(["p3", "p4"]);
      expect(second.body.metadata?.["continue"] ?? "").toBe("");
      expect(second.body.metadata?.["resourceVersion"]).toEqual(
        first.body.metadata?.["resourceVersion"],
      );
      expect(second.body["items"]?.[0]?.["kind"]).toBeUndefined();
    },
  },
  {
    row: "Tables and PartialObjectMetadata where the Accept header asks for them",
    run: async (cluster, namespace) => {
      const path = configMaps(namespace);
      await create(cluster, path, configMap("shown", { a: "1", b: "2" }));
      const accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
      const table = await cluster.request("GET", `${path}?fieldSelector=metadata.name%3Dshown`, {
        accept,
      });
      expect(table.body).toMatchObject({
        kind: "Table",
        apiVersion: "meta.k8s.io/v1",
        columnDefinitions: [{ name: "Name" }, { name: "Data" }, { name: "Age" }],
        rows: [{ cells: ["shown", 2, expect.stringMatching(/^\d+s$/)] }],
      });
      const metadata = await cluster.request("GET", `${path}/shown`, {
        accept: "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
      });
      expect(metadata.body).toMatchObject({
        kind: "PartialObjectMetadata",
        apiVersion: "meta.k8s.io/v1",
        metadata: { name: "shown" },
      });
      expect(metadata.body["data"]).toBeUndefined();
      const list = await cluster.request("GET", `${path}?limit=500`, {
        accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json",
      });
      expect(list.body).toMatchObject({
        kind: "PartialObjectMetadataList",
        apiVersion: "meta.k8s.io/v1",
      });
      expect(names(list.body)).toContain("shown");
      expect(list.body["items"]?.some((item) => item["data"] !== undefined)).toBe(false);
    },
  },
  {
    row: "watch from a version: what was added, modified and deleted since, in order, and what starts or stops to be selected",
    run: async (cluster, namespace) => {
      const path = configMaps(namespace);
      const start = await cluster.request("GET", path);
      const version = String(start.body.metadata?.["resourceVersion"]);
      await create(cluster, path, configMap("w", {}, { labels: { on: "yes" } }));
      const query = `watch=1&resourceVersion=${version}&labelSelector=on%3Dyes`;
      const watching = cluster.watch(`${path}?${query}`);
      await eventually(cluster, "the first event", async () => watching.events.length > 0);
      await patch(cluster, `${path}/w`, { type: "merge", body: { data: { a: "1" } } });
      await patch(cluster, `${path}/w`, {
        type: "merge",
        body: { metadata: { labels: { on: "no" } } },
      });
      await patch(cluster, `${path}/w`, {
        type: "merge",
        body: { metadata: { labels: { on: "yes" } } },
      });
      await remove(cluster, `${path}/w`);
      await eventually(cluster, "five events", async () => watching.events.length >= 5);
      watching.stop();
      expect(watching.events.map(({ type }) => type)).toEqual([
        "ADDED",
        "MODIFIED",
        "DELETED",
        "ADDED",
        "DELETED",
      ]);
      expect(watching.events[0]?.object).toMatchObject({ apiVersion: "v1", kind: "ConfigMap" });
    },
  },
  {
    row: "watch without a version begins with what is there; `sendInitialEvents` marks the end of that by a bookmark",
    run: async (cluster, namespace) => {
      const path = configMaps(namespace);
      await create(cluster, path, configMap("there"));
      const plain = cluster.watch(`${path}?watch=1`);
      await eventually(cluster, "the object", async () => plain.events.some(own));
      plain.stop();
      expect(plain.events.filter(own).map(({ type }) => type)).toEqual(["ADDED"]);
      const query =
        "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion=";
      const marked = cluster.watch(`${path}?${query}`);
      await eventually(cluster, "the bookmark", async () =>
        marked.events.some(({ type }) => type === "BOOKMARK"),
      );
      marked.stop();
      expect(marked.events.at(-1)).toMatchObject({
        type: "BOOKMARK",
        object: {
          kind: "ConfigMap",
          metadata: { annotations: { "k8s.io/initial-events-end": "true" } },
        },
      });
      const wrong = await cluster.request("GET", `${path}?watch=1&sendInitialEvents=true`);
      expect(wrong.status).toBe(422);
    },
  },
  {
    row: "watch with `timeoutSeconds` ends by itself",
    run: async (cluster, namespace) => {
      const watching = cluster.watch(`${configMaps(namespace)}?watch=1&timeoutSeconds=1`);
      await eventually(cluster, "the end of the watch", async () => watching.isOver());
    },
  },
  {
    row: "watch from a version that is forgotten: an ERROR event with 410 Expired",
    run: async (cluster, namespace) => {
      const { body } = await cluster.request("GET", configMaps(namespace));
      const version = String(body.metadata?.["resourceVersion"]);
      await create(cluster, configMaps(namespace), configMap("later"));
      await cluster.forgetHistory();
      const query = `watch=1&resourceVersion=${version}`;
      const watching = cluster.watch(`${configMaps(namespace)}?${query}`);
      await eventually(cluster, "the error", async () => watching.events.length > 0);
      watching.stop();
      expect(watching.events[0]).toMatchObject({
        type: "ERROR",
        object: { kind: "Status", code: 410, reason: "Expired" },
      });
    },
  },
];
