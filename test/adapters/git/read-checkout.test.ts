import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readCheckout, resolveRevision } from "../../../src/adapters/git/read-checkout.ts";
import {
  createRepository,
  git,
  temporaryFolder,
  type TestRepository,
  writeFiles,
} from "../../support/git-repository.ts";

const readers = ["native", "isomorphic"] as const;

describe("reading a checkout", () => {
  let repository: TestRepository;
  let first: string;
  let second: string;

  beforeAll(async () => {
    repository = await createRepository();
    first = await repository.commit({
      "fleet.yaml": "kind: Fleet\n",
      "apps/shop/app.yaml": "kind: App\n",
      "apps/shop/ü.yaml": "ä: 1\n",
      "apps/logo.png": new Uint8Array([1, 0, 2]),
      ".github/workflows/ci.yaml": "on: push\n",
      "a.b/x.yaml": "1",
      "a/x.yaml": "2",
      "a-b/x.yaml": "3",
      "run.sh": "#!/bin/sh\n",
    });
    await repository.git("tag", "-a", "v1", "-m", "one");
    second = await repository.commit({ "fleet.yaml": "kind: Fleet # 2\n", "a/x.yaml": null });
    await repository.git("branch", "feature/x");
    await repository.git("gc", "-q");
    await repository.commit({ "fleet.yaml": "kind: Fleet # 3\n" });
  });

  const inFirst = [
    { path: "a-b/x.yaml", text: "3" },
    { path: "a.b/x.yaml", text: "1" },
    { path: "a/x.yaml", text: "2" },
    { path: "apps/shop/app.yaml", text: "kind: App\n" },
    { path: "apps/shop/ü.yaml", text: "ä: 1\n" },
    { path: "fleet.yaml", text: "kind: Fleet\n" },
    { path: "run.sh", text: "#!/bin/sh\n" },
  ];

  it("gives files whose names are no UTF-8 as their commit has them, and what stands in such folders", async () => {
    const named = await createRepository();
    const folder = Buffer.concat([Buffer.from(`${named.dir}/`), Buffer.from([0x66, 0xff])]);
    const inside = (name: string): Buffer => Buffer.concat([folder, Buffer.from(`/${name}`)]);
    await mkdir(folder);
    await writeFile(inside("a.yaml"), "a: 1\n");
    await writeFile(inside("photo.jpg"), new Uint8Array([0, 1]));
    await writeFile(Buffer.concat([folder, Buffer.from(".jpg")]), new Uint8Array([0, 1]));
    await named.git("add", "-A");
    await named.git("commit", "-qm", "one");

    const lying = await readCheckout(named.dir);
    expect(lying).toEqual([{ path: "f\ufffd/a.yaml", text: "a: 1\n" }]);
    for (const reader of readers) {
      expect(await readCheckout(named.dir, { revision: "HEAD", reader })).toEqual(lying);
    }
  });

  it("leaves out what git ignores, which no commit will bring, but not what is tracked all the same", async () => {
    const own = await createRepository();
    await own.commit({ "tracked/a.yaml": "1", ".gitignore": "" });
    await writeFiles(own.dir, {
      ".gitignore": "*.local.yaml\nscratch/\ntracked/\n",
      "apps/x.yaml": "2",
      "apps/x.local.yaml": "3",
      "apps/scratch/deep/y.yaml": "4",
      "tracked/b.yaml": "5",
      "scratch/fleet/z.yaml": "6",
    });
    await writeFile(join(own.dir, ".git/info/exclude"), "mine.yaml\n");
    await writeFiles(own.dir, { "mine.yaml": "7" });

    expect(await readCheckout(own.dir)).toEqual([
      { path: "apps/x.yaml", text: "2" },
      { path: "tracked/a.yaml", text: "1" },
    ]);
    expect(await readCheckout(join(own.dir, "apps"))).toEqual([{ path: "x.yaml", text: "2" }]);
    // A folder that is ignored as a whole is read as one outside of any repository.
    for (const dir of ["scratch", "scratch/fleet"]) {
      expect(await readCheckout(join(own.dir, dir))).toMatchObject([{ text: "6" }]);
    }
  });

  it.each<[string, string, string]>([
    ["configuration that git cannot read", ".git/config", "garbage ["],
    ["an index that git cannot read", ".git/index", "junk"],
    ["a repository that is elsewhere", ".git", "gitdir: /nowhere/.git/worktrees/w\n"],
  ])("does not take files for what will be committed with %s", async (_, path, text) => {
    const own = await createRepository();
    await own.commit({ "a.yaml": "1" });
    await rm(join(own.dir, path), { recursive: true, force: true });
    await writeFiles(own.dir, { [path]: text });

    await expect(readCheckout(own.dir)).rejects.toMatchObject({
      code: "GIT_FAILED",
      message: expect.stringMatching(/^what git ignores in .* is not known: git ls-files .* 128: /),
    });
  });

  it("ignores nothing in a folder of a bare repository, which has no work tree", async () => {
    const own = await createRepository();
    await own.commit({ "a.yaml": "1" });
    await writeFiles(own.dir, { ".git/info/exclude": "b.yaml\n", ".git/fleet/b.yaml": "2" });

    expect(await readCheckout(join(own.dir, ".git/fleet"))).toEqual([
      { path: "b.yaml", text: "2" },
    ]);
  });

  it("leaves out what goes away while it is read", async () => {
    const dir = await temporaryFolder();
    const names = Array.from({ length: 400 }, (_, index) => `${index % 20}/${index}.yaml`);
    await writeFiles(dir, Object.fromEntries(names.map((name) => [name, "a: 1\n"])));
    const reading = readCheckout(dir);
    for (const name of names.toReversed()) await rm(join(dir, name));

    expect((await reading).every(({ problem }) => problem === undefined)).toBe(true);
    expect(await readCheckout(dir)).toEqual([]);
  });

  it("gives the files that lie there, tracked or not, without dot-folders, links and other repositories, of which it names what may be a folder", async () => {
    const dir = await temporaryFolder();
    await writeFiles(dir, {
      "a/x.yaml": "2",
      "new.yaml": "untracked",
      ".git/config": "x",
      ".hidden/y.yaml": "x",
      "node_modules/z.yaml": "x",
      "module/.git": "gitdir: ../elsewhere",
      "module/m.yaml": "x",
      "logo.png": new Uint8Array([0]),
    });
    await symlink("/etc", join(dir, "etc"));
    await symlink("/etc/conf.d", join(dir, "conf.d"));
    await symlink("/etc/passwd", join(dir, "README.md"));
    const link = { text: "", isLink: true, leftOut: expect.stringContaining("symbolic links") };
    expect(await readCheckout(dir)).toEqual([
      { path: "a/x.yaml", text: "2" },
      { path: "conf.d", ...link },
      { path: "etc", ...link },
      {
        path: "module",
        text: "",
        isSubmodule: true,
        leftOut: expect.stringContaining("submodule"),
      },
      { path: "new.yaml", text: "untracked" },
    ]);
    await symlink("/etc/passwd", join(dir, "link.yaml"));
    expect((await readCheckout(dir)).filter(({ problem }) => problem !== undefined)).toEqual([
      { path: "link.yaml", text: "", problem: expect.stringContaining("symbolic links") },
    ]);
  });

  it("names submodules, which it does not enter, whether they were fetched or not", async () => {
    const inner = await createRepository();
    await inner.commit({ "a.yaml": "1" });
    const outer = await createRepository();
    await outer.commit({ "b.yaml": "2", ".hidden/c.yaml": "3" });
    for (const path of ["parts/inner", ".hidden/inner", ".inner"]) {
      const from = ["-c", "protocol.file.allow=always"];
      await outer.git(...from, "submodule", "--quiet", "add", inner.dir, path);
    }
    await outer.git("commit", "-qm", "with others");
    const clone = await temporaryFolder();
    await git(["clone", "-q", outer.dir, clone]);
    await mkdir(join(clone, "empty"));

    const leftOut = expect.stringMatching(/^a submodule is not entered/);
    const read = [
      { path: "b.yaml", text: "2" },
      { path: "parts/inner", text: "", leftOut, isSubmodule: true },
    ];
    for (const reader of readers) {
      expect(await readCheckout(outer.dir, { revision: "HEAD", reader })).toEqual(read);
    }
    expect(await readCheckout(outer.dir)).toEqual(read);
    expect(await readCheckout(clone)).toEqual(read);
    const below = [{ path: "inner", text: "", leftOut, isSubmodule: true }];
    for (const dir of [outer.dir, clone]) {
      expect(await readCheckout(join(dir, "parts"))).toEqual(below);
    }
  });

  it.each(readers)(
    "carries along all that a chart or kustomization has in it, by %s git",
    async (reader) => {
      const other = await createRepository();
      const logo = new Uint8Array([0, 1, 255]);
      const outside = { ".env": "x", "d/.env": "x", "d/.git.yaml": "x" };
      const commit = await other.commit({
        "c/Chart.yaml": "name: c\n",
        "c/.helmignore": "x\n",
        "c/.hidden": "x",
        "c/files/.latin1.yaml": new Uint8Array([0xe9]),
        "c/.folder/x": "x",
        "c/node_modules/x": "x",
        "k/kustomization.yaml": "a: 1\n",
        "k/.env": "A=1\n",
        ...outside,
        "c/files/logo.bin": logo,
        "logo.bin": logo,
        "c/latin1.txt": new Uint8Array([0xe9]),
      });
      await symlink("/etc/passwd", join(other.dir, "c/files/link"));
      await symlink("/etc/passwd", join(other.dir, "link"));
      const inChart = [
        { path: "c/.helmignore", text: "x\n" },
        { path: "c/.hidden", text: "x" },
        { path: "c/Chart.yaml", text: "name: c\n" },
        { path: "c/files/.latin1.yaml", text: "\u00e9", isBinary: true },
        { path: "c/files/logo.bin", text: "\u0000\u0001\u00ff", isBinary: true },
        { path: "c/latin1.txt", text: "\u00e9", isBinary: true },
        { path: "k/.env", text: "A=1\n" },
        { path: "k/kustomization.yaml", text: "a: 1\n" },
      ];
      expect(await readCheckout(other.dir, { revision: commit, reader })).toEqual(inChart);
      const link = { text: "", isLink: true, leftOut: expect.stringContaining("symbolic") };
      expect(await readCheckout(other.dir)).toEqual([
        ...inChart.slice(0, 4),
        { path: "c/files/link", ...link },
        ...inChart.slice(4),
        { path: "link", ...link },
      ]);
    },
  );

  it("names links that may lead to folders in a commit as in the work tree", async () => {
    const own = await createRepository();
    await own.commit({ "a/x.yaml": "1" });
    await symlink("a", join(own.dir, "b"));
    await own.git("add", "-A");
    await own.git("commit", "-qm", "a link");
    const lying = await readCheckout(own.dir);
    expect(lying.map(({ path, isLink }) => ({ path, isLink }))).toEqual([
      { path: "a/x.yaml", isLink: undefined },
      { path: "b", isLink: true },
    ]);
    for (const reader of readers) {
      expect(await readCheckout(own.dir, { revision: "HEAD", reader })).toEqual(lying);
    }
  });

  it("gives of the work tree what it gives of a commit of it", async () => {
    const committed = await readCheckout(repository.dir, { revision: "HEAD" });
    expect(await readCheckout(repository.dir)).toEqual(committed);
  });

  it("says so when there is no folder", async () => {
    await expect(readCheckout("/nonexistent")).rejects.toMatchObject({ code: "GIT_NOT_FOUND" });
    await expect(readCheckout(join(repository.dir, "run.sh"))).rejects.toMatchObject({
      code: "GIT_NOT_FOUND",
    });
  });

  describe.each(readers)("by %s git", (reader) => {
    it("gives the files of a revision", async () => {
      expect(await readCheckout(repository.dir, { revision: first, reader })).toEqual(inFirst);
      const now = await readCheckout(repository.dir, { revision: "main", reader });
      expect(now.find(({ path }) => path === "fleet.yaml")?.text).toBe("kind: Fleet # 3\n");
    });

    it("says so when there is no commit, and not that the checkout is shallow", async () => {
      const dir = await temporaryFolder();
      await git(["init", "-q", "-b", "main"], dir);
      for (const revision of ["main", "HEAD", "HEAD~1", "0123456"]) {
        await expect(readCheckout(dir, { revision, reader })).rejects.toMatchObject({
          code: "GIT_NOT_FOUND",
          message: `there is no commit here, and so no revision "${revision}"`,
        });
      }
    });

    it("gives the files of a folder, with paths relative to it", async () => {
      const dir = join(repository.dir, "apps");
      expect(await readCheckout(dir, { revision: first, reader })).toEqual([
        { path: "shop/app.yaml", text: "kind: App\n" },
        { path: "shop/ü.yaml", text: "ä: 1\n" },
      ]);
      await mkdir(join(repository.dir, "later"), { recursive: true });
      const missing = readCheckout(join(repository.dir, "later"), { revision: first, reader });
      await expect(missing).rejects.toMatchObject({ code: "GIT_NOT_FOUND" });
    });

    it.each(
      ["HEAD~2", "HEAD^^", "main~2", "feature/x~1", "v1", "v1^{}"].filter(
        (name) => reader === "native" || !name.includes("{"),
      ),
    )("knows %s", async (revision) => {
      expect(await resolveRevision(repository.dir, revision, { reader })).toBe(first);
    });

    it("knows names, short ids and full ids", async () => {
      for (const revision of [
        "HEAD~1",
        "feature/x",
        "refs/heads/feature/x",
        second.slice(0, 10),
        second,
      ]) {
        expect(await resolveRevision(repository.dir, revision, { reader })).toBe(second);
      }
    });

    it.each([
      "nope",
      "HEAD~99",
      "--all",
      "",
      "1234567890123456789012345678901234567890",
      "main:fleet.yaml",
      "a b",
    ])("refuses the revision %j", async (revision) => {
      const refused = resolveRevision(repository.dir, revision, { reader });
      await expect(refused).rejects.toMatchObject({ code: "GIT_NOT_FOUND", retry: "never" });
      const read = readCheckout(repository.dir, { revision, reader });
      await expect(read).rejects.toMatchObject({ code: "GIT_NOT_FOUND" });
    });

    it("refuses a folder that is in no repository", async () => {
      const refused = resolveRevision(await temporaryFolder(), "HEAD", { reader });
      await expect(refused).rejects.toMatchObject({ code: "GIT_NOT_FOUND" });
    });

    it("bounds what it reads and names what it cannot", async () => {
      const read = (limits: object): Promise<unknown> =>
        readCheckout(repository.dir, { revision: first, reader, limits });
      await expect(read({ maxFiles: 3 })).rejects.toMatchObject({ code: "INVALID_FLEET" });
      await expect(read({ maxTotalBytes: 10 })).rejects.toMatchObject({ code: "INVALID_FLEET" });
      expect(await read({ maxFileBytes: 5 })).toContainEqual({
        path: "fleet.yaml",
        text: "",
        problem: "has 12 bytes, at most 5 are read",
      });
    });

    it("reads a shallow clone", async () => {
      const dir = join(await temporaryFolder(), "shallow");
      await git(["clone", "-q", "--depth=1", `file://${repository.dir}`, dir]);
      expect(await readCheckout(dir, { revision: "HEAD", reader })).toEqual(
        await readCheckout(dir),
      );
      await expect(resolveRevision(dir, "HEAD~1", { reader })).rejects.toMatchObject({
        code: "GIT_NOT_FOUND",
      });
    });

    it.each([
      ["tree:0", ["", "apps"]],
      ["blob:none", [""]],
    ] as const)(
      "takes nothing for gone that a partial clone lacks (%s)",
      async (filter, folders) => {
        await repository.git("config", "uploadpack.allowFilter", "true");
        const dir = join(await temporaryFolder(), "partial");
        await git(["clone", "-q", `--filter=${filter}`, `file://${repository.dir}`, dir]);
        for (const folder of folders) {
          await expect(
            readCheckout(join(dir, folder), { revision: first, reader }),
          ).rejects.toMatchObject({
            code: "GIT_CORRUPT",
            message: `objects of ${first} are missing or damaged`,
            hint: expect.stringContaining("--refetch"),
          });
        }
      },
    );
  });

  it("falls back to isomorphic-git where there is no git", async () => {
    const path = process.env["PATH"] ?? "";
    process.env["PATH"] = await temporaryFolder();
    try {
      expect(await readCheckout(repository.dir, { revision: first })).toEqual(inFirst);
      expect(await resolveRevision(repository.dir, "HEAD~2")).toBe(first);
    } finally {
      process.env["PATH"] = path;
    }
  });
});
