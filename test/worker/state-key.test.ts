import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openStateKey } from "../../src/worker/state-key.ts";
import { temporaryFolder } from "../support/git-repository.ts";

it("makes a key for its user alone, and finds it again", async () => {
  const dir = await temporaryFolder();
  const sealed = (await openStateKey(dir)).seal("a");
  expect((await openStateKey(dir)).seal("a")).toBe(sealed);
  expect((await stat(join(dir, "state-key"))).mode & 0o777).toBe(0o600);
});

it.each(["", "\n", "a"])("takes no torn key, says what to do, and leaves it: %j", async (text) => {
  const dir = await temporaryFolder();
  const path = join(dir, "state-key");
  await writeFile(path, text);
  await expect(openStateKey(dir)).rejects.toMatchObject({
    code: "STATE_CORRUPT",
    hint: expect.stringContaining(`restore ${path}, or delete it`),
  });
  expect(await readFile(path, "utf8")).toBe(text);
});
