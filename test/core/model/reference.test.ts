import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { examples, fileName, referenceFiles } from "../../../scripts/generate-reference.ts";
import { checkVariables } from "../../../src/core/checks/check-language.ts";
import { expressionVariables } from "../../../src/core/expressions/expression-language.ts";
import { diagnosticCodes } from "../../../src/core/model/diagnostic.ts";
import { type KindName, kinds } from "../../../src/core/model/kinds.ts";
import { shippedProfiles } from "../../../src/core/model/shipped-profiles.ts";
import { strategyFromSpec } from "../../../src/core/rollout/resolve-strategy.ts";

const root = join(import.meta.dirname, "../../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");

const shippedHeadings = [
  "## Shipped profiles",
  ...[...shippedProfiles.keys()].map((name) => `### ${name}`),
];

describe("the reference", () => {
  it.each([...referenceFiles().keys()])("%s is fresh (else: npm run generate)", (path) => {
    expect(read(path)).toBe(referenceFiles().get(path));
  });

  it("has no page and no schema of a kind that is not there", () => {
    const files = ["docs/reference/kinds", "docs/reference/schemas"].flatMap((folder) =>
      readdirSync(join(root, folder)).map((name) => `${folder}/${name}`),
    );
    expect(files.toSorted()).toEqual([...referenceFiles().keys()].toSorted());
  });

  it("describes every field of every kind", () => {
    const undescribed = [...referenceFiles()].flatMap(([path, text]) =>
      path.endsWith(".md") ? text.split("\n").filter((line) => line.endsWith("|  |")) : [],
    );
    expect(undescribed).toEqual([]);
  });

  it.each(Object.keys(examples) as KindName[])(
    "tells of %s all that it should, in order",
    (kind) => {
      const page = referenceFiles().get(`docs/reference/kinds/${fileName(kind)}.md`) ?? "";
      const text = page.replace(/```yaml\n[^]*?```/, "## Example");
      expect(text.match(/^#+ .*$/gm)).toEqual([
        `# ${kind}`,
        "## Example",
        "## Fields",
        ...(kind === "Profile" ? shippedHeadings : []),
        "## Working with it",
        "## Status",
      ]);
    },
  );

  it("explains each diagnostic code, with what to do", () => {
    const rows = read("docs/reference/diagnostics.md").matchAll(
      /^\| `([a-z-]+)` \| (.+?) \| (.+?) \|$/gm,
    );
    expect([...rows].map(([, code]) => code)).toEqual(Object.keys(diagnosticCodes));
  });

  it("lists every variable and field that a check may speak of, and no other", () => {
    const [, table = ""] = read("docs/reference/checks.md").split("| variable |");
    const rows = table.matchAll(/^\| `([a-zA-Z.]+)` \|/gm);
    const names = Object.entries(checkVariables).flatMap(([name, type]) =>
      "fields" in type ? Object.keys(type.fields).map((field) => `${name}.${field}`) : [name],
    );
    expect([...rows].map(([, name]) => name)).toEqual(names);
  });

  it("lists every variable and field that an expression may speak of, and no other", () => {
    const [, table = ""] = read("docs/reference/expressions.md").split("| variable |");
    const rows = table.matchAll(/^\| `([a-zA-Z.]+)` \|/gm);
    const names = Object.entries(expressionVariables).flatMap(([name, type]) =>
      typeof type === "string"
        ? [name]
        : Object.keys(type.fields).map((field) => `${name}.${field}`),
    );
    expect([...rows].map(([, name]) => name)).toEqual(names);
  });

  it("states the defaults of strategies that are carried out", () => {
    const { properties } = kinds.RolloutStrategy.properties.spec;
    const stated = Object.entries(properties).flatMap(([name, schema]) =>
      "default" in schema ? [[name, schema.default]] : [],
    );
    expect(Object.keys(Object.fromEntries(stated))).toContain("soak");
    expect(strategyFromSpec("x", Object.fromEntries(stated))).toEqual(strategyFromSpec("x", {}));
  });
});
