import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { orderObjects } from "../../../src/core/apply/order-objects.ts";
import type { JsonObject } from "../../../src/core/model/json.ts";
import type { KubeObject } from "../../../src/core/model/kube-object.ts";

const object = (apiVersion: string, kind: string, more: JsonObject): KubeObject => {
  const { name = "", ...rest } = more;
  return {
    apiVersion,
    kind,
    metadata: { name: typeof name === "string" ? name : "", namespace: "web" },
    ...rest,
  };
};

const namespace = {
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: "web" },
} as const satisfies KubeObject;
const definition = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "widgets.example.org" },
  spec: { group: "example.org", names: { kind: "Widget" } },
} as const satisfies KubeObject;
const workload = object("apps/v1", "Deployment", {
  name: "web",
  spec: {
    template: {
      spec: {
        serviceAccountName: "runner",
        volumes: [{ configMap: { name: "cfg" } }, { secret: { secretName: "key" } }],
        containers: [{ envFrom: [{ configMapRef: { name: "env" } }] }],
      },
    },
  },
});
const webhook: KubeObject = {
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingWebhookConfiguration",
  metadata: { name: "hook" },
  webhooks: [{ clientConfig: { service: { namespace: "web", name: "svc" } } }],
};
const all: readonly KubeObject[] = [
  webhook,
  workload,
  object("example.org/v1", "Widget", { name: "w" }),
  object("v1", "Service", { name: "svc" }),
  object("v1", "ConfigMap", { name: "cfg" }),
  object("v1", "ServiceAccount", { name: "runner" }),
  object("rbac.authorization.k8s.io/v1", "RoleBinding", {
    name: "rb",
    roleRef: { kind: "Role", name: "r" },
  }),
  object("rbac.authorization.k8s.io/v1", "Role", { name: "r" }),
  definition,
  namespace,
];

describe("orderObjects", () => {
  it("puts what an API server of its own serves behind that server and the way to it", () => {
    const way = object("apiregistration.k8s.io/v1", "APIService", { name: "v1.far.example.org" });
    const widget = object("far.example.org/v1", "Widget", { name: "w" });
    const steps = orderObjects([widget, way, workload]);

    expect(steps.map(({ key }) => key.kind)).toEqual(["Deployment", "APIService", "Widget"]);
    expect(steps[2]?.needs).toEqual([steps[1]?.id]);
  });

  it("puts namespaces and definitions first, access and config before workloads, webhooks last", () => {
    const kinds = orderObjects(all).map((step) => step.key.kind);

    expect(kinds.slice(0, 2).toSorted()).toEqual(["CustomResourceDefinition", "Namespace"]);
    expect(kinds.at(-1)).toBe("ValidatingWebhookConfiguration");
    for (const early of ["ConfigMap", "ServiceAccount", "Role", "Service", "RoleBinding"]) {
      expect(kinds.indexOf(early)).toBeLessThan(kinds.indexOf("Deployment"));
    }
  });

  it.each([
    ["Deployment", ["_Namespace__web", "_ServiceAccount_web_runner", "_ConfigMap_web_cfg"]],
    [
      "Widget",
      ["_Namespace__web", "apiextensions.k8s.io_CustomResourceDefinition__widgets.example.org"],
    ],
    ["RoleBinding", ["_Namespace__web", "rbac.authorization.k8s.io_Role_web_r"]],
    ["ValidatingWebhookConfiguration", ["_Service_web_svc"]],
    ["Namespace", []],
  ])("makes a %s need what it refers to and the app has, and nothing else", (kind, needs) => {
    const step = orderObjects(all).find((one) => one.key.kind === kind);

    expect(step?.needs.toSorted()).toEqual(needs.toSorted());
  });

  it("makes nothing need what it refers to as optional", () => {
    const optional = { optional: true };
    const env = [
      { valueFrom: { configMapKeyRef: { name: "cfg", key: "k", ...optional } } },
      { valueFrom: { secretKeyRef: { name: "key", key: "k", ...optional } } },
      { valueFrom: { secretKeyRef: { name: "must", key: "k", optional: false } } },
    ];
    const envFrom = [
      { configMapRef: { name: "env", ...optional } },
      { secretRef: { name: "env", ...optional } },
    ];
    const volumes = [
      { configMap: { name: "vol", ...optional } },
      { secret: { secretName: "vol", ...optional } },
      { projected: { sources: [{ configMap: { name: "part", ...optional } }] } },
    ];
    const spec = { template: { spec: { containers: [{ env, envFrom }], volumes } } };
    const named = (kind: string) => (name: string) => object("v1", kind, { name });
    const steps = orderObjects([
      object("apps/v1", "Deployment", { name: "lenient", spec }),
      ...["cfg", "env", "vol", "part"].map(named("ConfigMap")),
      ...["key", "env", "vol", "must"].map(named("Secret")),
    ]);

    expect(steps.at(-1)?.needs).toEqual(["_Secret_web_must"]);
  });

  it("gives the same order for every order of the input, and never a need that comes later", () => {
    const expected = orderObjects(all).map((step) => step.id);
    fc.assert(
      fc.property(fc.shuffledSubarray([...all], { minLength: all.length }), (shuffled) => {
        const steps = orderObjects(shuffled);
        expect(steps.map((step) => step.id)).toEqual(expected);
        const seen = new Set<string>();
        for (const step of steps) {
          for (const need of step.needs) expect(seen.has(need)).toBe(true);
          seen.add(step.id);
        }
      }),
    );
  });
});
