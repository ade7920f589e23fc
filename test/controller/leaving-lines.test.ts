/** What an operator reads of a site that leaves the fleet, and of which nothing stands in its mirror. */
import { describe, expect, it } from "vitest";
import { type Remains, leavingLines } from "../../src/controller/site-on-the-way.ts";
import type { ControlState } from "../../src/core/rollout/planner-types.ts";

const leaving = {
  head: "c".repeat(40),
  at: "2030-01-01T00:00:00Z",
  facts: { region: "west", mirror: "west", labels: {}, suspend: false },
};
const control: ControlState = {
  head: null,
  epoch: 1,
  apps: {},
  holds: [],
  sites: { b1: { mirror: "west", uid: "uid-b1", leaving }, b2: { mirror: "west" } },
  workers: {},
};
const line = (awaits: Remains["awaits"], apps: readonly string[] = []): string | undefined =>
  leavingLines(control, "b1", { apps, awaits })?.[1];

describe("a site that leaves the fleet", () => {
  it("has nothing any more where its mirror says so, and lacks nothing", () => {
    expect(line(null)).toBe("nothing is there any more");
    expect(line("report", ["web"])).toBe("still there: web");
  });

  it("is not said to have nothing before its worker has reported to the controller: that ends it, or an excuse", () => {
    expect(line("report")).toBe(
      "nothing is known to be there, but the worker of west has not reported since the controller started: it is forgotten when that does, or when an operator excuses the region",
    );
  });

  it("is not said to have nothing while its mirror is older than what its worker follows", () => {
    expect(line("commit")).toBe(
      "nothing is known to be there, but the worker of west has a newer commit than this mirror: it is forgotten when that is here, or, while the worker is silent, when an operator excuses the region",
    );
  });

  it("is not said to have nothing while its mirror cannot be read, which no excuse ends", () => {
    expect(line("mirror")).toBe(
      "nothing is known to be there, but the mirror of west cannot be read: it is forgotten when it can, and `flotilla status` says what to do",
    );
  });

  it("is one that the fleet has no more: of others there is nothing to say", () => {
    expect(leavingLines(control, "b2", { apps: [], awaits: null })).toBeUndefined();
  });
});
