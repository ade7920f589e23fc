import { describe, expect, it } from "vitest";
import {
  isBelow,
  isCovered,
  isWithin,
  parseFieldPath,
  takeField,
} from "../../../src/core/apply/field-paths.ts";

const own = {
  metadata: { annotations: { "example.com/x": "mine", example: "mine" } },
  spec: { replicas: 1, containers: [{ name: "web", image: "web:1" }, { name: "log" }] },
};

describe("a field by its path", () => {
  it("is taken from another object, and nothing beside it", () => {
    const live = { spec: { replicas: 5, paused: true, containers: [] } };
    expect(takeField(own, ".spec.replicas", live)).toEqual({
      ...own,
      spec: { ...own.spec, replicas: 5 },
    });
    expect(takeField(own, ".spec.paused", live)).toEqual(own);
  });

  it("goes where the other object lacks it", () => {
    expect(takeField({ spec: { replicas: 1, a: 1 } }, ".spec.replicas", { spec: {} })).toEqual({
      spec: { a: 1 },
    });
  });

  it("is found below keys with dots, and in the items of lists by their keys", () => {
    const live = {
      metadata: { annotations: { "example.com/x": "theirs", example: "theirs" } },
      spec: { containers: [{ name: "proxy" }, { name: "web", image: "web:9" }] },
    };
    expect(takeField(own, ".metadata.annotations.example.com/x", live)).toMatchObject({
      metadata: { annotations: { "example.com/x": "theirs", example: "mine" } },
    });
    expect(takeField(own, '.spec.containers[name="web"].image', live)).toMatchObject({
      spec: { containers: [{ name: "web", image: "web:9" }, { name: "log" }] },
    });
    expect(takeField(own, '.spec.containers[name="log"]', live)).toMatchObject({
      spec: { containers: [{ name: "web", image: "web:1" }] },
    });
  });

  it("is found in a set by its value", () => {
    const set = { finalizers: ["a", "b"], ports: [80, 443] };
    expect(takeField(set, '.finalizers[="a"]', { finalizers: ["b"] })).toEqual({
      ...set,
      finalizers: ["b"],
    });
    expect(takeField(set, ".ports[=443]", { ports: [443] })).toEqual(set);
    for (const path of ['.finalizers[="c"]', ".finalizers[=a]", ".finalizers[0]"]) {
      expect(takeField(set, path, {})).toEqual(set);
    }
  });

  it("covers what is below it, and nothing that only begins with the same letters", () => {
    expect(isWithin('.spec.containers[name="web"].image', ".spec.containers")).toBe(true);
    expect(isWithin(".spec.replicas", ".spec.replicas")).toBe(true);
    expect(isWithin(".spec.replicasMax", ".spec.replicas")).toBe(false);
  });

  it("covers no key that begins with its own and a dot", () => {
    expect(isCovered([".data", ".app", "[0]"], ".data.app")).toBe(true);
    expect(isCovered([".data", ".app.yaml"], ".data.app.yaml")).toBe(true);
    expect(isCovered([".data", ".app.yaml"], ".data.app")).toBe(false);
    expect(isBelow([".data", ".app", "[0]"], [".data", ".app"])).toBe(true);
    expect(isBelow([".data", ".app.yaml"], [".data", ".app"])).toBe(false);
    expect(isBelow([".data"], [".data", ".app"])).toBe(false);
  });

  it("is known from what is none", () => {
    expect(parseFieldPath('.spec.containers[name="a.b]"].image')).toHaveLength(4);
    for (const text of ["spec.replicas", ".spec..replicas", ".spec[", ".", ""]) {
      expect(parseFieldPath(text)).toBeUndefined();
    }
  });
});
