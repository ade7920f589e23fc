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
  it.each(["0755", "-010", "1_000", "0b11", "6_8.15"])(
    "is a mistake in a patch, told without the number: %s",
    (text) => {
      expect(inPatch(text)).toEqual([
        "apps/web.yaml:14:18: error: a number with leading zeros, underscores or a base: readers of YAML differ; put it in quotes, or write it in decimals",
      ]);
    },
  );

  it.each([
    ["yes", 'yes may mean "yes" or true'],
    ["Off", 'Off may mean "Off" or false'],
    ["n", 'n may mean "n" or false'],
  ])("is a mistake in a patch, with the word: %s", (text, message) => {
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
    "!!str on",
    "!!str 0755",
    "!!int 010",
  ])("is none where all agree: %s", (text) => {
    expect(inPatch(text)).toEqual([]);
  });

  const everywhere = `  values:
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
`;
  const brief = (lines: readonly string[]): string[] =>
    lines.map((line) => line.replace(/: [^:]*: readers of YAML differ/, ""));

  it("is a mistake in JSON patches and sidecars, and in values that a chart gets", () => {
    const toChart = app(everywhere).replace("manifests: manifests/web", "chart: charts/web");
    const inObjects = [
      'apps/web.yaml:16:56: error; write "yes", or true',
      'apps/web.yaml:18:50: error; write "on", or true',
    ];
    expect(brief(problems("apps/web.yaml", app(everywhere)))).toEqual(inObjects);
    expect(brief(problems("apps/web.yaml", toChart))).toEqual(
      expect.arrayContaining([
        'apps/web.yaml:10:14: error; write "no", or false',
        'apps/web.yaml:13:21: error; write "y", or true',
        ...inObjects,
      ]),
    );
  });

  it("is warned of as a key, and in values that no chart of the document gets", () => {
    const [values = ""] = everywhere.split("      patches:");
    expect(brief(problems("apps/web.yaml", app(values)))).toEqual([
      "apps/web.yaml:9:5: warning; write the key in quotes",
      'apps/web.yaml:10:14: warning; write "no", or false',
      'apps/web.yaml:13:21: warning; write "y", or true',
    ]);
    const profile = `${head}kind: Profile\nmetadata: { name: edge }\nspec: { values: { pin: 0755 } }\n`;
    expect(problems("profiles/edge.yaml", profile).join("\n")).toContain(
      "profiles/edge.yaml:4:24: warning: a number with leading zeros",
    );
  });

  it("is told twenty times of a document, not ten thousand times", () => {
    const many = Array.from({ length: 10_000 }, (_, index) => `    v${index}: on\n`).join("");
    expect(problems("apps/web.yaml", app(`  values:\n${many}`))).toHaveLength(20);
  });

  it("is a text where the schema wants one: labels may say no", () => {
    const site = `${head}kind: Site
metadata: { name: e1, labels: { ring: canary, tier: shop, country: no } }
spec: { region: east }
`;
    expect(problems("sites/e1.yaml", site)).toEqual([]);
    const values = site.replace("east }", "east, values: { country: no } }");
    expect(problems("sites/e1.yaml", values)).toEqual([
      expect.stringContaining('sites/e1.yaml:4:42: warning: no may mean "no" or false'),
    ]);
  });
});

describe("a number with a leading zero where the schema wants a number", () => {
  const message =
    "error: a number with leading zeros: readers of YAML differ; write it without them";
  const strategy = (count: string): string =>
    `${head}kind: RolloutStrategy\nmetadata: { name: standard }\nspec:\n  stages:\n    - { name: one, count: ${count} }\n`;
  const replicas = (count: string): string =>
    app(
      `  overlays:\n    - virtualSites: [all]\n      replicas: [{ name: web, count: ${count} }]\n`,
    );

  it("is a mistake at its place, and not another number", () => {
    expect(problems("strategies/standard.yaml", strategy("010"))).toEqual([
      `strategies/standard.yaml:6:27: ${message}`,
    ]);
    expect(problems("apps/web.yaml", replicas("0755"))).toEqual([
      `apps/web.yaml:10:38: ${message}`,
    ]);
  });

  it.each(["10", "0", "1e1", "08"])("is none where all agree: %s", (count) => {
    expect(problems("strategies/standard.yaml", strategy(count))).toEqual([]);
    expect(problems("apps/web.yaml", replicas(count))).toEqual([]);
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
