/** Random histories of one object: several managers apply, update and patch it. */
import * as fc from "fast-check";
import { type Json, type JsonObject, isJsonObject } from "../../../src/core/model/json.ts";
import type { TestRequest } from "./cluster-under-test.ts";

/** A kind, where its objects are, and what managers write. */
export interface HistoryKind {
  readonly title: string;
  readonly collection: string;
  readonly head: { readonly apiVersion: string; readonly kind: string };
  readonly content: fc.Arbitrary<JsonObject>;
}

/** A step of a history before it is known which object it writes. */
type Step = (path: string, body: JsonObject) => TestRequest;

const applyType = "application/apply-patch+yaml";
const manager = fc.constantFrom("one", "two", "three");

const apply: fc.Arbitrary<Step> = fc
  .record({ manager, force: fc.boolean() })
  .map(({ manager, force }) => (path, body) => ({
    method: "PATCH",
    path: `${path}?fieldManager=${manager}&force=${force}`,
    contentType: applyType,
    body,
  }));

const mergePatch: fc.Arbitrary<Step> = manager.map(
  (name) =>
    (path, { apiVersion: _version, kind: _kind, metadata, ...content }) => ({
      method: "PATCH",
      path: `${path}?fieldManager=${name}`,
      contentType: "application/merge-patch+json",
      body: { ...content, metadata: { labels: labelsOf(metadata) } },
    }),
);

/** How lists are merged by such a patch is no matter of ownership: this one has none. */
const strategicPatch: fc.Arbitrary<Step> = manager.map((name) => (path, { metadata }) => ({
  method: "PATCH",
  path: `${path}?fieldManager=${name}`,
  contentType: path.includes("/fleet.test/")
    ? "application/merge-patch+json"
    : "application/strategic-merge-patch+json",
  body: { metadata: { labels: labelsOf(metadata), annotations: { patched: name } } },
}));

function labelsOf(metadata: Json | undefined): Json {
  return (isJsonObject(metadata) ? metadata["labels"] : undefined) ?? {};
}

const put: fc.Arbitrary<Step> = manager.map((name) => (path, body) => ({
  method: "PUT",
  path: `${path}?fieldManager=${name}`,
  body,
}));

const reset: fc.Arbitrary<Step> = fc.constant((path) => ({
  method: "PATCH",
  path: `${path}?fieldManager=resetter`,
  contentType: "application/merge-patch+json",
  body: { metadata: { managedFields: [{}] } },
}));

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: apply },
  { weight: 3, arbitrary: mergePatch },
  { weight: 1, arbitrary: strategicPatch },
  { weight: 2, arbitrary: put },
  { weight: 1, arbitrary: reset },
);

const create: fc.Arbitrary<Step> = manager.map((name) => (path, body) => ({
  method: "POST",
  path: `${path.slice(0, path.lastIndexOf("/"))}?fieldManager=${name}`,
  body,
}));

/** Up to eight requests for an object of the kind, whose name is given later; the first one makes it. */
export function histories(kind: HistoryKind): fc.Arbitrary<(name: string) => TestRequest[]> {
  const record = (one: fc.Arbitrary<Step>) =>
    fc.record({ step: one, labels, content: kind.content });
  const first = record(fc.oneof(apply, create));
  const others = fc.array(record(step), { minLength: 1, maxLength: 7 });
  return fc.tuple(first, others).map(([one, rest]) => (name) => {
    const steps = [one, ...rest];
    const path = `${kind.collection}/${name}`;
    return steps.map(({ step, labels, content }) => {
      const metadata = { name, namespace: "default", ...(labels !== undefined && { labels }) };
      return step(path, { ...kind.head, metadata, ...content });
    });
  });
}

const value = fc.constantFrom("1", "2");
/** A map with some of these keys, or none. */
const someOf = <T>(
  keys: readonly string[],
  values: fc.Arbitrary<T>,
): fc.Arbitrary<Record<string, T>> =>
  fc.dictionary(fc.constantFrom(...keys), values, { maxKeys: keys.length });
const labels = fc.option(someOf(["a", "b"], value), { nil: undefined });
/** An object with these fields, each of which may be absent. */
const partly = (fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<JsonObject> =>
  fc.record(fields, { requiredKeys: [] }) as fc.Arbitrary<JsonObject>;
/** A list whose items differ in their keys. */
const listOf = (
  item: fc.Arbitrary<JsonObject>,
  keyOf: (item: JsonObject) => unknown,
): fc.Arbitrary<JsonObject[]> =>
  fc.uniqueArray(item, { maxLength: 3, selector: (one) => JSON.stringify(keyOf(one)) });

const name = fc.constantFrom("a", "b", "c");
const variables = listOf(fc.record({ name, value }), (item) => item["name"]);
const containerPorts = listOf(
  fc
    .tuple(fc.constantFrom(80, 443, 8080), fc.constantFrom(undefined, "TCP", "UDP"))
    .map(([containerPort, protocol]) => ({
      containerPort,
      ...(protocol !== undefined && { protocol }),
    })),
  (item) => [item["containerPort"], item["protocol"] ?? "TCP"],
);
const volumes = listOf(
  fc
    .record({ name, configMap: fc.constantFrom(undefined, { name: "x" }, { name: "y" }) })
    .map(({ name, configMap }) => ({ name, ...(configMap !== undefined && { configMap }) })),
  (item) => item["name"],
);
const container = (named: string): fc.Arbitrary<JsonObject> =>
  partly({
    args: fc.constantFrom(["a"], ["a", "b"], []),
    env: variables,
    ports: containerPorts,
    workingDir: fc.constantFrom("/a", "/b"),
    resources: partly({ limits: someOf(["cpu", "memory"], fc.constantFrom("1", "2")) }),
    securityContext: partly({ runAsUser: fc.constantFrom(1, 2) }),
  }).chain((rest) =>
    fc.constantFrom("x:1", "x:2").map((image) => ({ name: named, image, ...rest })),
  );
const podSpec = fc
  .record({
    first: container("a"),
    second: fc.option(container("b"), { nil: undefined }),
    order: fc.boolean(),
    rest: partly({
      volumes,
      nodeSelector: someOf(["disk", "zone"], value),
      tolerations: fc.constantFrom([], [{ key: "k", operator: "Exists" }]),
      imagePullSecrets: listOf(
        name.map((one) => ({ name: one })),
        (item) => item["name"],
      ),
      securityContext: partly({ runAsUser: fc.constantFrom(1, 2) }),
      terminationGracePeriodSeconds: fc.constantFrom(1, 2),
    }),
  })
  .map(({ first, second, order, rest }): JsonObject => {
    const containers = second === undefined ? [first] : [first, second];
    return { containers: order ? containers : containers.toReversed(), ...rest };
  });

/** Written out, because the API server gives them out when the service is made. */
const headless = {
  clusterIP: "None",
  clusterIPs: ["None"],
  ipFamilies: ["IPv4"],
  ipFamilyPolicy: "SingleStack",
};

const inNamespace = (path: string): string => path.replace("*", "namespaces/default");

/** The kinds that histories are made of. */
export const historyKinds: readonly HistoryKind[] = [
  {
    title: "ConfigMaps",
    collection: inNamespace("/api/v1/*/configmaps"),
    head: { apiVersion: "v1", kind: "ConfigMap" },
    content: partly({
      data: someOf(["a", "b", "c"], value),
      binaryData: someOf(["d", "e"], fc.constantFrom("AA==", "AQ==")),
    }),
  },
  {
    title: "Services",
    collection: inNamespace("/api/v1/*/services"),
    head: { apiVersion: "v1", kind: "Service" },
    content: fc
      .record({
        ports: listOf(
          fc
            .record({
              name,
              port: fc.constantFrom(80, 443, 53),
              protocol: fc.constantFrom(undefined, "TCP", "UDP"),
              targetPort: fc.constantFrom(undefined, 8080, "web"),
            })
            .map(({ name, port, protocol, targetPort }) => ({
              name,
              port,
              ...(protocol !== undefined && { protocol }),
              ...(targetPort !== undefined && { targetPort }),
            })),
          (item) => [item["port"], item["protocol"] ?? "TCP"],
        ),
        selector: fc.constantFrom({ a: "1" }, { a: "2", b: "1" }),
      })
      .map(({ ports, selector }) => ({
        spec: { ...headless, ports, ...(selector !== undefined && { selector }) },
      })),
  },
  {
    title: "Deployments",
    collection: inNamespace("/apis/apps/v1/*/deployments"),
    head: { apiVersion: "apps/v1", kind: "Deployment" },
    content: fc
      .record({
        spec: podSpec,
        labels,
        rest: partly({
          replicas: fc.constantFrom(1, 2),
          minReadySeconds: fc.constantFrom(1, 2),
          strategy: fc.constantFrom<JsonObject>({}, { type: "RollingUpdate" }),
        }),
      })
      .map(({ spec, labels, rest }) => ({
        spec: {
          ...rest,
          selector: { matchLabels: { app: "x" } },
          template: { metadata: { labels: { app: "x", ...labels } }, spec },
        },
      })),
  },
  {
    title: "PodTemplates",
    collection: inNamespace("/api/v1/*/podtemplates"),
    head: { apiVersion: "v1", kind: "PodTemplate" },
    content: fc
      .record({ spec: podSpec, labels })
      .map(({ spec, labels }) => ({ template: { metadata: { labels: labels ?? {} }, spec } })),
  },
  {
    title: "custom resources",
    collection: inNamespace("/apis/fleet.test/v1/*/samples"),
    head: { apiVersion: "fleet.test/v1", kind: "Sample" },
    content: partly({
      spec: partly({
        entries: listOf(
          fc
            .record({
              name,
              zone: fc.constantFrom(undefined, "z", "y"),
              rest: partly({
                value: fc.constantFrom(1, 2),
                tags: fc.uniqueArray(name, { maxLength: 3 }),
              }),
            })
            .map(({ name, zone, rest }) => ({
              name,
              ...(zone !== undefined && { zone }),
              ...rest,
            })),
          (item) => [item["name"], item["zone"] ?? "z"],
        ),
        members: fc.uniqueArray(name, { maxLength: 3 }),
        steps: fc.array(fc.record({ run: name }), { maxLength: 2 }),
        limits: someOf(["cpu", "memory"], value),
        settings: someOf(["a", "b"], value),
        free: fc.constantFrom({}, { a: { b: 1 } }, { a: { b: 2, c: [1] } }, { a: [1, 2] }),
        port: fc.constantFrom(80, "web"),
        nested: partly({ left: value, right: partly({ inner: value }) }),
        size: fc.constantFrom(3, 4),
      }),
      status: partly({ phase: name }),
    }),
  },
];

/** The CRD of the custom resources. */
export const sampleDefinition: JsonObject = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "samples.fleet.test" },
  spec: {
    group: "fleet.test",
    scope: "Namespaced",
    names: { plural: "samples", singular: "sample", kind: "Sample", listKind: "SampleList" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: { openAPIV3Schema: sampleSchema() },
      },
    ],
  },
};

function sampleSchema(): JsonObject {
  const text = { type: "string" };
  return {
    type: "object",
    properties: {
      spec: {
        type: "object",
        properties: {
          entries: {
            type: "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name", "zone"],
            items: {
              type: "object",
              required: ["name"],
              properties: {
                name: text,
                zone: { type: "string", default: "z" },
                value: { type: "integer" },
                tags: { type: "array", "x-kubernetes-list-type": "set", items: text },
              },
            },
          },
          members: { type: "array", "x-kubernetes-list-type": "set", items: text },
          steps: { type: "array", items: { type: "object", properties: { run: text } } },
          limits: {
            type: "object",
            "x-kubernetes-map-type": "atomic",
            additionalProperties: text,
          },
          settings: { type: "object", additionalProperties: text },
          free: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
          port: { "x-kubernetes-int-or-string": true },
          nested: {
            type: "object",
            properties: { left: text, right: { type: "object", properties: { inner: text } } },
          },
          size: { type: "integer", default: 3 },
        },
      },
      status: { type: "object", properties: { phase: text } },
    },
  };
}
