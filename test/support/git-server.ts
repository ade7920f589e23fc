/**
 * A Git remote for tests: smart HTTP on 127.0.0.1 for every repository in a folder, read and push, with a token.
 *
 *   const server = await startGitServer({ root, token: "s3cret" });
 *   await createBareRepository(server.root, "fleet");           // served at server.url("fleet")
 *   server.setToken("rotated");                                 // undefined: no token is asked for
 *   await server.close();                                       // also ends with the process: it is unref'ed
 *
 * The token is taken as Basic (any user name) or Bearer. Wrong or missing: 401. Unknown repository: 404.
 */
import { existsSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { runHttpBackend } from "../../src/adapters/git/http-backend-process.ts";
import { systemClock } from "../../src/runtime/system-clock.ts";
import { git } from "./git-repository.ts";

export interface GitServer {
  readonly root: string;
  readonly port: number;
  /** `http://127.0.0.1:<port>/<name>.git` */
  url(name: string): string;
  setToken(token: string | undefined): void;
  close(): Promise<void>;
}

export async function startGitServer(options: {
  readonly root: string;
  readonly token?: string;
}): Promise<GitServer> {
  let token = options.token;
  const server = createServer((request, response) => {
    void serve({ root: options.root, token, request, response }).catch(() => response.destroy());
  });
  server.unref();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // A listening TCP server has an AddressInfo.
  const { port } = server.address() as AddressInfo;
  return {
    root: options.root,
    port,
    url: (name) => `http://127.0.0.1:${port}/${name}.git`,
    setToken: (next) => {
      token = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** An empty bare repository `<root>/<name>.git` with the branch `main`; its path. */
export async function createBareRepository(root: string, name: string): Promise<string> {
  const dir = join(root, `${name}.git`);
  await git(["init", "-q", "--bare", "--initial-branch=main", dir]);
  return dir;
}

async function serve(options: {
  root: string;
  token: string | undefined;
  request: IncomingMessage;
  response: ServerResponse;
}): Promise<void> {
  const { request, response, root, token } = options;
  const body = await readBody(request);
  if (token !== undefined && passwordOf(request.headers.authorization) !== token) {
    response.writeHead(401, { "www-authenticate": 'Basic realm="git"' }).end("no\n");
    return;
  }
  const { pathname, search } = new URL(request.url ?? "/", "http://localhost");
  const match = /^\/([a-z0-9.-]+)\.git(\/info\/refs|\/git-(?:upload|receive)-pack)$/.exec(pathname);
  const [, name = "?", path = ""] = match ?? [];
  const repoDir = join(root, `${name}.git`);
  if (path === "" || !existsSync(repoDir)) {
    response.writeHead(404).end("no such repository\n");
    return;
  }
  const backend = { ...requestOf(request), repoDir, path, query: search.slice(1), body };
  await runHttpBackend(backend, response, systemClock());
}

function requestOf(request: IncomingMessage) {
  return {
    method: request.method === "POST" ? ("POST" as const) : ("GET" as const),
    contentType: request.headers["content-type"] ?? "",
    protocol: String(request.headers["git-protocol"] ?? ""),
    config: { "http.receivepack": "true", "safe.directory": "*" },
    timeoutMs: 60_000,
  };
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  return request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
}

function passwordOf(header: string | undefined): string | undefined {
  const [scheme, value = ""] = (header ?? "").split(" ");
  if (scheme === "Bearer") return value;
  if (scheme !== "Basic") return undefined;
  const text = Buffer.from(value, "base64").toString("utf8");
  return text.slice(text.indexOf(":") + 1);
}
