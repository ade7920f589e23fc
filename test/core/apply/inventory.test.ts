import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  inventoryKey,
  inventoryName,
  inventoryParts,
  parseInventory,
  parseRuns,
  runsKey,
} from "../../../src/core/apply/inventory.ts";
import { objectId } from "../../../src/core/model/kube-object.ts";

const read = (parts: readonly { readonly text: string }[]): string[] =>
  parts.flatMap(({ text }) => [...(parseInventory({ [inventoryKey]: text }) ?? ["unreadable"])]);

describe("the inventory in the cluster", () => {
  it("holds sorted identities and nothing else, so that it is the same wherever the objects are", () => {
    const parts = inventoryParts("web", ["apps_Deployment_web_a", "_ConfigMap_web_b"]);

    expect(parts).toEqual([
      { name: "flotilla-web", text: "_ConfigMap_web_b\napps_Deployment_web_a\n", runs: "" },
    ]);
  });

  it("reads back what it wrote, for every name that an object can have", () => {
    const key = fc.record({
      group: fc.constantFrom("", "apps", "rbac.authorization.k8s.io"),
      kind: fc.constantFrom("ConfigMap", "ClusterRole"),
      namespace: fc.constantFrom("", "web"),
      name: fc.string({ minLength: 1, maxLength: 20, unit: "grapheme" }),
    });
    fc.assert(
      fc.property(fc.array(key), (keys) => {
        const ids = [...new Set(keys.map(objectId))];
        expect(read(inventoryParts("web", ids)).toSorted()).toEqual(ids.toSorted());
      }),
    );
  });

  it("is split before a ConfigMap grows too large, and no part has another app's name", () => {
    const ids = Array.from(
      { length: 12_000 },
      (_, index) => `_ConfigMap_web_${"x".repeat(80)}${index}`,
    );
    const parts = inventoryParts("web", ids);

    expect(parts.length).toBeGreaterThan(1);
    expect(parts.every(({ text }) => text.length <= 512 * 1024)).toBe(true);
    expect(read(parts)).toHaveLength(ids.length);
    expect(parts[1]?.name).not.toBe(inventoryName("web-1", 0));
  });

  it("tells which Jobs were run, in which cluster and as what, and of the rest nothing", () => {
    const run = { cluster: "c1", uid: "u1", hash: "h1" };
    const [part] = inventoryParts(
      "web",
      ["batch_Job_web_a", "_ConfigMap_web_b"],
      new Map([["batch_Job_web_a", run]]),
    );
    const runs = parseRuns({ [runsKey]: `${part?.runs}garbage\nbatch_Job_web_b c1 u2\n` });

    expect([...runs]).toEqual([["batch_Job_web_a", run]]);
    expect([...parseRuns(undefined), ...parseRuns({})]).toEqual([]);
  });

  it.each([
    ["no data", undefined],
    ["other data", { other: "x" }],
    ["a line that is no identity", { [inventoryKey]: "_ConfigMap_web_a\ngarbage\n" }],
  ])("is not believed with %s", (_, data) => {
    expect(parseInventory(data)).toBeUndefined();
  });
});
