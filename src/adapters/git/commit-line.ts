import { parseCommit } from "./commit-object.ts";
import type { CommitInfo, LineOptions } from "./object-store.ts";
import type { StoreBackend } from "./backend-store.ts";

/** Commits that are asked for at first, and at most, in one round trip. */
const [firstPage, maxPage] = [16, 1024];

/** The commits of `ObjectStore.line`, a page at a time: each is larger than the one before. */
export async function* readLine(
  backend: Pick<StoreBackend, "line" | "objects">,
  from: string,
  options: LineOptions,
): AsyncGenerator<CommitInfo> {
  let next: string | undefined = from;
  for (let most = firstPage; next !== undefined; most = Math.min(4 * most, maxPage)) {
    options.signal?.throwIfAborted();
    const oids = await backend.line(next, { ...options, most });
    const objects = await backend.objects(oids);
    next = undefined;
    for (const oid of oids) {
      const object = objects.get(oid);
      if (object === undefined) return;
      const commit = parseCommit(oid, object.bytes);
      yield commit;
      next = commit.parents[0];
    }
    if (oids.length < most) return;
  }
}
