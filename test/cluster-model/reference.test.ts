/** The reference page tells what the contract proves, row for row. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { failureCases } from "./contract/failure-cases.ts";
import { contract } from "./contract/run-cases.ts";

const page = join(import.meta.dirname, "../../docs/reference/simulator.md");

it("lists every row that the contract proves, and no other", async () => {
  const text = await readFile(page, "utf8");
  const [, section = ""] = /^## What is promised\n(?<section>.*?)^## /ms.exec(text) ?? [];
  const rows = section.split("\n").flatMap((line) => {
    const match = /^\| (?<topic>[^|]+) \| (?<row>.+) \|$/.exec(line)?.groups;
    return match === undefined ? [] : [[match["topic"]?.trim(), match["row"]?.trim()]];
  });
  const proven = Object.entries({ ...contract, Failures: failureCases }).flatMap(([topic, cases]) =>
    cases.map(({ row }) => [topic, row]),
  );
  expect(rows).toEqual([["Topic", "What is promised"], ["---", "---"], ...proven]);
});
