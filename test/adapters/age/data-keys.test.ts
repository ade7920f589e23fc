import { readFileSync } from "node:fs";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { dataKeysFrom } from "../../../src/adapters/age/data-keys.ts";
import { readSopsFile } from "../../../src/core/secrets/open-sops.ts";

const files = new URL("../../core/secrets/files/", import.meta.url).pathname;
const recipientsOf = (name: string) =>
  readSopsFile(readFileSync(join(files, name), "utf8")).facts.recipients;

describe("data keys by age identities", () => {
  let dir = "";
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "flotilla-age-"));
  });
  afterEach(() => rm(dir, { recursive: true }));

  it("are found for any of several recipients", async () => {
    const keys = dataKeysFrom(join(files, "age-key.txt"));
    expect(await keys.find(recipientsOf("sealed.yaml"))).toHaveLength(32);
    expect(await keys.find(recipientsOf("two-recipients.yaml"))).toHaveLength(32);
  });

  it("are not found for others, who are named", async () => {
    const keys = dataKeysFrom(join(files, "age-key.txt"));
    const [other] = recipientsOf("for-others.yaml");
    await expect(keys.find(recipientsOf("for-others.yaml"))).rejects.toMatchObject({
      code: "SECRET_SEALED",
      message: "no age key of this worker fits",
      hint: expect.stringContaining(other?.recipient ?? "?") as string,
    });
  });

  it("say what is wrong with the file, and need no restart once it is mended", async () => {
    const file = join(dir, "keys.txt");
    const keys = dataKeysFrom(file);
    const find = () => keys.find(recipientsOf("sealed.yaml"));
    await expect(find()).rejects.toThrow("keys.txt cannot be read");
    await writeFile(file, "# nothing\n");
    await expect(find()).rejects.toThrow("holds something else than age keys");
    await writeFile(file, "hunter-2\n");
    await expect(find()).rejects.toThrow(/holds something else(?!.*hunter)/);
    await copyFile(join(files, "age-key.txt"), file);
    expect(await find()).toHaveLength(32);
  });

  it("are refused where there is no file", async () => {
    const keys = dataKeysFrom(undefined);
    await expect(async () => keys.find(recipientsOf("sealed.yaml"))).rejects.toMatchObject({
      code: "SECRET_SEALED",
      hint: "set ageKeyFile in the worker's configuration",
    });
  });
});
