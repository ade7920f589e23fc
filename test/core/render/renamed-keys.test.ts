import { describe, expect, it } from "vitest";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import { renderFiles } from "../../../src/core/render/render-files.ts";
import { aFleet } from "../../support/fleet.ts";

const problems = (fields: string): string[] => {
  const text = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n${fields}\n`;
  const { diagnostics } = renderFiles(aFleet({ "manifests/web/more.yaml": text }));
  return diagnostics.map((each) => `${formatDiagnostic(each)} [${each.code}]`);
};

describe("a key of a manifest that YAML 1.1 reads as another text", () => {
  it("is a warning at the key", () => {
    const at = "manifests/web/more.yaml:";
    expect(problems("data: {on: b, n: a, 012: e, 1.10: f}")).toEqual([
      `${at}4:8: warning: the key on is read as "true"; quote it [invalid-object]`,
      `${at}4:15: warning: the key n is read as "false"; quote it [invalid-object]`,
      `${at}4:21: warning: the key 012 is read as "10"; quote it [invalid-object]`,
      `${at}4:29: warning: the key 1.10 is read as "1.1"; quote it [invalid-object]`,
    ]);
  });

  it("is told once where an alias repeats it", () => {
    expect(problems('binaryData: &a {on: "AA=="}\nimmutable: false')).toHaveLength(1);
    const twice = "metadata: {name: m, annotations: &a {on: b}, labels: *a}";
    const text = `apiVersion: v1\nkind: ConfigMap\n${twice}\n`;
    const { diagnostics } = renderFiles(aFleet({ "manifests/web/more.yaml": text }));
    expect(diagnostics.map(({ line, column }) => [line, column])).toEqual([[3, 38]]);
  });

  it("is none where it is quoted, or the same text", () => {
    expect(problems(`data: {"on": b, '012': c, true: d, 80: e, 1.5: f, off-line: g}`)).toEqual([]);
  });
});
