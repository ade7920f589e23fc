import { describe, expect, it } from "vitest";
import { renderFleetFiles } from "../../../src/adapters/render-tools/render-fleet-files.ts";
import { explainObject } from "../../../src/core/explain/explain-object.ts";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import { realTools, toolFleet } from "../../support/render-tools.ts";
import { kustomization } from "../../support/tool-sources.ts";

const more = {
  "kustomize/more/kustomization.yaml": `resources: [../overlays/shop, pair.yaml]
nameSuffix: -a
commonAnnotations: { team: tills, note: anew }
configMapGenerator:
  - { name: settings, behavior: merge, literals: [colour=red] }
patches:
  - target: { kind: Deployment, name: web }
    patch: '[{ "op": "add", "path": "/spec/paused", "value": true }]'
  - target: { kind: Deployment, name: web }
    patch: '[{ "op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "example.com/web:9" }]'
images: [{ name: example.com/web, newTag: "9" }]
replacements:
  - source: { kind: ConfigMap, name: settings, fieldPath: data.colour }
    targets: [{ select: { kind: Service, name: web }, fieldPaths: [metadata.annotations.team] }]
transformers:
  - |-
    apiVersion: builtin
    kind: LabelTransformer
    metadata: { name: lab }
    labels: { zone: top }
    fieldSpecs: [{ path: metadata/labels, create: true }]
`,
  "kustomize/more/pair.yaml": `apiVersion: v1
kind: ConfigMap
metadata: { name: one }
data: { which: first }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: two }
data: { which: second }
`,
  "kustomize/plain/kustomization.yaml": `resources: [base]
generatorOptions: { disableNameSuffixHash: true }
secretGenerator:
  - { name: licence, behavior: merge, literals: [long=${"x".repeat(100)}, short=new] }
`,
  "kustomize/plain/base/kustomization.yaml": `generatorOptions: { disableNameSuffixHash: true }
secretGenerator:
  - { name: licence, literals: [long=old, short=old, other=${"y".repeat(100)}] }
`,
};

async function told(path: string, object: string, field: string): Promise<string[]> {
  const plainSecrets = [{ name: "licence" }];
  const edits = { ...kustomization, ...more };
  const files = toolFleet({ kustomize: path }, edits, { plainSecrets });
  const fleet = await renderFleetFiles(await realTools(), files);
  if (!fleet.ok) throw new Error(fleet.diagnostics.map(formatDiagnostic).join("\n"));
  const answer = explainObject(fleet, { app: "web", site: "e1", object, field });
  if (!answer.ok) return [`no ${answer.missing}: ${answer.known.join()}`];
  return answer.fields.flatMap(({ settings }) =>
    settings.map(({ by, place, value }) => {
      const at = place === null ? "nowhere" : `${place.file}:${place.line}:${place.column}`;
      return `${JSON.stringify(value)} by ${by} at ${at.replace("kustomize/", "")}`;
    }),
  );
}

describe("where a field of what kustomize made comes from", { timeout: 60_000 }, () => {
  const web = "Deployment/web/shop-web";
  it.each<[string, string, string, string[]]>([
    [
      "the file of its object, where no step changed it",
      "ClusterRole/shop-reader",
      ".rules",
      [
        '"" by manifest at overlays/shop/role.yaml:4:23',
        '"pods" by manifest at overlays/shop/role.yaml:4:40',
        '"get" by manifest at overlays/shop/role.yaml:4:55',
      ],
    ],
    [
      "replicas, over the file",
      web,
      ".spec.replicas",
      [
        "3 by kustomize: replicas at overlays/shop/kustomization.yaml:8:11",
        "1 by manifest at base/deployment.yaml:6:13",
      ],
    ],
    [
      "a prefix",
      web,
      ".metadata.name",
      [
        '"shop-web" by kustomize: namePrefix at overlays/shop/kustomization.yaml:5:13',
        '"web" by manifest at base/deployment.yaml:4:9',
      ],
    ],
    [
      "labels",
      web,
      ".spec.selector.matchLabels.tier",
      ['"shop" by kustomize: labels at overlays/shop/kustomization.yaml:6:9'],
    ],
    [
      "images",
      web,
      '.spec.template.spec.containers[name="web"].image',
      [
        '"example.com/web:2" by kustomize: images at overlays/shop/kustomization.yaml:7:9',
        '"example.com/web:1" by manifest at base/deployment.yaml:13:18',
      ],
    ],
    [
      "a patch of a file",
      web,
      '.spec.template.spec.containers[name="web"].resources',
      ['"64Mi" by kustomize: patches at overlays/shop/kustomization.yaml:10:3'],
    ],
    [
      "a patch of a component",
      web,
      ".spec.template.metadata.annotations.scrape",
      ['"true" by kustomize: patches at components/metrics/kustomization.yaml:4:3'],
    ],
    [
      "a transformer in a file of its own",
      web,
      ".metadata.annotations.note",
      ['"made" by kustomize: AnnotationsTransformer at overlays/shop/annotate.yaml:0:0'],
    ],
    [
      "the App, where nothing names a namespace",
      web,
      ".metadata.namespace",
      ['"web" by namespace of the App at apps/web.yaml:4:20'],
    ],
  ])("%s", async (...[, object, field, expected]) => {
    expect(await told("kustomize/overlays/shop", object, field)).toEqual(expected);
  });

  const last = "Deployment/web/shop-web-a";
  const settings = "ConfigMap/web/shop-settings-a-m7ct2kg846";
  const image = '.spec.template.spec.containers[name="web"].image';
  const envFrom = '.spec.template.spec.containers[name="web"].envFrom';
  it.each<[string, string, string, string[]]>([
    [
      "an operation of a patch",
      last,
      ".spec.paused",
      ["true by kustomize: patches at more/kustomization.yaml:7:3"],
    ],
    [
      "one of two that can have given it",
      last,
      image,
      [
        '"example.com/web:9" by kustomize: patches or images at more/kustomization.yaml:0:0',
        '"example.com/web:1" by manifest at base/deployment.yaml:13:18',
      ],
    ],
    [
      "a later annotation over an earlier one",
      last,
      ".metadata.annotations.note",
      ['"anew" by kustomize: commonAnnotations at more/kustomization.yaml:3:20'],
    ],
    [
      "a replacement",
      "Service/web/shop-web-a",
      ".metadata.annotations.team",
      ['"red" by kustomize: replacements at more/kustomization.yaml:13:3'],
    ],
    [
      "a transformer in the kustomization itself",
      last,
      ".metadata.labels.zone",
      ['"top" by kustomize: transformers at more/kustomization.yaml:16:3'],
    ],
    [
      "the name of another object",
      last,
      envFrom,
      [
        `[{"configMapRef":{"name":"shop-settings-a-m7ct2kg846"}}] by kustomize: the name of ${settings.replace("/", " ")} at nowhere`,
        '[{"configMapRef":{"name":"settings"}}] by manifest at base/deployment.yaml:14:20',
      ],
    ],
    [
      "one of several objects of a file",
      "ConfigMap/web/two-a",
      ".data.which",
      ['"second" by manifest at more/pair.yaml:9:16'],
    ],
    [
      "a suffix",
      "ConfigMap/web/two-a",
      ".metadata.name",
      [
        '"two-a" by kustomize: nameSuffix at more/kustomization.yaml:2:13',
        '"two" by manifest at more/pair.yaml:8:19',
      ],
    ],
    [
      "a generator",
      settings,
      ".data.greeting",
      ['"hello\\n" by kustomize: configMapGenerator at base/kustomization.yaml:5:3'],
    ],
    [
      "a generator that adds to another",
      settings,
      ".data.colour",
      ['"red" by kustomize: configMapGenerator at more/kustomization.yaml:5:3'],
    ],
  ])("%s, over several kustomizations", async (...[, object, field, expected]) => {
    expect(await told("kustomize/more", object, field)).toEqual(expected);
  });

  it.each([
    ["long", "kustomization.yaml:4:3"],
    ["short", "kustomization.yaml:4:3"],
    ["other", "base/kustomization.yaml:3:3"],
  ])("the generator that adds to a Secret, however long the value is: %s", async (key, place) => {
    expect(await told("kustomize/plain", "Secret/web/licence", `.data.${key}`)).toEqual([
      `"(hidden)" by kustomize: secretGenerator at plain/${place}`,
    ]);
  });
});
