/** One mistake of each diagnostic code, as a user may make it, in a fleet that is right otherwise. */
import type { DiagnosticCode } from "../../src/core/model/diagnostic.ts";
import type { SourceFile } from "../../src/core/model/fleet-model.ts";
import type { FleetEdits } from "../support/fleet.ts";
import { toolVersions } from "../support/kubectl.ts";

/** Stands right before what is wrong; it is taken out of the files. */
export const marker = "▸";

export interface Mistake {
  /** On the default fleet; the marker is in one of them, if the mistake has a line. */
  readonly edits?: FleetEdits;
  /** The file of a mistake without a line. */
  readonly file?: string;
  readonly more?: readonly SourceFile[];
}

const apiVersion = "apiVersion: flotilla.dev/v1alpha1\n";
const labels = "labels: { ring: canary, tier: shop }";
const site = (spec: string): FleetEdits => ({
  "sites/e1.yaml": `${apiVersion}kind: Site\nmetadata: { name: e1, ${labels} }\nspec:\n${spec}`,
});
const fleet = (spec: string): FleetEdits => ({
  "fleet.yaml": `${apiVersion}kind: Fleet\nmetadata: { name: test }\nspec:\n  rollout: { strategy: standard }\n${spec}`,
});
const appText = (name: string, spec: string): string =>
  `${apiVersion}kind: App\nmetadata: { name: ${name} }\nspec:\n  namespace: ${name}\n${spec}`;
const app = (spec: string): FleetEdits => ({
  "apps/web.yaml": appText("web", `  placement: { virtualSites: [all] }\n${spec}`),
});
const manifests = "  source: { manifests: manifests/web }\n";
const overlay = (text: string, mark = ""): FleetEdits =>
  app(`${manifests}  overlays:\n    - ${mark}virtualSites: [all]\n${text}`);
const shops = (spec: string): FleetEdits => ({
  "virtual-sites/shops.yaml": `${apiVersion}kind: VirtualSite\nmetadata: { name: shops }\nspec:\n${spec}`,
});
const manifest = (text: string): FleetEdits => ({ "manifests/web/more.yaml": text });
const object = (text: string): FleetEdits => manifest(`apiVersion: v1\n${text}`);

/** Nothing of the manifests of `web`, which comes from elsewhere. */
const noManifests = { "manifests/web/deployment.yaml": null, "manifests/web/settings.yaml": null };
const tools = fleet(
  `  tools: { kustomize: "${toolVersions.kustomize}", helm: "${toolVersions.helm}" }\n`,
);
const kustomize = (text: string, edits: FleetEdits = {}): FleetEdits => ({
  ...noManifests,
  ...tools,
  ...app("  source: { kustomize: base }\n"),
  "base/kustomization.yaml": text,
  ...edits,
});
const chart = (template: string): FleetEdits => ({
  ...noManifests,
  ...tools,
  ...app("  source: { chart: chart }\n"),
  "chart/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
  "chart/templates/all.yaml": template,
});

export const mistakes: Readonly<Record<DiagnosticCode, Mistake>> = {
  "unreadable-file": {
    file: "sites/link.yaml",
    more: [{ path: "sites/link.yaml", text: "", problem: "it is a symbolic link" }],
  },
  "yaml-syntax": { edits: site("  region: east\n  ▸region: west\n") },
  "yaml-limit": { edits: site("  region: east\n  values: &again ▸{ again: *again }\n") },
  "not-an-object": { edits: { "manifests/web/more.yaml": "▸- one\n- two\n" } },
  "unknown-api-version": {
    edits: { "sites/e9.yaml": "apiVersion: ▸flotilla.dev/v2\nkind: Site\n" },
  },
  "unknown-kind": { edits: { "sites/e9.yaml": `${apiVersion}kind: ▸Sites\n` } },
  "wrong-extension": {
    edits: { "sites/e9.json": '▸{"apiVersion": "flotilla.dev/v1alpha1", "kind": "Site"}\n' },
  },
  "unknown-field": { edits: site("  region: east\n  ▸regoin: west\n") },
  "missing-field": {
    edits: {
      "sites/e1.yaml": `${apiVersion}kind: Site\nmetadata: { name: e1, ${labels} }\n▸spec:\n  description: none\n`,
    },
  },
  "invalid-value": { edits: site("  region: east\n  suspend: ▸soon\n") },
  "invalid-name": {
    edits: {
      "regions/x.yaml": `${apiVersion}kind: Region\nmetadata: { name: ▸a--b }\nspec: {}\n`,
    },
  },
  "duplicate-name": {
    edits: {
      "regions/x.yaml": `${apiVersion}kind: Region\nmetadata: { name: ▸east }\nspec: {}\n`,
    },
  },
  "dangling-reference": { edits: site("  region: ▸nowhere\n") },
  "dependency-cycle": {
    edits: {
      ...app(`${manifests}  dependsOn: [till]\n`),
      "apps/till.yaml": appText(
        "till",
        "  placement: { virtualSites: [shops] }\n  source: { manifests: manifests/till }\n  dependsOn: [▸web]\n",
      ),
    },
  },
  "long-profile-chain": { edits: { "profiles/all.yaml": profiles(20) } },
  "bad-selector": { edits: shops("  selector: tier=shop▸=x\n") },
  "too-many-comparisons": {
    edits: { "sites/many.yaml": sites(5000), "virtual-sites/many.yaml": otherStores(1000) },
  },
  "unknown-label": {
    edits: {
      ...fleet("  labels: { ring: {}, tier: { values: [shop, depot] } }\n"),
      ...shops("  selector: tier=▸store\n"),
    },
  },
  "matches-nothing": { edits: shops("  selector: ▸tier=store\n") },
  "matches-by-absence": { edits: shops("  selector: ▸tier=shop, zone!=x\n") },
  "no-effect": { edits: overlay("      labels: {}\n", marker) },
  expression: { edits: site("  region: east\n  description: see ▸${site.name}\n") },
  "expression-failed": {
    edits: overlay("      labels: { country: '${site.labels▸.country}' }\n"),
  },
  "bad-cel": { edits: overlay("      labels: { country: '${site▸.contry}' }\n") },
  "no-fleet": { edits: { "fleet.yaml": null }, file: "." },
  "empty-app": {
    edits: overlay(
      "      patches:\n        - target: { group: apps }\n          merge: { $patch: delete }\n        - target: { kind: ConfigMap }\n          merge: { $patch: delete }\n",
      marker,
    ),
  },
  "missing-source": { edits: app("  source: { manifests: ▸manifests/wbe }\n") },
  "unsafe-source": { edits: kustomize("resources: [▸../../elsewhere]\n") },
  "remote-reference": { edits: kustomize("resources:\n  - ▸https://example.com/base.yaml\n") },
  "unpinned-tool": {
    edits: {
      ...kustomize("resources: []\n"),
      ...fleet(""),
      ...app("  source: { kustomize: ▸base }\n"),
    },
  },
  "tool-refused": { edits: chart('kind: {{ ▸fail "no" }}\n') },
  unrepeatable: {
    edits: chart(
      "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: {{ randAlphaNum 8 | lower }} }\n",
    ),
    file: "chart/templates/all.yaml",
  },
  "helm-hook": {
    edits: chart(
      "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: last, annotations: { helm.sh/hook: pre-delete } }\n",
    ),
    file: "chart/templates/all.yaml",
  },
  "vendor-changed": {
    edits: fleet(
      `  vendor:\n    - { name: ▸base, git: { url: https://example.com/x, commit: "${"0".repeat(40)}" } }\n`,
    ),
  },
  "invalid-object": { edits: manifest("▸kind: ConfigMap\nmetadata: { name: x }\n") },
  "refused-object": {
    edits: object(
      "kind: Pod\nmetadata: { name: a }\nspec: { containers: [{ name: a, ▸imgae: b }] }\n",
    ),
  },
  "unknown-scope": {
    edits: manifest("apiVersion: example.com/v1\nkind: ▸Widget\nmetadata: { name: w }\n"),
  },
  "wrong-namespace": {
    edits: object("kind: ConfigMap\nmetadata: { name: x, namespace: ▸flotilla-system }\n"),
  },
  "duplicate-object": {
    edits: {
      ...object("kind: ConfigMap\nmetadata: { name: settings }\n"),
      "manifests/web/settings.yaml":
        "▸apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\n",
    },
  },
  "shared-object": {
    edits: {
      "manifests/till/more.yaml":
        "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings, namespace: web }\n",
      "manifests/web/settings.yaml":
        "▸apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\n",
    },
  },
  "own-account": {
    edits: {
      ...app(`${manifests}  serviceAccountName: ▸deployer\n`),
      ...object("kind: ServiceAccount\nmetadata: { name: deployer }\n"),
    },
  },
  "secret-data": {
    edits: object("kind: Secret\nmetadata: { name: s }\n▸stringData: { password: hunter2 }\n"),
  },
  "sealed-secret": {
    edits: object(
      "kind: Secret\nmetadata: { name: s }\nstringData: { a: 'ENC[AES256_GCM,data:x,iv:x,tag:x,type:str]' }\n▸sops: { mac: x }\n",
    ),
  },
  "region-secret": {
    edits: app(`${manifests}  secrets: [{ name: db, from: ▸"\${site.name + '_'}" }]\n`),
  },
  "unserved-api": {
    edits: {
      ...site('  region: east\n  kubernetes: { version: "1.30" }\n'),
      ...manifest(
        "▸apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: { name: x }\n",
      ),
    },
  },
  "kubernetes-version": {
    edits: {
      ...site('  region: east\n  kubernetes: { version: "1.30" }\n'),
      ...app(`${manifests}  kubernetes: { min: ▸"1.31" }\n`),
    },
  },
  "patch-no-target": {
    edits: overlay("      patches:\n        - target: ▸{ kind: Job }\n          merge: { a: b }\n"),
  },
  "patch-failed": {
    edits: overlay(
      "      patches:\n        - target: { kind: ConfigMap }\n          json:\n            - ▸{ op: remove, path: /data/none }\n",
    ),
  },
  "patch-other-item": {
    edits: {
      ...object(
        "kind: Service\nmetadata: { name: dns }\nspec: { selector: { a: b }, ports: [{ port: 53 }] }\n",
      ),
      ...overlay(
        "      patches:\n        - target: { kind: Service }\n          merge: { spec: { ports: [▸{ port: 53, protocol: UDP }] } }\n",
      ),
    },
  },
  "too-many-steps": {
    edits: overlay(
      `      patches:\n${patches(1000)}        - ▸{ target: { kind: ConfigMap }, merge: { data: { last: "" } } }\n`,
    ),
  },
  "too-large": {
    edits: manifest(
      `▸apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x }\ndata: { a: ${"x".repeat(1_100_000)} }\n`,
    ),
  },
};

/** So many patches of an overlay, each with a key of its own. */
function patches(count: number): string {
  const patch = (key: number): string =>
    `        - { target: { kind: ConfigMap }, merge: { data: { k${key}: "" } } }\n`;
  return Array.from({ length: count }, (_, key) => patch(key)).join("");
}

/** So many profiles that may extend each other, and one too many. */
function profiles(count: number): string {
  const profile = (number: number, extended: string): string =>
    `${apiVersion}kind: Profile\nmetadata: { name: p${number} }\nspec: { values: {}${extended} }\n`;
  const others = Array.from({ length: count - 1 }, (_, index) =>
    profile(index + 1, `, extends: p${index}`),
  );
  return [profile(0, ""), ...others, profile(count, `, extends: ▸p${count - 1}`)].join("---\n");
}

/** So many sites, each of another store. */
function sites(count: number): string {
  const each = (store: number): string =>
    `${apiVersion}kind: Site\nmetadata: { name: s${store}, labels: { store: x${store} } }\nspec: { region: east }\n`;
  return Array.from({ length: count }, (_, store) => each(store)).join("---\n");
}

/** So many virtual sites that leave out one store each; the last one is marked. */
function otherStores(count: number): string {
  const each = (store: number): string =>
    `${apiVersion}kind: VirtualSite\nmetadata: { name: v${store} }\nspec: { selector: ${store === count - 1 ? marker : ""}store!=x${store} }\n`;
  return Array.from({ length: count }, (_, store) => each(store)).join("---\n");
}
