import { describe, expect, it } from "vitest";
import { withoutLostVersions } from "../../../src/core/apply/lost-versions.ts";
import type { KubeObject } from "../../../src/core/model/kube-object.ts";

const entry = (manager: string, version: string, field: string) => ({
  manager,
  operation: "Apply",
  apiVersion: `example.org/${version}`,
  fieldsV1: { "f:spec": { [`f:${field}`]: {} } },
});
const isServed = (apiVersion: string): boolean => apiVersion === "example.org/v1";

function withEntries(...managedFields: ReturnType<typeof entry>[]): KubeObject {
  const metadata = { name: "e", managedFields };
  return { apiVersion: "example.org/v1", kind: "Engine", metadata };
}

describe("managedFields of versions that are gone", () => {
  it("are left alone where there are none", () => {
    const live = withEntries(entry("a", "v1", "x"));
    expect(withoutLostVersions(live, isServed, "example.org/v1")).toBeNull();
  });

  it("are those of the version that is applied now, together with what its manager has there", () => {
    const both = { "f:spec": { "f:x": {}, "f:y": {} } };
    const live = withEntries(
      entry("a", "v1", "x"),
      entry("b", "v1alpha1", "z"),
      entry("a", "v1alpha1", "y"),
    );
    expect(withoutLostVersions(live, isServed, "example.org/v1")).toEqual([
      { ...entry("a", "v1", "x"), fieldsV1: both },
      entry("b", "v1", "z"),
    ]);
  });
});
