import { describe, expect, it } from "vitest";
import {
  fieldManagerOf,
  hashOf,
  liveOwner,
  prepareObject,
} from "../../../src/core/apply/ownership.ts";
import type { KubeObject } from "../../../src/core/model/kube-object.ts";

const object: KubeObject = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "a", labels: { mine: "1" } },
  data: { k: "v" },
  status: { made: "up" },
};

describe("ownership", () => {
  it("adds owner and app to an object, and takes off what only a server writes", () => {
    const prepared = prepareObject(object, "demo/web");

    expect(prepared).toEqual({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: {
        name: "a",
        labels: { mine: "1", "flotilla.dev/app": "web" },
        annotations: { "flotilla.dev/owner": "demo/web" },
      },
      data: { k: "v" },
    });
    expect(liveOwner(prepared)).toBe("demo/web");
    expect(liveOwner(object)).toBe("");
  });

  it("changes nothing in an object that has its marks already", () => {
    const once = prepareObject(object, "demo/web");

    expect(hashOf(prepareObject(once, "demo/web"))).toBe(hashOf(once));
  });

  it("names a manager of its own for each app, within the length that Kubernetes takes", () => {
    const long = ["a", "b"].map((end) => fieldManagerOf(`${"x".repeat(200)}${end}`));

    expect(fieldManagerOf("web")).toBe("flotilla/web");
    expect(long.every((name) => name.length <= 128)).toBe(true);
    expect(long[0]).not.toBe(long[1]);
  });
});

describe("a Secret", () => {
  it("is sent as the API server keeps it, so that its keys are fields of ours", () => {
    const secret: KubeObject = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "s" },
      data: { a: "eA==", b: "eA==" },
      stringData: { b: "ü" },
    };
    const { data, stringData } = prepareObject(secret, "demo/web");
    expect({ data, stringData }).toEqual({ data: { a: "eA==", b: "w7w=" }, stringData: undefined });
  });
});
