import { describe, expect, it, onTestFinished } from "vitest";
import { ControlRepository } from "../../src/controller/control-repository.ts";
import { Mirrors } from "../../src/controller/mirrors.ts";
import { raiseEpoch, stand } from "../../src/controller/raise-epoch.ts";
import { openStore } from "../../src/adapters/git/native-store.ts";
import { manualClock } from "../support/manual-clock.ts";
import { temporaryFolder } from "../support/git-repository.ts";
import { join } from "node:path";
import { withSilences } from "../../src/controller/silences.ts";
import type { ControlState } from "../../src/core/rollout/planner-types.ts";
import type { Release } from "../../src/core/rollout/records.ts";

const start = Date.parse("2026-01-01T00:00:00Z");
const at = (seconds: number): string => new Date(start + seconds * 1000).toISOString();

const release: Release = {
  id: "r1",
  app: "web",
  kind: "app",
  digest: "d",
  renderer: 1,
  source: "c1",
  budgetsFrom: "c1",
  strategy: "fast",
  startedAt: at(0),
  minReadyMs: 0,
  progressDeadlineMs: 60_000,
  unknownBlocks: false,
  stages: [],
  list: {},
  deletions: { objects: 0 },
  handed: {},
  carried: {},
  failed: {},
  excused: {},
  opened: {},
  passed: {},
  approvals: [],
};

describe("a start", () => {
  it("keeps the time in which no controller ran as silence, also over a second start", async () => {
    const dir = await temporaryFolder();
    const clock = manualClock(start);
    const open = (path: string) => openStore(path, { create: true, clock });
    const mirrors = new Mirrors({ dir: join(dir, "mirrors"), open });
    await mirrors.ensure("east");
    const store = await open(join(dir, "control.git"));
    onTestFinished(async () => {
      await mirrors.close();
      await store.close();
    });
    const control = new ControlRepository(store);
    await control.commit(await control.read(), {
      changes: [{ path: "apps/web/open/r1.json", record: release, why: "start" }],
      subject: "start",
      author: "test",
      at: start,
    });
    for (const seconds of [3600, 7200]) {
      const now = start + seconds * 1000;
      const candidacy = await stand(control, mirrors, now);
      await raiseEpoch(control, candidacy, now);
    }
    const { state } = await control.read();
    expect(state.epoch).toBe(2);
    expect(state.workers["east"]?.silences).toEqual([{ from: at(0), to: at(7200) }]);
  });
});

describe("any commit on control", () => {
  const state = {
    head: null,
    epoch: 1,
    holds: [],
    sites: {},
    apps: { web: { current: {}, bad: [], open: [release] } },
    workers: {},
  } as unknown as ControlState; // only what is read here

  it("takes the silences that still last along, without losing what else it says of the worker", () => {
    const excused = { by: "ada", at: at(5), why: "flood" };
    const word = { path: "workers/east.json", record: { silences: [], excused }, why: "excused" };
    const lasting = [{ from: start + 1000, to: start + 9000 }];
    const silences = new Map([
      ["east", lasting],
      ["west", lasting],
    ]);
    const recorded = [{ from: at(1), to: at(9) }];
    expect(withSilences(state, [word], silences)).toMatchObject([
      { path: "workers/east.json", record: { silences: recorded, excused }, why: "excused" },
      { path: "workers/west.json", record: { silences: recorded } },
    ]);
  });
});
