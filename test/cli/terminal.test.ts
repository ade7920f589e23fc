import { describe, expect, it } from "vitest";
import { openTerminal } from "../../src/cli/terminal.ts";

type TerminalProcess = Parameters<typeof openTerminal>[0];

/** A process at a terminal, by what `openTerminal` asks of one. */
function atTerminal(env: Readonly<Record<string, string>>): TerminalProcess {
  const stderr = { isTTY: true, columns: 80, rows: 24 };
  // Streams are asked for no more than this before somebody draws.
  return {
    stdin: { isTTY: false },
    stderr,
    env,
    on: () => {},
    off: () => {},
  } as unknown as TerminalProcess;
}

describe("the terminal", () => {
  it.each([
    [{ LANG: "en_US.UTF-8" }, true],
    [{ LC_ALL: "", LC_CTYPE: "", LANG: "en_US.UTF-8" }, true],
    [{ LC_ALL: "C", LANG: "en_US.UTF-8" }, false],
    [{ LANG: "" }, false],
  ])("with %j shows more than ASCII: %s", (env, expected) => {
    expect(openTerminal(atTerminal(env))?.unicode).toBe(expected);
  });

  it("has colours unless NO_COLOR is set and not empty", () => {
    const colors = ["", "1"].map((text) => openTerminal(atTerminal({ NO_COLOR: text }))?.color);
    expect(colors).toEqual([true, false]);
  });
});
