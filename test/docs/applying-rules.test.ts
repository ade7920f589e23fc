/** Keeps docs/explanation/applying-rules.md true: each rule has tests, and each test of a rule its place there. */
import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
const read = (path: string): Promise<string> => readFile(join(root, path), "utf8");
const page = "docs/explanation/applying-rules.md";

interface Rule {
  readonly id: string;
  readonly tests: readonly { readonly title: string; readonly path: string }[];
}

async function rules(): Promise<Rule[]> {
  const rows = (await read(page)).split("\n").filter((line) => line.startsWith("| AC-"));
  return rows.map((row) => {
    const links = row
      .slice(row.lastIndexOf(" | "))
      .matchAll(/\[(.*?)\]\(\.\.\/\.\.\/(test\/[^)]*)\)/g);
    const tests = [...links].map(([, title = "", path = ""]) => ({ title, path }));
    return { id: row.slice(2, "AC-00".length + 2), tests };
  });
}

describe("the rules of applying", () => {
  it("are numbered without a gap, and each has a test that is there", async () => {
    const all = await rules();
    const numbers = Array.from({ length: 30 }, (_, i) => `AC-${String(i + 1).padStart(2, "0")}`);
    expect(all.map(({ id }) => id)).toEqual(numbers);
    expect(all.filter(({ tests }) => tests.length === 0)).toEqual([]);
    const missing: string[] = [];
    for (const { title, path } of all.flatMap(({ tests }) => tests)) {
      const text = await read(path);
      if (!text.includes(`"${title}"`)) missing.push(`${path}: ${title}`);
    }
    expect(missing).toEqual([]);
  });

  it("list each test that is named after them, at its rule", async () => {
    const listed = new Map((await rules()).map(({ id, tests }) => [id, tests]));
    const unlisted: string[] = [];
    for await (const path of glob("test/**/*.ts", { cwd: root })) {
      for (const [, title = ""] of (await read(path)).matchAll(/"(AC-\d\d: [^"]*)"/g)) {
        const tests = listed.get(title.slice(0, "AC-00".length)) ?? [];
        if (!tests.some((test) => test.title === title && test.path === path)) unlisted.push(title);
      }
    }
    expect(unlisted).toEqual([]);
  });
});
