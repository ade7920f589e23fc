import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { assessHealth } from "../../../src/core/health/assess-health.ts";
import { type Json, type JsonObject, isJsonObject } from "../../../src/core/model/json.ts";

interface Case {
  readonly health: string;
  readonly status?: Json;
  readonly spec?: Json;
  readonly metadata?: JsonObject;
}

/** `Type=Status:Reason:message`, a severity before the reason as in `Error/Reason`. */
function conditionOf(text: string): JsonObject {
  const [, type = "", status = "", severity, reason = "", message = ""] =
    /^([^=]+)=([^:]*)(?::(?:(\w+)\/)?([^:]*))?(?::([^]*))?$/.exec(text) ?? [];
  return { type, status, reason, message, ...(severity === undefined ? {} : { severity }) };
}

function withConditions(value: Json): Json {
  if (Array.isArray(value)) return value.map(withConditions);
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value).map(([field, inner]): [string, Json] => {
    const isList = field === "conditions" && Array.isArray(inner);
    if (!isList) return [field, withConditions(inner)];
    return [field, inner.map((one) => (typeof one === "string" ? conditionOf(one) : one))];
  });
  return Object.fromEntries(entries);
}

function objectOf(name: string, { status, spec, metadata }: Case): JsonObject {
  const [apiVersion = "", kind = ""] = name.split(" ");
  return {
    apiVersion,
    kind,
    metadata: { name: "x", generation: 2, ...metadata },
    ...(spec === undefined ? {} : { spec }),
    ...(status === undefined ? {} : { status: withConditions(status) }),
  };
}

const file = new URL("documented-kinds.yaml", import.meta.url);
// The file is ours: its shape is the one above.
const kinds = parse(readFileSync(file, "utf8")) as Readonly<Record<string, readonly Case[]>>;

const told = Object.entries(kinds).flatMap(([name, cases]) =>
  cases.map((one) => ({
    name,
    wanted: one.health,
    got: assessHealth(objectOf(name, one)).status as string,
    status: JSON.stringify(one.status),
  })),
);

const lines = (cases: typeof told): readonly string[] =>
  cases.map(({ name, wanted, got, status }) => `${name}: ${wanted}, not ${got}: ${status}`);

describe("the health of kinds whose documentation tells what their status means", () => {
  it("is right for more than 95 of 100 objects of some 490 kinds", () => {
    const wrong = told.filter(({ wanted, got }) => wanted !== got);
    expect(Object.keys(kinds).length).toBeGreaterThan(480);
    expect(wrong.length * 20 < told.length ? [] : lines(wrong)).toEqual([]);
  });

  it("never calls Degraded what is well, and hardly ever well what is Degraded", () => {
    const of = (wanted: string, got: string): readonly string[] =>
      lines(told.filter((one) => one.wanted === wanted && one.got === got));

    expect(of("Healthy", "Degraded")).toEqual([]);
    expect(of("Degraded", "Healthy").length).toBeLessThanOrEqual(2);
  });
});
