/** How to take over from Helm: the App that the page shows has each object of its chart say from whom it is taken. */
import { describe, expect, it } from "vitest";
import { toolFleet, webAt } from "../support/render-tools.ts";
import { blocksOf } from "../support/tutorial.ts";

const chart = {
  "charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
  "charts/web/templates/all.yaml": `apiVersion: v1
kind: ConfigMap
metadata: { name: {{ .Release.Name }} }
---
apiVersion: v1
kind: Service
metadata: { name: {{ .Release.Name }}, annotations: { own: note } }
spec: { ports: [{ port: 80 }] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: {{ .Release.Name }} }
rules: []
`,
};

describe("how to take over from Helm", () => {
  it("shows an App all of whose objects name helm", async () => {
    // Within a step of a list the block stands further in.
    const blocks = await blocksOf("docs/how-to/take-over-from-helm.md", "   ");
    const app = blocks.find(({ text }) => text.includes("kind: App"))?.text ?? "";

    const objects = await webAt(toolFleet({}, { ...chart, "apps/web.yaml": app }));

    const notes = [...objects.values()].map(({ kind, metadata }) => [
      kind,
      metadata["annotations"],
    ]);
    const takeOver = { "flotilla.dev/take-over": "helm" };
    expect(Object.fromEntries(notes)).toEqual({
      ClusterRole: takeOver,
      ConfigMap: takeOver,
      Service: { own: "note", ...takeOver },
    });
  });
});
