import { expect, it } from "vitest";
import { explainObject } from "../../../src/core/explain/explain-object.ts";
import { loadFleet } from "../../../src/core/model/load-fleet.ts";
import { noToolOutputs } from "../../../src/core/render/tools/tool-output.ts";
import { aFleet, siteYaml } from "../../support/fleet.ts";

const app = `apiVersion: flotilla.dev/v1alpha1
kind: App
metadata: { name: web }
spec:
  namespace: web
  source: { manifests: manifests/web }
  placement: { virtualSites: [all] }
  values: { count: 3 }
  overlays:
    - name: one
      virtualSites: [all]
      replicas: [{ name: web, count: 3 }]
      images: [{ name: example.com/web, newTag: "2" }]
      labels: { team: a }
      scheduling: [{ nodeSelector: { disk: ssd } }]
      resources: [{ container: web, requests: { cpu: 1m } }]
    - name: two
      virtualSites: [all]
      patches:
        - target: { kind: Deployment }
          merge: { spec: { replicas: "\${values.count}", template: { spec: { containers: [{ name: web, tty: false }] } } } }
        - target: { kind: Deployment }
          json:
            - { op: test, path: /metadata/labels/team, value: a }
            - { op: replace, path: /spec/replicas, value: 3 }
    - name: three
      virtualSites: [all]
      replicas: [{ name: web, count: 3 }]
      images: [{ name: example.com/web, newTag: "2" }]
      labels: { team: a, note: "3" }
      scheduling: [{ nodeSelector: { disk: ssd } }]
      resources: [{ container: web, requests: { cpu: 1m } }]
`;

/** Who says what a field is, the last one first. */
function settersOf(field: string): readonly string[] | undefined {
  const loaded = loadFleet(aFleet({ "apps/web.yaml": app, "sites/e1.yaml": site }));
  if (!loaded.ok) throw new Error("not a valid fleet");
  const fleet = { model: loaded.value, tools: noToolOutputs };
  const answer = explainObject(fleet, { app: "web", site: "e1", object: "Deployment/web", field });
  return answer.ok
    ? answer.fields[0]?.settings.map(({ by, place }) => `${by} ${place?.line ?? ""}`)
    : undefined;
}

const site = siteYaml("e1", { region: "east", labels: { ring: "canary", tier: "shop" } });

it.each([
  [
    ".spec.replicas",
    [
      'overlay "three": replicas 28',
      'overlay "two": patches 25',
      'overlay "two": patches 21',
      'overlay "one": replicas 12',
      "manifest 7",
    ],
  ],
  [
    '.spec.template.spec.containers[name="web"].image',
    ['overlay "three": images 29', 'overlay "one": images 13', "manifest 14"],
  ],
  [".metadata.labels.team", ['overlay "three": labels 30', 'overlay "one": labels 14']],
  [
    ".spec.template.spec.nodeSelector.disk",
    ['overlay "three": scheduling 31', 'overlay "one": scheduling 15'],
  ],
  [
    '.spec.template.spec.containers[name="web"].resources.requests.cpu',
    ['overlay "three": resources 32', 'overlay "one": resources 16'],
  ],
  // What only says which item is meant, or asks for a value, sets none.
  ['.spec.template.spec.containers[name="web"].name', ["manifest 13"]],
])("what a step says again is told, for it has the last word: %s", (field, setters) => {
  expect(settersOf(field)).toEqual(setters);
});
