import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { openStore } from "../../src/adapters/git/native-store.ts";
import type { ObjectStore, TreeChange } from "../../src/adapters/git/object-store.ts";
import { earlierTrees as earlierTreesOf } from "../../src/controller/earlier-trees.ts";
import { mirrorBranch } from "../../src/core/protocol/mirror-layout.ts";
import { temporaryFolder } from "../support/git-repository.ts";
import { manualClock } from "../support/manual-clock.ts";

/** A mirror, a way to commit to it, and the trees of versions of an app. */
async function mirrorOf(): Promise<{
  readonly store: ObjectStore;
  readonly commit: (...changes: readonly TreeChange[]) => Promise<void>;
  readonly version: (text: string) => Promise<string>;
}> {
  const dir = join(await temporaryFolder(), "east.git");
  const store = await openStore(dir, { create: true, clock: manualClock(0) });
  onTestFinished(() => store.close());
  const commit = async (...changes: readonly TreeChange[]): Promise<void> => {
    const parent = await store.resolve(mirrorBranch);
    const said = { message: "x", author: "test", at: 0 };
    await store.commitChanges({ ref: mirrorBranch, parent, changes, ...said });
  };
  const version = (content: string): Promise<string> =>
    store.writeTree([{ path: "_ConfigMap_x_a.yaml", content }]);
  return { store, commit, version };
}

/** Of one site. */
async function earlierTrees(store: ObjectStore, site: string, taken: Record<string, string>) {
  return (await earlierTreesOf(store, new Map([[site, taken]]))).get(site) ?? new Map();
}

describe("what an app had at a site that has left a mirror", () => {
  it("is each of its trees, newest first, and what it had brought along", async () => {
    const { store, commit, version } = await mirrorOf();
    const [old, good, one, two] = await Promise.all(["0", "g", "1", "2"].map(version));
    await commit(
      { path: "sites/b1/web", tree: one ?? "" },
      { path: "good/b1/web", tree: good ?? "" },
      { path: `came/b1/web/${old}`, tree: old ?? "" },
      { path: "sites/b2/web", tree: old ?? "" },
    );
    await commit({ path: "sites/b1/web", tree: two ?? "" });
    await commit({ path: "sites/b1/web", tree: one ?? "" });
    for (const folder of ["sites", "good", "came"]) {
      await commit({ path: `${folder}/b1`, remove: true });
    }

    const taken = { web: one ?? "" };
    expect(await earlierTrees(store, "b1", taken)).toEqual(new Map([["web", [two, good, old]]]));
    expect(await earlierTrees(store, "b3", taken)).toEqual(new Map());
  });

  it("is nothing that the mirror has let go of: an app, or the site, that was not named for a while", async () => {
    const { store, commit, version } = await mirrorOf();
    const [one, two, three] = await Promise.all(["1", "2", "3"].map(version));
    await commit({ path: "sites/b1/web", tree: one ?? "" });
    await commit({ path: "sites/b1", remove: true });
    await commit(
      { path: "sites/b1/web", tree: two ?? "" },
      { path: "sites/b1/till", tree: one ?? "" },
    );
    await commit({ path: "sites/b1/till", remove: true });
    await commit({ path: "sites/b1/till", tree: two ?? "" });
    await commit({ path: "sites/b1/till", tree: three ?? "" });

    const found = await earlierTrees(store, "b1", { web: two ?? "", till: three ?? "" });
    expect(found).toEqual(
      new Map([
        ["till", [two]],
        ["web", []],
      ]),
    );
  });

  it("goes on over a marker that has stood for its tree", async () => {
    const { store, commit, version } = await mirrorOf();
    const [one, two] = await Promise.all(["1", "2"].map(version));
    await commit({ path: "sites/b1/web", tree: one ?? "" });
    await commit(
      { path: "sites/b1/web", remove: true },
      { path: "sites/b1/web.leaving", content: "{}\n" },
    );
    await commit(
      { path: "sites/b1/web.leaving", remove: true },
      { path: "sites/b1/web", tree: two ?? "" },
    );

    const found = await earlierTrees(store, "b1", { web: two ?? "" });
    expect(found).toEqual(new Map([["web", [one]]]));
  });

  it("is nothing where the tree that comes along was not the last there: a later one may have had again what it dropped", async () => {
    const { store, commit, version } = await mirrorOf();
    const [one, two, three, other] = await Promise.all(["1", "2", "3", "4"].map(version));
    for (const tree of [one, two, three]) await commit({ path: "sites/b1/web", tree: tree ?? "" });
    await commit({ path: "sites/b1", remove: true });

    const last = await earlierTrees(store, "b1", { web: three ?? "" });
    expect(last).toEqual(new Map([["web", [two, one]]]));
    for (const taken of [two, other]) {
      expect(await earlierTrees(store, "b1", { web: taken ?? "" })).toEqual(new Map());
    }
  });

  it("is told of each site that has left, whenever that was", async () => {
    const { store, commit, version } = await mirrorOf();
    const [one, two, three] = await Promise.all(["1", "2", "3"].map(version));
    for (const tree of [one, two]) await commit({ path: "sites/b1/web", tree: tree ?? "" });
    await commit({ path: "sites/b2/web", tree: two ?? "" });
    await commit({ path: "sites/b1", remove: true });
    await commit({ path: "sites/b2/web", tree: three ?? "" });
    await commit({ path: "sites/b2", remove: true });

    const taken = new Map([
      ["b1", { web: two ?? "" }],
      ["b2", { web: three ?? "" }],
    ]);
    expect(await earlierTreesOf(store, taken)).toEqual(
      new Map([
        ["b2", new Map([["web", [two]]])],
        ["b1", new Map([["web", [one]]])],
      ]),
    );
  });
});
