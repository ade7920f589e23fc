import { describe, expect, it } from "vitest";
import { createLogger } from "../../src/runtime/logger.ts";
import { createRedactor, redactedLogger } from "../../src/runtime/redactor.ts";

const canary = "tr0ub4dor and three";

describe("a redactor", () => {
  it.each([
    ["as it is", `cannot log in as ${canary}: no`, "cannot log in as [redacted]: no"],
    ["twice", `${canary} ${canary}`, "[redacted] [redacted]"],
    ["cut off", `value "${canary.slice(0, 17)}`, 'value "[redacted]'],
    ["a line of it", "no such user second-line-of-it", "no such user [redacted]"],
    ["quoted", String.raw`got "with \"quotes\" in it"`, 'got "[redacted]"'],
  ])("takes out what it has met, %s", (_, text, told) => {
    const redactor = createRedactor();
    redactor.learn(canary);
    redactor.learn("first-line\nsecond-line-of-it\n");
    redactor.learn('with "quotes" in it');

    expect(redactor.text(text)).toBe(told);
  });

  it("does so in all texts of plain data, and in the log, errors and their causes included", () => {
    const redactor = createRedactor();
    redactor.learn(canary);
    expect(redactor.data({ a: [{ b: `x ${canary}`, n: 1 }], c: null })).toEqual({
      a: [{ b: "x [redacted]", n: 1 }],
      c: null,
    });

    let lines = "";
    const destination = { write: (line: string) => (lines += line) };
    const logger = redactedLogger(createLogger({ name: "worker", destination }), redactor);
    const error = new Error(`refused ${canary}`, { cause: new Error(`by ${canary}`) });
    logger.child({ who: canary }).error("failed", { error, more: [canary] });
    expect(lines).toContain("refused [redacted]");
    expect(lines).not.toContain("tr0ub4dor");
  });

  it("leaves short words alone, which would be everywhere", () => {
    const redactor = createRedactor();
    redactor.learn("web");
    redactor.learn("");
    expect(redactor.text("the web is up")).toBe("the web is up");
  });

  it("hides what looks made by chance, and no words, names or ids of Git and images", () => {
    const text = (words: string): string => createRedactor().text(words);
    expect(text("got Zm9vYmFyMTIzNDU2Nzg5MGFiY2RlZg== here")).toBe("got [redacted] here");
    for (const plain of [
      "HorizontalPodAutoscalerHasTooManyReplicas",
      "deployment web-6f7c9d5b8-x2x4z in regions/EuropeWest3/Prod42/values.yaml",
      "example.com/Web@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
      "main@sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709",
    ]) {
      expect(text(plain)).toBe(plain);
    }
  });
});
