import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { findDemo } from "../../src/demo/desk.ts";
import { noneLeft } from "../support/demo-process.ts";

describe("flotilla demo in a terminal", { timeout: 120_000 }, () => {
  it("breaks and heals a site by its keys, keeps in sight where the fleet lies, and ends at q", async () => {
    const demo = await startInTerminal();
    // The first sync fills 80 by 24: what was told before it has scrolled away.
    const synced = await demo.shows(
      /12\/12 in sync, 12\/12 healthy\n.*nothing in flight.*q quit.*\n$/s,
    );
    const folder = await findDemo(demo.temporary);
    expect(synced.replaceAll("\n", " ")).toContain(`fleet repository: ${join(folder, "fleet")}`);
    const before = await objectsIn(folder);

    demo.type("s");
    const menu = await demo.shows(/site: .*any other key: back.*\n$/s);
    const key = /(?<key>[a-z]) oslo/.exec(menu)?.groups?.["key"] ?? "";
    demo.type(key);
    const broken = await demo.shows(/11\/12 in sync, 11\/12 healthy, 1 offline\n.*q quit.*\n$/s);
    expect(broken).toContain("oslo (offline)");
    expect(broken).toContain("broken: site oslo refuses connections");

    demo.type("s");
    await demo.shows(new RegExp(`site: .*${key} heal oslo.*\n$`, "s"));
    demo.type(key);
    const healed = await demo.shows(/12\/12 in sync, 12\/12 healthy\n.*q quit.*\n$/s);
    expect(healed).not.toContain("broken:");
    expect(await objectsIn(folder)).toEqual(before);

    demo.type("q");
    expect(await demo.ended).toBe(0);
    expect(demo.written()).toMatch(/ s {2}site oslo refuses connections\n/);
    expect(demo.written()).toMatch(/ s {2}site oslo is healed\n/);
    expect(demo.written()).toMatch(/ s {2}ending\n/);
    expect(await noneLeft(demo.temporary)).toEqual([]);
  });
});

/** `flotilla demo` in a pseudo terminal of 80 by 24; what of it still runs when the test ends is killed. */
async function startInTerminal() {
  const temporary = await mkdtemp(join(tmpdir(), "flotilla-keys-"));
  const command = `stty rows 24 cols 80 && exec '${process.execPath}' bin/flotilla.js demo`;
  const child = spawn("script", ["-qfec", command, "/dev/null"], {
    cwd: join(import.meta.dirname, "../.."),
    env: { ...process.env, TMPDIR: temporary, SHELL: "/bin/sh", TERM: "xterm", LC_ALL: "C.UTF-8" },
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await noneLeft(temporary);
    await rm(temporary, { recursive: true, force: true });
  });
  const textOf = (raw: string): string => stripVTControlCharacters(raw).replaceAll("\r", "");
  return {
    temporary,
    type: (key: string) => void child.stdin.write(key),
    /** Waits until the block that is drawn last is such; gives it. */
    shows: async (pattern: RegExp): Promise<string> => {
      const deadline = performance.now() + 60_000;
      for (;;) {
        const block = textOf(output.slice(output.lastIndexOf("\u001b[J") + 1));
        if (pattern.test(block)) return block;
        if (child.exitCode !== null || performance.now() > deadline) {
          throw new Error(`it does not show ${pattern}: ${block}`);
        }
        await sleep(50);
      }
    },
    written: () => textOf(output),
    ended,
  };
}

const kinds = ["api/v1/configmaps", "api/v1/services", "apis/apps/v1/deployments"];

/** Which objects each site has: one that was deleted and made anew is another one. */
async function objectsIn(folder: string): Promise<string[]> {
  const names = await readdir(join(folder, "kubeconfigs"));
  const lists = names.map(async (name) => {
    const text = await readFile(join(folder, "kubeconfigs", name), "utf8");
    const { clusters, users } = JSON.parse(text) as Kubeconfig;
    const headers = { authorization: `Bearer ${users[0]?.user.token ?? ""}` };
    const ofKind = async (path: string): Promise<string[]> => {
      const answer = await fetch(`${clusters[0]?.cluster.server ?? ""}/${path}`, { headers });
      const { items } = (await answer.json()) as ObjectList;
      return items.map(({ metadata }) => `${name}: ${path} ${metadata.name} ${metadata.uid}`);
    };
    return (await Promise.all(kinds.map(ofKind))).flat();
  });
  const objects = (await Promise.all(lists)).flat().toSorted();
  expect(objects.length).toBeGreaterThan(names.length);
  return objects;
}

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: { readonly server: string } }[];
  readonly users: readonly { readonly user: { readonly token?: string } }[];
}

interface ObjectList {
  readonly items: readonly { readonly metadata: { readonly name: string; readonly uid: string } }[];
}
