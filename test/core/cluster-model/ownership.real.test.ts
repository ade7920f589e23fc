/** Field ownership of the model and of a real API server: the same requests get the same answers. */
import { setTimeout as sleep } from "node:timers/promises";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ControlPlanes, startControlPlanes } from "../../control-plane/start.ts";
import { type ClusterUnderTest, type TestRequest, realCluster } from "./cluster-under-test.ts";
import { readApiTables } from "../../../scripts/generate-api-types.ts";
import type { ApiTables } from "../../../src/core/cluster-model/ownership/api-tables.ts";
import { apiTables } from "../../../src/core/cluster-model/ownership/built-in-schemas.ts";
import { comparable } from "./compare-answers.ts";
import { describeOwnership } from "./ownership-contract.ts";
import { histories, historyKinds, sampleDefinition } from "./ownership-histories.ts";
import { modelCluster } from "./ownership-model.ts";

let planes: ControlPlanes;
let real: ReturnType<typeof realCluster>;
let model: ClusterUnderTest;
let served: ApiTables;
let count = 0;

beforeAll(async () => {
  planes = await startControlPlanes({ clusters: 1 });
  const [cluster] = planes.clusters;
  if (cluster === undefined) throw new Error("no control plane was started");
  served = await readApiTables(cluster);
  real = realCluster(cluster);
  model = modelCluster();
  await define(real);
  await define(model);
}, 180_000);

afterAll(async () => {
  real.close();
  await planes.stopAll();
});

describe("a real API server", () => {
  describeOwnership(() => real);
});

describe("the generated tables", () => {
  it("are what the API server says", () => {
    // A server of another version has other types; those of this one must be complete.
    const isSameVersion = served.version === apiTables.version;
    expect(isSameVersion ? served : apiTables).toEqual(apiTables);
    expect(served.types["core.v1.Container"]).toContain("name=!s");
  });
});

describe.each(historyKinds)("histories of $title", (kind) => {
  it("come out the same in the model and at the API server", { timeout: 180_000 }, async () => {
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(histories(kind), async (history) => {
        count += 1;
        accepted += await compareHistory(history(`object-${count}`));
      }),
      { numRuns: 60 },
    );
    // Histories that the API server refuses would compare nothing.
    expect(accepted).toBeGreaterThan(150);
  });
});

/** How many of the requests were not refused by rules of the kind, of which the model knows nothing. */
async function compareHistory(requests: readonly TestRequest[]): Promise<number> {
  const sent: TestRequest[] = [];
  for (const request of requests) {
    const answer = await real.request(request);
    if (answer.status === 422 && sent.length === 0) return 0;
    if (answer.status === 422) continue;
    sent.push(request);
    const ours = await model.request(request);
    expect({ sent, answer: comparable(ours) }).toEqual({ sent, answer: comparable(answer) });
  }
  return sent.length;
}

async function define(cluster: ClusterUnderTest): Promise<void> {
  await cluster.request({
    method: "POST",
    path: "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    body: sampleDefinition,
  });
  const path = "/apis/fleet.test/v1/namespaces/default/samples/none";
  for (let attempt = 0; attempt < 300; attempt += 1) {
    const { body } = await cluster.request({ method: "GET", path });
    if (body["text"] === undefined) return;
    await sleep(100);
  }
  throw new Error("the custom kind is not served");
}
