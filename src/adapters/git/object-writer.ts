import { join } from "node:path";
import { syncPath } from "./durable.ts";
import type { Git } from "./git-process.ts";
import type { NewObject } from "./object-id.ts";
import { encodePack } from "./pack.ts";

interface Batch {
  readonly objects: Map<string, NewObject>;
  readonly written: Promise<void>;
}

/**
 * Writes objects as packs through `git index-pack`, which checks them and puts them in place by rename: a pack is there
 * whole or not at all. What comes in while one pack is being written goes into the next one together.
 */
export function createObjectWriter(options: {
  readonly git: Git;
  readonly gitDir: string;
}): (objects: readonly NewObject[]) => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  let next: Batch | undefined;
  const startBatch = (): Batch => {
    const objects = new Map<string, NewObject>();
    const written = running.then(() => {
      next = undefined;
      return writePack(options, [...objects.values()]);
    });
    // A pack that failed is told to those who wait for it, and does not hold up the next.
    running = written.catch(() => undefined);
    return { objects, written };
  };
  return (objects) => {
    next ??= startBatch();
    for (const object of objects) next.objects.set(object.oid, object);
    return next.written;
  };
}

async function writePack(
  options: { readonly git: Git; readonly gitDir: string },
  objects: readonly NewObject[],
): Promise<void> {
  const { git, gitDir } = options;
  const args = ["index-pack", "--stdin", "--fsck-objects"];
  await git({ args, gitDir, input: encodePack(objects), timeoutMs: 300_000 });
  await syncPath(join(gitDir, "objects", "pack"));
}
