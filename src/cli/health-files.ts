import { readdir, readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { FleetError } from "../core/errors.ts";
import type { SourceFile } from "../core/model/fleet-model.ts";

const maxBytes = 64 * 1024 * 1024;

/** The file of that name, or the YAML and JSON files in the folder, sorted by path; links are not followed. */
export async function readFiles(path: string, cwd: string): Promise<readonly SourceFile[]> {
  const target = resolve(cwd, path);
  const about = await orNotFound(path, stat(target));
  const names = about.isDirectory() ? await filesIn(target) : [""];
  const files: SourceFile[] = [];
  for (const name of names) {
    const shown = name === "" ? path : join(path, name);
    const bytes = await orNotFound(shown, readBounded(join(target, name), shown));
    files.push({ path: shown, text: textOf(bytes, shown) });
  }
  return files;
}

async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && /\.(ya?ml|json)$/i.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted();
}

async function readBounded(file: string, shown: string): Promise<Buffer> {
  if ((await stat(file)).size <= maxBytes) return readFile(file);
  throw new FleetError("USAGE", `${shown} has more than ${maxBytes} bytes`, { retry: "never" });
}

function textOf(bytes: Buffer, shown: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new FleetError("USAGE", `${shown} is not UTF-8 text`, { cause, retry: "never" });
  }
}

/** What the operating system refuses is the caller's to mend. */
async function orNotFound<T>(shown: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    if (cause instanceof FleetError) throw cause;
    throw new FleetError("NOT_FOUND", `${shown} cannot be read`, { cause, retry: "never" });
  }
}
