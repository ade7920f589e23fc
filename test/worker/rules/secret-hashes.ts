/** What a worker keeps of Secrets, and what it does without the key that it keeps it by: on the model and on real API servers. */
import { readFile, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { ownedFields } from "../../../src/core/apply/owned-fields.ts";
import { fieldManagerOf, hashOf } from "../../../src/core/apply/ownership.ts";
import { projectFields } from "../../../src/core/apply/project-fields.ts";
import type { KubeObject } from "../../../src/core/model/kube-object.ts";
import { useTestSite } from "../../support/kube-site.ts";
import { eventually } from "../../support/kube-worker.ts";
import type { OpenBed } from "../../support/test-bed.ts";

const url = (name: string): string => `/api/v1/namespaces/default/secrets/${name}`;
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const secret = (name: string): KubeObject => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name, namespace: "default" },
  data: { pin: base64("4711") },
});
const driftIntervalMs = 500;

export function describeSecretHashes(where: string, openBed: OpenBed): void {
  describe(`what a worker keeps of Secrets at ${where}`, { timeout: 60_000 }, () => {
    const site = useTestSite(1, openBed);

    const applied = async (...names: readonly string[]): Promise<void> => {
      await site.mirror.commit({ s1: { web: names.map(secret) } }, { driftIntervalMs });
      site.start();
      await site.settled("web");
    };
    const pin = async (name: string): Promise<string> =>
      JSON.stringify((await site.cluster.get(url(name))).body["data"]);

    it("lets nobody who has its store try values out", async () => {
      await applied("a");
      // The API server's answer is an object with metadata.
      const live = (await site.cluster.get(url("a"))).body as unknown as KubeObject;
      const fields = ownedFields(live, fieldManagerOf("web"));
      const guess = hashOf(projectFields({ value: live, fields, others: [] }));
      await site.stop();
      const key = join(site.stateDir, "state-key");
      expect((await stat(key)).mode & 0o777).toBe(0o600);
      const names = (await readdir(site.stateDir)).filter((name) => name.startsWith("state.sq"));
      const stored = names.map((name) => readFile(join(site.stateDir, name), "latin1"));
      expect((await Promise.all(stored)).join("")).not.toContain(guess);
    });

    it("finds them in sync after a restart, and after the key is lost, and writes nothing", async () => {
      await applied("a", "b");
      for (const isLost of [false, true, false]) {
        await site.stop();
        if (isLost) await rm(join(site.stateDir, "state-key"));
        site.cluster.proxy.forget();
        site.mirror.forget();
        site.start();
        await site.settled("web");
        await sleep(3 * driftIntervalMs);
        expect(site.cluster.writes()).toEqual([]);
        // Another version, with nothing of ours in it: only what is known by its key can be told to be the same.
        await site.cluster.put(url("b"), { metadata: { annotations: { seen: String(isLost) } } });
        site.cluster.proxy.forget();
        await sleep(3 * driftIntervalMs);
        expect(site.cluster.writes()).toEqual([]);
        expect(site.report("web")?.sync).toBe("Synced");
      }
    });

    it("takes none for what it was that has changed meanwhile while the key is lost, and writes that one", async () => {
      await applied("a", "b", "c");
      await site.stop();
      await rm(join(site.stateDir, "state-key"));
      await site.cluster.put(url("a"), { data: { pin: base64("0000") } });
      await site.cluster.put(url("b"), { metadata: { annotations: { seen: "yes" } } });
      site.cluster.proxy.forget();
      site.start();
      await eventually("the edit is repaired", async () =>
        (await pin("a")).includes(base64("4711")),
      );
      await eventually("both are written", () => site.cluster.writes().length >= 2);
      await site.settled("web");
      await sleep(3 * driftIntervalMs);
      // That of the edited one is refused at first, since another has its field.
      const written = new Set(site.cluster.writes());
      expect(written).toEqual(new Set([`PATCH ${url("a")}`, `PATCH ${url("b")}`]));
    });
  });
}
