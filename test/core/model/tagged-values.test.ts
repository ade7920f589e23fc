import { describe, expect, it } from "vitest";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import type { Json } from "../../../src/core/model/json.ts";
import { type LoadedFleet, loadFleet } from "../../../src/core/model/load-fleet.ts";
import { aFleet } from "../../support/fleet.ts";

/** A fleet with a site that has this as a value. */
function withValue(value: string): LoadedFleet {
  const site = `apiVersion: flotilla.dev/v1alpha1
kind: Site
metadata: { name: e1, labels: { ring: canary, tier: shop } }
spec:
  region: east
  values:
    a: ${value}
`;
  return loadFleet(aFleet({ "sites/e1.yaml": site }));
}

const problems = (value: string): string[] => withValue(value).diagnostics.map(formatDiagnostic);

const outside = 'leave the tag out, or put a text that begins with "!" into quotes';

describe("a tag in a document of Flotilla", () => {
  it.each([
    [
      "!!binary aGk=",
      "17: error: the tag !!binary is not supported",
      ": base64 is taken as plain text",
    ],
    [
      "!!timestamp 2026-01-01",
      "20: error: the tag !!timestamp is not supported",
      " and quote the time",
    ],
    ["!!set { x: null }", "14: error: the tag !!set is not supported", ""],
    ["!!omap [x: 1]", "15: error: the tag !!omap is not supported", ""],
    ["!!pairs [x: 1]", "16: error: the tag !!pairs is not supported", ""],
    ["!!foo bar", "8: error: the tag !!foo is not supported", ""],
    ["!!foo { x: 1 }", "8: error: the tag !!foo is not supported", ""],
  ])("is refused by its name where it makes what JSON has not: %s", (value, ...[told, hint]) => {
    expect(problems(value)).toEqual([`sites/e1.yaml:7:${told}; leave the tag out${hint}`]);
  });

  it.each([
    ["!!int x", "this text cannot be read as !!int; leave the tag out"],
    ["!!bool yes", "this text cannot be read as !!bool; leave the tag out"],
    ["!Ref x", `this tag is not supported; ${outside}`],
    ["!<tag:example.com,2026:x> y", `this tag is not supported; ${outside}`],
    ["!e!x y", `this tag is not supported; ${outside}`],
  ])("is refused where it does not fit, or is nobody's: %s", (value, told) => {
    expect(problems(value)).toEqual([`sites/e1.yaml:7:8: error: ${told}`]);
  });

  it.each<[string, Json]>([
    ["!!str 1", "1"],
    ['!!int "3"', 3],
    ["!!map { x: 1 }", { x: 1 }],
    ["!!seq [1]", [1]],
    ["! x", "x"],
    ['!!null ""', null],
  ])("is read where it says what JSON has: %s", (value, read) => {
    const loaded = withValue(value);
    expect(loaded.diagnostics).toEqual([]);
    expect(loaded.ok && loaded.value.sites.get("e1")?.value.spec.values).toEqual({ a: read });
  });
});
