import { describe, expect, it } from "vitest";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import { loadFleet } from "../../../src/core/model/load-fleet.ts";
import { aFleet } from "../../support/fleet.ts";

const head = "apiVersion: flotilla.dev/v1alpha1\n";
const app = (text: string): string => `${head}kind: App
metadata: { name: web }
spec:
  namespace: web
  source: { manifests: manifests/web }
  placement: { virtualSites: [all] }
${text}`;

const problems = (path: string, text: string): string[] =>
  loadFleet(aFleet({ [path]: text })).diagnostics.map(formatDiagnostic);

const inPatch = (text: string): string[] =>
  problems(
    "apps/web.yaml",
    app(`  overlays:
    - virtualSites: [all]
      patches:
        - target: { kind: Deployment }
          merge:
            spec:
              x: ${text}
`),
  );

describe("a scalar that YAML 1.1 reads in another way", () => {
  it.each([
    ["0755", '0755 may mean "0755" or 493'],
    ["-010", '-010 may mean "-010" or -8'],
    ["yes", 'yes may mean "yes" or true'],
    ["Off", 'Off may mean "Off" or false'],
    ["n", 'n may mean "n" or false'],
    ["1_000", '1_000 may mean "1_000" or 1000'],
    ["0b11", '0b11 may mean "0b11" or 3'],
    ["6_8.15", '6_8.15 may mean "6_8.15" or 68.15'],
  ])("is a mistake in a patch: %s", (text, message) => {
    expect(inPatch(text)).toEqual([
      expect.stringContaining(`apps/web.yaml:14:18: error: ${message}: readers of YAML differ; `),
    ]);
  });

  it.each([
    '"0755"',
    "'no'",
    "0",
    "00",
    "08",
    "0o755",
    "0x1F",
    "yEs",
    "true",
    "12:30",
    "1e3",
    "_1",
  ])("is none where all agree: %s", (text) => {
    expect(inPatch(text)).toEqual([]);
  });

  it("is a mistake as a key too, in values, JSON patches and sidecars", () => {
    const text = app(`  values:
    on: 1
    enabled: no
  overlays:
    - virtualSites: [all]
      values: { a: [y] }
      patches:
        - target: { kind: Deployment }
          json: [{ op: add, path: /spec/paused, value: yes }]
      sidecars:
        - containers: [{ name: a, image: b, tty: on }]
`);
    expect(problems("apps/web.yaml", text).map((each) => each.replace(/ error:.*: /, " "))).toEqual(
      [
        "apps/web.yaml:9:5: readers of YAML differ; write the key in quotes",
        'apps/web.yaml:10:14: readers of YAML differ; write "no", or false',
        'apps/web.yaml:13:21: readers of YAML differ; write "y", or true',
        'apps/web.yaml:16:56: readers of YAML differ; write "yes", or true',
        'apps/web.yaml:18:50: readers of YAML differ; write "on", or true',
      ],
    );
  });

  it("is a text where the schema wants one: labels may say no", () => {
    const site = `${head}kind: Site
metadata: { name: e1, labels: { ring: canary, tier: shop, country: no } }
spec: { region: east }
`;
    expect(problems("sites/e1.yaml", site)).toEqual([]);
    const values = site.replace("east }", "east, values: { country: no } }");
    expect(problems("sites/e1.yaml", values)).toEqual([
      expect.stringContaining('sites/e1.yaml:4:42: error: no may mean "no" or false'),
    ]);
  });
});

describe("a mistake in a document", () => {
  it("shows a number as it is written where a text is wanted", () => {
    const image = "  overlays:\n    - virtualSites: [all]\n      images:\n        - name: a\n";
    expect(problems("apps/web.yaml", app(`${image}          newTag: 01.10\n`))).toEqual([
      'apps/web.yaml:12:19: error: expected text for spec.overlays[0].images[0].newTag, found the number 01.10; write it in quotes: "01.10"',
    ]);
  });

  it("is a range of versions that none can have", () => {
    expect(problems("apps/web.yaml", app('  kubernetes: { min: "1.30", max: "1.9" }\n'))).toEqual([
      "apps/web.yaml:8:35: error: no Kubernetes is 1.30 or newer and 1.9 or older; exchange the two",
    ]);
  });
});
