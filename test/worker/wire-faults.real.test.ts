/** Each way in which the way to a real API server can fail, in one story: test/support/wire-story.ts. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { createCertificate } from "../support/certificate.ts";
import { type FaultProxy, type HttpFault, startFaultProxy } from "../support/fault-proxy.ts";
import type { ProxiedCluster } from "../support/kube-cluster.ts";
import { useTestSite } from "../support/kube-site.ts";
import { configMap, eventually, startTestWorker, workerConfig } from "../support/kube-worker.ts";
import { type FailingWire, playWireStory } from "../support/wire-story.ts";
import { systemClock } from "../../src/runtime/system-clock.ts";

const configMaps = "/api/v1/namespaces/default/configmaps";
const status = (code: number, reason: string): string =>
  JSON.stringify({ kind: "Status", apiVersion: "v1", status: "Failure", code, reason });

const faults: readonly (readonly [string, HttpFault, RegExp])[] = [
  ["refused connections", { kind: "refuse" }, /breaks the connection off.*look whether/],
  ["silence", { kind: "hang" }, /does not answer in time.*look whether/],
  ["resets in the middle", { kind: "reset", afterBytes: 40 }, /breaks the connection off/],
  [
    "half an answer",
    { kind: "cut", afterBytes: 40 },
    /is not what an API server sends; it is tried again/,
  ],
  ["answers byte by byte", { kind: "drip", everyMs: 100 }, /does not answer in time/],
  [
    "429 with Retry-After",
    { kind: "status", status: 429, headers: { "retry-after": "1" }, body: "busy" },
    /too many requests \(429\).*fairness/,
  ],
  ["429 without", { kind: "status", status: 429, body: "busy" }, /too many requests \(429\)/],
  ["500", { kind: "status", status: 500 }, /answered 500.*look at the API server/],
  [
    "500 of an API server",
    { kind: "status", status: 500, body: status(500, "InternalError") },
    /answered 500.*look at the API server/,
  ],
  ["503", { kind: "status", status: 503 }, /answered 503.*look at the API server/],
  ["410", { kind: "status", status: 410, body: status(410, "Expired") }, /answered 410/],
  ["401", { kind: "status", status: 401 }, /CLUSTER_AUTH.*refuses the credentials.*renew/],
];

describe("a way to a real cluster that fails", { timeout: 180_000 }, () => {
  const site = useTestSite(2);

  const data = async (cluster: ProxiedCluster, name: string): Promise<unknown> =>
    (await cluster.get(`${configMaps}/${name}`)).body["data"];
  const wireOver = (proxy: FaultProxy, fail: () => void): FailingWire => ({
    mirror: site.mirror,
    fail,
    heal: () => proxy.heal(),
    requests: () => proxy.count(),
    deletes: () => proxy.count({ method: "DELETE" }),
    data: (name, object) => data(name === "s1" ? site.cluster : site.other, object),
  });

  it.each(faults)("with %s", async (_, fault, words) => {
    const { proxy } = site.cluster;
    site.start({ s2: site.other.kubeconfigPath });

    const told = await playWireStory(wireOver(proxy, () => proxy.fail(fault)));
    expect(told).toMatch(words);
    expect(told).toMatch(/all goes on by itself/);
  });

  describe("over TLS", () => {
    let good: Awaited<ReturnType<typeof createCertificate>>;
    let old: Awaited<ReturnType<typeof createCertificate>>;

    beforeAll(async () => {
      good = await createCertificate();
      old = await createCertificate({ isExpired: true });
    });

    it("whose certificate has expired", async () => {
      const { cluster } = site.cluster;
      const ca = Buffer.from(cluster.caData, "base64").toString();
      await using proxy = await startFaultProxy({
        target: cluster.server,
        upstream: { ca },
        tls: good,
      });
      const path = join(site.stateDir, "tls.kubeconfig");
      await writeFile(path, tlsKubeconfig(proxy.url, cluster.token, [good.cert, old.cert]));
      const worker = startTestWorker(
        workerConfig(site.mirror, site.stateDir, { s1: path, s2: site.other.kubeconfigPath }),
      );
      const show = (tls: typeof good): void => {
        proxy.show(tls);
        proxy.dropConnections();
      };

      const told = await playWireStory({
        ...wireOver(proxy, () => show(old)),
        heal: () => show(good),
      });
      await worker.stop();
      expect(told).toMatch(/certificate that has expired \(CERT_HAS_EXPIRED\); renew/);
    });
  });

  it("is not confused by a clock that jumps", async () => {
    let aheadMs = 0;
    const clock = systemClock();
    const worker = startTestWorker(
      workerConfig(site.mirror, site.stateDir, { s1: site.cluster.kubeconfigPath }),
      { ...clock, now: () => clock.now() + aheadMs },
    );
    const commit = (k: string) => site.mirror.commit({ s1: { web: [configMap("a", { k })] } });
    await commit("1");
    await site.settled("web");
    site.cluster.proxy.forget();
    for (const [days, k] of [
      [400, "2"],
      [-400, "3"],
    ] as const) {
      aheadMs = days * 86_400_000;
      await commit(k);
      await site.settled("web");
      await eventually(`it has ${k}`, async () => {
        return JSON.stringify(await data(site.cluster, "a")) === JSON.stringify({ k });
      });
      expect(site.report("web")).toMatchObject({ message: "", health: "Healthy" });
      expect(site.mirror.site("s1")).toMatchObject({ message: "", reachable: true });
    }
    await worker.stop();
    expect(site.cluster.writes()).toEqual([`PATCH ${configMaps}/a`, `PATCH ${configMaps}/a`]);
  });
});

function tlsKubeconfig(server: string, token: string, authorities: readonly string[]): string {
  const ca = Buffer.from(authorities.join("\n")).toString("base64");
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server, "certificate-authority-data": ca } }],
    users: [{ name: "u", user: { token } }],
    contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
    "current-context": "c",
  });
}
