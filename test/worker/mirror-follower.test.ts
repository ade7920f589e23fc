import { join } from "node:path";
import { expect, it } from "vitest";
import { memoryStore } from "../../src/adapters/git/memory-store.ts";
import { mirrorBranch } from "../../src/core/protocol/mirror-layout.ts";
import { createLogger } from "../../src/runtime/logger.ts";
import { systemClock } from "../../src/runtime/system-clock.ts";
import { createMirrorFollower } from "../../src/worker/mirror-follower.ts";
import { stateKeyOf } from "../../src/worker/state-key.ts";
import { openStateStore } from "../../src/worker/state-store.ts";
import { emptyFolder } from "../support/folder.ts";
import { eventually } from "../support/kube-worker.ts";

it("follows what was told while an older commit was fetched, also where that one was told again since", async () => {
  const clock = systemClock();
  const git = memoryStore();
  const store = openStateStore(join(emptyFolder(), "state.sqlite"), {
    clock,
    key: stateKeyOf("a key"),
    logger: createLogger({ name: "test", level: "silent" }),
  });
  const commit = async (parent: string | null, content: string): Promise<string> =>
    git.commitChanges({
      ref: mirrorBranch,
      parent,
      changes: [{ path: "note", content }],
      message: content,
      author: "test",
      at: 0,
    });
  const older = await commit(null, "older");
  const newer = await commit(older, "newer");
  const fetched = Promise.withResolvers<void>();
  const asked: (string | undefined)[] = [];
  let head = older;
  const stopping = new AbortController();
  const trailers = { epoch: 1, control: "c", sites: 0, objects: 0, changes: [] };
  const follower = createMirrorFollower({
    git,
    ref: mirrorBranch,
    fetcher: {
      fetch: async (_, told) => {
        asked.push(told);
        const found = { head };
        await fetched.promise;
        return found;
      },
      accept: async () => {},
      offer: async () => {},
    },
    verify: async () => ({ ok: true, trailers }),
    store,
    clock,
    logger: createLogger({ name: "test", level: "silent" }),
    pollMs: 60_000,
    onView: () => {},
    onChange: () => {},
  });
  const running = follower.run(stopping.signal);
  await clock.sleep(20);
  head = newer;
  follower.hint(newer);
  follower.hint(older);
  fetched.resolve();
  await eventually("the newer one is followed", () => follower.facts().head === newer, 5000);
  expect(follower.facts().refused).toBe("");
  // Of nothing, then of what was told last.
  expect(asked).toEqual([undefined, older]);
  stopping.abort();
  await running;
  await store.close();
});
