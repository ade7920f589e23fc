/** Secrets that were sealed by the real sops, as a worker opens them. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { dataKeysFrom } from "../../src/adapters/age/data-keys.ts";
import { keyOf, type KubeObject, objectId } from "../../src/core/model/kube-object.ts";
import { openObject, type SecretMeans } from "../../src/worker/open-object.ts";
import type { TreeObject } from "../../src/worker/tree-cache.ts";

const files = new URL("../core/secrets/files/", import.meta.url).pathname;

it("does not send what a cluster would refuse with the value in its words", async () => {
  const object: KubeObject = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "scalars", namespace: "web" },
    sops: readFileSync(`${files}sealed-scalars.yaml`, "utf8"),
  };
  const key = keyOf(object);
  const closed: TreeObject = {
    id: objectId(key),
    key,
    object,
    hash: "",
    text: "",
    rank: 0,
    needs: [],
  };
  const means: SecretMeans = {
    keys: dataKeysFrom(`${files}age-key.txt`),
    region: { get: () => Promise.reject(new Error("no Secret of the region is asked for")) },
    signal: () => new AbortController().signal,
  };
  await expect(openObject(means, closed, "test/web")).rejects.toMatchObject({
    code: "SECRET_SEALED",
    message: "Secret web/scalars cannot be opened: stringData.count is no text",
  });
});
