/** What a newcomer easily writes wrong, and what is said of it: once, at its place, with what to write. */
import { expect, it } from "vitest";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import { renderFiles } from "../../../src/core/render/render-files.ts";
import { aFleet, type FleetEdits, fleetYaml } from "../../support/fleet.ts";

const header = "apiVersion: flotilla.dev/v1alpha1\n";
const web = (placement: string, source = "manifests: manifests/web"): FleetEdits => ({
  "apps/web.yaml": `${header}kind: App
metadata: { name: web }
spec:
  namespace: web
  source: { ${source} }
  placement: { virtualSites: ${placement} }
`,
});
const shops = (selector: string): FleetEdits => ({
  "virtual-sites/shops.yaml": `${header}kind: VirtualSite
metadata: { name: shops }
spec:
  ${selector}
`,
});

it.each<[string, FleetEdits, string]>([
  [
    "a text where a list belongs",
    web("all"),
    'apps/web.yaml:7:30: error: expected a list for spec.placement.virtualSites, found "all"; write it as a list: [all]',
  ],
  [
    "a Site where a VirtualSite is to be named",
    web("[e1]"),
    'apps/web.yaml:7:31: error: there is no VirtualSite "e1"; that is a Site; name a VirtualSite whose selector it matches',
  ],
  [
    "labels of a selector without matchLabels",
    shops("selector: { tier: shop }"),
    'virtual-sites/shops.yaml:5:15: error: unknown field "tier" in spec.selector; put labels below `matchLabels`, or write it as text: `a=b,c=d`',
  ],
  [
    "a misspelt field of a kustomization",
    {
      ...web("[all]", "kustomize: base"),
      "fleet.yaml": fleetYaml({
        rollout: { strategy: "standard" },
        tools: { kustomize: "5.8.1" },
      }),
      "base/kustomization.yaml": "namespace: a\nresorces: [../manifests/web]\n",
    },
    'base/kustomization.yaml:2:1: error: a kustomization has no field "resorces"; did you mean "resources"?',
  ],
  [
    "a template of Helm among manifests",
    {
      "manifests/web/more.yaml":
        "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata: { n: {{ .Values.n }} }\n",
    },
    "manifests/web/more.yaml:4:13: error: a list or mapping cannot be a key; quote it; Helm's `{{ … }}` is read in charts only, which `source.chart` names",
  ],
])("tells what to write for %s", (_, edits, expected) => {
  const { diagnostics } = renderFiles(aFleet(edits));

  expect(diagnostics.map(formatDiagnostic)).toEqual([expected]);
});
