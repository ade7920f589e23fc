/** `flotilla worker` with more than one config file: one process, the worker of each. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runCli } from "../support/cli.ts";
import { emptyFolder } from "../support/folder.ts";
import { type TestMirror, startTestMirror } from "../support/kube-mirror.ts";
import { type StandIns, startStandIns } from "../support/kube-stand-in.ts";
import { configMap, eventually, workerConfig } from "../support/kube-worker.ts";

describe("a worker with two config files", { timeout: 60_000 }, () => {
  let folder: string;
  let mirrors: TestMirror[];
  let clusters: StandIns;
  let stopping: AbortController;

  beforeEach(async () => {
    folder = emptyFolder();
    mirrors = [await startTestMirror(), await startTestMirror()];
    clusters = await startStandIns();
    stopping = new AbortController();
    for (const [index, mirror] of mirrors.entries()) {
      const kubeconfig = join(folder, `s${index}.kubeconfig`);
      await writeFile(kubeconfig, clusters.kubeconfig(`s${index}`));
      const config = workerConfig(mirror, join(folder, `state-${index}`), {
        [`s${index}`]: kubeconfig,
      });
      await writeFile(join(folder, `${index}.yaml`), JSON.stringify(config));
    }
  });
  afterEach(async () => {
    await clusters.close();
    for (const mirror of mirrors) await mirror.close();
  });

  const commitAll = async (k: string): Promise<void> => {
    for (const [index, mirror] of mirrors.entries()) {
      await mirror.commit({ [`s${index}`]: { web: [configMap("a", { k })] } });
    }
  };
  const stands = (site: string, k: string): Promise<boolean> =>
    eventually(
      `${k} stands at ${site}`,
      () => JSON.stringify(clusters.data(site, "a")) === JSON.stringify({ k }),
    );
  const run = (): ReturnType<typeof runCli> =>
    runCli(["worker", "--config", "0.yaml", "--config", "1.yaml", "--log-level", "silent"], {
      cwd: folder,
      signal: stopping.signal,
    });

  it("brings both mirrors to their sites, and ends in order", async () => {
    const running = run();
    await commitAll("1");
    await stands("s0", "1");
    await stands("s1", "1");
    await commitAll("2");
    await stands("s0", "2");
    await stands("s1", "2");
    stopping.abort();
    expect(await running).toMatchObject({ code: 0 });
  });

  it("goes on with one while the other cannot run, and starts that again once it can", async () => {
    const state = join(folder, "state-1");
    await mkdir(state);
    await writeFile(join(state, "state.sqlite"), "no database ".repeat(1000));
    const running = run();
    await commitAll("1");
    await stands("s0", "1");
    expect(mirrors[1]?.reports).toEqual([]);

    await rm(join(state, "state.sqlite"));
    await stands("s1", "1");
    stopping.abort();
    expect(await running).toMatchObject({ code: 0 });
  });

  it("does not start where one of the files has a mistake", async () => {
    await writeFile(join(folder, "1.yaml"), "stateDir: [1]\n");
    const ended = await run();
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain("1.yaml");
  });
});
