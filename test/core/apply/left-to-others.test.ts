import { describe, expect, it } from "vitest";
import { withLeft } from "../../../src/core/apply/left-to-others.ts";
import type { JsonObject } from "../../../src/core/model/json.ts";
import type { KubeObject } from "../../../src/core/model/kube-object.ts";

const marks = {
  labels: { "flotilla.dev/app": "web" },
  annotations: { "flotilla.dev/owner": "demo/web" },
};
const web = (spec: JsonObject, metadata: JsonObject = marks): KubeObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", ...metadata },
  spec,
});
const entry = (manager: string, fieldsV1: JsonObject, operation = "Update") => ({
  manager,
  operation,
  apiVersion: "apps/v1",
  fieldsV1,
});

describe("what is sent of an object with fields left to others", () => {
  it("keeps our marks and what is not a manager's, where it owns a map only as being there", () => {
    const live = web(
      { replicas: 3, selector: { theirs: "x" } },
      {
        labels: { theirs: "x" },
        annotations: { theirs: "x" },
        managedFields: [
          entry("tuner", {
            "f:metadata": { "f:annotations": { ".": {} }, "f:labels": {} },
            "f:spec": { "f:replicas": {}, "f:selector": { ".": {} } },
          }),
        ],
      },
    );
    const left = { fields: [], managers: new Set(["tuner"]) };

    expect(withLeft(web({ replicas: 1, selector: { app: "web" } }), live, left)).toEqual(
      web({ replicas: 3, selector: { app: "web" } }),
    );
  });
});
