/** `namespace` of an overlay against `namespace` of a kustomization, by the real kubectl. */
import { describe, expect, it } from "vitest";
import { aFleet, appYaml } from "../../support/fleet.ts";
import { bareTool, webAt } from "../../support/render-tools.ts";

const rbac = "rbac.authorization.k8s.io";
const hooks = "admissionregistration.k8s.io";
const hook = "clientConfig: {service: {name: hook, namespace: web, path: /x}}";

const manifests = `
{apiVersion: v1, kind: Namespace, metadata: {name: web, labels: {a: b}}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: own, namespace: web}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: other, namespace: elsewhere}}
---
{apiVersion: v1, kind: Service, metadata: {name: hook, namespace: web}, spec: {ports: [{port: 80}], externalName: hook.web.svc}}
---
{apiVersion: ${rbac}/v1, kind: RoleBinding, metadata: {name: bind, namespace: web}, roleRef: {kind: Role, name: r, apiGroup: ${rbac}}, subjects: [
  {kind: ServiceAccount, name: own, namespace: web}, {kind: ServiceAccount, name: own, namespace: foreign}, {kind: ServiceAccount, name: foreign, namespace: web},
  {kind: ServiceAccount, name: default, namespace: web}, {kind: ServiceAccount, name: other, namespace: elsewhere}, {kind: Group, name: people, apiGroup: ${rbac}}]}
---
{apiVersion: ${rbac}/v1, kind: ClusterRoleBinding, metadata: {name: bind-all}, roleRef: {kind: ClusterRole, name: r, apiGroup: ${rbac}}, subjects: [
  {kind: ServiceAccount, name: own, namespace: web}, {kind: ServiceAccount, name: foreign, namespace: web}]}
---
{apiVersion: ${hooks}/v1, kind: ValidatingWebhookConfiguration, metadata: {name: validate}, webhooks: [
  {name: a.b.c, ${hook}}, {name: a.b.d, clientConfig: {service: {name: foreign, namespace: web}}}, {name: a.b.e, clientConfig: {url: "https://x"}},
  {name: a.b.f, clientConfig: {service: {name: hook, namespace: foreign}}}]}
---
{apiVersion: ${hooks}/v1, kind: MutatingWebhookConfiguration, metadata: {name: mutate}, webhooks: [{name: a.b.c, ${hook}}]}
---
{apiVersion: apiregistration.k8s.io/v1, kind: APIService, metadata: {name: v1.x.y}, spec: {group: x.y, version: v1, groupPriorityMinimum: 1, versionPriority: 1, service: {name: hook, namespace: web}}}
---
{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: tills.x.y}, spec: {group: x.y, names: {kind: Till, plural: tills}, scope: Namespaced,
  conversion: {strategy: Webhook, webhook: {conversionReviewVersions: [v1], ${hook}}}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}}
---
{apiVersion: x.y/v1, kind: Till, metadata: {name: till}, spec: {namespace: web}}
---
{apiVersion: v1, kind: PersistentVolume, metadata: {name: disk}, spec: {claimRef: {name: c, namespace: web}}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: allow}, spec: {podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: web}}}]}]}}
`;

const moved = (text: string) =>
  aFleet({
    "apps/web.yaml": appYaml("web", {
      spec: { overlays: [{ virtualSites: ["all"], namespace: "moved" }] },
    }),
    "manifests/web/deployment.yaml": null,
    "manifests/web/settings.yaml": text,
  });

const kustomized = (text: string) =>
  bareTool(
    [
      { path: "kustomization.yaml", text: "namespace: moved\nresources: [all.yaml]\n" },
      { path: "all.yaml", text },
    ],
    "kubectl",
    ["kustomize", "."],
  );

describe("an overlay's namespace", { timeout: 60_000 }, () => {
  it("gives what kubectl kustomize gives, object for object", async () => {
    const bare = await kustomized(manifests);
    expect(bare.size).toBe(13);
    const sorted = new Map([...bare].toSorted(([a], [b]) => (a < b ? -1 : 1)));
    expect(await webAt(moved(manifests))).toEqual(sorted);
  });

  it("leaves alone, unlike kustomize, what is not the app's own", async () => {
    const foreign = `
{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: web}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: shared}}
---
{apiVersion: ${rbac}/v1, kind: RoleBinding, metadata: {name: bind, namespace: web}, roleRef: {kind: Role, name: r, apiGroup: ${rbac}}, subjects: [{kind: ServiceAccount, name: default, namespace: kube-system}, {kind: User, name: default, apiGroup: ${rbac}}]}
---
{apiVersion: apiregistration.k8s.io/v1, kind: APIService, metadata: {name: v1.x.y}, spec: {group: x.y, version: v1, groupPriorityMinimum: 1, versionPriority: 1, service: {name: foreign, namespace: foreign}}}
---
{apiVersion: apiregistration.k8s.io/v1, kind: APIService, metadata: {name: v1.x.z}, spec: {group: x.z, version: v1, groupPriorityMinimum: 1, versionPriority: 1}}
`;
    const found = await webAt(moved(foreign));
    const text = JSON.stringify([...found.values()]);
    expect([...found.keys()]).toContain("_Namespace__shared");
    expect([...found.keys()]).toContain("_ConfigMap_moved_settings");
    expect(text).toContain('"name":"default","namespace":"kube-system"');
    expect(text).toContain('"service":{"name":"foreign","namespace":"foreign"}');
    expect(text.match(/"service":/g)).toHaveLength(1);
    const bare = JSON.stringify([...(await kustomized(foreign)).values()]);
    expect(bare).toContain('"name":"default","namespace":"moved"');
    expect(bare.match(/"service":/g)).toHaveLength(2);
  });
});
