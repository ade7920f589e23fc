/** The rules of fields that a release drops and others have too: kubectl's go, all others are told. */
import { expect, it } from "vitest";
import type { KubeObject } from "../../../src/core/model/kube-object.ts";
import type { TestSite } from "../../support/kube-site.ts";
import { configMap, deployment, eventually } from "../../support/kube-worker.ts";
import { applyAs, configMaps, createAs, dataOf, deployments, sent, told } from "./rule-site.ts";

const driftIntervalMs = 400;
const both = configMap("a", { k: "1", old: "1" });
const fewer = configMap("a", { k: "2" });
const kept = (manager: string): string =>
  `ConfigMap default/a keeps what is no longer in Git: manager ${manager} owns .data.old`;

/** One more container, with a probe and a port. */
function withSidecar(): KubeObject {
  const web = deployment("web", "web:1") as KubeObject & { spec: Pods };
  const httpGet = { path: "/", port: 80 };
  const sidecar = { name: "sidecar", image: "sidecar:1", ports: [{ containerPort: 80 }] };
  web.spec.template.spec.containers.push({ ...sidecar, livenessProbe: { httpGet } });
  return web;
}

interface Pods {
  template: { spec: { containers: Record<string, unknown>[] } };
}

export function droppedRules(site: TestSite): void {
  const containers = async () => {
    const { body } = await site.cluster.get(`${deployments}/web`);
    return (body as { spec?: Pods }).spec?.template.spec.containers ?? [];
  };
  const removals = () =>
    site.cluster.proxy.requests().filter(({ query }) => query === "?fieldManager=flotilla");
  const stand = async (object: KubeObject): Promise<void> => {
    await site.mirror.commit({ s1: { web: [object] } }, { driftIntervalMs });
    site.start();
    await site.settled("web");
  };
  const release = async (object: KubeObject): Promise<void> => {
    await site.mirror.commit({ s1: { web: [object] } }, { driftIntervalMs });
    await site.settled("web");
  };

  it("AC-02: removes a container that a release drops, though the object was made by kubectl create", async () => {
    await createAs(site, "kubectl-create", { path: deployments, object: withSidecar() });
    await stand(withSidecar());
    await release(deployment("web", "web:1"));

    expect((await containers()).map(({ name }) => name)).toEqual(["main"]);
    expect(site.report("web")?.message).not.toContain("no longer in Git");
  });

  it.each(["kubectl", "kubectl-edit", "kubectl-client-side-apply", "before-first-apply"])(
    "AC-02: removes what a release drops where %s has it too, by one more write",
    async (manager) => {
      await stand(both);
      const path = `${configMaps}/a`;
      if (manager === "kubectl") await applyAs(site, manager, { path, object: both });
      else if (manager === "before-first-apply")
        await site.cluster.put(path, { metadata: { managedFields: [{}] } });
      else await site.cluster.put(`${path}?fieldManager=${manager}`, { data: { old: null } });
      if (manager.startsWith("kubectl-"))
        await site.cluster.put(`${path}?fieldManager=${manager}`, { data: { old: "1", own: "1" } });
      await site.stop();
      site.cluster.proxy.forget();
      await site.mirror.commit({ s1: { web: [fewer] } });
      site.start();
      await eventually("it is released", async () => {
        const data = (await dataOf(site, "a")) as Record<string, string>;
        return data["k"] === "2" && !("old" in data);
      });
      await site.settled("web");

      const own = manager.startsWith("kubectl-") ? { own: "1" } : {};
      expect(await dataOf(site, "a")).toEqual({ k: "2", ...own });
      expect(site.report("web")).toMatchObject({ sync: "Synced", message: "" });
      expect(removals()).toHaveLength(1);
    },
  );

  it.each(["Update", "Apply"])(
    "AC-02: tells what a release drops and another tool has too (%s), until it is gone",
    async (operation) => {
      const tool = operation === "Apply" ? "other-tool" : "argocd-controller";
      if (operation === "Update") await createAs(site, tool, { path: configMaps, object: both });
      else await applyAs(site, tool, { path: `${configMaps}/a`, object: both });
      await stand(configMap("a", { k: "1", old: "1" }));
      await site.mirror.commit({ s1: { web: [configMap("a", { k: "1" })] } }, { driftIntervalMs });
      await told(site, "web", kept(tool));
      await site.settled("web");
      expect(await dataOf(site, "a")).toEqual({ k: "1", old: "1" });
      expect(site.report("web")?.sync).toBe("Synced");

      const more = configMap("a", { k: "1", more: "1" });
      await release(more);
      expect(site.report("web")?.message).toContain(kept(tool));
      await site.cluster.put(`${configMaps}/a?fieldManager=${tool}`, { data: { old: null } });
      await eventually("it is told no more", () => {
        return site.report("web")?.message.includes("no longer in Git") === false;
      });
      expect(await dataOf(site, "a")).toEqual({ k: "1", more: "1" });
    },
  );

  it("AC-02: tells after a restart, too, what a release has dropped and another tool has, until it is gone", async () => {
    const tool = "argocd-controller";
    await createAs(site, tool, { path: configMaps, object: both });
    await stand(configMap("a", { k: "1", old: "1" }));
    await site.mirror.commit({ s1: { web: [configMap("a", { k: "1" })] } }, { driftIntervalMs });
    await told(site, "web", kept(tool));
    await site.settled("web");
    await site.stop();
    site.start();

    await release(configMap("a", { k: "1", more: "1" }));
    expect(site.report("web")?.message).toContain(kept(tool));
    await site.cluster.put(`${configMaps}/a?fieldManager=${tool}`, { data: { old: null } });
    await eventually("it is told no more", () => {
      return site.report("web")?.message.includes("no longer in Git") === false;
    });
    await site.stop();
    site.start();
    await release(configMap("a", { k: "2", more: "1" }));
    expect(site.report("web")?.message).toBe("");
  });

  it("AC-02: removes nothing that Git has, though kubectl takes it while a release drops something else", async () => {
    const path = `${configMaps}/a`;
    const object = configMap("a", { k: "1", old: "1", n: "9" });
    await createAs(site, "kubectl-create", { path: configMaps, object });
    await site.mirror.commit({ s1: { web: [object] } });
    site.start();
    await site.settled("web");
    // So that the removal is still on its way when somebody edits the object.
    site.cluster.proxy.fail({ kind: "slow", delayMs: 1500 }, { method: "PATCH", path });
    await site.mirror.commit({ s1: { web: [configMap("a", { k: "2", n: "9" })] } });
    await eventually("it is applied", async () => {
      return ((await dataOf(site, "a")) as Record<string, string>)["k"] === "2";
    });
    await site.cluster.put(`${path}?fieldManager=kubectl-edit`, { data: { n: "10" } });
    await eventually("what was dropped is removed", async () => {
      return !("old" in ((await dataOf(site, "a")) as object));
    });

    expect(await dataOf(site, "a")).toEqual({ k: "2", n: "10" });
  });

  it("AC-02: asks nothing more of what a release drops and nobody else has", async () => {
    await stand(both);
    await site.cluster.put(`${configMaps}/a?fieldManager=kubectl-edit`, { data: { own: "1" } });
    await site.stop();
    site.cluster.proxy.forget();
    await site.mirror.commit({ s1: { web: [fewer] } });
    site.start();
    await eventually("it is released", async () => {
      return ((await dataOf(site, "a")) as Record<string, string>)["k"] === "2";
    });
    await site.settled("web");

    expect(await dataOf(site, "a")).toEqual({ k: "2", own: "1" });
    expect(sent(site).filter((one) => one === `PATCH ${configMaps}/a`)).toHaveLength(1);
    expect(removals()).toEqual([]);
  });
}
