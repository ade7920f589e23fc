import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeEach, describe, expect, it } from "vitest";
import { newObject } from "../../../src/adapters/git/object-id.ts";
import { encodeDeltaEntry, encodeEntry, joinPack } from "../../../src/adapters/git/pack.ts";
import { filesInPack } from "../../../src/adapters/git/pack-files.ts";
import { git, temporaryFolder } from "../../support/git-repository.ts";

describe("the files in a pack", () => {
  let dir: string;
  beforeEach(async () => {
    dir = await temporaryFolder();
    await git(["init", "-q", "--bare", "."], dir);
  });

  const store = async (text: string): Promise<string> => {
    const writing = promisify(execFile)("git", ["hash-object", "-w", "--stdin"], { cwd: dir });
    writing.child.stdin?.end(text);
    return (await writing).stdout.trim();
  };
  const packOf = async (oids: readonly string[], options: readonly string[]): Promise<Buffer> => {
    const packing = promisify(execFile)("git", ["pack-objects", "--stdout", "-q", ...options], {
      cwd: dir,
      encoding: "buffer",
    });
    packing.child.stdin?.end(oids.map((oid) => `${oid}\n`).join(""));
    return (await packing).stdout;
  };

  /** What git says is whole: it tells the depth and the base of all others. */
  const wholeIn = async (pack: Buffer): Promise<string[]> => {
    await writeFile(join(dir, "one.pack"), pack);
    await git(["index-pack", "one.pack"], dir);
    const lines = (await git(["verify-pack", "-v", "one.idx"], dir)).split("\n");
    return lines
      .map((line) => line.split(/ +/))
      .flatMap((words) => (words[1] === "blob" && words.length === 5 ? [words[0] ?? ""] : []));
  };

  const texts = [
    "",
    "a: 1\n",
    "ü: €\n",
    ...Array.from(
      { length: 40 },
      (_, at) => `${"x: some text that repeats\n".repeat(at * 30)}${at}`,
    ),
  ];

  it("are those that git has packed whole, byte for byte", async () => {
    const oids = await Promise.all(texts.map(store));
    const pack = await packOf(oids, ["--window=0"]);
    expect(new Map(filesInPack(pack))).toEqual(new Map(oids.map((oid, at) => [oid, texts[at]])));
  });

  it.each([["--delta-base-offset"], ["--no-delta-base-offset"]])(
    "are told right beside others that are told as changes (%s)",
    async (option) => {
      const oids = await Promise.all(texts.map(store));
      const pack = await packOf(oids, [option]);
      const files = new Map(filesInPack(pack));
      const whole = await wholeIn(pack);
      expect(whole.length).toBeLessThan(texts.length);
      expect([...files.keys()].toSorted()).toEqual(whole.toSorted());
      for (const [oid, text] of files) expect(text).toBe(texts[oids.indexOf(oid)]);
    },
  );

  it("are found among commits, trees and changes of trees", () => {
    const file = newObject("blob", Buffer.from("a: 1\n"));
    const other = newObject("blob", Buffer.alloc(70_000, "long "));
    const pack = joinPack([
      encodeEntry({ type: "commit", bytes: Buffer.from("tree ...") }),
      encodeEntry(file),
      encodeDeltaEntry("1".repeat(40), Buffer.from("what has changed")),
      encodeEntry({ type: "tree", bytes: Buffer.alloc(300, 7) }),
      encodeEntry(other),
    ]);
    const found = new Map(filesInPack(Buffer.concat(pack)));
    expect(found).toEqual(
      new Map([file, other].map(({ oid, bytes }) => [oid, bytes.toString("utf8")])),
    );
  });

  it("are those before the damage, where a pack is damaged or cut off", async () => {
    const oids = await Promise.all(texts.map(store));
    const pack = await packOf(oids, ["--window=0"]);
    const whole = [...filesInPack(pack)];
    let before = 0;
    for (let at = 0; at < pack.length - 20; at += 7) {
      const damaged = Buffer.from(pack);
      damaged.writeUInt8(pack.readUInt8(at) ^ 0x11, at);
      expect([...filesInPack(damaged)].length).toBeGreaterThanOrEqual(before);
      const cut = [...filesInPack(pack.subarray(0, at))];
      expect(cut).toEqual(whole.slice(0, cut.length));
      before = cut.length;
    }
    expect(before).toBeGreaterThan(texts.length - 3);
  });

  it("end where more would come out than anybody keeps", () => {
    const zeros = encodeEntry({ type: "blob", bytes: Buffer.alloc(6 * 1024 * 1024) });
    const pack = Buffer.concat(joinPack(Array<Buffer>(100).fill(zeros)));
    expect(pack.length).toBeLessThan(8 * 1024 * 1024);
    expect([...filesInPack(pack)]).toHaveLength(2);
  });

  it("end at an object that is larger than it says", () => {
    const said = encodeEntry({ type: "blob", bytes: Buffer.alloc(5) });
    const held = encodeEntry({ type: "blob", bytes: Buffer.alloc(500) });
    const file = encodeEntry({ type: "blob", bytes: Buffer.from("a: 1\n") });
    const wrong = Buffer.concat([said.subarray(0, 1), held.subarray(2)]);
    expect([...filesInPack(Buffer.concat(joinPack([file, wrong, file])))]).toHaveLength(1);
  });
});
