import { lstat, readFile, readlink, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createFleetFolder } from "../../src/demo/fleet-folder.ts";
import { systemClock } from "../../src/runtime/system-clock.ts";
import { emptyFolder, folderWith } from "../support/folder.ts";
import { createRepository } from "../support/git-repository.ts";

const clock = systemClock();
const suggested = "apps/storefront/manifests/deployment.yaml";

describe("the demo's fleet folder", () => {
  it("of a fleet that is named by a link is a copy, and the repository behind the link stays as it is", async () => {
    const own = await createRepository({ "fleet.yaml": "kind: Fleet\n" });
    await writeFile(join(own.dir, "new.yaml"), "not committed\n");
    const outside = folderWith([{ path: "a.yaml", text: "outside\n" }]);
    await symlink(outside, join(own.dir, "shared"));
    const stateOf = async () => [
      await own.git("rev-parse", "HEAD"),
      await own.git("status", "--porcelain"),
      await readFile(join(own.dir, ".git/config"), "utf8"),
    ];
    const before = await stateOf();
    const folder = emptyFolder();
    const link = join(folder, "link");
    await symlink(own.dir, link);
    const path = join(folder, "fleet");
    const fleet = await createFleetFolder(path, { clock, source: link });

    expect(await stateOf()).toEqual(before);
    expect((await lstat(path)).isDirectory()).toBe(true);
    expect((await fleet.head())?.commit).toMatch(/^[0-9a-f]{40}$/);
    expect((await fleet.head())?.commit).not.toBe(before[0]);
    expect(await readFile(join(path, "new.yaml"), "utf8")).toBe("not committed\n");
    expect(await readlink(join(path, "shared"))).toBe(outside);
    expect(await readFile(join(outside, "a.yaml"), "utf8")).toBe("outside\n");
  });

  it("suggests an edit of the template, and none of a fleet of the reader's own", async () => {
    const folder = emptyFolder();
    const template = await createFleetFolder(join(folder, "template"), { clock });
    expect(await template.suggestion()).toMatchObject({ file: suggested });
    const source = folderWith([
      { path: suggested, text: "image: nginx-unprivileged:1.27-alpine\n" },
    ]);
    const own = await createFleetFolder(join(folder, "own"), { clock, source });
    expect(await own.suggestion()).toBeNull();
  });
});
