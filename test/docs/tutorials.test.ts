/** Each tutorial is followed from its first line to its last, with the files and commands that it shows. */
import { join } from "node:path";
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

/** Its demo is tested in test/cli/demo*.test.ts; here are the edits that it shows, on the fleet that the demo copies. */
describe("the tutorial first-fleet", { timeout: 60_000 }, () => {
  const template = join(import.meta.dirname, "../../fleet-repo-template");
  const needsDemo = /flotilla (demo|status|dashboard)/;

  it("shows edits that change the fleet, and a mistake that is told at its place", async () => {
    const sh = (text: string): { language: string; text: string } => ({ language: "sh", text });
    const copy = `mkdir my-fleet; cp -r '${template}' my-fleet/fleet; cd my-fleet/fleet
git init -q -b main; git add .; git commit -q -m 'The fleet'; cd ../..`;
    const shown = (await blocksOf("docs/tutorials/first-fleet.md"))
      .filter(({ language }) => language === "sh")
      .map(({ text }) => {
        const lines = text.split("\n").filter((line) => !needsDemo.test(line));
        const script = lines.join("\n").replaceAll("/tmp/my-fleet", '"$HOME"/my-fleet');
        // The commit of an edit that changes nothing fails.
        return sh(script.replaceAll(/npx (flotilla validate .*)/g, '$1 || echo "exit code $?"'));
      })
      .map(({ text }) => sh(text.replaceAll("npx flotilla", "flotilla")));

    const { code, printed } = await follow([sh(copy), ...shown]);

    const all = printed.join("");
    expect({ code, all: code === 0 ? "" : all }).toEqual({ code: 0, all: "" });
    expect(all).toMatch(
      /apps\/storefront\/app\.yaml:\d+:\d+: error: there is no VirtualSite "shop"/,
    );
    expect(all).toContain("exit code 1");
    expect(all).toContain("1.30-alpine");
    expect(all.match(/^\[main \w+\]/gm)?.length).toBe(4); // three edits and a revert
  });
});
