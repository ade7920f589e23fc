import { describe, expect, it } from "vitest";
import { type Diagnostic, formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import { loadFleet } from "../../../src/core/model/load-fleet.ts";
import { cpuTime } from "../../support/cpu-time.ts";
import { aFleet, appYaml, fleetYaml } from "../../support/fleet.ts";

function told(app: string): readonly Diagnostic[] {
  return loadFleet(aFleet({ "apps/web.yaml": app })).diagnostics;
}

function noCounts(count: number): string {
  const replicas = Array.from({ length: count }, () => ({ name: "a", count: {} }));
  return appYaml("web", { spec: { overlays: [{ virtualSites: ["all"], replicas }] } });
}

describe("a document with thousands of mistakes", () => {
  it("is checked in a time that grows with its length", { timeout: 60_000 }, () => {
    told(noCounts(10));
    expect(cpuTime(() => told(noCounts(10_000)))).toBeLessThan(8000);
  });

  it("is told a hundred of them, and how many more there are", () => {
    const found = told(noCounts(2500)).filter(({ code }) => code === "invalid-value");
    expect(found).toHaveLength(101);
    expect(found[0]?.message).toBe(
      "expected a whole number, or one expression such as `${values.replicas}` for spec.overlays[0].replicas[0].count, found a mapping",
    );
    expect(formatDiagnostic(found.at(-1)!)).toMatch(
      /^apps\/web\.yaml:\d+:\d+: error: 2400 more mistakes follow; mend the ones before them first$/,
    );
  });
});

describe("the name of a secret in the region", () => {
  const from = (text: string): string =>
    appYaml("web", { spec: { secrets: [{ name: "db", from: text }] } });

  it("is looked at in a time that grows with its length", { timeout: 60_000 }, () => {
    const text = `${"${".repeat(40_000)}\u2028`;
    expect(cpuTime(() => told(from(text)))).toBeLessThan(3000);
  });

  it("is told in words", () => {
    expect(told(from("Db")).map(({ message }) => message)).toEqual([
      'expected a name of lower case letters, digits, `-` and `.`, or a text with an expression such as `db-${site.name}` for spec.secrets[0].from, found "Db"',
    ]);
  });
});

describe("the patterns of files that the Fleet ignores", () => {
  const toldOf = (...ignore: string[]): string[] => {
    const rollout = { strategy: "standard" };
    const files = aFleet({ "fleet.yaml": fleetYaml({ rollout, ignore }) });
    return loadFleet(files).diagnostics.map(formatDiagnostic);
  };

  it("are few, with all that their braces stand for", { timeout: 60_000 }, () => {
    const told = toldOf("a", "{a,b}".repeat(9), "{a,b}".repeat(25), "b");

    expect(told).toEqual([
      expect.stringMatching(
        /^fleet\.yaml:\d+:\d+: error: the patterns stand for more than 1000, with each \{a,b\} written out; name folders, or use/,
      ),
    ]);
    expect(toldOf("{1..1000000}")).toHaveLength(1);
    expect(toldOf("{a,b}".repeat(9), "{1..488}")).toEqual([]);
  });

  it("are not long", () => {
    expect(toldOf("a".repeat(70_000))).toEqual([
      expect.stringContaining("error: the pattern has 70000 characters, more than 1000; name"),
    ]);
    expect(toldOf("a".repeat(1000))).toEqual([]);
  });
});
