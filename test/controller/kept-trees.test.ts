import { describe, expect, it } from "vitest";
import { memoryStore } from "../../src/adapters/git/memory-store.ts";
import { KeptTrees } from "../../src/controller/kept-trees.ts";
import { MirrorRepository } from "../../src/controller/mirror-repository.ts";
import type { SiteContent } from "../../src/controller/mirror-snapshot.ts";

const kept = `apiVersion: v1
kind: ConfigMap
metadata: {name: a, annotations: {flotilla.dev/prune: keep}}
`;
const plain = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n";

/** What is known of a tree of these files that stands in a mirror, and that nobody has rendered. */
async function keptOf(files: Readonly<Record<string, string>>): Promise<string[]> {
  const store = { ...memoryStore(), maintain: async () => {} };
  const mirror = new MirrorRepository({ name: "east", dir: "", store });
  const tree = await store.writeTree(
    Object.entries(files).map(([path, content]) => ({ path, content })),
  );
  const content: SiteContent = { apps: new Map([["web", { tree }]]), good: new Map(), meta: null };
  const snapshot = { head: null, trailers: null, sites: new Map([["e1", content]]) };
  const trees = new KeptTrees();
  const read = { mirror, snapshot, isAwaited: false, isBehindWorker: false };
  await trees.learn([read], { variant: () => undefined });
  return [...trees.of(tree)];
}

describe("the trees that stand", () => {
  it("tell which of their objects are kept, though the controller has just started", async () => {
    const files = { "_ConfigMap_x_a.yaml": kept, "_ConfigMap_x_b.yaml": plain };
    expect(await keptOf(files)).toEqual(["_ConfigMap_x_a"]);
  });

  it("keep nothing where they cannot be read: then more is asked for, not less", async () => {
    const files = { "_ConfigMap_x_a.yaml": kept, "_ConfigMap_x_b.yaml": "{" };
    expect(await keptOf(files)).toEqual([]);
  });
});
