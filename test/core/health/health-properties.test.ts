import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assessHealth } from "../../../src/core/health/assess-health.ts";
import { wordsOf } from "../../../src/core/health/health-words.ts";
import { type Json, type JsonObject, isJsonObject } from "../../../src/core/model/json.ts";
import { cpuTime } from "../../support/cpu-time.ts";

const live = { now: Date.parse("2026-01-01T12:00:00Z"), hasStatus: true };
const words = ["Healthy", "Progressing", "Degraded", "Suspended", "Missing", "Unknown"];

const kinds = [
  ["v1", "Pod"],
  ["v1", "ConfigMap"],
  ["v1", "Namespace"],
  ["v1", "PersistentVolumeClaim"],
  ["apps/v1", "Deployment"],
  ["apps/v1", "StatefulSet"],
  ["batch/v1", "Job"],
  ["batch/v1", "CronJob"],
  ["autoscaling/v1", "HorizontalPodAutoscaler"],
  ["apiextensions.k8s.io/v1", "CustomResourceDefinition"],
  ["example.org/v1", "Widget"],
  ["example.org/v1", "BackupRun"],
  ["example.org/v1", "ProviderConfig"],
] as const;

const text = fc.oneof(
  fc.constantFrom("Ready", "Failed", "Running", "Paused", "InProgress", "True", "False", "2/3", ""),
  fc.string({ maxLength: 12 }),
);
const field = fc.oneof(
  fc.constantFrom("phase", "state", "conditions", "ready", "replicas", "readyReplicas", "error"),
  fc.constantFrom("observedGeneration", "parents", "health", "type", "status", "reason"),
  fc.constantFrom("constructor", "__proto__", "toString"),
  fc.string({ maxLength: 8 }),
);
const anyJson = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    text,
    fc.boolean(),
    fc.integer({ min: -3, max: 5 }),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(field, tie("value"), { maxKeys: 5 }),
  ),
})).value;
const conditionList = fc.array(
  fc.record({
    type: fc.constantFrom(
      "Ready",
      "Synced",
      "Stalled",
      "Progressing",
      "DiskReady",
      "Paused",
      "Odd",
    ),
    status: fc.constantFrom("True", "False", "Unknown"),
    reason: fc.constantFrom("", "Failed", "Creating", "AsExpected", "Whatever"),
    message: fc.constantFrom("", "it failed", "waiting for it", "so it is"),
  }),
  { maxLength: 6 },
);
const anyObject = fc.record({
  kind: fc.constantFrom(...kinds),
  metadata: anyJson,
  spec: anyJson,
  status: fc.oneof(
    anyJson,
    fc.record({ conditions: conditionList, phase: text }).map((status): Json => status),
  ),
});
const built = ({
  kind: [apiVersion, kind],
  ...rest
}: {
  readonly kind: (typeof kinds)[number];
  readonly metadata: Json;
  readonly spec: Json;
  readonly status: Json;
}): JsonObject => ({ apiVersion, kind, ...rest });

describe("the health of any object", () => {
  it("is one of six words, whatever the object holds", () => {
    fc.assert(
      fc.property(anyObject, (parts) => {
        const object = built(parts);
        for (const health of [assessHealth(object), assessHealth(object, live)]) {
          expect(words).toContain(health.status);
          expect(typeof health.message).toBe("string");
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("is never Healthy nor Suspended while the object is being deleted", () => {
    fc.assert(
      fc.property(anyObject, fc.boolean(), (parts, isLive) => {
        const metadata = isJsonObject(parts.metadata) ? parts.metadata : {};
        const object = built({
          ...parts,
          metadata: { ...metadata, deletionTimestamp: "2026-01-01T11:59:00Z" },
        });
        const { status } = assessHealth(object, isLive ? live : undefined);
        expect(["Progressing", "Degraded"]).toContain(status);
      }),
    );
  });

  it("does not depend on the order in which conditions are listed", () => {
    const shuffled = conditionList.chain((conditions) =>
      fc.tuple(
        fc.constant(conditions),
        fc.shuffledSubarray(conditions, { minLength: conditions.length }),
      ),
    );
    fc.assert(
      fc.property(shuffled, fc.constantFrom(...kinds), ([one, other], kind) => {
        const of = (conditions: Json): unknown =>
          assessHealth(built({ kind, metadata: {}, spec: {}, status: { conditions } }), live);
        const hasTwins = new Set(one.map(({ type }) => type)).size < one.length;
        fc.pre(!hasTwins);
        expect(of(other)).toEqual(of(one));
      }),
    );
  });

  it("does not change the object", () => {
    fc.assert(
      fc.property(anyObject, (parts) => {
        const object = built(parts);
        const before = structuredClone(object);
        assessHealth(object, live);
        expect(object).toEqual(before);
      }),
    );
  });

  it("is found in bounded time and depth, however large and deep the object is", () => {
    let deep: Json = "Ready";
    for (let depth = 0; depth < 50_000; depth += 1) deep = { state: deep, parts: [deep] };
    const wide = Array.from({ length: 20_000 }, (_, index) => ({ phase: `Ready${index}` }));
    const endless = "aA".repeat(500_000);
    const statuses = [
      { nested: deep },
      { nodes: wide },
      { phase: endless, message: endless },
      { conditions: [{ type: endless, status: "False", reason: endless, message: endless }] },
    ];
    const took = cpuTime(() => {
      for (const status of statuses) {
        assessHealth({ apiVersion: "example.org/v1", kind: "Widget", status }, live);
      }
    });
    expect(took).toBeLessThan(2000);
    expect(wordsOf(endless).join("").length).toBeLessThan(200);
  });
});
