/** The rules of pruning: what an app has dropped and that is still needed, or says that it is to stay. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import type { JsonObject } from "../../../src/core/model/json.ts";
import type { KubeObject } from "../../../src/core/model/kube-object.ts";
import type { TestSite } from "../../support/kube-site.ts";
import { configMap, eventually } from "../../support/kube-worker.ts";
import {
  configMaps,
  deployments,
  gone,
  leaving,
  metadataOf,
  object,
  stands,
  told,
} from "./rule-site.ts";

const older = "no pod of an older template runs";
const statefulSets = "/apis/apps/v1/namespaces/default/statefulsets";

/** A workload of one version, and the configuration that its pods mount. */
function version(kind: string, number: string, spec: JsonObject = {}): KubeObject[] {
  const volumes = [{ name: "c", configMap: { name: `settings-${number}` } }];
  const containers = [{ name: "main", image: `web:${number}` }];
  const labels = { app: "web" };
  const template = { metadata: { labels }, spec: { containers, volumes } };
  const selector = { matchLabels: labels };
  return [
    object("apps/v1", kind, { name: "web", spec: { selector, template, ...spec } }),
    configMap(`settings-${number}`, { k: number }),
  ];
}

export function keepingRules(site: TestSite): void {
  it("AC-11: keeps what pods of a paused rollout still mount, says so, and prunes it once they are gone", async () => {
    await site.mirror.commit({ s1: { web: version("Deployment", "1") } });
    site.start();
    await site.settled("web");
    await site.cluster.put(`${deployments}/web`, { spec: { paused: true } });
    await site.mirror.commit({ s1: { web: version("Deployment", "2") } });
    const report = await told(site, "web", `${older}: Deployment default/web: 1 of 1`);
    expect(report).toMatchObject({ sync: "OutOfSync", health: "Suspended" });
    expect(report.message).toContain("(its rollout is paused)");
    await sleep(500);
    await stands(site, `${configMaps}/settings-1`);

    await site.cluster.put(`${deployments}/web`, { spec: { paused: null } });
    await gone(site, `${configMaps}/settings-1`);
    expect((await site.settled("web")).message).toBe("");
  });

  it("AC-11: keeps what pods mount that a partition leaves as they are, until it lets them go", async () => {
    const web = (number: string, partition: number): KubeObject[] => {
      const updateStrategy = { type: "RollingUpdate", rollingUpdate: { partition } };
      return version("StatefulSet", number, { replicas: 2, serviceName: "web", updateStrategy });
    };
    await site.mirror.commit({ s1: { web: web("1", 1) } });
    site.start();
    await site.settled("web");
    await site.mirror.commit({ s1: { web: web("2", 1) } });
    await eventually("the rest is updated", () => site.report("web")?.health === "Healthy");
    await told(site, "web", `${older}: StatefulSet default/web: 1 of 2`);
    await sleep(500);
    await stands(site, `${configMaps}/settings-1`);

    await site.mirror.commit({ s1: { web: web("2", 0) } });
    await gone(site, `${configMaps}/settings-1`);
    expect((await site.settled("web")).message).toBe("");
  });

  it("AC-11: keeps what pods mount that only somebody's delete would update, until they are deleted", async () => {
    const web = (number: string): KubeObject[] =>
      version("StatefulSet", number, { serviceName: "web", updateStrategy: { type: "OnDelete" } });
    await site.mirror.commit({ s1: { web: web("1") } });
    site.start();
    await site.settled("web");
    await site.mirror.commit({ s1: { web: web("2") } });
    await told(site, "web", "1 of 1 (its updateStrategy is OnDelete)");
    await sleep(500);
    await stands(site, `${configMaps}/settings-1`);
    await stands(site, `${statefulSets}/web`);

    await site.cluster.remove("/api/v1/namespaces/default/pods/web-0");
    await gone(site, `${configMaps}/settings-1`);
    expect((await site.settled("web")).message).toBe("");
  });

  it.each([
    { where: "is dropped", next: [configMap("rest", {})] },
    { where: "leaves with its app", next: leaving(6) },
  ])(
    "AC-11: lets go of what says to Helm, Flux or Argo CD that it is to stay, where it $where, and says so",
    async ({ next }) => {
      const marks = {
        helm: { "helm.sh/resource-policy": "keep" },
        flux: { "kustomize.toolkit.fluxcd.io/prune": "disabled" },
        argo: { "argocd.argoproj.io/sync-options": "Replace=true,Prune=false" },
        taken: { "helm.sh/resource-policy": "keep" },
        other: { "argocd.argoproj.io/sync-options": "PruneLast=true" },
      };
      const marked = Object.entries(marks).map(([name, annotations]) => {
        const made = configMap(name, {});
        return { ...made, metadata: { ...made.metadata, annotations } };
      });
      await site.mirror.commit({ s1: { web: [...marked, configMap("rest", {})] } });
      site.start();
      await site.settled("web");
      const taken = { annotations: { "helm.sh/resource-policy": null } };
      await site.cluster.put(`${configMaps}/taken`, { metadata: taken });
      await site.mirror.commit({ s1: { web: next } });

      await gone(site, `${configMaps}/other`);
      const isDone = (): boolean => [0, 1].includes(site.report("web")?.objects ?? -1);
      expect(await eventually("nothing is left of it", isDone)).toBe(true);
      const said = "was let go of, not deleted: it says that it is to stay";
      const { message } = await told(site, "web", said);
      expect(message).toMatch(new RegExp(`ConfigMap default/(helm|flux|argo|taken) ${said}`));
      expect(message).not.toContain("default/other");
      for (const name of ["helm", "flux", "argo", "taken"]) {
        await stands(site, `${configMaps}/${name}`);
        expect(JSON.stringify(await metadataOf(site, `${configMaps}/${name}`))).not.toContain(
          "demo/web",
        );
      }
    },
  );
}
