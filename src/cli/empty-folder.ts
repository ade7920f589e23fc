import { readdir } from "node:fs/promises";
import { FleetError } from "../core/errors.ts";

/** Throws USAGE unless the folder is empty, but for a .git, or is not there yet. `target`: as the user named it. */
export async function requireEmptyFolder(dir: string, target: string): Promise<void> {
  const names = await namesIn(dir, target);
  if (names.every((name) => name === ".git")) return;
  throw new FleetError("USAGE", `${target} is not empty`, {
    hint: "name a new or empty folder",
    retry: "never",
  });
}

/** None where there is no folder yet. */
async function namesIn(dir: string, target: string): Promise<string[]> {
  try {
    return await readdir(dir);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException; // what node:fs throws
    if (code === "ENOENT") return [];
    throw new FleetError("USAGE", `cannot use ${target}`, { cause, retry: "never" });
  }
}
