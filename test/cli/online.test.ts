import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { requireBearer } from "../../src/adapters/http/authorize.ts";
import { type HttpServer, startHttpServer } from "../../src/adapters/http/server.ts";
import type { CliIo, ExitCode } from "../../src/cli/command.ts";
import { runCommand } from "../../src/cli/main.ts";
import { FleetError } from "../../src/core/errors.ts";
import type { Explanation, FleetStatus } from "../../src/core/protocol/api.ts";
import type { Wait } from "../../src/core/rollout/planner-types.ts";
import { createLogger } from "../../src/runtime/logger.ts";
import { systemClock } from "../../src/runtime/system-clock.ts";
import { writeTokenFile } from "../../src/runtime/token-file.ts";
import { releaseHistory } from "../support/release-history.ts";

const commit = "4be1c07d5b57875f334f61aebed695e2e4193db5";
const past = releaseHistory(commit);
const settled: FleetStatus = {
  fleet: "acme",
  revision: `main@sha1:${commit}`,
  refused: null,
  sites: { total: 2, synced: 2, healthy: 2, offline: 0, suspended: 0 },
  regions: [{ name: "asia", sites: 2, worker: "live", message: "" }],
  apps: [{ app: "web", sites: 2, synced: 2, healthy: 2, release: "web-1" }],
  siteList: [],
  releases: [],
  waits: [],
  holds: [],
  warnings: [],
};
const wait = (site: string): Wait => ({
  app: "web",
  release: "web-2",
  stage: "rest",
  site,
  code: "soak",
  reason: "stage canary soaks",
  endsWhen: "4 min have passed",
});
const explanation: Explanation = {
  site: "tokyo",
  app: "web",
  answer: "web is at tokyo",
  placed: true,
  because: ["retail: tier=retail (fleet/virtual-sites.yaml:4)"],
  overlays: ["eu-image"],
  release: "web-1",
  tree: "b".repeat(40),
  observed: { sync: "Synced", health: "Healthy", message: "" },
  waits: [],
  refused: null,
};

let server: HttpServer;
let tokenFile: string;
let status: FleetStatus;
let explained: Explanation;
let decisions: unknown[];
let refusal: FleetError | undefined;

beforeEach(async () => {
  [status, explained, decisions, refusal] = [settled, explanation, [], undefined];
  tokenFile = join(await mkdtemp(join(tmpdir(), "flotilla-online-")), "api-token");
  const token = await writeTokenFile(tokenFile);
  const authorize = ({ authorization }: { authorization: string | undefined }): void =>
    requireBearer(authorization, token);
  server = await startHttpServer({
    listen: "127.0.0.1:0",
    logger: createLogger({ name: "test", level: "silent" }),
    clock: systemClock(),
    routes: [
      { kind: "json", method: "GET", path: "/api/v1/status", authorize, handle: () => status },
      { kind: "json", method: "GET", path: "/api/v1/explain", authorize, handle: () => explained },
      {
        kind: "json",
        method: "GET",
        path: "/api/v1/history",
        authorize,
        handle: ({ query }) => {
          if (query.get("app") === "web") return past;
          if (query.get("app") === "other") return { app: "other", releases: [] };
          throw new FleetError("NOT_FOUND", "no release of it is on record", { hint: "look" });
        },
      },
      {
        kind: "json",
        method: "POST",
        path: "/api/v1/page-code",
        authorize,
        handle: () => ({ path: "/enter?code=c-1", endsAt: "2026-03-02T14:02:11.000Z" }),
      },
      {
        kind: "json",
        method: "POST",
        path: "/api/v1/rollout/:verb",
        authorize,
        handle: ({ params }, body) => {
          if (refusal !== undefined) throw refusal;
          decisions.push({ ...params, ...(body as object) });
          return { commit, message: "recorded" };
        },
      },
    ],
  });
});

afterEach(() => server.close());

interface Outcome {
  readonly code: ExitCode;
  readonly out: string;
  readonly err: string;
}

async function flotilla(
  argv: readonly string[],
  env: CliIo["env"] = { FLOTILLA_CONTROLLER: server.url, FLOTILLA_TOKEN_FILE: tokenFile },
): Promise<Outcome> {
  let [out, err] = ["", ""];
  const code = await runCommand(argv, {
    stdout: (text) => void (out += text),
    stderr: (text) => void (err += text),
    cwd: "/",
    env,
    signal: new AbortController().signal,
  });
  return { code, out, err };
}

const fleetText = `
apiVersion: flotilla.dev/v1alpha1
kind: Fleet
metadata: {name: acme}
spec: {labels: {country: {values: [jp, de]}}}
---
apiVersion: flotilla.dev/v1alpha1
kind: Region
metadata: {name: world}
spec: {}
---
apiVersion: flotilla.dev/v1alpha1
kind: Site
metadata: {name: tokyo, labels: {country: jp}}
spec: {region: world}
---
apiVersion: flotilla.dev/v1alpha1
kind: Site
metadata: {name: berlin, labels: {country: de}}
spec: {region: world}
---
apiVersion: flotilla.dev/v1alpha1
kind: VirtualSite
metadata: {name: japan}
spec: {selector: country=jp}
---
apiVersion: flotilla.dev/v1alpha1
kind: App
metadata: {name: web}
spec:
  namespace: web
  source: {manifests: web.yaml}
  placement: {virtualSites: [japan]}
  overlays:
    - {name: marked, virtualSites: [japan], labels: {marked: "true"}}
`;

describe("flotilla status", () => {
  it("ends with 0 when everything is in sync, healthy and through", async () => {
    const { code, out } = await flotilla(["status"]);
    expect(code).toBe(0);
    expect(out).toMatchInlineSnapshot(`
      "Fleet acme at main@sha1:4be1c07d5b57875f334f61aebed695e2e4193db5
      2 sites: 2 in sync, 2 healthy

      REGION  SITES  WORKER  MESSAGE
      asia    2      live

      APP  SITES  SYNCED  HEALTHY  RELEASE
      web  2      2       2        web-1
      "
    `);
  });

  const noWait = { app: "web", release: null, stage: null, site: null, reason: "", endsWhen: "" };
  it.each<[string, Partial<FleetStatus>]>([
    ["nothing is followed yet", { revision: null }],
    ["the head is refused", { refused: { commit, reason: "3 errors", mistakes: [] } }],
    ["a site is not in sync", { sites: { ...settled.sites, synced: 1 } }],
    ["a site is not healthy", { sites: { ...settled.sites, healthy: 1 } }],
    ["the head has a version known to be bad", { waits: [{ ...noWait, code: "bad-version" }] }],
    [
      "a release is on its way",
      {
        releases: [
          { app: "web", release: { id: "web-2" }, kind: "app", stages: [], state: "held" },
        ],
      },
    ],
  ])("ends with 1 when %s", async (_name, change) => {
    status = { ...settled, ...change };
    expect((await flotilla(["status"])).code).toBe(1);
  });

  it("gathers the sites that wait for the same, and shows unwell ones with their message", async () => {
    status = {
      ...settled,
      refused: { commit, reason: "apps/web.yaml:3:1: error", mistakes: [] },
      siteList: [
        {
          site: "tokyo",
          region: "asia",
          reachable: true,
          suspended: false,
          apps: [
            {
              app: "web",
              sync: "OutOfSync",
              health: "Degraded",
              message: "crash\u001b[31m\nloop",
              release: "web-1",
              revision: commit,
            },
            wellAt("db"),
          ],
        },
        { site: "osaka", region: "asia", reachable: false, suspended: false, apps: [] },
      ],
      releases: [
        {
          app: "web",
          release: { id: "web-2" },
          kind: "app",
          state: "soaking",
          stages: [
            { ...stage("canary", 1), done: 1, opened: true, passed: true },
            { ...stage("rest", 7), inFlight: 1, failed: 1, excused: 2, offline: 1, waiting: 3 },
          ],
        },
      ],
      waits: ["a", "b", "c", "d", "e", "f", "g"].map(wait),
      holds: [{ id: "h1", scope: "app web", target: { app: "web" }, by: "api", why: "look" }],
      warnings: ["state is on one disk"],
    };
    expect((await flotilla(["status"])).out).toMatchInlineSnapshot(`
      "Fleet acme at main@sha1:4be1c07d5b57875f334f61aebed695e2e4193db5
      Not followed: 4be1c07d5b57875f334f61aebed695e2e4193db5: apps/web.yaml:3:1: error
      2 sites: 2 in sync, 2 healthy

      REGION  SITES  WORKER  MESSAGE
      asia    2      live

      APP  SITES  SYNCED  HEALTHY  RELEASE
      web  2      2       2        web-1

      RELEASE  APP  KIND  STATE    STAGES
      web-2    web  app   soaking  canary 1/1 passed, rest 0/7 (1 in flight, 1 failed, 2 excused, 1 of them offline, 3 waiting)

      SITE   REGION  APP  SYNC       HEALTH    MESSAGE
      tokyo  asia    web  OutOfSync  Degraded  crash [31m loop
      osaka  asia    -    -          -         offline

      Waits:
        web stage rest (web-2) at a, b, c, d, e and 2 more: stage canary soaks; ends when 4 min have passed

      Holds:
        h1: app web, by api: look

      Warnings:
        state is on one disk
      "
    `);
  });

  it("gives the controller's own words as JSON and YAML", async () => {
    expect(JSON.parse((await flotilla(["status", "-o", "json"])).out)).toEqual(settled);
    expect((await flotilla(["status", "-o", "yaml"])).out).toMatch(/^fleet: acme$/m);
  });
});

function wellAt(app: string): FleetStatus["siteList"][number]["apps"][number] {
  return { app, sync: "Synced", health: "Healthy", message: "", release: null, revision: null };
}

function stage(name: string, sites: number): FleetStatus["releases"][number]["stages"][number] {
  const none = {
    done: 0,
    inFlight: 0,
    waiting: 0,
    failed: 0,
    unchanged: 0,
    excused: 0,
    offline: 0,
    rolledBack: 0,
  };
  const budgets = { failureBudget: 0, maxInFlight: 1, maxUnavailable: 1, soakMs: 0 };
  return { name, by: `count ${sites}`, ...budgets, sites, ...none, opened: false, passed: false };
}

describe("flotilla dashboard", () => {
  it("prints a link to the controller that it asked, and nothing else", async () => {
    const outcome = await flotilla(["dashboard"]);
    expect(outcome).toEqual({ code: 0, out: `${server.url}/enter?code=c-1\n`, err: "" });
  });

  it("tells programs when the link ends", async () => {
    const { out } = await flotilla(["dashboard", "-o", "json"]);
    const url = `${server.url}/enter?code=c-1`;
    expect(JSON.parse(out)).toEqual({ url, endsAt: "2026-03-02T14:02:11.000Z" });
  });
});

describe("flotilla history", () => {
  it("lists releases with what started them and what became of them", async () => {
    const { code, out } = await flotilla(["history", "web"]);
    expect(code).toBe(0);
    expect(out).toMatchInlineSnapshot(`
      "RELEASE     KIND      STARTED                  BY                   SITES  VERDICT                                 ENDED
      back-web-1  rollback  2026-03-02 14:02:11 UTC  ada                  2      open                                    -
      web-1       app       2026-03-01 14:02:11 UTC  commit 4be1c07d5b57  2      done, current, 1 of 2 sites; 1 offline  2026-03-01 14:12:11 UTC
      "
    `);
    expect((await flotilla(["history", "other"])).code).toBe(1);
    expect(await flotilla(["history", "unknown"])).toEqual({
      code: 1,
      out: "",
      err: "flotilla: no release of it is on record; look\n",
    });
    expect((await flotilla(["history"])).code).toBe(2);
    expect(JSON.parse((await flotilla(["history", "web", "-o", "json"])).out)).toEqual(past);
  });
});

describe("flotilla explain", () => {
  it("ends with 0 when the app is there and says what follows from what", async () => {
    const { code, out } = await flotilla(["explain", "tokyo", "web"]);
    expect(code).toBe(0);
    expect(out).toMatchInlineSnapshot(`
      "web is at tokyo
        placement  retail: tier=retail (fleet/virtual-sites.yaml:4)
        overlays   eu-image
        release    web-1
        tree       bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
        observed   Synced, Healthy
      "
    `);
  });

  it("tells since when it stands there, and since when it is healthy", async () => {
    const [appliedAt, healthySince] = ["2026-11-28T10:00:00.123Z", "2026-11-28T10:00:12Z"];
    const observed = { sync: "OutOfSync", health: "Degraded", message: "it crashes", appliedAt };
    explained = { ...explanation, observed: { ...observed, health: "Degraded" } };
    const sick = await flotilla(["explain", "tokyo", "web"]);
    expect(sick.out).toContain("  times      applied at 2026-11-28 10:00:00 UTC\n");
    explained = { ...explanation, observed: { ...observed, health: "Healthy", healthySince } };
    const well = await flotilla(["explain", "tokyo", "web"]);
    expect(well.out).toContain(
      "applied at 2026-11-28 10:00:00 UTC, healthy since 2026-11-28 10:00:12 UTC\n",
    );
    const told = await flotilla(["explain", "tokyo", "web", "-o", "json"]);
    expect(JSON.parse(told.out)).toMatchObject({ observed: { appliedAt, healthySince } });
  });

  it("ends with 1 when it is not there, or not there yet", async () => {
    explained = { ...explanation, observed: null, waits: [wait("tokyo")] };
    expect(await flotilla(["explain", "tokyo", "web"])).toMatchObject({ code: 1 });
    const missing = { sync: "OutOfSync", health: "Missing", message: "" } as const;
    explained = { ...explanation, observed: missing };
    expect(await flotilla(["explain", "tokyo", "web"])).toMatchObject({ code: 1 });
  });

  it("tells from a checkout alone where the app belongs, and what changes it there", async () => {
    const dir = await mkdtemp(join(tmpdir(), "flotilla-explain-"));
    await writeFile(join(dir, "fleet.yaml"), fleetText);
    await writeFile(
      join(dir, "web.yaml"),
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n",
    );
    const there = await flotilla(["explain", "tokyo", "web", "--dir", dir], {});
    expect(there.code).toBe(0);
    expect(there.out).toMatchInlineSnapshot(`
      "web belongs at tokyo, by this checkout
        placement  japan, which holds it (country=jp, fleet.yaml:25)
        overlays   marked, for japan (fleet.yaml:35)
      "
    `);
    const elsewhere = await flotilla(["explain", "berlin", "web", "--dir", dir], {});
    expect(elsewhere.code).toBe(1);
    expect(elsewhere.out).toContain("web does not belong at berlin");
    const mistyped = await flotilla(["explain", "tokio", "web", "--dir", dir], {});
    expect(mistyped).toMatchObject({
      code: 2,
      err: expect.stringContaining('did you mean "tokyo"?'),
    });
  });

  it("ends with 2 without a site and an app", async () => {
    expect(await flotilla(["explain", "tokyo"])).toMatchObject({ code: 2 });
  });
});

describe("flotilla rollout", () => {
  const why = "looked at it";
  it.each<[string, object]>([
    ["pause --app web", { scope: { app: "web" } }],
    ["pause --fleet --all", { scope: { fleet: true }, all: true }],
    ["pause --region asia --stage rest", { scope: { region: "asia", stage: "rest" } }],
    ["resume --app web --at web-1", { scope: { app: "web" }, release: "web-1" }],
    ["promote web", { app: "web" }],
    ["promote web web-2 --stage rest", { app: "web", release: "web-2", stage: "rest" }],
    ["urgent web web-2", { app: "web", release: "web-2" }],
    ["resume --site tokyo", { scope: { site: "tokyo" } }],
    ["approve web web-2 --stage rest", { app: "web", release: "web-2", stage: "rest" }],
    ["approve web web-2 --deletions 12", { app: "web", release: "web-2", deletions: 12 }],
    ["approve web web-2 --removal orphan", { app: "web", release: "web-2", removal: "orphan" }],
    ["excuse web web-2 --site tokyo", { app: "web", release: "web-2", site: "tokyo" }],
    ["excuse --site tokyo --uid u-1", { site: "tokyo", uid: "u-1" }],
    ["excuse --region asia", { region: "asia" }],
    ["retry web web-2 --site tokyo", { app: "web", release: "web-2", site: "tokyo" }],
    ["rollback web", { app: "web" }],
    ["rollback web web-2 --site tokyo", { app: "web", release: "web-2", site: "tokyo" }],
    ["rollback web --stage canary", { app: "web", stage: "canary" }],
    ["rollback web --to web-1", { app: "web", to: "web-1" }],
    ["rollback web --to web-1 --stage canary", { app: "web", to: "web-1", stage: "canary" }],
    [`accept-head ${commit}`, { commit }],
    ["recover", {}],
  ])("%s is handed on with its reason", async (line, decision) => {
    const words = line.split(" ");
    const outcome = await flotilla(["rollout", ...words, "--why", why]);
    expect(outcome).toEqual({ code: 0, out: "recorded (control 4be1c07d5b57)\n", err: "" });
    expect(decisions).toEqual([{ verb: words[0], ...decision, why }]);
  });

  it.each([
    "pause",
    "pause --fleet --app web",
    "pause web",
    "approve web web-2",
    "approve web --stage rest",
    "approve web web-2 --stage rest --deletions 3",
    "approve web web-2 --deletions -1",
    "approve web web-2 --deletions many",
    "approve web web-2 --removal hold",
    "excuse",
    "excuse --site a --region b",
    "retry web",
    "retry web web-2 --app web",
    "accept-head",
    "accept-head a b",
    "accept-head 4be1c07",
    "recover now",
    "promote",
    "promote web web-2 rest",
    "rollback web web-2 --to web-1",
    "rollback",
    "rollback web --site a --stage b",
    "rollback web web-2 --region eu",
    "",
  ])("%s is no decision: ends with 2 and asks nothing", async (line) => {
    const outcome = await flotilla(["rollout", ...line.split(" "), "--why", why]);
    expect(outcome).toMatchObject({ code: 2, out: "" });
    expect(decisions).toEqual([]);
  });

  it("says who decides, as far as the shell knows", async () => {
    const env = { FLOTILLA_CONTROLLER: server.url, FLOTILLA_TOKEN_FILE: tokenFile, USER: "ada" };
    await flotilla(["rollout", "recover", "--why", why], env);
    expect(decisions).toEqual([{ verb: "recover", why, by: "ada" }]);
  });

  it("needs a reason", async () => {
    expect(await flotilla(["rollout", "recover"])).toMatchObject({ code: 2 });
    expect(await flotilla(["rollout", "recover", "--why", " "])).toMatchObject({ code: 2 });
  });

  it.each([
    [new FleetError("NOT_FOUND", "there is no release web-9"), 1],
    [new FleetError("NOT_NOW", "the stage has passed", { hint: "see status" }), 1],
    [new FleetError("CONTROL_LOST", "everything is held"), 1],
    [new FleetError("GIT_FAILED", "control cannot be written"), 2],
    [new TypeError("a bug"), 2],
  ])("tells %s by its exit code", async (error, code) => {
    refusal = error as FleetError;
    const outcome = await flotilla(["rollout", "recover", "--why", why]);
    expect(outcome.code).toBe(code);
    expect(outcome.out).toBe("");
  });
});

describe("asking the controller", () => {
  it.each<[string, () => CliIo["env"]]>([
    [
      "nobody listens",
      () => ({ FLOTILLA_CONTROLLER: "http://127.0.0.1:1", FLOTILLA_TOKEN_FILE: tokenFile }),
    ],
    ["no token file is given", () => ({ FLOTILLA_CONTROLLER: server.url })],
    [
      "the token file is missing",
      () => ({ FLOTILLA_CONTROLLER: server.url, FLOTILLA_TOKEN_FILE: "/nowhere" }),
    ],
    [
      "the URL is no controller",
      () => ({ FLOTILLA_CONTROLLER: `${server.url}/x`, FLOTILLA_TOKEN_FILE: tokenFile }),
    ],
    [
      "the URL leaves this machine in clear",
      () => ({ FLOTILLA_CONTROLLER: "http://example.com", FLOTILLA_TOKEN_FILE: tokenFile }),
    ],
    [
      "the URL has credentials",
      () => ({
        FLOTILLA_CONTROLLER: "https://a:hunter2@example.com",
        FLOTILLA_TOKEN_FILE: tokenFile,
      }),
    ],
  ])("ends with 2 and a hint when %s", async (_name, env) => {
    const { code, out, err } = await flotilla(["status"], env());
    expect([code, out]).toEqual([2, ""]);
    expect(err).toMatch(/^flotilla: error: .*; /s);
    expect(err).not.toContain("hunter2");
  });

  it("ends with 2 when the token is of another controller, and never prints it", async () => {
    const other = join(await mkdtemp(join(tmpdir(), "flotilla-online-")), "token");
    await writeFile(other, "hunter2hunter2\n");
    const { code, err } = await flotilla(["status", "--token-file", other]);
    expect(code).toBe(2);
    expect(err).toContain("--token-file must hold a token that this controller knows");
    expect(err).not.toContain("hunter2");
  });

  it("prefers the options to the environment", async () => {
    const argv = ["status", "--controller", server.url, "--token-file", tokenFile];
    const env = { FLOTILLA_CONTROLLER: "http://127.0.0.1:1", FLOTILLA_TOKEN_FILE: "/nowhere" };
    expect(await flotilla(argv, env)).toMatchObject({ code: 0 });
  });
});
