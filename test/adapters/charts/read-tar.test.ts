import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  readTar as readTarWithin,
  tarBudget,
  type TarFile,
} from "../../../src/adapters/charts/read-tar.ts";
import { FleetError } from "../../../src/core/errors.ts";
import { packTar } from "../../support/chart-server.ts";

const small = { maxBytes: 100_000, maxFiles: 10 };

function readTar(packed: Buffer, budget = tarBudget()): readonly TarFile[] {
  return readTarWithin(packed, "a.tgz", budget);
}

const readError = new FleetError("VENDOR_FAILED", "none");

/** What reading throws; undefined: it gives files. */
function errorOf(bytes: Uint8Array): unknown {
  try {
    readTar(Buffer.from(bytes), tarBudget(small));
    return undefined;
  } catch (error) {
    return error;
  }
}

describe("an archive", () => {
  const entries = [
    { path: "a/x.txt", content: "one" },
    { path: "a/", type: "5" },
    { path: "a/y.txt", content: "two".repeat(400) },
  ];

  it("gives its plain files", () => {
    const files = readTar(packTar(entries));
    expect(files.map(({ path, bytes }) => [path, bytes.length])).toEqual([
      ["a/x.txt", 3],
      ["a/y.txt", 1200],
    ]);
  });

  it("gives long names, as tar and pax write them", () => {
    const long = `a/${"b".repeat(150)}.txt`;
    const record = ` path=${long}\n`;
    const pax = `${record.length + 3}${record}`;
    const written = packTar([
      { path: "././@LongLink", type: "L", content: `${long}\0` },
      { path: "a/cut", content: "1" },
      { path: "pax", type: "x", content: pax },
      { path: "a/cut", content: "2" },
      { path: "a/short", content: "3" },
    ]);
    expect(readTar(written).map(({ path }) => path)).toEqual([long, long, "a/short"]);
  });

  it("with a header of very many records takes no longer than one of its size may", () => {
    const records = "9 a=bcde\n".repeat(300_000);
    const written = packTar([
      { path: "pax", type: "x", content: records },
      { path: "a/x", content: "1" },
    ]);
    expect(readTar(written).map(({ path }) => path)).toEqual(["a/x"]);
  });

  it("of whatever bytes gives files or one error, and nothing else", () => {
    const packed = packTar(entries);
    const damaged = fc
      .tuple(fc.nat(packed.length - 1), fc.nat(255))
      .map(([at, byte]) =>
        Buffer.concat([packed.subarray(0, at), Buffer.from([byte]), packed.subarray(at + 1)]),
      );
    const plain = fc.uint8Array({ maxLength: 2048 }).map((bytes) => gzipSync(bytes));
    fc.assert(
      fc.property(fc.oneof(damaged, plain, fc.uint8Array()), (bytes) => {
        expect(errorOf(bytes) ?? readError).toBeInstanceOf(FleetError);
      }),
      { numRuns: 500 },
    );
  });

  it("has at most so many files", () => {
    const many = Array.from({ length: 11 }, (_, index) => ({ path: `a/${index}`, content: "x" }));
    expect(() => readTar(packTar(many), tarBudget(small))).toThrow("more than 10 files");
  });
});
