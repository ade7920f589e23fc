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
  const files = { "manifests/web/deployment.yaml": manifest, "apps/web.yaml": app(overlay) };
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
            - { op: replace, path: /spec/replicas, value: "3" }
`,
      "apps/web.yaml:11:11",
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

  it("is told at the manifest where no overlay has touched it", () => {
    const files = {
      "manifests/web/deployment.yaml": manifest.replace("replicas: 1", 'replicas: "1"'),
      "apps/web.yaml": app("      labels: { c: d }\n"),
    };
    const [found] = renderFiles(aFleet(files)).diagnostics.map(formatDiagnostic);
    expect(found).toMatch(/^manifests\/web\/deployment\.yaml:5:13: warning: /u);
  });
});
