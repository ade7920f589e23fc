import { describe, expect, it } from "vitest";
import { memoryStore } from "../../../src/adapters/git/memory-store.ts";
import type { ObjectStore } from "../../../src/adapters/git/object-store.ts";
import { readableTwice } from "../../../src/adapters/git/readable-twice.ts";
import { verifyCommit } from "../../../src/adapters/git/verify-mirror.ts";
import { formatTrailers } from "../../../src/core/protocol/mirror-layout.ts";

const ref = "refs/heads/main";

/** A store that notes which texts it was asked for, with a commit of a site whose objects have these contents. */
async function storeWith(contents: readonly string[]) {
  const inner = memoryStore();
  const asked: string[] = [];
  const counting: ObjectStore = {
    ...inner,
    read: (oids) => {
      asked.push(...oids);
      return inner.read(oids);
    },
  };
  const trailers = { epoch: 1, control: "c", changes: [], sites: 1, objects: contents.length };
  const files = contents.map((content, at) => ({ path: `sites/a/app/o-${at}.yaml`, content }));
  const commit = await inner.commitChanges({
    ref,
    parent: null,
    changes: [{ path: "meta/a.json", content: "{}" }, ...files],
    message: `m\n\n${formatTrailers(trailers)}`,
    author: "t",
    at: 0,
  });
  const entries = await inner.list(commit, "sites");
  return { counting, asked, commit, oids: entries.map(({ oid }) => oid) };
}

describe("a store whose texts can be read twice", () => {
  it("asks git once for the files of a commit that are checked and then applied", async () => {
    const { counting, asked, commit, oids } = await storeWith(["a: 1\n", "a: 2\n", "a: 3\n"]);
    const store = readableTwice(counting, 1000);
    expect(await verifyCommit(store, commit, null)).toMatchObject({ ok: true });
    const checked = asked.length;
    const texts = await store.read(oids);
    expect([...texts.values()].toSorted()).toEqual(["a: 1\n", "a: 2\n", "a: 3\n"]);
    expect(asked).toHaveLength(checked);
  });

  it("asks git for none of the files that came with the commit", async () => {
    const { counting, asked, commit, oids } = await storeWith(["a: 1\n", "a: 2\n"]);
    const store = readableTwice(counting, 1000);
    const came = new Map(await counting.read(oids));
    asked.length = 0;
    store.keep(came);
    expect(await verifyCommit(store, commit, null)).toMatchObject({ ok: true });
    expect(await store.read(oids)).toEqual(came);
    expect(asked.filter((oid) => came.has(oid))).toEqual([]);
    await store.read(oids);
    expect(asked.filter((oid) => came.has(oid))).toEqual(oids);
  });

  it("keeps nothing that was taken, and no more than it may", async () => {
    const { counting, asked, oids } = await storeWith(["a: 1\n", "a: 2\n"]);
    const [first = "", second = ""] = oids;
    const store = readableTwice(counting, 7);
    await store.read([first]);
    await store.read([first]);
    await store.read([first]);
    expect(asked).toEqual([first, first]);
    // The second does not fit beside the first, which is let go.
    await store.read([second]);
    await store.read([first]);
    expect(asked).toEqual([first, first, second, first]);
  });

  it("says as before what is missing", async () => {
    const { counting } = await storeWith([]);
    const store = readableTwice(counting, 1000);
    await expect(store.read(["1".repeat(40)])).rejects.toMatchObject({ code: "GIT_CORRUPT" });
  });
});
