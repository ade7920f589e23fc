import { describe, expect, it } from "vitest";
import { apiErrorOf } from "../../src/adapters/kubernetes/api-error.ts";
import { type KubeObject, keyOf, objectId } from "../../src/core/model/kube-object.ts";
import { inWords } from "../../src/worker/refusals.ts";
import type { TreeObject } from "../../src/worker/tree-cache.ts";

function inTree(object: KubeObject): TreeObject {
  const key = keyOf(object);
  return { id: objectId(key), key, object, rank: 0, needs: [], hash: "", text: "" };
}

function hintFor(object: KubeObject, message = "spec: Forbidden: field is immutable"): string {
  const answer = { status: 422, body: { message, reason: "Invalid" } };
  const refusal = apiErrorOf(answer, { verb: "apply", describe: "it", secret: false });
  return inWords("oslo", refusal, inTree(object)).hint ?? "";
}

const metadata = { name: "data", namespace: "shop" };
const claims = { spec: { volumeClaimTemplates: [{ metadata: { name: "disk" } }] } };

describe("what is said of a field that cannot be changed", () => {
  it("advises to let the object be made anew where that may be", () => {
    const deployment = { apiVersion: "apps/v1", kind: "Deployment", metadata };
    expect(hintFor(deployment)).toContain("recreate");
  });

  it.each([
    { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata },
    { apiVersion: "apps/v1", kind: "StatefulSet", metadata, ...claims },
  ])("advises so of nothing that is protected: $kind", (object) => {
    expect(hintFor(object)).toContain("delete it by hand");
    expect(hintFor(object)).not.toContain("recreate");
  });

  it.each([
    [
      "spec.resources.requests.storage: Forbidden: field can not be less than previous value",
      "shrinks",
    ],
    [
      "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize",
      "allowVolumeExpansion",
    ],
  ])("says of the size of a claim what can be done: %s", (words, advice) => {
    const hint = hintFor({ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata }, words);
    expect(hint).toContain(advice);
    expect(hint).not.toContain("delete it");
  });

  it("advises so of no kind that is never made anew, and knows the words for a pod", () => {
    const words = 'Pod "data" is invalid: spec: Forbidden: pod updates may not change fields other';
    const pod = { apiVersion: "v1", kind: "Pod", metadata };
    const rule = { apiVersion: "shop.example/v1", kind: "Till", metadata };
    for (const hint of [
      hintFor(pod, `${words} than \`spec.containers[*].image\``),
      hintFor(rule),
    ]) {
      expect(hint).toContain("delete it by hand");
      expect(hint).not.toContain("recreate");
    }
  });
});
