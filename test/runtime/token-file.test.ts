import { chmod, mkdtemp, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ensureTokenFile, readTokenFile, writeTokenFile } from "../../src/runtime/token-file.ts";

const folder = (): Promise<string> => mkdtemp(join(tmpdir(), "flotilla-token-"));

describe("a token file", () => {
  it("is read anew each time, without the line end", async () => {
    const path = join(await folder(), "token");
    await writeFile(path, "first\n");
    expect(await readTokenFile(path)).toBe("first");
    await writeFile(path, "  second\r\n");
    expect(await readTokenFile(path)).toBe("second");
  });

  it.each([
    ["is empty", ""],
    ["holds two tokens", "hunter2\nother\n"],
    ["holds a control character", "hunter2\u0000"],
    ["is huge", "x".repeat(20_000)],
  ])("is refused when it %s, without a word of its contents", async (_name, text) => {
    const path = join(await folder(), "token");
    await writeFile(path, text);
    const failure = await readTokenFile(path).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "USAGE" });
    expect(String(failure)).not.toMatch(/hunter2|xxx/);
  });

  it("is named when it is not there", async () => {
    await expect(readTokenFile("/nowhere/token")).rejects.toMatchObject({
      code: "USAGE",
      message: "cannot read the token file /nowhere/token (ENOENT)",
    });
  });

  it("is written for this user alone, in a folder that is made, and leaves no other file", async () => {
    const path = join(await folder(), "deep", "er", "token");
    const token = await writeTokenFile(path);
    expect(token).toMatch(/^[\w-]{43}$/);
    expect((await readFile(path, "utf8")).trim()).toBe(token);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(path, ".."))).toEqual(["token"]);
    expect(await writeTokenFile(path)).not.toBe(token);
  });

  it("is kept when it is there, and an unreadable one is not overwritten", async () => {
    const path = join(await folder(), "token");
    const token = await ensureTokenFile(path);
    expect(await ensureTokenFile(path)).toBe(token);
    await writeFile(path, "");
    await chmod(path, 0o600);
    await expect(ensureTokenFile(path)).rejects.toMatchObject({ code: "USAGE" });
  });
});
