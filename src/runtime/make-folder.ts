import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Makes a folder and the parents that are missing; no error when it is there. Node's own recursive mkdir never ends
 * where a parent exists but takes no new folder and answers ENOENT (`/proc`).
 */
export async function makeFolder(path: string, mode = 0o777): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException; // what node:fs throws
    if (code === "EEXIST") return;
    const parent = dirname(path);
    if (code !== "ENOENT" || parent === path) throw error;
    await makeFolder(parent, mode);
    await mkdir(path, { mode }).catch((again: NodeJS.ErrnoException) => {
      if (again.code !== "EEXIST") throw again;
    });
  }
}
