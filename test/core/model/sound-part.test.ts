/** What a commit with mistakes says all the same, of what it may declare. */
import { describe, expect, it } from "vitest";
import type { SourceFile } from "../../../src/core/model/fleet-model.ts";
import { loadFleet } from "../../../src/core/model/load-fleet.ts";
import type { SoundPart } from "../../../src/core/model/sound-part.ts";
import { aFleet, type FleetEdits } from "../../support/fleet.ts";

function soundOf(files: readonly SourceFile[]): SoundPart {
  const loaded = loadFleet(files);
  if (loaded.ok) throw new Error("it has no mistake");
  return loaded.sound;
}

const withMistakes = (edits: FleetEdits): SoundPart => soundOf(aFleet(edits));

describe("what may be brought back by a file that cannot be read", () => {
  it.each([
    ["has its name", "kind: [Site # b1\n", true],
    ["has its name as a part of another one", "kind: [Site # b1-old, xb1, b10\n", false],
    ["has nothing like it", "kind: [Site\n", false],
    ["has its name in escapes", 'kind: [Site, "b\\x31"\n', true],
    ["has its name in two lines", 'kind: [Site, "b\\\n  1"\n', true],
  ])("is told by the file: one that %s", (_, text, isBack) => {
    expect(withMistakes({ "new.yaml": text }).mayBringBack("Site", "b1")).toBe(isBack);
  });

  it("is told of any number of names by reading the files once", () => {
    let looks = 0;
    const counted = aFleet({ "new.yaml": "kind: [Site # b1\n" }).map(
      ({ path, ...file }): SourceFile => ({
        ...file,
        get path() {
          looks += 1;
          return path;
        },
      }),
    );
    const sound = soundOf(counted);
    sound.mayBringBack("Site", "b1");
    const before = looks;
    const names = Array.from({ length: 1000 }, (_, index) => `b${index}`);
    expect(names.filter((name) => sound.mayBringBack("Site", name))).toEqual(["b1"]);
    expect(looks).toBe(before);
  });
});
