/** What waits for what between apps: here the worker follows a controller that follows a fleet repository. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { emitYaml } from "../../../src/core/render/emit-yaml.ts";
import { commitFleet, type Files } from "../../support/controller-fleet.ts";
import { controllerBench } from "../../support/controller-process.ts";
import { startController } from "../../support/controller-world.ts";
import { appYaml, strategyYaml } from "../../support/fleet.ts";
import type { TestSite } from "../../support/kube-site.ts";
import { deployment, eventually } from "../../support/kube-worker.ts";
import { deployments, gone } from "./rule-site.ts";

const apps = ["db", "web"] as const;

/** Both apps in one version, a Deployment each. */
function inVersion(version: string): Files {
  const texts = apps.map((app) => [
    `manifests/${app}/deployment.yaml`,
    emitYaml(deployment(app, `${app}:${version}`)),
  ]);
  return Object.fromEntries(texts) as Files;
}

/** Site a1 alone, with both apps: `web` depends on `db`. */
const fleet: Files = {
  "sites/a2.yaml": null,
  "sites/b1.yaml": null,
  "sites/b2.yaml": null,
  "strategies/fast.yaml": strategyYaml("fast", {
    stages: [{ name: "all" }],
    soak: "0s",
    minReady: "0s",
  }),
  "apps/db.yaml": appYaml("db", { spec: { namespace: "default" } }),
  "apps/web.yaml": appYaml("web", { spec: { namespace: "default", dependsOn: ["db"] } }),
  "manifests/web/settings.yaml": null,
};

export function dependencyRules(site: TestSite): void {
  it("AC-15: brings an app only once what it depends on has come by the same commit and is healthy, and takes it away first", async () => {
    const bench = await controllerBench();
    const stall = (version: string): void =>
      site.kubelet.setScript([{ outcome: "stalled", match: { image: `db:${version}` } }]);
    stall("1");
    await commitFleet(bench.fleet, { ...fleet, ...inVersion("1") });
    const controller = await startController(bench);
    const { kubeconfigPath: kubeconfig } = site.cluster;
    site.start(
      {},
      {
        mirror: {
          url: `${controller.url}/mirrors/east.git`,
          tokenFile: bench.config.mirrors?.["east"]?.tokenFile ?? "",
        },
        sites: { a1: { kubeconfig, allowExec: false } },
      },
    );
    const waits = async (): Promise<string | undefined> =>
      (await controller.status())?.waits.find(({ code }) => code === "dependency")?.reason;
    await stand({ db: "1" });
    expect(await eventually("it is told", waits)).toMatch(/^web depends on db, and db-\S+ is /u);
    await sleep(1000);
    await stand({ db: "1" });
    site.kubelet.setScript([]);
    await stand({ db: "1", web: "1" });

    stall("2");
    await bench.fleet.commit(inVersion("2"));
    await stand({ db: "2", web: "1" });
    await eventually("it is told", waits);
    await sleep(1000);
    await stand({ db: "2", web: "1" });
    site.kubelet.setScript([]);
    await stand({ db: "2", web: "2" });

    site.cluster.proxy.forget();
    await bench.fleet.commit({ "apps/db.yaml": null, "apps/web.yaml": null });
    await gone(site, `${deployments}/db`, 30_000);
    const deletes = site.cluster.writes().filter((one) => one.startsWith(`DELETE ${deployments}`));
    expect(deletes).toEqual([`DELETE ${deployments}/web`, `DELETE ${deployments}/db`]);
  });

  /** Waits until these versions stand, and no other app. */
  async function stand(versions: Readonly<Record<string, string>>): Promise<void> {
    await eventually(
      `there are ${JSON.stringify(versions)}`,
      async () => JSON.stringify(await versionsOf()) === JSON.stringify(versions),
      30_000,
    );
  }

  async function versionsOf(): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    for (const app of apps) {
      const { body } = await site.cluster.get(`${deployments}/${app}`);
      const image = /"image":"(?<app>\w+):(?<version>\d+)"/u.exec(JSON.stringify(body));
      const version = image?.groups?.["version"];
      if (version !== undefined) found[app] = version;
    }
    return found;
  }
}
