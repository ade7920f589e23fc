import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Part } from "../../src/demo/breakage.ts";
import { type Demo, type DemoState, hasArrived, startDemo } from "../../src/demo/demo.ts";
import { openDesk } from "../../src/demo/desk.ts";
import { systemClock } from "../../src/runtime/system-clock.ts";
import { runCli } from "../support/cli.ts";

const run = promisify(execFile);
const clock = systemClock();
const said: string[] = [];
let dir: string;
let demo: Demo;
let close: () => Promise<void>;

/** Looks until it is so. */
async function until(what: string, isSo: (state: DemoState) => boolean): Promise<DemoState> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const state = await demo.look();
    if (isSo(state)) return state;
    expect(state.ended).toEqual([]);
    if (performance.now() > deadline) {
      throw new Error(`not in time: ${what}; ${JSON.stringify(state.status)}`);
    }
    await clock.sleep(100);
  }
}

async function command(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli(["demo", ...args, "--dir", dir]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

/** Makes the stages of the next commits wait so long: the first one, and the others. */
async function setSoaks(canary: string, others: string): Promise<string> {
  const file = join(demo.fleet.path, "strategies/careful.yaml");
  const text = await readFile(file, "utf8");
  const next = text
    .replace(/(?<=selector: ring=canary\n)( {6}soak: .*\n)?/, `      soak: ${canary}\n`)
    .replace(/(?<=^ {2}soak: ).*/m, others)
    .replace(/(?<=^ {2}minReady: ).*/m, "200ms");
  await writeFile(file, next);
  await run("git", ["-C", demo.fleet.path, "commit", "-qam", `Soak ${canary}, ${others}`]);
  const head = (await demo.fleet.head())?.commit ?? "";
  await until("it is followed", ({ status }) => status?.revision?.endsWith(head) === true);
  return head;
}

async function commitEdit(): Promise<string> {
  const suggestion = await demo.fleet.suggestion();
  if (suggestion === null) throw new Error("nothing to edit");
  return (await demo.fleet.edit(suggestion)).commit;
}

const isOffline = (site: string) => (state: DemoState) =>
  state.status?.siteList.some((one) => one.site === site && !one.reachable) === true;
const isSilent = (region: string) => (state: DemoState) =>
  state.status?.regions.some(({ name, worker }) => name === region && worker === "silent") === true;
const broken = (...parts: Part[]) => parts.map((part) => expect.objectContaining(part));

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "flotilla-demo-faults-"));
  demo = await startDemo({ dir, clock, say: (line) => said.push(line) });
  const desk = await openDesk(demo, { clock, say: (line) => said.push(line) });
  close = async () => {
    await desk.close();
    await demo.close();
    await rm(dir, { recursive: true, force: true });
  };
  // What is on its way takes the numbers of the new head, too.
  const head = await setSoaks("500ms", "500ms");
  await until("first sync", (state) => hasArrived(state, head));
});

afterAll(() => close());

describe("what is broken in the demo heals, and nothing is deleted", { timeout: 60_000 }, () => {
  it("a site that refuses connections misses a change, and catches up", async () => {
    expect(await command("break", "site", "oslo")).toBe("site oslo refuses connections\n");
    await until("oslo is offline", isOffline("oslo"));
    const commit = await commitEdit();
    const without = await until("all others have it", (state) => {
      const { revision, releases, status } = { ...state.status, status: state.status };
      return (
        revision?.endsWith(commit) === true && releases?.length === 0 && status?.sites.synced === 11
      );
    });
    // What is not reached is neither in sync nor healthy, as far as anybody knows.
    expect(without.status?.sites).toMatchObject({ synced: 11, healthy: 11, offline: 1 });
    expect(without.broken).toEqual(broken({ kind: "site", name: "oslo" }));
    expect(await command("heal", "site", "oslo")).toBe("site oslo is healed\n");
    await until("oslo has caught up", (state) => hasArrived(state, commit));
  });

  it("a canary that hangs while it soaks fails its release, which goes on when it is healed", async () => {
    await setSoaks("8s", "500ms");
    await commitEdit();
    const canary = ({ status }: DemoState) => status?.releases[0]?.stages[0];
    await until("the canary has it", (state) => canary(state)?.done === 1);
    expect(await command("break", "site", "bergen", "--how", "hang")).toBe("site bergen hangs\n");
    await until("it has failed there", (state) => canary(state)?.failed === 1);
    await command("heal");
    await until("the release goes on", (state) => canary(state)?.passed === true);
    expect(said).toContain("storefront: tried again where it had failed");
    await setSoaks("500ms", "500ms");
  });

  it("workers that are killed or cut off hold up their regions, and go on when they are back", async () => {
    expect(await command("break", "worker", "iberia")).toBe("worker of iberia killed\n");
    expect(await command("break", "link", "central")).toBe("link of central cut\n");
    expect(await command("break", "link", "nordics", "--how", "hang")).toBe(
      "link of nordics hangs\n",
    );
    await until("all are silent", (state) =>
      ["iberia", "central", "nordics"].every((region) => isSilent(region)(state)),
    );
    const commit = await commitEdit();
    await until("it is on its way", (state) => (state.status?.releases.length ?? 0) > 0);
    expect(await command("heal", "worker", "iberia")).toBe("worker of iberia is healed\n");
    expect(await command("heal")).toBe("link of central is healed\nlink of nordics is healed\n");
    await until("it is everywhere", (state) => hasArrived(state, commit));
    expect(await command("heal")).toBe("nothing is broken\n");
  });

  it("a controller that is killed on the way goes on where it was", async () => {
    const commit = await commitEdit();
    await until("it is on its way", (state) => (state.status?.releases.length ?? 0) > 0);
    expect(await command("break", "controller")).toBe("controller killed\n");
    const away = await until("nobody answers", ({ status }) => status === null);
    expect(away.lastStatus?.sites.total).toBe(12);
    expect(await command("heal", "controller")).toBe("controller is healed\n");
    await until("it is everywhere", (state) => hasArrived(state, commit));
  });

  it("what is healed while it is still being broken runs again", async () => {
    const worker = { kind: "worker", name: "iberia" } as const;
    const controller = { kind: "controller", name: "" } as const;
    const told = await Promise.all([
      demo.break(worker, "refuse"),
      demo.heal(worker),
      demo.break(controller, "refuse"),
      demo.break(worker, "refuse"),
      demo.healAll(),
    ]);
    expect(told.at(-1)).toEqual(["controller is healed", "worker of iberia is healed"]);
    const commit = await commitEdit();
    await until("it is everywhere", (state) => hasArrived(state, commit));
  });

  it("no site was asked to delete anything over all of this", async () => {
    expect((await demo.look()).broken).toEqual([]);
    expect(demo.deletes()).toBe(0);
  });
});
