/** Charts that are small and would become very large: what is packed in them counts together. */
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { unpackChart } from "../../../src/adapters/charts/unpack-chart.ts";
import { packedChart, packTar, type TarEntry } from "../../support/chart-server.ts";

const mebibyte = 1024 * 1024;

describe("a chart with archives in it", () => {
  const subchart = (name: string, more: readonly TarEntry[] = []): Buffer =>
    packTar([{ path: `${name}/Chart.yaml`, content: `name: ${name}\n` }, ...more]);
  const named = (count: number, pack: (name: string) => Buffer): readonly TarEntry[] =>
    Array.from({ length: count }, (_, index) => ({
      path: `bad/charts/s${index}.tgz`,
      content: pack(`s${index}`),
    }));
  /** One within another, so many times. */
  const nested = (depth: number, around = "bad"): readonly TarEntry[] =>
    depth === 0
      ? []
      : [{ path: `${around}/charts/s.tgz`, content: subchart("s", nested(depth - 1, "s")) }];
  const unpack = (more: readonly TarEntry[]): readonly string[] =>
    unpackChart(packedChart("bad", "1.0.0", more), "bad-1.0.0.tgz").map(({ path }) => path);

  /** Nothing but zeros after the end: no file has them. */
  const padded = (name: string): Buffer =>
    gzipSync(Buffer.concat([gunzipSync(subchart(name)), Buffer.alloc(25 * mebibyte)]));
  const folders = Array.from({ length: 50_000 }, () => ({ path: "a/", type: "5" }));
  const files = (name: string): readonly TarEntry[] =>
    Array.from({ length: 4000 }, (_, index) => ({ path: `${name}/${index}`, content: "" }));

  const bombs: Readonly<Record<string, readonly TarEntry[]>> = {
    "bytes behind their end": named(100, padded),
    folders: named(100, (name) => subchart(name, folders)),
    files: named(100, (name) => subchart(name, files(name))),
    archives: named(6000, (name) => subchart(name)),
  };

  it.each([
    ["bytes behind their end", '"bad-1.0.0.tgz/charts/s2.tgz"', "64 MiB, unpacked"],
    ["folders", '"bad-1.0.0.tgz/charts/s2.tgz"', "64 MiB, unpacked"],
    ["files", '"bad-1.0.0.tgz/charts/s2.tgz"', "10000 files"],
    ["archives", '"bad-1.0.0.tgz/charts/s3998.tgz"', "10000 files"],
  ])("has a limit of %s over all of them", (...[what, archive, limit]) => {
    expect(() => unpack(bombs[what] ?? [])).toThrow(
      `the archive ${archive} is not used: with it, the chart and the archives in it have more than ${limit}`,
    );
  });

  it("is unpacked up to five deep", () => {
    expect(unpack(nested(5))).toContain(`${"charts/s/".repeat(5)}Chart.yaml`);
    expect(() => unpack(nested(6))).toThrow(
      `"bad-1.0.0.tgz${"/charts/s.tgz".repeat(6)}" is nested deeper than 5 archives`,
    );
  });
});
