import { access, glob, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { describe, expect, it } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { commands } from "../../src/cli/commands.ts";
import { errorCodes } from "../../src/core/errors.ts";

const root = join(import.meta.dirname, "../..");
const read = (path: string): Promise<string> => readFile(join(root, path), "utf8");

/** The rows of all tables of a page whose first cell is code, as cells. */
async function codeRows(path: string): Promise<string[][]> {
  const lines = (await read(path)).split("\n").filter((line) => line.startsWith("| `"));
  return lines.map((line) => line.split(" | ").map((cell) => cell.replaceAll(/^\| | \|$/g, "")));
}

const unquote = (cell: string | undefined): string => (cell ?? "").replaceAll("`", "");

async function markdownFiles(): Promise<string[]> {
  const found = await Array.fromAsync(glob(["*.md", "docs/**/*.md"], { cwd: root }));
  return found.toSorted();
}

describe("the documentation", () => {
  it("gives a reason for each dependency, and for no other", async () => {
    const rows = await codeRows("docs/explanation/dependencies.md");
    const wanted = [
      ...Object.keys(manifest.dependencies),
      ...Object.keys(manifest.devDependencies),
    ];
    expect(rows.map(([name]) => unquote(name)).toSorted()).toEqual(wanted.toSorted());
    for (const [, reason = ""] of rows) expect(reason.length).toBeGreaterThan(10);
  });

  it("explains each error code, with what to do", async () => {
    const rows = await codeRows("docs/reference/errors.md");
    const meanings = Object.fromEntries(rows.map(([code, meaning]) => [unquote(code), meaning]));
    expect(meanings).toEqual(errorCodes);
    for (const [, , advice = ""] of rows) expect(advice.length).toBeGreaterThan(5);
  });

  it("shows each command as it explains itself", async () => {
    const sections = await Promise.all(
      [...commands].map(async ([name, entry]) => {
        const { command } = await entry.load();
        expect(command.summary).toBe(entry.summary);
        return `## flotilla ${name}\n\n${command.summary}\n\n\`\`\`\n${command.usage.trim()}\n\`\`\`\n`;
      }),
    );
    const page = [
      "# Command line\n",
      "Made from the commands' own help; `npx vitest run test/docs -u` rewrites it.\n",
      "Exit codes everywhere: 0 yes or done, 1 no, 2 could not find out (usage, I/O, a bug). Data goes to stdout,",
      "everything else to stderr. From a checkout: `npx flotilla ...`.\n",
      ...sections,
    ].join("\n");
    await expect(page).toMatchFileSnapshot(join(root, "docs/reference/cli.md"));
  });

  it("names each input and output of the Action", async () => {
    const action = parse(await read("action.yml")) as { inputs: object; outputs: object };
    const rows = await codeRows("docs/reference/action.md");
    const wanted = [...Object.keys(action.inputs), ...Object.keys(action.outputs)];
    expect(rows.map(([name]) => unquote(name))).toEqual(wanted);
  });

  it("shows a workflow that can only read, with other actions pinned by commit", async () => {
    const page = await read("docs/how-to/preview-in-pull-requests.md");
    const [, text = ""] = /```yaml\n(name: [^]*?)```/.exec(page) ?? [];
    const workflow = parse(text) as {
      permissions: object;
      jobs: { preview: { steps: readonly { uses: string }[] } };
    };
    const [checkout, own] = workflow.jobs.preview.steps;
    expect(workflow.permissions).toEqual({ contents: "read" });
    expect(checkout?.uses).toMatch(/^actions\/checkout@[0-9a-f]{40}$/);
    expect(own?.uses).toBe("flotilla-dev/flotilla@<commit>");
  });

  it("has no link that leads nowhere", async () => {
    const broken: string[] = [];
    for (const file of await markdownFiles()) {
      const text = await read(file);
      for (const [, target = ""] of text.matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)/g)) {
        const isThere = await access(join(root, dirname(file), target)).then(
          () => true,
          () => false,
        );
        if (!isThere) broken.push(`${file}: ${target}`);
      }
    }
    expect(broken).toEqual([]);
  });

  it("can be reached from its map, page by page", async () => {
    const map = await read("docs/README.md");
    const pages = (await markdownFiles()).filter(
      (file) => file.startsWith("docs/") && file !== "docs/README.md",
    );
    expect(pages.filter((page) => !map.includes(`(${page.replace("docs/", "")})`))).toEqual([]);
  });

  it("has its glossary in order, each word once", async () => {
    const lines = (await read("docs/reference/glossary.md")).split("\n");
    const words = lines
      .filter((line) => line.startsWith("| "))
      .map((line) => line.split(" | ")[0]?.slice(2) ?? "")
      .filter((word) => word !== "word" && !word.startsWith("---"));
    expect(words).toEqual([...new Set(words)].toSorted());
  });
});
