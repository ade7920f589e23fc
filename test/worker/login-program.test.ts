/** A worker with a site whose login program hangs. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { isRunning } from "../support/is-running.ts";
import { startTestMirror } from "../support/kube-mirror.ts";
import {
  configMap,
  eventually,
  startTestWorker,
  temporaryState,
  workerConfig,
} from "../support/kube-worker.ts";

it("ends the login program that it waits for when it is stopped, and is not held up by it", async () => {
  const state = await temporaryState();
  const { dir } = state;
  const mirror = await startTestMirror();
  const kubeconfig = join(dir, "kubeconfig");
  const pidFile = join(dir, "pid");
  const exec = {
    apiVersion: "client.authentication.k8s.io/v1",
    command: "/bin/sh",
    args: ["-c", `echo $$ > ${pidFile}; exec sleep 8888`],
  };
  await writeFile(
    kubeconfig,
    JSON.stringify({
      clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:1" } }],
      users: [{ name: "u", user: { exec } }],
      contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
      "current-context": "c",
    }),
  );
  try {
    await mirror.commit({ s1: { web: [configMap("a", {})] } });
    const config = workerConfig(mirror, dir, {});
    const worker = startTestWorker({ ...config, sites: { s1: { kubeconfig, allowExec: true } } });
    const pid = await eventually("it is started", async () => {
      return Number(await readFile(pidFile, "utf8").catch(() => "")) || undefined;
    });
    expect(isRunning(pid)).toBe(true);
    const begun = performance.now();
    await worker.stop();
    expect(isRunning(pid)).toBe(false);
    // The program would have had half a minute.
    expect(performance.now() - begun).toBeLessThan(20_000);
  } finally {
    await mirror.close();
    await state.remove();
  }
});
