import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { diffLines } from "../../../src/core/plan/line-diff.ts";
import { unifiedDiff } from "../../../src/core/plan/unified-diff.ts";
import { emptyFolder } from "../../support/folder.ts";

const lines = fc.array(fc.constantFrom("a", "b", "c", "", "-", "+"), { maxLength: 40 });

describe("diffLines", () => {
  it("keeps both sides whole", () => {
    fc.assert(
      fc.property(lines, lines, (before, after) => {
        const diff = diffLines(before, after);
        const side = (other: string): string[] =>
          diff.filter(({ sign }) => sign !== other).map(({ text }) => text);
        expect(side("+")).toEqual(before);
        expect(side("-")).toEqual(after);
      }),
    );
  });

  it("finds the shortest script, and gives up in time on texts that have nothing in common", () => {
    const changed = diffLines(["a", "b", "c", "a", "b", "b", "a"], ["c", "b", "a", "b", "a", "c"]);
    expect(changed.filter(({ sign }) => sign !== " ")).toHaveLength(5);

    const many = (prefix: string): string[] =>
      Array.from({ length: 20_000 }, (_, index) => `${prefix}${index}`);
    expect(diffLines(many("a"), many("b"))).toHaveLength(40_000);
  });
});

describe("unifiedDiff", () => {
  it("is empty for equal texts", () => {
    expect(unifiedDiff("a\nb\n", "a\nb\n")).toBe("");
  });

  it("can be applied by git", () => {
    const before = Array.from({ length: 30 }, (_, index) => `line ${index}\n`).join("");
    const after = before
      .replace("line 2\n", "line two\n")
      .replace("line 20\nline 21\n", "")
      .concat("end\n");
    const dir = emptyFolder();
    writeFileSync(join(dir, "f"), before);
    writeFileSync(join(dir, "p"), `--- a/f\n+++ b/f\n${unifiedDiff(before, after)}`);

    execFileSync("git", ["apply", "p"], { cwd: dir });

    expect(execFileSync("cat", ["f"], { cwd: dir, encoding: "utf8" })).toBe(after);
    expect(unifiedDiff("", "a\n")).toBe("@@ -0,0 +1,1 @@\n+a\n");
  });
});
