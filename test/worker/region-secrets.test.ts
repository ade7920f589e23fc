/** Secrets of a region's cluster that does not answer. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { openCluster } from "../../src/adapters/kubernetes/cluster-client.ts";
import { systemClock } from "../../src/runtime/system-clock.ts";
import { regionSecretsOf } from "../../src/worker/region-secrets.ts";
import { kubeconfigFile } from "../support/kubeconfig-file.ts";
import { manualClock } from "../support/manual-clock.ts";

const timeoutMs = 300;
const resources = [{ name: "secrets", kind: "Secret", namespaced: true }];
const { signal } = new AbortController();

/** The region's Secrets, of a cluster that has all of them but `gone`; `requests`: for Secrets, by name. */
async function aRegion() {
  const region = { answers: true, requests: [] as string[] };
  const server = createServer(({ url = "" }, response) => {
    const name = url.split("/").at(-1) ?? "";
    if (url !== "/api/v1") region.requests.push(name);
    if (!region.answers) return;
    const metadata = { name, namespace: "default", uid: "u", resourceVersion: "1" };
    const found = { apiVersion: "v1", kind: "Secret", metadata };
    const missing = { kind: "Status", reason: "NotFound", code: 404 };
    const told = name === "gone" ? missing : found;
    response.writeHead(name === "gone" ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(url === "/api/v1" ? { kind: "APIResourceList", resources } : told));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // A listening TCP server has an AddressInfo.
  const { port } = server.address() as AddressInfo;
  const cluster = { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true };
  const text = JSON.stringify({
    "current-context": "c",
    contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
    clusters: [{ name: "c", cluster }],
    users: [{ name: "u", user: { token: "t" } }],
  });
  const kubeconfig = await kubeconfigFile(text);
  const client = openCluster({ kubeconfig, timeoutMs, clock: systemClock() });
  onTestFinished(async () => {
    await client.close();
    server.closeAllConnections();
    server.close();
  });
  const clock = manualClock();
  return { region, clock, secrets: regionSecretsOf({ client, namespace: "default" }, clock) };
}

describe("Secrets of a region", () => {
  it("are waited for once while its cluster hangs, and come once it answers again", async () => {
    const { region, clock, secrets } = await aRegion();
    await secrets.get("a", signal);
    clock.advance(5000);
    region.answers = false;
    await expect(secrets.get("a", signal)).rejects.toMatchObject({ code: "SECRET_UNAVAILABLE" });
    const asked = region.requests.length;
    for (const name of ["a", "b", "c"]) {
      await expect(secrets.get(name, signal)).rejects.toThrow(
        `Secret default/${name} of the region`,
      );
    }
    expect(region.requests).toHaveLength(asked);

    // One tries it now and then; the others do not wait for that.
    clock.advance(15_000);
    const trying = secrets.get("b", signal);
    await expect(secrets.get("b", signal)).rejects.toThrow("Secret default/b");
    await expect(trying).rejects.toMatchObject({ code: "SECRET_UNAVAILABLE" });
    expect(region.requests.slice(asked)).toEqual(["b"]);

    region.answers = true;
    clock.advance(15_000);
    expect(await secrets.get("c", signal)).toMatchObject({ metadata: { name: "c" } });
    expect(await secrets.get("b", signal)).toMatchObject({ metadata: { name: "b" } });
  });

  it("that are not there are asked for as seldom as others, and hold up none", async () => {
    const { region, clock, secrets } = await aRegion();
    for (const _ of [1, 2]) {
      await expect(secrets.get("gone", signal)).rejects.toThrow("has no Secret default/gone");
    }
    await secrets.get("a", signal);
    expect(region.requests).toEqual(["gone", "a"]);
    clock.advance(3000);
    await expect(secrets.get("gone", signal)).rejects.toThrow("has no Secret default/gone");
    expect(region.requests).toEqual(["gone", "a", "gone"]);
  });
});
