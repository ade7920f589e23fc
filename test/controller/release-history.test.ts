import { describe, expect, it } from "vitest";
import { memoryStore } from "../../src/adapters/git/memory-store.ts";
import { ControlRepository } from "../../src/controller/control-repository.ts";
import { historyOf, traceReleases } from "../../src/controller/release-history.ts";
import type { ReleaseEvent } from "../../src/controller/release-ledger.ts";
import { rollBackTo } from "../../src/controller/roll-back-to.ts";
import type { World } from "../../src/controller/world.ts";

const release = { app: "web", release: "web-1", source: "c1" };
const events: readonly ReleaseEvent[] = [
  { event: "started", ...release, sites: 2 },
  { event: "ended", ...release, outcome: "done" },
];
const word = { by: "ada", at: "2030-01-01T00:00:00Z" };

/** Control with one release of web, and 100 commits after it; `read`: the commits that were read one at a time. */
async function longControl() {
  const store = memoryStore();
  const read: string[] = [];
  const control = new ControlRepository({
    ...store,
    commit: (oid) => {
      read.push(oid);
      return store.commit(oid);
    },
  });
  let snapshot = await control.read();
  for (let n = 1; n <= 102; n += 1) {
    const told = events[n - 1];
    snapshot = await control.commit(snapshot, {
      changes: [{ path: "epoch.json", record: { epoch: n }, why: "a controller starts" }],
      subject: `start ${n}`,
      author: "test",
      at: n * 1000,
      ...(told === undefined ? {} : { events: [told] }),
    });
  }
  read.length = 0;
  return { control, snapshot, read };
}

describe("the releases of an app", () => {
  it("are found far back without a look at each commit since", async () => {
    const { control, read } = await longControl();
    const found = await traceReleases(control, { app: "web" }, () => false);
    expect(found).toMatchObject([{ started: events[0], end: { event: events[1] } }]);
    expect(await traceReleases(control, { app: "wbe" }, () => false)).toEqual([]);
    expect(read).toEqual([]);
  });

  it("are not looked for when nobody waits for them, nor under what is no name", async () => {
    const { control } = await longControl();
    const gone = AbortSignal.abort(new Error("gone"));
    await expect(historyOf({ control }, { app: "wbe", most: 5 }, gone)).rejects.toThrow("gone");
    expect(await historyOf({ control }, { app: "we\nb", most: 5 }, gone)).toBeUndefined();
    const { signal } = new AbortController();
    expect(await historyOf({ control }, { app: "wbe", most: 5 }, signal)).toBeUndefined();
    const told = await historyOf({ control }, { app: "web", most: 5 }, signal);
    expect(told?.releases).toMatchObject([{ release: "web-1", verdict: "done" }]);
  });

  it("are not looked for to take back an app that there is not", async () => {
    const { control, snapshot } = await longControl();
    const history = (): never => {
      throw new Error("it was looked for");
    };
    // Nothing else of a world is asked.
    const world = { control: Object.assign(control, { history }) } as unknown as World;
    const decision = { verb: "rollback", app: "wbe", to: "web-1", why: "x" } as const;
    const result = await rollBackTo(world, snapshot, { decision, word });
    expect(result).toMatchObject({ ok: false, message: 'no app "wbe" is on record' });
  });
});
