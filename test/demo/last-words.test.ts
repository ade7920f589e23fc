import { expect, it } from "vitest";
import { lastWords } from "../../src/demo/processes.ts";

it("a process that ended is told by its own error, not by the end of its stack", () => {
  const bug =
    "flotilla: bug: Error: no more\n    at a (b.ts:1:2)\n    at c (d.ts:3:4)\nplease report\n";
  expect(lastWords(`{"level":"info"}\n${bug}`)).toBe("bug: Error: no more");
  expect(lastWords('{"a":1}\n{"b":2}\n{"c":3}\n{"d":4}\n')).toBe('{"b":2}\n{"c":3}\n{"d":4}');
});
