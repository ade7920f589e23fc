import { describe, expect, it } from "vitest";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import type { KubeObject } from "../../../src/core/model/kube-object.ts";
import type { PlanSide } from "../../../src/core/plan/assumed-state.ts";
import { immutableChanges } from "../../../src/core/apply/immutable-fields.ts";
import { planFleet } from "../../../src/core/plan/plan-fleet.ts";
import { planText } from "../../../src/core/plan/plan-text.ts";
import { renderFleet } from "../../../src/core/render/render-fleet.ts";
import { aFleet, appYaml, type FleetEdits, modelOf } from "../../support/fleet.ts";

const object = (type: string, fields: object): KubeObject => {
  const [apiVersion = "", kind = ""] = type.split(" ");
  return { apiVersion, kind, metadata: { name: "a" }, ...fields };
};

const spec = (fields: object) => ({ spec: fields });
const labels = (value: string) => ({ matchLabels: { app: value } });
const requests = "resources.requests.storage";
const storage = (size: string) => ({ resources: { requests: { storage: size } } });
const rbac = "rbac.authorization.k8s.io/v1";

describe("what cannot be changed in place", () => {
  it.each([
    [
      "apps/v1 Deployment",
      spec({ selector: labels("a") }),
      spec({ selector: labels("b") }),
      "spec.selector",
    ],
    [
      "apps/v1 DaemonSet",
      spec({ selector: labels("a") }),
      spec({ selector: labels("b") }),
      "spec.selector",
    ],
    [
      "apps/v1 StatefulSet",
      spec({ serviceName: "a" }),
      spec({ serviceName: "b" }),
      "spec.serviceName",
    ],
    [
      "apps/v1 StatefulSet",
      spec({ volumeClaimTemplates: [] }),
      spec({}),
      "spec.volumeClaimTemplates",
    ],
    ["batch/v1 Job", spec({ template: { a: 1 } }), spec({ template: { a: 2 } }), "spec.template"],
    ["v1 ConfigMap", { immutable: true, data: { a: "1" } }, { immutable: true, data: {} }, "data"],
    ["v1 Secret", { immutable: true }, {}, "immutable"],
    ["v1 Secret", {}, { type: "kubernetes.io/tls" }, "type"],
    [`${rbac} RoleBinding`, { roleRef: { name: "a" } }, { roleRef: { name: "b" } }, "roleRef"],
    [
      `${rbac} ClusterRoleBinding`,
      { roleRef: { name: "a" } },
      { roleRef: { name: "b" } },
      "roleRef",
    ],
    ["v1 Service", spec({}), spec({ clusterIP: "None" }), "spec.clusterIP"],
    [
      "v1 Service",
      spec({ clusterIP: "10.0.0.1" }),
      spec({ clusterIP: "10.0.0.2" }),
      "spec.clusterIP",
    ],
    [
      "v1 PersistentVolumeClaim",
      spec({ storageClassName: "a" }),
      spec({ storageClassName: "b" }),
      "spec.storageClassName",
    ],
    [
      "v1 PersistentVolumeClaim",
      spec({ volumeName: "a" }),
      spec({ volumeName: "b" }),
      "spec.volumeName",
    ],
    ["v1 PersistentVolumeClaim", spec(storage("2Gi")), spec(storage("1G")), `spec.${requests}`],
    ["v1 PersistentVolumeClaim", spec(storage("1.5Gi")), spec(storage("1Gi")), `spec.${requests}`],
    ["v1 PersistentVolumeClaim", spec(storage("10Gi")), spec(storage("1.Gi")), `spec.${requests}`],
    [
      "apiextensions.k8s.io/v1 CustomResourceDefinition",
      spec({ scope: "Namespaced" }),
      spec({ scope: "Cluster" }),
      "spec.scope",
    ],
    ["storage.k8s.io/v1 StorageClass", { provisioner: "a" }, { provisioner: "b" }, "provisioner"],
  ])("%s: %j to %j", (...[type, before, after, field]) => {
    expect(immutableChanges(object(type, before), object(type, after))).toEqual([field]);
  });

  it.each([
    ["apps/v1 Deployment", spec({ replicas: 1 }), spec({ replicas: 2 })],
    ["apps/v1 StatefulSet", spec({ template: { a: 1 } }), spec({ template: { a: 2 } })],
    ["batch/v1 Job", spec({ suspend: true, template: { a: 1 } }), spec({ template: { a: 2 } })],
    ["batch/v1 CronJob", spec({ jobTemplate: { a: 1 } }), spec({ jobTemplate: { a: 2 } })],
    ["v1 ConfigMap", { data: { a: "1" } }, { immutable: true, data: {} }],
    ["v1 Secret", {}, { type: "Opaque" }],
    ["v1 Service", spec({ clusterIP: "None" }), spec({})],
    ["v1 Service", spec({ type: "ExternalName" }), spec({ clusterIP: "10.0.0.1" })],
    ["v1 PersistentVolumeClaim", spec({}), spec({ volumeName: "a" })],
    ["v1 PersistentVolumeClaim", spec(storage("1Gi")), spec(storage("2Gi"))],
    ["v1 PersistentVolumeClaim", spec(storage("1Gi")), spec(storage("1024Mi"))],
    ["v1 PersistentVolumeClaim", spec(storage("17G")), spec(storage("0.017T"))],
    ["v1 PersistentVolumeClaim", spec(storage("67M")), spec(storage("0.067G"))],
    ["v1 PersistentVolumeClaim", spec(storage("1Gi")), spec({})],
    ["example.com/v1 Deployment", spec({ selector: 1 }), spec({ selector: 2 })],
  ])("is nothing of %s: %j to %j", (type, before, after) => {
    expect(immutableChanges(object(type, before), object(type, after))).toEqual([]);
  });
});

function side(revision: string, edits: FleetEdits): PlanSide {
  const model = modelOf(aFleet(edits));
  const rendered = renderFleet(model);
  if (rendered.ok) return { revision, model, rendered: rendered.value };
  throw new Error(rendered.diagnostics.map(formatDiagnostic).join("\n"));
}

describe("a plan", () => {
  const deployment = "manifests/web/deployment.yaml";
  const text = aFleet().find(({ path }) => path === deployment)?.text ?? "";

  it("says before the merge what every API server will refuse, with the sites", () => {
    const changed = { [deployment]: text.replaceAll("app: web", "app: shop") };
    const plan = planFleet(side("a", {}), side("b", changed), {
      isProtected: () => false,
      now: 0,
    });
    const told =
      "web: spec.selector of Deployment web/web cannot be changed in place, and will be refused at e1, e2, w1 and 1 more: give the object another name, or let it be made anew by flotilla.dev/immutable: recreate";
    expect(plan.refusals).toEqual([told]);
    expect(planText(plan)).toContain(`Refused\n  ${told}\n`);
  });

  it("does not say that what is protected could be made anew", () => {
    const claim = (size: string): FleetEdits => ({
      "manifests/web/claim.yaml": JSON.stringify({
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: { name: "data" },
        spec: { accessModes: ["ReadWriteOnce"], ...storage(size) },
      }),
    });
    const options = { isProtected: () => false, now: 0 };
    const plan = planFleet(side("a", claim("2Gi")), side("b", claim("1Gi")), options);
    expect(plan.refusals).toEqual([expect.stringMatching(/requests\.storage of .*another name$/)]);
    const grown = planFleet(side("a", claim("1Gi")), side("b", claim("2Gi")), options);
    expect(grown.refusals).toEqual([]);
  });

  it("says so only where it happens", () => {
    const patch = {
      target: { kind: "Deployment" },
      json: [
        { op: "replace", path: "/spec/selector/matchLabels/app", value: "x" },
        { op: "replace", path: "/spec/template/metadata/labels/app", value: "x" },
      ],
    };
    const app = appYaml("web", {
      spec: { overlays: [{ virtualSites: ["depots"], patches: [patch] }] },
    });
    const plan = planFleet(side("a", {}), side("b", { "apps/web.yaml": app }), {
      isProtected: () => false,
      now: 0,
    });
    expect(plan.refusals).toEqual([expect.stringContaining("refused at e2, w2: ")]);
  });
});
