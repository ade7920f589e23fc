import { expect, it, onTestFinished } from "vitest";
import { openStore } from "../../src/adapters/git/native-store.ts";
import type { CommitStory } from "../../src/controller/commit-story.ts";
import { CommitStatuses } from "../../src/controller/commit-statuses.ts";
import { ControlRepository } from "../../src/controller/control-repository.ts";
import { manualClock } from "../support/manual-clock.ts";
import { temporaryFolder } from "../support/git-repository.ts";

it("a commit that was followed and is refused now has one status, not two in turn", async () => {
  const clock = manualClock(Date.parse("2026-01-01T00:00:00Z"));
  const store = await openStore(await temporaryFolder(), { create: true, clock });
  onTestFinished(() => store.close());
  const control = new ControlRepository(store);
  const record = { commit: "c1", at: "2026-01-01T00:00:00Z" };
  const { head } = await control.commit(await control.read(), {
    changes: [{ path: "head.json", record, why: "follow c1" }],
    subject: "Follow c1",
    author: "test",
    at: clock.now(),
  });
  const told: (CommitStory & { sha: string })[] = [];
  const sink = { set: async (wish: (typeof told)[number]) => void told.push(wish) };
  const statuses = new CommitStatuses(control, sink, { between: async () => [] });
  const refused = { verdict: "refused", commit: "c1", reason: "it does not descend" } as const;
  await statuses.tell({ controlHead: head, verdict: refused, progress: [], waits: [] });
  expect(told).toEqual([{ sha: "c1", state: "failure", description: "it does not descend" }]);
  await statuses.tell({
    controlHead: head,
    verdict: { verdict: "nothing-new" },
    progress: [],
    waits: [],
  });
  expect(told.at(-1)).toMatchObject({ sha: "c1", state: "success" });
});
