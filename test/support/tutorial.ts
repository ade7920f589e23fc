/**
 * A tutorial as its reader follows it: blocks of YAML that begin with `# a/path` are files, blocks of `sh` are run, in the
 * order of the page, in one shell and an empty folder; blocks of `text` are what the commands before them print, where `…`
 * stands for anything.
 */
import { spawn } from "node:child_process";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { temporaryFolder } from "./git-repository.ts";
import { toolFolder } from "./kubectl.ts";

const root = join(import.meta.dirname, "../..");

export interface Block {
  readonly language: string;
  readonly text: string;
}

/** The blocks of a page that begin behind this indent, in order. */
export async function blocksOf(page: string, indent = ""): Promise<readonly Block[]> {
  const text = (await readFile(join(root, page), "utf8")).replaceAll(`\n${indent}`, "\n");
  const found = text.matchAll(/^```(\w*)\n([^]*?)^```$/gm);
  return [...found].map(([, language = "", body = ""]) => ({ language, text: body }));
}

/** The path of a block that is a file; undefined where it is none. */
export function filePath({ language, text }: Block): string | undefined {
  return language === "yaml" ? /^# ([\w./-]+)\n/.exec(text)?.[1] : undefined;
}

export interface Followed {
  readonly code: number | null;
  /** What each block printed, to both outputs, by its place in the page. */
  readonly printed: readonly string[];
}

/** Follows the blocks to the end, or to the first command that fails. */
export async function follow(blocks: readonly Block[]): Promise<Followed> {
  const folder = await temporaryFolder();
  const script = ["set -e", "exec 2>&1", ...blocks.flatMap(stepsOf)].join("\n");
  const { code, output } = await runBash(script, folder, await programs());
  const parts = output.split(/^@@ block \d+\n/m).slice(1);
  return { code, printed: blocks.map((_block, index) => parts[index] ?? "") };
}

function stepsOf(block: Block, index: number): string[] {
  const path = filePath(block);
  const mark = `echo '@@ block ${index}'`;
  if (block.language === "sh") return [mark, block.text];
  if (path === undefined) return [mark];
  return [
    mark,
    `mkdir -p "$(dirname ${path})"`,
    `cat > ${path} <<'END OF FILE'\n${block.text}END OF FILE`,
  ];
}

/** A folder with `flotilla` as this checkout has it. */
async function programs(): Promise<string> {
  const folder = join(await temporaryFolder(), "bin");
  await mkdir(folder);
  const program = join(folder, "flotilla");
  await writeFile(
    program,
    `#!/bin/sh\nexec '${process.execPath}' '${root}/bin/flotilla.js' "$@"\n`,
  );
  await chmod(program, 0o755);
  return folder;
}

async function runBash(
  script: string,
  cwd: string,
  bin: string,
): Promise<{ code: number | null; output: string }> {
  const path = [bin, await toolFolder(), process.env["PATH"] ?? ""].join(delimiter);
  const child = spawn("bash", ["-c", script], {
    cwd,
    env: { ...process.env, ...gitIdentity, PATH: path, HOME: cwd, TMPDIR: await temporaryFolder() },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  return { code, output };
}

const gitIdentity = {
  GIT_AUTHOR_NAME: "Reader",
  GIT_AUTHOR_EMAIL: "reader@example.com",
  GIT_COMMITTER_NAME: "Reader",
  GIT_COMMITTER_EMAIL: "reader@example.com",
};

/** Lines that a page shows and that were not printed. */
export function missingLines(shown: string, printed: string): readonly string[] {
  const lines = printed.split("\n").map((line) => line.trim());
  return shown
    .split("\n")
    .filter((line) => line.trim() !== "" && !lines.some(matching(line.trim())));
}

function matching(shown: string): (line: string) => boolean {
  const parts = shown
    .split("…")
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  const pattern = new RegExp(`^${parts.join(".*")}$`);
  return (line) => pattern.test(line);
}
