import { readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { createFleetFetcher } from "../../src/adapters/git/fleet-fetcher.ts";
import { openStore } from "../../src/adapters/git/native-store.ts";
import { Mirrors } from "../../src/controller/mirrors.ts";
import { maintainAll } from "../../src/controller/world-with.ts";
import { createLogger } from "../../src/runtime/logger.ts";
import { systemClock } from "../../src/runtime/system-clock.ts";
import { temporaryFolder } from "../support/git-repository.ts";

it("goes on with the others where a mirror is damaged, and says which one", async () => {
  const dir = await temporaryFolder();
  const clock = systemClock();
  const open = (at: string) => openStore(at, { create: true, clock });
  const mirrors = new Mirrors({ dir: join(dir, "mirrors"), open });
  const control = await open(join(dir, "control.git"));
  const fleet = createFleetFetcher({
    dir: join(dir, "fleet.git"),
    url: dir,
    branch: "main",
    clock,
  });
  onTestFinished(async () => {
    await Promise.all([mirrors.close(), control.close()]);
  });
  for (const name of ["east", "west"]) {
    const { store } = await mirrors.ensure(name);
    await store.writeTree([{ path: "a.yaml", content: "a: 1\n" }]);
  }
  await rename(join(mirrors.dirOf("east"), "HEAD"), join(dir, "HEAD"));
  const lines: string[] = [];
  const logger = createLogger({
    name: "controller",
    destination: { write: (line) => void lines.push(line) },
  });
  await maintainAll({ control, mirrors, fleet }, { logger, signal: new AbortController().signal });
  expect(lines.join("")).toContain("mirror east");
  expect(await readdir(join(mirrors.dirOf("west"), "objects/pack"))).not.toEqual([]);
});
