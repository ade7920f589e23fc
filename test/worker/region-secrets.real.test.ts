/** Secrets of the region's cluster, copied to a site by its worker; both are real API servers. */
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../src/core/model/kube-object.ts";
import { withRegionSecret } from "../../src/core/secrets/region-secret.ts";
import type { WorkerConfig } from "../../src/worker/config.ts";
import { useTestSite } from "../support/kube-site.ts";
import { configMap, eventually } from "../support/kube-worker.ts";

const canary = "canary-Xq7-secret-9431";
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const copyUrl = "/api/v1/namespaces/default/secrets/till-db";
const regionUrl = "/api/v1/namespaces/default/secrets";

/** As the mirror has it. */
const named = (name: string, keys?: readonly string[]): KubeObject =>
  withRegionSecret({ name: "till-db", namespace: "default" }, { name, ...(keys && { keys }) });

describe("a Secret of the region at a real cluster", { timeout: 60_000 }, () => {
  const site = useTestSite(2);

  const settings = (): Partial<WorkerConfig> => ({
    regionSecrets: {
      kubeconfig: site.other.kubeconfigPath,
      namespace: "default",
      allowExec: false,
    },
  });
  const makeSecret = async (name: string, values: Readonly<Record<string, string>>) => {
    const data = Object.entries(values).map(([key, value]) => [key, base64(value)]);
    const body = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name },
      type: "example.com/db",
      data: Object.fromEntries(data),
    };
    const { status } = await site.other.api.request(regionUrl, { method: "POST", body });
    expect(status).toBe(201);
  };
  const copied = async () => (await site.cluster.get(copyUrl)).body["data"];
  const refusal = async (text: string): Promise<string> =>
    eventually(`told: ${text}`, () => {
      const told = site.report("web")?.message ?? "";
      return told.includes(text) ? told : undefined;
    });

  it("is copied with its type, and its values lie in no file, log or report of the worker", async () => {
    await makeSecret("db-eu", { password: canary, user: "till" });
    await site.mirror.commit({ s1: { web: [named("db-eu")] } });
    const worker = site.start({}, settings());
    await site.settled("web");

    const { body } = await site.cluster.get(copyUrl);
    expect(body).toMatchObject({
      type: "example.com/db",
      data: { password: base64(canary), user: base64("till") },
    });
    expect(body["fromRegion"]).toBeUndefined();
    const [app] = (await site.mirror.ask("s1")).apps;
    expect(app).toEqual({ app: "web", compared: 1, objects: [] });
    expect(site.other.writes()).toEqual([]);
    await site.stop();
    const names = await readdir(site.stateDir, { recursive: true, withFileTypes: true });
    const stored = await Promise.all(
      names
        .filter((entry) => entry.isFile())
        .map((entry) => readFile(join(entry.parentPath, entry.name), "latin1")),
    );
    expect(stored.length).toBeGreaterThan(0);
    const told = `${stored.join("\n")}${JSON.stringify(site.mirror.reports)}${worker.log()}`;
    expect(told).not.toContain(canary);
    expect(told).not.toContain(base64(canary));
  });

  it("follows its change in the region, though drift is left alone, and keeps only the keys that are asked for", async () => {
    await makeSecret("db-eu", { password: canary, user: "till", root: "no" });
    await site.mirror.commit(
      { s1: { web: [named("db-eu", ["password", "user"])] } },
      { driftIntervalMs: 500, policies: { web: { drift: "ignore", ignored: [] } } },
    );
    site.start({}, settings());
    await site.settled("web");
    expect(await copied()).toEqual({ password: base64(canary), user: base64("till") });

    await site.other.put(`${regionUrl}/db-eu`, { data: { password: base64("the-new-one") } });
    await eventually("the new password is there", async () =>
      JSON.stringify(await copied()).includes(base64("the-new-one")),
    );
    await site.settled("web");
  });

  it("that cannot be written any more is told as that, and is no drift of the site", async () => {
    await makeSecret("db-eu", { password: canary });
    await site.mirror.commit(
      { s1: { web: [named("db-eu", ["password"])] } },
      { driftIntervalMs: 500 },
    );
    site.start({}, settings());
    await site.settled("web");
    await site.other.put(`${regionUrl}/db-eu`, { data: { password: null, user: base64("till") } });
    expect(await refusal("has no key password")).not.toContain("drifted");
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(site.report("web")?.message).not.toContain("drifted");
    expect(await copied()).toEqual({ password: base64(canary) });
  });

  it("stays at the site while the region's cluster does not answer or has lost it", async () => {
    await makeSecret("db-eu", { password: canary });
    await site.mirror.commit({ s1: { web: [named("db-eu")] } }, { driftIntervalMs: 500 });
    site.start({}, settings());
    await site.settled("web");
    await site.other.remove(`${regionUrl}/db-eu`);
    await new Promise((resolve) => setTimeout(resolve, 4500));
    expect(await copied()).toEqual({ password: base64(canary) });
  });

  it("that is not there holds up itself alone, says so, and comes once it is", async () => {
    await site.mirror.commit({ s1: { web: [named("db-eu"), configMap("a", { k: "1" })] } });
    site.start({}, settings());
    const message = await refusal("has no Secret default/db-eu");
    expect(message).toContain("Secret default/till-db cannot be opened");
    expect(message).toContain("make it there, or correct `from`");
    expect((await site.cluster.get("/api/v1/namespaces/default/configmaps/a")).status).toBe(200);
    await makeSecret("db-eu", { password: canary });
    await site.settled("web");
    expect(await copied()).toEqual({ password: base64(canary) });
  });

  it("that lacks a key, or that this worker may not read, is told with what to do", async () => {
    await makeSecret("db-eu", { password: canary });
    await site.mirror.commit({ s1: { web: [named("db-eu", ["user"])] } });
    site.start({}, settings());
    const lacking = await refusal("has no key user");
    expect(lacking).toContain("correct `keys`");
    expect(lacking).not.toContain(canary);
    await site.stop();
    site.start();
    expect(await refusal("has no access to Secrets of its region")).toContain("set regionSecrets");
    expect((await site.cluster.get(copyUrl)).status).toBe(404);
  });
});
