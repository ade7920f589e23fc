/** The contract on the model: in this process under its own time, and behind HTTP. */
import { Agent } from "undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Cluster } from "../../src/core/cluster-model/cluster.ts";
import { advance } from "../../src/core/cluster-model/controllers/advance.ts";
import { createCluster, setScript } from "../../src/core/cluster-model/create-cluster.ts";
import { handleRequest } from "../../src/core/cluster-model/handle-request.ts";
import type { Json } from "../../src/core/model/json.ts";
import { systemClock } from "../../src/runtime/system-clock.ts";
import { type Simulator, startSimulator } from "../../src/simulator/simulator.ts";
import {
  type ClusterUnderTest,
  type Seen,
  answerOf,
  httpCluster,
} from "./contract/cluster-under-test.ts";
import { runFailures } from "./contract/failure-cases.ts";
import { configMap, configMaps, create } from "./contract/requests.ts";
import { runContract } from "./contract/run-cases.ts";

describe("the model in this process", () => {
  const model = modelCluster();
  runContract(() => model);
});

describe("what is not promised is answered 501 and changes nothing", () => {
  const here = configMaps("default");
  const requests: readonly Parameters<ClusterUnderTest["request"]>[] = [
    ["DELETE", `${here}/there`, { body: { orphanDependents: true } }],
    ["DELETE", `${here}/there?orphanDependents=true`],
    ["DELETE", `${here}/there?gracePeriodSeconds=x`],
    ["DELETE", `${here}/there`, { body: { gracePeriodSeconds: "5" } }],
    ["DELETE", `${here}/there`, { body: { dryRun: ["Some"] } }],
    ["DELETE", `${here}/there`, { body: "options in CBOR", contentType: "application/cbor" }],
    [
      "PATCH",
      `${here}/there?fieldManager=x`,
      { body: { data: { a: "1" } }, contentType: "application/apply-patch+cbor" },
    ],
    ["GET", `${here}?labelSelector=a%3E3`],
    ["GET", `${here}?labelSelector=a,b%3C3`],
    ["DELETE", `${here}?labelSelector=!a%3E3`],
    ["GET", `${here}?resourceVersion=1&resourceVersionMatch=Exact`],
    ["GET", `${here}?resourceVersion=1&resourceVersionMatch=Bogus`],
    ["GET", `${here}?resourceVersionMatch=NotOlderThan`],
    ["GET", `${here}?resourceVersion=1&limit=5`],
    ["GET", `${here}?sendInitialEvents=true`],
    ["GET", `${here}?limit=x`],
    ["GET", `${here}?watch=yes`],
    ["DELETE", `${here}?limit=1`],
    ["DELETE", `${here}?resourceVersion=1&resourceVersionMatch=Exact`],
    ["GET", "/readyz?verbose"],
    ["GET", "/livez?exclude=etcd"],
    ["GET", "/apis/autoscaling/v1/horizontalpodautoscalers"],
    ["GET", "/apis/events.k8s.io/v1/namespaces/default/events"],
    ["POST", "/apis/events.k8s.io/v1/namespaces/default/events", { body: {} }],
  ];

  it.each(requests)("%s %s %j", async (...request) => {
    const cluster = modelCluster();
    await create(cluster, here, configMap("there"));
    const before = await cluster.request("GET", "/api/v1/configmaps"); // its version is the cluster's
    const { status, body } = await cluster.request(...request);
    expect([status, body]).toMatchObject([501, { kind: "Status", reason: "NotImplemented" }]);
    expect(await cluster.request("GET", "/api/v1/configmaps")).toEqual(before);
  });
});

describe("the simulator over HTTP", { timeout: 60_000 }, () => {
  let simulator: Simulator;
  let dispatcher: Agent;

  beforeAll(async () => {
    dispatcher = new Agent();
    simulator = await startSimulator({ clusters: ["c"], clock: systemClock(), token: "secret" });
  });

  afterAll(async () => {
    await dispatcher.destroy();
    await simulator.close();
  });

  runContract(() => ({
    ...httpCluster({ url: simulator.server("c"), token: "secret", dispatcher }),
    setScript: (script) => simulator.script("c", script),
    forgetHistory: async () => simulator.cluster("c").store.forgetHistory(),
  }));

  runFailures(() => ({
    url: simulator.server("c"),
    token: "secret",
    dispatcher,
    fail: (fault) => simulator.fail("c", fault),
    heal: () => simulator.heal("c"),
  }));
});

/** A cluster whose time passes only when a case pauses. */
function modelCluster(): ClusterUnderTest {
  let now = Date.parse("2026-01-01T00:00:00Z");
  const cluster: Cluster = createCluster({ name: "model" }, now);
  const polls = new Set<() => void>();
  const pollAll = (): void => {
    for (const poll of polls) poll();
  };
  const ask: ClusterUnderTest["request"] = async (method, target, options = {}) => {
    const url = new URL(target, "http://model");
    const answer = handleRequest(
      cluster,
      {
        method,
        path: url.pathname,
        query: url.searchParams,
        accept: options.accept ?? "application/json",
        contentType: options.body === undefined ? "" : (options.contentType ?? "application/json"),
        userAgent: "contract/1",
        body: options.body as Json | undefined, // cases send JSON
      },
      now,
    );
    pollAll();
    if ("watch" in answer) throw new Error("a watch is opened with watch()");
    const text = "text" in answer ? answer.text : JSON.stringify(answer.body);
    return answerOf(answer.status, text);
  };
  return {
    request: ask,
    watch: (target) => {
      const url = new URL(target, "http://model");
      const request = {
        method: "GET",
        path: url.pathname,
        query: url.searchParams,
        accept: "application/json",
        contentType: "",
        userAgent: "contract/1",
        body: undefined,
      };
      const answer = handleRequest(cluster, request, now);
      if (!("watch" in answer)) throw new Error(`the watch was answered ${answer.status}`);
      const events: Seen[] = [];
      const poll = (): void => {
        events.push(...(answer.watch.poll(now) as unknown as Seen[])); // JSON objects
      };
      polls.add(poll);
      poll();
      return { events, isOver: () => answer.watch.isOver(), stop: () => void polls.delete(poll) };
    },
    setScript: (script) => setScript(cluster, script, now),
    forgetHistory: async () => cluster.store.forgetHistory(),
    pause: async (ms) => {
      now += ms;
      advance(cluster, now);
      pollAll();
    },
  };
}
