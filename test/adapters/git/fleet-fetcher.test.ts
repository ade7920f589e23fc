import { chmod, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createFleetFetcher, type FleetFetcher } from "../../../src/adapters/git/fleet-fetcher.ts";
import { systemClock } from "../../../src/runtime/system-clock.ts";
import { type FaultProxy, type HttpFault, startFaultProxy } from "../../support/fault-proxy.ts";
import {
  createRepository,
  git,
  temporaryFolder,
  type TestRepository,
} from "../../support/git-repository.ts";
import { createBareRepository, type GitServer, startGitServer } from "../../support/git-server.ts";

const clock = systemClock();
const token = "s3cret-token-of-the-fleet";

describe("the fleet fetcher", () => {
  let server: GitServer;
  let proxy: FaultProxy;
  let repository: TestRepository;
  let counter = 0;
  let bare: string;
  let name: string;

  beforeAll(async () => {
    server = await startGitServer({ root: await temporaryFolder(), token });
    proxy = await startFaultProxy({ target: `http://127.0.0.1:${server.port}` });
  });
  afterAll(async () => {
    await proxy.close();
    await server.close();
  });
  beforeEach(async () => {
    proxy.heal();
    proxy.forget();
    name = `fleet-${(counter += 1)}`;
    bare = await createBareRepository(server.root, name);
    repository = await createRepository({
      "fleet.yaml": "kind: Fleet\n",
      "apps/a.yaml": "kind: App\n",
    });
    await repository.git("remote", "add", "origin", bare);
    await repository.git("push", "-q", "origin", "main");
  });

  const fetcher = async (
    options: Partial<Parameters<typeof createFleetFetcher>[0]> = {},
  ): Promise<FleetFetcher> =>
    createFleetFetcher({
      dir: join(await temporaryFolder(), "clone.git"),
      url: `${proxy.url}/${name}.git`,
      branch: "main",
      token: () => Promise.resolve(`${token}\n`),
      clock,
      ...options,
    });
  const push = async (files: Record<string, string | Uint8Array | null>): Promise<string> => {
    const commit = await repository.commit(files);
    await repository.git("push", "-q", "--force", "origin", "main");
    return commit;
  };
  const paths = async (from: FleetFetcher, commit: string): Promise<string[]> =>
    (await from.files(commit)).map(({ path }) => path);

  it("sees the head, fetches it, reads its files, and follows", async () => {
    const fleet = await fetcher();
    const first = await repository.git("rev-parse", "HEAD");
    expect(await fleet.poll()).toEqual({ head: first });
    await fleet.fetch(first);
    expect(await fleet.files(first)).toEqual([
      { path: "apps/a.yaml", text: "kind: App\n" },
      { path: "fleet.yaml", text: "kind: Fleet\n" },
    ]);
    const second = await push({ "apps/a.yaml": "kind: App # 2\n", "apps/b.yaml": "b\n" });
    expect(await fleet.poll()).toEqual({ head: second });
    await fleet.fetch(second);
    expect(await fleet.isAncestor(first, second)).toBe(true);
    expect(await fleet.isAncestor(second, first)).toBe(false);
    expect((await fleet.files(second)).map(({ text }) => text)).toEqual([
      "kind: App # 2\n",
      "b\n",
      "kind: Fleet\n",
    ]);
  });

  it("tells what the branch was at between two commits, not what was merged", async () => {
    const fleet = await fetcher();
    const first = await repository.git("rev-parse", "HEAD");
    const second = await push({ "apps/a.yaml": "kind: App # 2\n" });
    await repository.git("checkout", "-q", "-b", "topic");
    await repository.commit({ "apps/t.yaml": "kind: App\n" });
    await repository.git("checkout", "-q", "main");
    await repository.git("merge", "-q", "--no-ff", "-m", "Merge", "topic");
    const merged = await repository.git("rev-parse", "HEAD");
    const last = await push({ "apps/b.yaml": "kind: App\n" });
    await fleet.fetch(last);
    expect(await fleet.between(first, last)).toEqual([second, merged]);
    expect(await fleet.between(merged, last)).toEqual([]);
    expect(await fleet.between(last, last)).toEqual([]);
    expect(await fleet.between("0".repeat(40), last)).toEqual([]);
  });

  it.each(["path", "file url"])("follows a local repository by %s", async (kind) => {
    const fleet = await fetcher({
      url: kind === "path" ? bare : `file://${bare}`,
      token: undefined,
    });
    const { head } = await fleet.poll();
    await fleet.fetch(head ?? "");
    expect(await paths(fleet, head ?? "")).toEqual(["apps/a.yaml", "fleet.yaml"]);
  });

  it("tells a missing branch from an empty repository", async () => {
    expect(await (await fetcher({ branch: "release" })).poll()).toEqual({ head: null });
    const empty = await createBareRepository(server.root, `${name}-empty`);
    await expect((await fetcher({ url: empty })).poll()).rejects.toMatchObject({
      code: "EMPTY_SOURCE",
    });
    const overHttp = await fetcher({ url: `${proxy.url}/${name}-empty.git` });
    await expect(overHttp.poll()).rejects.toMatchObject({ code: "EMPTY_SOURCE" });
  });

  it("sees the head of a repository on this machine without a process, and packed refs with one", async () => {
    const head = await repository.git("rev-parse", "HEAD");
    const near = [await fetcher({ url: bare }), await fetcher({ url: repository.dir })];
    const { PATH } = process.env;
    process.env["PATH"] = "/nowhere";
    try {
      for (const fleet of near) expect(await fleet.poll()).toEqual({ head });
    } finally {
      process.env["PATH"] = PATH;
    }
    await git(["-C", bare, "pack-refs", "--all"]);
    for (const fleet of near) expect(await fleet.poll()).toEqual({ head });
  });

  it("is not misled by a longer ref with the same end", async () => {
    await git(["-C", bare, "update-ref", "refs/heads/x/refs/heads/release", "main"]);
    expect(await (await fetcher({ branch: "refs/heads/release" })).poll()).toEqual({ head: null });
  });

  it("uses a rotated token at once", async () => {
    let current = "old";
    const fleet = await fetcher({ token: () => Promise.resolve(current) });
    await expect(fleet.poll()).rejects.toMatchObject({ code: "GIT_AUTH" });
    current = token;
    expect(await fleet.poll()).not.toEqual({ head: null });
  });

  const faults: readonly (readonly [string, HttpFault, string])[] = [
    ["404", { kind: "status", status: 404 }, "GIT_NOT_FOUND"],
    ["403", { kind: "status", status: 403 }, "GIT_AUTH"],
    ["401", { kind: "status", status: 401, headers: { "www-authenticate": "Basic" } }, "GIT_AUTH"],
    ["500", { kind: "status", status: 500 }, "GIT_FAILED"],
    ["502 with a page", { kind: "status", status: 502, body: "<html>" }, "GIT_FAILED"],
    [
      "a redirect",
      { kind: "status", status: 301, headers: { location: "http://127.0.0.1:9/x" } },
      "GIT_NOT_FOUND",
    ],
    ["an empty answer", { kind: "empty" }, "EMPTY_SOURCE"],
    [
      "a page instead of git",
      { kind: "status", status: 200, body: "<html>login</html>" },
      "EMPTY_SOURCE",
    ],
    ["a reset", { kind: "refuse" }, "GIT_FAILED"],
    ["a hanging server", { kind: "hang" }, "GIT_TIMEOUT"],
    ["an answer cut by a reset", { kind: "reset", afterBytes: 30 }, "GIT_FAILED"],
    ["an answer cut short", { kind: "cut", afterBytes: 30 }, "GIT_FAILED"],
    ["a damaged answer", { kind: "corrupt", afterBytes: 0 }, "GIT_FAILED"],
  ];

  it.each(faults)(
    "a poll that meets %s is an error without the token, never an answer",
    async (...row) => {
      const [, fault, code] = row;
      const fleet = await fetcher({ pollTimeoutMs: 1500 });
      proxy.fail(fault);
      const error = await fleet.poll().catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code });
      expect(textOf(error)).not.toContain(token);
      expect(textOf(error)).not.toContain(
        Buffer.from(`x-access-token:${token}`).toString("base64"),
      );
      proxy.heal();
      expect(await fleet.poll()).toEqual({ head: await repository.git("rev-parse", "HEAD") });
    },
  );

  it("an answer without refs is an empty source, not a missing branch", async () => {
    const fleet = await fetcher();
    proxy.fail(
      {
        kind: "status",
        status: 200,
        body: "0000",
        headers: { "content-type": "application/x-git-upload-pack-result" },
      },
      { method: "POST" },
    );
    await expect(fleet.poll()).rejects.toMatchObject({ code: "EMPTY_SOURCE" });
  });

  const packFaults: readonly (readonly [string, HttpFault, string])[] = [
    ["a reset in the middle of the pack", { kind: "reset", afterBytes: 20_000 }, "GIT_FAILED"],
    ["a pack that ends too early", { kind: "cut", afterBytes: 20_000 }, "GIT_FAILED"],
    ["a damaged pack", { kind: "corrupt", afterBytes: 20_000 }, "GIT_FAILED"],
    ["500", { kind: "status", status: 500 }, "GIT_FAILED"],
    ["a hanging server", { kind: "hang" }, "GIT_TIMEOUT"],
  ];

  it.each(packFaults)(
    "a fetch that meets %s changes nothing, and the next one succeeds",
    async (...row) => {
      const fleet = await fetcher({ fetchTimeoutMs: 3000 });
      const first = await repository.git("rev-parse", "HEAD");
      await fleet.fetch(first);
      const noise = Buffer.alloc(100_000, 0).map(
        (_, index) => ((index * 7919) % 251) ^ (index >> 3),
      );
      const second = await push({ "noise.bin": noise, "apps/a.yaml": "2\n" });
      // The listing of refs passes, the pack does not.
      proxy.fail(row[1], { method: "POST", path: /git-upload-pack/ });
      const error = await fleet.fetch(second).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: row[2] });
      expect(await fleet.has(second)).toBe(false);
      await expect(fleet.files(second)).rejects.toMatchObject({ code: "GIT_NOT_FOUND" });
      expect(await paths(fleet, first)).toEqual(["apps/a.yaml", "fleet.yaml"]);
      proxy.heal();
      await fleet.fetch(second);
      expect(await paths(fleet, second)).toEqual(["apps/a.yaml", "fleet.yaml"]);
    },
  );

  it("shows a rewritten history and keeps what was in use", async () => {
    const dir = join(await temporaryFolder(), "clone.git");
    const fleet = await fetcher({ dir });
    const first = await repository.git("rev-parse", "HEAD");
    const second = await push({ "apps/a.yaml": "2\n" });
    await fleet.fetch(second);
    await repository.git("reset", "-q", "--hard", first);
    const other = await push({ "apps/a.yaml": "3\n" });
    expect(await fleet.poll()).toEqual({ head: other });
    await fleet.fetch(other);
    expect(await fleet.isAncestor(second, other)).toBe(false);
    expect(await fleet.keepSources([second])).toEqual([]);
    await git(["-C", dir, "gc", "-q", "--prune=now"]);
    expect(await paths(fleet, second)).toEqual(["apps/a.yaml", "fleet.yaml"]);
    expect(await fleet.keepSources([other, "1".repeat(40)])).toEqual(["1".repeat(40)]);
    expect(
      await git(["-C", dir, "for-each-ref", "--format=%(refname)", "refs/flotilla/source"]),
    ).toBe(`refs/flotilla/source/${other}`);
  });

  it("says so when the commit is no longer on the branch", async () => {
    const fleet = await fetcher();
    await expect(fleet.fetch("1".repeat(40))).rejects.toMatchObject({ code: "GIT_NOT_FOUND" });
  });

  it("does not fetch again what it has", async () => {
    const fleet = await fetcher();
    const { head } = await fleet.poll();
    await fleet.fetch(head ?? "");
    proxy.forget();
    await fleet.fetch(head ?? "");
    expect(proxy.count()).toBe(0);
  });

  it("stops when it is aborted", async () => {
    const stop = new AbortController();
    const fleet = await fetcher();
    proxy.fail({ kind: "hang" });
    const polling = fleet.poll(stop.signal);
    setTimeout(() => stop.abort(new Error("enough")), 100);
    await expect(polling).rejects.toThrow("enough");
  });

  it.each([
    "ssh://git@example.com/fleet.git",
    "git@example.com:fleet.git",
    "git://example.com/fleet.git",
    "ext::sh -c touch% /tmp/owned",
    "--upload-pack=touch /tmp/owned",
    "relative/path",
    "file://host/path",
    "https://",
  ])("refuses the URL %s", async (url) => {
    await expect(fetcher({ url })).rejects.toMatchObject({ code: "USAGE", retry: "never" });
  });

  it("refuses credentials in the URL without repeating them", async () => {
    const error = await fetcher({ url: "https://joe:hunter2@example.com/f.git" }).catch(
      (e: unknown) => e,
    );
    expect(error).toMatchObject({ code: "USAGE" });
    expect(textOf(error)).not.toContain("hunter2");
  });

  it("never shows the token in an argument of a process", async () => {
    const bin = await temporaryFolder();
    const log = join(bin, "log");
    const path = process.env["PATH"] ?? "";
    const real = await git(["--exec-path"]);
    await writeFile(join(bin, "git"), `#!/bin/sh\necho "$@" >> ${log}\nexec ${real}/git "$@"\n`);
    await chmod(join(bin, "git"), 0o755);
    process.env["PATH"] = `${bin}:${path}`;
    try {
      const fleet = await fetcher();
      const { head } = await fleet.poll();
      await fleet.fetch(head ?? "");
    } finally {
      process.env["PATH"] = path;
    }
    const seen = await readFile(log, "utf8");
    expect(seen).toContain("ls-remote");
    expect(seen).toContain("fetch");
    expect(seen).not.toContain(token);
    expect(seen).not.toContain(Buffer.from(`x-access-token:${token}`).toString("base64"));
  });

  it("leaves out what is no text and dot-folders, and names submodules", async () => {
    const commit = await push({
      "logo.png": new Uint8Array([137, 80, 0, 1]),
      "notes.txt": "text",
      ".github/workflows/ci.yaml": "on: push\n",
      "node_modules/x/y.yaml": "y",
      "latin1.txt": new Uint8Array([0xe9, 0x0a]),
    });
    await repository.git("update-index", "--add", "--cacheinfo", `160000,${commit},module`);
    await mkdir(join(repository.dir, "module"));
    const head = await push({});
    const fleet = await fetcher();
    await fleet.fetch(head);
    expect(await paths(fleet, head)).toEqual(["apps/a.yaml", "fleet.yaml", "module", "notes.txt"]);
  });

  it("never leaves out a YAML file that it cannot read, but names it", async () => {
    const limits = { maxFileBytes: 100 };
    const fleet = await fetcher({ limits });
    await symlink("../fleet.yaml", join(repository.dir, "apps/link.yaml"));
    const broken: readonly (readonly [Record<string, string | Uint8Array | null>, RegExp])[] = [
      [{ notes: new Uint8Array([0xe9]) }, /apps\/link\.yaml: symbolic links/],
      [{ "apps/link.yaml": null, "big.yaml": "x".repeat(101) }, /big\.yaml: has 101 bytes/],
      // The same bytes as the notes, which are no YAML and are left out.
      [{ "big.yaml": null, "latin1.yml": new Uint8Array([0xe9]) }, /latin1\.yml: is not UTF-8/],
      [{ "latin1.yml": null, "nul.json": "a\0b" }, /nul\.json: is not UTF-8/],
      [{ "nul.json": null, "apps/a.yaml": lfsPointer }, /apps\/a\.yaml: is a pointer of Git LFS/],
    ];
    for (const [change, message] of broken) {
      const head = await push(change);
      await fleet.fetch(head);
      const told = (await fleet.files(head)).flatMap(({ path, text, problem }) =>
        problem === undefined ? [] : [`${path}: ${problem}${text}`],
      );
      expect(told).toEqual([expect.stringMatching(message)]);
    }
  });

  it("tells where the first byte stands that is no text", async () => {
    const bytes = (text: string): Uint8Array => Buffer.from(text, "latin1");
    const cases: readonly (readonly [Uint8Array, number, number])[] = [
      [bytes("a: 1\nb: \xe9\n\xe9"), 2, 4],
      // Characters that are right, among them the one that decoders put in the place of wrong ones.
      [bytes("a: \xc3\xbc \xef\xbf\xbd \xef\xbf\xbd\n\xef\xbf\xbd\xc3"), 2, 2],
      [bytes("a\0\xe9"), 1, 2],
      [bytes("\xff\xfea\0"), 1, 1],
      // Behind a byte order mark, which editors do not count.
      [bytes("\xef\xbb\xbfa: \xff"), 1, 4],
    ];
    const fleet = await fetcher();
    for (const [content, line, column] of cases) {
      const head = await push({ "a.yaml": content });
      await fleet.fetch(head);
      const places = (await fleet.files(head)).flatMap(({ problemAt }) => problemAt ?? []);
      expect(places).toEqual([{ line, column }]);
    }
  });

  it("takes no pointer of Git LFS for a file of a chart", async () => {
    const head = await push({
      "charts/web/Chart.yaml": "name: web",
      "charts/web/a.txt": lfsPointer,
    });
    const fleet = await fetcher();
    await fleet.fetch(head);
    expect(await fleet.files(head)).toContainEqual({
      path: "charts/web/a.txt",
      text: "",
      leftOut: expect.stringMatching(/^is a pointer of Git LFS/),
    });
  });

  it("bounds how much it reads", async () => {
    const head = await push({ "c.yaml": "c", "d.yaml": "d" });
    for (const limits of [{ maxFiles: 3 }, { maxTotalBytes: 20 }]) {
      const fleet = await fetcher({ limits });
      await fleet.fetch(head);
      await expect(fleet.files(head)).rejects.toMatchObject({ code: "INVALID_FLEET" });
    }
  });
});

const lfsPointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n";

/** All that an error could show to anybody. */
function textOf(error: unknown): string {
  const parts: string[] = [];
  for (let next = error; next instanceof Error; next = next.cause) {
    parts.push(next.message, next.stack ?? "", JSON.stringify(next));
  }
  return parts.join("\n");
}
