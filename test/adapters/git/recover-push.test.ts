import { randomBytes } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createMirrorGitHandler } from "../../../src/adapters/git/http-backend.ts";
import { createMirrorFetcher } from "../../../src/adapters/git/mirror-fetcher.ts";
import { type NativeStore, openStore } from "../../../src/adapters/git/native-store.ts";
import { headerHasToken } from "../../../src/runtime/match-token.ts";
import { systemClock } from "../../../src/runtime/system-clock.ts";
import { git, temporaryFolder } from "../../support/git-repository.ts";

const clock = systemClock();
const main = "refs/heads/main";
const recover = "refs/flotilla/recover";
const token = "token-of-eu";

describe("the push that brings a mirror forward", () => {
  let server: Server;
  let url: string;
  let mirror: NativeStore;
  let worker: NativeStore;
  let wanted: string | null;
  let pushes: number;
  let base: string;
  let newer: string;

  const commit = (store: NativeStore, content: string): Promise<string> =>
    store.resolve(main).then((parent) =>
      store.commitChanges({
        ref: main,
        parent,
        changes: [{ path: "meta/s1.json", content }],
        message: "m\n",
        author: "t",
        at: 0,
      }),
    );

  beforeEach(async () => {
    const root = await temporaryFolder();
    mirror = await openStore(join(root, "eu.git"), { create: true, clock });
    base = await commit(mirror, "1");
    await git(["clone", "-q", "--bare", mirror.dir, join(root, "worker.git")]);
    worker = await openStore(join(root, "worker.git"), { clock });
    newer = await commit(worker, "2");
    wanted = newer;
    pushes = 0;
    const handler = createMirrorGitHandler({
      repoDir: (name) => join(root, `${name}.git`),
      authorize: (name, header) => name === "eu" && headerHasToken(header, token),
      wanted: () => wanted,
      onPush: () => void (pushes += 1),
      maxPushBytes: 100_000,
      clock,
    });
    server = createServer((request, response) => void handler(request, response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mirrors/eu.git`; // it listens on TCP
  });
  afterEach(async () => {
    await Promise.all([mirror.close(), worker.close()]);
    server.closeAllConnections();
    server.close();
  });

  const fetcher = (own: string) =>
    createMirrorFetcher({ dir: worker.dir, url, token: () => Promise.resolve(own), clock });
  const push = (...specs: string[]): Promise<string> =>
    git(["push", url.replace("://", `://flotilla:${token}@`), ...specs], worker.dir);
  const refs = (): Promise<string> =>
    git(["-C", mirror.dir, "for-each-ref", "--format=%(refname) %(objectname)"]);

  it("puts the commit that was asked for aside, whole, and moves nothing else", async () => {
    await fetcher(token).offer(newer);
    expect(pushes).toBe(1);
    expect(await mirror.resolve(recover)).toBe(newer);
    expect(await mirror.resolve(main)).toBe(base);
    expect(await git(["-C", mirror.dir, "show", `${newer}:meta/s1.json`])).toBe("2");
    await fetcher(token).offer(newer);
    expect(await mirror.resolve(recover)).toBe(newer);
  });

  it("is refused with another token", async () => {
    await expect(fetcher("wrong").offer(newer)).rejects.toMatchObject({ code: "GIT_AUTH" });
    expect(await refs()).toBe(`${main} ${base}`);
  });

  it("is refused while nobody asks", async () => {
    wanted = null;
    await expect(fetcher(token).offer(newer)).rejects.toThrow("403");
    expect(await refs()).toBe(`${main} ${base}`);
  });

  it.each<[string, () => string[]]>([
    ["another ref", () => [`${newer}:refs/heads/evil`]],
    ["the branch itself", () => [`${newer}:${main}`]],
    ["a commit that nobody asked for", () => [`+${base}:${recover}`]],
    ["a second update beside it", () => [`${newer}:${recover}`, `${newer}:refs/heads/evil`]],
    ["the end of the branch", () => [`:${main}`]],
  ])("is refused for %s", async (_title, specs) => {
    await expect(push(...specs())).rejects.toThrow(/403|rejected/);
    expect(await refs()).toBe(`${main} ${base}`);
    expect(pushes).toBe(0);
  });

  it("is refused when it is too large", async () => {
    wanted = await commit(worker, randomBytes(300_000).toString("base64"));
    await expect(fetcher(token).offer(wanted)).rejects.toThrow(/413|too large|HTTP/);
    expect(await refs()).toBe(`${main} ${base}`);
  });
});
