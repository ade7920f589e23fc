import { existsSync } from "node:fs";
import { rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFleetFetcher } from "../../../src/adapters/git/fleet-fetcher.ts";
import { systemClock } from "../../../src/runtime/system-clock.ts";
import { createCertificate } from "../../support/certificate.ts";
import { type FaultProxy, startFaultProxy } from "../../support/fault-proxy.ts";
import {
  createRepository,
  git,
  temporaryFolder,
  type TestRepository,
} from "../../support/git-repository.ts";
import { createBareRepository, type GitServer, startGitServer } from "../../support/git-server.ts";

const clock = systemClock();

describe("the fleet fetcher over https", () => {
  let server: GitServer;
  let proxy: FaultProxy;
  let caFile: string;
  let repository: TestRepository;

  beforeAll(async () => {
    server = await startGitServer({ root: await temporaryFolder(), token: "t0ken" });
    const certificate = await createCertificate();
    caFile = certificate.caFile;
    proxy = await startFaultProxy({ target: `http://127.0.0.1:${server.port}`, tls: certificate });
    const bare = await createBareRepository(server.root, "fleet");
    repository = await createRepository({ "fleet.yaml": "kind: Fleet\n" });
    await repository.git("push", "-q", bare, "main");
  });
  afterAll(async () => {
    await proxy.close();
    await server.close();
  });

  const over = async (trusted: string | undefined) =>
    createFleetFetcher({
      dir: join(await temporaryFolder(), "clone.git"),
      url: `${proxy.url}/fleet.git`,
      branch: "main",
      token: () => Promise.resolve("t0ken"),
      caFile: trusted,
      clock,
    });

  it("follows a server whose authority it was given", async () => {
    const fleet = await over(caFile);
    const head = await repository.git("rev-parse", "HEAD");
    expect(await fleet.poll()).toEqual({ head });
    await fleet.fetch(head);
    expect(await fleet.files(head)).toEqual([{ path: "fleet.yaml", text: "kind: Fleet\n" }]);
  });

  it("never shows its token to a server whose certificate it does not trust", async () => {
    proxy.forget();
    const error = await (await over(undefined)).poll().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "GIT_FAILED",
      message: expect.stringContaining("certificate"),
    });
    expect(proxy.count()).toBe(0);
  });
});

describe("the fleet fetcher's clone", () => {
  const following = async () => {
    const repository = await createRepository({ "fleet.yaml": "1" });
    const dir = join(await temporaryFolder(), "clone.git");
    const open = () => createFleetFetcher({ dir, url: repository.dir, branch: "main", clock });
    return { repository, dir, open, fleet: open() };
  };

  it("gets over the locks of a fetch that was killed", async () => {
    const { repository, dir, fleet } = await following();
    await fleet.fetch(await repository.git("rev-parse", "HEAD"));
    const next = await repository.commit({ "fleet.yaml": "2" });
    const lock = join(dir, "refs/flotilla/incoming.lock");
    await writeFile(lock, "");
    await expect(fleet.fetch(next)).rejects.toHaveProperty("code", "GIT_FAILED");
    await utimes(lock, 1000, 1000);
    await expect(fleet.fetch(next)).rejects.toHaveProperty("code", "GIT_FAILED");
    await fleet.fetch(next);
    expect(existsSync(lock)).toBe(false);
    expect(await fleet.files(next)).toEqual([{ path: "fleet.yaml", text: "2" }]);
  });

  it("does not take a commit for fetched of which only a part is there", async () => {
    const { repository, dir, fleet } = await following();
    await fleet.fetch(await repository.git("rev-parse", "HEAD"));
    const next = await repository.commit({ "fleet.yaml": "2" });
    const object = join(await temporaryFolder(), "commit");
    await writeFile(object, `${await repository.git("cat-file", "commit", next)}\n`);
    expect(await git(["-C", dir, "hash-object", "-t", "commit", "-w", object])).toBe(next);
    expect(await fleet.has(next)).toBe(false);
    expect(await fleet.keepSources([next])).toEqual([next]);
    await fleet.fetch(next);
    expect(await fleet.files(next)).toEqual([{ path: "fleet.yaml", text: "2" }]);
  });

  it("is made again when it was lost", async () => {
    const { repository, dir, fleet, open } = await following();
    const head = await repository.git("rev-parse", "HEAD");
    await fleet.fetch(head);
    await rm(dir, { recursive: true });
    const again = open();
    expect(await again.has(head)).toBe(false);
    await again.fetch(head);
    expect(await again.files(head)).toEqual([{ path: "fleet.yaml", text: "1" }]);
  });

  it("stays small in packs, and whole, over many fetches with upkeep", async () => {
    const { repository, dir, fleet } = await following();
    let head = "";
    for (let index = 0; index < 12; index += 1) {
      head = await repository.commit({ [`f/${index}.yaml`]: String(index) });
      await fleet.fetch(head);
    }
    await fleet.keepSources([head]);
    await fleet.maintain();
    const counts = await git(["-C", dir, "count-objects", "-v"]);
    expect(Number(/packs: (\d+)/.exec(counts)?.[1])).toBeLessThan(6);
    expect((await fleet.files(head)).length).toBe(13);
    expect(await git(["-C", dir, "fsck", "--connectivity-only"])).not.toMatch(/missing|broken/);
  });
});
