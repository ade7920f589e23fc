/**
 * The status page over HTTP: the page, its live part, its script and style, and the way in. Nothing on it comes from
 * elsewhere and nothing in it runs but its own script, which the headers make the browser hold to.
 */
import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Route, RouteContext } from "../adapters/http/route.ts";
import type { PageCode } from "../core/protocol/api.ts";
import { renderDoor, renderEntered, renderPage } from "../dashboard/fleet-page.ts";
import { readQuery } from "../dashboard/page-query.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Access } from "./access.ts";
import { PageAccess } from "./page-access.ts";
import type { PageViews, RenderedPart } from "./page-views.ts";
import { isoTime } from "./silences.ts";

export interface PageRoutesOptions {
  readonly access: Access;
  /** The API token. */
  readonly token: string;
  /** Served over TLS. */
  readonly isSecure: boolean;
  readonly views: PageViews;
  readonly clock: Clock;
}

/** Reads the files of the page once. */
export async function pageRoutes(options: PageRoutesOptions): Promise<Route[]> {
  const { access, views, clock } = options;
  const doors = new PageAccess(options);
  const admits = async ({ headers }: IncomingMessage): Promise<boolean> => {
    const credential = doors.credentialOf(headers.cookie);
    return credential !== null && (await access.holds(credential));
  };
  const files = await Promise.all(assets.map(assetRoute));
  return [
    {
      kind: "json",
      method: "POST",
      path: "/api/v1/page-code",
      authorize: access.need("view"),
      handle: ({ caller }) => answerCode(doors, caller?.credential ?? ""),
    },
    ...files,
    page("/enter", ({ query }, _request, response) => enter(doors, query, response)),
    page("/", async ({ query }, request, response) => {
      if (!(await admits(request))) return sendHtml(response, 403, renderDoor("none"));
      const { part, tag } = views.live(readQuery(query));
      sendHtml(response, 200, renderPage(part, { tag, at: clock.now() }));
    }),
    page("/live", async ({ query }, request, response) => {
      // Not 401: that has to name a way to log in, and a browser would ask for a password.
      if (!(await admits(request))) {
        sendHtml(response, 403, renderDoor("none"));
        return;
      }
      await sendLive(request, response, views.live(readQuery(query)));
    }),
  ];
}

async function sendLive(
  { headers }: IncomingMessage,
  response: ServerResponse,
  { body, tag, compressed }: RenderedPart,
): Promise<void> {
  response.setHeader("etag", tag);
  response.setHeader("vary", "accept-encoding");
  if (headers["if-none-match"] === tag) {
    send(response, 304, { type: html, body: "" });
  } else if (/\bgzip\b/.test(headers["accept-encoding"]?.toString() ?? "")) {
    const smaller = await compressed();
    response.setHeader("content-encoding", "gzip");
    send(response, 200, { type: html, body: smaller });
  } else {
    send(response, 200, { type: html, body });
  }
}

type Handler = (
  context: RouteContext,
  request: IncomingMessage,
  response: ServerResponse,
) => void | Promise<void>;

function page(path: string, handle: Handler): Route {
  return { kind: "raw", method: "GET", path, handle };
}

const html = "text/html; charset=utf-8";
const assets = [
  { name: "page.js", type: "text/javascript; charset=utf-8" },
  { name: "page.css", type: "text/css; charset=utf-8" },
  { name: "icon.svg", type: "image/svg+xml" },
] as const;

async function assetRoute({ name, type }: (typeof assets)[number]): Promise<Route> {
  const body = await readFile(new URL(`../dashboard/browser/${name}`, import.meta.url));
  return page(`/${name}`, (_context, _request, response) => send(response, 200, { type, body }));
}

function answerCode(doors: PageAccess, credential: string): PageCode {
  const { code, endsAt } = doors.issueCode(credential);
  return { path: `/enter?code=${code}`, endsAt: isoTime(endsAt) };
}

function enter(doors: PageAccess, query: URLSearchParams, response: ServerResponse): void {
  const cookie = doors.enter(query.get("code") ?? "");
  if (cookie === null) return sendHtml(response, 403, renderDoor("code"));
  response.setHeader("set-cookie", cookie);
  sendHtml(response, 200, renderEntered());
}

function sendHtml(response: ServerResponse, status: number, body: string): void {
  send(response, status, { type: html, body });
}

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

function send(
  response: ServerResponse,
  status: number,
  { type, body }: { type: string; body: string | Buffer },
): void {
  response.writeHead(status, {
    "content-type": type,
    ...(status === 304 ? {} : { "content-length": Buffer.byteLength(body) }),
    "cache-control": "no-store",
    "content-security-policy": policy,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
  });
  response.end(body);
}
