import { describe, expect, it } from "vitest";
import { formatDiagnostic } from "../../../../src/core/model/diagnostic.ts";
import { loadFleet } from "../../../../src/core/model/load-fleet.ts";
import type { FleetEdits } from "../../../support/fleet.ts";
import { toolFleet } from "../../../support/render-tools.ts";

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
  `charts/web/charts/${folder}/Chart.yaml:2:7: error: charts/${first} is a chart with the name "x" too, and no dependency takes each of them: Helm takes one at random; take one of them out, or give \`dependencies\` of the chart around them an entry for the version of each`;

describe("subcharts of one name", () => {
  it.each([
    ["of two versions", { a: chartYaml("x"), b: chartYaml("x", "2.0.0") }, "", ["b"]],
    [
      "of three",
      { a: chartYaml("x"), b: chartYaml("x", "2.0.0"), c: chartYaml("x") },
      both,
      ["b", "c"],
    ],
    ["of one version", { a: chartYaml("x"), b: chartYaml('"x"') }, both, ["b"]],
    [
      "that one dependency takes",
      { a: chartYaml("x"), b: chartYaml("x", "2.0.0") },
      `dependencies:\n${entry("1.0.0", "old")}`,
      ["b"],
    ],
  ])("are refused at the name: %s", (...[, subcharts, rest, folders]) => {
    expect(told(subcharts, rest)).toEqual(folders.map((folder) => mistake(folder)));
  });

  it("are refused in a subchart", () => {
    const inner = { "m/charts/a": chartYaml("x"), "m/charts/b": chartYaml("x", "2.0.0") };
    expect(told({ m: chartYaml("m"), ...inner })).toEqual([mistake("m/charts/b")]);
  });

  it.each([
    ["that dependencies take each", { a: chartYaml("x"), b: chartYaml("x", "2.0.0") }, both],
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
});
