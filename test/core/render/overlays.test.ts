import { describe, expect, it } from "vitest";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import { renderFleet } from "../../../src/core/render/render-fleet.ts";
import type { RenderedObject } from "../../../src/core/render/rendered.ts";
import { type FleetEdits, aModel, appYaml } from "../../support/fleet.ts";

const manifest = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      initContainers: [{name: init, image: registry:5000/tools/init@sha256:00}]
      containers:
        - {name: web, image: "example.com/web:1"}
        - {name: side, image: example.com/webby}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: "@daily"
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: "example.com/web:1@sha256:aa"}]}}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: elsewhere}
data: {a: "1"}
`;

const edits = (overlays: unknown[], more: FleetEdits = {}): FleetEdits => ({
  "apps/web.yaml": appYaml("web", { spec: { overlays } }),
  "manifests/web/deployment.yaml": manifest,
  "manifests/web/settings.yaml": null,
  ...more,
});

/** Objects of app web at the shops, by kind. */
function shop(...overlays: unknown[]): Record<string, RenderedObject["object"]> {
  const fleet = renderFleet(aModel(edits(overlays)));
  if (!fleet.ok) throw new Error(fleet.diagnostics.map(formatDiagnostic).join("\n"));
  const tree = fleet.value.apps.get("web")?.sites.get("e1") ?? "";
  const objects = fleet.value.variants.get(tree)?.objects ?? [];
  return Object.fromEntries(objects.map(({ object }) => [object.kind, object]));
}

const problems = (...overlays: unknown[]): string[] =>
  renderFleet(aModel(edits(overlays))).diagnostics.map(formatDiagnostic);

const forShops = (overlay: object): object => ({ virtualSites: ["shops"], ...overlay });
const deployment = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web" } };

describe("overlays", () => {
  it("ask for no place of what has no mistake: finding one parses a file again", () => {
    const model = aModel(edits([forShops({ labels: { tier: "gold" } })]));
    const web = model.apps.get("web");
    if (web === undefined) throw new Error("the app is not there");
    const at = (): never => {
      throw new Error("asked for a place");
    };
    const apps = new Map([...model.apps, ["web", { ...web, at, keyAt: at, textAt: at }] as const]);
    expect(renderFleet({ ...model, apps })).toEqual(renderFleet(model));
  });

  it("apply in the order in which they are listed: patches, images, replicas, labels", () => {
    const { Deployment, ConfigMap } = shop(
      forShops({
        labels: { tier: "gold" },
        replicas: [{ name: "web", count: 3 }],
        images: [{ name: "example.com/web", newTag: "2" }],
        patches: [
          {
            merge: {
              ...deployment,
              spec: {
                replicas: 9,
                template: { spec: { containers: [{ name: "web", tty: true }] } },
              },
            },
          },
          { target: { kind: "ConfigMap" }, json: [{ op: "add", path: "/data/b", value: "2" }] },
        ],
      }),
      forShops({ labels: { tier: "silver" } }),
    );

    expect(Deployment).toMatchObject({
      metadata: { labels: { tier: "silver" } },
      spec: {
        replicas: 3,
        selector: { matchLabels: { app: "web" } },
        template: {
          metadata: { labels: { app: "web" } },
          spec: {
            containers: [
              { name: "web", image: "example.com/web:2", tty: true },
              { name: "side", image: "example.com/webby" },
            ],
          },
        },
      },
    });
    expect(ConfigMap).toMatchObject({
      data: { a: "1", b: "2" },
      metadata: { labels: { tier: "silver" } },
    });
  });

  it.each([
    [{ name: "example.com/web", newTag: "2" }, "example.com/web:2"],
    [{ name: "example.com/web", newName: "mirror/web" }, "mirror/web:1@sha256:aa"],
    [{ name: "example.com/web", digest: "sha256:bb" }, "example.com/web@sha256:bb"],
    [{ name: "example.com/web", newTag: "2", digest: "sha256:bb" }, "example.com/web:2@sha256:bb"],
  ])("image %j is changed in every pod template, as kustomize does", (image, expected) => {
    const { CronJob } = shop(forShops({ images: [image] }));

    expect(JSON.stringify(CronJob)).toContain(`"image":"${expected}"`);
  });

  it("changes an image by the name that an entry before has given it", () => {
    const { Deployment } = shop(
      forShops({
        images: [
          { name: "example.com/web", newName: "example.com/shop" },
          { name: "example.com/shop", newTag: "3" },
          { name: "example.com/shop", newName: "example.com/webby" },
          { name: "example.com/webby", digest: "sha256:bb" },
        ],
      }),
    );

    expect(JSON.stringify(Deployment)).toContain(
      '"name":"web","image":"example.com/webby@sha256:bb"',
    );
    expect(JSON.stringify(Deployment)).toContain(
      '"name":"side","image":"example.com/webby@sha256:bb"',
    );
  });

  it("finds an image behind a registry with a port, and does not take a prefix for a name", () => {
    const { Deployment } = shop(
      forShops({
        images: [
          { name: "registry:5000/tools/init", newTag: "v1" },
          { name: "example.com/web", newName: "x" },
        ],
      }),
    );

    expect(JSON.stringify(Deployment)).toContain('"image":"registry:5000/tools/init:v1"');
    expect(JSON.stringify(Deployment)).toContain('"image":"example.com/webby"');
  });

  it("a merge patch without namespace finds the object of the app, else the only one of that name", () => {
    const settings = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings" } };

    expect(
      shop(forShops({ patches: [{ merge: { ...settings, data: { c: "3" } } }] }))["ConfigMap"],
    ).toMatchObject({
      data: { a: "1", c: "3" },
    });
  });

  it("a target selects all objects that agree in the fields given", () => {
    const objects = shop(
      forShops({
        patches: [
          { target: { namespace: "web" }, merge: { metadata: { annotations: { note: "x" } } } },
        ],
      }),
    );

    expect(objects["Deployment"]?.metadata["annotations"]).toMatchObject({ note: "x" });
    expect(objects["CronJob"]?.metadata["annotations"]).toMatchObject({ note: "x" });
    expect(objects["ConfigMap"]?.metadata["annotations"]).not.toHaveProperty("note");
  });

  it("$patch: delete takes an object out of the app", () => {
    const objects = shop(forShops({ patches: [{ merge: { ...deployment, $patch: "delete" } }] }));

    expect(Object.keys(objects).toSorted()).toEqual(["ConfigMap", "CronJob"]);
  });

  it("merges the lists of a custom resource by the keys of a CRD in another app", () => {
    const model = aModel(
      edits(
        [
          forShops({
            patches: [
              { target: { kind: "Widget" }, merge: { spec: { parts: [{ id: 2, size: 9 }] } } },
            ],
          }),
        ],
        {
          "manifests/web/deployment.yaml":
            "{apiVersion: example.com/v1, kind: Widget, metadata: {name: w}, spec: {parts: [{id: 1}, {id: 2}]}}",
          "manifests/till/crd.yaml": `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Widget, plural: widgets}
  versions:
    - name: v1
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                parts: {type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [id], items: {type: object}}
`,
        },
      ),
    );
    const fleet = renderFleet(model);

    const yaml = fleet.ok
      ? [...fleet.value.variants.values()].flatMap(({ objects }) =>
          objects.map((object) => object.yaml),
        )
      : [];
    expect(yaml.some((text) => text.includes("size: 9") && text.includes("id: 1"))).toBe(true);
  });

  it.each<[string, object, RegExp]>([
    [
      "a patch that matches nothing",
      { patches: [{ merge: { ...deployment, metadata: { name: "wbe" } } }] },
      /^apps\/web.yaml:4:\d+: error: the patch matches no object of the app: there is no Deployment wbe of apps; did you mean "Deployment web of apps"\?$/,
    ],
    [
      "a target near to an object",
      { patches: [{ target: { kind: "Deploymnt" }, merge: {} }] },
      /: there is no Deploymnt; did you mean "Deployment"\?$/,
    ],
    [
      "a target that matches nothing",
      { patches: [{ target: { kind: "Pod" }, merge: {} }] },
      /error: the patch matches no object of the app: there is no Pod$/,
    ],
    [
      "replicas of what is not there",
      { replicas: [{ name: "wbe", count: 2 }] },
      /error: the app has no Deployment, .* "wbe"; did you mean "web"\?$/,
    ],
    [
      "a patch that renames",
      { patches: [{ target: { kind: "Deployment" }, merge: { metadata: { name: "other" } } }] },
      /error: Deployment web\/web \(manifests\/web\/deployment.yaml:2:1\): a patch cannot change metadata.name/,
    ],
    [
      "a patch that moves to another namespace",
      {
        patches: [{ target: { kind: "Deployment" }, merge: { metadata: { namespace: "other" } } }],
      },
      /cannot change metadata.namespace/,
    ],
    [
      "a patch that changes the kind",
      {
        patches: [
          {
            target: { kind: "Deployment" },
            json: [{ op: "replace", path: "/kind", value: "Pod" }],
          },
        ],
      },
      /cannot change kind/,
    ],
    [
      "a patch for another apiVersion",
      { patches: [{ merge: { ...deployment, apiVersion: "apps/v1beta1" } }] },
      /cannot change apiVersion/,
    ],
    [
      "a JSON patch that fails",
      {
        patches: [
          {
            target: { kind: "Deployment" },
            json: [
              { op: "test", path: "/spec/replicas", value: 1 },
              { op: "remove", path: "/spec/nope" },
            ],
          },
        ],
      },
      /error: Deployment web\/web \(manifests.*\): operation 2 \(remove \/spec\/nope\): nothing is at \/spec\/nope/,
    ],
    [
      "a merge that fails",
      {
        patches: [
          {
            target: { kind: "Deployment" },
            merge: { spec: { template: { spec: { containers: [{ image: "x" }] } } } },
          },
        ],
      },
      /spec.template.spec.containers.0: an item of the patch lacks the merge key "name"/,
    ],
    [
      "a directive in a list that is replaced",
      {
        patches: [
          {
            target: { kind: "Deployment" },
            merge: {
              spec: {
                template: {
                  spec: {
                    containers: [{ name: "web", args: ["a"] }],
                    tolerations: [{ $patch: "merge", a: { $patch: "delete" } }],
                  },
                },
              },
            },
          },
        ],
      },
      /\$patch has no meaning where a list is replaced/,
    ],
    [
      "a name that the cluster would make up, in a merge patch",
      { patches: [{ target: { kind: "Deployment" }, merge: { metadata: { generateName: "a" } } }] },
      /^apps\/web.yaml:4:\d+: error: .*generateName would make a new object at every apply/,
    ],
    [
      "Flotilla's own label",
      { labels: { "flotilla.dev/app": "x" } },
      /flotilla.dev\/app is set by Flotilla/,
    ],
    [
      "a Secret's data",
      {
        patches: [
          {
            target: { kind: "ConfigMap" },
            json: [{ op: "replace", path: "/kind", value: "Secret" }],
          },
        ],
      },
      /cannot change kind/,
    ],
  ])("refuses %s, at the place of the overlay", (_title, overlay, expected) => {
    const found = problems(forShops(overlay));

    expect(found.filter((problem) => problem.includes("error:"))).not.toEqual([]);
    expect(found.join("\n")).toMatch(expected);
  });

  it("warns of an overlay that changes nothing at any site, of one for no site, and of images that nothing has", () => {
    const found = problems(
      forShops({ name: "idle", replicas: [{ name: "web", count: 1 }] }),
      forShops({
        name: "typo",
        labels: { a: "b" },
        images: [{ name: "example.com/wbe", newTag: "2" }],
      }),
    );

    expect(found).toEqual([
      expect.stringContaining('warning: overlay "idle" changes nothing at any site; remove it'),
      expect.stringContaining('warning: no container of the app has the image "example.com/wbe"'),
    ]);
  });

  it("warns of an overlay of which later ones leave nothing, however they do it", () => {
    const target = { kind: "Deployment" };
    const scale = (count: number): object => ({ replicas: [{ name: "web", count }] });
    const patch = (count: number): object => ({
      patches: [{ target, merge: { spec: { replicas: count } } }],
    });
    const label = (a: string): object => ({ labels: { a } });
    const image = (newTag: string): object => ({ images: [{ name: "example.com/web", newTag }] });
    const move = (namespace: string): object => ({ namespace });
    for (const form of [scale, patch]) {
      expect(problems(forShops(form(3)), forShops(scale(5)))).toEqual([
        expect.stringContaining("warning: overlay 1 has no effect left at any site: later ones"),
      ]);
    }
    for (const form of [label, image, move]) {
      expect(problems(forShops(form("b")), { virtualSites: ["all"], ...form("c") })).toEqual([
        expect.stringContaining("warning: overlay 1 has no effect left at any site: later ones"),
      ]);
      expect(problems({ virtualSites: ["all"], ...form("b") }, forShops(form("c")))).toEqual([]);
    }
    expect(problems(forShops({ ...scale(3), ...label("b") }), forShops(scale(5)))).toEqual([]);
    // Without the first one the test of the second would fail.
    const test = { target, json: [{ op: "test", path: "/spec/replicas", value: 3 }] };
    expect(problems(forShops(scale(3)), forShops({ patches: [test], ...scale(5) }))).toEqual([]);
  });

  it("does not warn of an overlay that changes something at some site only", () => {
    const patch = (count: number): object => ({
      target: { kind: "Deployment" },
      merge: { spec: { replicas: count } },
    });

    expect(
      problems(
        { virtualSites: ["depots"], patches: [patch(5)] },
        { virtualSites: ["all"], patches: [patch(5)] },
      ),
    ).toEqual([]);
  });

  it("refuses an app of which patches leave nothing at a site", () => {
    const all = ["Deployment", "CronJob", "ConfigMap"].map((kind) => ({
      target: { kind },
      merge: { $patch: "delete" },
    }));

    expect(problems(forShops({ patches: all }))).toEqual([
      expect.stringMatching(/error: the app renders to no object at e1/),
    ]);
  });
});
