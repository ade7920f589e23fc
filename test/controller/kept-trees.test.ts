import { describe, expect, it } from "vitest";
import { memoryStore } from "../../src/adapters/git/memory-store.ts";
import { KeptTrees } from "../../src/controller/kept-trees.ts";
import { MirrorRepository } from "../../src/controller/mirror-repository.ts";
import type { SiteContent } from "../../src/controller/mirror-snapshot.ts";
import type { Rendering } from "../../src/controller/rendering.ts";
import { renderFiles } from "../../src/core/render/render-files.ts";
import { aFleet } from "../support/fleet.ts";

const kept = `apiVersion: v1
kind: ConfigMap
metadata: {name: a, annotations: {flotilla.dev/prune: keep}}
`;
const plain = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n";

const anew = (k: string, word = "recreate"): string => `apiVersion: v1
kind: ConfigMap
metadata: {name: a, annotations: {flotilla.dev/immutable: ${word}}}
immutable: true
data: {k: "${k}"}
`;
const unrendered = { variant: () => undefined };

/** What is known of a tree of these files that stands in a mirror, and by default nobody has rendered. */
async function standing(
  files: Readonly<Record<string, string>>,
  rendering: Pick<Rendering, "variant"> = unrendered,
) {
  const store = { ...memoryStore(), maintain: async () => {} };
  const mirror = new MirrorRepository({ name: "east", dir: "", store });
  const tree = await store.writeTree(
    Object.entries(files).map(([path, content]) => ({ path, content })),
  );
  const content: SiteContent = {
    apps: new Map([["web", { tree }]]),
    good: new Map(),
    came: new Set(),
    meta: null,
  };
  const snapshot = { head: null, trailers: null, sites: new Map([["e1", content]]) };
  const trees = new KeptTrees();
  const read = { mirror, snapshot, isAwaited: false, isBehindWorker: false, isSilent: false };
  await trees.learn([read], rendering);
  return { trees, tree };
}

async function keptOf(files: Readonly<Record<string, string>>): Promise<string[]> {
  const { trees, tree } = await standing(files);
  return [...trees.of(tree)];
}

/** What tells one object from another that would take its place; null where the object may not be made anew. */
async function digestOf(yaml: string): Promise<string | null> {
  const { trees, tree } = await standing({ "_ConfigMap_x_a.yaml": yaml });
  return trees.madeAnewOf(tree, unrendered)?.get("_ConfigMap_x_a") ?? null;
}

describe("the trees that stand", () => {
  it("tell which of their objects are kept, though the controller has just started", async () => {
    const files = { "_ConfigMap_x_a.yaml": kept, "_ConfigMap_x_b.yaml": plain };
    expect(await keptOf(files)).toEqual(["_ConfigMap_x_a"]);
  });

  it.each([
    ["flotilla.dev/prune", "annotations: {flotilla.dev/prune: keep}"],
    ["Helm's annotation", "annotations: {helm.sh/resource-policy: keep}"],
    ["Flux's annotation", "annotations: {kustomize.toolkit.fluxcd.io/prune: disabled}"],
    ["Flux's label", "labels: {kustomize.toolkit.fluxcd.io/prune: disabled}"],
    ["Argo CD's options", 'annotations: {argocd.argoproj.io/sync-options: "Prune=false"}'],
  ])("tell the same where the controller has rendered them itself: %s", async (_, mark) => {
    const yaml = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, ${mark}}\n`;
    const fleet = renderFiles(aFleet({ "manifests/web/settings.yaml": yaml }));
    if (!fleet.ok) throw new Error(JSON.stringify(fleet.diagnostics));
    const { apps, variants } = fleet.rendered;
    const rendered = variants.get(apps.get("web")?.sites.get("e1") ?? "");
    const files = (rendered?.objects ?? []).map((one) => [`${one.id}.yaml`, one.yaml]);
    const { trees, tree } = await standing(Object.fromEntries(files), { variant: () => rendered });
    expect([...trees.of(tree)]).toEqual(["_ConfigMap_web_settings"]);
  });

  it("tell which of their objects may be made anew, and by which fields; of others nothing is known", async () => {
    const one = await digestOf(anew("1"));
    expect(one).not.toBeNull();
    expect(await digestOf(anew("1").replace("{name: a,", "{labels: {k: v}, name: a,"))).toBe(one);
    expect(await digestOf(anew("2"))).not.toBe(one);
    expect(await digestOf(anew("1", "never"))).toBeNull();
    expect(await digestOf(kept)).toBeNull();
    const { trees } = await standing({ "_ConfigMap_x_a.yaml": anew("1") });
    expect(trees.madeAnewOf("another", unrendered)).toBeUndefined();
  });

  it("keep nothing where they cannot be read: then more is asked for, not less", async () => {
    const files = { "_ConfigMap_x_a.yaml": kept, "_ConfigMap_x_b.yaml": "{" };
    expect(await keptOf(files)).toEqual([]);
  });
});
