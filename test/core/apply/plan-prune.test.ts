import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type PruneInput, type Versions, planPrune } from "../../../src/core/apply/plan-prune.ts";

const set = (...ids: string[]): Versions => new Map(ids.map((id) => [id, ""]));
const none = new Map<string, Versions>();
const defined = new Map<string, string>();

/** Of the whole inventory nothing is wanted, and app two has these. */
const besides = (inventory: readonly string[], theirs: PruneInput["desired"], more = defined) =>
  planPrune({ desired: set(), inventory, others: new Map([["two", theirs]]), defined: more });

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
      defined,
    });

    expect(plan.steps.flat()).toEqual([
      "apiextensions.k8s.io_CustomResourceDefinition__widgets.example.org",
      "admissionregistration.k8s.io_ValidatingWebhookConfiguration__hook",
      "apps_Deployment_web_a",
      "_ConfigMap_web_a",
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
      defined,
    });

    expect(plan.steps).toEqual([
      ["far.example.org_Widget_web_w"],
      ["apiregistration.k8s.io_APIService__v1.far.example.org"],
      ["apps_Deployment_web_a", "_Service_web_a"],
    ]);
  });

  it("removes custom resources first, then definitions, then webhooks, and only then what may have to end or answer them", () => {
    const hook = "admissionregistration.k8s.io_ValidatingWebhookConfiguration__hook";
    const rest = [
      "apps_Deployment_web_operator",
      "rbac.authorization.k8s.io_ClusterRoleBinding__operator",
      "rbac.authorization.k8s.io_ClusterRole__operator",
    ];
    const definition = "apiextensions.k8s.io_CustomResourceDefinition__foos.example.org";
    const custom = ["example.org_Foo_web_a", "gateway.networking.k8s.io_Gateway_web_g"];
    const inventory = [...rest, hook, definition, ...custom];
    const plan = planPrune({ desired: set(), inventory, others: none, defined });

    expect(plan.steps).toEqual([custom, [definition], [hook], rest]);
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
    const plan = besides([id], set(other));

    expect(plan.steps).toEqual([]);
    expect(plan.wait).toHaveLength(1);
    expect(plan.wait[0]?.reason).toContain("app two");
  });

  it.each([
    { what: "of its kind", theirs: "Widget", kind: "Widget", holders: ["app two"] },
    { what: "of another kind of its group", theirs: "Gear", kind: "Widget", holders: [] },
    { what: "of its group, where its own kind is not known", theirs: "Gear", holders: ["app two"] },
  ])("lets a definition wait for objects $what: $holders", ({ theirs, kind, holders }) => {
    const id = "apiextensions.k8s.io_CustomResourceDefinition__widgets.example.org";
    const known = kind === undefined ? defined : new Map([[id, kind]]);
    const { wait, steps } = besides([id], set(`example.org_${theirs}_web_w`), known);

    expect(wait.map(({ reason }) => reason.slice(0, 7))).toEqual(holders);
    expect(steps.flat()).toHaveLength(1 - holders.length);
  });

  it.each([
    ["v1beta1", ["app two"]],
    ["v1", []],
  ])("lets the way to version v1beta1 wait for objects of it: %s", (version, holders) => {
    const way = "apiregistration.k8s.io_APIService__v1beta1.far.example.org";
    const theirs = new Map([["far.example.org_Widget_web_w", `far.example.org/${version}`]]);

    const { wait } = besides([way], theirs);
    expect(wait.map(({ reason }) => reason.slice(0, 7))).toEqual(holders);
  });

  it("does not remove a namespace that the app itself still uses", () => {
    const plan = planPrune({
      desired: set("_ConfigMap_web_kept"),
      inventory: ["_Namespace__web", "_ConfigMap_web_kept"],
      others: none,
      defined,
    });

    expect(plan.steps).toEqual([]);
  });

  it("never removes what is wanted, what others have, or what the inventory does not hold", () => {
    const id = fc
      .constantFrom("a", "b", "c", "d", "e", "f")
      .map((name) => `_ConfigMap_web_${name}`);
    const ids = fc.uniqueArray(id);
    fc.assert(
      fc.property(ids, ids, ids, (desired, inventory, theirs) => {
        const others = new Map([["two", set(...theirs)]]);
        const plan = planPrune({ desired: set(...desired), inventory, others, defined });
        for (const gone of plan.steps.flat()) {
          expect(inventory).toContain(gone);
          expect(desired).not.toContain(gone);
          expect(theirs).not.toContain(gone);
        }
        const unwanted = inventory.filter((one) => !desired.includes(one)).length;
        expect(plan.steps.flat().length + plan.wait.length).toBe(unwanted);
      }),
    );
  });
});
