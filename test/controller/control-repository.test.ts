import { describe, expect, it } from "vitest";
import { memoryStore } from "../../src/adapters/git/memory-store.ts";
import { ControlRepository } from "../../src/controller/control-repository.ts";

const lead = (epoch: number) => ({
  changes: [{ path: "epoch.json", record: { epoch }, why: "a controller starts" }],
  subject: "start",
  author: "test",
  at: Date.parse("2026-01-01T00:00:00Z"),
});

describe("a commit on control", () => {
  it("gives the state that it wrote, also where another controller has gone on since", async () => {
    const store = memoryStore();
    const next = new ControlRepository(store);
    const paused = new ControlRepository({
      ...store,
      commitChanges: async (request) => {
        const commit = await store.commitChanges(request);
        await next.commit(await next.read(), lead(2));
        return commit;
      },
    });
    const written = await paused.commit(await paused.read(), lead(1));
    expect(written.state.epoch).toBe(1);
    expect((await paused.read()).state.epoch).toBe(2);
    // What it goes on with is behind: it writes nothing more.
    await expect(paused.commit(written, lead(3))).rejects.toMatchObject({ code: "REF_RACE" });
  });
});
