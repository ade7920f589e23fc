import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { isRecentEnough } from "../../../src/adapters/git/bare-repository.ts";
import { type NativeStore, openStore } from "../../../src/adapters/git/native-store.ts";
import type { ObjectStore, TreeChange } from "../../../src/adapters/git/object-store.ts";
import { systemClock } from "../../../src/runtime/system-clock.ts";
import { git, temporaryFolder } from "../../support/git-repository.ts";

const main = "refs/heads/main";
const clock = systemClock();

async function newStore(): Promise<NativeStore> {
  return openStore(join(await temporaryFolder(), "store.git"), { create: true, clock });
}

function commit(
  store: ObjectStore,
  parent: string | null,
  changes: readonly TreeChange[],
): Promise<string> {
  const at = 1_700_000_000_000;
  return store.commitChanges({ ref: main, parent, changes, message: "m", author: "t", at });
}

/** Commits with the retry that every writer does: read the head again, plan again. */
async function commitWithRetry(store: ObjectStore, change: TreeChange): Promise<void> {
  for (;;) {
    try {
      await commit(store, await store.resolve(main), [change]);
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== "REF_RACE") throw error;
    }
  }
}

async function packs(store: NativeStore): Promise<string[]> {
  const names = await readdir(join(store.dir, "objects", "pack"));
  return names.filter((name) => name.endsWith(".pack"));
}

async function packedObjects(store: NativeStore): Promise<number> {
  const text = await git(["-C", store.dir, "count-objects", "-v"]);
  return Number(/in-pack: (\d+)/.exec(text)?.[1]) + Number(/^count: (\d+)/m.exec(text)?.[1]);
}

describe("an object store on native git", () => {
  it("writes objects of every size as git reads them", async () => {
    const store = await newStore();
    const sizes = [0, 1, 15, 16, 511, 512, 513, 65_535, 65_536, 300_000];
    const files = sizes.map((size) => ({
      path: `f/${size}`,
      content: "aß€".repeat(size).slice(0, size),
    }));
    const many = Array.from({ length: 3000 }, (_, at) => ({
      path: `many/${at}`,
      content: `${at}`,
    }));
    const head = await commit(store, null, [...files, ...many]);
    expect(await git(["-C", store.dir, "fsck", "--strict", "--full"])).toBe("");
    for (const { path, content } of files) {
      expect(await git(["-C", store.dir, "cat-file", "blob", `${head}:${path}`])).toBe(content);
    }
    const [pack] = await packs(store);
    const index = join(store.dir, "objects", "pack", `${pack?.replace(/pack$/, "idx")}`);
    expect(await git(["-C", store.dir, "verify-pack", index])).toBe("");
    await store.close();
  });

  it("starts no git process for a commit on what it knows, nor for a look at a ref", async () => {
    const store = await newStore();
    const first = await commit(store, null, [{ path: "a/b", content: "1" }]);
    const { PATH } = process.env;
    process.env["PATH"] = store.dir;
    try {
      const second = await commit(store, first, [{ path: "a/b", content: "2" }]);
      expect(await store.resolve(main)).toBe(second);
    } finally {
      process.env["PATH"] = PATH;
    }
    await git(["-C", store.dir, "update-ref", main, first]);
    expect(await store.resolve(main)).toBe(first);
    expect(await git(["-C", store.dir, "fsck", "--strict", "--full"])).not.toMatch(/missing|bad/);
    await store.close();
  });

  it("moves a ref that git has packed, and none that is elsewhere", async () => {
    const store = await newStore();
    const first = await commit(store, null, [{ path: "a", content: "1" }]);
    await git(["-C", store.dir, "pack-refs", "--all"]);
    expect(await store.resolve(main)).toBe(first);
    const second = await commit(store, first, [{ path: "a", content: "2" }]);
    expect(await git(["-C", store.dir, "rev-parse", main])).toBe(second);
    await git(["-C", store.dir, "update-ref", "refs/heads/other", first]);
    await expect(store.setRef("refs/heads/other", second, second)).rejects.toMatchObject({
      code: "REF_RACE",
    });
    expect(await git(["-C", store.dir, "rev-parse", "refs/heads/other"])).toBe(first);
    await store.close();
  });

  it("writes repositories that git finds sound", async () => {
    const store = await newStore();
    const first = await commit(store, null, [{ path: "a/b/c", content: "1" }]);
    await commit(store, first, [{ path: "a/d", content: "2" }]);
    expect(await git(["-C", store.dir, "fsck", "--strict", "--full"])).toBe("");
    expect(await git(["-C", store.dir, "log", "--format=%an %ae %at %s", main])).toBe(
      "t flotilla@localhost 1700000000 m\nt flotilla@localhost 1700000000 m",
    );
    await store.close();
  });

  it("writes only what a change touches, however large the tree is", async () => {
    const store = await newStore();
    const files = Array.from({ length: 10_000 }, (_, index) => ({
      path: `sites/s-${Math.floor(index / 100)}/app-${Math.floor(index / 10) % 10}/o-${index % 10}.yaml`,
      content: `value: ${index}\n`,
    }));
    const first = await commit(store, null, files);
    const before = await packedObjects(store);
    await commit(store, first, [{ path: "sites/s-7/app-3/o-1.yaml", content: "changed" }]);
    // One blob, the trees on its path (root, sites, s-7, app-3), the commit.
    expect((await packedObjects(store)) - before).toBe(6);
    await store.close();
  });

  it("writes nothing for a tree that is there", async () => {
    const store = await newStore();
    const files = [{ path: "a", content: "1" }];
    await store.writeTree(files);
    const before = await packs(store);
    await store.writeTree(files);
    expect(await packs(store)).toEqual(before);
    await store.close();
  });

  it("goes on when the process that reads is killed", async () => {
    const store = await newStore();
    const head = await commit(store, null, [{ path: "a", content: "1" }]);
    for (let round = 0; round < 3; round += 1) {
      for (const pid of await gitProcessesOf(store.dir, "cat-file")) killNow(pid);
      expect((await store.list(head)).map(({ path }) => path)).toEqual(["a"]);
    }
    await store.close();
  });

  it("tells a damaged object, and goes on with the others", async () => {
    const store = await newStore();
    const work = await temporaryFolder();
    const good = await store.writeTree([{ path: "good", content: "good" }]);
    await writeFile(join(work, "x"), "to be damaged\n");
    const oid = await git(["-C", store.dir, "hash-object", "-w", join(work, "x")]);
    const path = join(store.dir, "objects", oid.slice(0, 2), oid.slice(2));
    await git(["-C", store.dir, "cat-file", "blob", oid]);
    for (const damaged of [
      Buffer.from("garbage"),
      Buffer.alloc(0),
      (await readFile(path)).subarray(0, 10),
    ]) {
      await execute("rm", ["-f", path]);
      await writeFile(path, damaged);
      const [bad, fine] = await Promise.allSettled([store.read([oid]), store.list(good)]);
      expect(bad).toMatchObject({ status: "rejected", reason: { code: "GIT_CORRUPT" } });
      expect(fine).toMatchObject({ status: "fulfilled", value: [{ path: "good" }] });
    }
    await store.close();
  });

  it("never takes a torn ref, or one that points at nothing, for an absent one", async () => {
    const store = await newStore();
    await commit(store, null, [{ path: "a", content: "1" }]);
    for (const content of ["", "garbage\n", "1234567890123456789012345678901234567890\n"]) {
      await writeFile(join(store.dir, main), content);
      await expect(store.resolve(main)).rejects.toMatchObject({ code: "GIT_CORRUPT" });
      const overwrite = commit(store, null, [{ path: "b", content: "2" }]);
      await expect(overwrite).rejects.toHaveProperty("code");
      expect(await readFile(join(store.dir, main), "utf8")).toBe(content);
    }
    await store.close();
  });

  it("removes what a killed git left, but not the lock of a live one", async () => {
    const store = await newStore();
    await commit(store, null, [{ path: "a", content: "1" }]);
    await store.close();
    const old = [
      "refs/heads/main.lock",
      "packed-refs.lock",
      "objects/pack/tmp_pack_x",
      "HEAD.lock",
    ];
    const young = "refs/heads/other.lock";
    for (const name of [...old, young]) await writeFile(join(store.dir, name), "");
    for (const name of old) await utimes(join(store.dir, name), 1_000, 1_000);
    const again = await openStore(store.dir, { clock });
    for (const name of old) expect(existsSync(join(store.dir, name))).toBe(false);
    expect(existsSync(join(store.dir, young))).toBe(true);
    await again.close();
  });

  it("waits for a fresh lock until it is known to be left over, then writes", async () => {
    const store = await newStore();
    const head = await commit(store, null, [{ path: "a", content: "1" }]);
    await writeFile(join(store.dir, `${main}.lock`), "");
    const next = await commit(store, head, [{ path: "a", content: "2" }]);
    expect(await store.resolve(main)).toBe(next);
    await store.close();
  });

  it("keeps every commit of two processes that write to one ref", async () => {
    const store = await newStore();
    const writers = ["one", "two"].map((name) => startWriter(store.dir, name, 15));
    const own = Array.from({ length: 15 }, (_, index) => index);
    for (const index of own) await commitWithRetry(store, { path: `own/${index}`, content: "x" });
    for (const writer of writers) expect(await writer.ended).toBe(0);
    const head = (await store.resolve(main)) ?? "";
    expect((await store.list(head)).length).toBe(45);
    expect(await git(["-C", store.dir, "rev-list", "--count", main])).toBe("45");
    await store.close();
  });

  it("loses nothing that was acknowledged when the writer is killed at any moment", async () => {
    const dir = join(await temporaryFolder(), "store.git");
    let acknowledged = 0;
    for (const afterMs of [undefined, 0, 5, 11, 18, 26, 37]) {
      const writer = startWriter(dir, "killed", 10_000);
      // The first is killed while it makes the repository.
      if (afterMs === undefined) await clock.sleep(150);
      else await writer.acknowledges;
      await clock.sleep(afterMs ?? 0);
      writer.kill();
      for (const pid of await gitProcessesOf(dir)) killNow(pid);
      await writer.ended;
      acknowledged = Math.max(acknowledged, writer.lastAcknowledged());
    }
    const store = await openStore(dir, { create: true, clock });
    const head = await store.resolve(main);
    const files = head === null ? [] : await store.list(head);
    expect(acknowledged).toBeGreaterThan(0);
    expect(files.length).toBeGreaterThanOrEqual(acknowledged);
    await commitWithRetry(store, { path: "after", content: "x" });
    expect(await git(["-C", dir, "fsck", "--strict", "--connectivity-only"])).not.toMatch(
      /missing|broken|error/,
    );
    await store.close();
  }, 120_000);

  it("gathers packs while others read and write, and keeps trees that no commit has", async () => {
    const store = await newStore();
    const loose = await store.writeTree([{ path: "not", content: "committed" }]);
    let head: string | null = null;
    for (let index = 0; index < 20; index += 1) {
      head = await commit(store, head, [{ path: `f/${index}`, content: String(index) }]);
    }
    const before = (await packs(store)).length;
    const reading = (async () => {
      for (let round = 0; round < 50; round += 1) {
        const entries = await store.list(head ?? "");
        await store.read(entries.map(({ oid }) => oid));
      }
    })();
    await Promise.all([
      store.maintain(),
      reading,
      commitWithRetry(store, { path: "g", content: "x" }),
    ]);
    await store.maintain();
    expect((await packs(store)).length).toBeLessThan(before / 2);
    expect((await store.list(loose)).map(({ path }) => path)).toEqual(["not"]);
    expect((await store.list((await store.resolve(main)) ?? "")).length).toBe(21);
    await store.close();
  });

  it("says where there is no repository, and where there is something else", async () => {
    const dir = await temporaryFolder();
    const missing = openStore(join(dir, "none"), { clock });
    await expect(missing).rejects.toMatchObject({ code: "GIT_NOT_FOUND" });
    await writeFile(join(dir, "file"), "x");
    const taken = openStore(dir, { create: true, clock });
    await expect(taken).rejects.toMatchObject({ message: expect.stringContaining("not empty") });
    expect(await readdir(dir)).toEqual(["file"]);
  });

  it("makes one repository when several open it at once", async () => {
    const dir = join(await temporaryFolder(), "deep", "er", "store.git");
    const stores = await Promise.all([1, 2, 3].map(() => openStore(dir, { create: true, clock })));
    await commit(stores[0] as NativeStore, null, [{ path: "a", content: "1" }]);
    for (const store of stores) {
      expect(await store.resolve(main)).not.toBeNull();
      await store.close();
    }
    expect(await readdir(join(dir, ".."))).toEqual(["store.git"]);
  });

  it("stops with the reason when its signal is aborted", async () => {
    const stop = new AbortController();
    const dir = join(await temporaryFolder(), "store.git");
    const store = await openStore(dir, { create: true, clock, signal: stop.signal });
    stop.abort(new Error("shut down"));
    await expect(commit(store, null, [{ path: "a", content: "1" }])).rejects.toThrow(
      /shut down|closed/,
    );
    await store.close();
  });

  it("says so when git is not installed", async () => {
    const path = process.env["PATH"] ?? "";
    process.env["PATH"] = await temporaryFolder();
    try {
      const opened = openStore("/nonexistent/store.git", { clock });
      await expect(opened).rejects.toMatchObject({
        code: "GIT_FAILED",
        retry: "never",
        hint: expect.stringContaining("2.36"),
      });
    } finally {
      process.env["PATH"] = path;
    }
  });

  it.each([
    ["2.36.0", true],
    ["2.39.5", true],
    ["3.0.1", true],
    ["2.35.9", false],
    ["1.99.0", false],
    ["unknown", false],
  ])("takes git %s: %s", (version, expected) => {
    expect(isRecentEnough(version)).toBe(expected);
  });
});

/** Runs store-writer.ts: a process of its own that commits file after file and prints each number it had acknowledged. */
function startWriter(dir: string, name: string, count: number) {
  const script = fileURLToPath(new URL("store-writer.ts", import.meta.url));
  const child = spawn(process.execPath, [script, dir, name, String(count)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString("utf8");
  });
  return {
    kill: () => child.kill("SIGKILL"),
    /** Resolves with the first acknowledgement (or the end). */
    acknowledges: new Promise<void>((resolve) => {
      child.stdout.once("data", () => resolve());
      child.once("close", () => resolve());
    }),
    ended: new Promise<number | null>((resolve) => child.once("close", resolve)),
    /** Only whole lines: the last may be cut by the kill. */
    lastAcknowledged: () => Number(output.split("\n").at(-2) ?? 0),
  };
}

async function execute(command: string, args: readonly string[]): Promise<void> {
  const child = spawn(command, args, { stdio: "ignore" });
  await new Promise((resolve) => child.once("close", resolve));
}

/** Process ids of the git processes of a repository. */
async function gitProcessesOf(dir: string, command = ""): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const line = await readFile(join("/proc", name, "cmdline"), "utf8").catch(() => "");
    if (line.startsWith("git\0") && line.includes(dir) && line.includes(command)) {
      found.push(Number(name));
    }
  }
  return found;
}

function killNow(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}
