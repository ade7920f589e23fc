import { describe, expect, it } from "vitest";
import { takeOver, withoutTaken } from "../../src/core/apply/take-over.ts";
import { dataCheck } from "../../src/core/model/data-check.ts";
import type { KubeObject } from "../../src/core/model/kube-object.ts";
import { SiteDiff } from "../../src/core/protocol/site-diff.ts";
import { createRedactor } from "../../src/runtime/redactor.ts";
import {
  type Comparison,
  claimsOf,
  differencesOf,
  tell,
} from "../../src/worker/describe-comparison.ts";

const secret = (more: object = {}): KubeObject => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "s", namespace: "default", ...more },
});

function compared(live: KubeObject, object: KubeObject): Comparison {
  const work = {
    app: "web",
    owner: "demo/web",
    namespace: "default",
    object: {
      id: "",
      hash: "",
      text: "",
      rank: 0,
      needs: [],
      object,
      key: { kind: "Secret", group: "", name: "s", namespace: "default" },
    },
    row: undefined,
    drifted: undefined,
    staying: undefined,
  };
  const { taken = [] } = takeOver(live, object, { app: "web", left: null }) ?? {};
  const { rest: settled, gone } = withoutTaken(live, object, null);
  return { work, live, applied: live, taken, settled, gone, conflicts: [], forbidden: [] };
}

describe("the words of a comparison", () => {
  it("tell no value of a Secret, also not of what other tools keep in its annotations", () => {
    const annotation = "kapp.k14s.io/original";
    const live = secret({
      annotations: {
        [annotation]: '{"data":{"tls.key":"canary"}}',
        "flotilla.dev/owner": "demo/web",
      },
      managedFields: [
        {
          manager: "flotilla/web",
          operation: "Apply",
          apiVersion: "v1",
          fieldsV1: { "f:metadata": { "f:annotations": { "f:flotilla.dev/owner": {} } } },
        },
        {
          manager: "kapp",
          operation: "Update",
          apiVersion: "v1",
          fieldsV1: { "f:metadata": { "f:annotations": { ".": {}, [`f:${annotation}`]: {} } } },
        },
      ],
    });
    const object = secret({ annotations: { "flotilla.dev/take-over": "kapp" } });

    expect(differencesOf(compared(live, object))).toEqual([
      {
        field: `.metadata.annotations.${annotation}`,
        live: "(hidden)",
        desired: null,
        hidden: true,
        managers: ["kapp"],
      },
    ]);
  });

  it("marks where it was cut, so that what is left there of a secret value is known", () => {
    const value = "horse.battery.staple/9";
    const redactor = createRedactor();
    redactor.learn(value);
    const object = "ConfigMap default/a";
    const told = tell({ object, state: "unknown", reason: `${"x".repeat(989)} ${value}` });

    expect(told.reason).toMatch(/x horse.batt…$/);
    expect(redactor.text(told.reason)).toMatch(/x \[redacted\]…$/);
  });

  it("fit into an answer where a field has a long name, as an item of a set of long texts has", () => {
    const field = `.spec.keys[=${JSON.stringify("k".repeat(5000))}]`;
    const claims = [{ field, manager: "kubectl", verdict: "removed" }] as const;
    const objects = [tell({ object: "Thing default/a", state: "differs", claims: [...claims] })];

    const checked = dataCheck(SiteDiff)({
      site: "s1",
      apps: [{ app: "web", compared: 1, objects }],
    });
    expect(checked).not.toHaveProperty("mistake");
  });

  it("come at once of a large object of which most goes: no other work of the region waits for them", () => {
    const keys = Array.from({ length: 10_000 }, (_, at) => `key-${at}`);
    const fields = Object.fromEntries(keys.map((key) => [`f:${key}`, {}]));
    const owned = { operation: "Apply", apiVersion: "v1" };
    const managedFields = [
      { ...owned, manager: "kubectl", fieldsV1: { "f:data": fields } },
      { ...owned, manager: "helm", fieldsV1: { "f:data": { "f:kept": {} } } },
    ];
    const live = {
      ...secret({ managedFields }),
      data: Object.fromEntries([...keys, "kept"].map((key) => [key, "dg=="])),
    };
    const before = performance.now();
    const found = compared(live, secret());

    const all = { length: keys.length };
    expect(differencesOf(found)).toMatchObject(all);
    expect(claimsOf(found)).toMatchObject(all);
    expect(performance.now() - before).toBeLessThan(3000);
  });
});
