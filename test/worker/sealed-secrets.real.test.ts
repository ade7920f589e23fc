/** Secrets that SOPS sealed, opened by a worker into a real cluster; nothing of them lies anywhere else. */
import { readFileSync } from "node:fs";
import { copyFile, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../src/core/model/kube-object.ts";
import { useTestSite } from "../support/kube-site.ts";
import { configMap, eventually } from "../support/kube-worker.ts";

const files = new URL("../core/secrets/files/", import.meta.url).pathname;
const keyFile = join(files, "age-key.txt");
const secretUrl = "/api/v1/namespaces/default/secrets/till-db";
const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** As the mirror has it: identity, metadata and the text of the file. */
const sealed = (file: string, labels: Record<string, string> = {}): KubeObject => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "till-db", namespace: "default", labels },
  sops: readFileSync(join(files, file), "utf8"),
});

describe("a sealed Secret at a real cluster", { timeout: 60_000 }, () => {
  const site = useTestSite();

  it("is opened in the region, and its values lie in no file, log or report of the worker", async () => {
    await site.mirror.commit({ s1: { web: [sealed("sealed.yaml", { tier: "gold" })] } });
    site.start({}, { ageKeyFile: keyFile });
    await site.settled("web");

    const { body } = await site.cluster.get(secretUrl);
    expect(body["data"]).toEqual({
      password: base64("hunter-2"),
      user: base64("till"),
      "0": base64("second"),
      "1": base64("first"),
      empty: "",
      number: base64("0644"),
      pin: base64("several\nlines, Zürich ☂\n"),
      url: base64("postgres://till:hunter-2@db.till.svc:5432/till?sslmode=require"),
    });
    expect(body["sops"]).toBeUndefined();
    expect(body).toMatchObject({ type: "Opaque", metadata: { labels: { tier: "gold" } } });
    await site.stop();
    const names = await readdir(site.stateDir, { recursive: true, withFileTypes: true });
    const stored = await Promise.all(
      names
        .filter((entry) => entry.isFile())
        .map((entry) => readFile(join(entry.parentPath, entry.name), "latin1")),
    );
    expect(stored.length).toBeGreaterThan(0);
    const told = `${stored.join("\n")}${JSON.stringify(site.mirror.reports)}`;
    expect(told).not.toMatch(/hunter-2|aHVudGVyLTI|sslmode/);
  });

  it("is repaired, follows a change, and shows no difference while it stands", async () => {
    const options = { driftIntervalMs: 500 };
    await site.mirror.commit({ s1: { web: [sealed("sealed.yaml")] } }, options);
    site.start({}, { ageKeyFile: keyFile });
    await site.settled("web");
    await site.cluster.put(secretUrl, { data: { user: base64("somebody") } });
    await eventually("the edit is repaired", async () => {
      const { body } = await site.cluster.get(secretUrl);
      return JSON.stringify(body["data"]).includes(base64("till"));
    });
    const { body: before } = await site.cluster.get(secretUrl);
    await site.mirror.commit({ s1: { web: [sealed("two-recipients.yaml")] } });
    await site.settled("web");

    const { body: after } = await site.cluster.get(secretUrl);
    expect(after["data"]).toEqual(before["data"]);
    const [app] = (await site.mirror.ask("s1")).apps;
    expect(app).toEqual({ app: "web", compared: 1, objects: [] });
  });

  it("that no key opens holds up itself alone, says why, and heals once the key is there", async () => {
    const file = join(site.stateDir, "keys.txt");
    await writeFile(file, "# later\n");
    await site.mirror.commit({ s1: { web: [sealed("sealed.yaml"), configMap("a", { k: "1" })] } });
    site.start({}, { ageKeyFile: file });
    const message = await eventually("the refusal", () => {
      const told = site.report("web")?.message ?? "";
      return told.includes("till-db") && told;
    });
    expect(message).toContain("Secret default/till-db cannot be opened: the age key file");
    expect(message).toContain("age-keygen");
    expect((await site.cluster.get("/api/v1/namespaces/default/configmaps/a")).status).toBe(200);
    expect((await site.cluster.get(secretUrl)).status).toBe(404);

    await copyFile(keyFile, file);
    await site.settled("web");
    expect((await site.cluster.get(secretUrl)).status).toBe(200);
  });

  it("that was changed after it was sealed stays as it was in the cluster", async () => {
    await site.mirror.commit({ s1: { web: [sealed("sealed.yaml")] } });
    site.start({}, { ageKeyFile: keyFile });
    await site.settled("web");
    const { body: before } = await site.cluster.get(secretUrl);
    const text = readFileSync(join(files, "sealed.yaml"), "utf8");
    const forged = { ...sealed("sealed.yaml"), sops: text.replace("type: Opaque", "type: other") };
    await site.mirror.commit({ s1: { web: [forged] } });
    await eventually("the refusal", () => site.report("web")?.message.includes("its MAC does not"));

    const { body: after } = await site.cluster.get(secretUrl);
    expect(after["data"]).toEqual(before["data"]);
  });
});
