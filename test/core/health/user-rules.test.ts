import { describe, expect, it } from "vitest";
import { appHealth } from "../../../src/core/health/app-health.ts";
import { assessHealth } from "../../../src/core/health/assess-health.ts";
import { healthByRule } from "../../../src/core/health/user-rules.ts";
import type { Json } from "../../../src/core/model/json.ts";
import type { HealthRule } from "../../../src/core/protocol/mirror-layout.ts";

const rule: HealthRule = {
  apiVersion: "example.com/v1",
  kind: "Thing",
  healthy: "object.status.phase == 'Ready'",
  progressing: "object.status.phase in ['Building', 'Waiting']",
  suspended: "has(object.spec.off) && object.spec.off",
  degraded: "object.status.phase == 'Failed'",
  message: "'phase ' + object.status.phase",
};

const thing = (status: Json, spec: Json = {}) => ({
  apiVersion: "example.com/v2",
  kind: "Thing",
  metadata: { name: "a", generation: 2 },
  spec,
  status,
});

describe("health by a user's rule", () => {
  it.each([
    ["Ready", "Healthy"],
    ["Building", "Progressing"],
    ["Failed", "Degraded"],
    ["Unheard", "Progressing"],
  ])("%s is %s", (phase, status) => {
    expect(healthByRule(rule, thing({ phase }))).toEqual({ status, message: `phase ${phase}` });
  });

  it("takes whole numbers for whole ones, and others for what they are", () => {
    const told = (healthy: string, status: Json, spec: Json = {}): string =>
      healthByRule({ apiVersion: "example.com/v1", kind: "Thing", healthy }, thing(status, spec))
        .status;
    const ready = "object.status.ready == object.spec.replicas - 1";
    expect(told(ready, { ready: 2 }, { replicas: 3 })).toBe("Healthy");
    expect(told(ready, { ready: 1 }, { replicas: 3 })).toBe("Progressing");
    expect(
      told("object.status.ready >= object.spec.replicas / 2", { ready: 1 }, { replicas: 3 }),
    ).toBe("Healthy");
    expect(told("object.status.load < 0.5", { load: 0.25 })).toBe("Healthy");
    expect(told("object.status.load < 0.5", { load: 0 })).toBe("Healthy");
    expect(told("object.status.sizes.all(size, size % 2 == 0)", { sizes: [2, 4] })).toBe("Healthy");
  });

  it("asks for what is wrong first, then for a stop", () => {
    expect(healthByRule(rule, thing({ phase: "Ready" }, { off: true })).status).toBe("Suspended");
    expect(healthByRule(rule, thing({ phase: "Failed" }, { off: true })).status).toBe("Degraded");
  });

  it("is Unknown with the reason where it gives no answer, whatever else would be true", () => {
    const silent = healthByRule(rule, thing({}));
    expect(silent.status).toBe("Unknown");
    expect(silent.message).toContain("the rule for Thing gives no answer: ");
    const bad = [
      { ...rule, degraded: "object.status.nope" },
      { ...rule, degraded: "object.status.phase" },
      { ...rule, healthy: "object.(" },
      { ...rule, message: "object.status.nope" },
      { ...rule, degraded: "object.l.all(a, object.l.all(b, a >= 0 && b >= 0))" },
    ];
    const large = { ...thing({ phase: "Ready" }), l: Array.from({ length: 200 }, (_, at) => at) };
    expect(bad.map((one) => healthByRule(one, large).status)).toEqual(bad.map(() => "Unknown"));
  });

  it("is not asked of what is being deleted, or of a status that is older than the object", () => {
    const ask = (object: ReturnType<typeof thing>) =>
      assessHealth(object, undefined, (each) => healthByRule(rule, each)).status;
    expect(ask(thing({ phase: "Ready", observedGeneration: 1 }))).toBe("Progressing");
    expect(ask(thing({ phase: "Ready", observedGeneration: 2 }))).toBe("Healthy");
    const deleted = { ...thing({ phase: "Ready" }) };
    Object.assign(deleted.metadata, { deletionTimestamp: "2026-01-01T00:00:00Z" });
    expect(ask(deleted)).toBe("Progressing");
  });

  it("tells nothing of a Secret's values, whatever it asks for", () => {
    const secret = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "s", annotations: { original: "canary" } },
      data: { pin: "canary" },
      stringData: { pin: "canary" },
      type: "Opaque",
    };
    const tell = (more: Partial<HealthRule>) =>
      healthByRule({ apiVersion: "v1", kind: "Secret", healthy: "true", ...more }, secret);
    const told = [
      tell({ message: "'it is ' + object.data.pin" }),
      tell({ message: "object.stringData.pin" }),
      tell({ message: "object.metadata.annotations.original" }),
      tell({ healthy: "int(object.data.pin) > 0" }),
    ];
    expect(told.map(({ status }) => status)).toEqual(told.map(() => "Unknown"));
    expect(JSON.stringify(told)).not.toContain("canary");
    const message = "object.type + ' ' + object.metadata.name";
    expect(tell({ message })).toEqual({ status: "Healthy", message: "Opaque s" });
  });

  it("makes its app Unknown where it gives no answer, but for something worse", () => {
    const untold = {
      name: "Thing a",
      health: { status: "Unknown", message: "why" },
      mustTell: true,
    } as const;
    const well = { name: "b", health: { status: "Healthy", message: "" } } as const;
    const bad = { name: "c", health: { status: "Degraded", message: "" } } as const;
    expect(appHealth([untold, well])).toMatchObject({
      status: "Unknown",
      message: "Thing a: why",
    });
    expect(appHealth([untold, bad]).status).toBe("Degraded");
    expect(appHealth([{ ...untold, mustTell: false }, well]).status).toBe("Healthy");
  });
});
