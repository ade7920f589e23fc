/** Objects that say so themselves are deleted and made anew where a release changes what cannot be changed. */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import type { KubeObject } from "../../../src/core/model/kube-object.ts";
import type { TestSite } from "../../support/kube-site.ts";
import { configMap, deployment, eventually } from "../../support/kube-worker.ts";
import { spawnWorker } from "./crash-rules.ts";
import {
  applyAs,
  configMaps,
  dataOf,
  deployments,
  leaving,
  object,
  told,
  uidOf,
} from "./rule-site.ts";
import { unchangeable } from "./unchangeable.ts";

const recreate = { "flotilla.dev/immutable": "recreate" };

function annotated(from: KubeObject, annotations: Readonly<Record<string, string>>): KubeObject {
  return { ...from, metadata: { ...from.metadata, annotations } };
}

function fixed(k: string, annotations: Readonly<Record<string, string>> = {}): KubeObject {
  return annotated({ ...configMap("fixed", { k }), immutable: true }, annotations);
}

export function anewRules(site: TestSite): void {
  /** None of those that came too late: the status was written between the look and the deletion. */
  const deletes = (): number =>
    site.cluster.proxy.requests({ method: "DELETE" }).filter(({ status }) => status !== 409).length;
  const commit = (one: KubeObject) => site.mirror.commit({ s1: { web: [one] } });
  /** What stands in the mirror by now, and not what an earlier report says. */
  const isApplied = async (): Promise<void> => {
    const tree = await site.treeOf("web");
    const stands = (): boolean =>
      site.report("web")?.sync === "Synced" && site.report("web")?.tree === tree;
    await eventually("it is applied", stands, 30_000);
  };
  const begin = async (one: KubeObject, path: string): Promise<unknown> => {
    await commit(one);
    site.start();
    await isApplied();
    site.cluster.proxy.forget();
    return uidOf(site, path);
  };
  const leave = async (): Promise<void> => {
    await site.mirror.commit({ s1: { web: leaving(1) } });
    await eventually("it has left", () => site.report("web")?.left, 30_000);
  };
  /** What stands a while after a refusal was told, and how much was deleted. */
  const refused = async (path: string, text = "cannot be changed") => {
    await told(site, "web", text);
    await sleep(500);
    return { uid: await uidOf(site, path), deleted: deletes() };
  };

  it.each(unchangeable)(
    "AC-05: makes an object anew whose $what changes, where it says so in both versions",
    async ({ before, after, path }) => {
      const uid = await begin(annotated(before, recreate), path);
      await commit(annotated(after, recreate));
      await isApplied();

      expect(await uidOf(site, path)).not.toBe(uid);
      expect(deletes()).toBe(1);
      // There and back: nothing is left to be done, and a change of what can be changed deletes nothing.
      await commit(annotated(after, { ...recreate, note: "changed" }));
      const again = await uidOf(site, path);
      await isApplied();
      expect(await uidOf(site, path)).toBe(again);
      expect(deletes()).toBe(1);
      await leave();
    },
  );

  it("AC-05: looks once more where the object is written to between the look and the deletion", async () => {
    const path = `${deployments}/fixed`;
    const before = deployment("fixed", "web:1");
    const uid = await begin(annotated(before, recreate), path);
    const requests = () => site.cluster.proxy.requests({ method: "DELETE" });
    site.cluster.proxy.fail({ kind: "slow", delayMs: 2_000 }, { method: "DELETE", times: 1 });
    const selector = { matchLabels: { app: "other" } };
    const template = { metadata: { labels: { app: "other" } } };
    const spec = before["spec"] as { template: object };
    const after = {
      ...before,
      spec: { ...spec, selector, template: { ...spec.template, ...template } },
    };
    await commit(annotated(after, recreate));
    await eventually("it is about to be deleted", () => requests().length === 1);
    const conditions = [{ type: "Progressing", status: "Unknown", reason: "Looked" }];
    expect((await site.cluster.put(`${path}/status`, { status: { conditions } })).status).toBe(200);
    await isApplied();

    expect(requests().map(({ status }) => status)).toEqual([409, 200]);
    expect(await uidOf(site, path)).not.toBe(uid);
    await leave();
  });

  it.each([
    { step: "the change", at: 1 },
    { step: "the deletion", at: 2 },
    { step: "the new object", at: 3 },
  ])("AC-05: makes an object anew once, though it is killed before $step", async ({ at }) => {
    const path = `${configMaps}/fixed`;
    const uid = await begin(fixed("1", recreate), path);
    await site.stop();
    await commit(fixed("2", recreate));
    const child = spawnWorker(site, { at, object: "fixed", signal: "SIGKILL" });
    await once(child, "exit");
    expect(deletes()).toBe(at === 3 ? 1 : 0);
    site.start();
    await site.settled("web");

    expect(await dataOf(site, "fixed")).toEqual({ k: "2" });
    expect(await uidOf(site, path)).not.toBe(uid);
    expect(deletes()).toBe(1);
    await leave();
  });

  it("AC-05: makes nothing anew by a word that comes with the change itself, or that was taken back by it", async () => {
    const path = `${configMaps}/fixed`;
    const uid = await begin(fixed("1"), path);
    await commit(fixed("2", recreate));
    expect(await refused(path)).toEqual({ uid, deleted: 0 });
    await commit(fixed("1", recreate));
    await site.settled("web");
    site.cluster.proxy.forget();
    await commit(fixed("2"));
    expect(await refused(path)).toEqual({ uid, deleted: 0 });
    await leave();
  });

  it.each([
    { what: "is kept", annotations: { ...recreate, "flotilla.dev/prune": "keep" } },
    { what: "is protected", annotations: { ...recreate, "flotilla.dev/protect": "true" } },
    { what: "says another word", annotations: { "flotilla.dev/immutable": "replace" } },
  ])("AC-05: makes nothing anew that $what", async ({ annotations }) => {
    const path = `${configMaps}/fixed`;
    const uid = await begin(fixed("1", annotations), path);
    await commit(fixed("2", annotations));
    expect(await refused(path)).toEqual({ uid, deleted: 0 });
    await site.stop();
    await site.cluster.remove(path);
  });

  it("AC-05: makes nothing anew that another tool applies too", async () => {
    const path = `${configMaps}/fixed`;
    const uid = await begin(fixed("1", recreate), path);
    const { apiVersion, kind, metadata } = fixed("1");
    const label = { apiVersion, kind, metadata: { ...metadata, labels: { theirs: "1" } } };
    await applyAs(site, "other-tool", { path, object: label });
    await commit(fixed("2", recreate));
    expect(await refused(path)).toEqual({ uid, deleted: 0 });
    await site.stop();
    await site.cluster.remove(path);
  });

  it("AC-05: makes no StatefulSet anew that has claims", async () => {
    const path = "/apis/apps/v1/namespaces/default/statefulsets/claims";
    const uid = await begin(claiming("one"), path);
    await commit(claiming("two"));
    expect(await refused(path)).toEqual({ uid, deleted: 0 });
  });

  it("AC-05: deletes nothing where the new object would not be taken", async () => {
    const path = `${deployments}/fixed`;
    const before = annotated(deployment("fixed", "web:1"), recreate);
    const uid = await begin(before, path);
    const selector = { matchLabels: { app: "nobody-has-this" } };
    const spec = { ...(before["spec"] as object), selector };
    await commit({ ...before, spec });
    expect(await refused(path, "would not be taken if it were made anew")).toEqual({
      uid,
      deleted: 0,
    });
    await leave();
  });

  it("AC-05: makes nothing anew that is immutable at the cluster alone: no release has counted that", async () => {
    const path = `${configMaps}/fixed`;
    const open = (k: string): KubeObject => annotated(configMap("fixed", { k }), recreate);
    const uid = await begin(open("1"), path);
    const body = { immutable: true };
    const patched = await site.cluster.api.request(`${path}?fieldManager=somebody`, {
      method: "PATCH",
      body,
      contentType: "application/merge-patch+json",
    });
    expect(patched.status).toBe(200);
    await commit(open("2"));
    expect(await refused(path)).toEqual({ uid, deleted: 0 });
    await site.stop();
    await site.cluster.remove(path);
  });

  it("AC-05: brings the version before back where the new one could not take its place yet", async () => {
    const path = `${configMaps}/fixed`;
    const held = (k: string): KubeObject => fixed(k, recreate);
    const policies = { web: { drift: "report" as const, ignored: [] } };
    const finalizers = (list: readonly string[]) =>
      site.cluster.api.request(`${path}?fieldManager=somebody`, {
        method: "PATCH",
        body: { metadata: { finalizers: list } },
        contentType: "application/merge-patch+json",
      });
    await site.mirror.commit({ s1: { web: [held("1")] } }, { policies });
    site.start();
    await site.settled("web");
    const uid = await uidOf(site, path);
    expect((await finalizers(["example.com/hold"])).status).toBe(200);
    await site.mirror.commit({ s1: { web: [held("2")] } }, { policies });
    await told(site, "web", "being deleted");
    await site.mirror.commit({ s1: { web: [held("1")] } }, { policies });
    await sleep(500);
    expect((await finalizers([])).status).toBe(200);
    await site.settled("web");

    expect(await dataOf(site, "fixed")).toEqual({ k: "1" });
    expect(await uidOf(site, path)).not.toBe(uid);
    await leave();
  });

  it("AC-05: makes an object anew of an app that is atomic", async () => {
    const path = `${configMaps}/fixed`;
    const policies = { web: { drift: "correct" as const, ignored: [], atomic: true } };
    await site.mirror.commit({ s1: { web: [fixed("1", recreate)] } }, { policies });
    site.start();
    await site.settled("web");
    const uid = await uidOf(site, path);
    await site.mirror.commit({ s1: { web: [fixed("2", recreate)] } }, { policies });
    await site.settled("web");

    expect(await dataOf(site, "fixed")).toEqual({ k: "2" });
    expect(await uidOf(site, path)).not.toBe(uid);
    await leave();
  });

  it("AC-05: does not make anew what somebody else has put in its place", async () => {
    const path = `${configMaps}/fixed`;
    await begin(fixed("1", recreate), path);
    await site.cluster.remove(path);
    const made = await site.cluster.api.request(configMaps, {
      method: "POST",
      body: fixed("theirs", recreate),
    });
    expect(made.status).toBe(201);
    const uid = await uidOf(site, path);
    site.cluster.proxy.forget();
    await commit(fixed("2", recreate));
    // What it had in the one before says nothing of this one: its fields are not to be taken, let alone deleted.
    expect(await refused(path, "ConfigMap default/fixed")).toEqual({ uid, deleted: 0 });
    expect(await dataOf(site, "fixed")).toEqual({ k: "theirs" });
    await site.stop();
    await site.cluster.remove(path);
  });
}

function claiming(serviceName: string): KubeObject {
  const labels = { app: "claims" };
  const claim = {
    metadata: { name: "data" },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
  };
  const set = object("apps/v1", "StatefulSet", {
    name: "claims",
    spec: {
      serviceName,
      replicas: 0,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "main", image: "set:1" }] } },
      volumeClaimTemplates: [claim],
    },
  });
  return annotated(set, recreate);
}
