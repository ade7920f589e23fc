import { watch } from "node:fs";
import { readdir } from "node:fs/promises";
import { expect, it, onTestFinished, vi } from "vitest";
import { emptyFolder } from "../../support/folder.ts";
import { toolFleet, webAt } from "../../support/render-tools.ts";
import { chart } from "../../support/tool-sources.ts";

it("leaves nothing behind", async () => {
  const folder = emptyFolder(); // others render too, and have theirs in the usual one
  vi.stubEnv("TMPDIR", folder);
  onTestFinished(() => void vi.unstubAllEnvs());
  const made = new Set<string | null>();
  const watcher = watch(folder, (_, name) => made.add(name));
  await webAt(toolFleet({ chart: "charts/web" }, chart));
  await vi.waitFor(() => expect(made.size).toBeGreaterThan(0));
  watcher.close();
  expect(await readdir(folder)).toEqual([]);
});
