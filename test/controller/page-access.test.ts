import { describe, expect, it } from "vitest";
import { PageAccess } from "../../src/controller/page-access.ts";
import { type ManualClock, manualClock } from "../support/manual-clock.ts";

const token = "api-token-0123456789";
const minute = 60_000;

const doorOf = (clock: ManualClock = manualClock(), key = token): PageAccess =>
  new PageAccess({ token: key, clock, isSecure: false });

/** The `name=value` of a Set-Cookie. */
const pairOf = (cookie: string | null): string => cookie?.split(";")[0] ?? "";

describe("the way into the page", () => {
  it("opens for a code once, and knows the credential that it came from", () => {
    const door = doorOf();
    const { code } = door.issueCode("token:0badcafe");
    const cookie = door.enter(code);
    expect(door.credentialOf(pairOf(cookie))).toBe("token:0badcafe");
    expect(cookie).toMatch(
      /^flotilla-[0-9a-f]{8}=\d+\.[\w-]+\.[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/,
    );
    expect(door.enter(code)).toBeNull();
  });

  it("gives a cookie over TLS that goes nowhere else", () => {
    const door = new PageAccess({ token, clock: manualClock(), isSecure: true });
    const cookie = door.enter(door.issueCode("api").code);
    expect(cookie).toMatch(/^__Host-flotilla-[0-9a-f]{8}=.*; Path=\/; .*; Secure$/);
    expect(door.credentialOf(pairOf(cookie))).toBe("api");
  });

  it("does not open for a code that is too old, empty or made up", () => {
    const clock = manualClock();
    const door = doorOf(clock);
    const { code } = door.issueCode("api");
    clock.advance(2 * minute + 1);
    for (const given of [code, "", "x".repeat(43)]) expect(door.enter(given)).toBeNull();
  });

  it("keeps four codes of a credential and forgets its oldest", () => {
    const door = doorOf();
    const codes = Array.from({ length: 5 }, () => door.issueCode("api").code);
    expect(door.enter(codes[0] ?? "")).toBeNull();
    expect(door.enter(codes[1] ?? "")).not.toBeNull();
  });

  it("opens for one credential however many codes another asks for", () => {
    const door = doorOf();
    const { code } = door.issueCode("token:admin");
    for (let count = 0; count < 5000; count += 1) door.issueCode("token:viewer");
    expect(door.enter(code)).not.toBeNull();
  });

  it("stays open over a restart, for twelve hours and for one token", () => {
    const clock = manualClock();
    const first = doorOf(clock);
    const pair = pairOf(first.enter(first.issueCode("api").code));
    const restarted = doorOf(clock);
    expect(restarted.credentialOf(`other=1; ${pair}`)).toBe("api");
    expect(doorOf(clock, "another-token").credentialOf(pair)).toBeNull();
    clock.advance(12 * 60 * minute - 1);
    expect(restarted.credentialOf(pair)).toBe("api");
    clock.advance(1);
    expect(restarted.credentialOf(pair)).toBeNull();
  });

  it("stays open for an hour to who came with a JSON Web Token", () => {
    const clock = manualClock();
    const door = doorOf(clock);
    const pair = pairOf(door.enter(door.issueCode("oidc:ana").code));
    clock.advance(60 * minute - 1);
    expect(door.credentialOf(pair)).toBe("oidc:ana");
    clock.advance(1);
    expect(door.credentialOf(pair)).toBeNull();
  });

  it("does not open for a session that was changed, or for the API token itself", () => {
    const door = doorOf();
    const pair = pairOf(door.enter(door.issueCode("token:1").code));
    const [name = "", value = ""] = pair.split("=");
    const [endsAt = "", credential = "", signature = ""] = value.split(".");
    const forged = [
      `${name}=${Number(endsAt) + 1}.${credential}.${signature}`,
      `${name}=${endsAt}.${Buffer.from("api").toString("base64url")}.${signature}`,
      `${name}=${endsAt}.${credential}.`,
      `${name}=${endsAt}.`,
      `${name}=${token}`,
      `${name}=`,
      "",
    ];
    for (const cookies of forged) expect(door.credentialOf(cookies)).toBeNull();
    expect(door.credentialOf(undefined)).toBeNull();
  });
});
