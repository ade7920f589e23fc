import { describe, expect, it } from "vitest";
import { isInRange } from "../../../../src/core/model/tools/version-range.ts";
import { bareTool } from "../../../support/render-tools.ts";

const ranges = [
  ..."1.2.3 =1.2.3 v1.2.3 1.2 1 1.x 1.2.x 1.X.3 =1.2 * x !=1.2.3 !=1.2 !=1.x 1.2.3+b".split(" "),
  ...">1.2.3 >1.2 >1 >=1.2 =>1.2.3 <1.2.3 <1.2 <=1.2.3 <=1.2 =<1 ~1.2.3 ~1.2 ~1 ~>1.2.3".split(" "),
  ..."^1.2.3 ^1.2 ^1 ^0.2.3 ^0.2 ^0.0.3 ^0.0 ^0 ^0.0.0 ~0.0.0 ~0.0 0.0.x ~* >=* >=1.2.3-0".split(
    " ",
  ),
  ..."^1.2.3-beta.2 ~1.2.3-beta 1.2.3-beta >1.2.3-beta.2 <1.3.0-0 !=1.2.3-beta >=1.2-0".split(" "),
  "> 1.2.3",
  "~ 1.2",
  ">=1.2, <2",
  ">=1.2 <2",
  ">= 1.2 , < 2.0.0",
  "1.2 - 1.3",
  "1.0.0 - 2.0.0",
  "1.x || 3",
  "^0.2||>=2 !=2.0.0",
  "<1 || 1.2 - 1.3 || 4",
  ">1.0.0-0 <1.3.0",
  "v1 - v2",
  ">=1.2.3-0 !=1.2",
  ">=0.0.0-0 !=1",
  "<2-rc, !=1.3.x",
];
/** What Helm reads as no range, and so as one of nothing; here it counts as one of everything. */
const unread = [
  "",
  " ",
  "1.2.x.x",
  "> =1.2",
  ">=1.2,",
  "1.2 ||",
  "=>=1",
  "latest",
  ">=1.2<2",
  "V1",
  ">=1 2 - 3",
  "^1.2.3-01",
];
/** These it reads, as nobody would think. */
const odd = [">*", "<=*", "!=x", "^*", "!=1.x-rc", "1||2 - 3", "1 - 2.0.0||3.1"];
const versions =
  "1.2.3 1.2.0 1.2.4 1.3.0 2.0.0 2 v1.2.3 0.0.0 0.0.3 0.2.3 0.2.9 0.3.0 3.1.0 1.2.3-beta 1.2.3-beta.2 1.2.3-beta.11 1.3.0-rc.1 1.2.3+b";

const chartYaml = (name: string, version: string): string =>
  `apiVersion: v2\nname: ${name}\nversion: ${JSON.stringify(version)}\n`;
/** Of ranges, those that Helm finds a version in: the subchart is there by the alias of each. */
async function takenByHelm(version: string, all: readonly string[]): Promise<string[]> {
  const entries = all.map((range, index) => ({ name: "x", version: range, alias: `a${index}` }));
  const template = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: {{ .Chart.Name }} }\n";
  const files = {
    "c/Chart.yaml": `${chartYaml("c", "1.0.0")}dependencies: ${JSON.stringify(entries)}\n`,
    "c/charts/x/Chart.yaml": chartYaml("x", version),
    "c/charts/x/templates/map.yaml": template,
  };
  const texts = Object.entries(files).map(([path, text]) => ({ path, text }));
  const objects = await bareTool(texts, "helm", ["template", "r", "c"]);
  const names = new Set([...objects.values()].map(({ metadata }) => metadata.name));
  return all.filter((_, index) => names.has(`a${index}`));
}

describe("a range of versions", () => {
  it.each(versions.split(" "))("takes %s where Helm takes it", async (version) => {
    const taken = await takenByHelm(version, [...ranges, ...unread]);
    expect(ranges.filter((range) => isInRange(version, range))).toEqual(taken);
  });

  it.each([...unread, ...odd, "1.2.3 é", `1.2.3${" ".repeat(256)}`])(
    "takes all where it cannot be read: %j",
    (range) => {
      expect(isInRange("7.7.7-q", range)).toBe(true);
    },
  );

  it("takes what is no version", () => {
    expect(isInRange("latest", "1.2.3")).toBe(true);
  });
});
