import { rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { memoryStore } from "../../../src/adapters/git/memory-store.ts";
import { openStore } from "../../../src/adapters/git/native-store.ts";
import type { ObjectStore, TreeChange } from "../../../src/adapters/git/object-store.ts";
import { verifyCommit } from "../../../src/adapters/git/verify-mirror.ts";
import { formatTrailers } from "../../../src/core/protocol/mirror-layout.ts";
import { systemClock } from "../../../src/runtime/system-clock.ts";
import { git, temporaryFolder } from "../../support/git-repository.ts";

const ref = "refs/heads/main";

interface Wanted {
  readonly sites: number;
  readonly objects: number;
  readonly epoch?: number;
}

async function write(
  store: ObjectStore,
  changes: readonly TreeChange[],
  wanted: Wanted | string,
): Promise<string> {
  const message =
    typeof wanted === "string"
      ? wanted
      : `m\n\n${formatTrailers({ epoch: 1, control: "c", changes: [], ...wanted })}`;
  const parent = await store.resolve(ref);
  return store.commitChanges({ ref, parent, changes, message, author: "t", at: 0 });
}

function site(name: string, objects: number, content = "x: 1\n"): TreeChange[] {
  return [
    { path: `meta/${name}.json`, content: "{}" },
    ...Array.from({ length: objects }, (_, index) => ({
      path: `sites/${name}/app/o-${index}.yaml`,
      content,
    })),
  ];
}

describe("verifying a mirror commit", () => {
  it("accepts what holds what it says, step by step", async () => {
    const store = memoryStore();
    const first = await write(store, [...site("a", 2), ...site("b", 3)], { sites: 2, objects: 5 });
    expect(await verifyCommit(store, first, null)).toMatchObject({
      ok: true,
      trailers: { sites: 2 },
    });
    const second = await write(
      store,
      [
        { path: "sites/a/app/o-0.yaml", remove: true },
        { path: "sites/b/app", remove: true },
        { path: "sites/b/app.leaving", content: "{}" },
        { path: "good/a/app/o-0.yaml", content: "x" },
        ...site("c", 1),
      ],
      { sites: 3, objects: 2 },
    );
    expect(await verifyCommit(store, second, first)).toMatchObject({ ok: true });
    expect(await verifyCommit(store, second, null)).toMatchObject({ ok: true });
  });

  it("accepts that the last site moved away, since the commit says so", async () => {
    const store = memoryStore();
    const first = await write(store, site("a", 2), { sites: 1, objects: 2 });
    const gone: TreeChange[] = [
      { path: "sites", remove: true },
      { path: "meta", remove: true },
    ];
    const empty = await write(store, gone, { sites: 0, objects: 0 });
    expect(await verifyCommit(store, empty, first)).toMatchObject({ ok: true });
    // A worker that begins there can say that it writes nowhere.
    expect(await verifyCommit(store, empty, null)).toMatchObject({ ok: true });
  });

  it("refuses an empty tree that nobody announced, and one to start with", async () => {
    const store = memoryStore();
    const first = await write(store, site("a", 2), { sites: 1, objects: 2 });
    const gone: TreeChange[] = [
      { path: "sites", remove: true },
      { path: "meta", remove: true },
    ];
    const empty = await write(store, gone, { sites: 1, objects: 2 });
    expect(await verifyCommit(store, empty, first)).toEqual({
      ok: false,
      code: "MIRROR_INVALID",
      message: `mirror commit ${empty.slice(0, 12)} is not followed: it says 1 sites and 2 objects and holds 0 sites and 0 objects`,
    });
    const other = memoryStore();
    const start = await write(other, [{ path: "x", content: "" }], { sites: 0, objects: 0 });
    expect(await verifyCommit(other, start, null)).toMatchObject({
      ok: false,
      code: "MIRROR_INVALID",
    });
  });

  it.each([
    [{ sites: 2, objects: 2 }, "says 2 sites"],
    [{ sites: 1, objects: 3 }, "3 objects"],
    ["no trailers", "lacks the trailers"],
  ])("refuses a commit that says %j of one site with two objects", async (wanted, message) => {
    const store = memoryStore();
    const commit = await write(store, site("a", 2), wanted);
    expect(await verifyCommit(store, commit, null)).toMatchObject({
      ok: false,
      code: "MIRROR_INVALID",
      message: expect.stringContaining(message),
    });
  });

  it("refuses a head that does not descend from the one that is followed", async () => {
    const store = memoryStore();
    const first = await write(store, site("a", 1), { sites: 1, objects: 1 });
    const second = await write(store, site("a", 1, "y"), { sites: 1, objects: 1 });
    await store.setRef(ref, first, second);
    const other = await write(store, site("a", 1, "z"), { sites: 1, objects: 1 });
    for (const head of [other, first]) {
      expect(await verifyCommit(store, head, second)).toMatchObject({
        ok: false,
        code: "HISTORY_REWRITTEN",
      });
    }
  });

  it("refuses a leader of an older epoch, and follows a newer one", async () => {
    const store = memoryStore();
    const first = await write(store, site("a", 1), { sites: 1, objects: 1, epoch: 4 });
    const newer = await write(store, site("a", 1, "y"), { sites: 1, objects: 1, epoch: 5 });
    expect(await verifyCommit(store, newer, first)).toMatchObject({ ok: true });
    const older = await write(store, site("a", 1, "z"), { sites: 1, objects: 1, epoch: 4 });
    expect(await verifyCommit(store, older, newer)).toMatchObject({
      ok: false,
      code: "STALE_EPOCH",
    });
  });

  it("refuses a commit that is not there", async () => {
    const verdict = await verifyCommit(memoryStore(), "1".repeat(40), null);
    expect(verdict).toMatchObject({ ok: false, code: "MIRROR_INVALID" });
  });

  it("throws, rather than blame the commit, when the followed one is gone from the own store", async () => {
    const store = memoryStore();
    const first = await write(store, site("a", 1), { sites: 1, objects: 1 });
    await expect(verifyCommit(store, first, "1".repeat(40))).rejects.toMatchObject({
      code: "STATE_CORRUPT",
    });
  });

  it("notices every single object that is missing", async () => {
    const dir = join(await temporaryFolder(), "mirror.git");
    const store = await openStore(dir, { create: true, clock: systemClock() });
    const first = await write(store, [...site("a", 2), ...site("b", 1, "b")], {
      sites: 2,
      objects: 3,
    });
    await store.close();
    await unpack(dir);
    const oids = (await git(["-C", dir, "rev-list", "--objects", first]))
      .split("\n")
      .map((line) => line.slice(0, 40));
    expect(oids.length).toBeGreaterThan(8);
    for (const oid of oids) {
      const path = join(dir, "objects", oid.slice(0, 2), oid.slice(2));
      const aside = `${path}.aside`;
      await git(["-C", dir, "cat-file", "-e", oid]);
      await move(path, aside);
      const torn = await openStore(dir, { clock: systemClock() });
      expect(await verifyCommit(torn, first, null)).toMatchObject({
        ok: false,
        code: "MIRROR_INVALID",
      });
      await torn.close();
      await move(aside, path);
    }
  });

  it("reads only what changed", async () => {
    const inner = memoryStore();
    const many = Array.from({ length: 300 }, (_, index) =>
      site(`s-${index}`, 3, `v: ${index}`),
    ).flat();
    const first = await write(inner, many, { sites: 300, objects: 900 });
    const second = await write(inner, site("s-7", 3, "changed"), { sites: 300, objects: 900 });
    let asked = 0;
    const counting: ObjectStore = {
      ...inner,
      children: (...args) => {
        asked += 1;
        return inner.children(...args);
      },
      list: (...args) => {
        asked += 1;
        return inner.list(...args);
      },
    };
    expect(await verifyCommit(counting, second, first)).toMatchObject({ ok: true });
    // Old and new of: root, sites, s-7, app.
    expect(asked).toBeLessThanOrEqual(8);
  });
});

/** Turns packs into loose objects, so that one can be taken away. */
async function unpack(dir: string): Promise<void> {
  const { readdir, readFile } = await import("node:fs/promises");
  const { execFileSync } = await import("node:child_process");
  const folder = join(dir, "objects", "pack");
  for (const name of (await readdir(folder)).filter((file) => file.endsWith(".pack"))) {
    const input = await readFile(join(folder, name));
    await rm(join(folder, name.replace(".pack", ".idx")), { force: true });
    await rm(join(folder, name), { force: true });
    execFileSync("git", ["-C", dir, "unpack-objects", "-q"], { input });
  }
}

async function move(from: string, to: string): Promise<void> {
  const { rename } = await import("node:fs/promises");
  await rename(from, to);
}
