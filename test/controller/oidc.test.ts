import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/runtime/system-clock.ts";
import { deskTokens, startDesk } from "../support/controller-desk.ts";
import { startIssuer } from "../support/issuer.ts";

async function bench() {
  const issuer = await startIssuer(() => systemClock().now());
  const roles = { view: ["staff"], operate: ["ops"], admin: ["platform"] };
  const oidc = { issuer: issuer.url, audience: "flotilla", nameClaim: "email", roles };
  const desk = await startDesk({ access: { oidc } });
  const decide = async (verb: string, token: string, body: object): Promise<number> => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const init = { method: "POST", headers, body: JSON.stringify({ why: "w", ...body }) };
    return (await desk.fetch(`/api/v1/rollout/${verb}`, init)).status;
  };
  return { issuer, desk, decide };
}
const pause = { scope: { fleet: true } };

describe("a caller with a JSON Web Token", () => {
  it("has the highest role of its groups, and is recorded by its claim", async () => {
    const { issuer, desk, decide } = await bench();
    const email = "ana@acme.example";
    const ops = await issuer.sign({ email, groups: ["staff", "ops", "other"] });
    expect(await decide("pause", ops, pause)).toBe(200);
    expect(await decide("recover", ops, {})).toBe(403);
    const platform = await issuer.sign({ email: "bo (token) <x>\nTrailer: y", groups: "platform" });
    expect(await decide("recover", platform, {})).toBe(200);
    expect(desk.decided.map(({ by }) => by)).toEqual([
      "ana@acme.example (oidc)",
      "bo token xTrailer: y (oidc)",
    ]);
  });

  it("is refused without a group that has a role, or without a name", async () => {
    const { issuer, desk, decide } = await bench();
    const email = "ana@acme.example";
    for (const groups of [undefined, [], ["other"], { staff: true }, [["ops"]]]) {
      expect(await decide("pause", await issuer.sign({ email, groups }), pause)).toBe(403);
    }
    expect(await decide("pause", await issuer.sign({ groups: ["ops"] }), pause)).toBe(401);
    expect(desk.decided).toEqual([]);
  });

  it("waits for its issuer alone, and has tokens of the file only where there is one", async () => {
    const { issuer, desk, decide } = await bench();
    issuer.answer({ away: true });
    const token = await issuer.sign({ email: "ana@acme.example", groups: ["ops"] });
    expect(await decide("pause", token, pause)).toBe(503);
    expect(await decide("pause", deskTokens.operate, pause)).toBe(401);
    expect(desk.log.join("")).not.toContain(token.slice(20));
  });
});
