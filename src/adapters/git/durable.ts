import { mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";

/** Makes sure that a folder's entries (renames, new files) or a file's bytes are on the disk. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a folder and its parents; they are on the disk when it resolves. */
export async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let folder = path; folder.length >= first.length; folder = dirname(folder)) {
    await syncPath(dirname(folder));
  }
}
