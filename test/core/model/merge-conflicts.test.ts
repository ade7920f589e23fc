import { describe, expect, it } from "vitest";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import { parseYaml } from "../../../src/core/model/parse-yaml.ts";
import { renderFiles } from "../../../src/core/render/render-files.ts";
import { aFleet, configMapYaml } from "../../support/fleet.ts";
import { site } from "./mistake-cases.ts";

const hint =
  "keep what is right, and take out the lines that begin with <<<<<<<, ======= and >>>>>>>";
const words = `error: a conflict of a merge is not resolved; ${hint}`;

function conflict(ours: string, theirs: string): string {
  return `<<<<<<< HEAD\n${ours}=======\n${theirs}>>>>>>> other\n`;
}

const told = (text: string): string[] =>
  parseYaml({ path: "a.yaml", text }).diagnostics.map(formatDiagnostic);

describe("a conflict of a merge", () => {
  it.each([
    ["in a map", `a: 1\n${conflict("b: 1\nc: 1\n", "b: 2\nc: 1\n")}d: 1\n`, [2]],
    [
      "with lines of Windows",
      `a: 1\n${conflict("b: 1\n", "b: 2\n")}`.replaceAll("\n", "\r\n"),
      [2],
    ],
    ["in a list", `- a\n${conflict("- b\n", "- c\n")}`, [2]],
    ["in a text", `a: |\n  x\n${conflict("  y\n", "  z\n")}b: 1\n`, [3]],
    ["in JSON", `{\n${conflict('  "a": 1\n', '  "a": 2\n')}}\n`, [2]],
    ["in a list of JSON", `{ "a": [\n${conflict('"x",\n', '"y",\n')}"z"\n] }\n`, [2]],
    ["in a list of words", `a: [ one,\n${conflict("two,\n", "three,\n")}four ]\n`, [2]],
    ["in a map between brackets", `{\n${conflict('"a": 1,\n', '"a": 2,\n')}"b": 3\n}\n`, [2]],
    ["of which one line is left in a list of JSON", '{ "a": [\n"x",\n=======\n"y"\n] }\n', [3]],
    [
      "with a bracket that closes in both of its parts",
      `{\n"s": {\n"a": {\n${conflict('"b": 1\n}\n', '"b": 2\n}\n')}},\n"c": 1\n}\n`,
      [4],
    ],
    ["that takes something away", `{\n${conflict("", '"a": 2,\n')}"b": 3\n}\n`, [2]],
    ["with what stood there before", "a:\n<<<<<<< x\n  b: 1\n||||||| y\n=======\n>>>>>>> z\n", [2]],
    [
      "a second time",
      `${conflict("a: 1\n", "a: 2\n")}b: 1\n${conflict("c: 1\n", "c: 2\n")}`,
      [1, 7],
    ],
    ["of which one line is left", "a: 1\nb: 1\n>>>>>>> other\nc: 1\n", [3]],
  ])("%s is told at its line, and nothing that follows from it", (_, text, lines) => {
    expect(told(text)).toEqual(lines.map((line) => `a.yaml:${line}:1: ${words}`));
  });

  it("is told beside the mistakes that stand before it", () => {
    expect(told(`a: [1\nb: 1\n${conflict("c: 1\n", "c: 2\n")}`)).toEqual([
      expect.stringMatching(/^a\.yaml:2:1: error: flow sequence/),
      `a.yaml:3:1: ${words}`,
    ]);
  });

  it("is no conflict where such lines are the text of something", () => {
    const text = `a: |\n${conflict("b\n", "c\n").replaceAll(/^/gm, "  ")}\nb: [1\n`;
    expect(told(text)).toEqual([expect.stringMatching(/^a\.yaml:\d+:1: error: flow sequence/)]);
  });

  it("is no conflict within quotes", () => {
    expect(told(`{ "a": "\n${conflict("b\n", "c\n")}" }\n`)).toEqual([]);
  });

  it("is told in the list of a manifest, of which it would be an item", () => {
    const list = `[\n${conflict('"--a",\n', '"--b",\n')}"--c" ]`;
    const object = `{"apiVersion":"example.com/v1","kind":"Thing","metadata":{"name":"a","namespace":"web"},"spec":{"args":${list}}}`;
    const { diagnostics } = renderFiles(aFleet({ "manifests/web/thing.json": object }));
    expect(diagnostics.map(formatDiagnostic)).toEqual([`manifests/web/thing.json:2:1: ${words}`]);
  });

  it("is told in Flotilla's kinds and in manifests", () => {
    const edits = {
      "sites/e1.yaml": site.replace("  region: east\n", (line) =>
        conflict(line, "  region: west\n"),
      ),
      "manifests/web/settings.yaml": conflict(configMapYaml("a", {}), configMapYaml("b", {})),
    };
    expect(renderFiles(aFleet(edits)).diagnostics.map(formatDiagnostic)).toEqual([
      `manifests/web/settings.yaml:1:1: ${words}`,
      expect.stringContaining(`sites/e1.yaml:9:1: ${words}`),
    ]);
  });
});
