/** The published JSON Schemas, as editors use them. */
import { execFile } from "node:child_process";
import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { examples, fileName } from "../../scripts/generate-reference.ts";

const root = join(import.meta.dirname, "../..");
const folder = "docs/reference/schemas";

async function schemaOf(name: string): Promise<(value: unknown) => boolean> {
  const text = await readFile(join(root, folder, `${name}.schema.json`), "utf8");
  const ajv = new Ajv({ allowUnionTypes: true, strictTypes: false, strictRequired: false });
  return ajv.compile(JSON.parse(text) as object);
}

async function documentsOf(path: string): Promise<unknown[]> {
  const text = await readFile(join(root, path), "utf8");
  return parseAllDocuments(text).map((document) => document.toJS() as unknown);
}

describe("the schema for every file of a fleet repository", () => {
  it("takes all files of the template, manifests too, and each example of a kind", async () => {
    const isValid = await schemaOf("flotilla");
    const files = await Array.fromAsync(glob("fleet-repo-template/**/*.yaml", { cwd: root }));
    const all = [...files, ...Object.values(examples)];
    const refused: string[] = [];
    for (const path of all) {
      for (const value of await documentsOf(path)) if (!isValid(value)) refused.push(path);
    }
    expect(refused).toEqual([]);
    // Documents that are empty, and files of patches.
    expect([null, [], [{ op: "remove", path: "/a" }], 3, "x", {}].map(isValid)).not.toContain(
      false,
    );
    expect(files.length).toBeGreaterThan(20);
  });

  it.each(Object.entries(examples))("refuses what the one of %s refuses", async (kind, path) => {
    const ofAll = await schemaOf("flotilla");
    const ofKind = await schemaOf(fileName(kind as keyof typeof examples)); // of its keys
    const found = (await documentsOf(path)).filter(
      (value): value is { kind: string } => (value as { kind?: unknown }).kind === kind,
    );
    expect(found.length).toBeGreaterThan(0);
    for (const value of found) {
      expect([ofAll(value), ofKind(value)]).toEqual([true, true]);
      const wrong = { ...value, speck: {} };
      expect([ofAll(wrong), ofKind(wrong)]).toEqual([false, false]);
    }
  });

  it("is shown in the page on editors with a file that it takes", async () => {
    const page = await readFile(join(root, "docs/how-to/edit-with-schemas.md"), "utf8");
    const [, shown = ""] = /```yaml\n([^]*?)```/.exec(page) ?? [];
    const isValid = await schemaOf("flotilla");
    expect(shown).toContain("flotilla.schema.json");
    expect(parseAllDocuments(shown).map((document) => isValid(document.toJS()))).toEqual([true]);
  });

  it("comes with the package, and so do those of the kinds", async () => {
    const { stdout } = await promisify(execFile)("npm", ["pack", "--dry-run", "--json"], {
      cwd: root,
    });
    const [{ files } = { files: [] }] = JSON.parse(stdout) as { files: { path: string }[] }[];
    const names = ["flotilla", ...Object.keys(examples).map((kind) => fileName(kind as "App"))];
    const paths = new Set(files.map(({ path }) => path));
    expect(names.filter((name) => !paths.has(`${folder}/${name}.schema.json`))).toEqual([]);
  });
});
