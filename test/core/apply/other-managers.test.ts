import { describe, expect, it } from "vitest";
import { otherManagers } from "../../../src/core/apply/other-managers.ts";
import type { Json, JsonObject } from "../../../src/core/model/json.ts";

const entry = (manager: string, fields: JsonObject, more: JsonObject = {}): JsonObject => ({
  manager,
  operation: "Apply",
  apiVersion: "v1",
  fieldsType: "FieldsV1",
  fieldsV1: fields,
  ...more,
});
const data = { "f:data": { "f:k": {} } };
const label = { "f:metadata": { "f:labels": { ".": {}, "f:tool": {} } } };
const of = (metadata: JsonObject): readonly string[] =>
  otherManagers(
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c", ...metadata } },
    new Set(["own"]),
  );
const managedBy = (...managedFields: Json[]) => of({ managedFields });

describe("who manages an object beside the app", () => {
  it.each([
    ["who applies it", entry("flux", data)],
    ["who applies only a label of it", entry("flux", label)],
    ["who applied it in another version", entry("flux", data, { apiVersion: "v1beta1" })],
  ])("is %s", (_, other) => {
    expect(managedBy(entry("flotilla/web", data), other)).toEqual(["flux"]);
  });

  it.each([
    ["who edits it", entry("hpa", data, { operation: "Update" })],
    [
      "who made it before there was server-side apply",
      entry("before-first-apply", data, { operation: "Update" }),
    ],
    [
      "who applies its status",
      entry("flux", { "f:status": { "f:a": {} } }, { subresource: "status" }),
    ],
    ["who has nothing of it any more", entry("flux", {})],
    ["who has only left a map of it", entry("flux", { "f:metadata": { "f:labels": { ".": {} } } })],
    ["who only holds it", entry("flux", { "f:metadata": { "f:finalizers": { 'v:"x"': {} } } })],
    ["kubectl", entry("kubectl", data)],
    ["an app", entry("flotilla/other", data)],
    [
      "Kubernetes, which fills in rules",
      entry("clusterrole-aggregation-controller", { "f:rules": {} }),
    ],
  ])("is not %s", (_, other) => {
    expect(managedBy(entry("flotilla/web", data), other)).toEqual([]);
  });

  it("is not who was declared to give it up", () => {
    const annotations = { "flotilla.dev/take-over": "flux" };
    const managedFields = [entry("flux", data), entry("argo", data)];
    expect(of({ annotations, managedFields })).toEqual(["argo"]);
  });

  it("is an object that controls it, unless that is the app's own", () => {
    const reference = (uid: string, controller: boolean) => ({
      kind: "Foo",
      name: uid,
      uid,
      controller,
    });
    const references = [reference("other", true), reference("own", true), reference("else", false)];
    expect(of({ ownerReferences: references })).toEqual(["Foo other"]);
  });
});
