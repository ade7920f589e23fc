/** Each way in which simulated clusters fail on demand, in the same story as on real API servers, among many sites. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { handleRequest } from "../../src/core/cluster-model/handle-request.ts";
import { systemClock } from "../../src/runtime/system-clock.ts";
import { type Simulator, startSimulator } from "../../src/simulator/simulator.ts";
import type { Fault } from "../../src/simulator/cluster-host.ts";
import { type TestMirror, startTestMirror } from "../support/kube-mirror.ts";
import {
  type TestWorker,
  startTestWorker,
  temporaryState,
  workerConfig,
} from "../support/kube-worker.ts";
import { playWireStory } from "../support/wire-story.ts";

const faults: readonly (readonly [string, Fault, RegExp])[] = [
  ["refused connections", { kind: "refuse" }, /refuses connections \(ECONNREFUSED\); look/],
  ["silence", { kind: "hang" }, /does not answer in time/],
  ["answers that come too late", { kind: "slow", delayMs: 4000 }, /does not answer in time/],
  ["429", { kind: "throttle", retryAfterSeconds: 1 }, /too many requests \(429\).*fairness/],
  ["500", { kind: "error" }, /an error on the server.*look at the API server/],
];

describe("a simulated cluster that fails", { timeout: 180_000 }, () => {
  let folder: Awaited<ReturnType<typeof temporaryState>>;
  let mirror: TestMirror;
  let simulator: Simulator;
  let worker: TestWorker;

  beforeEach(async () => {
    folder = await temporaryState();
    mirror = await startTestMirror();
    simulator = await startSimulator({
      clusters: ["s1", "s2"],
      ownPorts: ["s1"],
      clock: systemClock(),
      token: "t",
    });
    const kubeconfigs: Record<string, string> = {};
    await mkdir(join(folder.dir, "kubeconfigs"));
    for (const site of ["s1", "s2"]) {
      kubeconfigs[site] = join(folder.dir, "kubeconfigs", site);
      await writeFile(kubeconfigs[site], simulator.kubeconfig(site));
    }
    worker = startTestWorker(workerConfig(mirror, join(folder.dir, "state"), kubeconfigs));
  });
  afterEach(async () => {
    simulator.heal("s1");
    await worker.stop();
    await simulator.close();
    await mirror.close();
    await folder.remove();
  });

  it.each(faults)("with %s", async (_, fault, words) => {
    const told = await playWireStory({
      mirror,
      fail: () => simulator.fail("s1", fault),
      heal: () => simulator.heal("s1"),
      requests: () => Object.values(simulator.counts("s1")).reduce((sum, count) => sum + count, 0),
      deletes: () => simulator.counts("s1")["DELETE"] ?? 0,
      data: (site, name) => Promise.resolve(dataAt(simulator, site, name)),
    });
    expect(told).toMatch(words);
  });
});

/** Past its failures. */
function dataAt(simulator: Simulator, site: string, name: string): unknown {
  const answer = handleRequest(
    simulator.cluster(site),
    {
      method: "GET",
      path: `/api/v1/namespaces/default/configmaps/${name}`,
      query: new URLSearchParams(),
      accept: "application/json",
      contentType: "",
      userAgent: "test",
      body: undefined,
    },
    systemClock().now(),
  );
  return "body" in answer ? answer.body["data"] : undefined;
}
