import { describe, expect, it } from "vitest";
import {
  describePart,
  fieldPaths,
  ownedFields,
  stepInto,
} from "../../../src/core/apply/owned-fields.ts";
import { parseExactly } from "../../../src/core/model/exact-integers.ts";
import type { Json } from "../../../src/core/model/json.ts";
import type { KubeObject } from "../../../src/core/model/kube-object.ts";

const fields = {
  "f:metadata": { "f:annotations": { ".": {}, "f:flotilla.dev/owner": {} } },
  "f:spec": {
    "f:replicas": {},
    "f:template": {
      "f:containers": {
        'k:{"name":"web"}': {
          ".": {},
          "f:name": {},
          "f:ports": {
            'k:{"containerPort":80,"protocol":"TCP"}': { ".": {}, "f:containerPort": {} },
          },
        },
      },
      "f:finalizers": { 'v:"keep"': {} },
    },
  },
};
const live = (more: object = {}, replicas = 2): KubeObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: {
    name: "web",
    annotations: { "flotilla.dev/owner": "demo/web", other: "theirs" },
    managedFields: [
      { manager: "flotilla/web", operation: "Update", fieldsV1: { "f:status": {} } },
      { manager: "flotilla/web", operation: "Apply", subresource: "status", fieldsV1: {} },
      { manager: "flotilla/web", operation: "Apply", fieldsV1: fields },
    ],
  },
  spec: {
    replicas,
    template: {
      containers: [
        { name: "sidecar", image: "injected" },
        {
          name: "web",
          image: "theirs",
          ports: [{ containerPort: 80, protocol: "TCP", name: "x" }],
          ...more,
        },
      ],
      finalizers: ["keep", "another"],
    },
  },
});

describe("the fields of a manager", () => {
  it("are those that it applied, not those of updates or subresources", () => {
    expect(ownedFields(live(), "flotilla/web")).toEqual(fields);
    expect(ownedFields(live(), "flotilla/other")).toEqual({});
  });

  it("have paths in the form in which conflicts name them", () => {
    expect(fieldPaths(fields)).toEqual([
      ".metadata.annotations.flotilla.dev/owner",
      ".spec.replicas",
      '.spec.template.containers[name="web"].name',
      '.spec.template.containers[name="web"].ports[containerPort=80,protocol="TCP"].containerPort',
      '.spec.template.finalizers[="keep"]',
    ]);
  });

  it("tell items of lists apart by integers beyond 2^53, where the object was read exactly", () => {
    const [one, other] = ["9007199254740992", "9007199254740993"];
    const text = `{"items":[{"id":${one},"a":1},{"id":${other},"a":2}],"set":[${one},${other}]}`;
    const part = `k:{"id":${other}}`;
    for (const read of [parseExactly(text), JSON.parse(text) as Json]) {
      expect(stepInto(stepInto(read, "f:items"), part)).toBeDefined();
      expect(stepInto(stepInto(read, "f:set"), `v:${other}`)).toBeDefined();
    }
    expect(stepInto(stepInto(parseExactly(text), "f:items"), part)).toMatchObject({ a: 2 });
    expect([describePart(part), describePart(`v:${other}`)]).toEqual([
      `[id=${other}]`,
      `[=${other}]`,
    ]);
  });
});
