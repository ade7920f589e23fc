import { readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { controllerMistakes } from "../../src/controller/config-rules.ts";
import { ControllerConfig } from "../../src/controller/config.ts";
import { readConfig } from "../../src/runtime/read-config.ts";
import { WorkerConfig, workerMistakes } from "../../src/worker/config.ts";
import { temporaryFolder } from "../support/git-repository.ts";

const page = join(import.meta.dirname, "../../docs/how-to/run-controller-and-workers.md");

/** The config files of the page, each written under the name in its first line. */
async function writeFiles(): Promise<string> {
  const dir = await temporaryFolder();
  const blocks = (await readFile(page, "utf8")).matchAll(/```yaml\n# (\S+)\n([^`]+)```/g);
  for (const [, name = "", text = ""] of blocks) await writeFile(join(dir, name), text);
  return dir;
}

describe("how to run the controller and workers", () => {
  it("shows config files that both take, and that fit each other", async () => {
    const dir = await writeFiles();
    const controller = await readConfig(
      join(dir, "controller.yaml"),
      ControllerConfig,
      controllerMistakes,
    );
    const worker = await readConfig(join(dir, "nordics.yaml"), WorkerConfig, workerMistakes);
    expect([controller.diagnostics, worker.diagnostics]).toEqual([[], []]);
    if (!controller.ok || !worker.ok) throw new Error("not reached");
    const { url, tokenFile } = worker.value.mirror;
    const region = basename(url, ".git");
    expect(url).toContain(`/mirrors/${region}.git`);
    expect(controller.value.mirrors?.[region]?.tokenFile).toBe(tokenFile);
  });
});
