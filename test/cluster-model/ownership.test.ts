/** The ownership suite on the whole model: its time stands still, so that controllers write nothing in between. */
import { beforeAll, describe } from "vitest";
import { advance } from "../../src/core/cluster-model/controllers/advance.ts";
import { createCluster } from "../../src/core/cluster-model/create-cluster.ts";
import { handleRequest } from "../../src/core/cluster-model/handle-request.ts";
import type { Json } from "../../src/core/model/json.ts";
import type { ClusterUnderTest } from "../core/cluster-model/cluster-under-test.ts";
import { describeOwnership } from "../core/cluster-model/ownership-contract.ts";
import { sampleDefinition } from "../core/cluster-model/ownership-histories.ts";

const start = Date.parse("2026-01-01T00:00:00Z");
const cluster = createCluster({ name: "ownership" }, start);

const model: ClusterUnderTest = {
  name: "the cluster model",
  request: ({ method, path, contentType = "", body }) => {
    const url = new URL(path, "http://model");
    const request = {
      method,
      path: url.pathname,
      query: url.searchParams,
      accept: "",
      contentType,
      userAgent: "t",
      body: body as Json | undefined, // suites send JSON
    };
    const answer = handleRequest(cluster, request, cluster.now);
    if (!("body" in answer)) throw new Error(`${path} was not answered with JSON`);
    return Promise.resolve({ status: answer.status, body: answer.body });
  },
};

beforeAll(async () => {
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  await model.request({ method: "POST", path, body: sampleDefinition });
  advance(cluster, start + 1_000);
});

describe("the cluster model", () => {
  describeOwnership(() => model);
});
