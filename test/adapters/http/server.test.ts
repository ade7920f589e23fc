import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { FleetError } from "../../../src/core/errors.ts";
import { requireBasic, requireBearer } from "../../../src/adapters/http/authorize.ts";
import type { Route } from "../../../src/adapters/http/route.ts";
import { type HttpServer, startHttpServer } from "../../../src/adapters/http/server.ts";
import { createLogger } from "../../../src/runtime/logger.ts";
import { systemClock } from "../../../src/runtime/system-clock.ts";

const token = "a-token-of-the-api";
const logger = createLogger({ name: "test", level: "silent" });
const clock = systemClock();
let server: HttpServer | undefined;

afterEach(async () => {
  await server?.close();
});

async function serve(routes: readonly Route[], closeGraceMs = 200): Promise<HttpServer> {
  server = await startHttpServer({ listen: "127.0.0.1:0", routes, logger, clock, closeGraceMs });
  return server;
}

const echo: Route = {
  kind: "json",
  method: "POST",
  path: "/echo/:name",
  maxBodyBytes: 100,
  handle: ({ params, query }, body) => ({ ...params, q: query.get("q"), body }),
};
const post = (body: string, headers: Record<string, string> = {}): RequestInit => ({
  method: "POST",
  body,
  headers: { "content-type": "application/json", ...headers },
});

/** Unlike fetch it sends any header, and paths as they are. */
function rawRequest(
  url: string,
  path: string,
  headers: Record<string, string>,
): Promise<{ status: number; headers: IncomingHttpHeaders }> {
  return new Promise((resolve, reject) => {
    const { port } = new URL(url);
    const call = httpRequest({ host: "127.0.0.1", port, path, headers }, (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0, headers: response.headers });
    });
    call.on("error", reject).end();
  });
}

describe("the HTTP server", () => {
  it("keeps a connection for longer than a worker is ever silent, and says so", async () => {
    const { url } = await serve([echo]);
    const { headers } = await fetch(`${url}/echo/a`, post("{}"));
    expect(headers.get("keep-alive")).toBe("timeout=75");
  });

  it("answers JSON with path parameters, query and body", async () => {
    const { url } = await serve([echo]);
    const answer = await fetch(`${url}/echo/a%20b?q=1`, post('{"x":[1]}'));
    expect([answer.status, await answer.json()]).toEqual([
      200,
      { name: "a b", q: "1", body: { x: [1] } },
    ]);
  });

  it.each([
    ["an unknown path", "/nothing", post("{}"), 404],
    ["a wrong method", "/echo/a", { method: "DELETE" }, 405],
    ["broken JSON", "/echo/a", post("{"), 400],
    ["a body that is not JSON", "/echo/a", post("{}", { "content-type": "text/plain" }), 415],
    ["a body that is too large", "/echo/a", post(JSON.stringify("x".repeat(200))), 413],
    ["an encoded slash", "/echo/a%2fb", post("{}"), 404],
    ["an encoded parent folder", "/echo/%2e%2e%5c", post("{}"), 404],
    ["a broken escape", "/echo/%zz", post("{}"), 404],
  ] satisfies [string, string, RequestInit, number][])(
    "refuses %s with a code and a message",
    async (...[, path, init, status]) => {
      const { url } = await serve([echo]);
      const answer = await fetch(`${url}${path}`, init);
      expect(answer.status).toBe(status);
      expect(await answer.json()).toEqual(
        expect.objectContaining({ code: expect.any(String), message: expect.any(String) }),
      );
    },
  );

  it("stops reading a body of unknown length at the limit", async () => {
    const { url } = await serve([echo]);
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(new TextEncoder().encode("x".repeat(1000))),
    });
    const init = { method: "POST", body: endless, duplex: "half" } as RequestInit; // fetch wants `duplex`
    const answer = await fetch(`${url}/echo/a`, init).catch(() => undefined);
    expect([413, undefined]).toContain(answer?.status);
  });

  it.each([
    [new FleetError("NOT_FOUND", "no app x", { hint: "see status" }), 404],
    [new FleetError("NOT_NOW", "it has passed"), 409],
    [new FleetError("UNAUTHORIZED", "wrong"), 401],
    [new FleetError("USAGE", "what?"), 400],
    [new FleetError("GIT_FAILED", "try again"), 503],
    [new FleetError("STATE_CORRUPT", "broken", { retry: "never" }), 500],
  ])("answers %s as a status", async (error, status) => {
    const route: Route = {
      kind: "json",
      method: "GET",
      path: "/",
      handle: () => Promise.reject(error),
    };
    const { url } = await serve([route]);
    const answer = await fetch(url);
    expect(answer.status).toBe(status);
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    expect(await answer.json()).toEqual({ code: error.code, message: error.message, ...hint });
  });

  it("tells nothing of a bug, and no credentials of an expected failure", async () => {
    const failing = (path: string, error: Error): Route => ({
      kind: "json",
      method: "GET",
      path,
      handle: () => Promise.reject(error),
    });
    const { url } = await serve([
      failing("/bug", new TypeError("secret of the house")),
      failing("/url", new FleetError("GIT_FAILED", "cannot fetch https://a:hunter2@b/c")),
    ]);
    const bug = await fetch(`${url}/bug`);
    expect([bug.status, await bug.text()]).toEqual([500, expect.not.stringContaining("house")]);
    expect(await (await fetch(`${url}/url`)).text()).not.toContain("hunter2");
  });

  it("lets in who has the token, by Bearer or as git sends it, and nobody else", async () => {
    const bearer: Route = {
      kind: "json",
      method: "GET",
      path: "/api",
      authorize: ({ authorization }) => requireBearer(authorization, token),
      handle: () => "in",
    };
    const basic: Route = {
      ...bearer,
      path: "/git",
      authorize: ({ authorization }) => requireBasic(authorization, token),
    };
    const { url } = await serve([bearer, basic]);
    const basicOf = (password: string): string => `Basic ${btoa(`flotilla:${password}`)}`;
    const statusOf = async (path: string, authorization?: string): Promise<number> =>
      (await fetch(url + path, authorization === undefined ? {} : { headers: { authorization } }))
        .status;
    expect(await statusOf("/api", `Bearer ${token}`)).toBe(200);
    expect(await statusOf("/git", basicOf(token))).toBe(200);
    for (const wrong of [undefined, "Bearer x", "Bearer ", `Basic ${token}`, `Bearer ${token}x`]) {
      expect(await statusOf("/api", wrong)).toBe(401);
    }
    for (const wrong of [undefined, basicOf("x"), basicOf(""), `Bearer ${token}`]) {
      expect(await statusOf("/git", wrong)).toBe(401);
    }
    const asked = await fetch(`${url}/git`);
    expect(asked.headers.get("www-authenticate")).toContain("Basic");
  });

  it("lets nobody in with an empty token", () => {
    expect(() => requireBearer("Bearer x", "")).toThrow("the token is wrong");
    expect(() => requireBasic(`Basic ${btoa("flotilla:")}`, "")).toThrow("the token is wrong");
  });

  it("refuses a Host or Origin of another machine", async () => {
    const { url } = await serve([{ kind: "json", method: "GET", path: "/", handle: () => "in" }]);
    const statusWith = async (headers: Record<string, string>): Promise<number> =>
      (await rawRequest(url, "/", headers)).status;
    expect(await statusWith({ host: "evil.example" })).toBe(421);
    expect(await statusWith({ host: "127.0.0.1.evil.example:80" })).toBe(421);
    expect(await statusWith({ host: "localhost:1", origin: "https://evil.example" })).toBe(403);
    expect(await statusWith({ host: "localhost:1", origin: "null" })).toBe(403);
    expect(await statusWith({ host: "localhost:1" })).toBe(200);
    expect(await statusWith({ host: "[::1]:1" })).toBe(200);
  });

  it.each(["0.0.0.0:0", "[::]:0", "192.168.1.4:7420", "example.com:80", ":7420", "127.0.0.1", ""])(
    "will not listen on %s",
    async (listen) => {
      const starting = startHttpServer({ listen, routes: [], logger, clock });
      await expect(starting).rejects.toMatchObject({ code: "USAGE", hint: expect.any(String) });
    },
  );

  it("says that a port is taken", async () => {
    const { port } = await serve([]);
    const starting = startHttpServer({ listen: `127.0.0.1:${port}`, routes: [], logger, clock });
    await expect(starting).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringContaining("EADDRINUSE"),
    });
  });

  it("gives a raw handler the rest of the path, and cuts an answer that broke off", async () => {
    const { url } = await serve([
      {
        kind: "raw",
        method: "*",
        path: "/mirrors/:mirror.git/*",
        handle: ({ params }, _request, response) => {
          response.write(`${params["mirror"]} ${params["rest"]}`);
          if (params["rest"] === "broken") throw new Error("half way");
          response.end();
        },
      },
    ]);
    const answer = await fetch(`${url}/mirrors/eu--a.git/info/refs?service=x`);
    expect(await answer.text()).toBe("eu--a info/refs");
    await expect(
      fetch(`${url}/mirrors/eu.git/broken`).then((broken) => broken.text()),
    ).rejects.toThrow(/terminated|fetch failed/);
    const outside = "/mirrors/eu.git/..%2f..%2fetc/passwd";
    expect((await rawRequest(url, outside, { host: "localhost" })).status).toBe(404);
  });

  it("ends streams when it closes, and cuts what does not end in time", async () => {
    const stream = (path: string, endsByItself: boolean): Route => ({
      kind: "raw",
      method: "GET",
      path,
      handle: ({ signal }, _request, response) => {
        response.write("first\n");
        if (endsByItself) signal.addEventListener("abort", () => response.end("last\n"));
      },
    });
    const running = await serve([stream("/good", true), stream("/bad", false)], 50);
    const good = await fetch(`${running.url}/good`);
    const bad = await fetch(`${running.url}/bad`);
    const badText = bad.text().catch(() => "cut");
    await running.close();
    expect(await good.text()).toBe("first\nlast\n");
    expect(await badText).toBe("cut");
    await expect(fetch(running.url)).rejects.toThrow("fetch failed");
  });

  it("tells a handler that its client has gone", async () => {
    const gone = Promise.withResolvers<string>();
    const { url } = await serve([
      {
        kind: "raw",
        method: "GET",
        path: "/",
        handle: ({ signal }, _request, response) => {
          signal.addEventListener("abort", () => gone.resolve("gone"));
          response.write("first\n");
        },
      },
    ]);
    const leave = new AbortController();
    await fetch(url, { signal: leave.signal });
    leave.abort();
    expect(await gone.promise).toBe("gone");
  });

  it("survives nonsense and half requests", async () => {
    const { url, port } = await serve([echo]);
    for (const text of [
      "\u0000\u0001\r\n\r\n",
      "GET / HTTP/1.1\r\n",
      "POST /echo/a HTTP/1.1\r\nhost: localhost\r\ncontent-length: 50\r\n\r\n{",
    ]) {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => undefined);
      await new Promise<void>((resolve) => socket.write(text, () => resolve()));
      socket.destroy();
    }
    expect((await fetch(`${url}/echo/a`, post("{}"))).status).toBe(200);
  });

  it("stops when its signal aborts", async () => {
    const stop = new AbortController();
    server = await startHttpServer({
      listen: "localhost:0",
      routes: [],
      logger,
      clock,
      signal: stop.signal,
    });
    stop.abort();
    await server.close();
    await expect(fetch(server.url)).rejects.toThrow("fetch failed");
  });
});
