/** The rules of what somebody else deletes, and a finalizer holds: it counts as neither standing nor gone. */
import { expect, it } from "vitest";
import type { TestSite } from "../../support/kube-site.ts";
import { configMap, eventually } from "../../support/kube-worker.ts";
import { configMaps, dataOf, told } from "./rule-site.ts";

const driftIntervalMs = 400;
const path = `${configMaps}/a`;
const web = (k: string) => ({ s1: { web: [configMap("a", { k })] } });

async function beginDeleting(site: TestSite): Promise<void> {
  await site.cluster.put(path, { metadata: { finalizers: ["example.org/hold"] } });
  await site.cluster.remove(path);
}

const letGo = (site: TestSite) => site.cluster.put(path, { metadata: { finalizers: null } });

export function endingRules(site: TestSite): void {
  it("AC-12: tells of what somebody deletes and what holds it, writes nothing to it, and makes it anew once it is gone", async () => {
    await site.mirror.commit(web("1"), { driftIntervalMs });
    site.start();
    await site.settled("web");
    await beginDeleting(site);
    site.cluster.proxy.forget();
    const report = await told(site, "web", "is being deleted, held by example.org/hold");
    expect(report.sync).toBe("OutOfSync");
    expect(site.cluster.proxy.count({ method: "PATCH", path })).toBe(0);

    await letGo(site);
    expect((await site.settled("web")).message).toBe("");
    expect(await dataOf(site, "a")).toEqual({ k: "1" });
  });

  it.each(["correct", "ignore"] as const)(
    "AC-12: counts no version as standing whose object is being deleted, and makes it anew once it is gone, where drift is %s",
    async (drift) => {
      const options = { driftIntervalMs, policies: { web: { drift, ignored: [] } } };
      await site.mirror.commit(web("1"), options);
      site.start();
      await site.settled("web");
      await beginDeleting(site);
      await site.mirror.commit(web("2"), options);
      const report = await told(site, "web", "is still being deleted");
      expect(report.message).toContain("held by example.org/hold");
      expect(report).toMatchObject({ sync: "OutOfSync", tree: null });

      await letGo(site);
      const isThere = async (): Promise<boolean> =>
        JSON.stringify(await dataOf(site, "a")) === '{"k":"2"}';
      await eventually("it is made anew", isThere, 30_000);
      expect((await site.settled("web")).tree).toBe(await site.treeOf("web"));
    },
  );
}
