import { describe, expect, it } from "vitest";
import { apiErrorOf } from "../../src/adapters/kubernetes/api-error.ts";
import { health } from "../../src/core/health/read-object.ts";
import { createLogger } from "../../src/runtime/logger.ts";
import { createRedactor, redactedLogger } from "../../src/runtime/redactor.ts";
import { cpuTime } from "../support/cpu-time.ts";

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

  const amp = "Tr0ub&dor<3>xyz/ß 1'";
  it.each([
    ["JSON as Go writes it", String.raw`Tr0ub\u0026dor\u003c3\u003exyz/ß 1'`],
    ["JSON as Python writes it", String.raw`Tr0ub&dor<3>xyz/\u00df 1'`],
    ["JSON in JSON", String.raw`Tr0ub\\u0026dor\\u003c3\\u003exyz/ß 1'`],
    ["a part of a URL", encodeURIComponent(amp)],
    ["a part of a URL, escaped more", "Tr0ub%26dor%3C3%3Exyz%2F%C3%9F%201%27"],
    ["a part of a URL, in small letters", "Tr0ub%26dor%3c3%3exyz%2f%c3%9f%201%27"],
    ["a form", "Tr0ub%26dor%3C3%3Exyz%2F%C3%9F+1%27"],
    ["cut within an escape", String.raw`Tr0ub\u0026dor\u00…`],
  ])("knows a value in %s", (_, written) => {
    const redactor = createRedactor();
    redactor.learn(amp);
    expect(redactor.text(`got "${written}`)).toMatch(/^got "\[redacted\]…?$/);
  });

  it("knows a value with spaces where they were drawn together", () => {
    const redactor = createRedactor();
    redactor.learn("two  spaces of\tit");
    expect(redactor.text("got two spaces of it!")).toBe("got [redacted]!");
  });

  describe("of a value that was cut off", () => {
    const cut = "horse.battery.staple/9";
    const text = (words: string): string => {
      const redactor = createRedactor();
      for (const value of [cut, "password-1!"]) redactor.learn(value);
      return redactor.text(words);
    };

    it.each(["", "…", "...", " [shortened]", "…; Deployment default/web: 0 of 1 ready"])(
      'takes out what is left of it before "%s"',
      (rest) => {
        for (let length = 6; length < cut.length; length += 1) {
          const told = text(`got ${cut.slice(0, length)}${rest}`);
          expect(told).toMatch(/^got \[redacted\]/);
          expect(told).not.toMatch(/horse|battery|staple/);
        }
      },
    );

    it("leaves alone what only begins like it, and is not cut there", () => {
      const plain = "horse.bat is no animal; Secret default/db has no key password";
      expect(text(plain)).toBe(plain);
      expect(text("the password…")).toBe("the [redacted]…");
    });

    it("tells nothing of it where what a cluster says is too long: a condition, or a refusal", () => {
      const message = `${"x".repeat(384)} ${cut}, and more`;
      const answer = { status: 422, body: { message, reason: "Invalid" } };
      const subject = { verb: "apply", describe: "ConfigMap default/a", secret: false };
      const said = [health("Degraded", message).message, apiErrorOf(answer, subject).message];
      for (const words of said) expect(text(words)).toMatch(/x \[redacted\]…$/);
    });
  });

  it("takes out of the log what is known before a long text is shortened", () => {
    const redactor = createRedactor();
    redactor.learn("correct-horse-battery");
    let lines = "";
    const destination = { write: (line: string) => (lines += line) };
    const logger = redactedLogger(createLogger({ name: "worker", destination }), redactor);
    logger.warn("no", { why: `${"x".repeat(3990)} correct-horse-battery` });
    expect(lines).not.toContain("correct");
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

  it.each(["postgres", "missing", "read-only"])("leaves %s alone, the name of a thing", (word) => {
    const redactor = createRedactor();
    redactor.learn(word);
    expect(redactor.text(`Deployment ${word}/${word} is ${word}`)).not.toContain("[redacted]");
  });

  it("tells nothing that follows so much of a long value as it knows", () => {
    const redactor = createRedactor();
    const parts = Array.from({ length: 1500 }, (_, index) => `${index} of`);
    const long = parts.join(" ");
    redactor.learn(long);
    expect(redactor.text(`got ${long}`)).toBe("got [redacted]");
    expect(redactor.text(`got ${long.slice(0, 4096)}`)).toBe("got [redacted]");
    expect(redactor.text(`got ${long.slice(0, 3000)}! no`)).toBe("got [redacted]! no");
  });

  it("takes out values that overlap, whole", () => {
    const redactor = createRedactor();
    redactor.learn("one two three");
    redactor.learn("three four five");
    redactor.learn("one two three, and six");
    expect(redactor.text("say one two three four five; one two three, and six")).toBe(
      "say [redacted]; [redacted]",
    );
  });

  it("knows the lines of the keys of 2,000 sites, at a cost that follows the text", () => {
    const redactor = createRedactor();
    const line = (site: number, index: number): string =>
      `line ${site * 25 + index} of a key`.padEnd(64, ".");
    for (let site = 0; site < 2000; site += 1) {
      const lines = Array.from({ length: 25 }, (_, index) => line(site, index));
      redactor.learn(["-----BEGIN KEY-----", ...lines, "-----END KEY-----"].join("\n"));
    }
    expect(redactor.text(`not ${line(0, 0)}`)).toBe("not [redacted]");
    expect(redactor.text("-----BEGIN KEY-----")).toBe("-----BEGIN KEY-----");

    const words = "Deployment default/web: 0 of 3 ready ".repeat(5);
    const took = cpuTime(() => {
      for (let times = 0; times < 2000; times += 1) redactor.text(words);
    });
    // A look at each of the 50,000 lines would take seconds.
    expect(took).toBeLessThan(1000);
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
