import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { CelEnvironment } from "../../../src/core/cel/cel-environment.ts";

const environment = new CelEnvironment({});

function answer(text: string): string {
  const compiled = environment.compile(text);
  if (!compiled.ok) return compiled.problems.map(({ message }) => message).join("; ");
  const outcome = compiled.program.evaluate({});
  return outcome.ok ? JSON.stringify(outcome.value) : `error: ${outcome.problem.message}`;
}

/** A Friday; what the tables of the CEL specification ask. */
const friday = "timestamp('2009-02-13T23:31:30Z')";

/** Expressions and what they give, whatever the time zone of the machine. */
const table: readonly (readonly [text: string, expected: string])[] = [
  [`${friday}.getFullYear()`, "2009"],
  [`${friday}.getMonth()`, "1"],
  [`${friday}.getDate()`, "13"],
  [`${friday}.getDayOfMonth()`, "12"],
  [`${friday}.getDayOfWeek()`, "5"],
  [`${friday}.getDayOfYear()`, "43"],
  [`${friday}.getHours()`, "23"],
  [`${friday}.getMinutes()`, "31"],
  [`${friday}.getSeconds()`, "30"],
  ["timestamp('2009-02-13T23:31:20.123456789Z').getMilliseconds()", "123"],
  [`${friday}.getFullYear('-09:30')`, "2009"],
  [`${friday}.getMonth('Asia/Kathmandu')`, "1"],
  [`${friday}.getDate('Australia/Sydney')`, "14"],
  [`${friday}.getDayOfMonth('US/Central')`, "12"],
  [`${friday}.getDayOfWeek('Asia/Kathmandu')`, "6"],
  [`${friday}.getDayOfYear('America/St_Johns')`, "43"],
  [`${friday}.getDayOfYear('Asia/Kathmandu')`, "44"],
  [`${friday}.getHours('02:00')`, "1"],
  [`${friday}.getHours('+02:00')`, "1"],
  [`${friday}.getHours('-11:00')`, "12"],
  [`${friday}.getHours('UTC')`, "23"],
  [`${friday}.getMinutes('Asia/Kathmandu')`, "16"],
  [`${friday}.getSeconds('-00:00')`, "30"],
  ["timestamp('2009-02-13T23:31:20.123Z').getMilliseconds('Asia/Kathmandu')", "123"],
  // What the clocks of some machines skip, or have twice.
  ["timestamp('2024-03-10T02:30:00Z').getHours()", "2"],
  ["timestamp('2024-03-31T02:30:00Z').getHours()", "2"],
  ["timestamp('2024-03-10T10:30:00Z').getHours('America/Los_Angeles')", "3"],
  ["timestamp('2024-03-10T09:30:00Z').getHours('America/Los_Angeles')", "1"],
  ["timestamp('2024-07-01T00:30:00Z').getDayOfYear()", "182"],
  ["timestamp('2024-07-01T00:30:00Z').getDayOfYear('America/Los_Angeles')", "181"],
  ["timestamp('2024-12-31T23:59:59Z').getDayOfYear()", "365"],
  ["timestamp('2023-12-31T23:59:59Z').getDayOfYear()", "364"],
  ["timestamp('2023-12-31T23:59:59Z').getDayOfYear('Asia/Tokyo')", "0"],
  ["timestamp('2023-12-31T23:59:59Z').getFullYear('Asia/Tokyo')", "2024"],
  // The ends of what a timestamp can be, and before 1970.
  ["timestamp('0001-01-01T00:00:00Z').getFullYear()", "1"],
  ["timestamp('0001-01-01T00:00:00Z').getDayOfYear()", "0"],
  ["timestamp('0001-01-01T00:00:00Z').getDayOfWeek()", "1"],
  ["timestamp('0001-01-01T00:00:00Z').getFullYear('-01:00')", "0"],
  ["timestamp('0001-01-01T00:00:00Z').getFullYear('America/New_York')", "0"],
  ["timestamp('0050-06-01T00:00:00Z').getFullYear('Asia/Tokyo')", "50"],
  ["timestamp('9999-12-31T23:59:59.999Z').getFullYear()", "9999"],
  ["timestamp('9999-12-31T23:59:59.999Z').getMilliseconds()", "999"],
  ["timestamp('1969-12-31T23:59:59.999Z').getMilliseconds()", "999"],
  ["timestamp('1969-12-31T23:59:59.999Z').getSeconds('Asia/Tokyo')", "59"],
  ["timestamp('1969-12-31T23:59:59.999Z').getHours('Asia/Tokyo')", "8"],
  // No clock is asked for these.
  ["string(timestamp('2009-02-14T01:31:30+02:00'))", '"2009-02-13T23:31:30Z"'],
  [`string(${friday} + duration('1h'))`, '"2009-02-14T00:31:30Z"'],
  [`int(${friday})`, "1234567890"],
  ["duration('3730s').getHours()", "1"],
  ["duration('3730s').getMinutes()", "62"],
  ["duration('3730s').getSeconds()", "3730"],
  ["duration('123.321456789s').getMilliseconds()", "321"],
];

describe("the functions of timestamps", () => {
  it.each(table)("%s is %s", (text, expected) => {
    expect(answer(text)).toBe(expected);
  });

  it.each(["", "Local", "Europe/Nowhere", "+0200", "+24:00", "+02:60", "2:00"])(
    "take no time zone %j",
    (zone) => {
      expect(answer(`${friday}.getHours('${zone}')`)).toBe(
        `error: "${zone}" is no time zone such as "Europe/Berlin" or "+02:00"`,
      );
    },
  );

  it.each(["UTC", "America/Los_Angeles", "Europe/Oslo", "Asia/Tokyo", "Pacific/Apia"])(
    "give the same on a machine in %s",
    { timeout: 60_000 },
    (TZ) => {
      const program = `
        import { CelEnvironment } from ${JSON.stringify(celEnvironment)};
        const environment = new CelEnvironment({});
        const texts = ${JSON.stringify(table.map(([text]) => text))};
        const values = texts.map((text) => environment.compile(text).program.evaluate({}).value);
        console.log(JSON.stringify([new Date(0).getTimezoneOffset(), ...values]));`;
      const flags = ["--no-warnings", "--input-type=module", "--eval", program];
      const { stdout, stderr } = spawnSync(process.execPath, flags, {
        env: { ...process.env, TZ },
        encoding: "utf8",
      });

      expect(stderr).toBe("");
      const [offset, ...values] = JSON.parse(stdout) as unknown[];
      expect(offset === 0).toBe(TZ === "UTC");
      expect(values.map((value) => JSON.stringify(value))).toEqual(
        table.map(([, expected]) => expected),
      );
    },
  );
});

const celEnvironment = new URL("../../../src/core/cel/cel-environment.ts", import.meta.url).href;
