/** What is generated from the API server, and strategic merge itself, against a real API server. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { readTables } from "../../../scripts/generate-merge-keys.ts";
import type { JsonObject } from "../../../src/core/model/json.ts";
import { kubernetes } from "../../../src/core/render/generated/kubernetes.ts";
import {
  type KubernetesTables,
  builtInSchema,
  plainSchema,
} from "../../../src/core/render/merge-schema.ts";
import { strategicMerge } from "../../../src/core/render/strategic-merge.ts";
import { type ApiClient, createApiClient } from "../../control-plane/api-client.ts";
import { type ControlPlanes, startControlPlanes } from "../../control-plane/start.ts";

let planes: ControlPlanes;
let api: ApiClient;
let served: KubernetesTables;

beforeAll(async () => {
  planes = await startControlPlanes({ clusters: 1 });
  const [cluster] = planes.clusters;
  if (cluster === undefined) throw new Error("no control plane was started");
  api = createApiClient(cluster);
  served = await readTables(cluster);
}, 180_000);

afterAll(async () => {
  api.close();
  await planes.stopAll();
});

describe("the generated tables", () => {
  it("are what the API server says, as far as both know a kind and a field", () => {
    const shared = (tables: KubernetesTables, other: KubernetesTables): unknown => ({
      kinds: Object.entries(tables.kinds).filter(([id]) => id in other.kinds),
      types: Object.entries(tables.types).flatMap(([type, fields]) =>
        Object.entries(fields)
          .filter(([field]) => field in (other.types[type] ?? {}))
          .map(([field, how]) => [type, field, how]),
      ),
    });

    expect(shared(kubernetes, served)).toEqual(shared(served, kubernetes));
  });

  it("are complete for the version that they are made from", () => {
    const isSameVersion = served.version === kubernetes.version;

    expect(isSameVersion ? served : kubernetes).toEqual(kubernetes);
    expect(Object.keys(served.kinds).length).toBeGreaterThan(50);
  });
});

const pod = `
apiVersion: v1
kind: PodTemplate
metadata: {name: t, namespace: default, labels: {a: "1", b: "2"}, finalizers: [x.io/a, x.io/b]}
template:
  metadata: {labels: {a: b}}
  spec:
    nodeSelector: {disk: ssd}
    tolerations: [{key: a, operator: Exists}]
    imagePullSecrets: [{name: one}, {name: two}]
    volumes: [{name: v, emptyDir: {medium: Memory}}, {name: w, configMap: {name: c}}]
    containers:
      - name: web
        image: x:1
        args: [a, b]
        env: [{name: A, value: "1"}, {name: B, value: "2"}, {name: C, value: "3"}]
        ports: [{containerPort: 80, name: http}, {containerPort: 81, name: more}]
        volumeMounts: [{name: v, mountPath: /v}]
      - {name: side, image: y:1}
`;
const inContainer = (text: string): string =>
  `{template: {spec: {containers: [{name: web, ${text}}]}}}`;

// Each patch is sent to the API server, and the result of ours is written with PUT: both answers must be the same.
describe("strategicMerge and the API server", () => {
  it.each([
    '{metadata: {labels: {a: null, c: "3"}}}',
    "{metadata: {labels: {$patch: replace, z: z}}}",
    "{metadata: {finalizers: [x.io/c, x.io/b]}}",
    "{metadata: {$deleteFromPrimitiveList/finalizers: [x.io/a]}}",
    "{metadata: {$setElementOrder/finalizers: [x.io/b, x.io/a]}}",
    inContainer("image: x:2, args: [c]"),
    inContainer('env: [{name: D, value: "4"}, {name: B, value: "9"}, {name: A, $patch: delete}]'),
    inContainer('env: [{$patch: replace}, {name: Z, value: "0"}]'),
    inContainer(
      "$setElementOrder/env: [{name: C}, {name: N}, {name: A}], env: [{name: N, value: n}]",
    ),
    inContainer("ports: [{containerPort: 81, name: other}, {containerPort: 90}]"),
    inContainer(
      "ports: [{$patch: replace}, {containerPort: 53, protocol: UDP, name: udp}, {containerPort: 53, protocol: TCP, name: tcp}]",
    ),
    inContainer("volumeMounts: [{mountPath: /v, readOnly: true}, {mountPath: /w, name: w}]"),
    inContainer(
      "resources: {limits: {cpu: 100m}}, securityContext: {privileged: null, runAsUser: 5}",
    ),
    "{template: {spec: {containers: [{name: new, image: z:1}, {name: side, $patch: delete}]}}}",
    "{template: {spec: {$setElementOrder/containers: [{name: side}, {name: web}]}}}",
    "{template: {spec: {volumes: [{name: v, $retainKeys: [name, configMap], configMap: {name: d}}]}}}",
    "{template: {spec: {volumes: [{name: v, emptyDir: {$patch: replace, sizeLimit: 1Gi}}]}}}",
    "{template: {spec: {tolerations: [{key: b, operator: Exists}], imagePullSecrets: [{name: three}]}}}",
    "{template: {spec: {nodeSelector: {$patch: delete}}}}",
    "{template: {spec: {nodeSelector: {$patch: replace, disk: hdd}, hostAliases: [{ip: 1.2.3.4, hostnames: [a]}]}}}",
    "{template: {spec: {topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule}]}}}",
  ])("agree on %s", async (text) => {
    const path = "/api/v1/namespaces/default/podtemplates";
    const created = await api.request(path, { method: "POST", body: parse(pod) });
    const live = (created.status === 409 ? await api.request(`${path}/t`) : created)
      .body as JsonObject;
    const patch = parse(text) as JsonObject;
    const merged = strategicMerge(live, patch, builtInSchema("v1", "PodTemplate") ?? plainSchema);
    const dryRun = `${path}/t?dryRun=All`;

    const patched = await api.request(dryRun, {
      method: "PATCH",
      body: patch,
      contentType: "application/strategic-merge-patch+json",
    });
    const put = await api.request(dryRun, {
      method: "PUT",
      body: merged.ok ? merged.value : merged,
    });

    expect([patched.status, put.status]).toEqual([200, 200]);
    expect(withoutBookkeeping(put.body)).toEqual(withoutBookkeeping(patched.body));
    expect(JSON.stringify(withoutBookkeeping(put.body))).not.toBe(
      JSON.stringify(withoutBookkeeping(live)),
    );
  });
});

function withoutBookkeeping(body: Readonly<Record<string, unknown>>): unknown {
  const {
    managedFields: _fields,
    generation: _generation,
    ...metadata
  } = body["metadata"] as JsonObject;
  return { ...body, metadata };
}
