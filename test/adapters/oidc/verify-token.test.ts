import { type JWTPayload, SignJWT, UnsecuredJWT } from "jose";
import { describe, expect, it } from "vitest";
import { createTokenVerifier } from "../../../src/adapters/oidc/verify-token.ts";
import { FleetError } from "../../../src/core/errors.ts";
import { type Issuer, startIssuer } from "../../support/issuer.ts";
import { type ManualClock, manualClock } from "../../support/manual-clock.ts";

interface Bench {
  readonly issuer: Issuer;
  readonly clock: ManualClock;
  /** The subject of a token that is good; the code and message of the refusal of one that is not. */
  readonly check: (token: string) => Promise<string>;
}

async function bench(): Promise<Bench> {
  const clock = manualClock();
  const issuer = await startIssuer(() => clock.now());
  const verify = createTokenVerifier({ issuer: issuer.url, audience: "flotilla", clock });
  const check = async (token: string): Promise<string> => {
    try {
      return String((await verify(token)).sub);
    } catch (error) {
      if (!(error instanceof FleetError)) throw error;
      const cause = error.cause instanceof Error ? error.cause.message : "";
      const isTold = `${error.message} ${error.hint} ${cause}`.includes(token);
      if (isTold) throw new Error("it tells the token", { cause: error });
      return `${error.code} ${error.message.replace("the JSON Web Token is refused: ", "")}`;
    }
  };
  return { issuer, clock, check };
}

const now = (clock: ManualClock): number => Math.floor(clock.now() / 1000);

describe("a JSON Web Token", () => {
  it.each(["RS256", "ES256"] as const)("is good with a signature by %s", async (algorithm) => {
    const { issuer, check } = await bench();
    await issuer.rotate("k", algorithm);
    expect(await check(await issuer.sign({}))).toBe("u-1");
    expect(await check(await issuer.sign({ aud: ["other", "flotilla"] }))).toBe("u-1");
  });

  it.each([
    [{ iss: "https://evil.example" }, "UNAUTHORIZED its claim iss does not fit"],
    [{ aud: "another-service" }, "UNAUTHORIZED its claim aud does not fit"],
    [{ sub: undefined }, "UNAUTHORIZED its claim sub does not fit"],
    [{ exp: undefined }, "UNAUTHORIZED its claim exp does not fit"],
  ])("is refused with %o", async (claims, refusal) => {
    const { issuer, check } = await bench();
    expect(await check(await issuer.sign(claims as JWTPayload))).toBe(refusal);
  });

  it("is good until 30 s behind its end, and from 30 s before its beginning", async () => {
    const { issuer, clock, check } = await bench();
    expect(await check(await issuer.sign({ exp: now(clock) - 29 }))).toBe("u-1");
    const late = "UNAUTHORIZED it has expired";
    expect(await check(await issuer.sign({ exp: now(clock) - 31 }))).toBe(late);
    expect(await check(await issuer.sign({ nbf: now(clock) + 29 }))).toBe("u-1");
    const early = "UNAUTHORIZED its claim nbf does not fit";
    expect(await check(await issuer.sign({ nbf: now(clock) + 31 }))).toBe(early);
  });

  it("is refused unsigned, signed with the public key as a secret, or changed", async () => {
    const { issuer, clock, check } = await bench();
    const claims = { iss: issuer.url, aud: "flotilla", sub: "u-1", exp: now(clock) + 300 };
    const refused = "UNAUTHORIZED it must be signed by RS256 or ES256";
    expect(await check(new UnsecuredJWT(claims).encode())).toMatch(/^UNAUTHORIZED/);
    const [jwk] = issuer.keys().keys;
    const secret = new TextEncoder().encode(JSON.stringify(jwk));
    const forged = new SignJWT(claims).setProtectedHeader({ alg: "HS256", kid: "first" });
    expect(await check(await forged.sign(secret))).toBe(refused);
    const good = await issuer.sign({ sub: "u-1" });
    const other = await issuer.sign({ sub: "u-2" });
    const [header, , signature] = good.split(".");
    const mixed = [header, other.split(".")[1], signature].join(".");
    expect(await check(mixed)).toBe("UNAUTHORIZED its signature is wrong");
    expect(await check(`${good}${"A".repeat(8192)}`)).toBe("UNAUTHORIZED it is too long");
    expect(await check("a.b.c")).toBe("UNAUTHORIZED it cannot be read");
  });

  it("is not helped by a key that it brings itself", async () => {
    const { issuer, clock, check } = await bench();
    const stranger = await startIssuer(() => clock.now());
    const [jwk] = stranger.keys().keys;
    const header = { jku: `${stranger.url}/keys`, ...(jwk && { jwk }) };
    const token = await stranger.sign({ iss: issuer.url }, header);
    expect(await check(token)).toBe("UNAUTHORIZED its signature is wrong");
    expect(stranger.asks()).toBe(0);
  });
});

describe("the keys of an issuer", () => {
  it("are asked for once, and again for a key that is new, but at most every 30 s", async () => {
    const { issuer, clock, check } = await bench();
    const token = await issuer.sign({});
    await Promise.all(Array.from({ length: 20 }, () => check(token)));
    expect(issuer.asks()).toBe(1);
    await issuer.rotate("second");
    const newer = await issuer.sign({});
    const unknown = "UNAUTHORIZED the issuer has no such key";
    for (let count = 0; count < 20; count += 1) expect(await check(newer)).toBe(unknown);
    expect(issuer.asks()).toBe(1);
    clock.advance(30_000);
    expect(await check(newer)).toBe("u-1");
    expect(await check(token)).toBe(unknown);
    expect(issuer.asks()).toBe(2);
  });

  it("serve on for a day while the issuer is away, and no longer", async () => {
    const { issuer, clock, check } = await bench();
    expect(await check(await issuer.sign({}))).toBe("u-1");
    issuer.answer({ away: true });
    clock.advance(23 * 3_600_000);
    expect(await check(await issuer.sign({}))).toBe("u-1");
    clock.advance(3_600_000);
    expect(await check(await issuer.sign({}))).toMatch(
      /^ISSUER_UNREACHABLE .* does not give its keys/,
    );
    issuer.answer({});
    clock.advance(30_000);
    expect(await check(await issuer.sign({}))).toBe("u-1");
  });

  it.each([
    ["discovery of another issuer", { discovery: { issuer: "https://evil.example" } }],
    ["keys elsewhere in the clear", { elsewhere: "http://192.0.2.1/keys" }],
    ["keys by another scheme", { elsewhere: "file:///etc/passwd" }],
    ["an endless answer", { keys: { keys: [], more: "x".repeat(300_000) } }],
    ["no keys", { keys: [] }],
  ])("are not taken from %s", async (_what, { elsewhere, ...answers }: Record<string, unknown>) => {
    const { issuer, check } = await bench();
    const discovery = { issuer: issuer.url, jwks_uri: elsewhere };
    issuer.answer(elsewhere === undefined ? answers : { discovery });
    expect(await check(await issuer.sign({}))).toMatch(/^ISSUER_UNREACHABLE/);
  });
});
