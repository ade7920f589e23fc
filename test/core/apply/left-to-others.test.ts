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

    expect(
      withLeft(web({ replicas: 1, selector: { app: "web" } }), { live, app: "web" }, left),
    ).toEqual(web({ replicas: 3, selector: { app: "web" } }));
  });

  it("has a field from before that Git dropped, and no item of a list that Git dropped", () => {
    const item = 'k:{"name":"log"}';
    const live = web(
      { replicas: 3, strategy: { a: 1, b: 2 }, containers: [{ name: "log", image: "l:1" }] },
      {
        managedFields: [
          entry(
            "flotilla/web",
            {
              "f:spec": {
                "f:replicas": {},
                "f:strategy": { "f:a": {}, "f:b": {} },
                "f:containers": { [item]: { ".": {}, "f:name": {}, "f:image": {} } },
              },
            },
            "Apply",
          ),
        ],
      },
    );
    const fields = [".spec.replicas", ".spec.strategy.a", '.spec.containers[name="log"].image'];
    const left = { fields, managers: new Set<string>() };

    expect(withLeft(web({ containers: [] }), { live, app: "web" }, left)).toEqual(
      web({ replicas: 3, strategy: { a: 1 }, containers: [] }),
    );
    expect(withLeft(web({}), { live, app: "other" }, left)).toEqual(web({}));
  });
});
