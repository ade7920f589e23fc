import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { memoryStore } from "../../src/adapters/git/memory-store.ts";
import type { KubeObject } from "../../src/core/model/kube-object.ts";
import { emitYaml } from "../../src/core/render/emit-yaml.ts";
import { systemClock } from "../../src/runtime/system-clock.ts";
import { createTreeCache } from "../../src/worker/tree-cache.ts";

const apps = Array.from({ length: 12 }, (_, index) => `app-${index}`);

/** A ConfigMap that takes a while to be read. */
function largeConfigMap(name: string): KubeObject {
  const data = Object.fromEntries(
    Array.from({ length: 3000 }, (_, index) => [`key-${index}`, `${name} "${index}"`]),
  );
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "default" }, data };
}

describe("the trees of a commit", () => {
  it("can be used one by one, the first while the last are still being read", async () => {
    const store = memoryStore();
    const trees = await Promise.all(
      apps.map((app) =>
        store.writeTree([
          { path: `_ConfigMap_default_${app}.yaml`, content: emitYaml(largeConfigMap(app)) },
        ]),
      ),
    );
    let read = 0;
    const cache = createTreeCache({ store, clock: systemClock(), onRead: () => (read += 1) });
    const loads = trees.map((tree, index) => cache.load(tree, `fleet/${apps[index]}`));
    await loads[0];
    await setImmediate(); // by now what waits for the network has had its turn
    expect(read).toBeLessThan(apps.length);
    const loaded = await Promise.all(loads);
    expect(loaded.map(({ objects }) => objects[0]?.key.name)).toEqual(apps);
  });

  it("are read in turns, also one of many files", async () => {
    const store = memoryStore();
    const files = apps.map((app) => ({
      path: `_ConfigMap_default_${app}.yaml`,
      content: emitYaml(largeConfigMap(app)),
    }));
    const tree = await store.writeTree(files);
    const cache = createTreeCache({ store, clock: systemClock(), onRead: () => undefined });
    const reading = new AbortController();
    const load = cache.load(tree, "fleet/app").finally(() => reading.abort());
    let turns = 0;
    for (; !reading.signal.aborted; turns += 1) await setImmediate();
    expect(turns).toBeGreaterThan(3);
    expect((await load).objects).toHaveLength(apps.length);
  });
});
