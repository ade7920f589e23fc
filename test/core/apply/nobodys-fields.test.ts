import { describe, expect, it } from "vitest";
import { nobodysFields } from "../../../src/core/apply/nobodys-fields.ts";
import { parseExactly } from "../../../src/core/model/exact-integers.ts";
import type { JsonObject } from "../../../src/core/model/json.ts";
import type { KubeObject } from "../../../src/core/model/kube-object.ts";

const object = (
  spec: JsonObject,
  fields: JsonObject = {},
  labels: JsonObject = {},
): KubeObject => ({
  apiVersion: "example.org/v1",
  kind: "Thing",
  metadata: {
    name: "a",
    uid: "1",
    labels,
    managedFields: [{ manager: "m", operation: "Apply", fieldsV1: { "f:spec": fields } }],
  },
  spec,
  status: { phase: "Ready" },
});

describe("what nobody has of an object", () => {
  it("is what a new one would not have, and no default, status, or name of it", () => {
    const live = object({ old: 1, kept: 1, policy: "Always" }, { "f:kept": {} }, { was: "x" });
    const fresh = object({ kept: 2, policy: "Never" });

    expect(nobodysFields(live, fresh)).toEqual([".metadata.labels.was", ".spec.old"]);
  });

  it("is a whole item of a list by the keys that somebody's items have, or what is in one", () => {
    const items = [{ name: "a", old: 1, image: "i" }, { name: "b", image: "i" }, "odd"];
    const owned = { "f:items": { 'k:{"name":"a"}': { ".": {}, "f:name": {}, "f:image": {} } } };
    const fresh = object({ items: [{ name: "a", image: "i" }] });

    expect(nobodysFields(object({ items }, owned), fresh)).toEqual([
      '.spec.items[name="a"].old',
      '.spec.items[name="b"]',
    ]);
  });

  it("is nothing that somebody has in an item that an integer beyond 2^53 names, however it was read", () => {
    const [one, other] = ["9007199254740992", "9007199254740993"];
    const text = `{"items":[{"id":${one},"a":1},{"id":${other},"b":1,"old":1}]}`;
    const owned = {
      "f:items": {
        [`k:{"id":${one}}`]: { ".": {}, "f:id": {}, "f:a": {} },
        [`k:{"id":${other}}`]: { ".": {}, "f:id": {}, "f:b": {} },
      },
    };
    const exact = object(parseExactly(text) as JsonObject, owned); // as the text has it
    const fresh = object(parseExactly(`{"items":[{"id":${other}}]}`) as JsonObject);
    expect(nobodysFields(exact, fresh)).toEqual([`.spec.items[id=${other}].old`]);

    const plain = (items: string): JsonObject => JSON.parse(items) as JsonObject; // loses digits
    const theirs = { "f:items": { [`k:{"id":${other}}`]: { ".": {}, "f:id": {}, "f:b": {} } } };
    const read = object(plain(`{"items":[{"id":${other},"b":1,"old":1}]}`), theirs);
    const added = object(plain(`{"items":[{"id":${other}}]}`));
    expect(nobodysFields(read, added)).toEqual([`.spec.items[id=${other}].old`]);
    expect(nobodysFields(read, object({ items: [] }))).toEqual([]);
  });

  it("is nothing in what somebody has as a whole, or has and Git does not", () => {
    const spec = { args: ["a"], map: { x: 1 }, theirs: { set: 1, default: 2 } };
    const owned = { "f:args": {}, "f:map": {}, "f:theirs": { "f:set": {} } };

    expect(nobodysFields(object(spec, owned), object({ args: [], map: {} }))).toEqual([]);
  });
});
