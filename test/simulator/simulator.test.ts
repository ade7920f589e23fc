/** The simulator over HTTP: faults, the admin API, tokens, many clusters, and the worker's own client. */
import { once } from "node:events";
import { connect } from "node:net";
import { request } from "undici";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ClusterClient, openCluster } from "../../src/adapters/kubernetes/cluster-client.ts";
import type { FleetError } from "../../src/core/errors.ts";
import type { KubeObject } from "../../src/core/model/kube-object.ts";
import { systemClock } from "../../src/runtime/system-clock.ts";
import { type Simulator, startSimulator } from "../../src/simulator/simulator.ts";
import { kubeconfigFile } from "../support/kubeconfig-file.ts";

const token = "secret";
const namespacePath = "/api/v1/namespaces/default";

function configMap(name: string, colour: string): KubeObject {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace: "default" },
    data: { colour },
  };
}

describe("the simulator", () => {
  let simulator: Simulator;
  const clients: ClusterClient[] = [];
  const open = async (name: string, timeoutMs = 5_000): Promise<ClusterClient> => {
    const kubeconfig = await kubeconfigFile(simulator.kubeconfig(name));
    const client = openCluster({ kubeconfig, timeoutMs, clock: systemClock() });
    clients.push(client);
    return client;
  };
  const ask = async (path: string, method = "GET", body?: object) => {
    const answer = await request(`${simulator.url}${path}`, {
      method: method as "GET", // undici's type is a closed list
      headers: { authorization: `Bearer ${token}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    return { status: answer.statusCode, headers: answer.headers, text };
  };

  beforeEach(async () => {
    simulator = await startSimulator({ clusters: ["a", "b"], clock: systemClock(), token });
  });

  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
    await simulator.close();
  });

  it("serves the worker's client: identity, apply, read, list, delete with preconditions", async () => {
    const client = await open("a");
    client.pin(await client.identity());
    const applied = await client.apply(configMap("x", "red"), { fieldManager: "flotilla/shop" });
    expect(applied).toMatchObject({ data: { colour: "red" } });
    const address = { apiVersion: "v1", kind: "ConfigMap", namespace: "default", name: "x" };
    expect(await client.get(address)).toEqual(applied);
    const listed = await client.list({ apiVersion: "v1", kind: "ConfigMap", namespace: "default" });
    expect(listed.map(({ metadata }) => metadata.name)).toEqual(["kube-root-ca.crt", "x"]);
    const uid = applied.metadata["uid"] as string; // every live object has one
    expect(await client.delete(address, { uid })).toBe("gone");
    expect(await client.get(address)).toBeNull();
  });

  it("keeps clusters apart: other identities, other objects", async () => {
    const [first, second] = [await open("a"), await open("b")];
    const identity = await first.identity();
    expect((await second.identity()).uid).not.toBe(identity.uid);
    first.pin(identity);
    await first.apply(configMap("x", "red"), { fieldManager: "t" });
    const address = { apiVersion: "v1", kind: "ConfigMap", namespace: "default", name: "x" };
    expect(await second.get(address)).toBeNull();
  });

  it("wants its token, and knows only its clusters and paths", async () => {
    const anonymous = await request(`${simulator.url}/clusters/a${namespacePath}`);
    await anonymous.body.dump();
    expect(anonymous.statusCode).toBe(401);
    expect((await ask(`/clusters/none${namespacePath}`)).status).toBe(404);
    const unknown = await ask("/clusters/a/metrics");
    expect([unknown.status, JSON.parse(unknown.text)]).toMatchObject([
      501,
      { kind: "Status", message: "the cluster simulator does not answer GET /metrics" },
    ]);
    for (const seconds of ["-5", "soon", "1e3"]) {
      const watch = `/api/v1/namespaces?watch=1&timeoutSeconds=${seconds}`;
      expect((await ask(`/clusters/a${watch}`)).status).toBe(501);
    }
  });

  it("refuses, throttles, fails and is slow as told, and heals", async () => {
    const client = await open("a");
    simulator.fail("a", { kind: "refuse" });
    await expect(client.identity()).rejects.toMatchObject({ code: "CLUSTER_UNREACHABLE" });
    simulator.fail("a", { kind: "throttle", retryAfterSeconds: 2 });
    const throttled = await client.identity().catch((error: unknown) => error);
    const { retry } = throttled as FleetError; // else the next line says so
    const afterMs = typeof retry === "object" ? retry.afterMs : 0;
    // A little later than asked, so that not all come back at the same moment.
    expect(afterMs).toBeGreaterThan(1500);
    expect(afterMs).toBeLessThanOrEqual(2500);
    simulator.fail("a", { kind: "error" });
    await expect(client.identity()).rejects.toMatchObject({ facts: { status: 500 } });
    simulator.fail("a", { kind: "slow", delayMs: 300 });
    const before = performance.now();
    await client.identity();
    expect(performance.now() - before).toBeGreaterThan(290);
    simulator.heal("a");
    await client.identity();
    await (await open("b")).identity();
  });

  it("refuses connections at a port of its own, and is there again at the same one", async () => {
    await simulator.close();
    const ownPorts = ["a"];
    simulator = await startSimulator({
      clusters: ["a", "b"],
      clock: systemClock(),
      token,
      ownPorts,
    });
    const server = simulator.server("a");
    const client = await open("a");
    const identity = await client.identity();
    simulator.fail("a", { kind: "refuse" });
    await expect(request(server)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    simulator.heal("a");
    expect(simulator.server("a")).toBe(server);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await client.identity()).uid).toBe(identity.uid);
    await (await open("b")).identity();
  });

  it("lets a thousand connections in that come before it can take one", async () => {
    const { hostname, port } = new URL(simulator.url);
    const sockets = Array.from({ length: 1000 }, () => connect(Number(port), hostname));
    const times = await Promise.all(
      sockets.map(async (socket) => {
        await once(socket, "connect");
        return performance.now();
      }),
    );
    for (const socket of sockets) socket.destroy();
    // One that was dropped is tried again by the system after a second.
    expect(Math.max(...times) - Math.min(...times)).toBeLessThan(900);
  });

  it("hangs until it is healed, and then answers what it was asked", async () => {
    simulator.fail("a", { kind: "hang" });
    await expect((await open("a", 200)).identity()).rejects.toMatchObject({
      code: "CLUSTER_UNREACHABLE",
    });
    const patient = (await open("a")).identity();
    await new Promise((resolve) => setTimeout(resolve, 100));
    simulator.heal("a");
    expect((await patient).uid).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("cuts watches off when it refuses", async () => {
    const path = `/clusters/a${namespacePath}/configmaps?watch=1`;
    const watch = await request(`${simulator.url}${path}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const ended = watch.body.text().then(
      () => "ended",
      () => "cut",
    );
    simulator.fail("a", { kind: "refuse" });
    expect(await ended).toBe("cut");
  });

  it("is broken, healed, scripted, counted and looked at over the admin API", async () => {
    const broken = await ask("/admin/clusters/a/fault", "PUT", { kind: "error" });
    expect([broken.status, JSON.parse(broken.text)]).toMatchObject([
      200,
      { fault: { kind: "error" } },
    ]);
    expect((await ask(`/clusters/a${namespacePath}`)).status).toBe(500);
    expect((await ask("/admin/clusters/a/fault", "DELETE")).status).toBe(200);
    expect((await ask(`/clusters/a${namespacePath}`)).status).toBe(200);
    const script = [{ match: { namespace: "default" }, outcome: "crashing" }];
    expect((await ask("/admin/clusters/a/script", "PUT", script)).status).toBe(200);
    for (const wrong of [{ kind: "explode" }, { kind: "slow" }]) {
      expect((await ask("/admin/clusters/a/fault", "PUT", wrong)).status).toBe(400);
    }
    const counts = await ask("/admin/counts");
    expect(JSON.parse(counts.text)).toEqual({ GET: 2 });
    await ask("/admin/counts", "DELETE");
    expect(JSON.parse((await ask("/admin/counts")).text)).toEqual({});
    const dump = await ask("/admin/clusters/b");
    expect(JSON.parse(dump.text)).toMatchObject({ name: "b", fault: null });
    expect(dump.text).toContain('"kube-system"');
  });

  it("plays scripts: a Deployment that crashes, until the script says otherwise", async () => {
    simulator.script("a", [{ outcome: "crashing" }]);
    const client = await open("a");
    client.pin(await client.identity());
    const selector = { matchLabels: { app: "web" } };
    const template = {
      metadata: { labels: { app: "web" } },
      spec: { containers: [{ name: "main", image: "app:1" }] },
    };
    const metadata = { name: "web", namespace: "default" };
    const web = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: { selector, template },
    };
    await client.apply(web, { fieldManager: "t" });
    const readyReplicas = async (): Promise<unknown> => {
      const address = {
        apiVersion: "apps/v1",
        kind: "Deployment",
        namespace: "default",
        name: "web",
      };
      const status = (await client.get(address))?.["status"];
      return (status as { readyReplicas?: number } | undefined)?.readyReplicas; // a Deployment's
    };
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await readyReplicas()).toBeUndefined();
    simulator.script("a", []);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await readyReplicas()).toBe(1);
  });
});
