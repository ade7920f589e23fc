import { describe, expect, it } from "vitest";
import { formatDiagnostic } from "../../../../src/core/model/diagnostic.ts";
import { loadFleet } from "../../../../src/core/model/load-fleet.ts";
import type { FleetEdits } from "../../../support/fleet.ts";
import { bareTool, toolFleet } from "../../../support/render-tools.ts";

const chartYaml = (name: string, version = "1.0.0", rest = ""): string =>
  `apiVersion: v2\nname: ${name}\nversion: ${version}\n${rest}`;
const entry = (version: string, alias: string): string =>
  `  - { name: x, version: ${version}, alias: ${alias} }\n`;
const both = `dependencies:\n${entry("1.0.0", "old")}${entry("2.0.0", "fresh")}`;
/** What is told of a chart with these subcharts, by folder, and this at the end of its Chart.yaml. */
const told = (
  subcharts: Readonly<Record<string, string>>,
  rest = "",
  more: FleetEdits = {},
): string[] => {
  const edits: Record<string, string> = {};
  for (const [folder, text] of Object.entries(subcharts)) {
    edits[`charts/web/charts/${folder}/Chart.yaml`] = text;
  }
  const web = { "charts/web/Chart.yaml": chartYaml("web", "1.0.0", rest), ...edits, ...more };
  return loadFleet(toolFleet({ chart: "charts/web" }, web)).diagnostics.map(formatDiagnostic);
};
const mistake = (folder: string, first = "a"): string =>
  `charts/web/charts/${folder}/Chart.yaml:2:7: error: charts/${first} is a chart with the name "x" too, and \`dependencies\` does not tell them apart: Helm takes one at random; take one of them out, or give \`dependencies\` of the chart around them an entry for the very version of each`;

const one = (version: string, rest = ""): string =>
  `dependencies:\n  - { name: x, version: ${JSON.stringify(version)}${rest} }\n`;
/** Two in folders a and b. */
const two = (first = "1.0.0", second = "2.0.0"): Record<string, string> => ({
  a: chartYaml("x", first),
  b: chartYaml("x", second),
});
const three = { ...two(), c: chartYaml("x") };

describe("subcharts of one name", () => {
  it.each<[string, Record<string, string>, string, string[]]>([
    ["of two versions", two(), "", ["b"]],
    ["of three that none takes", three, "", ["b", "c"]],
    ["of three of which two are of one version", three, both, ["c"]],
    ["of one version", { a: chartYaml("x"), b: chartYaml('"x"') }, both, ["b"]],
    ["of one version but for its build", two("1.0.0", "1.0.0+b"), both, ["b"]],
    [
      "that fit one range of two",
      two("1.0.0", "1.1.0"),
      `dependencies:\n${entry("^1.0.0", "p")}${entry("^1.1.0", "q")}`,
      ["b"],
    ],
    ["that fit a range which cannot be read", two(), one("latest"), ["b"]],
    ["that fit a dependency without a version", two(), one(""), ["b"]],
    ["whose versions cannot be read", two("[1]", "true"), both, ["b"]],
    [
      "that only another's dependency takes",
      two(),
      one("1.0.0").replace("name: x", "name: y"),
      ["b"],
    ],
  ])("are refused at the name: %s", (...[, subcharts, rest, folders]) => {
    expect(told(subcharts, rest)).toEqual(folders.map((folder) => mistake(folder)));
  });

  it("are refused where two of three are left over", () => {
    const third = { ...two(), c: chartYaml("x", "3.0.0") };
    expect(told(third, one("1.0.0"))).toEqual([mistake("c", "b")]);
  });

  it("are refused in a subchart", () => {
    const inner = { "m/charts/a": chartYaml("x"), "m/charts/b": chartYaml("x", "2.0.0") };
    expect(told({ m: chartYaml("m"), ...inner })).toEqual([mistake("m/charts/b")]);
  });

  it.each([
    ["that dependencies take each", two(), both],
    ["of which a dependency takes one", two(), one("2.x")],
    ["of which a dependency takes one by another name", two(), one("1.0.0", ", alias: old")],
    ["of which two dependencies take the same", two(), `${one("1.x")}${entry("1.0.0", "old")}`],
    ["whose versions are numbers", two("1", "2"), one("1")],
    ["of which Helm reads one", { a: chartYaml("x"), _b: chartYaml("x") }, ""],
    ["in two charts", { a: chartYaml("x"), m: chartYaml("m"), "m/charts/x": chartYaml("x") }, ""],
    [
      "that are no subcharts",
      { a: chartYaml("x"), "a/files/charts/x": chartYaml("x"), "a/files/charts/y": chartYaml("x") },
      "",
    ],
    ["none", { a: chartYaml("x"), b: chartYaml("y") }, ""],
    ["of which one has no name", { a: chartYaml("x"), b: "- x\n", c: "name: [x" }, ""],
  ])("are taken: %s", (_, subcharts, rest) => {
    expect(told(subcharts, rest)).toEqual([]);
  });

  it("are taken where an old chart names them in requirements.yaml", () => {
    const twins = { a: chartYaml("x"), b: chartYaml("x", "2.0.0") };
    expect(told(twins, "", { "charts/web/requirements.yaml": both })).toEqual([]);
  });

  it.each([
    ["its path", "# old\n  charts/a/ \n", []],
    ["its path from the chart on", "/charts/a", []],
    ["the path of another one", "charts/aa/\ncharts/c\n", [mistake("b")]],
    ["a path that is taken back", "!charts/a/\n", [mistake("b")]],
    ["a pattern", "charts/[a]\n", [mistake("b")]],
  ])("are no twins where .helmignore leaves one out by its path: %s", (_, text, expected) => {
    expect(told(two(), "", { "charts/web/.helmignore": text })).toEqual(expected);
  });

  it("may lie in a subchart that .helmignore leaves out", () => {
    const inner = { "m/charts/a": chartYaml("x"), "m/charts/b": chartYaml("x", "2.0.0") };
    const ignore = { "charts/web/.helmignore": "charts/m\n" };
    expect(told({ m: chartYaml("m"), ...inner }, "", ignore)).toEqual([]);
  });

  it.each([
    ["a dependency takes one", one("2.x"), ""],
    ["a dependency takes one by another name", one("1.0.0", ", alias: old"), ""],
    [".helmignore leaves one out", "", "charts/a/\n"],
    [".helmignore leaves one out from the chart on", "", "x*\n /charts/a\r\n"],
  ])("are rendered alike by Helm each time where %s", async (_, rest, ignore) => {
    const template = (at: string): string =>
      `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: "{{ .Chart.Name }}-${at}" }\n`;
    const files = { "c/Chart.yaml": chartYaml("c", "1.0.0", rest), "c/.helmignore": ignore };
    for (const [folder, text] of Object.entries(two())) {
      const at = `c/charts/${folder}`;
      Object.assign(files, {
        [`${at}/Chart.yaml`]: text,
        [`${at}/templates/x.yaml`]: template(folder),
      });
    }
    const texts = Object.entries(files).map(([path, text]) => ({ path, text }));
    const rendered = new Set<string>();
    for (let run = 0; run < 8; run += 1) {
      const objects = await bareTool(texts, "helm", ["template", "r", "c"]);
      rendered.add([...objects.keys()].join());
    }
    expect(rendered.size).toBe(1);
  });
});
