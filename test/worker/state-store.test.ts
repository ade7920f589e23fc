import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLogger } from "../../src/runtime/logger.ts";
import { systemClock } from "../../src/runtime/system-clock.ts";
import { stateKeyOf } from "../../src/worker/state-key.ts";
import {
  type AppRow,
  type ObjectRow,
  type StateStore,
  openStateStore,
  pendingRow,
} from "../../src/worker/state-store.ts";
import { temporaryState } from "../support/kube-worker.ts";

const row: AppRow = {
  site: "s1",
  app: "web",
  owner: "demo/web",
  namespace: "web",
  tree: "t1",
  release: null,
  left: false,
  isMixed: false,
  everHealthy: true,
  longestHealthyMs: 1234,
  health: "Healthy",
  childSet: "c",
  childParts: 1,
};
const log: string[] = [];
const means = {
  clock: systemClock(),
  key: stateKeyOf("a key"),
  logger: createLogger({ name: "test", destination: { write: (line) => void log.push(line) } }),
};
const place = { site: "s1", app: "web" };

describe("the worker's store", () => {
  let folder: Awaited<ReturnType<typeof temporaryState>>;
  let store: StateStore | undefined;
  const open = (): StateStore => {
    store = openStateStore(join(folder.dir, "state.sqlite"), means);
    return store;
  };
  const reopen = async (): Promise<StateStore> => {
    await store?.close();
    return open();
  };

  beforeEach(async () => {
    folder = await temporaryState();
  });
  afterEach(async () => {
    await store?.close();
    store = undefined;
    await folder.remove();
  });

  it("gives back after a restart what was written before it", async () => {
    const first = open();
    first.setSiteUid("s1", "u1");
    first.saveApp(row);
    first.saveObjects(place, [
      pendingRow("_ConfigMap_web_a", "v1"),
      { ...pendingRow("_ConfigMap_web_b", "v1"), uid: "u", phase: "applied", ended: "well" },
    ]);
    first.saveObjects(place, [], ["_ConfigMap_web_a"]);
    first.setValue("epoch", "3");

    const again = await reopen();
    expect(again.siteUid("s1")).toBe("u1");
    expect(again.apps("s1")).toEqual([row]);
    for (const { left, isMixed } of [
      { left: true, isMixed: false },
      { left: false, isMixed: true },
    ]) {
      again.saveApp({ ...row, left, isMixed });
      expect(again.apps("s1")).toEqual([{ ...row, left, isMixed }]);
    }
    expect(again.objects("s1", "web")).toEqual([
      { ...pendingRow("_ConfigMap_web_b", "v1"), uid: "u", phase: "applied", ended: "well" },
    ]);
    expect(again.value("epoch")).toBe("3");
    expect(again.sites()).toEqual(["s1"]);
  });

  it("has on the disk what was waited for, whoever else waits at the same time", async () => {
    const first = open();
    for (const site of ["s1", "s2", "s3"]) {
      first.setSiteUid(site, `uid of ${site}`);
      await Promise.all([first.durable(), first.durable()]);
      // What another process would find, were this one gone now.
      const copy = join(folder.dir, `copy-${site}`);
      await cp(join(folder.dir, "state.sqlite"), join(copy, "state.sqlite"));
      await cp(join(folder.dir, "state.sqlite-wal"), join(copy, "state.sqlite-wal"));
      const found = openStateStore(join(copy, "state.sqlite"), means);
      expect(found.siteUid(site)).toBe(`uid of ${site}`);
      await found.close();
    }
  });

  it("finds the sites that have been seen as the same cluster", () => {
    const opened = open();
    for (const site of ["s2", "s1"]) opened.setSiteUid(site, "u");
    opened.setSiteUid("s3", "another");
    expect(opened.sitesWithUid("u")).toEqual(["s1", "s2"]);
    expect(opened.sitesWithUid("none")).toEqual([]);
  });

  it("forgets an app with all of its objects", () => {
    const opened = open();
    opened.saveApp(row);
    opened.saveObjects(place, [pendingRow("_ConfigMap_web_a", "v1")]);
    opened.dropApp("s1", "web");

    expect(opened.apps("s1")).toEqual([]);
    expect(opened.objects("s1", "web")).toEqual([]);
  });

  it("seals the hashes of Secrets that an older worker kept in the plain, and leaves no trace of them", async () => {
    const path = join(folder.dir, "state.sqlite");
    const plain = (text: string): string => createHash("sha256").update(text).digest("hex");
    const ids = Array.from({ length: 200 }, (_, index) => `_Secret_web_${index}`);
    const rowOf = (id: string): ObjectRow => ({ ...pendingRow(id, "v1"), projection: plain(id) });
    open().saveObjects(place, [...ids, "_ConfigMap_web_a", "apps_Secret_web_a"].map(rowOf));
    await store?.close();
    store = undefined;
    // As an older worker left it: rows were written again and again, longer each time, and some were taken out.
    const older = new DatabaseSync(path);
    older.exec("PRAGMA secure_delete = OFF; PRAGMA user_version = 0");
    const update = older.prepare("UPDATE objects SET projection = ?, owned = ? WHERE id = ?");
    const hashes = new Set(ids.map(plain));
    for (let round = 0; round < 4; round++) {
      for (const id of ids) {
        const hash = plain(`${id} ${round}`);
        hashes.add(hash);
        update.run(hash, "x".repeat(11 * round), id);
      }
    }
    older.exec("DELETE FROM objects WHERE id LIKE '%7'");
    older.close();
    const seen = async (): Promise<number> => {
      const texts = await Promise.all(
        [path, `${path}-wal`].map((file) => readFile(file, "latin1").catch(() => "")),
      );
      return [...hashes].filter((hash) => texts.some((text) => text.includes(hash))).length;
    };
    expect(await seen()).toBeGreaterThan(200);

    const rows = open().objects("s1", "web");
    expect(await seen()).toBe(0);
    const kept = new Map(rows.map((one) => [one.id, one.projection]));
    expect(kept.get("_Secret_web_1")).toBe(means.key.seal(plain("_Secret_web_1 3")));
    expect(kept.get("_ConfigMap_web_a")).toBe(plain("_ConfigMap_web_a"));
    expect(kept.get("apps_Secret_web_a")).toBe(plain("apps_Secret_web_a"));
    const again = (await reopen()).objects("s1", "web");
    expect(new Map(again.map((one) => [one.id, one.projection]))).toEqual(kept);
  });

  it("is opened also where there is no room to write it anew, says so, and seals at the next start", async () => {
    const path = join(folder.dir, "state.sqlite");
    const plain = createHash("sha256").update("1234").digest("hex");
    const large = { owned: "x".repeat(1_000_000) };
    const first = open();
    first.saveObjects(place, [
      { ...pendingRow("_Secret_web_a", "v1"), projection: plain },
      { ...pendingRow("_ConfigMap_web_a", "v1"), ...large },
    ]);
    await store?.close();
    store = undefined;
    const older = new DatabaseSync(path);
    older.exec("PRAGMA user_version = 0");
    older.close();

    // No file may become larger than half of it.
    const child = fileURLToPath(new URL("state-store-child.ts", import.meta.url));
    const args = ["-c", 'ulimit -f 1000; exec "$0" "$@"', process.execPath, child, path, "a key"];
    const { stdout, stderr } = await promisify(execFile)("sh", args);
    expect(JSON.parse(stdout)).toEqual(["_ConfigMap_web_a", "_Secret_web_a", "written"]);
    expect(stderr.match(/there is no room to write it anew/g)).toHaveLength(1);

    const rows = open().objects("s1", "web");
    expect(rows.find(({ id }) => id === "_Secret_web_a")?.projection).toBe(means.key.seal(plain));
    const files = await Promise.all([path, `${path}-wal`].map((file) => readFile(file, "latin1")));
    expect(files.filter((text) => text.includes(plain))).toEqual([]);
    expect(log).toEqual([]);
  });

  it("belongs to one worker at a time", () => {
    open();

    expect(() => openStateStore(join(folder.dir, "state.sqlite"), means)).toThrow(
      /another worker uses/,
    );
  });

  it("says so where its file is damaged, and leaves the file alone", () => {
    writeFileSync(
      join(folder.dir, "state.sqlite"),
      "this is no database, and never was one. ".repeat(50),
    );

    expect(open).toThrow(expect.objectContaining({ code: "STATE_CORRUPT" }));
  });
});
