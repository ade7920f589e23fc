/** The rules of what another tool manages too: the app that drops it lets go of it. */
import { rm } from "node:fs/promises";
import { expect, it } from "vitest";
import type { KubeObject } from "../../../src/core/model/kube-object.ts";
import { formatTrailers, mirrorBranch } from "../../../src/core/protocol/mirror-layout.ts";
import type { TestSite } from "../../support/kube-site.ts";
import { configMap, eventually } from "../../support/kube-worker.ts";
import {
  applyAs,
  configMaps,
  createAs,
  dataOf,
  gone,
  leaving,
  metadataOf,
  namespaceOf,
  stands,
  told,
  uidOf,
} from "./rule-site.ts";

const path = `${configMaps}/shared`;
const other = configMap("other", {});
const shared = configMap("shared", { k: "1" });

function annotated(object: KubeObject, annotations: Record<string, string>): KubeObject {
  return { ...object, metadata: { ...object.metadata, annotations } };
}

function without(object: KubeObject): KubeObject {
  return { apiVersion: object.apiVersion, kind: object.kind, metadata: object.metadata };
}

export function sharedRules(site: TestSite): void {
  const applyShared = (manager: string, object: KubeObject) =>
    applyAs(site, manager, { path, object });
  const managers = async (): Promise<readonly string[]> => {
    const entries = (await metadataOf(site, path))["managedFields"];
    return (entries as { manager: string }[]).map(({ manager }) => manager); // as Kubernetes writes them
  };
  /** The app has both, and then drops `shared`. */
  const drop = async (between: () => Promise<unknown> = async () => undefined) => {
    await site.mirror.commit({ s1: { web: [shared, other] } });
    site.start();
    await site.settled("web");
    await between();
    await site.mirror.commit({ s1: { web: [other] } });
    await site.settled("web");
  };

  it("AC-01: names each of several managers with its own fields, and how many more there are", async () => {
    const alphas = { a: "1", c: "1", d: "1", e: "1", f: "1" };
    await applyShared("alpha", configMap("shared", alphas));
    await applyShared("beta", configMap("shared", { b: "1" }));
    const wanted = { a: "2", b: "2", c: "2", d: "2", e: "2", f: "2" };
    await site.mirror.commit({ s1: { web: [configMap("shared", wanted)] } });
    site.start();
    const { message } = await told(site, "web", "alpha");

    expect(message).toContain(
      "manager alpha owns .data.a, .data.c, .data.d and 2 more, manager beta owns .data.b",
    );
    expect(await dataOf(site, "shared")).toEqual({ ...alphas, b: "1" });
  });

  it.each(["drops it", "leaves"])(
    "AC-01: lets go of what another tool applies too, with the same values, when the app %s, and says so",
    async (how) => {
      await applyShared("kustomize-controller", shared);
      const uid = await uidOf(site, path);
      const ours = configMap("shared", { k: "1", own: "1" });
      await site.mirror.commit({ s1: { web: [ours, other] } });
      site.start();
      const report = await site.settled("web");
      expect(report.message).toContain(
        "ConfigMap default/shared is managed by kustomize-controller too: it would be let go of",
      );
      // What would be pruned is compared before it is.
      site.cluster.proxy.fail({ kind: "status", status: 503 }, { method: "PATCH" });
      await site.mirror.commit({ s1: { web: how === "leaves" ? leaving(2) : [other] } });
      const fate = "would be let go of: it is managed by kustomize-controller too";
      await eventually("it is compared", async () => {
        const { apps } = await site.mirror.ask("s1", "web");
        return JSON.stringify(apps).includes(fate);
      });
      site.cluster.proxy.heal();
      const { message } = await told(site, "web", "was let go of, not deleted");
      await eventually("all of it is done", () => site.report("web")?.sync === "Synced");

      // What failed while the API server refused may stand before it.
      expect(message).toMatch(
        /(?:^|; )ConfigMap default\/shared was let go of, not deleted: it is managed by kustomize-controller too$/u,
      );
      expect(site.report("web")?.left).toBe(how === "leaves");
      expect(await uidOf(site, path)).toBe(uid);
      expect(await dataOf(site, "shared")).toEqual({ k: "1" });
      expect(await managers()).toEqual(["kustomize-controller"]);
      expect(JSON.stringify(await metadataOf(site, path))).not.toContain("flotilla");
    },
  );

  it("AC-01: lets go of what a controller has as its own, and deletes what an object of the app has", async () => {
    const owned = (by: KubeObject, uid: unknown): KubeObject => {
      const owner = {
        apiVersion: "v1",
        kind: "ConfigMap",
        name: by.metadata.name,
        uid: String(uid),
      };
      const ownerReferences = [{ ...owner, controller: true }];
      return { ...shared, metadata: { ...shared.metadata, ownerReferences } };
    };
    const theirs = configMap("theirs", {});
    await createAs(site, "operator", { path: configMaps, object: theirs });
    const uid = await uidOf(site, `${configMaps}/theirs`);
    await createAs(site, "operator", { path: configMaps, object: owned(theirs, uid) });
    await drop();
    expect(await dataOf(site, "shared")).toEqual({ k: "1" });
    expect(site.report("web")?.message).toContain("managed by ConfigMap theirs too");

    const own = await uidOf(site, `${configMaps}/other`);
    const { metadata } = owned(other, own);
    await site.mirror.commit({ s1: { web: [shared, other] } });
    await site.settled("web");
    await site.cluster.put(path, { metadata: { ownerReferences: metadata["ownerReferences"] } });
    await site.mirror.commit({ s1: { web: [other] } });
    await site.settled("web");
    await gone(site, path);
  });

  it.each([
    { how: "made by somebody", make: createAs, name: "made", to: "" },
    { how: "applied by another tool", make: applyAs, name: "applied", to: "/applied" },
  ])(
    "AC-01: Karmada #6362, #4999, #3444: shares a Namespace that stands already, $how, and names who is in its way",
    async ({ make, name, to }) => {
      const all = "/api/v1/namespaces";
      const own = `${all}/${name}`;
      const labelled = (labels: Record<string, string>): KubeObject => {
        const made = namespaceOf(name);
        return { ...made, metadata: { ...made.metadata, labels } };
      };
      const labels = async () => (await metadataOf(site, own))["labels"];
      await make(site, "their-tool", {
        path: `${all}${to}`,
        object: labelled({ team: "a", tier: "1" }),
      });
      const uid = await uidOf(site, own);
      const inner = (k: string) => configMap("inner", { k }, name);
      await site.mirror.commit({ s1: { web: [labelled({ env: "prod" }), inner("1")] } });
      site.start();
      await site.settled("web");
      expect(await labels()).toMatchObject({ team: "a", tier: "1", env: "prod" });

      await site.mirror.commit({ s1: { web: [labelled({ env: "prod", team: "b" }), inner("2")] } });
      const { message } = await told(site, "web", `Namespace ${name} at site s1`);
      expect(message).toContain("their-tool");
      expect(message).toContain(".metadata.labels.team");
      expect(await labels()).toMatchObject({ team: "a", tier: "1", env: "prod" });
      expect(await uidOf(site, own)).toBe(uid);
      await site.cluster.remove(own);
    },
  );

  it("AC-01: lets go of a namespace with what another tool applies in it", async () => {
    const space = namespaceOf("both");
    const inner = configMap("inner", { k: "1" }, "both");
    const inside = "/api/v1/namespaces/both/configmaps/inner";
    await createAs(site, "admin", { path: "/api/v1/namespaces", object: space });
    await applyAs(site, "other-tool", { path: inside, object: inner });
    await site.mirror.commit({ s1: { web: [space, inner, other] } });
    site.start();
    await site.settled("web");
    await site.mirror.commit({ s1: { web: [other] } });
    await site.settled("web");

    const { body } = await site.cluster.get("/api/v1/namespaces/both");
    expect(body["status"]).toEqual({ phase: "Active" });
    expect(JSON.stringify(body["metadata"])).not.toContain("demo/web");
    expect((await site.cluster.get(inside)).body["data"]).toEqual({ k: "1" });
    await site.cluster.remove("/api/v1/namespaces/both");
  });

  it.each([
    {
      what: "kubectl has made",
      before: () =>
        createAs(site, "kubectl-client-side-apply", { path: configMaps, object: shared }),
    },
    { what: "kubectl has applied since", since: () => applyShared("kubectl", shared) },
    {
      what: "a controller has edited",
      since: () => site.cluster.put(path, { data: { more: "1" } }),
    },
    {
      what: "another tool has applied and given up",
      before: () => applyShared("old-tool", shared),
      since: () => applyShared("old-tool", without(shared)),
    },
    {
      what: "another tool only holds by a finalizer",
      since: async () => {
        const finalizers = ["example.org/hold"];
        const metadata = { ...shared.metadata, finalizers };
        await applyShared("finalizing-tool", { ...without(shared), metadata });
        await site.mirror.commit({ s1: { web: [other] } });
        await eventually(
          "it goes",
          async () => (await metadataOf(site, path))["deletionTimestamp"],
        );
        await site.cluster.put(path, { metadata: { finalizers: null } });
      },
    },
  ])("AC-01: deletes what $what: that is the app's alone", async ({ before, since }) => {
    await before?.();
    await drop(since);

    await gone(site, path);
    expect(site.report("web")?.message).toBe("");
  });

  it("AC-01: deletes what was taken over by the annotation, though the other tool had applied it", async () => {
    const taken = annotated(shared, { "flotilla.dev/take-over": "argocd-controller" });
    await applyShared("argocd-controller", shared);
    await site.mirror.commit({ s1: { web: [taken, other] } });
    site.start();
    expect((await site.settled("web")).message).toBe("");
    await site.mirror.commit({ s1: { web: [other] } });
    await site.settled("web");

    await gone(site, path);
  });

  it("AC-01: deletes what came from another app, or from an app that had let go of it", async () => {
    const kept = annotated(shared, { "flotilla.dev/prune": "keep" });
    await site.mirror.commit({ s1: { first: [kept, configMap("f", {})], second: [other] } });
    site.start();
    await site.settled("first");
    await site.mirror.commit({ s1: { first: [configMap("f", {})], second: [other] } });
    await eventually(
      "it is let go of",
      async () => !JSON.stringify(await metadataOf(site, path)).includes("demo/first"),
    );
    await stands(site, path);
    await site.mirror.commit({ s1: { first: [configMap("f", {})], second: [other, shared] } });
    expect((await site.settled("second")).message).toBe("");
    await site.cluster.put(path, { metadata: { annotations: { "flotilla.dev/prune": null } } });
    await site.mirror.commit({ s1: { first: [configMap("f", {})], second: [other] } });
    await site.settled("second");

    await gone(site, path);
  });

  it("AC-01: lets go of what it had applied as kept where what was written is lost and somebody took the word off", async () => {
    const kept = annotated(shared, { "flotilla.dev/prune": "keep" });
    await site.mirror.commit({ s1: { first: [kept, configMap("f", {})] } });
    site.start();
    await site.settled("first");
    await site.stop();
    await rm(site.stateDir, { recursive: true });
    await site.cluster.put(path, { metadata: { annotations: { "flotilla.dev/prune": null } } });
    await site.mirror.commit({ s1: { first: [configMap("f", {})] } });
    site.start();
    await site.settled("first");
    await eventually(
      "it is let go of",
      async () => !JSON.stringify(await metadataOf(site, path)).includes("demo/first"),
    );

    expect(await dataOf(site, "shared")).toEqual({ k: "1" });
  });

  it("AC-01: takes nothing from what another tool has made in the place of an object of the app", async () => {
    const web = { s1: { web: [configMap("a", { k: "ours" }), configMap("b", {})] } };
    await site.mirror.commit(web, { driftIntervalMs: 300 });
    site.start();
    await site.settled("web");
    // Within one request of the worker, so that it never sees the object gone.
    site.cluster.proxy.fail({ kind: "status", status: 503 }, { method: "PATCH" });
    await site.cluster.remove(`${configMaps}/a`);
    const theirs = configMap("a", { k: "theirs" });
    await createAs(site, "helm", { path: configMaps, object: theirs });
    site.cluster.proxy.heal();
    const report = await told(site, "web", "manager helm owns .data.k");

    expect(report.message).toContain("ConfigMap default/a at site s1");
    expect(report.sync).toBe("OutOfSync");
    expect(await dataOf(site, "a")).toEqual({ k: "theirs" });
    expect(JSON.stringify(await metadataOf(site, `${configMaps}/a`))).not.toContain("demo/web");
  });

  it("AC-01: repairs what was brought back from a copy: it says itself that it is the app's", async () => {
    const web = { s1: { web: [configMap("a", { k: "1" }), configMap("b", {})] } };
    await site.mirror.commit(web, { driftIntervalMs: 300 });
    site.start();
    await site.settled("web");
    const { annotations, labels } = await metadataOf(site, `${configMaps}/a`);
    site.cluster.proxy.fail({ kind: "status", status: 503 }, { method: "PATCH" });
    await site.cluster.remove(`${configMaps}/a`);
    const copy = configMap("a", { k: "old" });
    const metadata = { ...copy.metadata, annotations, labels } as KubeObject["metadata"]; // as it was
    await createAs(site, "restore", { path: configMaps, object: { ...copy, metadata } });
    site.cluster.proxy.heal();
    await eventually("it is repaired", async () => {
      return JSON.stringify(await dataOf(site, "a")) === '{"k":"1"}';
    });

    expect((await site.settled("web")).message).toBe("");
  });

  it("AC-01: lets go of what it orphans so that whoever applies it next meets no conflict with the app", async () => {
    await site.mirror.commit({ s1: { web: [shared] } });
    site.start();
    await site.settled("web");
    await site.mirror.commit({ s1: { web: { verb: "orphan", release: "r2", expected: 1 } } });
    await eventually("it has left", () => site.report("web")?.left);
    expect(await dataOf(site, "shared")).toEqual({ k: "1" });
    const answer = await applyShared("kubectl", configMap("shared", { k: "2" }));

    expect(answer.status).toBe(200);
    expect(await dataOf(site, "shared")).toEqual({ k: "2" });
    expect(await managers()).not.toContain("flotilla/web");
  });

  it("AC-01: orphans whatever the mirror's past says, also where what was written is lost", async () => {
    await site.mirror.commit({ s1: { first: [shared] } });
    site.start();
    await site.settled("first");
    await site.stop();
    await rm(site.stateDir, { recursive: true });
    const { store } = site.mirror;
    const trailers = { epoch: 1, control: "0".repeat(40), sites: 1, objects: 1, changes: [] };
    await store.commitChanges({
      ref: mirrorBranch,
      parent: await store.resolve(mirrorBranch),
      changes: [{ path: "sites/s1/first/folder/a", content: "no tree of an app has one" }],
      message: `broken\n\n${formatTrailers(trailers)}`,
      author: "test",
      at: 1_760_000_000_000,
    });
    await site.mirror.commit({ s1: { first: { verb: "orphan", release: "r2", expected: 1 } } });
    site.start();
    await eventually("it has left", () => site.report("first")?.left);

    await stands(site, path);
    expect(JSON.stringify(await metadataOf(site, path))).not.toContain("demo/first");
  });
}
