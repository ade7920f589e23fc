import { describe, expect, it } from "vitest";
import { PageAccess } from "../../src/controller/page-access.ts";
import { manualClock } from "../support/manual-clock.ts";

const token = "api-token-0123456789";
const minute = 60_000;

/** The `name=value` of a Set-Cookie. */
const pairOf = (cookie: string | null): string => cookie?.split(";")[0] ?? "";

describe("the way into the page", () => {
  it("opens for a code once", () => {
    const access = new PageAccess({ token, clock: manualClock() });
    const { code } = access.issueCode();
    const cookie = access.enter(code);
    expect(access.admits(pairOf(cookie))).toBe(true);
    expect(cookie).toMatch(
      /^flotilla-[0-9a-f]{8}=\d+\.[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/,
    );
    expect(access.enter(code)).toBeNull();
  });

  it("does not open for a code that is too old, empty or made up", () => {
    const clock = manualClock();
    const access = new PageAccess({ token, clock });
    const { code } = access.issueCode();
    clock.advance(2 * minute + 1);
    for (const given of [code, "", "x".repeat(43)]) expect(access.enter(given)).toBeNull();
  });

  it("keeps sixteen codes and forgets the oldest", () => {
    const access = new PageAccess({ token, clock: manualClock() });
    const codes = Array.from({ length: 17 }, () => access.issueCode().code);
    expect(access.enter(codes[0] ?? "")).toBeNull();
    expect(access.enter(codes[1] ?? "")).not.toBeNull();
  });

  it("stays open over a restart, for twelve hours and for one token", () => {
    const clock = manualClock();
    const first = new PageAccess({ token, clock });
    const pair = pairOf(first.enter(first.issueCode().code));
    const restarted = new PageAccess({ token, clock });
    expect(restarted.admits(`other=1; ${pair}`)).toBe(true);
    expect(new PageAccess({ token: "another-token", clock }).admits(pair)).toBe(false);
    clock.advance(12 * 60 * minute - 1);
    expect(restarted.admits(pair)).toBe(true);
    clock.advance(1);
    expect(restarted.admits(pair)).toBe(false);
  });

  it("does not open for a session whose end was changed, or for the API token itself", () => {
    const access = new PageAccess({ token, clock: manualClock() });
    const pair = pairOf(access.enter(access.issueCode().code));
    const [name = "", value = ""] = pair.split("=");
    const [endsAt = "", signature = ""] = value.split(".");
    const forged = [
      `${name}=${Number(endsAt) + 1}.${signature}`,
      `${name}=${endsAt}.`,
      `${name}=${token}`,
      `${name}=`,
      "",
    ];
    for (const cookies of forged) expect(access.admits(cookies)).toBe(false);
    expect(access.admits(undefined)).toBe(false);
  });
});
