import { randomBytes } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createMirrorGitHandler } from "../../../src/adapters/git/http-backend.ts";
import {
  createMirrorFetcher,
  type MirrorFetcher,
} from "../../../src/adapters/git/mirror-fetcher.ts";
import { headerHasToken } from "../../../src/runtime/match-token.ts";
import { type NativeStore, openStore } from "../../../src/adapters/git/native-store.ts";
import { verifyCommit } from "../../../src/adapters/git/verify-mirror.ts";
import { formatTrailers } from "../../../src/core/protocol/mirror-layout.ts";
import { systemClock } from "../../../src/runtime/system-clock.ts";
import { type FaultProxy, type HttpFault, startFaultProxy } from "../../support/fault-proxy.ts";
import { git, temporaryFolder } from "../../support/git-repository.ts";

const clock = systemClock();
const main = "refs/heads/main";
const tokens: Readonly<Record<string, string>> = {
  eu: "token-of-eu",
  "eu--cell-1": "token-of-cell",
  large: "token-of-large",
  files: "token-of-files",
};

describe("mirrors over HTTP", () => {
  let root: string;
  let server: Server;
  let proxy: FaultProxy;
  let mirror: NativeStore;
  let head: string;
  const sockets = new Set<Socket>();

  beforeAll(async () => {
    root = await temporaryFolder();
    const handler = createMirrorGitHandler({
      repoDir: (name) => join(root, `${name}.git`),
      authorize: (name, header) => headerHasToken(header, tokens[name] ?? ""),
      clock,
      maxBodyBytes: 100_000,
    });
    server = createServer((request, response) => {
      void handler(request, response).then((taken) => {
        if (!taken) response.writeHead(418).end("not git\n");
      });
    });
    server.on("connection", (socket) => sockets.add(socket));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    proxy = await startFaultProxy({ target: `http://127.0.0.1:${port}` });
    mirror = await openStore(join(root, "eu.git"), { create: true, clock });
    const other = await openStore(join(root, "eu--cell-1.git"), { create: true, clock });
    await other.close();
    head = await write({ sites: 1, objects: 1 }, "1");
    await git(["-C", mirror.dir, "update-ref", "refs/flotilla/secret", head]);
  });
  afterAll(async () => {
    await mirror.close();
    await proxy.close();
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    proxy.heal();
    proxy.forget();
  });

  const write = async (
    counts: { sites: number; objects: number },
    content: string,
  ): Promise<string> =>
    mirror.commitChanges({
      ref: main,
      parent: await mirror.resolve(main),
      changes: [
        { path: "meta/s1.json", content: "{}" },
        { path: "sites/s1/app/o.yaml", content },
      ],
      message: `m\n\n${formatTrailers({ epoch: 1, control: "c", changes: [], ...counts })}`,
      author: "t",
      at: 0,
    });
  const fetcher = async (
    options: { token?: string; mirror?: string; timeoutMs?: number; dir?: string } = {},
  ): Promise<MirrorFetcher> =>
    createMirrorFetcher({
      dir: options.dir ?? join(await temporaryFolder(), "worker.git"),
      url: `${proxy.url}/mirrors/${options.mirror ?? "eu"}.git`,
      token: () => Promise.resolve(options.token ?? tokens[options.mirror ?? "eu"] ?? ""),
      clock,
      timeoutMs: options.timeoutMs ?? 20_000,
    });
  const basic = (token: string): string =>
    `Basic ${Buffer.from(`flotilla:${token}`).toString("base64")}`;
  const ask = (
    path: string,
    init: { method?: string; body?: string | Blob; headers?: Record<string, string> } = {},
  ): Promise<Response> =>
    fetch(proxy.url + path, {
      ...init,
      headers: { authorization: basic("token-of-eu"), ...init.headers },
    });

  it("gives a worker its mirror, which it verifies and accepts by compare-and-swap", async () => {
    const dir = join(await temporaryFolder(), "worker.git");
    const worker = await fetcher({ dir });
    expect(await worker.fetch()).toEqual({ head });
    expect(await worker.accepted()).toBeNull();
    const store = await openStore(dir, { clock });
    expect(await verifyCommit(store, head, null)).toMatchObject({
      ok: true,
      trailers: { epoch: 1 },
    });
    await worker.accept(head, null);
    expect(await worker.accepted()).toBe(head);
    const next = await write({ sites: 1, objects: 1 }, "2");
    expect(await worker.fetch()).toEqual({ head: next });
    expect(await worker.accepted()).toBe(head);
    expect(await verifyCommit(store, next, head)).toMatchObject({ ok: true });
    await expect(worker.accept(next, null)).rejects.toMatchObject({ code: "REF_RACE" });
    await worker.accept(next, head);
    expect(await store.resolve(main)).toBe(next);
    head = next;
    await store.close();
  });

  it("sends for a change what the change is, however many sites the mirror has", async () => {
    const large = await openStore(join(root, "large.git"), { create: true, clock });
    const sent = (): number =>
      [...sockets].reduce((sum, { bytesWritten }) => sum + bytesWritten, 0);
    const worker = await fetcher({ mirror: "large" });
    const commit = async (from: number, to: number, version: string): Promise<void> => {
      const sites = Array.from({ length: to - from }, (_, index) => `s${from + index}`);
      await large.commitChanges({
        ref: main,
        parent: await large.resolve(main),
        changes: sites.flatMap((site) => [
          { path: `meta/${site}.json`, content: `{"site":"${site}","version":"${version}"}` },
          { path: `sites/${site}/app/o.yaml`, content: `data: ${site} ${version}` },
        ]),
        message: "m",
        author: "t",
        at: 0,
      });
      await worker.fetch();
    };
    const bytes: number[] = [];
    for (const [from, to] of [[0, 100] as const, [100, 1000] as const]) {
      await commit(from, to, "1");
      const before = sent();
      await commit(7, 8, `of ${to}`);
      bytes.push(sent() - before);
    }
    await large.close();
    const [few = 0, many = 0] = bytes;
    expect(few).toBeGreaterThan(0);
    expect(many).toBeLessThan(1.5 * few);
  });

  it("sends files whole, so that a worker has not to put them together from older ones", async () => {
    const store = await openStore(join(root, "files.git"), { create: true, clock });
    const dir = join(await temporaryFolder(), "worker.git");
    const worker = await fetcher({ dir, mirror: "files" });
    const paths = ["meta/s.json", "sites/s/app/o.yaml"];
    for (const version of ["1", "2"]) {
      await store.commitChanges({
        ref: main,
        parent: await store.resolve(main),
        changes: paths.map((path) => ({ path, content: `${path.repeat(50)} ${version}` })),
        message: "m",
        author: "t",
        at: 0,
      });
      await worker.fetch();
    }
    await store.close();
    const format = "--batch-check=%(objecttype) %(deltabase)";
    const objects = (await git(["cat-file", format, "--batch-all-objects"], dir)).split("\n");
    const blobs = objects.filter((line) => line.startsWith("blob "));
    expect(blobs).toEqual(Array.from({ length: 4 }, () => `blob ${"0".repeat(40)}`));
  });

  it("shows the one branch and nothing else", async () => {
    const url = `${proxy.url.replace("://", `://flotilla:token-of-eu@`)}/mirrors/eu.git`;
    for (const version of ["0", "2"]) {
      const refs = await git(["-c", `protocol.version=${version}`, "ls-remote", url]);
      expect(refs.split("\n").map((line) => line.split("\t")[1])).toEqual(["HEAD", main]);
    }
    await expect(git(["fetch", url, "refs/flotilla/secret"], mirror.dir)).rejects.toThrow(
      "couldn't find",
    );
    await expect(git(["push", url, `${head}:refs/heads/evil`], mirror.dir)).rejects.toThrow("403");
    expect(await git(["-C", mirror.dir, "for-each-ref", "refs/heads/evil"])).toBe("");
  });

  it.each([
    "/mirrors/eu.git/info/refs?service=git-upload-pack",
    "/mirrors/none.git/info/refs?service=git-upload-pack",
  ])("answers %s alike to whoever has no right to it", async (path) => {
    for (const headers of [
      {},
      { authorization: basic("wrong") },
      { authorization: basic("token-of-cell") },
      { authorization: basic("") },
      { authorization: "Bearer token-of-cell" },
      { authorization: "nonsense" },
    ]) {
      const response = await fetch(proxy.url + path, { headers });
      expect(response.status).toBe(401);
      expect(response.headers.get("www-authenticate")).toContain("Basic");
      expect(await response.text()).toBe("the token does not open this mirror\n");
    }
  });

  it("tells a worker where the branch is without a git process", async () => {
    const lines = ["command=ls-refs\n", "0001", "peel\n", "ref-prefix refs/heads/main\n", "0000"];
    const body = lines
      .map((line) =>
        /^000[01]$/.test(line) ? line : (line.length + 4).toString(16).padStart(4, "0") + line,
      )
      .join("");
    const headers = {
      "git-protocol": "version=2",
      "content-type": "application/x-git-upload-pack-request",
    };
    const listing = (): Promise<Response> =>
      ask("/mirrors/eu.git/git-upload-pack", { method: "POST", body, headers });
    const known = await mirror.resolve(main);
    const { PATH } = process.env;
    process.env["PATH"] = "/nowhere";
    try {
      const opened = await ask("/mirrors/eu.git/info/refs?service=git-upload-pack", { headers });
      expect(opened.status).toBe(200);
      expect(await opened.text()).toContain("version 2");
      expect(await (await listing()).text()).toBe(`003d${known} ${main}\n0000`);
      const all = body.replace(/[0-9a-f]{4}ref-prefix .*\n/, "");
      const whole = { method: "POST", body: all, headers };
      // All refs are git's to tell, and there is none.
      await expect(ask("/mirrors/eu.git/git-upload-pack", whole)).rejects.toThrow("fetch failed");
    } finally {
      process.env["PATH"] = PATH;
    }
  });

  it("opens one mirror with one credential", async () => {
    const cell = await fetcher({ mirror: "eu--cell-1" });
    expect(await cell.fetch()).toEqual({ head: null });
    const crossed = await fetcher({ mirror: "eu--cell-1", token: "token-of-eu" });
    await expect(crossed.fetch()).rejects.toMatchObject({ code: "GIT_AUTH" });
    const bearer = await fetch(`${proxy.url}/mirrors/eu.git/info/refs?service=git-upload-pack`, {
      headers: { authorization: "Bearer token-of-eu" },
    });
    expect(bearer.status).toBe(200);
  });

  it.each([
    "/mirrors/eu.git/HEAD",
    "/mirrors/eu.git/objects/info/packs",
    "/mirrors/eu.git/hints",
    "/mirrors/../eu.git/info/refs",
    "/mirrors/EU.git/info/refs",
    "/mirrors/%65u.git/info/refs",
    "/mirrors/eu.git//info/refs",
    "/mirrors/-eu.git/info/refs",
    "/eu.git/info/refs",
  ])("leaves %s to others", async (path) => {
    // `fetch` would tidy the path up.
    expect(await rawStatus(proxy.port, path)).toBe(418);
  });

  it("refuses to write, the old protocol, and what is not git", async () => {
    const post = (body: string | Uint8Array, headers: Record<string, string> = {}) => ({
      method: "POST",
      body: typeof body === "string" ? body : new Blob([Buffer.from(body)]),
      headers: { "content-type": "application/x-git-upload-pack-request", ...headers },
    });
    const path = "/mirrors/eu.git/git-upload-pack";
    const gzip = { "content-encoding": "gzip" };
    const answers = [
      await ask("/mirrors/eu.git/info/refs"),
      await ask("/mirrors/eu.git/info/refs?service=git-receive-pack"),
      await ask("/mirrors/eu.git/git-receive-pack", post("")),
      await ask(path),
      await ask(path, post("", { "content-type": "text/plain" })),
      await ask(path, post("x".repeat(200_000))),
      await ask(path, post(gzipSync(Buffer.alloc(50_000_000)), gzip)),
      await ask(path, post("not gzip", gzip)),
      await ask(path, post("x", { "content-encoding": "br" })),
    ];
    expect(answers.map(({ status }) => status)).toEqual([
      403, 403, 403, 405, 415, 413, 413, 400, 415,
    ]);
  });

  it("answers 404 for a mirror that was not written yet", async () => {
    const path = "/mirrors/eu.git/info/refs?service=git-upload-pack";
    const handler = createMirrorGitHandler({
      repoDir: () => join(root, "none.git"),
      authorize: () => true,
      clock,
    });
    const bare = createServer((request, response) => void handler(request, response));
    await new Promise<void>((resolve) => bare.listen(0, "127.0.0.1", resolve));
    const { port } = bare.address() as AddressInfo;
    expect((await fetch(`http://127.0.0.1:${port}${path}`)).status).toBe(404);
    bare.closeAllConnections();
    bare.close();
  });

  const faults: readonly (readonly [string, HttpFault, string])[] = [
    ["404", { kind: "status", status: 404 }, "GIT_NOT_FOUND"],
    ["403", { kind: "status", status: 403 }, "GIT_AUTH"],
    ["500", { kind: "status", status: 500 }, "GIT_FAILED"],
    ["a reset", { kind: "refuse" }, "GIT_FAILED"],
    ["a hanging controller", { kind: "hang" }, "GIT_TIMEOUT"],
    ["a reset in the middle", { kind: "reset", afterBytes: 60 }, "GIT_FAILED"],
    ["a damaged answer", { kind: "corrupt", afterBytes: 40 }, "GIT_FAILED"],
  ];

  it.each(faults)(
    "a worker that meets %s keeps what it has, and follows afterwards",
    async (...row) => {
      const [, fault, code] = row;
      const dir = join(await temporaryFolder(), "worker.git");
      const before = await mirror.resolve(main);
      await (await fetcher({ dir })).fetch();
      const worker = await fetcher({ dir, timeoutMs: 1500 });
      await worker.accept(before ?? "", null);
      head = await write({ sites: 1, objects: 1 }, `fault ${code} ${fault.kind}`);
      proxy.fail(fault);
      await expect(worker.fetch()).rejects.toMatchObject({ code });
      expect(await worker.accepted()).toBe(before);
      proxy.heal();
      expect(await (await fetcher({ dir })).fetch()).toEqual({ head });
      expect(await worker.accepted()).toBe(before);
    },
  );

  it("tells no failure where a first branch comes while it is asked for", async () => {
    const store = await openStore(join(root, "large.git"), { create: true, clock });
    await git(["-C", join(root, "large.git"), "update-ref", "-d", main]);
    let asked = 0;
    const worker = createMirrorFetcher({
      dir: join(await temporaryFolder(), "worker.git"),
      url: `${proxy.url}/mirrors/large.git`,
      token: async () => {
        asked += 1;
        if (asked === 2) {
          const changes = [{ path: "meta/s1.json", content: "{}" }];
          const about = { message: "m", author: "t", at: 0 };
          await store.commitChanges({ ref: main, parent: null, changes, ...about });
        }
        return "token-of-large";
      },
      clock,
    });
    const first = await worker.fetch();
    const second = await worker.fetch();
    expect([first, second]).toEqual([{ head: null }, { head: expect.any(String) }]);
    await store.close();
  });

  it("tells a lost main branch as no head, and moves nothing", async () => {
    const dir = join(await temporaryFolder(), "worker.git");
    const worker = await fetcher({ dir });
    const { head: fetched } = await worker.fetch();
    await worker.accept(fetched ?? "", null);
    await git(["-C", mirror.dir, "update-ref", "-d", main]);
    try {
      expect(await worker.fetch()).toEqual({ head: null });
      expect(await worker.accepted()).toBe(fetched);
    } finally {
      await mirror.setRef(main, head, null);
    }
  });

  it("ends the git processes of a client that goes away", async () => {
    const cell = await openStore(join(root, "eu--cell-1.git"), { clock });
    const noise = Array.from({ length: 40 }, (_, index) => ({
      path: `noise/${index}`,
      content: randomBytes(500_000).toString("latin1"),
    }));
    await cell.commitChanges({
      ref: main,
      parent: null,
      changes: noise,
      message: "m",
      author: "t",
      at: 0,
    });
    proxy.fail({ kind: "reset", afterBytes: 1_000_000 }, { method: "POST" });
    const worker = await fetcher({ mirror: "eu--cell-1" });
    await expect(worker.fetch()).rejects.toMatchObject({ code: "GIT_FAILED" });
    const left = async (): Promise<string[]> =>
      (await commandLines()).filter((line) => line.includes("-pack") && line.includes(cell.dir));
    await expect.poll(left, { timeout: 5000 }).toEqual([]);
    proxy.heal();
    expect(await worker.fetch()).toEqual({ head: await cell.resolve(main) });
    await cell.close();
  });
});

async function commandLines(): Promise<string[]> {
  const processes = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  return Promise.all(
    processes.map((id) => readFile(join("/proc", id, "cmdline"), "utf8").catch(() => "")),
  );
}

function rawStatus(port: number, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    request({ host: "127.0.0.1", port, path }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on("error", reject)
      .end();
  });
}
