import { expect, it } from "vitest";
import { emitYaml } from "../../../src/core/render/emit-yaml.ts";
import { readYaml } from "../../../src/core/render/read-yaml.ts";
import { kubectl } from "../../support/kubectl.ts";

const keys: readonly (readonly [written: string, name: string])[] = [
  ["1e6", "1e+06"],
  ["0.00001", "1e-05"],
  ["1.0", "1"],
  ["123456.5", "123456.5"],
  ["1234567.5", "1.2345675e+06"],
  ["0.1", "0.1"],
  ["1e300", ".inf"],
  ["-1e300", "-.inf"],
  ["1e-60", "0"],
  ["-0.0", "-0"],
  ["+.5", "0.5"],
  ["16777217.0", "1.6777216e+07"],
  ["1_000.5", "1000.5"],
  [".5_0", "0.5"],
  ["._5", "._5"],
  [".5_", ".5_"],
  ["1_.5", "1.5"],
  ["1e3", "1000"],
  ["-1e21", "-1e+21"],
  ["3.4028235e38", "3.4028235e+38"],
  ["1.17549435e-38", "1.1754944e-38"],
  [".inf", ".inf"],
  ["-.INF", "-.inf"],
  [".NaN", ".nan"],
  ["1000000", "1000000"],
  ["0x1e6", "486"],
  ["012", "10"],
  ["true", "true"],
  ["off", "false"],
  ["1e999", "1e999"],
  ["2001-01-01", "2001-01-01"],
  ["!!float 1000000", "1e+06"],
  ["!!float '2.50'", "2.5"],
  ["!!str 1e6", "1e6"],
  ["!!str on", "on"],
  ["!!int 010", "8"],
  ["!!bool yes", "true"],
  ["! 1.0", "1.0"],
  ["'1.0'", "1.0"],
  ["9007199254740993", "9007199254740993"],
  ["9223372036854775807", "9223372036854775807"],
  ["-9223372036854775808", "-9223372036854775808"],
  ["18446744073709551616", "1.8446744e+19"],
  ["-9223372036854775809", "-9.223372e+18"],
  ["99999999999999999999", "1e+20"],
  ["!!float 012", "10"],
  ["!!float 12", "12"],
];

const manifest = (key: string): string =>
  `apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: m}\ndata:\n  ${key}: x\n`;

const read = (text: string) => {
  const { documents, diagnostics, warnings } = readYaml({ path: "a.yaml", text });
  return { document: documents[0], diagnostics, warnings };
};

/** What is in a document for us, and what for `kubectl`. */
async function bothRead(value: string): Promise<{ own: unknown; data: unknown }> {
  const input = `apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: m}\ndata: ${value}\n`;
  const args = ["label", "--local", "-f", "-", "-o", "json", "a=b"];
  const { stdout } = await kubectl("/nonexistent", args, { input });
  const { data } = JSON.parse(stdout) as { data: unknown };
  return { own: read(input).document?.value, data };
}

it.each(keys)("the key %s is %s, as kubectl reads it", async (written, name) => {
  const input = manifest(written);
  const args = ["label", "--local", "-f", "-", "-o", "json", "a=b"];
  const { stdout, stderr } = await kubectl("/nonexistent", args, { input });
  expect(stderr).toBe("");
  expect(JSON.parse(stdout)).toMatchObject({ data: { [name]: "x" } });

  const { document, diagnostics, warnings } = read(input);
  expect(diagnostics).toEqual([]);
  expect(document?.value).toMatchObject({ data: { [name]: "x" } });
  expect(document?.at(["data", name])).toMatchObject({ line: 5, column: written.length + 5 });
  expect(read(emitYaml({ data: { [name]: "x" } })).document?.value).toEqual({
    data: { [name]: "x" },
  });
  const plain = written.replace(/^!\S* /u, "").replaceAll("'", "");
  expect(warnings.map(({ message }) => message)).toEqual(
    plain === name ? [] : [`the key ${plain} is read as "${name}"`],
  );
});

it("names one that an alias stands for alike", () => {
  const { document } = read("a: {&k 1e6: x}\nb: {*k : z}\n");
  expect(document?.value).toEqual({ a: { "1e+06": "x" }, b: { "1e+06": "z" } });
});

it.each([
  ["~", "null cannot be a key"],
  ["18446744073709551615", "the integer is beyond 2^53 and would lose digits"],
  ["!foo a", "this text cannot be read as what its tag says"],
  ["!!null x", "this text cannot be read as !!null"],
  ["!!float x", "this text cannot be read as !!float"],
  ["!!binary YQ==", "the tag !!binary is not supported"],
])("the key %s is refused at its place", (key, message) => {
  const { diagnostics } = read(manifest(key));
  expect(diagnostics).toEqual([
    expect.objectContaining({
      line: 5,
      column: key.replace(/^(!\S* )?.*$/u, "$1").length + 3,
      message,
    }),
  ]);
});

it.each(["!!set {a, b}", "!!omap [a: b]", "!!pairs [a: b]", "!foo {a: b}", "!foo [a]"])(
  "%s is what it is without its tag, as for kubectl",
  async (value) => {
    const { own, data } = await bothRead(value);
    expect(own).toMatchObject({ data });
  },
);

it.each(["1.0", "-1.0", "1e3", ".5", "'1.0'", "010.0", "08", "1e30"])(
  "%s with the tag !!int is refused as a key and as a value, as by kubectl",
  async (written) => {
    const key = manifest(`!!int ${written}`);
    const value = manifest("a").replace(" x", ` !!int ${written}`);
    const args = ["label", "--local", "-f", "-", "-o", "json", "a=b"];
    for (const input of [key, value]) {
      const { stderr } = await kubectl("/nonexistent", args, { input });
      expect(stderr).toContain("as a !!int");
      expect(read(input).diagnostics).toEqual([
        expect.objectContaining({ line: 5, message: "this text cannot be read as !!int" }),
      ]);
    }
  },
);

it.each(["1_000", "0x1e3", "'5'", "+5", "0b11", "-0o7"])(
  "%s with the tag !!int is what kubectl reads",
  async (written) => {
    const { own, data } = await bothRead(`{ a: !!int ${written} }`);
    expect(own).toMatchObject({ data });
  },
);

it.each([".5", ".5_0", "._5", ".5_", "-.5_0", ".5e1_0", "1_.5", "1e1_0", "_1.5", "5_", "+1_0.5"])(
  "the value %s is what kubectl reads",
  async (value) => {
    const { own, data } = await bothRead(value);
    expect(own).toMatchObject({ data });
  },
);
