import { describe, expect, it } from "vitest";
import { formatDiagnostic, isError } from "../../../src/core/model/diagnostic.ts";
import { readCustomKinds } from "../../../src/core/render/custom-kinds.ts";
import { type SourceObject, parseManifests } from "../../../src/core/render/parse-manifests.ts";

const crd = (scope: string): string => `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: ${scope}
  names: {kind: Widget, plural: widgets}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
`;

function parse(text: string, others: readonly string[] = []) {
  const files = [{ path: "m.yaml", text }];
  const all = [
    ...files,
    ...others.map((other, index) => ({ path: `o${index}.yaml`, text: other })),
  ];
  return parseManifests(files, {
    namespace: "shop",
    customKinds: readCustomKinds(all),
    plainSecrets: new Set(),
  });
}

function objectsOf(text: string, others?: readonly string[]): readonly SourceObject[] {
  const { objects, diagnostics } = parse(text, others);
  if (!diagnostics.some(isError)) return objects;
  throw new Error(diagnostics.map(formatDiagnostic).join("\n"));
}

const keysOf = (text: string, others?: readonly string[]): string[] =>
  objectsOf(text, others).map(({ key }) => `${key.group}/${key.kind} ${key.namespace}/${key.name}`);

const problemsOf = (text: string): string[] => parse(text).diagnostics.map(formatDiagnostic);

describe("parseManifests", () => {
  it("reads every document of every kind of file, and flattens lists", () => {
    const text = `
apiVersion: v1
kind: List
items:
  - {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}
  - apiVersion: v1
    kind: ConfigMapList
    items: [{metadata: {name: b}}]
---
{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "c"}}
`;

    expect(keysOf(text)).toEqual([
      "/ConfigMap shop/a",
      "/ConfigMap shop/b",
      "apps/Deployment shop/c",
    ]);
  });

  it("takes expressions literally", () => {
    const [object] = objectsOf(
      "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {x: '${site.name}'}}",
    );

    expect(object?.object["data"]).toEqual({ x: "${site.name}" });
  });

  it("gives the app's namespace to namespaced objects that name none, and none to cluster-scoped ones", () => {
    const text = [
      "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: other}}",
      "{apiVersion: v1, kind: ConfigMap, metadata: {name: b, namespace: ''}}",
      "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: 'system:c'}}",
      "{apiVersion: policy/v1beta1, kind: PodDisruptionBudget, metadata: {name: d}}",
    ].join("\n---\n");

    expect(keysOf(text)).toEqual([
      "/ConfigMap other/a",
      "/ConfigMap shop/b",
      "rbac.authorization.k8s.io/ClusterRole /system:c",
      "policy/PodDisruptionBudget shop/d",
    ]);
  });

  it("knows the scope of custom resources from CRDs anywhere in the fleet", () => {
    const widget = "{apiVersion: example.com/v1, kind: Widget, metadata: {name: w}}";

    expect(keysOf(widget, [crd("Namespaced")])).toEqual(["example.com/Widget shop/w"]);
    expect(keysOf(widget, [crd("Cluster")])).toEqual(["example.com/Widget /w"]);
    expect(
      keysOf("{apiVersion: example.com/v1, kind: Widget, metadata: {name: w, namespace: x}}"),
    ).toEqual(["example.com/Widget x/w"]);
  });

  it("drops what only a server or kubectl writes", () => {
    const [source] = objectsOf(`
apiVersion: v1
kind: ConfigMap
metadata:
  name: a
  uid: 1-2-3
  resourceVersion: "7"
  creationTimestamp: null
  managedFields: []
  annotations: {kubectl.kubernetes.io/last-applied-configuration: "{}", mine: "1"}
status: {x: y}
`);

    expect(source?.object).toEqual({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "a", namespace: "shop", annotations: { mine: "1" } },
    });
  });

  it("allows a Secret without data, and secrets that are sealed or come from elsewhere", () => {
    const text = [
      "{apiVersion: v1, kind: Secret, metadata: {name: a}, type: kubernetes.io/service-account-token}",
      "{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: b, namespace: x}, spec: {data: []}}",
      "{apiVersion: bitnami.com/v1alpha1, kind: SealedSecret, metadata: {name: c, namespace: x}, spec: {encryptedData: {k: v}}}",
    ].join("\n---\n");

    expect(keysOf(text)).toHaveLength(3);
  });

  it.each([
    ["manifests/shop/kustomization.yaml", "manifests/shop"],
    ["kustomization.yml", "."],
  ])("asks whether a kustomization is meant: %s", (path, folder) => {
    for (const text of ["resources: [a.yaml]\n", "apiVersion: v1\nkind: Kustomization\n"]) {
      const context = { namespace: "shop", customKinds: readCustomKinds([]) };
      const read = parseManifests([{ path, text }], { ...context, plainSecrets: new Set() });
      expect(read.diagnostics.map(formatDiagnostic)).toEqual([
        expect.stringMatching(
          new RegExp(`is missing; this is a kustomization; write .source.kustomize: ${folder}.$`),
        ),
      ]);
    }
  });

  const head = "apiVersion: v1\nkind: ConfigMap\n";
  it.each([
    [
      "a document that is no object",
      "- a\n",
      "m.yaml:1:1: error: a manifest must be an object, not a list",
    ],
    [
      "a missing apiVersion",
      "kind: Pod\nmetadata: {name: a}\n",
      'm.yaml:1:1: error: "apiVersion" is missing',
    ],
    [
      "a missing kind",
      "apiVersion: v1\nmetadata: {name: a}\n",
      'm.yaml:1:1: error: "kind" is missing',
    ],
    ["missing metadata", head, 'm.yaml:1:1: error: "metadata" is missing'],
    [
      "a missing name",
      `${head}metadata: {labels: {}}\n`,
      "m.yaml:3:11: error: metadata.name is missing",
    ],
    [
      "a name that is no text",
      `${head}metadata:\n  name: 5\n`,
      "m.yaml:4:9: error: metadata.name must be text, not the number 5; quote it",
    ],
    [
      "a bad apiVersion",
      "apiVersion: a/b/c\nkind: X\nmetadata: {name: a}\n",
      "m.yaml:1:13: error: apiVersion must be",
    ],
    [
      "generateName",
      `${head}metadata:\n  generateName: a-\n`,
      "m.yaml:4:3: error: generateName would make a new object",
    ],
    [
      "an item of a list",
      "apiVersion: v1\nkind: List\nitems:\n  - apiVersion: v1\n    kind: Pod\n",
      'm.yaml:4:5: error: "metadata" is missing',
    ],
    [
      "a bad name",
      `${head}metadata:\n  name: Big_Name\n`,
      'm.yaml:4:9: error: "Big_Name" is no name for a ConfigMap',
    ],
    [
      "a Service with dots in its name",
      "apiVersion: v1\nkind: Service\nmetadata: {name: a.b}\n",
      '"a.b" is no name for a Service',
    ],
    [
      "a name with a slash",
      "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: a/b}\n",
      "must not contain / or %",
    ],
    [
      "a label that is no text",
      `${head}metadata:\n  name: a\n  labels:\n    up: yes\n`,
      'm.yaml:6:9: error: metadata.labels: "up" must be text, not the boolean true; quote it',
    ],
    [
      "an annotation that is no text",
      `${head}metadata:\n  name: a\n  annotations: {x: 8080}\n`,
      'm.yaml:5:20: error: metadata.annotations: "x" must be text, not the number 8080; quote it',
    ],
    [
      "data that is no text",
      `${head}metadata: {name: a}\ndata:\n  port: 8080\n`,
      'm.yaml:5:9: error: data: "port" must be text',
    ],
    [
      "a label of a template that is no text",
      "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  template:\n    metadata:\n      labels: {v: 1}\n",
      'm.yaml:7:19: error: spec.template.metadata.labels: "v" must be text',
    ],
    [
      "a label value that Kubernetes refuses",
      `${head}metadata: {name: a, labels: {x: "a b"}}\n`,
      'm.yaml:3:33: error: label value "a b" is not a label value',
    ],
    [
      "a label key that Kubernetes refuses",
      `${head}metadata: {name: a, labels: {"a b": x}}\n`,
      'm.yaml:3:30: error: label key "a b" is not a label key',
    ],
    [
      "Flotilla's own label",
      `${head}metadata: {name: a, labels: {flotilla.dev/app: x}}\n`,
      "m.yaml:3:30: error: flotilla.dev/app is set by Flotilla; remove it",
    ],
    [
      "Flotilla's own annotation",
      `${head}metadata: {name: a, annotations: {flotilla.dev/owner: x}}\n`,
      "flotilla.dev/owner is set by Flotilla; remove it",
    ],
    [
      "an object in the namespace of the inventories",
      `${head}metadata: {name: flotilla-web, namespace: flotilla-system}\n`,
      "m.yaml:3:43: error: the namespace flotilla-system is Flotilla's own and belongs to no app",
    ],
    [
      "the namespace of the inventories",
      "apiVersion: v1\nkind: Namespace\nmetadata: {name: flotilla-system}\n",
      "m.yaml:3:18: error: the namespace flotilla-system is Flotilla's own and belongs to no app",
    ],
    [
      "a Secret with data",
      "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {k: dg==}\n",
      "m.yaml:4:1: error: Secret a would be stored in plain text; seal it with SOPS",
    ],
    [
      "a Secret with stringData",
      "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {k: v}\n",
      "m.yaml:4:1: error: Secret a would be stored in plain text",
    ],
    [
      "a namespace of a cluster-scoped object",
      "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, namespace: b}\n",
      "m.yaml:3:32: error: Namespace is cluster-scoped and cannot have a namespace",
    ],
    [
      "a namespace that is none",
      `${head}metadata: {name: a, namespace: B_c}\n`,
      'm.yaml:3:32: error: metadata.namespace must be an RFC 1123 label, not "B_c"',
    ],
    [
      "a kind of unknown scope",
      "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: a}\n",
      "m.yaml:2:7: error: it is not known whether Widget of example.com/v1 is namespaced; add its CustomResourceDefinition",
    ],
    [
      "a misspelt kind",
      "apiVersion: apps/v1\nkind: Deploymnet\nmetadata: {name: a}\n",
      "m.yaml:2:7: error: Kubernetes has no kind Deploymnet in apps/v1; did you mean Deployment?",
    ],
    [
      "the same object twice",
      `${head}metadata: {name: a}\n---\n${head}metadata: {name: a, namespace: shop}\n`,
      "m.yaml:5:1: error: ConfigMap shop/a is in the app twice; it is also at m.yaml:1:1; remove one of them",
    ],
    ["broken YAML", "a: [\n", "m.yaml:"],
  ])("refuses %s with its place", (_title, text, expected) => {
    const problems = problemsOf(text);

    expect(problems).toEqual([expect.stringContaining(expected)]);
  });

  it("tells all mistakes of all objects at once, and none of their values", () => {
    const problems = problemsOf(
      "apiVersion: v1\nkind: Secret\nmetadata: {name: A, labels: {x: 1}}\ndata: {k: aHVudGVyMg==}\n---\nkind: Pod\n",
    );

    expect(problems).toHaveLength(4);
    expect(problems.join()).not.toContain("aHVudGVyMg");
  });
});
