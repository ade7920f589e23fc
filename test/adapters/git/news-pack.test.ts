/** Packs that are made of what was written last: whoever has a commit gets to a later one by them, and by little. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type NativeStore, openStore } from "../../../src/adapters/git/native-store.ts";
import type { TreeChange } from "../../../src/adapters/git/object-store.ts";
import { RecentEntries } from "../../../src/adapters/git/recent-entries.ts";
import { systemClock } from "../../../src/runtime/system-clock.ts";
import { git, temporaryFolder } from "../../support/git-repository.ts";

const clock = systemClock();
const main = "refs/heads/main";

describe("the pack of what is new", () => {
  let mirror: NativeStore;

  beforeEach(async () => {
    mirror = await openMirror(new RecentEntries(4 * 1024 * 1024));
  });
  afterEach(() => mirror.close());

  const openMirror = async (recent: RecentEntries): Promise<NativeStore> =>
    openStore(join(await temporaryFolder(), "eu.git"), { create: true, clock, recent });

  const commit = async (changes: readonly TreeChange[]): Promise<string> => {
    const parent = await mirror.resolve(main);
    const message = `after ${parent}`;
    return mirror.commitChanges({ ref: main, parent, changes, message, author: "t", at: 0 });
  };
  /** The tree of an app with a few files, of which one differs from version to version. */
  const appTree = (version: number): Promise<string> =>
    mirror.writeTree(
      Array.from({ length: 4 }, (_, index) => ({
        path: `o${index}.yaml`,
        content: index === 0 ? `version: ${version}\n` : `same: ${"x".repeat(index * 300)}\n`,
      })),
    );
  /** A repository that has a commit and all before it, and nothing else. */
  const reader = async (have: string): Promise<string> => {
    const dir = join(await temporaryFolder(), "worker.git");
    await git(["init", "--quiet", "--bare", dir]);
    await git(["config", "uploadpack.allowAnySHA1InWant", "true"], mirror.dir);
    await git(["fetch", "--quiet", mirror.dir, `${have}:${main}`], dir);
    return dir;
  };
  /** What the reader has after it took the pack, all of it checked by git. */
  const take = async (dir: string, pack: readonly Buffer[], head: string): Promise<void> => {
    const args = ["index-pack", "--stdin", "--fix-thin", "--strict"];
    const indexing = promisify(execFile)("git", args, { cwd: dir });
    indexing.child.stdin?.end(Buffer.concat(pack));
    await indexing;
    await git(["update-ref", main, head], dir);
    await git(["fsck", "--full", "--strict", "--no-dangling"], dir);
  };
  const bytesOf = (pack: readonly Buffer[] | null): number =>
    pack?.reduce((sum, { length }) => sum + length, 0) ?? Number.NaN;
  const countOf = (pack: readonly Buffer[] | null): number =>
    pack?.[0]?.readUInt32BE(8) ?? Number.NaN;

  const version = fc.nat(3);
  const site = fc.nat(11);
  const step = fc.oneof(
    fc.record({ kind: fc.constant("hand over" as const), site, app: fc.nat(1), version }),
    fc.record({ kind: fc.constant("was good" as const), site, app: fc.nat(1), version }),
    fc.record({ kind: fc.constant("tell" as const), site, version }),
    fc.record({ kind: fc.constant("leave" as const), site }),
    fc.record({ kind: fc.constant("go deeper" as const), site, version }),
  );
  const changeOf = async (one: typeof step extends fc.Arbitrary<infer T> ? T : never) => {
    const name = `s${one.site}`;
    if (one.kind === "leave") return { path: `sites/${name}`, remove: true } as const;
    if (one.kind === "tell") return { path: `meta/${name}.json`, content: `${one.version}` };
    const tree = await appTree(one.version);
    if (one.kind === "go deeper") return { path: `deep/${name}/a/b/c${one.version}/d`, tree };
    const folder = one.kind === "hand over" ? "sites" : "good";
    return { path: `${folder}/${name}/app${one.app}`, tree };
  };

  it("brings everybody from any commit to the head, whatever happened in between", async () => {
    const commits = fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), {
      minLength: 2,
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(commits, fc.nat(4), async (steps, back) => {
        mirror = await openMirror(new RecentEntries(4 * 1024 * 1024));
        const ids = [await commit([{ path: "meta/first.json", content: "{}" }])];
        for (const changes of steps) {
          const found: TreeChange[] = [];
          for (const one of changes) found.push(await changeOf(one));
          ids.push(await commit(found));
        }
        const want = ids.at(-1) ?? "";
        const have = ids.at(Math.max(-ids.length, -2 - back)) ?? "";
        const dir = await reader(have);
        const pack = await mirror.news({ want, haves: new Set([have]) });
        expect(pack).not.toBeNull();
        await take(dir, pack ?? [], want);
        await mirror.close();
      }),
      { numRuns: 30 },
    );
  });

  it("costs as much at a thousand sites as at a hundred", async () => {
    const sizes: number[] = [];
    for (const sites of [100, 1000]) {
      mirror = await openMirror(new RecentEntries(4 * 1024 * 1024));
      const first = await appTree(1);
      const everywhere = Array.from({ length: sites }, (_, index) => ({
        path: `sites/site-${String(index).padStart(4, "0")}/app`,
        tree: first,
      }));
      const have = await commit(everywhere);
      const want = await commit([{ path: "sites/site-0042/app", tree: await appTree(2) }]);
      const pack = await mirror.news({ want, haves: new Set([have]) });
      sizes.push(bytesOf(pack));
      await take(await reader(have), pack ?? [], want);
      await mirror.close();
    }
    const [few = 0, many = 0] = sizes;
    expect(many).toBeLessThan(few + 100);
    expect(many).toBeLessThan(1000);
  });

  it("does not send again what stands at another site", async () => {
    const [first, second] = [await appTree(1), await appTree(2)];
    await commit([
      { path: "sites/s1/app", tree: first },
      { path: "sites/s2/app", tree: first },
    ]);
    const have = await commit([{ path: "sites/s1/app", tree: second }]);
    const want = await commit([{ path: "sites/s2/app", tree: second }]);
    const pack = await mirror.news({ want, haves: new Set([have]) });
    // Commit, root, `sites`: the list of s2 is that of s1 now.
    expect(countOf(pack)).toBe(3);
    await take(await reader(have), pack ?? [], want);
  });

  it("sends of an app's files those that changed", async () => {
    const have = await commit([{ path: "sites/s1/app", tree: await appTree(1) }]);
    const want = await commit([{ path: "sites/s1/app", tree: await appTree(2) }]);
    const pack = await mirror.news({ want, haves: new Set([have]) });
    // Commit, root, `sites`, the site, the app, its file.
    expect(countOf(pack)).toBe(6);
    await take(await reader(have), pack ?? [], want);
  });

  it("leaves to git whom it cannot answer at once", async () => {
    const have = await commit([{ path: "sites/s1/app", tree: await appTree(1) }]);
    const want = await commit([{ path: "sites/s1/app", tree: await appTree(2) }]);
    const strange = "1".repeat(40);
    expect(await mirror.news({ want, haves: new Set() })).toBeNull();
    expect(await mirror.news({ want, haves: new Set([strange]) })).toBeNull();
    expect(await mirror.news({ want: strange, haves: new Set([have]) })).toBeNull();
    expect(await mirror.news({ want: have, haves: new Set([want]) })).toBeNull();

    const forgetful = await openStore(mirror.dir, { clock, recent: new RecentEntries(0) });
    expect(await forgetful.news({ want, haves: new Set([have]) })).toBeNull();
    await forgetful.close();

    for (let count = 0; count < 32; count += 1) {
      await commit([{ path: "meta/s1.json", content: `${count}` }]);
    }
    const head = (await mirror.resolve(main)) ?? "";
    expect(await mirror.news({ want: head, haves: new Set([have]) })).toBeNull();
    expect(await mirror.news({ want: head, haves: new Set([want]) })).not.toBeNull();
  });
});
