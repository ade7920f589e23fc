import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { ControllerConfig, controllerSettings } from "../../src/controller/config.ts";

/** Paths of all fields of a schema; a map's keys are shown as `<region>`. */
function fieldsOf(schema: unknown, path = ""): string[] {
  const { properties, patternProperties } = schema as {
    properties?: Record<string, unknown>;
    patternProperties?: Record<string, unknown>;
  };
  const own = Object.entries(properties ?? {}).flatMap(([name, field]) =>
    fieldsOf(field, path === "" ? name : `${path}.${name}`),
  );
  const mapped = Object.values(patternProperties ?? {}).flatMap((field) =>
    fieldsOf(field, `${path}.<region>`),
  );
  const inner = [...own, ...mapped];
  return inner.length > 0 ? inner : [path];
}

describe("the controller's config", () => {
  it("has every field on its reference page, and the page no other", async () => {
    const page = await readFile("docs/reference/controller-config.md", "utf8");
    const shown = [...page.matchAll(/^\| `(?<field>[^`]+)` \|.*\|.*\|$/gm)].map(
      ({ groups }) => groups?.["field"] ?? "",
    );
    expect(shown.toSorted()).toEqual(fieldsOf(ControllerConfig).toSorted());
  });

  it("needs only a fleet repository and a state folder", () => {
    expect(controllerSettings({ fleet: { url: "/fleet.git" }, stateDir: "/state" })).toEqual({
      fleet: { url: "/fleet.git", branch: "main" },
      stateDir: "/state",
      listen: "127.0.0.1:7420",
      pollIntervalMs: 15_000,
      heartbeatMs: 5000,
      mirrors: {},
      apiTokenFile: "/state/api-token",
    });
  });
});
