/**
 * The controller's HTTP side with nothing behind it: all its real routes over real HTTPS on loopback, with a token file,
 * a mirror `east` and an API token. What is decided there is kept in `decided`.
 */
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Agent, fetch as fetchWith, type RequestInit } from "undici";
import { onTestFinished } from "vitest";
import type { Route } from "../../src/adapters/http/route.ts";
import { startHttpServer } from "../../src/adapters/http/server.ts";
import { controllerRoutes } from "../../src/controller/controller-routes.ts";
import { type ControllerConfig, controllerSettings } from "../../src/controller/config.ts";
import type { AskedDecision } from "../../src/controller/decision-body.ts";
import { HintBoard } from "../../src/controller/hint-board.ts";
import { QuestionBoard } from "../../src/controller/question-board.ts";
import { PageViews } from "../../src/controller/page-views.ts";
import type { FleetStatus } from "../../src/core/protocol/api.ts";
import type { Role } from "../../src/core/protocol/caller.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import { createLogger } from "../../src/runtime/logger.ts";
import { systemClock } from "../../src/runtime/system-clock.ts";
import { createCertificate } from "./certificate.ts";
import { temporaryFolder } from "./git-repository.ts";

export interface ControllerDesk {
  readonly url: string;
  readonly routes: readonly Route[];
  readonly decided: readonly AskedDecision[];
  /** Lines of the log. */
  readonly log: readonly string[];
  readonly tokensFile: string;
  fetch(path: string, init?: RequestInit): ReturnType<typeof fetchWith>;
}

/** Tokens by role, as `writeTokens` puts them into the file. */
export const deskTokens = {
  view: "view-token-0123456789abcdef",
  operate: "operate-token-0123456789abcdef",
  admin: "admin-token-0123456789abcdef",
} as const satisfies Record<Role, string>;
export const apiToken = "api-token-0123456789abcdef";
export const eastToken = "east-token-0123456789abcdef";

const noStatus: FleetStatus = {
  fleet: "acme",
  revision: null,
  refused: null,
  sites: { total: 0, synced: 0, healthy: 0, offline: 0, suspended: 0 },
  regions: [],
  apps: [],
  siteList: [],
  releases: [],
  waits: [],
  holds: [],
  warnings: [],
};

/** A token file's text: the tokens of these roles, each of a caller named `<role>-person`. */
export function tokensText(roles: readonly Role[]): string {
  const entry = (role: Role): string => {
    const sha256 = createHash("sha256").update(deskTokens[role]).digest("hex");
    return `- {name: ${role}-person, role: ${role}, sha256: ${sha256}}\n`;
  };
  return roles.length === 0 ? "tokens: []\n" : `tokens:\n${roles.map(entry).join("")}`;
}

/** Starts it; it ends with the test. */
export async function startDesk(
  changes: Partial<ControllerConfig> = {},
  clock: Clock = systemClock(),
): Promise<ControllerDesk> {
  const dir = await temporaryFolder();
  const { caFile, keyFile, cert } = await createCertificate();
  const tokensFile = join(dir, "tokens.yaml");
  await writeFile(tokensFile, tokensText(["view", "operate", "admin"]));
  await writeFile(join(dir, "api-token"), apiToken);
  await writeFile(join(dir, "east.token"), eastToken);
  const log: string[] = [];
  const destination = { write: (line: string) => void log.push(line) };
  const logger = createLogger({ name: "test", level: "debug", destination });
  const settings = controllerSettings({
    fleet: { url: "/nowhere" },
    stateDir: dir,
    listen: "127.0.0.1:0",
    tls: { certFile: caFile, keyFile },
    access: { tokensFile },
    mirrors: { east: { tokenFile: join(dir, "east.token") } },
    ...changes,
  });
  const decided: AskedDecision[] = [];
  const routes = await controllerRoutes(settings, deskBehind(dir, decided, clock), {
    clock,
    logger,
  });
  const { listen, tls } = settings;
  const server = await startHttpServer({ listen, tls, routes, clock, logger, closeGraceMs: 100 });
  const dispatcher = new Agent({ connect: { ca: cert } });
  onTestFinished(async () => {
    await dispatcher.destroy();
    await server.close();
  });
  const fetch: ControllerDesk["fetch"] = (path, init = {}) =>
    fetchWith(server.url + path, { ...init, dispatcher });
  return { url: server.url, routes, decided, log, tokensFile, fetch };
}

function deskBehind(
  dir: string,
  decided: AskedDecision[],
  clock: Clock,
): Parameters<typeof controllerRoutes>[1] {
  const explained = { site: "paris", app: "web", answer: "", placed: true, because: [] };
  const rest = {
    overlays: [],
    release: null,
    tree: null,
    observed: null,
    waits: [],
    refused: null,
  };
  return {
    api: {
      status: () => noStatus,
      explain: () => ({ ...explained, ...rest }),
      history: () => Promise.resolve({ app: "web", releases: [], more: false }),
      diff: ({ site }) => Promise.resolve({ site, apps: [] }),
      decide: async (asked) => {
        decided.push(asked);
        return { commit: "c0ffee", message: "recorded" };
      },
      sickness: () => null,
    },
    mirrors: {
      hints: new HintBoard(() => 1),
      questions: new QuestionBoard({ clock, wake: () => undefined }),
      isLeading: () => true,
      takeReport: () => ({ resend: false, changed: false, completes: false }),
      wanted: () => null,
      onPush: () => undefined,
      repoDir: () => dir,
      news: () => Promise.resolve(null),
    },
    views: new PageViews({
      read: () => ({ status: noStatus, problem: null }),
      version: () => 0,
      clock,
    }),
  };
}
