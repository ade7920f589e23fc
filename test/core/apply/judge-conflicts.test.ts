import { describe, expect, it } from "vitest";
import {
  describeConflicts,
  forbiddenConflicts,
  parseConflicts,
} from "../../../src/core/apply/judge-conflicts.ts";

const cause = (message: string) => ({
  reason: "FieldManagerConflict",
  field: ".spec.replicas",
  message,
});
const ours = {
  owned: { fields: { "f:spec": { "f:replicas": {} } }, sent: { spec: { replicas: [1] } } },
  handedOver: ["flotilla/gave"],
};

describe("conflicts", () => {
  it("are read from the causes of a refused apply", () => {
    const causes = [
      cause('conflict with "kubectl-edit" using apps/v1 at 2026-01-01T00:00:00Z'),
      cause('conflict with "hpa" with subresource "scale" using autoscaling/v2'),
      cause('conflict with "other-tool"'),
      { reason: "FieldValueInvalid", field: ".spec", message: "no" },
    ];

    expect(parseConflicts(causes)).toEqual([
      { field: ".spec.replicas", manager: "kubectl-edit", operation: "Update", subresource: "" },
      { field: ".spec.replicas", manager: "hpa", operation: "Update", subresource: "scale" },
      { field: ".spec.replicas", manager: "other-tool", operation: "Apply", subresource: "" },
    ]);
  });

  it.each([
    ["kubectl", "Apply", true],
    ["kubectl-client-side-apply", "Update", true],
    ["kubectl-edit", "Update", true],
    ["kubectlish", "Apply", false],
    ["curl", "Update", true],
    ["flotilla/gave", "Apply", true],
    ["flotilla/kept", "Apply", false],
    ["other-tool", "Apply", false],
    ["kube-controller-manager", "Update", false],
    ["", "Update", false],
  ] as const)(
    "with %s by %s on a field that was ours may be taken: %s",
    (manager, operation, may) => {
      const conflict = { field: ".spec.replicas", manager, operation, subresource: "" };

      expect(forbiddenConflicts([conflict], ours)).toEqual(may ? [] : [conflict]);
    },
  );

  it.each([
    [".spec.replicas", true],
    [".spec.replicasOther", false],
    [".spec.paused", false],
    [".spec", true],
    [".spec.replicas[0]", true],
  ])("with an edit of %s, where .spec.replicas was ours, may be taken: %s", (field, may) => {
    const conflict = { field, manager: "curl", operation: "Update" as const, subresource: "" };

    expect(forbiddenConflicts([conflict], ours)).toEqual(may ? [] : [conflict]);
  });

  it.each([
    [".data.app", true],
    [".data.app.yaml", false],
    [".data.tls.crt", true],
    [".data.tls.crt.old", false],
    [".metadata.labels.app.kubernetes.io/part-of", false],
  ])("with an edit of %s, a key with dots in it, may be taken: %s", (field, may) => {
    const fields = {
      "f:data": { "f:app": {}, "f:tls.crt": {} },
      "f:metadata": { "f:labels": { ".": {}, "f:app": {} } },
    };
    const sent = {
      data: { app: "1", "app.yaml": "a: 1", "tls.crt": "x", "tls.crt.old": "x" },
      metadata: { labels: { app: "web", "app.kubernetes.io/part-of": "shop" } },
    };
    const conflict = { field, manager: "curl", operation: "Update" as const, subresource: "" };
    const context = { owned: { fields, sent }, handedOver: [] };

    expect(forbiddenConflicts([conflict], context)).toEqual(may ? [] : [conflict]);
  });

  it.each([
    [".data.theirs", false],
    [".data", true],
  ])("with an edit of %s, where the app had an empty map, may be taken: %s", (field, may) => {
    const conflict = { field, manager: "curl", operation: "Update" as const, subresource: "" };
    const owned = { fields: { "f:data": { ".": null } }, sent: { data: { theirs: "ours" } } };

    expect(forbiddenConflicts([conflict], { owned, handedOver: [] })).toEqual(
      may ? [] : [conflict],
    );
  });

  it.each([
    ["alpha .a, alpha .b", "manager alpha owns .a, .b"],
    ["alpha .a, beta .b, alpha .c", "manager alpha owns .a, .c, manager beta owns .b"],
    ["alpha .a, alpha .b, alpha .c, alpha .d", "manager alpha owns .a, .b, .c and 1 more"],
    [" .a", "another manager owns .a"],
    ["", "another manager owns fields of it"],
    [
      "a .1, b .1, c .1, d .1, e .1, f .1, g .1",
      "manager a owns .1, manager b owns .1, manager c owns .1, manager d owns .1, manager e owns .1 and 2 more managers own others",
    ],
  ])("of %j are told with each manager and its fields", (text, told) => {
    const conflicts = text.split(", ").flatMap((one) => {
      const [manager = "", field = ""] = one.split(" ");
      if (field === "") return [];
      return [{ field, manager, operation: "Apply" as const, subresource: "" }];
    });
    expect(describeConflicts(conflicts)).toBe(told);
    // An API server gives the managers in another order each time.
    const byManager = conflicts.toSorted((a, b) => b.manager.localeCompare(a.manager));
    expect(describeConflicts(byManager)).toBe(told);
  });
});
