import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { chartVersions } from "../../../src/adapters/charts/chart-index.ts";

const entry = (name: string, version: string): object => ({
  annotations: { redis: "no chart", entries: "none" },
  apiVersion: "v2",
  description: `About ${name}.\nredis:\n- version: 0.0.1\n`,
  name,
  urls: [`${name}-${version}.tgz`],
  version,
});
const index = {
  apiVersion: "v1",
  entries: {
    "a.b": [entry("a.b", "1.0.0")],
    axb: [entry("axb", "3.0.0")],
    redis: [entry("redis", "2.0.0"), entry("redis", "1.0.0")],
    "redis-cluster": [entry("redis-cluster", "4.0.0")],
    "1.0": [entry("1.0", "5.0.0")],
  },
  generated: "2026-01-01T00:00:00Z",
};
const layouts: Readonly<Record<string, string>> = {
  "as Helm writes it": stringify(index, { indentSeq: false }),
  "with lists further in": stringify(index),
  "as JSON": JSON.stringify(index),
  "as JSON on lines": JSON.stringify(index, null, 2),
  "with the ends of lines of Windows": stringify(index).replaceAll("\n", "\r\n"),
  "with comments and empty lines": stringify(index).replaceAll("\n  redis", "\n\n# more\n  redis"),
  "with its charts first": stringify({ entries: index.entries, apiVersion: "v1" }),
};

describe("the index of a chart repository", () => {
  it.each(Object.entries(layouts))("tells all versions of each chart, %s", (_, text) => {
    const whole = (parse(text) as typeof index).entries;
    for (const [name, versions] of Object.entries(whole)) {
      expect(chartVersions(text, name)).toEqual(versions);
    }
    expect(chartVersions(text, "nothing")).toEqual([]);
    expect(chartVersions(text, "annotations")).toEqual([]);
  });

  it.each(["", "<html>sign in</html>", "a: [", "- entries", "entries: text", "[".repeat(100_000)])(
    "is not what is something else: %.20s",
    (text) => {
      expect(chartVersions(text, "redis")).toBeUndefined();
    },
  );

  it("may have as many megabytes as are fetched", { timeout: 10_000 }, () => {
    const many = `  other:\n${stringify([entry("other", "1.0.0")]).replaceAll(/^(?=.)/gm, "  ")}`;
    const text = `apiVersion: v1\nentries:\n${many.repeat(Math.ceil(6e7 / many.length))}  redis:\n  - version: 1.0.0\n`;
    expect(text.length).toBeGreaterThan(6e7);
    expect(chartVersions(text, "redis")).toEqual([{ version: "1.0.0" }]);
    expect(chartVersions(text, "nothing")).toEqual([]);
  });
});
