/** What a worker says of the difference between a site's live objects and its mirror, at real API servers. */
import { describe, expect, it } from "vitest";
import type { ObjectComparison } from "../../src/core/protocol/site-diff.ts";
import { useTestSite } from "../support/kube-site.ts";
import { configMap, deployment, eventually } from "../support/kube-worker.ts";

const configMaps = "/api/v1/namespaces/default/configmaps";
const secret = (data: Readonly<Record<string, string>>) => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "s", namespace: "default" },
  stringData: data,
});

describe("the difference at a real cluster", { timeout: 60_000 }, () => {
  const site = useTestSite();
  const objectsOf = async (app = "web"): Promise<readonly ObjectComparison[]> => {
    await eventually("the worker listens", () => site.mirror.last()?.head);
    return (await site.mirror.ask("s1", app)).apps.flatMap(({ objects }) => objects);
  };

  it("is none where all is as it was applied, whatever is defaulted, equal or others' own", async () => {
    await site.mirror.commit({
      s1: { web: [configMap("a", { k: "1" }), deployment("web", "w:1")] },
    });
    site.start();
    await site.settled("web");
    await site.cluster.put(`${configMaps}/a`, {
      data: { theirs: "x" },
      metadata: { annotations: { note: "theirs" } },
    });

    const [app] = (await site.mirror.ask("s1")).apps;
    expect(app).toEqual({ app: "web", compared: 2, objects: [] });
  });

  const keep = { name: "kept", annotations: { "helm.sh/resource-policy": "keep" } };
  const kept = {
    ...configMap("kept", {}),
    metadata: { ...configMap("kept", {}).metadata, ...keep },
  };

  it("names field, both values and who changed it, writes nothing, and tells what is missing or to be pruned", async () => {
    const old = [configMap("a", { k: "1" }), configMap("b", {}), configMap("old", {}), kept];
    await site.mirror.commit({ s1: { web: [...old, deployment("web", "w:1")] } });
    site.start();
    await site.settled("web");
    site.kubelet.setScript([{ outcome: "crashing", match: { image: "w:2" } }]);
    await site.mirror.commit({
      s1: { web: [configMap("a", { k: "1" }), configMap("b", {}), deployment("web", "w:2")] },
    });
    await eventually("what was dropped waits", () =>
      site.report("web")?.message.includes("pruned"),
    );
    await site.cluster.api.request(`${configMaps}/a?fieldManager=somebody`, {
      method: "PATCH",
      body: { data: { k: "edited", extra: "mine" } },
      contentType: "application/merge-patch+json",
    });
    await site.cluster.remove(`${configMaps}/b`);
    site.cluster.proxy.forget();
    const objects = await objectsOf();

    expect(objects.map(({ object, state }) => [object, state])).toEqual([
      ["ConfigMap default/a", "differs"],
      ["ConfigMap default/b", "missing"],
      ["ConfigMap default/kept", "extra"],
      ["ConfigMap default/old", "extra"],
    ]);
    expect(objects[0]?.fields).toEqual([
      { field: ".data.k", live: '"edited"', desired: '"1"', hidden: false, managers: ["somebody"] },
    ]);
    expect(objects[2]?.reason).toBe("would be let go of: it says that it is to stay");
    expect(objects[3]?.reason).toBe("would be pruned once the app is healthy");
    expect((await site.cluster.get(`${configMaps}/a`)).body["data"]).toEqual({
      k: "edited",
      extra: "mine",
    });
    expect((await site.cluster.get(`${configMaps}/b`)).status).toBe(404);
  });

  it("tells that a secret value differs, and never the value", async () => {
    const names = ["DB_PASS", "DB_PASSWORD", "ENCRYPTION_KEY", "MYSQL_PWD"];
    const env = names.map((name) => ({ name, value: "hunter-two-old" }));
    const withEnv = (image: string) => {
      const made = JSON.parse(JSON.stringify(deployment("web", image))) as ReturnType<
        typeof deployment
      >;
      const text = JSON.stringify(made).replace(
        '"name":"main"',
        `"name":"main","env":${JSON.stringify(env)}`,
      );
      return JSON.parse(text) as ReturnType<typeof deployment>;
    };
    await site.mirror.commit({
      s1: {
        web: [
          secret({ pin: "4711-canary-old" }),
          configMap("a", { password: "canary-old-word", url: "http://u:canary-old@h/" }),
          withEnv("w:1"),
        ],
      },
    });
    site.start();
    await site.settled("web");
    await site.cluster.put("/api/v1/namespaces/default/secrets/s", {
      stringData: { pin: "4711-canary-new" },
    });
    await site.cluster.put(`${configMaps}/a`, {
      data: { password: "canary-new-word", url: "http://u:canary-new@h/" },
    });
    const edited = names.map((name) => ({ name, value: "canary-new-env" }));
    const containers = [{ name: "main", env: edited }];
    await site.cluster.api.request("/apis/apps/v1/namespaces/default/deployments/web", {
      method: "PATCH",
      body: { spec: { template: { spec: { containers } } } },
      contentType: "application/strategic-merge-patch+json",
    });
    const objects = await objectsOf();

    const fields = objects.flatMap((each) => each.fields);
    expect(fields.map(({ field, hidden }) => [field, hidden])).toEqual([
      [".data.password", true],
      [".data.url", true],
      [".data.pin", true],
      ...names.map((name) => [
        `.spec.template.spec.containers[name="main"].env[name="${name}"].value`,
        true,
      ]),
    ]);
    expect(JSON.stringify(objects)).not.toMatch(/canary|hunter|NDcxMS/);
  });

  it("says who holds fields that it may not take", async () => {
    const applyAs = (manager: string, name: string) =>
      site.cluster.api.request(`${configMaps}/${name}?fieldManager=${manager}`, {
        method: "PATCH",
        body: configMap(name, { k: "theirs" }),
        contentType: "application/apply-patch+yaml",
      });
    await applyAs("other-tool", "a");
    await applyAs("kubectl", "b");
    await site.mirror.commit({ s1: { cfg: [configMap("z", {})] } });
    site.start();
    await site.settled("cfg");
    await site.mirror.commit({
      s1: {
        cfg: [configMap("z", {})],
        web: [configMap("a", { k: "ours" }), configMap("b", { k: "ours" })],
      },
    });
    await eventually("the conflict is told", () =>
      site.report("web")?.message.includes("other-tool"),
    );
    const [a] = await objectsOf();

    expect(a).toMatchObject({ object: "ConfigMap default/a", state: "conflict", adopts: true });
    expect(a?.claims).toEqual([{ field: ".data.k", manager: "other-tool", verdict: "conflict" }]);
  });

  it("says what stays of what a release has dropped, and who has it, and that this is no difference", async () => {
    await site.cluster.api.request(`${configMaps}?fieldManager=argocd-controller`, {
      method: "POST",
      body: configMap("a", { k: "1", old: "1" }),
    });
    await site.mirror.commit({ s1: { web: [configMap("a", { k: "1", old: "1" })] } });
    site.start();
    await site.settled("web");
    expect((await objectsOf()).map(({ state, reason }) => [state, reason])).toEqual([["same", ""]]);
    await site.mirror.commit({ s1: { web: [configMap("a", { k: "1" })] } });
    const words = "keeps what is no longer in Git: manager argocd-controller owns .data.old";
    await eventually("it is told", () => site.report("web")?.message.includes(words));
    await site.settled("web");
    const [a] = await objectsOf();

    expect(a).toMatchObject({ object: "ConfigMap default/a", state: "same", fields: [] });
    expect(a?.reason).toBe(words);
  });

  it("is refused, with the reason, for a site that does not answer and an app that is not there", async () => {
    await site.mirror.commit({ s1: { web: [configMap("a", {})] } });
    site.start();
    await site.settled("web");

    await expect(site.mirror.ask("s1", "none")).rejects.toThrow(
      /NOT_FOUND.*no app none has been handed over to site s1/,
    );
    await expect(site.mirror.ask("s9")).rejects.toThrow("NOT_FOUND");
    site.cluster.proxy.fail({ kind: "refuse" });
    await eventually("it is offline", () => site.mirror.site("s1")?.reachable === false);
    await expect(site.mirror.ask("s1")).rejects.toThrow(/CLUSTER_UNREACHABLE.*s1/);

    site.cluster.proxy.heal();
    await eventually("it is back", () => site.mirror.site("s1")?.reachable);
    expect(await objectsOf()).toEqual([]);
  });
});
