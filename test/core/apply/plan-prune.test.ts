import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planPrune } from "../../../src/core/apply/plan-prune.ts";

const set = (...ids: string[]): ReadonlySet<string> => new Set(ids);
const none = new Map<string, ReadonlySet<string>>();

describe("planPrune", () => {
  it("removes what is in the inventory and not wanted, dependents first", () => {
    const plan = planPrune({
      desired: set("_ConfigMap_web_kept"),
      inventory: [
        "_Namespace__old",
        "_ConfigMap_web_kept",
        "_ConfigMap_web_a",
        "apiextensions.k8s.io_CustomResourceDefinition__widgets.example.org",
        "apps_Deployment_web_a",
        "admissionregistration.k8s.io_ValidatingWebhookConfiguration__hook",
      ],
      others: none,
    });

    expect(plan.remove).toEqual([
      "admissionregistration.k8s.io_ValidatingWebhookConfiguration__hook",
      "apps_Deployment_web_a",
      "_ConfigMap_web_a",
      "apiextensions.k8s.io_CustomResourceDefinition__widgets.example.org",
      "_Namespace__old",
    ]);
    expect(plan.wait).toEqual([]);
  });

  it("removes what an API server of its own serves before that server and the way to it", () => {
    const plan = planPrune({
      desired: set(),
      inventory: [
        "apps_Deployment_web_a",
        "_Service_web_a",
        "apiregistration.k8s.io_APIService__v1.far.example.org",
        "far.example.org_Widget_web_w",
      ],
      others: none,
    });

    expect(plan.remove).toEqual([
      "far.example.org_Widget_web_w",
      "apiregistration.k8s.io_APIService__v1.far.example.org",
      "apps_Deployment_web_a",
      "_Service_web_a",
    ]);
  });

  it.each([
    [
      "the way to an API server of which another app has objects",
      "apiregistration.k8s.io_APIService__v1.far.example.org",
      "far.example.org_Widget_web_w",
    ],
    ["an object that another app wants", "_ConfigMap_web_a", "_ConfigMap_web_a"],
    ["a namespace in which another app has objects", "_Namespace__web", "_ConfigMap_web_b"],
    [
      "a definition of whose kind another app has objects",
      "apiextensions.k8s.io_CustomResourceDefinition__widgets.example.org",
      "example.org_Widget_web_w",
    ],
  ])("lets %s wait", (_, id, other) => {
    const others = new Map([["two", set(other)]]);
    const plan = planPrune({ desired: set(), inventory: [id], others });

    expect(plan.remove).toEqual([]);
    expect(plan.wait).toHaveLength(1);
    expect(plan.wait[0]?.reason).toContain("app two");
  });

  it("does not remove a namespace that the app itself still uses", () => {
    const plan = planPrune({
      desired: set("_ConfigMap_web_kept"),
      inventory: ["_Namespace__web", "_ConfigMap_web_kept"],
      others: none,
    });

    expect(plan.remove).toEqual([]);
  });

  it("never removes what is wanted, what others have, or what the inventory does not hold", () => {
    const id = fc
      .constantFrom("a", "b", "c", "d", "e", "f")
      .map((name) => `_ConfigMap_web_${name}`);
    const ids = fc.uniqueArray(id);
    fc.assert(
      fc.property(ids, ids, ids, (desired, inventory, theirs) => {
        const others = new Map([["two", new Set(theirs)]]);
        const plan = planPrune({ desired: new Set(desired), inventory, others });
        for (const gone of plan.remove) {
          expect(inventory).toContain(gone);
          expect(desired).not.toContain(gone);
          expect(theirs).not.toContain(gone);
        }
        const unwanted = inventory.filter((one) => !desired.includes(one)).length;
        expect(plan.remove.length + plan.wait.length).toBe(unwanted);
      }),
    );
  });
});
