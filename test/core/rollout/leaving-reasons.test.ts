/** What is told of a site that leaves the fleet, or goes to another region, while something keeps it: and what ends that. */
import { describe, expect, it } from "vitest";
import { waitLines } from "../../../src/cli/status.ts";
import { planRollout } from "../../../src/core/rollout/plan-rollout.ts";
import type { PlannerInput } from "../../../src/core/rollout/planner-types.ts";
import { progressOf } from "../../../src/core/rollout/progress.ts";
import { applyChanges } from "../../support/control-state.ts";
import { PlannerWorld, quick, someSites, type WorldHead } from "../../support/planner-world.ts";

const apps: WorldHead["apps"] = { web: { version: "v1" } };
const { s2 = {}, ...others } = someSites(3);
const forget = "`flotilla rollout excuse --site s2 --uid u-2 --why TEXT`";

/** Three sites in sync; the cluster of s2 is known. */
function settled(): PlannerWorld {
  const world = new PlannerWorld();
  world.follow({ sites: { ...others, s2 }, apps });
  world.run(20);
  const record = { mirror: "eu", uid: "u-2" };
  world.control = applyChanges(world.control, [{ path: "sites/s2.json", record, why: "as told" }]);
  return world;
}

/** s2 is removed with `decommission: delete`, after something happened to it. */
function leaving(before: (world: PlannerWorld) => void, s2Facts: object = {}): PlannerWorld {
  const world = settled();
  world.follow({ sites: { ...others, s2: { ...s2, ...s2Facts, decommission: true } }, apps });
  before(world);
  world.run(1);
  world.follow({ sites: others, apps });
  return world.run(1);
}

/** s2 has been told to remove what it has, and does not answer from then on until its deadline has passed. */
function toldAndGone(): PlannerWorld {
  const world = settled();
  world.follow({ sites: { ...others, s2: { ...s2, decommission: true } }, apps });
  world.run(1);
  world.follow({ sites: others, apps });
  world.step();
  world.offline.add("s2");
  return world.run(60);
}

function linesOf({ plan }: PlannerWorld): string[] {
  return waitLines(plan.waits.filter(({ site }) => site === "s2"));
}

describe("a site that leaves the fleet and waits", () => {
  it.each<[string, () => PlannerWorld, string]>([
    [
      "does not answer",
      () => leaving((world) => world.offline.add("s2")),
      `s2 does not answer: excused, it catches up later; ends when it answers again, or an operator forgets it as it is (${forget})`,
    ],
    [
      "is suspended",
      () => leaving(() => undefined, { suspend: true }),
      `s2 is suspended: excused, it catches up later; ends when a commit declares it again without \`suspend\`, with \`decommission: delete\`, and a later one removes it, or an operator forgets it as it is (${forget})`,
    ],
    [
      "has a silent worker",
      () => leaving((world) => world.silence("eu", true)),
      "the worker of eu is silent; ends when it reports again, or an operator excuses the region, or an operator forgets it as it is (`flotilla rollout excuse --site SITE --uid UID --why TEXT`)",
    ],
    [
      "is on its way to another mirror",
      () =>
        leaving((world) => {
          world.silence("eu", true);
          const moved = { ...s2, region: "us", decommission: true };
          world.follow({ sites: { ...others, s2: moved }, apps });
        }),
      `s2 leaves eu, whose worker is silent and has to say that it stopped writing there; ends when it does, and its apps have left its new mirror, or an operator forgets it as it is (${forget})`,
    ],
  ])("says so, and every way in which that ends: it %s", (_, story, line) => {
    expect(linesOf(story())).toEqual([expect.stringContaining(line)]);
  });

  it("ends to wait in each of the ways that are told where it is suspended", () => {
    const world = leaving(() => undefined, { suspend: true });
    world.follow({ sites: { ...others, s2: { ...s2, decommission: true } }, apps });
    world.run(1);
    world.follow({ sites: others, apps });
    world.run(20);
    expect(world.control.sites["s2"]).toBeUndefined();

    const forgotten = leaving(() => undefined, { suspend: true });
    forgotten.decide({ verb: "excuse", site: "s2", uid: "u-2", why: "its cluster is gone" });
    forgotten.run(20);
    expect(forgotten.control.sites["s2"]?.moving?.forgotten).toBeDefined();
  });

  it("is not asked to be excused once more with its region", () => {
    const world = leaving((before) => before.silence("eu", true));
    world.decide({ verb: "excuse", region: "eu", why: "eu burnt" });
    world.run(1);
    expect(linesOf(world)).toEqual([
      expect.stringContaining(
        "the worker of eu is silent; ends when it reports again, or an operator forgets it as it is",
      ),
    ]);
  });

  it("has failed to lose its app in time: it says what ends that, and when the app has left after all", () => {
    const world = toldAndGone();
    const end =
      "ends when an operator retries or excuses it, or a commit brings the app back there";
    expect(linesOf(world)).toEqual([
      expect.stringContaining(
        `offline; it has not left at its deadline; ${end}, or an operator forgets it as it is (${forget})`,
      ),
    ]);
    world.offline.delete("s2");
    world.run(10);
    expect(linesOf(world)).toEqual([
      expect.stringContaining(`offline; it has not left at its deadline, but has since; ${end}`),
    ]);
  });

  it("goes on to say why where it was excused after it was told to lose its app", () => {
    const world = toldAndGone();
    world.decide({ verb: "excuse", site: "s2", why: "its host burnt" });
    world.run(1);
    expect(linesOf(world)).toEqual([
      expect.stringContaining(
        "its host burnt; it catches up later; ends when the stage has passed",
      ),
    ]);
    world.run(5);
    expect(linesOf(world)).toEqual([
      expect.stringContaining(
        `s2 does not answer; ends when it answers again, or an operator forgets it as it is (${forget})`,
      ),
    ]);
  });

  it("is not healthy on what it loses: its stage waits until the removal is done somewhere", () => {
    const { plan } = leaving((world) => world.offline.add("s2"));
    const stage = plan.waits.filter(({ site }) => site === null);
    expect(waitLines(stage)).toEqual([
      expect.stringContaining(
        "of the sites that stage canary still has none has lost it (s2); ends when one has, or an operator excuses every site of the stage",
      ),
    ]);
  });
});

describe("a site that has left", () => {
  it("is done, though the fleet has it no longer, also while another one of its stage still leaves", () => {
    const whole = { ...quick, stages: [{ name: "all" }] };
    const two = { web: { version: "v1", strategy: whole } };
    const world = new PlannerWorld();
    const leaver = { ...s2, decommission: true };
    const { s3 = {} } = others;
    world.follow({ sites: { s1: leaver, s2: leaver, s3 }, apps: two });
    world.run(20);
    world.offline.add("s2");
    world.run(1);
    world.follow({ sites: { s3 }, apps: two });
    world.run(20);
    expect(world.control.sites["s1"]).toBeUndefined();
    const [removal] = progressOf(world.input());
    expect(removal?.stages).toMatchObject([{ sites: 2, done: 1, excused: 1, offline: 1 }]);
    const stage = world.plan.waits.filter(({ site }) => site === null);
    expect(waitLines(stage)).toEqual([expect.stringContaining("none has lost it (s2)")]);
  });
});

describe("who excuses a site without naming its cluster", () => {
  it("is told that it goes on to leave the fleet, and what forgets it", () => {
    const world = leaving((before) => before.offline.add("s2"));
    const word = { verb: "excuse", site: "s2", why: "its host burnt" } as const;
    expect(world.decide(word)).toBe(
      `excused s2 from removal-web-c3; it goes on to leave the fleet: ${forget} forgets it as it is`,
    );
    world.run(1);
    expect(() => world.decide(word)).toThrow(`it leaves the fleet: ${forget}`);
  });

  it("is told what stands for the word of its old worker, where it moves", () => {
    const world = settled();
    world.silence("eu", true);
    world.follow({ sites: { ...others, s2: { ...s2, region: "us" } }, apps });
    world.run(1);
    const word = { verb: "excuse", site: "s2", why: "its host burnt" } as const;
    expect(() => world.decide(word)).toThrow(
      `where it waits for its old worker, and that is gone for good: ${forget}`,
    );
  });
});

describe("a site whose mirror is damaged", () => {
  const reasonAt = (world: PlannerWorld, more: Partial<PlannerInput> = {}) =>
    planRollout({ ...world.input(), ...more }).waits.find(({ site }) => site === "s2");

  it("is told that it cannot be read, whether or not its worker reports", () => {
    const world = settled();
    world.follow({ sites: { ...others, s2 }, apps: { web: { version: "v2" } } });
    const worker = { silentSince: world.now, stopped: {}, isMirrorUnreadable: true };
    expect(reasonAt(world, { workers: { eu: worker } })).toMatchObject({
      code: "worker-silent",
      reason: "the mirror of eu cannot be read",
      endsWhen: expect.stringMatching(/^it can: `flotilla status` says what to do/u),
    });
  });

  it("is told that it cannot come there as long as that lasts, where it is on its way", () => {
    const world = settled();
    world.follow({ sites: { ...others, s2: { ...s2, region: "us" } }, apps });
    world.awaited.add("us");
    world.silence("us");
    world.run(5);
    world.follow({
      sites: { ...others, s2: { ...s2, region: "us" } },
      apps: { web: { version: "v2" } },
    });
    const { workers } = world.input();
    const us = { silentSince: null, stopped: {}, ...workers["us"], isMirrorUnreadable: true };
    expect(reasonAt(world, { workers: { ...workers, us } })).toMatchObject({
      code: "moving",
      reason: "s2 goes to us, whose mirror cannot be read",
      endsWhen: "it can: `flotilla status` says what to do",
    });
  });

  it("is told that it stands there still, where an operator has said that its worker is gone", () => {
    const world = settled();
    world.silence("eu", true);
    world.follow({
      sites: { ...others, s2: { ...s2, region: "us" } },
      apps: { web: { version: "v2" } },
    });
    world.step({ dies: true });
    world.decide({ verb: "excuse", site: "s2", uid: "u-2", why: "eu burnt" });
    expect(reasonAt(world)).toMatchObject({
      code: "moving",
      reason: "s2 leaves eu, and stands in its mirror still",
      endsWhen: "that is written; where it cannot be, `flotilla status` says why",
    });
  });
});

describe("who forgets a site as it is while its worker is gone", () => {
  it("is told that its cluster is free by that worker's word, or by one more of an operator", () => {
    const world = leaving((before) => before.silence("eu", true));
    const word = { verb: "excuse", site: "s2", uid: "u-2", why: "eu burnt" } as const;
    expect(world.decide(word)).toContain(
      "free for another site when the worker of eu has stopped there, or when the same is said once more",
    );
    world.run(2);
    expect(world.control.sites["s2"]?.moving).not.toHaveProperty("stopped");
    expect(world.decide(word)).toBe("the worker of eu, where s2 was, is not waited for any more");
    world.run(2);
    expect(world.control.sites["s2"]?.moving).toHaveProperty("stopped");
  });
});
