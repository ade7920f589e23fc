import { describe, expect, it } from "vitest";
import {
  apiToken,
  type ControllerDesk,
  deskTokens,
  eastToken,
  startDesk,
} from "../support/controller-desk.ts";

const commit = "4be1c07d5b57875f334f61aebed695e2e4193db5";
const why = "because";
const scope = { fleet: true };
const [app, release, site] = ["web", "web-1", "paris"];

type Access = "public" | "session" | "mirror" | "view" | "operate" | "admin";
interface Case {
  readonly path: string;
  readonly access: Access;
  readonly body?: object;
}

/** Every route of the controller, what is asked of it, and who may ask. A route that is not here fails the test. */
const table: Readonly<Record<string, readonly Case[]>> = {
  "GET /healthz": [{ path: "/healthz", access: "public" }],
  "GET /api/v1/status": [{ path: "/api/v1/status", access: "view" }],
  "GET /api/v1/explain": [{ path: "/api/v1/explain?site=paris&app=web", access: "view" }],
  "GET /api/v1/history": [{ path: "/api/v1/history?app=web", access: "view" }],
  "GET /api/v1/diff": [{ path: "/api/v1/diff?site=paris&app=web", access: "view" }],
  "POST /api/v1/rollout/:verb": [
    { path: "pause", access: "operate", body: { scope } },
    { path: "resume", access: "operate", body: { scope } },
    { path: "approve", access: "operate", body: { app, release, stage: "rest" } },
    { path: "approve", access: "operate", body: { app, release, removal: "orphan" } },
    { path: "approve", access: "admin", body: { app, release, removal: "delete" } },
    { path: "approve", access: "admin", body: { app, release, deletions: 7 } },
    { path: "excuse", access: "operate", body: { app, release, site } },
    { path: "excuse", access: "operate", body: { region: "east" } },
    { path: "excuse", access: "admin", body: { site, uid: "u-1" } },
    { path: "retry", access: "operate", body: { app, release } },
    { path: "rollback", access: "operate", body: { app } },
    { path: "rollback", access: "operate", body: { app, to: "old-1" } },
    { path: "promote", access: "operate", body: { app, release, stage: "rest" } },
    { path: "urgent", access: "operate", body: { app, release } },
    { path: "accept-head", access: "admin", body: { commit } },
    { path: "recover", access: "admin", body: {} },
  ].map((each): Case => ({
    path: `/api/v1/rollout/${each.path}`,
    access: each.access === "admin" ? "admin" : "operate",
    body: { why, ...each.body },
  })),
  "POST /mirrors/:mirror.git/reports": [
    { path: "/mirrors/east.git/reports", access: "mirror", body: {} },
  ],
  "POST /mirrors/:mirror.git/answers": [
    { path: "/mirrors/east.git/answers", access: "mirror", body: {} },
  ],
  "GET /mirrors/:mirror.git/hints": [{ path: "/mirrors/east.git/hints", access: "mirror" }],
  "* /mirrors/:mirror.git/*": [
    { path: "/mirrors/east.git/info/refs?service=git-upload-pack", access: "mirror" },
  ],
  "POST /api/v1/page-code": [{ path: "/api/v1/page-code", access: "view", body: {} }],
  "GET /page.js": [{ path: "/page.js", access: "public" }],
  "GET /page.css": [{ path: "/page.css", access: "public" }],
  "GET /icon.svg": [{ path: "/icon.svg", access: "public" }],
  "GET /enter": [{ path: "/enter?code=none", access: "session" }],
  "GET /": [{ path: "/", access: "session" }],
  "GET /live": [{ path: "/live", access: "session" }],
};

const basic = (token: string): string => `Basic ${btoa(`flotilla:${token}`)}`;
const callers: Readonly<Record<string, string | undefined>> = {
  nobody: undefined,
  stranger: "Bearer no-such-token-0123456789",
  worker: basic(eastToken),
  "worker of west": basic("west-token-0123456789abcdef"),
  view: `Bearer ${deskTokens.view}`,
  operate: `Bearer ${deskTokens.operate}`,
  admin: `Bearer ${deskTokens.admin}`,
  "API token": `Bearer ${apiToken}`,
};
const ranks = ["view", "operate", "admin", "API token"];

/** The status that a caller gets; "in": whatever the route answers to those who may ask. */
function expected(access: Access, caller: string): number | "in" {
  if (access === "public") return "in";
  // A page for browsers: no other credential is taken, and a 401 would make them ask for a password.
  if (access === "session") return 403;
  if (access === "mirror") return caller === "worker" ? "in" : 401;
  if (!ranks.includes(caller)) return 401;
  return ranks.indexOf(caller) >= ranks.indexOf(access) ? "in" : 403;
}

async function statusOf(desk: ControllerDesk, each: Case, caller: string) {
  const authorization = callers[caller];
  const gone = new AbortController();
  const answer = await desk.fetch(each.path, {
    method: each.body === undefined ? "GET" : "POST",
    headers: {
      ...(authorization === undefined ? {} : { authorization }),
      ...(each.body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(each.body === undefined ? {} : { body: JSON.stringify(each.body) }),
    signal: gone.signal,
  });
  const { status } = answer;
  gone.abort();
  return status === 401 || status === 403 ? status : "in";
}

describe("who may ask the controller what", { timeout: 60_000 }, () => {
  it("is told for every route", async () => {
    const { routes } = await startDesk();
    expect(Object.keys(table)).toEqual(routes.map(({ method, path }) => `${method} ${path}`));
  });

  it("is told for every decision", async () => {
    const desk = await startDesk();
    const headers = {
      authorization: `Bearer ${deskTokens.admin}`,
      "content-type": "application/json",
    };
    const init = { method: "POST", headers, body: "{}" };
    const { hint } = (await (await desk.fetch("/api/v1/rollout/none", init)).json()) as {
      hint: string;
    };
    const told = table["POST /api/v1/rollout/:verb"]?.map(({ path }) => path.split("/").at(-1));
    expect(new Set(hint.replace("decisions are ", "").split(", "))).toEqual(new Set(told));
  });

  it.each(Object.keys(table))("holds for %s", async (key) => {
    for (const each of table[key] ?? []) {
      const desk = await startDesk();
      const found: Record<string, number | "in"> = {};
      const wanted: Record<string, number | "in"> = {};
      for (const caller of Object.keys(callers)) {
        found[caller] = await statusOf(desk, each, caller);
        wanted[caller] = expected(each.access, caller);
      }
      expect({ path: each.path, body: each.body, ...found }).toEqual({
        path: each.path,
        body: each.body,
        ...wanted,
      });
    }
  });
});
