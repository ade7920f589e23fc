import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDiagnostic } from "../../../../src/core/model/diagnostic.ts";
import { loadFleet } from "../../../../src/core/model/load-fleet.ts";
import { indexFiles } from "../../../../src/core/model/tools/file-index.ts";
import { scanKustomization } from "../../../../src/core/model/tools/scan-kustomization.ts";
import { neededByLoaded } from "../../../../src/core/render/render-files.ts";
import { aFleet, appYaml, type FleetEdits, fleetYaml, type Spec } from "../../../support/fleet.ts";
import { toolFleet } from "../../../support/render-tools.ts";
import { chart, filesOf, kustomization } from "../../../support/tool-sources.ts";

const told = (files: Parameters<typeof loadFleet>[0]): string[] =>
  loadFleet(files).diagnostics.map(formatDiagnostic);
const ofApp = (source: Spec, spec: Spec = {}, edits: FleetEdits = {}): string[] =>
  told(toolFleet(source, { ...chart, ...kustomization, ...edits }, spec));

describe("the source of an App", () => {
  it.each<[string, Spec, Spec, string[]]>([
    [
      "nothing",
      {},
      {},
      [
        "apps/web.yaml:4:26: error: a source needs `manifests`, `kustomize` or `chart`; add one of them",
      ],
    ],
    [
      "two things",
      { chart: "charts/web", kustomize: "kustomize/base" },
      {},
      ["apps/web.yaml:4:36: error: `kustomize` and `chart` exclude each other; write two Apps"],
    ],
    [
      "a folder that is not there",
      { chart: "charts/wbe" },
      {},
      ['apps/web.yaml:4:44: error: there is no folder "charts/wbe"; did you mean "charts/web"?'],
    ],
    [
      "a folder near to none",
      { chart: "elsewhere" },
      {},
      [
        'apps/web.yaml:4:44: error: there is no folder "elsewhere"; write the folder\'s path from the root of the repository',
      ],
    ],
    [
      "a folder that is no chart",
      { chart: "charts" },
      {},
      [
        'apps/web.yaml:4:44: error: "charts" holds no Chart.yaml; name the folder of a chart; `flotilla vendor` brings charts into the repository',
      ],
    ],
    [
      "a folder that is no kustomization",
      { kustomize: "kustomize/components" },
      {},
      [
        'apps/web.yaml:4:48: error: "kustomize/components" holds no kustomization.yaml; name the folder of a kustomization.yaml',
      ],
    ],
    [
      "a path out of the repository",
      { chart: "../charts" },
      {},
      [
        'apps/web.yaml:4:44: error: the path "../charts" leaves the repository; write a path from the root of the repository, such as manifests/web',
      ],
    ],
    [
      "a path that goes up again without leaving the repository",
      { chart: "charts/../charts" },
      {},
      [
        'apps/web.yaml:4:44: error: the path "charts/../charts" goes up again by ".."; write a path from the root of the repository, such as manifests/web',
      ],
    ],
    [
      "a file of values that is not there",
      { chart: "charts/web", helm: { valuesFiles: ["charts/web/vlues.yaml", "v.yaml"] } },
      {},
      [
        'apps/web.yaml:4:80: error: there is no file "charts/web/vlues.yaml"; did you mean "charts/web/values.yaml"?',
        'apps/web.yaml:4:104: error: there is no file "v.yaml"; write the file\'s path from the root of the repository',
      ],
    ],
    [
      "options of a chart without one",
      { kustomize: "kustomize/base", helm: {} },
      {},
      ["apps/web.yaml:4:65: error: `helm` is for charts only; remove it, or use `source.chart`"],
    ],
    [
      "expressions in what a tool makes",
      { kustomize: "kustomize/base", expressions: true },
      {},
      [
        "apps/web.yaml:4:65: error: `expressions` is for plain manifests only; remove it, or use `source.manifests`",
      ],
    ],
  ])("is told at its place where it names %s", (...[, source, spec, expected]) => {
    expect(ofApp(source, spec)).toEqual(expected);
  });

  it("is left alone by Helm where a file of values is broken, which is told where it stands", () => {
    const helm = { valuesFiles: ["values.yaml"] };
    const broken = { ...chart, "values.yaml": "a: [1\nb: 2\n" };
    const files = toolFleet({ chart: "charts/web", helm }, broken);

    expect(told(files)).toEqual([
      expect.stringMatching(/^values\.yaml:2:1: error: flow sequence /),
    ]);
    expect(neededByLoaded(loadFleet(files))).toEqual([]);
  });

  it.each(["", "# nothing yet\n", "null\n", "a: 1\n"])(
    "takes a file of values that Helm takes: %j",
    (text) => {
      const source = { chart: "charts/web", helm: { valuesFiles: ["values.yaml"] } };
      expect(ofApp(source, {}, { "values.yaml": text })).toEqual([]);
    },
  );

  // What lies in a chart is others'.
  it.each(["a: 1\na: 2\n", "a: 12345678901234567890\n", "a: !theirs 1\n"])(
    "takes a chart's own file of values that Helm takes: %j",
    (text) => {
      const path = "charts/web/more.yaml";
      expect(
        ofApp({ chart: "charts/web", helm: { valuesFiles: [path] } }, {}, { [path]: text }),
      ).toEqual([]);
    },
  );

  it("is a chart whose templates are no YAML yet, and that is no mistake, whoever uses it", () => {
    expect(told(aFleet(chart))).toEqual([]);
  });

  it("may be one whose Kubernetes is a number by mistake: told where it stands", () => {
    const sites = { "fleet.yaml": fleetYaml({ kubernetes: { version: 1.3 } }) };
    expect(told(aFleet(sites))).toEqual([
      expect.stringMatching(/^fleet\.yaml:4:32: error: .*spec\.kubernetes\.version/),
    ]);
  });
});

describe("the files of a kustomization", () => {
  it("are those that it names, and no others: nothing else makes a release", () => {
    const files = filesOf({ ...kustomization, "kustomize/base/unused.yaml": "a: 1\n" });
    const place = { file: "app.yaml", line: 1, column: 1 };
    const found = scanKustomization("kustomize/overlays/shop", indexFiles(files), place);
    expect(found.diagnostics).toEqual([]);
    const named = Object.keys(kustomization).toSorted();
    expect(found.files.map(({ path }) => path).toSorted()).toEqual(named);
  });

  it("never make the scan crash or reach for anything, whatever stands in them", () => {
    const fields = fc.constantFrom(
      "resources",
      "components",
      "patches",
      "generators",
      "transformers",
      "configMapGenerator",
      "openapi",
      "helmCharts",
      "x",
      "<<",
    );
    const text = fc.oneof(
      fc.constantFrom(
        "x.yaml",
        "..",
        "../..",
        ".",
        "",
        "https://a/b",
        "git@a:b",
        "/etc",
        "{a: b}",
        "a: b\nc: d",
      ),
      fc.string(),
    );
    const leaf: fc.Arbitrary<unknown> = fc.oneof(text, fc.constant(null), fc.integer());
    const value = fc.oneof(
      leaf,
      fc.array(leaf),
      fc.array(fc.dictionary(fc.constantFrom("path", "files", "Env", "kind"), leaf)),
    );
    fc.assert(
      fc.property(
        fc.dictionary(fields, value),
        fc.oneof(fc.string(), fc.constant("")),
        (fieldsOf, more) => {
          const files = [
            { path: "k/kustomization.yaml", text: `${JSON.stringify(fieldsOf)}${more}` },
            { path: "k/x.yaml", text: more },
          ];
          const found = scanKustomization("k", indexFiles(files), {
            file: "a",
            line: 1,
            column: 1,
          });
          for (const file of found.files) expect(files).toContain(file);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("what a fleet needs of tools", () => {
  it("is asked once for all sites that get the same, and again for each other", () => {
    const site = (name: string, values: object): string =>
      `apiVersion: flotilla.dev/v1alpha1\nkind: Site\nmetadata: { name: ${name}, labels: { ring: main, tier: depot } }\nspec: { region: east, values: ${JSON.stringify(values)} }\n`;
    const many = Object.fromEntries(
      Array.from({ length: 1000 }, (_, index) => [
        `sites/m${index}.yaml`,
        site(`m${index}`, { shard: index % 7 }),
      ]),
    );
    const files = toolFleet(
      { chart: "charts/web" },
      {
        ...chart,
        ...kustomization,
        ...many,
        "apps/till.yaml": appYaml("till", { spec: { source: { kustomize: "kustomize/base" } } }),
      },
    );
    const requests = neededByLoaded(loadFleet(files));
    expect(requests.map(({ tool }) => tool).toSorted()).toEqual([
      ...Array.from({ length: 8 }, () => "helm"),
      "kustomize",
    ]);
  });
});
