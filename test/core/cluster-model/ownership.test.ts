/** What the model promises of field ownership. The same suite runs on a real API server in ownership.real.test.ts. */
import { beforeAll, describe } from "vitest";
import type { ClusterUnderTest } from "./cluster-under-test.ts";
import { describeOwnership } from "./ownership-contract.ts";
import { sampleDefinition } from "./ownership-histories.ts";
import { modelCluster } from "./ownership-model.ts";

let model: ClusterUnderTest;

beforeAll(async () => {
  model = modelCluster();
  await model.request({
    method: "POST",
    path: "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    body: sampleDefinition,
  });
});

describe("the model", () => {
  describeOwnership(() => model);
});
