/** What a commit with mistakes says all the same, of what it may declare. */
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { SourceFile } from "../../../src/core/model/fleet-model.ts";
import { loadFleet } from "../../../src/core/model/load-fleet.ts";
import type { SoundPart } from "../../../src/core/model/sound-part.ts";
import { aFleet, appYaml, documentYaml, type FleetEdits, siteYaml } from "../../support/fleet.ts";

function soundOf(files: readonly SourceFile[]): SoundPart {
  const loaded = loadFleet(files);
  if (loaded.ok) throw new Error("it has no mistake");
  return loaded.sound;
}

const withMistakes = (edits: FleetEdits): SoundPart => soundOf(aFleet(edits));

/** A document that swallows the next one of its file. */
const openQuote = `apiVersion: flotilla.dev/v1alpha1
kind: Site
metadata:
  name: a1
spec:
  region: 'east
`;

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

  const b1 = siteYaml("b1", { region: "east" });
  it.each([
    ["behind a quote that is not closed", { "sites/two.yaml": `${openQuote}---\n${b1}` }],
    ["in a file of JSON", { "sites/b1.json": JSON.stringify(parse(b1)) }],
  ])("has what stands %s", (_, edits: FleetEdits) => {
    const sound = withMistakes(edits);
    expect(sound.said.sites.has("b1")).toBe(false);
    expect(sound.mayBringBack("Site", "b1")).toBe(true);
    expect(sound.mayDeclare("Site", "b1")).toBe(true);
    expect(sound.mayBringBack("Site", "b3")).toBe(false);
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

describe("what is said in spite of mistakes", () => {
  it("is what has none itself, whatever it would render to", () => {
    const { said } = withMistakes({
      "profiles/large.yaml": documentYaml("Profile", { name: "large" }, { values: 3 }),
      "sites/b1.yaml": siteYaml("b1", { region: "east", spec: { profile: "large" } }),
      "sites/b2.yaml": siteYaml("b2", { region: "nowhere" }),
    });
    expect(said.sites.has("b1")).toBe(true);
    expect(said.sites.has("b2")).toBe(false);
    expect(said.apps.has("web")).toBe(true);
  });

  it("is nothing of what is declared twice: nobody knows which one counts", () => {
    const sound = withMistakes({
      "sites/e1-again.yaml": siteYaml("e1", { region: "east", spec: { decommission: "delete" } }),
      "apps/web-again.yaml": appYaml("web", { spec: { onRemoval: "hold" } }),
    });
    expect([...sound.said.sites.keys()]).not.toContain("e1");
    expect([...sound.said.apps.keys()]).not.toContain("web");
    expect([...sound.said.sites.keys()]).toContain("e2");
    expect(sound.mayDeclare("Site", "e1")).toBe(true);
    expect(sound.mayDeclare("App", "web")).toBe(true);
  });
});
