/** What is wrong with an object behind all overlays is told where it was written, not where the object was. */
import { describe, expect, it } from "vitest";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import { renderFiles } from "../../../src/core/render/render-files.ts";
import { aFleet } from "../../support/fleet.ts";

const manifest = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 1
  selector: { matchLabels: { a: b } }
  template:
    metadata: { labels: { a: b } }
    spec:
      containers:
        - name: side
          image: side:1
        - name: web
          image: web:1
      tolerations: [{ key: a }]
`;

/** An app with one overlay, which begins at line 9. */
const app = (overlay: string): string => `apiVersion: flotilla.dev/v1alpha1
kind: App
metadata: { name: web }
spec:
  namespace: web
  source: { manifests: manifests/web }
  placement: { virtualSites: [all] }
  overlays:
    - virtualSites: [all]
${overlay}`;

const problems = (overlay: string): readonly string[] => {
  const files = {
    "manifests/web/deployment.yaml": manifest,
    "manifests/web/settings.yaml": null,
    "apps/web.yaml": app(overlay),
  };
  return renderFiles(aFleet(files)).diagnostics.map(formatDiagnostic);
};

describe("a mistake that an overlay makes", () => {
  it.each([
    [
      "in a merge",
      `      patches:
        - merge:
            apiVersion: apps/v1
            kind: Deployment
            metadata: { name: web }
            spec:
              replicas: "3"
`,
      "apps/web.yaml:16:25",
    ],
    [
      "in the value of an operation",
      `      patches:
        - target: { kind: Deployment }
          json:
            - { op: test, path: /spec/replicas, value: 1 }
            - { op: replace, path: /spec/replicas, value: "3" }
`,
      "apps/web.yaml:14:59",
    ],
    [
      "deep in what an operation adds to a list",
      `      patches:
        - target: { kind: Deployment }
          json:
            - op: add
              path: /spec/template/spec/containers/-
              value:
                name: other
                image: other:1
                ports: [{ containerPort: "80" }]
`,
      "apps/web.yaml:18:42",
    ],
    [
      "in a container whose position changes",
      `      sidecars:
        - containers: [{ name: first, image: "first:1", ports: [{ containerPort: "80" }] }]
`,
      "apps/web.yaml:11:82",
    ],
    [
      "in the labels of the pods that the manifest selects",
      `      patches:
        - target: { kind: Deployment }
          merge:
            spec: { template: { metadata: { labels: { a: c } } } }
`,
      "apps/web.yaml:13:58",
    ],
  ])("is told at the overlay: %s", (_, overlay, place) => {
    const found = problems(overlay);
    expect(found).toEqual([expect.stringContaining(`${place}: warning: Deployment web/web: `)]);
  });

  it.each([
    [
      "in a merge",
      `      patches:
        - target: { kind: Deployment }
          merge:
            metadata:
              annotations: { fine: "1" }
              labels:
                fine: "1"
                wrong: a b
`,
      "apps/web.yaml:17:24",
    ],
    [
      "in a key of a merge",
      `      patches:
        - target: { kind: Deployment }
          merge:
            metadata:
              labels:
                fine: "1"
                "a b": "1"
`,
      "apps/web.yaml:16:17",
    ],
    [
      "in an operation",
      `      patches:
        - target: { kind: Deployment }
          json:
            - { op: add, path: /metadata/labels, value: {} }
            - { op: add, path: /metadata/labels/a~1b, value: a b }
`,
      "apps/web.yaml:14:62",
    ],
    [
      "in the key of an operation",
      `      patches:
        - target: { kind: Deployment }
          json:
            - { op: add, path: /metadata/labels, value: {} }
            - { op: add, path: /metadata/labels/a b, value: a }
`,
      "apps/web.yaml:14:32",
    ],
    [
      "in an annotation",
      `      annotations:
        fine: b
        -wrong: b
`,
      "apps/web.yaml:12:9",
    ],
  ])("that no cluster takes is told where it is made, and once: %s", (_, overlay, place) => {
    const later = "    - virtualSites: [all]\n      annotations: { later: overlay }\n";
    const found = problems(overlay + later);
    expect(found).toEqual([expect.stringContaining(`${place}: error: Deployment web/web (`)]);
  });

  it.each([
    [
      "a merge",
      `          merge:
            metadata:
              labels: { a: b }
              name: other
`,
      "apps/web.yaml:15:21: error: Deployment web/web (manifests/web/deployment.yaml:1:1): a patch cannot change metadata.name of Deployment web/web",
    ],
    [
      "an operation",
      `          json:
            - { op: add, path: /spec/paused, value: true }
            - { op: replace, path: /kind, value: StatefulSet }
`,
      "apps/web.yaml:14:15: error: Deployment web/web (manifests/web/deployment.yaml:1:1): a patch cannot change kind of Deployment web/web",
    ],
    [
      "a directive that means nothing there",
      `          merge:
            spec:
              template:
                spec:
                  tolerations:
                    - key: a
                      $patch: delete
`,
      "apps/web.yaml:18:31: error: Deployment web/web (manifests/web/deployment.yaml:1:1): $patch has no meaning where a list is replaced as a whole",
    ],
  ])("that no patch may make is told where it is made: %s", (_, patch, told) => {
    const target = "      patches:\n        - target: { kind: Deployment }\n";
    expect(problems(target + patch)[0]).toBe(told);
  });

  it("is told at the manifest where no overlay has touched it", () => {
    const files = {
      "manifests/web/deployment.yaml": manifest.replace("replicas: 1", 'replicas: "1"'),
      "apps/web.yaml": app("      labels: { c: d }\n"),
    };
    const [found] = renderFiles(aFleet(files)).diagnostics.map(formatDiagnostic);
    expect(found).toMatch(/^manifests\/web\/deployment\.yaml:5:13: warning: /u);
  });
});
