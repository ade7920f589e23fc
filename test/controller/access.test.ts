import { writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import {
  apiToken,
  type ControllerDesk,
  deskTokens,
  startDesk,
  tokensText,
} from "../support/controller-desk.ts";

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

async function status(desk: ControllerDesk, token: string): Promise<number> {
  return (await desk.fetch("/api/v1/status", { headers: bearer(token) })).status;
}

async function pause(desk: ControllerDesk, token: string, by?: string): Promise<number> {
  const headers = { ...bearer(token), "content-type": "application/json" };
  const body = JSON.stringify({ scope: { fleet: true }, why: "w", ...(by && { by }) });
  return (await desk.fetch("/api/v1/rollout/pause", { method: "POST", headers, body })).status;
}

/** The cookie of a browser that a token let in. */
async function session(desk: ControllerDesk, token: string): Promise<string> {
  const asked = await desk.fetch("/api/v1/page-code", { method: "POST", headers: bearer(token) });
  const { path } = (await asked.json()) as { path: string };
  const cookie = (await desk.fetch(path)).headers.get("set-cookie") ?? "";
  expect(cookie).toMatch(/^__Host-.*; Secure$/);
  return cookie.split(";")[0] ?? "";
}

describe("a caller of the API", { timeout: 60_000 }, () => {
  it("is recorded by the proven name, whatever it says; the API token's bearer by what it says", async () => {
    const desk = await startDesk();
    expect(await pause(desk, deskTokens.operate, "the boss")).toBe(200);
    expect(await pause(desk, apiToken, "admin-person (token)")).toBe(200);
    expect(await pause(desk, apiToken)).toBe(200);
    expect(desk.decided.map(({ by }) => by)).toEqual([
      "operate-person (token)",
      "admin-person token",
      "operator",
    ]);
  });

  it("decides nothing without a reason, whatever is decided", async () => {
    const desk = await startDesk();
    const headers = { ...bearer(deskTokens.admin), "content-type": "application/json" };
    for (const why of ["", " \t\n"]) {
      for (const [verb, what] of [
        ["pause", { scope: { fleet: true } }],
        ["resume", { scope: { fleet: true } }],
        ["recover", {}],
      ] as const) {
        const init = { method: "POST", headers, body: JSON.stringify({ ...what, why }) };
        const answer = await desk.fetch(`/api/v1/rollout/${verb}`, init);
        expect([answer.status, await answer.json()]).toEqual([
          400,
          {
            code: "BAD_REQUEST",
            message: `${verb}: /why is empty`,
            hint: "say why: it is recorded with the time and with who decided",
          },
        ]);
      }
    }
    expect(desk.decided).toEqual([]);
  });

  it("is told which role is needed", async () => {
    const desk = await startDesk();
    const headers = { ...bearer(deskTokens.operate), "content-type": "application/json" };
    const init = { method: "POST", headers, body: '{"why":"w"}' };
    const answer = await desk.fetch("/api/v1/rollout/recover", init);
    expect([answer.status, await answer.json()]).toEqual([
      403,
      {
        code: "FORBIDDEN",
        message: "this needs the role admin, and operate-person (token) has the role operate",
        hint: "ask somebody who has it",
      },
    ]);
    expect(desk.decided).toEqual([]);
  });

  it("loses its way in, and its session, when its token is taken out of the file", async () => {
    const desk = await startDesk();
    const [gone, kept] = [
      await session(desk, deskTokens.view),
      await session(desk, deskTokens.admin),
    ];
    const page = async (cookie: string): Promise<number> =>
      (await desk.fetch("/live", { headers: { cookie } })).status;
    expect([await page(gone), await page(kept)]).toEqual([200, 200]);
    await writeFile(desk.tokensFile, tokensText(["admin"]));
    expect(await status(desk, deskTokens.view)).toBe(401);
    expect(await status(desk, deskTokens.admin)).toBe(200);
    expect([await page(gone), await page(kept)]).toEqual([403, 200]);
  });

  it("does not get in by a file that cannot be used, and the log says where it is wrong", async () => {
    const desk = await startDesk();
    await writeFile(
      desk.tokensFile,
      `${tokensText(["admin"])}- {name: b, role: root, sha256: x}\n`,
    );
    expect(await status(desk, deskTokens.admin)).toBe(503);
    expect(await status(desk, apiToken)).toBe(200);
    expect(desk.log.join("")).toContain(`${desk.tokensFile}:3:`);
    await writeFile(desk.tokensFile, tokensText(["admin"]));
    expect(await status(desk, deskTokens.admin)).toBe(200);
  });

  it("is refused unheard after twenty wrong tokens, while a worker of the same machine gets in", async () => {
    const desk = await startDesk();
    for (let count = 0; count < 20; count += 1) expect(await status(desk, "guess")).toBe(401);
    expect(await status(desk, deskTokens.admin)).toBe(429);
    const worker = { authorization: `Basic ${btoa("x:east-token-0123456789abcdef")}` };
    const report = { method: "POST", headers: worker, body: "" };
    expect((await desk.fetch("/mirrors/east.git/reports", report)).status).toBe(400);
  });

  it("leaves no token in the log", async () => {
    const desk = await startDesk();
    for (const token of [...Object.values(deskTokens), apiToken, "a-wrong-token-0123456789"]) {
      await status(desk, token);
      await pause(desk, token);
      await desk.fetch(`/api/v1/none?token=${token}`, { headers: bearer(token) });
    }
    expect(desk.log.length).toBeGreaterThan(0);
    expect(desk.log.join("")).not.toMatch(/-token-0123456789/);
  });
});
