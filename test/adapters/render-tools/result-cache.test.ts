import { execFileSync } from "node:child_process";
import { copyFile, mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ResultCache } from "../../../src/adapters/render-tools/result-cache.ts";
import { systemClock } from "../../../src/runtime/system-clock.ts";
import { emptyFolder } from "../../support/folder.ts";

const cacheIn = (folder: string): ResultCache<{ readonly found: string }> =>
  new ResultCache({ folder, limits: { memory: 1000, disk: 100_000 }, clock: systemClock() });

describe("a folder of results", () => {
  it.each<[string, (path: string, folder: string) => unknown]>([
    ["a pipe", (path) => execFileSync("mkfifo", [path])],
    ["a folder", async (path) => mkdir(path)],
    [
      "a link",
      async (path, folder) => {
        await cacheIn(folder).set("other", { found: "by another name" });
        await symlink(join(folder, "other.json"), path);
      },
    ],
  ])("has none where there is %s instead of a file", async (_, make) => {
    const folder = emptyFolder();
    await make(join(folder, "a.json"), folder);
    expect(await cacheIn(folder).get("a")).toBeUndefined();
  });

  it("has none where there is a file of another name", async () => {
    const folder = emptyFolder();
    await cacheIn(folder).set("other", { found: "by another name" });
    await copyFile(join(folder, "other.json"), join(folder, "a.json"));
    expect(await cacheIn(folder).get("a")).toBeUndefined();
    expect(await cacheIn(folder).get("other")).toEqual({ found: "by another name" });
  });

  it("has no parts of files that could not be written", async () => {
    const folder = emptyFolder();
    await mkdir(join(folder, "a.json"));
    await writeFile(join(folder, "a.json", "in-the-way"), "");
    const cache = cacheIn(folder);
    await cache.set("a", { found: "now" });
    expect(await cache.get("a")).toEqual({ found: "now" });
    expect(await readdir(folder)).toEqual(["a.json"]);
  });
});
