/**
 * The same change said as an overlay of the App and as a kustomization gives the same objects. In two things kustomize
 * differs from the API server, whose way is ours: it puts what a merge patch names to the front of a merged list, and tells
 * ports by their protocol too.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { FleetEdits, Spec } from "../../support/fleet.ts";
import { realTools, toolFleet, webAt } from "../../support/render-tools.ts";
import type { RenderTools } from "../../../src/adapters/render-tools/render-tools.ts";
import { type Json, isJsonObject } from "../../../src/core/model/json.ts";

const base: FleetEdits = {
  "base/kustomization.yaml": "resources: [all.yaml]\n",
  "base/all.yaml": `apiVersion: apps/v1
kind: Deployment
metadata: { name: web, labels: { app: web }, annotations: { note: old } }
spec:
  replicas: 1
  selector: { matchLabels: { app: web } }
  strategy: { type: RollingUpdate, rollingUpdate: { maxSurge: 1 } }
  template:
    metadata: { labels: { app: web } }
    spec:
      initContainers: [{ name: wait, image: example.com/wait:1 }]
      containers:
        - name: web
          image: example.com/web:1
          args: [serve, --slow]
          env: [{ name: A, value: "1" }, { name: B, value: "2" }]
          ports: [{ containerPort: 80, name: http }]
          volumeMounts: [{ name: data, mountPath: /data }]
        - { name: log, image: "example.com/log:1" }
      tolerations: [{ key: a, operator: Exists }]
      volumes: [{ name: data, emptyDir: {} }, { name: tmp, emptyDir: {} }, { name: files, image: { reference: "example.com/web:1" } }]
---
apiVersion: v1
kind: Service
metadata: { name: web, labels: { app: web } }
spec:
  selector: { app: web }
  ports: [{ port: 80, name: http, targetPort: 80 }]
---
apiVersion: v1
kind: Service
metadata: { name: tls, labels: { app: tls } }
spec: { ports: [{ port: 443, name: https, protocol: TCP }] }
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: store }
spec:
  replicas: 1
  serviceName: store
  selector: { matchLabels: { app: store } }
  template:
    metadata: { labels: { app: store } }
    spec: { containers: [{ name: store, image: "example.com/store:1" }] }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: settings }
data: { colour: blue, shape: round }
`,
};

const inPod = (text: string): string => `spec: { template: { spec: ${text} } }`;
const web = (text: string): string =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\n${text}`;

/** A strategic merge patch: as a text of YAML. */
const merges: readonly (readonly [name: string, patch: string])[] = [
  ["a field", web("spec: { replicas: 3 }")],
  ["a field that goes", web("spec: { strategy: { rollingUpdate: null, type: Recreate } }")],
  ["a container's fields", web(inPod('{ containers: [{ name: web, image: "x:2", tty: true }] }'))],
  ["a new container", web(inPod('{ containers: [{ name: new, image: "y:1" }] }'))],
  ["a container that goes", web(inPod("{ containers: [{ name: log, $patch: delete }] }"))],
  [
    "containers that replace all",
    web(inPod('{ containers: [{ name: only, image: "z:1" }, { $patch: replace }] }')),
  ],
  [
    "environment, ports and mounts by their keys",
    web(
      inPod(
        '{ containers: [{ name: web, env: [{ name: B, value: "9" }, { name: C, value: "3" }], ports: [{ containerPort: 81, name: more }], volumeMounts: [{ mountPath: /data, readOnly: true }] }] }',
      ),
    ),
  ],
  ["lists without a key", web(inPod("{ tolerations: [{ key: b, operator: Exists }] }"))],
  [
    "a volume of another kind",
    web(inPod("{ volumes: [{ name: tmp, emptyDir: null, configMap: { name: c } }] }")),
  ],
  ["a map that is replaced", web("spec: { strategy: { $patch: replace, type: Recreate } }")],
  [
    "labels and annotations",
    web("metadata: { name: web, labels: { a: b }, annotations: { note: new, more: yes } }").replace(
      "metadata: { name: web }\n",
      "",
    ),
  ],
  [
    "data",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { colour: null, size: '4' }",
  ],
  [
    "a service's ports",
    "apiVersion: v1\nkind: Service\nmetadata: { name: web }\nspec: { ports: [{ port: 443, name: tls }] }",
  ],
  [
    "an object that goes",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\n$patch: delete",
  ],
];

const operations: readonly (readonly [name: string, kind: string, text: string])[] = [
  ["replace", "Deployment", "[{ op: replace, path: /spec/replicas, value: 4 }]"],
  [
    "add to the end of a list",
    "Deployment",
    '[{ op: add, path: /spec/template/spec/containers/-, value: { name: n, image: "n:1" } }]',
  ],
  [
    "add into a list",
    "Deployment",
    "[{ op: add, path: /spec/template/spec/containers/0/args/1, value: --fast }]",
  ],
  ["remove", "Deployment", "[{ op: remove, path: /spec/template/spec/containers/1 }]"],
  [
    "test, move and copy",
    "ConfigMap",
    "[{ op: test, path: /data/colour, value: blue }, { op: move, from: /data/colour, path: /data/paint }, { op: copy, from: /data/shape, path: /data/form }]",
  ],
  [
    "an escaped key",
    "Service",
    "[{ op: add, path: /metadata/labels/example.com~1part, value: front }]",
  ],
];

let tools: RenderTools;

beforeAll(async () => {
  tools = await realTools();
});

/** The objects that the App renders to from a kustomization with this in it, or with this overlay. */
async function both(kustomization: string, overlay: Spec): Promise<[Json, Json]> {
  const edits = { ...base, "overlay/kustomization.yaml": `resources: [../base]\n${kustomization}` };
  const overlays = [{ virtualSites: ["all"], ...overlay }];
  const [theirs, ours] = [
    await webAt(toolFleet({ kustomize: "overlay" }, edits), "e1", tools),
    await webAt(toolFleet({ kustomize: "base" }, edits, { overlays }), "e1", tools),
  ];
  return [Object.fromEntries(ours), Object.fromEntries(theirs)];
}

/** With lists of named things in the order of their names. */
function byName(value: Json): Json {
  if (Array.isArray(value)) {
    const nameOf = (item: Json): string => (isJsonObject(item) ? JSON.stringify(item["name"]) : "");
    const order = (a: Json, b: Json): number =>
      Number(nameOf(a) > nameOf(b)) - Number(nameOf(a) < nameOf(b));
    return value.map(byName).toSorted(order);
  }
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, byName(inner)]));
}

const indented = (text: string): string => text.replaceAll(/^/gm, "      ");

describe("an overlay and a kustomization that say the same", { timeout: 60_000 }, () => {
  it.each(merges)("agree on a merge patch of %s", async (_name, patch) => {
    const [ours, theirs] = await both(`patches:\n  - patch: |\n${indented(patch)}\n`, {
      patches: [{ merge: parse(patch) as Spec }],
    });
    expect(byName(ours)).toEqual(byName(theirs));
  });

  it("put what a merge patch names where the API server does, and kustomize to the front", async () => {
    const patch = web(inPod('{ containers: [{ name: log, image: "example.com/log:2" }] }'));
    const found = await both(`patches:\n  - patch: |\n${indented(patch)}\n`, {
      patches: [{ merge: parse(patch) as Spec }],
    });
    const names = found.map((objects) =>
      JSON.stringify(objects).match(/(?<="image":"example.com\/)(web|log)/g),
    );
    expect(names).toEqual([
      ["web", "log"],
      ["log", "web"],
    ]);
  });

  it("differ on ports of several protocols: to the API server the number alone tells them apart", async () => {
    const patch =
      "apiVersion: v1\nkind: Service\nmetadata: { name: tls }\nspec: { ports: [{ port: 443, protocol: UDP, name: quic }] }";
    const found = await both(`patches:\n  - patch: |\n${indented(patch)}\n`, {
      patches: [{ merge: parse(patch) as Spec }],
    });
    const names = found.map((objects) =>
      JSON.stringify(objects)
        .match(/https|quic/g)
        ?.toSorted(),
    );
    expect(names).toEqual([["quic"], ["https", "quic"]]);
  });

  it.each(operations)("agree on a JSON patch with %s", async (_name, kind, text) => {
    const json: unknown = parse(text);
    const [ours, theirs] = await both(
      `patches:\n  - { target: { kind: ${kind} }, patch: '${JSON.stringify(json)}' }\n`,
      { patches: [{ target: { kind }, json }] },
    );
    expect(ours).toEqual(theirs);
  });

  it.each<[string, string, Spec]>([
    [
      "images",
      'images: [{ name: example.com/web, newTag: "2" }, { name: example.com/wait, newName: mirror.example/wait }, { name: example.com/store, digest: "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" }]\n',
      {
        images: [
          { name: "example.com/web", newTag: "2" },
          { name: "example.com/wait", newName: "mirror.example/wait" },
          {
            name: "example.com/store",
            digest: "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
          },
        ],
      },
    ],
    [
      "replicas",
      "replicas: [{ name: web, count: 5 }, { name: store, count: 3 }]\n",
      {
        replicas: [
          { name: "web", count: 5 },
          { name: "store", count: 3 },
        ],
      },
    ],
    [
      "labels",
      "labels: [{ pairs: { tier: shop, app: other } }]\n",
      { labels: { tier: "shop", app: "other" } },
    ],
  ])("agree on %s", async (_name, kustomization, overlay) => {
    const [ours, theirs] = await both(kustomization, overlay);
    expect(ours).toEqual(theirs);
  });
});
