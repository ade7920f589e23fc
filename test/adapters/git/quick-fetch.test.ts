/** A worker that follows a mirror, and fetches what is new with one git process. */
import { execFile } from "node:child_process";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createMirrorGitHandler } from "../../../src/adapters/git/http-backend.ts";
import {
  createMirrorFetcher,
  type MirrorFetcher,
} from "../../../src/adapters/git/mirror-fetcher.ts";
import { type NativeStore, openStore } from "../../../src/adapters/git/native-store.ts";
import { RecentEntries } from "../../../src/adapters/git/recent-entries.ts";
import type { PostToGit } from "../../../src/adapters/git/quick-fetch.ts";
import { systemClock } from "../../../src/runtime/system-clock.ts";
import { type FaultProxy, type HttpFault, startFaultProxy } from "../../support/fault-proxy.ts";
import { git, temporaryFolder } from "../../support/git-repository.ts";

const clock = systemClock();
const main = "refs/heads/main";

const makers = [
  { maker: "the controller", recent: () => new RecentEntries(1024 * 1024) },
  { maker: "git", recent: () => new RecentEntries(0) },
];

describe.each(makers)("a worker that follows a mirror whose packs $maker makes", ({ recent }) => {
  let mirror: NativeStore;
  let server: Server;
  let proxy: FaultProxy;
  let dir: string;
  let worker: MirrorFetcher;
  let requests: string[] = [];
  let head: string;
  let files: ReadonlyMap<string, string> = new Map();

  const commit = async (version: string): Promise<string> =>
    mirror.commitChanges({
      ref: main,
      parent: await mirror.resolve(main),
      changes: Array.from({ length: 200 }, (_, site) => ({
        path: `sites/s${site}/app/o.yaml`,
        content: site === 7 ? `data: ${version}` : "data: same",
      })),
      message: version,
      author: "t",
      at: 0,
    });

  const fetcher = (post: PostToGit): MirrorFetcher =>
    createMirrorFetcher({
      dir,
      url: `${proxy.url}/mirrors/eu.git`,
      token: () => Promise.resolve("t"),
      post,
      onFiles: (told) => (files = told),
      clock,
      timeoutMs: 2000,
    });

  beforeEach(async () => {
    const root = await temporaryFolder();
    dir = join(root, "worker.git");
    mirror = await openStore(join(root, "eu.git"), { create: true, clock, recent: recent() });
    const handler = createMirrorGitHandler({
      repoDir: () => mirror.dir,
      news: (_, range) => mirror.news(range),
      authorize: (_, header) => header === `Basic ${Buffer.from("flotilla:t").toString("base64")}`,
      clock,
    });
    server = createServer((request, response) => {
      requests.push(`${request.method} ${request.url}`);
      void handler(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    proxy = await startFaultProxy({ target: `http://127.0.0.1:${port}` });
    head = await commit("1");
    worker = fetcher(fetch);
    await worker.fetch();
    await worker.accept(head, null);
    requests = [];
    files = new Map();
  });
  afterEach(async () => {
    await proxy.close();
    server.closeAllConnections();
    server.close();
    await mirror.close();
  });

  it("gets all that is new, however many commits, and asks where the head is and for no more", async () => {
    await commit("2");
    const next = await commit("3");
    expect(await worker.fetch()).toEqual({ head: next });
    expect(requests).toEqual(Array(2).fill("POST /mirrors/eu.git/git-upload-pack"));
    await worker.accept(next, head);
    expect(await git(["log", "--format=%s", next], dir)).toBe("3\n2\n1");
    await git(["fsck", "--full", "--strict"], dir);
    expect(await git(["cat-file", "blob", `${next}:sites/s7/app/o.yaml`], dir)).toBe("data: 3");
  });

  it("tells the files that came, which git has by then", async () => {
    const next = await commit("2");
    await worker.fetch();
    const oid = await git(["rev-parse", `${next}:sites/s7/app/o.yaml`], dir);
    expect(files).toEqual(new Map([[oid, "data: 2"]]));
  });

  it("needs no git where there is nothing new, nor for what it has fetched and not followed", async () => {
    const { PATH } = process.env;
    process.env["PATH"] = "/nowhere";
    try {
      expect(await worker.fetch()).toEqual({ head });
    } finally {
      process.env["PATH"] = PATH;
    }
    const next = await commit("2");
    expect(await worker.fetch()).toEqual({ head: next });
    requests = [];
    expect(await worker.fetch()).toEqual({ head: next });
    expect(requests).toHaveLength(1);
  });

  it("asks for what is new at once where it was told of it, and not only when it knows where the head is", async () => {
    const next = await commit("2");
    const asked = Promise.withResolvers<void>();
    worker = fetcher(async (url, init) => {
      if (init.body.includes("command=fetch")) asked.resolve();
      else await asked.promise;
      return fetch(url, init);
    });
    await worker.accept(head, head);
    expect(await worker.fetch(undefined, next)).toEqual({ head: next });
    expect(requests).toHaveLength(2);
    await git(["fsck", "--full", "--strict"], dir);
    expect(await git(["cat-file", "blob", `${next}:sites/s7/app/o.yaml`], dir)).toBe("data: 2");
  });

  it.each([
    ["the commit before the head", () => head],
    ["no commit of the mirror's", () => "1".repeat(40)],
    ["no commit", () => "main"],
  ])("goes by the mirror where it was told %s", async (_, told) => {
    await commit("2");
    const wrong = told();
    const next = await commit("3");
    await worker.accept(head, head);
    expect(await worker.fetch(undefined, wrong)).toEqual({ head: next });
    await worker.accept(next, head);
    expect(await git(["log", "--format=%s", next], dir)).toBe("3\n2\n1");
    // A commit that was the head once is none because somebody says so.
    const last = await commit("4");
    expect(await worker.fetch(undefined, head)).toEqual({ head: last });
    await git(["fsck", "--full", "--strict"], dir);
  });

  it("gets an older head too, which is then for others to refuse", async () => {
    const next = await commit("2");
    await worker.fetch();
    await worker.accept(next, head);
    await mirror.setRef(main, head, next);
    expect(await worker.fetch()).toEqual({ head });
  });

  it("keeps nothing of an answer that lacks an object", async () => {
    const next = await commit("2");
    const tree = await git(["rev-parse", `${next}^{tree}`], mirror.dir);
    const pack = await packOf([next, tree]);
    const lacking: PostToGit = async (url, init) => {
      if (!init.body.includes("command=fetch")) return fetch(url, init);
      proxy.fail({ kind: "refuse" }); // git is not to find it either
      return new Response(Buffer.concat([line("packfile\n"), line(pack, 1), Buffer.from("0000")]));
    };
    worker = fetcher(lacking);
    await worker.accept(head, head);
    await expect(worker.fetch()).rejects.toMatchObject({ code: "GIT_FAILED" });
    await expect(git(["cat-file", "-e", next], dir)).rejects.toThrow("Command failed");
    expect(files.size).toBe(0);

    proxy.heal();
    worker = fetcher(fetch);
    await worker.accept(head, head);
    expect(await worker.fetch()).toEqual({ head: next });
    await git(["fsck", "--full", "--strict"], dir);
  });

  const faults: readonly (readonly [string, HttpFault])[] = [
    ["a refusal", { kind: "status", status: 403 }],
    ["a failure", { kind: "status", status: 500 }],
    ["a reset", { kind: "refuse" }],
    ["a reset in the middle", { kind: "reset", afterBytes: 60 }],
    ["an answer that is cut off", { kind: "cut", afterBytes: 100 }],
    ["an empty answer", { kind: "empty" }],
    ["a damaged answer", { kind: "corrupt", afterBytes: 100 }],
  ];

  it.each(faults)("lets git fetch where it meets %s", async (_, fault) => {
    const next = await commit("2");
    proxy.fail(fault, { method: "POST", times: 1 });
    expect(await worker.fetch()).toEqual({ head: next });
    await git(["fsck", "--full", "--strict"], dir);
    const last = await commit("3");
    const second = { ...fault };
    let posts = 0;
    worker = fetcher(async (url, init) => {
      posts += 1;
      if (posts === 2) proxy.fail(second, { method: "POST", times: 1 });
      return fetch(url, init);
    });
    await worker.accept(next, head);
    expect(await worker.fetch()).toEqual({ head: last });
    expect(posts).toBe(2);
    await git(["fsck", "--full", "--strict"], dir);
  });

  it("ends at once when it is told to", async () => {
    proxy.fail({ kind: "hang" });
    const ending = new AbortController();
    const fetching = worker.fetch(ending.signal);
    setTimeout(() => ending.abort(new Error("the end")), 50);
    await expect(fetching).rejects.toThrow("the end");
  });

  async function packOf(oids: readonly string[]): Promise<Buffer> {
    const packing = promisify(execFile)("git", ["pack-objects", "--stdout", "-q"], {
      cwd: mirror.dir,
      encoding: "buffer",
    });
    packing.child.stdin?.end(oids.map((oid) => `${oid}\n`).join(""));
    return (await packing).stdout;
  }

  function line(content: string | Buffer, band?: number): Buffer {
    const bytes = [Buffer.from(band === undefined ? [] : [band]), Buffer.from(content)];
    const length = bytes.reduce((sum, part) => sum + part.length, 4);
    return Buffer.concat([Buffer.from(length.toString(16).padStart(4, "0")), ...bytes]);
  }
});
