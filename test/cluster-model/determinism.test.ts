/** The model is a function: the same calls at the same times give the same answers, and nothing it gave out changes. */
import * as fc from "fast-check";
import { expect, it } from "vitest";
import type { ApiRequest } from "../../src/core/cluster-model/api-request.ts";
import { advance, nextWorkAt } from "../../src/core/cluster-model/controllers/advance.ts";
import type { Cluster } from "../../src/core/cluster-model/cluster.ts";
import { copyCluster } from "../../src/core/cluster-model/copy-cluster.ts";
import { createCluster } from "../../src/core/cluster-model/create-cluster.ts";
import { handleRequest } from "../../src/core/cluster-model/handle-request.ts";
import type { Json } from "../../src/core/model/json.ts";
import { deployment } from "./contract/requests.ts";

const start = Date.parse("2026-01-01T00:00:00Z");
const deployments = "/apis/apps/v1/namespaces/default/deployments";

function ask(method: string, path: string, body?: Json): ApiRequest {
  const contentType = method === "PATCH" ? "application/apply-patch+yaml" : "application/json";
  const query = new URLSearchParams(method === "PATCH" ? { fieldManager: "t" } : {});
  return { method, path, query, accept: "", contentType, userAgent: "t", body };
}

interface Step {
  readonly kind: "apply" | "delete" | "list" | "wait";
  readonly name: string;
  readonly replicas: number;
  readonly ms: number;
}

const steps = fc.array(
  fc.record({
    kind: fc.constantFrom("apply", "delete", "list", "wait"),
    name: fc.constantFrom("a", "b"),
    replicas: fc.integer({ min: 0, max: 3 }),
    ms: fc.integer({ min: 0, max: 400 }),
  }),
  { maxLength: 30 },
);

/** Everything that a cluster answers, frozen on the way out. */
function play(name: string, script: readonly Step[]): readonly string[] {
  return playOn(createCluster({ name }, start), script);
}

function playOn(cluster: Cluster, script: readonly Step[]): readonly string[] {
  let { now } = cluster;
  return script.map(({ kind, name: object, replicas, ms }) => {
    now += ms;
    const body = deployment(object, { replicas }) as unknown as Json; // literals
    const requests = {
      apply: ask("PATCH", `${deployments}/${object}`, body),
      delete: ask("DELETE", `${deployments}/${object}`),
      list: ask("GET", "/api/v1/pods"),
      wait: ask("GET", deployments),
    };
    return JSON.stringify(freeze(handleRequest(cluster, requests[kind], now)));
  });
}

/** A later change of what was given out would throw. */
function freeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const member of Object.values(value)) freeze(member);
  return value;
}

it("gives the same answers to the same calls, and never changes what it gave out", () => {
  fc.assert(
    fc.property(steps, (script) => {
      expect(play("c", script)).toEqual(play("c", script));
    }),
  );
});

it("goes on in a copy as in the first, and what happens to one does not happen to the other", () => {
  fc.assert(
    fc.property(steps, steps, (before, after) => {
      const first = createCluster({ name: "c" }, start);
      playOn(first, before);
      const [copy, late] = [copyCluster(first), copyCluster(first)];
      const answers = playOn(copy, after);
      expect(playOn(first, after)).toEqual(answers);
      expect(playOn(late, after)).toEqual(answers);
    }),
    { numRuns: 30 },
  );
});

it("does not depend on when it is asked in between", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 10 }), (pauses) => {
      const end = start + 4_000;
      const run = (looks: readonly number[]): string => {
        const cluster = createCluster({ name: "c" }, start);
        const body = deployment("a", { replicas: 2, minReadySeconds: 1 }) as unknown as Json; // literals
        handleRequest(cluster, ask("PATCH", `${deployments}/a`, body), start + 20);
        let now = start + 20;
        for (const pause of looks) advance(cluster, (now += pause));
        const answer = handleRequest(cluster, ask("GET", "/api/v1/pods"), end);
        const web = handleRequest(cluster, ask("GET", `${deployments}/a`), end);
        return JSON.stringify([answer, web, nextWorkAt(cluster)]);
      };
      expect(run(pauses)).toEqual(run([]));
      expect(run([])).toContain('"availableReplicas":2');
    }),
  );
});

it("gives clusters of different names different identities, and those of one name the same", () => {
  const uidOf = (name: string): unknown => {
    const cluster = createCluster({ name }, start);
    return cluster.store.get("namespaces", "/kube-system")?.metadata.uid;
  };
  expect(uidOf("a")).toBe(uidOf("a"));
  const uids = Array.from({ length: 3000 }, (_, i) => uidOf(`site-${i}`));
  expect(new Set(uids).size).toBe(3000);
});
