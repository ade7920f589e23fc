import { execFile } from "node:child_process";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { openStore } from "../../src/adapters/git/native-store.ts";
import { mirrorBranch } from "../../src/core/protocol/mirror-layout.ts";
import type { MirrorCommit } from "../../src/controller/mirror-commit.ts";
import { MirrorRepository } from "../../src/controller/mirror-repository.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import { systemClock } from "../../src/runtime/system-clock.ts";
import { eventually } from "../support/controller-mirror.ts";
import { temporaryFolder } from "../support/git-repository.ts";
import { manualClock } from "../support/manual-clock.ts";

const run = promisify(execFile);
const start = Date.parse("2026-01-01T00:00:00Z");
const control = "c".repeat(40);

/** The mirror of one folder as two controllers have it. */
async function openTwice(
  options: { readonly clock: Clock; readonly timeoutMs?: number } = { clock: manualClock(start) },
): Promise<readonly [MirrorRepository, MirrorRepository]> {
  const dir = join(await temporaryFolder(), "east.git");
  const open = async (): Promise<MirrorRepository> => {
    const store = await openStore(dir, { create: true, ...options });
    onTestFinished(() => store.close());
    return new MirrorRepository({ name: "east", dir, store });
  };
  return [await open(), await open()];
}

function commitOf(site: string): MirrorCommit {
  const path = `sites/${site}/web/_ConfigMap_x_a.yaml`;
  return { changes: [{ path, content: "kind: ConfigMap\n" }], after: new Map(), moved: [] };
}

const frame = (epoch: number) => ({ epoch, control, at: start, author: "test" });

describe("a mirror to which another controller writes", () => {
  it("gets no commit on top of a head that the plan was not made of", async () => {
    const [paused, next] = await openTwice();
    const read = await paused.snapshot();
    const head = await next.commit(await next.snapshot(), commitOf("s1"), frame(2));
    const late = paused.commit(read, commitOf("s2"), frame(2));
    await expect(late).rejects.toMatchObject({ code: "REF_RACE" });
    // Nor when the head was looked at meanwhile.
    await paused.snapshot();
    const again = paused.commit(read, commitOf("s2"), frame(2));
    await expect(again).rejects.toMatchObject({ code: "REF_RACE" });
    expect(await next.store.resolve(mirrorBranch)).toBe(head);
  });

  it("gets no commit of an older leader after one of a later leader", async () => {
    const [paused, next] = await openTwice();
    const head = await next.commit(await next.snapshot(), commitOf("s1"), frame(2));
    const late = paused.commit(await paused.snapshot(), commitOf("s2"), frame(1));
    await expect(late).rejects.toMatchObject({ code: "STALE_EPOCH" });
    expect(await next.store.resolve(mirrorBranch)).toBe(head);
  });
});

describe("a mirror whose git does not answer", () => {
  it("is waited for once, and asked beside the passes until it answers", async () => {
    const [clock, timeoutMs] = [systemClock(), 1000];
    const [mirror, fresh] = await openTwice({ clock, timeoutMs });
    const head = await mirror.commit(await mirror.snapshot(), commitOf("s1"), frame(1));
    // Git opens it before it looks for any object, and waits for who writes into it.
    const pipe = join(fresh.dir, "objects/info/alternates");
    await run("mkfifo", [pipe]);

    expect(await lasts(() => fresh.standing())).toBeGreaterThanOrEqual(timeoutMs - 50);
    expect(fresh.unreadable).toMatchObject({ code: "GIT_TIMEOUT" });
    for (let pass = 0; pass < 5; pass += 1) {
      expect(await lasts(() => fresh.standing())).toBeLessThan(timeoutMs / 2);
      expect(fresh.unreadable).toMatchObject({ code: "GIT_TIMEOUT" });
      await clock.sleep(timeoutMs / 2);
    }

    await rm(pipe);
    await eventually("it is read", async () => (await fresh.standing()).head === head);
    expect(fresh.unreadable).toBeNull();
  });
});

async function lasts(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}
