import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { openStore } from "../../../src/adapters/git/native-store.ts";
import { systemClock } from "../../../src/runtime/system-clock.ts";
import { temporaryFolder } from "../../support/git-repository.ts";

describe("a repository that the system does not let be written", () => {
  it("is told as such, with its folder and what to do, and is no bug", async () => {
    const dir = join(await temporaryFolder(), "mirror.git");
    const store = await openStore(dir, { create: true, clock: systemClock() });
    onTestFinished(() => store.close());
    await rename(join(dir, "objects", "pack"), join(dir, "objects", "aside"));
    await writeFile(join(dir, "objects", "pack"), "");
    await expect(store.writeTree([{ path: "a.yaml", content: "a: 1\n" }])).rejects.toMatchObject({
      code: "GIT_FAILED",
      message: expect.stringContaining(`${dir} cannot be written: `),
      hint: expect.stringContaining("make room on its disk"),
    });
  });
});
