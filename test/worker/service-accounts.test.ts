/** As whom a worker writes for an app, by what it sends. */
import { beforeEach, describe, expect, it } from "vitest";
import type { AppPolicy } from "../../src/core/protocol/mirror-layout.ts";
import { openCluster } from "../../src/adapters/kubernetes/cluster-client.ts";
import { createRedactor } from "../../src/runtime/redactor.ts";
import { systemClock } from "../../src/runtime/system-clock.ts";
import { watchAnswers } from "../../src/worker/watch-answers.ts";
import { learnSecrets } from "../../src/worker/learn-secrets.ts";
import type { KubeObject } from "../../src/core/model/kube-object.ts";
import { useTestSite } from "../support/kube-site.ts";
import { configMap, deployment, eventually } from "../support/kube-worker.ts";
import { modelBed } from "../support/test-bed.ts";
import { gone, leaving, object } from "./rules/rule-site.ts";

const deployer = "system:serviceaccount:one:deployer";
const ownPlace = "/api/v1/namespaces/flotilla-system/";

describe("a worker that writes for an app with a service account", { timeout: 60_000 }, () => {
  const site = useTestSite(1, modelBed);
  const treated: AppPolicy = { drift: "correct", ignored: [], atomic: true };
  const options = {
    namespace: "one",
    accounts: { web: "deployer" },
    policies: { web: treated },
    driftIntervalMs: 300,
  };
  const web = (k: string): KubeObject[] => [
    configMap("a", { k }, "one"),
    configMap("b", { k }, "one"),
    deployment("web", "web:1", "one"),
  ];
  /** As whom writes were sent, but for those of the worker's own record. */
  const writers = (): readonly string[] => {
    const writes = site.cluster.proxy.requests().filter(({ method }) => method !== "GET");
    const others = writes.filter(({ path }) => !path.startsWith(ownPlace));
    return [...new Set(others.map(({ impersonated = "itself" }) => impersonated))].toSorted();
  };

  /** Where the worker's own record goes. */
  beforeEach(async () => {
    const body = object("v1", "Namespace", { name: "flotilla-system", namespace: "" });
    await site.cluster.api.request("/api/v1/namespaces", { method: "POST", body });
  });

  it("AC-24: sends every write and dry run as that account, and no read, nor its own record", async () => {
    await site.mirror.commit({ s1: { web: web("1") } }, options);
    site.start();
    await site.settled("web");
    await site.mirror.commit({ s1: { web: web("2").slice(1) } }, options);
    await site.settled("web");
    await gone(site, "/api/v1/namespaces/one/configmaps/a");
    const b = "/api/v1/namespaces/one/configmaps/b";
    await site.cluster.put(b, { data: { k: "edited" } });
    await eventually("an edit is undone", async () => {
      return JSON.stringify((await site.cluster.get(b)).body["data"]) === '{"k":"2"}';
    });
    await site.mirror.ask("s1");
    await site.mirror.commit({ s1: { web: leaving(2) } }, options);
    await eventually("it has left", () => site.report("web")?.left, 30_000);

    const requests = site.cluster.proxy.requests();
    const methods = new Set(requests.map(({ method }) => method));
    expect([...methods].toSorted()).toEqual(["DELETE", "GET", "PATCH", "POST"]);
    expect(requests.some(({ query }) => query.includes("dryRun=All"))).toBe(true);
    expect(writers()).toEqual([deployer]);
    const own = requests.filter(
      ({ method, path }) => method === "GET" || path.startsWith(ownPlace),
    );
    expect(own.filter(({ impersonated }) => impersonated !== undefined)).toEqual([]);
  });

  it("AC-24: goes by the account that the newest commit names, and writes nothing for that alone", async () => {
    await site.mirror.commit({ s1: { web: web("1"), base: [configMap("c", {}, "one")] } }, options);
    site.start();
    await site.settled("web");
    await site.settled("base");
    expect(writers()).toEqual(["itself", deployer].toSorted());
    site.cluster.proxy.forget();

    const other = { ...options, accounts: { web: "other" } };
    const base = [configMap("c", { k: "2" }, "one")];
    await site.mirror.commit({ s1: { web: web("1"), base } }, other);
    await site.settled("base");
    await site.settled("web");
    expect(writers()).toEqual(["itself"]);
    site.cluster.proxy.forget();
    await site.mirror.commit({ s1: { web: web("2"), base } }, other);
    await site.settled("web");
    expect(writers()).toEqual(["system:serviceaccount:one:other"]);
  });

  it.each(["x\r\nImpersonate-Group: system:masters", "a:b", "../x", "", "x".repeat(254)])(
    "AC-24: sends nothing as %j, which is no service account",
    async (name) => {
      const accounts = { web: name };
      await site.mirror.commit({ s1: { web: web("1") } }, { ...options, accounts });
      site.start();
      const { message } = await eventually("it is told", () => {
        const report = site.report("web");
        return report?.message.includes("is no service account") === true ? report : undefined;
      });
      expect(message).toContain("(correct `serviceAccountName` of the App)");
      expect(writers()).toEqual([]);
    },
  );

  it("AC-24: learns the Secrets that are written as an account, and watches how long that takes", async () => {
    const redactor = createRedactor();
    const clock = systemClock();
    const path = site.cluster.kubeconfigPath;
    const opened = learnSecrets(openCluster({ kubeconfig: { path }, clock }), redactor);
    const { client, times } = watchAnswers(opened, clock);
    try {
      client.pin(await client.identity());
      times.takeLongestMs();
      site.cluster.proxy.fail({ kind: "slow", delayMs: 300 }, { method: "PATCH" });
      const metadata = { name: "s", namespace: "default" };
      const stringData = { key: "tr0ub4dor and three" };
      const secret = { apiVersion: "v1", kind: "Secret", metadata, stringData };
      const writer = client.as({ namespace: "one", name: "deployer" });
      await writer.apply(secret, { fieldManager: "flotilla" });
    } finally {
      await client.close();
    }
    expect(redactor.text("it is tr0ub4dor and three")).not.toContain("tr0ub4dor");
    expect(times.takeLongestMs()).toBeGreaterThan(250);
    expect(writers()).toEqual([deployer]);
  });
});
