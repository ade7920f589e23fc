/** Keeps docs/explanation/peer-bugs.md and the table of numbers true. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { freezeStages } from "../../src/core/rollout/freeze-stages.ts";
import { strategyFromSpec } from "../../src/core/rollout/resolve-strategy.ts";
import type { FrozenStage } from "../../src/core/rollout/records.ts";

const root = join(import.meta.dirname, "../..");
const read = (path: string): Promise<string> => readFile(join(root, path), "utf8");

/** The cells of a page's tables, without heads. */
async function rowsOf(path: string): Promise<string[][]> {
  const lines = (await read(path)).split("\n").filter((line) => line.startsWith("| "));
  return lines
    .filter((line, index) => !line.startsWith("| ---") && !lines[index + 1]?.startsWith("| ---"))
    .map((line) => line.slice(2, -2).split(" | "));
}

/** A stage of all sites with this number in all of its budgets; undefined: as nobody has said it. */
function stageOf(setting: string | undefined, total: number): FrozenStage | undefined {
  const amount = setting?.endsWith("%") === false ? Number(setting) : setting;
  const budgets =
    amount === undefined
      ? {}
      : { maxInFlight: amount, maxUnavailable: amount, failureBudget: amount };
  const strategy = strategyFromSpec("x", { stages: [{ name: "all" }], ...budgets });
  const sites = Array.from({ length: total }, (_, index) => ({
    site: `s${index}`,
    labels: {},
    region: "eu",
    reachable: true,
  }));
  return freezeStages({ strategy, app: "web", sites }).stages[0];
}

describe("the list of what went wrong elsewhere", () => {
  it("has a test for each row", async () => {
    const rows = (await rowsOf("docs/explanation/peer-bugs.md")).filter(
      ({ length }) => length === 4,
    );
    expect(rows.length).toBeGreaterThan(50);
    const missing: string[] = [];
    for (const [where, , , test = ""] of rows) {
      const [, title = "", path = ""] = /^\[(.*)\]\(\.\.\/\.\.\/(test\/[^)]*)\)$/.exec(test) ?? [];
      const text = path === "" ? "" : await read(path);
      if (title === "" || !text.includes(`"${title}"`)) missing.push(`${where}: ${test}`);
    }
    expect(missing).toEqual([]);
  });

  it("has a row for each test that names an issue", async () => {
    const page = await read("docs/explanation/peer-bugs.md");
    const text = await read("test/core/rollout/peer-bugs.test.ts");
    const titles = [...text.matchAll(/^ {2}it\("(.*)", \(\) => \{$/gm)].map(([, title]) => title);
    expect(titles.length).toBeGreaterThan(10);
    expect(titles.filter((title) => !page.includes(`[${title}]`))).toEqual([]);
  });
});

describe("the one rounding rule", () => {
  it("gives each number of the table of releases", async () => {
    const rows = (await rowsOf("docs/explanation/releases.md")).filter(
      ([setting = "", , number]) =>
        /^(not set|`\d+%?`)/.test(setting) && /^\d+$/.test(number ?? ""),
    );
    expect(rows).toHaveLength(9);
    for (const [setting = "", sites, number] of rows) {
      const isSet = setting.startsWith("`");
      const stage = stageOf(isSet ? setting.replaceAll("`", "") : undefined, Number(sites));
      const { maxInFlight, maxUnavailable, failureBudget } = stage ?? {};
      const budgets = isSet
        ? [maxInFlight, maxUnavailable, failureBudget]
        : [maxInFlight, maxUnavailable];
      expect([setting, ...budgets]).toEqual([setting, ...budgets.map(() => Number(number))]);
    }
  });

  it("gives our column beside those of others", async () => {
    const rows = (await rowsOf("docs/explanation/peer-bugs.md")).filter(
      ({ length }) => length === 8,
    );
    expect(rows).toHaveLength(5);
    for (const [first = "", ...others] of rows) {
      const [, setting, total] = /^(?:not set,|`(\d+%?)` of) (\d+)$/.exec(first) ?? [];
      const stage = stageOf(setting, Number(total));
      expect([first, stage?.maxInFlight]).toEqual([first, Number(others.at(-1))]);
    }
  });
});
