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

describe("the messages of control", () => {
  it("are read from one commit to another, many at a time", async () => {
    const store = memoryStore();
    const writer = new ControlRepository(store);
    const heads: string[] = [];
    for (let epoch = 1; epoch <= 100; epoch += 1) {
      const request = { ...lead(epoch), subject: `start ${epoch}` };
      heads.push((await writer.commit(await writer.read(), request)).head ?? "");
    }
    let trips = 0;
    const counted = new ControlRepository({
      ...store,
      commit: async (oid) => {
        trips += 1;
        return store.commit(oid);
      },
    });
    const subjects = async (since: string | null, head: string | undefined, limit = 1000) =>
      (await counted.messagesSince(since, head ?? "", limit)).map((text) => text.split("\n")[0]);
    const from = (first: number, last: number) =>
      Array.from({ length: last - first + 1 }, (_, index) => `start ${first + index}`);
    expect(await subjects(heads[9] ?? "", heads[99])).toEqual(from(11, 100));
    expect(await subjects(heads[98] ?? "", heads[99])).toEqual(["start 100"]);
    expect(await subjects(heads[99] ?? "", heads[99])).toEqual([]);
    expect(await subjects(null, heads[99])).toEqual(from(1, 100));
    expect(await subjects(null, heads[99], 20)).toEqual(from(81, 100));
    expect(await subjects("f".repeat(40), heads[99], 20)).toEqual(from(81, 100));
    expect(trips).toBeLessThan(10);
  });
});
