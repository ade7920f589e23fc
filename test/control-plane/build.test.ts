import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { resolveComponents } from "./build.ts";
import { withLock } from "./lock.ts";

describe("finding the programs of a control plane", () => {
  it("takes those of KUBEBUILDER_ASSETS, with or without a controller manager", async () => {
    const assets = await folderWith({ etcd: "", "kube-apiserver": "" });
    const environment = { KUBEBUILDER_ASSETS: assets };

    const without = await resolveComponents({ environment });
    await writeProgram(assets, "kube-controller-manager", "");
    const withOne = await resolveComponents({ environment });

    const programs = { etcd: [join(assets, "etcd")], apiserver: [join(assets, "kube-apiserver")] };
    expect(without).toEqual({ ok: true, components: { ...programs, controllers: undefined } });
    const controllers = [join(assets, "kube-controller-manager")];
    expect(withOne).toEqual({ ok: true, components: { ...programs, controllers } });
  });

  it("says which program KUBEBUILDER_ASSETS lacks", async () => {
    const assets = await folderWith({ etcd: "" });

    const resolved = await resolveComponents({ environment: { KUBEBUILDER_ASSETS: assets } });

    const reason = `KUBEBUILDER_ASSETS is set, but ${join(assets, "kube-apiserver")} is not a program`;
    expect(resolved).toEqual({ ok: false, reason });
  });

  it("says in one line that Go is missing", async () => {
    const resolved = await resolveComponents({ environment: { PATH: await folderWith({}) } });

    const reason = "the test control planes need Go 1.21 or newer; there is no go on the PATH";
    expect(resolved).toEqual({ ok: false, reason });
  });

  it("says in one line that Go is too old", async () => {
    const old = await folderWith({ go: "echo go version go1.19.8 linux/amd64" });

    const resolved = await resolveComponents({ environment: { PATH: old } });

    const reason =
      "the test control planes need Go 1.21 or newer; this is go version go1.19.8 linux/amd64";
    expect(resolved).toEqual({ ok: false, reason });
  });

  it("builds nothing when told not to", async () => {
    const newest = await folderWith({ go: "echo go version go1.99.0 linux/amd64" });
    const environment = { PATH: newest, XDG_CACHE_HOME: await folderWith({}) };

    const resolved = await resolveComponents({ build: false, environment });

    const reason = "not built yet; run: node test/control-plane/build.ts";
    expect(resolved).toEqual({ ok: false, reason });
  });
});

describe("the lock of the build", () => {
  it("lets one in at a time and is gone afterwards", async () => {
    const folder = await folderWith({});
    const events: string[] = [];
    const work = (name: string) =>
      withLock(join(folder, "lock"), async () => {
        events.push(`${name} in`);
        await sleep(50);
        events.push(`${name} out`);
      });

    await Promise.all([work("one"), work("two")]);

    expect(events[1]).toBe(events[0]?.replace("in", "out"));
    expect(events).toHaveLength(4);
    expect(await readdir(folder)).toEqual([]);
  });

  it("takes over from a process that has died", async () => {
    const folder = await folderWith({});
    const dead = spawn("true");
    await new Promise((resolve) => dead.once("exit", resolve));
    await writeFile(join(folder, "lock"), `${hostname()} ${dead.pid}`);

    expect(await withLock(join(folder, "lock"), async () => "done")).toBe("done");
  });

  it("takes over from another machine that has been silent for half a minute", async () => {
    const folder = await folderWith({});
    const longAgo = new Date(Date.now() - 31_000);
    await writeFile(join(folder, "lock"), "elsewhere 1");
    await utimes(join(folder, "lock"), longAgo, longAgo);

    expect(await withLock(join(folder, "lock"), async () => "done")).toBe("done");
  });
});

/** A new folder with shell scripts. */
async function folderWith(scripts: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "control-plane-build-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, script] of Object.entries(scripts)) await writeProgram(folder, name, script);
  return folder;
}

function writeProgram(folder: string, name: string, script: string): Promise<void> {
  return writeFile(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}
