import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { blobId, treeId } from "../../../src/core/render/git-tree.ts";

const files = [
  { name: "a.yaml", text: "a: 1\n" },
  { name: "_ConfigMap_a_b.yaml", text: "größe: 🚢\n" },
  { name: "apps_Deployment_a_b%3A.yaml", text: "" },
  { name: "B.yaml", text: "b\n" },
];

function gitTree(): { blobs: string[]; tree: string } {
  const dir = mkdtempSync(join(tmpdir(), "flotilla-tree-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const git = (args: string[], input = ""): string =>
    execFileSync("git", args, { cwd: dir, input, encoding: "utf8" }).trim();
  git(["init", "--bare", "--quiet"]);
  const blobs = files.map(({ text }) => git(["hash-object", "-w", "--stdin"], text));
  const entries = files.map(({ name }, index) => `100644 blob ${blobs[index]}\t${name}\n`);
  return { blobs, tree: git(["mktree"], entries.join("")) };
}

describe("treeId", () => {
  it("is the id that git gives the same files", () => {
    const { blobs, tree } = gitTree();

    expect(files.map(({ text }) => blobId(text))).toEqual(blobs);
    expect(treeId(files)).toBe(tree);
  });

  it("does not depend on the order of the files", () => {
    expect(treeId(files.toReversed())).toBe(treeId(files));
  });
});
