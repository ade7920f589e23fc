import * as fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { copyObjects } from "../../../src/adapters/git/copy-objects.ts";
import type { CommitRequest, ObjectStore } from "../../../src/adapters/git/object-store.ts";

const main = "refs/heads/main";
const unknown = "1234567890123456789012345678901234567890";

/** What every ObjectStore promises, inside a `describe`. `open` gives a new, empty one. */
export function objectStoreContract(open: () => Promise<ObjectStore>): void {
  let store: ObjectStore;
  let counter = 0;
  const newRef = (): string => `refs/heads/test-${(counter += 1)}`;
  const commit = (request: Partial<CommitRequest>): Promise<string> =>
    store.commitChanges({
      ref: main,
      parent: null,
      changes: [],
      message: "a change\n",
      author: "Test <test@example.com>",
      at: 1_700_000_000_000,
      ...request,
    });
  const textAt = async (treeish: string, path: string): Promise<string | undefined> => {
    const entry = await store.at(treeish, path);
    return entry === null ? undefined : (await store.read([entry.oid])).get(entry.oid);
  };
  const texts = async (treeish: string): Promise<Record<string, string>> => {
    const entries = await store.list(treeish);
    const contents = await store.read(entries.map(({ oid }) => oid));
    return Object.fromEntries(entries.map(({ path, oid }) => [path, contents.get(oid) ?? ""]));
  };

  beforeAll(async () => {
    store = await open();
  });
  afterAll(async () => {
    await store.close();
  });

  it("gives git's own ids to trees and commits", async () => {
    const files = [
      { path: "a/b.yaml", content: "x: 1\n" },
      { path: "a.yaml", content: "é\n" },
      { path: "a-b", content: "" },
    ];
    const tree = await store.writeTree(files);
    expect(tree).toBe("66ffb65e2e6c94177a0e2f83097a840be0356e9a");
    const oid = await commit({ ref: newRef(), changes: files });
    expect(oid).toBe("87eb26719384f61e4abc437064d6cbb657dba1fb");
  });

  it("answers null for a ref and a commit that do not exist", async () => {
    expect(await store.resolve("refs/heads/nothing")).toBeNull();
    expect(await store.commit(unknown)).toBeNull();
  });

  it("refuses a tree-ish that is not in the store instead of listing nothing", async () => {
    const refusal = expect.objectContaining({ code: "GIT_NOT_FOUND" });
    await expect(store.list(unknown)).rejects.toEqual(refusal);
    await expect(store.children(unknown)).rejects.toEqual(refusal);
    await expect(store.at(unknown, "a")).rejects.toEqual(refusal);
    await expect(store.isAncestor(unknown, unknown)).rejects.toEqual(refusal);
  });

  it("refuses a blob that is not in the store", async () => {
    await expect(store.read([unknown])).rejects.toMatchObject({ code: "GIT_CORRUPT" });
  });

  it("reads back what was committed, with author, time and message", async () => {
    const ref = newRef();
    const first = await commit({ ref, changes: [{ path: "x", content: "1" }] });
    const oid = await commit({
      ref,
      parent: first,
      changes: [{ path: "y", content: "2" }],
      message: "second\n\nFlotilla-Epoch: 3\n",
      at: 1_700_000_001_999,
    });
    expect(await store.resolve(ref)).toBe(oid);
    expect(await store.commit(oid)).toMatchObject({
      oid,
      parents: [first],
      message: "second\n\nFlotilla-Epoch: 3\n",
      at: 1_700_000_001_000,
    });
    expect(await texts(oid)).toEqual({ x: "1", y: "2" });
  });

  it("makes equal commits of equal requests", async () => {
    const changes = [{ path: "same", content: "same" }];
    const [one, two] = [
      await commit({ ref: newRef(), changes }),
      await commit({ ref: newRef(), changes }),
    ];
    expect(one).toBe(two);
  });

  it("keeps a strange author and message from breaking the commit", async () => {
    const ref = newRef();
    const author = "Eve\ncommitter x <y> 1 +0000 <evil\n@example.com>";
    const oid = await commit({
      ref,
      author,
      message: "tree \0 and\nparent",
      changes: [{ path: "e", content: "" }],
    });
    expect(await store.commit(oid)).toMatchObject({
      parents: [],
      message: "tree  and\nparent\n",
    });
  });

  it("lists and finds under a folder with full paths, and nothing where nothing is", async () => {
    const changes = ["b/c/d", "b/c.d", "b/c-d", "b/e", "f"].map((path) => ({
      path,
      content: path,
    }));
    const oid = await commit({ ref: newRef(), changes });
    const paths = async (prefix?: string): Promise<string[]> =>
      (await store.list(oid, prefix)).map(({ path }) => path);
    expect(await paths()).toEqual(["b/c-d", "b/c.d", "b/c/d", "b/e", "f"]);
    expect(await paths("b/c")).toEqual(["b/c/d"]);
    expect(await paths("b/e")).toEqual(["b/e"]);
    expect(await paths("b/none")).toEqual([]);
    expect(await paths("f/none")).toEqual([]);
    const children = await store.children(oid, "b");
    expect(children.map(({ path, type }) => `${type} ${path}`)).toEqual([
      "blob b/c-d",
      "blob b/c.d",
      "tree b/c",
      "blob b/e",
    ]);
    expect(await store.children(oid, "f")).toEqual([]);
    expect(await store.at(oid, "b/none")).toBeNull();
    expect(await store.at(oid, "f/none")).toBeNull();
  });

  it("accepts a tree where a commit is taken", async () => {
    const tree = await store.writeTree([{ path: "p/q", content: "r" }]);
    expect(await texts(tree)).toEqual({ "p/q": "r" });
    const inner = await store.at(tree, "p");
    expect(await textAt(inner?.oid ?? "", "q")).toBe("r");
  });

  it("carries changes out in order, and folders that become empty vanish", async () => {
    const ref = newRef();
    const parent = await commit({
      ref,
      changes: ["a/1", "a/2", "b/x/1", "c"].map((path) => ({ path, content: path })),
    });
    const oid = await commit({
      ref,
      parent,
      changes: [
        { path: "a", remove: true },
        { path: "a/3", content: "new" },
        { path: "b/x/1", remove: true },
        { path: "c/inside", content: "file became folder" },
        { path: "gone/nowhere", remove: true },
        { path: "d/e", content: "1" },
        { path: "d/e", content: "2" },
      ],
    });
    expect(await texts(oid)).toEqual({
      "a/3": "new",
      "c/inside": "file became folder",
      "d/e": "2",
    });
    expect(await store.at(oid, "b")).toBeNull();
  });

  it("puts a stored tree at a path, and changes inside it", async () => {
    const tree = await store.writeTree([
      { path: "one", content: "1" },
      { path: "two", content: "2" },
    ]);
    const ref = newRef();
    const oid = await commit({
      ref,
      changes: [
        { path: "sites/s/app", tree },
        { path: "sites/t/app", tree },
        { path: "sites/t/app/two", remove: true },
      ],
    });
    expect(await store.at(oid, "sites/s/app")).toMatchObject({ type: "tree", oid: tree });
    expect(await texts(oid)).toEqual({
      "sites/s/app/one": "1",
      "sites/s/app/two": "2",
      "sites/t/app/one": "1",
    });
  });

  it("refuses to put in a tree that is not there, and moves nothing", async () => {
    const ref = newRef();
    const request = commit({ ref, changes: [{ path: "a", tree: unknown }] });
    await expect(request).rejects.toMatchObject({ code: "GIT_NOT_FOUND" });
    expect(await store.resolve(ref)).toBeNull();
  });

  it("makes no commit of a change to nothing", async () => {
    const ref = newRef();
    const parent = await commit({ ref, changes: [{ path: "a", content: "1" }] });
    const again = await commit({
      ref,
      parent,
      at: 1_800_000_000_000,
      changes: [
        { path: "a", content: "1" },
        { path: "b", remove: true },
      ],
    });
    expect(again).toBe(parent);
    expect(await store.resolve(ref)).toBe(parent);
  });

  it("refuses a commit on a parent that is not the head", async () => {
    const ref = newRef();
    const first = await commit({ ref, changes: [{ path: "a", content: "1" }] });
    const second = await commit({ ref, parent: first, changes: [{ path: "a", content: "2" }] });
    for (const parent of [null, first]) {
      const late = commit({ ref, parent, changes: [{ path: "a", content: "3" }] });
      await expect(late).rejects.toMatchObject({ code: "REF_RACE" });
    }
    const nothing = commit({ ref, parent: first, changes: [{ path: "a", content: "1" }] });
    await expect(nothing).rejects.toMatchObject({ code: "REF_RACE" });
    expect(await store.resolve(ref)).toBe(second);
  });

  it("lets exactly one of several writers on one parent win", async () => {
    const ref = newRef();
    const parent = await commit({ ref, changes: [{ path: "a", content: "0" }] });
    const outcomes = await Promise.allSettled(
      ["1", "2", "3", "4"].map((content) =>
        commit({ ref, parent, changes: [{ path: "a", content }] }),
      ),
    );
    const won = outcomes.filter(({ status }) => status === "fulfilled");
    expect(won).toHaveLength(1);
    expect(won[0]).toMatchObject({ value: await store.resolve(ref) });
  });

  it("sets a ref by compare-and-swap, only to a commit that is there", async () => {
    const source = newRef();
    const first = await commit({ ref: source, changes: [{ path: "a", content: "1" }] });
    const second = await commit({
      ref: source,
      parent: first,
      changes: [{ path: "a", content: "2" }],
    });
    const ref = newRef();
    await store.setRef(ref, first, null);
    await expect(store.setRef(ref, second, null)).rejects.toMatchObject({ code: "REF_RACE" });
    await expect(store.setRef(ref, second, second)).rejects.toMatchObject({ code: "REF_RACE" });
    await expect(store.setRef(ref, unknown, first)).rejects.toMatchObject({
      code: "GIT_NOT_FOUND",
    });
    await store.setRef(ref, second, first);
    expect(await store.resolve(ref)).toBe(second);
  });

  it("tells a line of commits, newest first, and of them those whose message has a text", async () => {
    const ref = newRef();
    const line: string[] = [];
    for (let n = 0; n < 40; n += 1) {
      const message = n % 10 === 3 ? `n\n\nTold: web/a.b${n} x` : `web/aXb ${n}`;
      const changes = [{ path: "n", content: `${n}` }];
      line.unshift(await commit({ ref, parent: line[0] ?? null, changes, message }));
    }
    const [head = ""] = line;
    const all = await Array.fromAsync(store.line(head));
    expect(all.map(({ oid }) => oid)).toEqual(line);
    const some = await Array.fromAsync(store.line(head, { telling: " web/a.b" }));
    expect(some).toEqual(all.filter(({ message }) => message.includes("Told")));
    expect(some).toHaveLength(4);
    expect(await Array.fromAsync(store.line(head, { telling: "--all" }))).toEqual([]);
    const gone = AbortSignal.abort(new Error("nobody asks any more"));
    await expect(Array.fromAsync(store.line(head, { signal: gone }))).rejects.toThrow("nobody");
  });

  it("knows ancestors", async () => {
    const ref = newRef();
    let parent: string | null = null;
    const line: string[] = [];
    for (const content of ["1", "2", "3", "4"]) {
      parent = await commit({ ref, parent, changes: [{ path: "n", content }] });
      line.push(parent);
    }
    const [first = "", , , last = ""] = line;
    const stranger = await commit({ ref: newRef(), changes: [{ path: "z", content: "z" }] });
    expect(await store.isAncestor(first, last)).toBe(true);
    expect(await store.isAncestor(last, last)).toBe(true);
    expect(await store.isAncestor(last, first)).toBe(false);
    expect(await store.isAncestor(stranger, last)).toBe(false);
    expect(await store.isAncestor(unknown, last)).toBe(false);
  });

  it.each([
    "",
    "/a",
    "a/",
    "a//b",
    "../a",
    "a/../b",
    ".",
    "a/.git/config",
    ".GIT",
    "a\0b",
    "a\nb",
    "a\\b",
  ])("refuses the path %j", async (path) => {
    const ref = newRef();
    await expect(commit({ ref, changes: [{ path, content: "" }] })).rejects.toThrow("not a path");
    expect(await store.resolve(ref)).toBeNull();
  });

  it.each([
    "main",
    "HEAD",
    "--all",
    "refs/heads/a..b",
    "refs/heads/x.lock",
    "refs/heads/-x",
    "refs/heads/a b",
  ])("refuses the ref name %j", async (ref) => {
    await expect(store.resolve(ref)).rejects.toThrow("not a full ref name");
    await expect(commit({ ref })).rejects.toThrow("not a full ref name");
  });

  it("writes many trees at once", async () => {
    const files = Array.from({ length: 60 }, (_, index) => [
      { path: "common", content: "common" },
      { path: "own", content: String(index) },
    ]);
    const trees = await Promise.all(files.map((list) => store.writeTree(list)));
    expect(new Set(trees).size).toBe(60);
    for (const [index, tree] of trees.entries()) {
      expect(await texts(tree)).toEqual({ common: "common", own: String(index) });
    }
  });

  it("copies trees from another store under the same ids", async () => {
    const other = await open();
    const trees = [
      await other.writeTree([{ path: "a/b", content: "copied" }]),
      await other.writeTree([{ path: "c", content: "too" }]),
    ];
    await copyObjects({ from: other, to: store, trees });
    expect(await texts(trees[0] ?? "")).toEqual({ "a/b": "copied" });
    expect(await texts(trees[1] ?? "")).toEqual({ c: "too" });
    await other.close();
  });

  it("holds after any changes what a map of paths would hold", async () => {
    const path = fc
      .array(fc.constantFrom("a", "b", "a.b", "a-b"), { minLength: 1, maxLength: 3 })
      .map((parts) => parts.join("/"));
    const change = fc.oneof(
      fc.record({ path, content: fc.constantFrom("1", "2") }),
      fc.record({ path, remove: fc.constant(true as const) }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(change, { maxLength: 6 }), { maxLength: 3 }),
        async (rounds) => {
          const ref = newRef();
          let parent: string | null = null;
          let expected = new Map<string, string>();
          for (const changes of rounds) {
            parent = await commit({ ref, parent, changes });
            expected = applyToMap(expected, changes);
            expect(await texts(parent)).toEqual(Object.fromEntries(expected));
          }
        },
      ),
      { numRuns: 25 },
    );
  });
}

function applyToMap(
  files: ReadonlyMap<string, string>,
  changes: readonly ({ path: string; content: string } | { path: string; remove: true })[],
): Map<string, string> {
  const result = new Map(files);
  for (const change of changes) {
    const { path } = change;
    const removes = "remove" in change;
    for (const other of result.keys()) {
      const inside = other === path || other.startsWith(`${path}/`);
      const above = !removes && path.startsWith(`${other}/`);
      if (inside || above) result.delete(other);
    }
    if (!removes) result.set(path, change.content);
  }
  return result;
}
