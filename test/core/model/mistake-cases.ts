/** Mistakes that a user can make, one at a time. */
import {
  appYaml,
  configMapYaml,
  type FleetEdits,
  fleetYaml,
  regionYaml,
  virtualSiteYaml,
} from "../../support/fleet.ts";

type MistakeCase = readonly [name: string, edits: FleetEdits, expected: readonly string[]];

export const header = "apiVersion: flotilla.dev/v1alpha1\n";
export const site = `${header}kind: Site
metadata:
  name: e1
  labels:
    ring: canary
    tier: shop
spec:
  region: east
`;
const strategy = (spec: string): string =>
  `${header}kind: RolloutStrategy\nmetadata: { name: standard }\nspec:\n${spec}`;
const app = (spec: string): string => `${header}kind: App
metadata: { name: web }
spec:
  namespace: web
  source: { manifests: manifests/web }
  placement: { virtualSites: [all] }
${spec}`;

/** Each with what is told of the default fleet with these edits: `file:line:column: severity: message; hint [code]`. */
export const mistakeCases: readonly MistakeCase[] = [
  [
    "a tab",
    { "sites/e1.yaml": `${site}\tx: 1\n` },
    [
      "sites/e1.yaml:10:1: error: tabs are not allowed as indentation; indent with spaces [yaml-syntax]",
    ],
  ],
  [
    "a duplicate key",
    { "sites/e1.yaml": `${site}  region: west\n` },
    [
      'sites/e1.yaml:10:3: error: the key "region" stands here a second time; remove one of the two [yaml-syntax]',
    ],
  ],
  [
    "an unknown field",
    { "sites/e1.yaml": `${site}  bogusField: 1\n` },
    [
      'sites/e1.yaml:10:3: error: unknown field "bogusField" in spec; known here: region, profile, description, location, address, values, timeZone, kubernetes, decommission, suspend [unknown-field]',
    ],
  ],
  [
    "a misspelt field",
    { "sites/e1.yaml": `${site}  suspended: true\n` },
    [
      'sites/e1.yaml:10:3: error: unknown field "suspended" in spec; did you mean "suspend"? [unknown-field]',
    ],
  ],
  [
    "a field in the wrong place",
    { "sites/e1.yaml": `${site}  labels: {}\n` },
    [
      'sites/e1.yaml:10:3: error: unknown field "labels" in spec; did you mean "metadata.labels"? [unknown-field]',
    ],
  ],
  [
    "a field that is planned",
    {
      "apps/web.yaml": app(
        "  tenant: shops\n  rollout:\n    strategy: standard\n    maxInFlight: 1\n",
      ),
    },
    [
      'apps/web.yaml:8:3: error: unknown field "tenant" in spec; it is planned and not carried out yet; leave it out [unknown-field]',
      'apps/web.yaml:11:5: error: unknown field "maxInFlight" in spec.rollout; it is planned and not carried out yet; leave it out [unknown-field]',
    ],
  ],
  [
    "checks that are none",
    {
      "apps/web.yaml": app(`  checks:
    before:
      - { name: tier, cel: site.lables.tier == 'gold' }
      - { name: tier, cel: stage.failed }
      - name: folded
        cel: >-
          site.reachable &&
          site.labels.tier = 'gold'
    after:
      - { name: both, cel: app.healthy && stage.failed == 0 }
      - { name: open, cel: "site.reachable == 'yes' && nope(" }
`),
    },
    [
      "apps/web.yaml:10:32: error: there is no field `lables` here; did you mean `labels`? [bad-cel]",
      'apps/web.yaml:11:17: error: the check "tier" is declared already in this list; give each check its own name [duplicate-name]',
      "apps/web.yaml:11:28: error: a check says true or false, and this is a whole number; compare it with something [bad-cel]",
      "apps/web.yaml:13:14: error: this is no CEL from `= 'gold'` on (at `= 'gold'`); compare with `==` [bad-cel]",
      "apps/web.yaml:17:28: error: a check `after` speaks of one site or counts sites, not both; write two checks [bad-cel]",
      "apps/web.yaml:18:60: error: this is no CEL from `(` on [bad-cel]",
    ],
  ],
  [
    "drift that is left to others, wrongly",
    {
      "apps/web.yaml": app(`  drift:
    ignore:
      - { kind: Deployment }
      - { fields: [spec.replicas] }
      - { fields: [.spec..replicas, .spec.replicas, .metadata] }
      - { fields: [.metadata.annotations.flotilla.dev/prune, .metadata.annotations.flotilla.dev/x] }
`),
    },
    [
      "apps/web.yaml:10:9: error: an entry of `ignore` needs `fields` or `managers`; name the fields that others may change, or who may change any [missing-field]",
      'apps/web.yaml:11:20: error: `spec.replicas` is no field; write it as reports name it: `.spec.replicas`, `.spec.containers[name="web"].image` [invalid-value]',
      'apps/web.yaml:12:20: error: `.spec..replicas` is no field; write it as reports name it: `.spec.replicas`, `.spec.containers[name="web"].image` [invalid-value]',
      "apps/web.yaml:12:53: error: `.metadata` holds the marks by which objects are known as the app's; name other fields [invalid-value]",
      "apps/web.yaml:13:20: error: `.metadata.annotations.flotilla.dev/prune` holds the mark by which an object is kept; name other fields [invalid-value]",
    ],
  ],
  [
    "health rules that are none",
    {
      "apps/web.yaml": app(`  health:
    - apiVersion: example.com/v1
      kind: Thing
      healthy: object.status.phase = 'Ready'
      degraded: "'Failed'"
      message: object.status.ready == 1
    - apiVersion: v1
      kind: Secret
      healthy: has(object.data.pin)
`),
    },
    [
      "apps/web.yaml:11:36: error: this is no CEL from `= 'Ready'` on; compare with `==` [bad-cel]",
      "apps/web.yaml:12:18: error: a condition says true or false, and this is a text; compare it with something [bad-cel]",
      "apps/web.yaml:13:16: error: a message says a text, and this is true or false; write string(…) around it [bad-cel]",
      "apps/web.yaml:15:13: error: a health rule cannot speak of Secrets: what it says is told outside of the region; write it for the object that uses the Secret or makes it [invalid-value]",
    ],
  ],
  [
    "a merge key",
    { "sites/e1.yaml": `${site}  location:\n    <<: {}\n    latitude: 1\n    longitude: 2\n` },
    [
      'sites/e1.yaml:11:5: error: unknown field "<<" in spec.location; merge keys are not read; write the fields out [unknown-field]',
    ],
  ],
  [
    "a missing field",
    { "sites/e1.yaml": site.replace("region: east", "suspend: true") },
    [
      'sites/e1.yaml:8:1: error: missing field "region" in spec; add `region`: name of the Region whose mirror serves the site [missing-field]',
    ],
  ],
  [
    "an empty spec",
    { "regions/east.yaml": `${header}kind: Region\nmetadata: { name: east }\nspec:\n` },
    [
      "regions/east.yaml:4:6: error: expected a mapping for spec, found nothing; write `{}` where there is nothing to say [invalid-value]",
    ],
  ],
  [
    "a number for a text",
    { "sites/e1.yaml": site.replace("canary", "1") },
    [
      'sites/e1.yaml:6:11: error: expected text for metadata.labels.ring, found the number 1; write it in quotes: "1" [invalid-value]',
    ],
  ],
  [
    "a value of no type of a union",
    {
      "virtual-sites/shops.yaml": `${header}kind: VirtualSite\nmetadata: { name: shops }\nspec: { selector: 5 }\n`,
    },
    [
      "virtual-sites/shops.yaml:4:19: error: expected a selector, as text or as matchLabels and matchExpressions for spec.selector, found the number 5 [invalid-value]",
    ],
  ],
  [
    "a mistake inside a union",
    {
      "strategies/standard.yaml": strategy(
        "  maxInFlight: many\n  stages: [{ name: a, selector: { matchLabel: {} } }]\n",
      ),
    },
    [
      'strategies/standard.yaml:5:16: error: expected a number of sites, or a percentage of them such as "10%" for spec.maxInFlight, found "many" [invalid-value]',
      'strategies/standard.yaml:6:35: error: unknown field "matchLabel" in spec.stages[0].selector; did you mean "matchLabels"? [unknown-field]',
    ],
  ],
  [
    "a time span without unit",
    { "strategies/standard.yaml": strategy("  soak: 10\n") },
    [
      "strategies/standard.yaml:5:9: error: expected a time span such as `90s`, `5m`, `1h30m` or `500ms` for spec.soak, found the number 10; write it with its unit: 10s [invalid-value]",
    ],
  ],
  [
    "a time span over a year",
    { "strategies/standard.yaml": strategy("  soak: 9000h\n") },
    [
      'strategies/standard.yaml:5:9: error: the time span "9000h" for spec.soak is longer than a year; write 8760h or less [invalid-value]',
    ],
  ],
  [
    "a planned value",
    { "strategies/standard.yaml": strategy("  onFailure: rollback\n") },
    [
      'strategies/standard.yaml:5:14: error: expected hold for spec.onFailure, found "rollback"; it is planned and not carried out yet; leave it out [invalid-value]',
    ],
  ],
  [
    "a misspelt value",
    { "apps/web.yaml": app("  onRemoval: orphaned\n") },
    [
      'apps/web.yaml:8:14: error: expected one of delete, orphan, hold for spec.onRemoval, found "orphaned"; did you mean "orphan"? [invalid-value]',
    ],
  ],
  [
    "a name with `--`",
    { "regions/x.yaml": regionYaml("a--b") },
    [
      'regions/x.yaml:3:19: error: expected a name of lower case letters, digits and single dashes, at most 63 characters for metadata.name, found "a--b" [invalid-name]',
    ],
  ],
  [
    "a second object of a name",
    { "sites/zz.yaml": site },
    [
      'sites/zz.yaml:4:9: error: the Site "e1" is declared already, at sites/e1.yaml:3; rename or remove one of the two [duplicate-name]',
    ],
  ],
  [
    "a name listed twice",
    { "apps/web.yaml": appYaml("web", { virtualSites: ["all", "all"] }) },
    [
      'apps/web.yaml:4:100: error: "all" stands twice in spec.placement.virtualSites; remove one of the two [invalid-value]',
    ],
  ],
  [
    "a reference to no region",
    { "sites/e1.yaml": site.replace("east", "eats") },
    [
      'sites/e1.yaml:9:11: error: there is no Region "eats"; did you mean "east"? [dangling-reference]',
    ],
  ],
  [
    "references to no strategy and virtual site",
    {
      "fleet.yaml": fleetYaml({ rollout: { strategy: "fast" } }),
      "apps/web.yaml": app(
        "  overlays:\n    - virtualSites: [nowhere]\n  rollout: { strategy: standrad }\n",
      ),
    },
    [
      'apps/web.yaml:9:22: error: there is no VirtualSite "nowhere"; known: all, depots, shops [dangling-reference]',
      'apps/web.yaml:10:24: error: there is no RolloutStrategy "standrad"; did you mean "standard"? [dangling-reference]',
      'fleet.yaml:4:30: error: there is no RolloutStrategy "fast"; known: standard [dangling-reference]',
    ],
  ],
  [
    "a misspelt kind",
    { "apps/web.yaml": app("").replace("kind: App", "kind: Appp") },
    ['apps/web.yaml:2:7: error: unknown kind "Appp"; did you mean "App"? [unknown-kind]'],
  ],
  [
    "a planned kind",
    { "p.yaml": `${header}kind: Policy\n` },
    [
      'p.yaml:2:7: error: unknown kind "Policy"; it is planned and not carried out yet; leave it out [unknown-kind]',
    ],
  ],
  [
    "another version",
    { "sites/e1.yaml": site.replace("v1alpha1", "v1") },
    [
      'sites/e1.yaml:1:13: error: unknown apiVersion "flotilla.dev/v1"; write apiVersion: flotilla.dev/v1alpha1 [unknown-api-version]',
    ],
  ],
  [
    "a misspelt apiVersion",
    { "sites/e1.yaml": site.replace("flotilla", "flotila") },
    [
      'sites/e1.yaml:1:13: error: unknown apiVersion "flotila.dev/v1alpha1"; write apiVersion: flotilla.dev/v1alpha1 [unknown-api-version]',
    ],
  ],
  [
    "no apiVersion",
    { "sites/e1.yaml": site.replace(header, "") },
    [
      'sites/e1.yaml:1:1: error: missing field "apiVersion"; write apiVersion: flotilla.dev/v1alpha1 [unknown-api-version]',
    ],
  ],
  [
    "a list of objects",
    { "x.yaml": "- apiVersion: flotilla.dev/v1alpha1\n  kind: Site\n" },
    [
      "x.yaml:1:1: error: a document of Flotilla's kinds must be a mapping, not a list or a text; write each object as a document of its own, with `---` between them [not-an-object]",
    ],
  ],
  [
    "an object in a JSON file",
    { "sites/x.json": '{"apiVersion": "flotilla.dev/v1alpha1", "kind": "Site"}' },
    [
      "sites/x.json:1:1: error: one of Flotilla's kinds stands in a .json file, where it is not read; name the file .yaml (JSON is YAML); if the file is not Flotilla's, name it in `ignore` of the Fleet [wrong-extension]",
    ],
  ],
  [
    "a selector without text",
    { "virtual-sites/shops.yaml": virtualSiteYaml("shops", "") },
    [
      "virtual-sites/shops.yaml:4:19: error: the selector is empty; write `all: true` for every site [bad-selector]",
    ],
  ],
  [
    "a Kubernetes List of objects",
    {
      "x.yaml":
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: flotilla.dev/v1alpha1\n  kind: Site\n",
    },
    [
      "x.yaml:1:1: error: a document of Flotilla's kinds must be a mapping, not a list or a text; write each object as a document of its own, with `---` between them [not-an-object]",
    ],
  ],
  [
    "no Fleet",
    { "fleet.yaml": null },
    [
      ".: error: the repository holds no Fleet; name the folder that holds it, add a file with `kind: Fleet`, or start from `flotilla init` [no-fleet]",
    ],
  ],
  [
    "two Fleets",
    { "g.yaml": `${header}kind: Fleet\nmetadata: { name: b }\nspec: {}\n` },
    [
      "g.yaml:2:7: error: a repository holds exactly one Fleet; the first is at fleet.yaml:2; merge them into one [no-fleet]",
    ],
  ],
  [
    "a selector that does not parse",
    {
      "virtual-sites/shops.yaml": `${header}kind: VirtualSite\nmetadata: { name: shops }\nspec:\n  selector: tier=shop, ,\n`,
    },
    [
      "virtual-sites/shops.yaml:5:24: error: bad selector at character 12: expected a label key after `,`, found `,`; selectors are written as in Kubernetes: `tier=store, country in (de,fr), !legacy` [bad-selector]",
    ],
  ],
  [
    "a selector in single quotes",
    {
      "virtual-sites/shops.yaml": `${header}kind: VirtualSite\nmetadata: { name: shops }\nspec:\n  selector: 'tier=''x'\n`,
    },
    [
      'virtual-sites/shops.yaml:5:19: error: bad selector at character 6: "\'x" is not a label value: letters, digits, `-`, `_` and `.`, with a letter or digit at both ends, at most 63 characters; selectors are written as in Kubernetes: `tier=store, country in (de,fr), !legacy` [bad-selector]',
    ],
  ],
  [
    "a selector in double quotes, behind an escape",
    {
      "virtual-sites/shops.yaml": `${header}kind: VirtualSite\nmetadata: { name: shops }\nspec:\n  selector: "t\\x69er=shop=x"\n`,
    },
    [
      "virtual-sites/shops.yaml:5:26: error: bad selector at character 10: expected `,` or the end, found `=`; selectors are written as in Kubernetes: `tier=store, country in (de,fr), !legacy` [bad-selector]",
    ],
  ],
  [
    "an empty selector",
    { "virtual-sites/shops.yaml": virtualSiteYaml("shops", {}) },
    [
      "virtual-sites/shops.yaml:4:19: error: the selector is empty; write `all: true` for every site [bad-selector]",
    ],
  ],
  [
    "selector and all",
    {
      "virtual-sites/shops.yaml": `${header}kind: VirtualSite\nmetadata: { name: shops }\nspec: { selector: tier, all: true }\n`,
    },
    [
      "virtual-sites/shops.yaml:4:25: error: `selector` and `all` exclude each other; remove one of the two [invalid-value]",
    ],
  ],
  [
    "neither selector nor all",
    {
      "virtual-sites/shops.yaml": `${header}kind: VirtualSite\nmetadata: { name: shops }\nspec: {}\n`,
    },
    [
      "virtual-sites/shops.yaml:4:1: error: a VirtualSite needs `selector` or `all`; add `selector: …`, or `all: true` for every site [missing-field]",
    ],
  ],
  [
    "stages that cannot be",
    {
      "strategies/standard.yaml": strategy(
        "  stages:\n    - { name: rest, count: 1 }\n    - { name: a }\n    - { name: a, count: 1, percent: 2 }\n",
      ),
    },
    [
      "strategies/standard.yaml:6:15: error: `rest` is the name of the stage that takes what is left; choose another name [invalid-name]",
      'strategies/standard.yaml:7:7: error: the stage "a" takes all that is left, so none can follow it; give it a selector, count, percent or each, or move it to the end [invalid-value]',
      'strategies/standard.yaml:8:15: error: the stage "a" is declared already, in line 7; give each stage its own name [duplicate-name]',
      "strategies/standard.yaml:8:28: error: a stage takes its sites by one of count and percent, not by both; remove one of them [invalid-value]",
    ],
  ],
  [
    "patches that cannot be",
    {
      "apps/web.yaml": app(`  overlays:
    - virtualSites: [all]
      patches:
        - target: { kind: Deployment }
        - { merge: { a: 1 }, json: [{ op: remove, path: /a }] }
        - json: [{ op: add, path: /a }]
        - merge: { spec: {} }
      images: [{ name: web }]
`),
    },
    [
      "apps/web.yaml:11:11: error: a patch needs `merge` or `json`; write a strategic merge patch under `merge`, or JSON 6902 operations under `json` [missing-field]",
      "apps/web.yaml:12:30: error: `merge` and `json` exclude each other; write two patches [invalid-value]",
      "apps/web.yaml:13:11: error: a `json` patch needs `target`; add `target` with the kind and name of the object [missing-field]",
      "apps/web.yaml:13:18: error: the operation add needs `value`; add `value` [missing-field]",
      "apps/web.yaml:14:11: error: a `merge` patch without `target` must name its object; add `target`, or apiVersion, kind and metadata.name to the patch [missing-field]",
      "apps/web.yaml:15:16: error: an image change needs newName, newTag or digest; add one of them [missing-field]",
    ],
  ],
  [
    "an expression",
    { "sites/e1.yaml": `${site}  description: see \${site.name}\n` },
    [
      "sites/e1.yaml:10:20: error: `${ }` is not read in this field; write the value out; expressions stand in values, and in what overlays set [expression]",
    ],
  ],
  [
    "labels that Kubernetes refuses",
    { "sites/e1.yaml": site.replace("ring: canary", 'a/b/c: x\n    ok: "x y"') },
    [
      'sites/e1.yaml:6:5: error: "a/b/c" has more than one `/`; a key is `name` or `prefix/name` [invalid-value]',
      'sites/e1.yaml:7:9: error: "x y" is not a label value: letters, digits, `-`, `_` and `.`, with a letter or digit at both ends, at most 63 characters [invalid-value]',
    ],
  ],
  [
    "a source that leaves the repository",
    { "apps/web.yaml": appYaml("web", { manifests: "../web" }) },
    [
      'apps/web.yaml:4:48: error: the path "../web" leaves the repository; write a path from the root of the repository, such as manifests/web [missing-source]',
    ],
  ],
  [
    "an absolute source",
    { "apps/web.yaml": appYaml("web", { manifests: "/etc" }) },
    [
      'apps/web.yaml:4:48: error: the path "/etc" is absolute; write a path from the root of the repository, such as manifests/web [missing-source]',
    ],
  ],
  [
    "a misspelt source",
    { "apps/web.yaml": appYaml("web", { manifests: "manifest/web" }) },
    [
      'apps/web.yaml:4:48: error: there is no file or folder "manifest/web"; did you mean "manifests/web"? [missing-source]',
    ],
  ],
  [
    "a source without manifests",
    { "apps/web.yaml": appYaml("web", { manifests: "sites" }) },
    [
      'apps/web.yaml:4:48: error: "sites" holds no manifest; manifests are .yaml, .yml and .json files without Flotilla\'s own kinds, not ignored by the Fleet [missing-source]',
    ],
  ],
  [
    "a manifest beside a kind, inside a source",
    {
      "apps/web.yaml": null,
      "manifests/web/app.yaml": `${appYaml("web")}---\n${configMapYaml("x")}`,
    },
    [
      "manifests/web/app.yaml:6:1: error: a manifest stands in one file with Flotilla's own kinds, inside an app's source; move it to a file of its own [invalid-object]",
    ],
  ],
  [
    "a stray file that does not parse",
    { "notes.yaml": "a: [b\n" },
    [
      "notes.yaml:2:1: error: flow sequence in block collection must be sufficiently indented and end with a ]; check the indentation, and that quotes and brackets before it are closed; if the file is not Flotilla's, name it in `ignore` of the Fleet [yaml-syntax]",
    ],
  ],
  [
    "a file that is too large",
    { "sites/e1.yaml": `${site}# ${"x".repeat(1024 * 1024)}\n` },
    [
      "sites/e1.yaml: error: the file is larger than 1 MiB, which is more than Flotilla reads for its own kinds; split it; if the file is not Flotilla's, name it in `ignore` of the Fleet [yaml-limit]",
    ],
  ],
];
