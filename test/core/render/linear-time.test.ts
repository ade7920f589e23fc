import { describe, expect, it } from "vitest";
import { fillableJson } from "../../../src/core/expressions/fill-json.ts";
import type { Place } from "../../../src/core/model/fleet-model.ts";
import type { JsonObject } from "../../../src/core/model/json.ts";
import { type KubeObject, keyOf } from "../../../src/core/model/kube-object.ts";
import { quantityOf } from "../../../src/core/model/quantity.ts";
import { applyOverlay } from "../../../src/core/render/apply-overlay.ts";
import { checkFieldTypes } from "../../../src/core/render/check-field-types.ts";
import { applyJsonPatch } from "../../../src/core/render/json-patch.ts";
import { builtInSchema, plainSchema } from "../../../src/core/render/merge-schema.ts";
import type { SourceObject } from "../../../src/core/render/parse-manifests.ts";
import { renderFiles } from "../../../src/core/render/render-files.ts";
import { strategicMerge } from "../../../src/core/render/strategic-merge.ts";
import { cpuTime } from "../../support/cpu-time.ts";
import { aFleet, appYaml } from "../../support/fleet.ts";

function podWith(container: object): KubeObject {
  const spec = { containers: [{ name: "c", ...container }] };
  return { apiVersion: "v1", kind: "Pod", metadata: { name: "p" }, spec };
}

const at = (): Place => ({ file: "a.yaml", line: 1, column: 1 });
const context = { namespace: "web", customKinds: new Map(), plainSecrets: new Set<never>() };

function sourceOf(object: KubeObject): SourceObject {
  return { object, key: keyOf(object), at, keyAt: at, textAt: at };
}

function envOf(from: number, count: number): JsonObject[] {
  return Array.from({ length: count }, (_, index) => ({ name: `E${from + index}`, value: "x" }));
}

function mergeEnv(original: readonly JsonObject[], patch: readonly JsonObject[]): void {
  const schema = builtInSchema("v1", "Pod") ?? plainSchema;
  const merged = strategicMerge(podWith({ env: original }), podWith({ env: patch }), schema);
  if (!merged.ok) throw new Error(merged.message);
}

/** Twenty times as much may take a hundred times as long; what grows with the square takes 400 times as long. */
const [small, large, ratio] = [1000, 20_000, 100];

describe("time grows with the length of what is written", () => {
  it.each<[string, (size: number) => void]>([
    ["a quantity that is none", (size) => quantityOf(`${"1".repeat(size)}!`)],
    [
      "the type of a quantity",
      (size) =>
        checkFieldTypes(
          sourceOf(podWith({ resources: { requests: { memory: `${"1".repeat(size)}x` } } })),
        ),
    ],
    [
      "calls in a text with an expression",
      (size) => fillableJson({ a: `\${site.name} ${"sites(".repeat(size)}` }, "all"),
    ],
    ["a patch of new items", (size) => mergeEnv(envOf(0, size / 10), envOf(size, size / 10))],
    ["a patch of items that are there", (size) => mergeEnv(envOf(0, size), envOf(0, size))],
    [
      "a patch that deletes items",
      (size) =>
        mergeEnv(
          envOf(0, size),
          envOf(0, size).map((each) => ({ ...each, $patch: "delete" })),
        ),
    ],
    [
      "operations of a JSON patch",
      (size) =>
        applyJsonPatch(
          { data: {} },
          Array.from({ length: size / 4 }, (_, index) => ({
            op: "add",
            path: `/data/k${index}`,
            value: "x",
          })),
        ),
    ],
    [
      "values of overlays at one site",
      (size) => {
        const overlays = Array.from({ length: size / 50 }, (_, index) => ({
          virtualSites: ["all"],
          values: { part: { [`v${index}`]: 1 } },
          labels: { a: "${string(values.part.v0)}" },
        }));
        renderFiles(aFleet({ "apps/web.yaml": appYaml("web", { spec: { overlays } }) }));
      },
    ],
    [
      "patches of an overlay, each of its own object",
      (size) => {
        const names = Array.from({ length: size / 5 }, (_, index) => `p${index}`);
        const pods = names.map((name) => {
          const pod = podWith({ image: "a:1" });
          return sourceOf({ ...pod, metadata: { name } });
        });
        const merge = { metadata: { labels: { a: "b" } } };
        const patches = names.map((name) => ({ target: { kind: "Pod", name }, merge }));
        applyOverlay(pods, { overlay: { virtualSites: ["all"], patches }, at, keyAt: at }, context);
      },
    ],
    [
      "images of an overlay",
      (size) => {
        const names = Array.from({ length: size / 10 }, (_, index) => `i${index}`);
        const pods = names.map((name) => sourceOf(podWith({ image: `${name}:1` })));
        const images = names.map((name) => ({ name, newTag: "2" }));
        applyOverlay(pods, { overlay: { virtualSites: ["all"], images }, at, keyAt: at }, context);
      },
    ],
    [
      "overlays at one site",
      (size) => {
        const overlays = Array.from({ length: size / 50 }, (_, index) => ({
          virtualSites: ["all"],
          labels: { [`l${index}`]: "x" },
        }));
        renderFiles(aFleet({ "apps/web.yaml": appYaml("web", { spec: { overlays } }) }));
      },
    ],
  ])("%s", { timeout: 60_000 }, (_, work) => {
    work(small);
    const short = Math.max(1, ...[1, 2, 3].map(() => cpuTime(() => work(small))));

    expect(cpuTime(() => work(large))).toBeLessThan(ratio * short);
  });
});
