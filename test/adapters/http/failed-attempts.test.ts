import { describe, expect, it } from "vitest";
import { FailedAttempts } from "../../../src/adapters/http/failed-attempts.ts";
import { isLoopback, peerOf } from "../../../src/adapters/http/listen-address.ts";
import { FleetError } from "../../../src/core/errors.ts";
import { manualClock } from "../../support/manual-clock.ts";

const wrong = (): never => {
  throw new FleetError("UNAUTHORIZED", "the token is wrong");
};

/** How a check from there ends: its result, or the message of the refusal. */
async function knock(attempts: FailedAttempts, peer: string, check: () => string = wrong) {
  return attempts
    .guard({ peer, door: "api" }, check)
    .catch((error: unknown) => (error instanceof FleetError ? error.message : "a bug"));
}

describe("failed attempts", () => {
  it("end after twenty from one address, also for the right token, and come back slowly", async () => {
    const clock = manualClock();
    const attempts = new FailedAttempts(clock);
    for (let count = 0; count < 20; count += 1) {
      expect(await knock(attempts, "192.0.2.1")).toBe("the token is wrong");
    }
    const right = (): string => "in";
    const refused = "too many wrong tokens came from this address";
    expect(await knock(attempts, "192.0.2.1", right)).toBe(refused);
    expect(await knock(attempts, "::ffff:192.0.2.1", right)).toBe(refused);
    expect(await knock(attempts, "192.0.2.2", right)).toBe("in");
    expect(await attempts.guard({ peer: "192.0.2.1", door: "mirror eu" }, right)).toBe("in");
    clock.advance(2999);
    expect(await knock(attempts, "192.0.2.1", right)).toBe(refused);
    clock.advance(1);
    expect(await knock(attempts, "192.0.2.1", right)).toBe("in");
    expect(await knock(attempts, "192.0.2.1")).toBe("the token is wrong");
    expect(await knock(attempts, "192.0.2.1")).toBe(refused);
  });

  it("do not count what failed for another reason", async () => {
    const attempts = new FailedAttempts(manualClock());
    const away = (): never => {
      throw new FleetError("ISSUER_UNREACHABLE", "away");
    };
    for (let count = 0; count < 30; count += 1) {
      expect(await knock(attempts, "192.0.2.1", away)).toBe("away");
    }
  });

  it("are counted by the network of an IPv6 address", () => {
    expect(peerOf("2001:db8:1:2:3:4:5:6")).toBe("2001:db8:1:2");
    expect(peerOf("2001:db8:1:2::9")).toBe("2001:db8:1:2");
    expect(peerOf("2001:db8::9")).toBe("2001:db8:0:0");
    expect(peerOf("::ffff:10.0.0.1")).toBe("10.0.0.1");
  });

  it.each([
    ["127.0.0.1", true],
    ["::1", true],
    ["::ffff:127.0.0.1", true],
    ["10.0.0.1", false],
    ["::ffff:10.0.0.1", false],
    ["127.example.com", false],
  ])("know whether %s is this machine", (host, isLocal) => {
    expect(isLoopback(host)).toBe(isLocal);
  });
});
