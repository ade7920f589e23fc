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
    "all sites in a selector",
    shops("selector: { all: true }"),
    'virtual-sites/shops.yaml:5:15: error: unknown field "all" in spec.selector; did you mean "spec.all"?',
  ],
  [
    "a requirement without matchExpressions",
    shops('selector: { key: "tier" }'),
    'virtual-sites/shops.yaml:5:15: error: unknown field "key" in spec.selector; known here: matchLabels, matchExpressions',
  ],
  [
    "a pattern where a list belongs, which in a list would be an alias",
    { "fleet.yaml": fleetYaml({ rollout: { strategy: "standard" }, ignore: "*.md" }) },
    'fleet.yaml:4:51: error: expected a list for spec.ignore, found "*.md"',
  ],
  [
    "what is for an object that the same overlay has taken away",
    {
      "apps/web.yaml": `${header}kind: App
metadata: { name: web }
spec:
  namespace: web
  source: { manifests: manifests/web, expressions: true }
  placement: { virtualSites: [all] }
  overlays:
    - virtualSites: [all]
      patches:
        - merge: { apiVersion: v1, kind: ConfigMap, metadata: { name: settings }, $patch: delete }
        - { target: { kind: ConfigMap, name: setting }, merge: { data: { a: b } } }
`,
      "manifests/web/own.yaml":
        'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: mine }\ndata: { at: "${site.name}" }\n',
      "manifests/web/settings.yaml":
        "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { a: b }\n",
    },
    "apps/web.yaml:12:21: error: the patch matches no object of the app: there is no ConfigMap setting (at site e1 and 3 more)",
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
