import { describe, expect, it } from "vitest";
import { partOf } from "../../src/demo/breakage.ts";
import { type KeyInput, keyWords, pressKey } from "../../src/demo/keys.ts";

const input: KeyInput = {
  menu: null,
  parts: { sites: ["oslo", "rome"], regions: ["north", "south"] },
  broken: [],
};

describe("keys in the demo", () => {
  it("break a site in two steps, and heal it in the same two", () => {
    const { menu } = pressKey(input, "s");
    expect(menu).toBe("site");
    const oslo = { kind: "site", name: "oslo" } as const;
    expect(pressKey({ ...input, menu }, "a")).toEqual({
      menu: null,
      action: { do: "break", part: oslo, how: "refuse" },
    });
    expect(pressKey({ ...input, menu }, "A").action).toMatchObject({ how: "hang" });
    const broken = [{ ...oslo, how: "refuse" } as const];
    expect(pressKey({ ...input, menu, broken }, "a").action).toEqual({ do: "heal", part: oslo });
    expect(keyWords({ ...input, menu, broken })).toContain("a heal oslo");
  });

  it("go back for every key that names nothing, and do nothing then", () => {
    for (const key of ["z", "\u001b", "\u001b[A", "", "ab"]) {
      expect(pressKey({ ...input, menu: "link" }, key)).toEqual({ menu: null, action: null });
    }
    expect(pressKey(input, "x")).toEqual({ menu: null, action: null });
  });

  it("kill and start the controller, edit, heal all, and quit", () => {
    const controller = { kind: "controller", name: "" } as const;
    expect(pressKey(input, "c").action).toMatchObject({ do: "break", part: controller });
    const broken = [{ ...controller, how: "killed" } as const];
    expect(pressKey({ ...input, broken }, "c").action).toEqual({ do: "heal", part: controller });
    expect(pressKey(input, "e").action).toEqual({ do: "edit" });
    expect(pressKey(input, "h").action).toEqual({ do: "heal-all" });
    expect(pressKey(input, "q").action).toEqual({ do: "quit" });
    expect(pressKey({ ...input, menu: "site" }, "\u0003").action).toEqual({ do: "quit" });
  });
});

describe("the words for a part", () => {
  it("are told apart, with a hint for what is nothing", () => {
    expect(partOf(["site", "oslo"], input.parts)).toEqual({ kind: "site", name: "oslo" });
    expect(partOf(["controller"], input.parts)).toEqual({ kind: "controller", name: "" });
    const mistakes: [string[], string, string][] = [
      [["site", "osl"], 'there is no site "osl"', 'did you mean "oslo"?'],
      [["worker", "oslo"], 'there is no region "oslo"', "there are north, south"],
      [["link"], "name one region", "use site NAME, worker REGION, link REGION or controller"],
      [
        ["town", "x"],
        '"town" is nothing here',
        "use site NAME, worker REGION, link REGION or controller",
      ],
      [["controller", "x"], "the controller has no name", "leave it out"],
    ];
    for (const [words, message, hint] of mistakes) {
      expect(() => partOf(words, input.parts)).toThrow(expect.objectContaining({ message, hint }));
    }
  });
});
