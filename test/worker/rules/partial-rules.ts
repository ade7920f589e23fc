/** The rules of a version of which not all stands: another one was begun, or something of it is refused. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import type { KubeObject } from "../../../src/core/model/kube-object.ts";
import type { AppPolicy } from "../../../src/core/protocol/mirror-layout.ts";
import type { AppReport } from "../../../src/core/protocol/worker-report.ts";
import type { TestSite } from "../../support/kube-site.ts";
import { configMap, deployment, eventually } from "../../support/kube-worker.ts";
import {
  configMaps,
  dataOf,
  deployments,
  metadataOf,
  sent,
  stands,
  told,
  uidOf,
} from "./rule-site.ts";

const refused = configMap("NotAName", {});
const a = configMap("a", { k: "1" });
/** Its data cannot be changed. */
const locked = (k: string): KubeObject => ({ ...configMap("locked", { k }), immutable: true });

const withTier =
  (tier: string) =>
  (object: KubeObject): KubeObject => ({
    ...object,
    metadata: { ...object.metadata, labels: { tier } },
  });

export function partialRules(site: TestSite): void {
  const crash = (image: string) =>
    site.kubelet.setScript([{ outcome: "crashing", match: { image } }]);
  const commit = (
    objects: readonly KubeObject[],
    policy: Partial<AppPolicy> = {},
    driftIntervalMs = 400,
  ) => {
    const web: AppPolicy = { drift: "correct", ignored: [], ...policy };
    return site.mirror.commit({ s1: { web: objects } }, { driftIntervalMs, policies: { web } });
  };
  const health = (...words: AppReport["health"][]): Promise<AppReport> =>
    eventually(`web is ${words.join(" or ")}`, () => {
      const report = site.report("web");
      return report !== undefined && words.includes(report.health) ? report : undefined;
    });
  const heard = (): readonly AppReport[] =>
    site.mirror.reports.flatMap(({ apps }) => apps.filter(({ app }) => app === "web"));

  it.each(["while it runs", "while it is away"])(
    "AC-14: takes the version before for a new one where another was begun: it comes back %s, and is well, and prunes, only once that was seen",
    async (when) => {
      const before = [deployment("web", "web:1"), a];
      await commit(before);
      site.start();
      await site.settled("web");
      const tree = await site.treeOf("web");
      await commit([deployment("web", "web:2"), a, configMap("extra", {}), refused]);
      await told(site, "web", "NotAName");
      // Neither of the two stands whole.
      expect(site.report("web")).toMatchObject({ tree: null, healthyForMs: 0, everHealthy: true });
      expect(site.report("web")?.longestHealthyMs).toBe(0);

      if (when === "while it is away") await site.stop();
      crash("web:1");
      const reports = heard().length;
      await commit(before);
      if (when === "while it is away") site.start();
      await eventually("it is applied", () => site.report("web")?.tree === tree);
      await health("Progressing", "Degraded");
      await sleep(1000);
      await stands(site, `${configMaps}/extra`);
      const ofTree = heard()
        .slice(reports)
        .filter((report) => report.tree === tree);
      expect(ofTree.filter((report) => report.longestHealthyMs > 0)).toEqual([]);
      expect(ofTree.filter((report) => report.health === "Healthy")).toEqual([]);

      site.kubelet.setScript([]);
      await site.settled("web");
      await eventually("it is pruned", async () => {
        return (await site.cluster.get(`${configMaps}/extra`)).status === 404;
      });
    },
  );

  it("AC-14: writes the version before again where a write of another one had come through unheard", async () => {
    await commit([a], { drift: "ignore" });
    site.start();
    await site.settled("web");
    const unheard = { method: "PATCH", path: `${configMaps}/a` };
    site.cluster.proxy.fail({ kind: "reset", afterBytes: 0 }, unheard);
    await commit([configMap("a", { k: "2" })], { drift: "ignore" });
    await eventually("it has come through", async () => {
      return JSON.stringify(await dataOf(site, "a")) === '{"k":"2"}';
    });
    const head = await commit([a], { drift: "ignore" });
    await eventually("it is followed", () => site.mirror.reports.at(-1)?.head === head);
    site.cluster.proxy.heal();
    await eventually("the version before is back", async () => {
      return JSON.stringify(await dataOf(site, "a")) === '{"k":"1"}';
    });
    expect(await site.settled("web")).toMatchObject({ everHealthy: true });
  });

  it.each([
    { which: "its first version", isFirst: true, atomic: false },
    { which: "a later one", isFirst: false, atomic: false },
    { which: "an atomic one", isFirst: false, atomic: true },
  ])(
    "AC-29: repairs what has drifted, or tells of it, while $which is refused in part",
    async ({ isFirst, atomic }) => {
      const b = configMap("b", { k: "1" });
      if (!isFirst) await commit([a, b], { atomic });
      site.start();
      if (!isFirst) await site.settled("web");
      await commit([a, configMap("b", { k: "2" }), refused], { atomic });
      await told(site, "web", "NotAName");
      const uid = await uidOf(site, `${configMaps}/a`);
      await site.cluster.remove(`${configMaps}/a`);
      await stands(site, `${configMaps}/a`);
      expect(await uidOf(site, `${configMaps}/a`)).not.toBe(uid);
      expect(await dataOf(site, "b")).toEqual({ k: atomic ? "1" : "2" });

      await commit([a, configMap("b", { k: "2" }), refused], { atomic, drift: "report" });
      const text = "ConfigMap default/a: .data.k changed";
      const { message } = await eventually("the edit is told", async () => {
        // Before the new word has come, it is repaired.
        await site.cluster.put(`${configMaps}/a`, { data: { k: "edited" } });
        const report = site.report("web");
        return report?.message.includes(text) === true ? report : undefined;
      });
      expect(message).toContain("NotAName");
      expect(await dataOf(site, "a")).toEqual({ k: "edited" });
    },
  );

  it("AC-29: tells how what stands is, while something else of its version is refused", async () => {
    await commit([deployment("web", "web:1"), a]);
    site.start();
    await site.settled("web");
    await commit([deployment("web", "web:2"), a, refused]);
    await told(site, "web", "NotAName");
    const well = await health("Healthy");
    expect(well).toMatchObject({ tree: null, sync: "OutOfSync", healthyForMs: 0 });
    crash("web:bad");
    await commit([deployment("web", "web:bad"), a, refused]);
    await health("Progressing", "Degraded");
  });

  it.each(["correct", "report"] as const)(
    "AC-29: tells what has drifted of the form before, and leaves it, while the new one of an object is refused (drift: %s)",
    async (drift) => {
      const labelled = (k: string): KubeObject => withTier("gold")(locked(k));
      await commit([a, labelled("1")], { drift });
      site.start();
      await site.settled("web");
      await commit([configMap("a", { k: "2" }), labelled("2")], { drift });
      await told(site, "web", "immutable");
      expect(site.report("web")?.message).not.toContain("drifted");
      await site.cluster.put(`${configMaps}/locked`, { metadata: { labels: { tier: "tin" } } });
      const { message } = await told(site, "web", "1 object has drifted");
      expect(message).toContain("ConfigMap default/locked: .metadata.labels.tier changed by ");
      const isLeft = message.includes("(not repaired while its new form is not taken)");
      expect(isLeft).toBe(drift === "correct");
      expect(message).toContain("immutable");
      expect(await metadataOf(site, `${configMaps}/locked`)).toMatchObject({
        labels: { tier: "tin" },
      });

      await commit([configMap("a", { k: "2" }), labelled("1")], { drift: "correct" });
      await eventually("it is repaired", async () => {
        const { labels } = await metadataOf(site, `${configMaps}/locked`);
        return JSON.stringify(labels).includes("gold");
      });
      await site.settled("web");
    },
  );

  it("AC-29: repairs at once what had drifted of a form that is wanted again, without a look at it first", async () => {
    const gold = withTier("gold");
    await commit([gold(locked("1"))]);
    site.start();
    await site.settled("web");
    await commit([gold(locked("2"))]);
    await told(site, "web", "immutable");
    await site.cluster.put(`${configMaps}/locked`, { metadata: { labels: { tier: "tin" } } });
    await told(site, "web", "1 object has drifted");
    await commit([gold(locked("1"))], {}, 600_000);
    await site.settled("web");
    expect(site.report("web")?.message).toBe("");
    expect(await metadataOf(site, `${configMaps}/locked`)).toMatchObject({
      labels: { tier: "gold" },
    });
  });

  it.each([
    { which: "never stood whole", first: locked("1") },
    { which: "came in part after another one", first: configMap("locked", { k: "0" }) },
  ])(
    "AC-29: tells what has drifted of the form of a version that $which, while a newer one is refused",
    async ({ first }) => {
      const gold = withTier("gold");
      await commit(first.immutable === true ? [gold(first), refused] : [gold(first)]);
      site.start();
      if (first.immutable !== true) await site.settled("web");
      await commit([gold(locked("1")), refused]);
      await told(site, "web", "NotAName");
      await commit([gold(locked("2")), refused]);
      await told(site, "web", "immutable");
      await site.cluster.put(`${configMaps}/locked`, { metadata: { labels: { tier: "tin" } } });
      const { message } = await told(site, "web", "1 object has drifted");
      expect(message).toContain("ConfigMap default/locked: .metadata.labels.tier changed by ");
    },
  );

  it.each([
    { which: "only a new object", later: [locked("1"), refused] },
    { which: "only a change", later: [locked("2")] },
  ])(
    "AC-29: stands as the version before, as it was, where of a later one $which was sent and refused",
    async ({ later }) => {
      await commit([deployment("web", "web:1"), locked("1")]);
      site.start();
      const { tree } = await site.settled("web");
      const isSo = (): boolean =>
        site.report("web")?.tree === tree && (site.report("web")?.healthyForMs ?? 0) > 2000;
      await eventually("it is well for a while", isSo);
      await commit([deployment("web", "web:1"), ...later]);
      await told(site, "web", later.includes(refused) ? "NotAName" : "immutable");
      await eventually("that goes on", isSo, 1000);
      const last = site.report("web");
      expect(last).toMatchObject({ sync: "OutOfSync", health: "Healthy", everHealthy: true });
      expect(last?.longestHealthyMs).toBeGreaterThan(2000);
      expect(last?.appliedForMs).toBeGreaterThan(2000);

      const written = sent(site).length;
      await commit([deployment("web", "web:1"), locked("1")]);
      expect(await site.settled("web")).toMatchObject({ tree, everHealthy: true });
      expect(sent(site).slice(written)).not.toContain(`PATCH ${deployments}/web`);
    },
  );

  it("AC-29: tells how the version before is, while nothing of an atomic one is written", async () => {
    await commit([deployment("web", "web:1"), a], { atomic: true });
    site.start();
    const { tree } = await site.settled("web");
    await commit([deployment("web", "web:2"), a, refused], { atomic: true });
    await told(site, "web", "nothing of this version is written here");
    expect(site.report("web")).toMatchObject({ tree, health: "Healthy" });
    crash("web:1");
    expect(await health("Progressing", "Degraded")).toMatchObject({ tree });
  });

  it("AC-29: calls no version well that never stood whole, however well it is so far", async () => {
    await commit([deployment("web", "web:1"), a, refused]);
    site.start();
    await told(site, "web", "NotAName");
    await health("Progressing");
    await sleep(1500);
    expect(site.report("web")).toMatchObject({ tree: null, health: "Progressing" });
    expect(heard().filter((report) => report.everHealthy)).toEqual([]);
    await commit([deployment("web", "web:1"), a]);
    expect(await site.settled("web")).toMatchObject({ everHealthy: true });
  });
}
