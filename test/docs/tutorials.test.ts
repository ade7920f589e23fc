/** Each tutorial is followed from its first line to its last, with the files and commands that it shows. */
import { describe, expect, it } from "vitest";
import { blocksOf, filePath, follow, missingLines } from "../support/tutorial.ts";

const tutorials = [
  "from-kustomize",
  "from-helm",
  "from-rancher-fleet",
  "from-argo-cd-applicationsets",
] as const;

describe.each(tutorials)("the tutorial %s", { timeout: 180_000 }, (name) => {
  it("works as it stands, and ends with a rollout that is through", async () => {
    const blocks = await blocksOf(`docs/tutorials/${name}.md`);
    const isFollowed = (index: number): boolean => {
      const block = blocks[index];
      return block !== undefined && (block.language !== "yaml" || filePath(block) !== undefined);
    };
    expect(blocks.filter((_block, index) => !isFollowed(index))).toEqual([]);

    const { code, printed } = await follow(blocks);

    const missing = blocks.flatMap(({ language, text }, index) =>
      language === "text" ? missingLines(text, printed[index - 1] ?? "") : [],
    );
    expect({ code, missing, printed: code === 0 && missing.length === 0 ? [] : printed }).toEqual({
      code: 0,
      missing: [],
      printed: [],
    });
    expect(printed.join("")).toMatch(/(\d+) sites at main@sha1:\w+: \1 in sync, \1 healthy/);
  });
});
