import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SourceFile } from "../../../src/core/model/fleet-model.ts";
import { KnownFleet } from "../../../src/core/model/known-fleet.ts";
import { loadFleet } from "../../../src/core/model/load-fleet.ts";
import {
  type RenderedFiles,
  renderFiles,
  renderWith,
} from "../../../src/core/render/render-files.ts";
import { noToolOutputs } from "../../../src/core/render/tools/tool-output.ts";
import { PartedVariant } from "../../../src/core/render/variant-parts.ts";
import { aFleet, appYaml, configMapYaml, siteYaml } from "../../support/fleet.ts";
import { startFromTables } from "../../support/start-from-tables.ts";

const metadata = { labels: { app: "x" } };
const pod = { containers: [{ name: "main", image: "example.com/main:1" }] };
const spec = { selector: { matchLabels: { app: "x" } }, template: { metadata, spec: pod } };
const subjects = [{ kind: "ServiceAccount", name: "runner" }];
const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "reader" };

/** Objects that overlays tell apart by all that they go by. */
const objects = [
  ["v1", "ConfigMap", "settings", undefined, { data: { a: "1" } }],
  ["v1", "ConfigMap", "settings", "other", { data: { a: "2" } }],
  ["v1", "ConfigMap", "more", "other", { data: { a: "3" } }],
  ["v1", "ConfigMap", "more", "third", { data: { a: "4" } }],
  ["apps/v1", "Deployment", "web", undefined, { spec }],
  ["apps/v1", "Deployment", "shop", "other", { spec }],
  ["v1", "ServiceAccount", "runner", "other", {}],
  ["rbac.authorization.k8s.io/v1", "RoleBinding", "reads", undefined, { subjects, roleRef }],
  ["v1", "Namespace", "other", undefined, {}],
] as const;

const choice = fc.constantFrom<"none" | "literal" | "own">("none", "literal", "own", "own");

const target = fc.record(
  {
    kind: fc.constantFrom("ConfigMap", "Deployment", "Namespace", "Secret"),
    name: fc.constantFrom("settings", "more", "web", "none"),
    namespace: fc.constantFrom("web", "other"),
  },
  { requiredKeys: [], noNullPrototype: true },
);

const merge = fc
  .tuple(
    fc.constantFrom("settings", "more", "web"),
    fc.constantFrom("ConfigMap", "Deployment"),
    fc.constantFrom(undefined, "web", "other", "third"),
    fc.boolean(),
  )
  .map(([name, kind, namespace, isDeleted]) => ({
    merge: {
      apiVersion: kind === "ConfigMap" ? "v1" : "apps/v1",
      kind,
      metadata: { name, ...(namespace !== undefined && { namespace }) },
      ...(isDeleted ? { $patch: "delete" } : { immutable: true }),
    },
  }));

const targeted = fc.tuple(target, fc.boolean()).map(([meant, isDeleted]) => ({
  target: { kind: "ConfigMap", ...meant },
  merge: isDeleted ? { $patch: "delete" } : { metadata: { labels: { patched: "yes" } } },
}));

const overlay = fc.record(
  {
    patches: fc.array(fc.oneof(merge, targeted), { minLength: 1, maxLength: 2 }),
    sidecars: fc.constant([{ containers: [{ name: "side", image: "example.com/side:1" }] }]),
    scheduling: fc
      .constantFrom("ssd", "hdd")
      .map((disk) => [{ nodeSelector: { disk }, tolerations: [{ key: "disk", value: disk }] }]),
    images: fc.constantFrom(
      [{ name: "example.com/main", newTag: "2" }],
      [{ name: "example.com/side", newTag: "2" }],
    ),
    resources: fc
      .constantFrom("main", "side", "nobody")
      .map((container) => [{ container, requests: { cpu: "1" } }]),
    replicas: fc.constantFrom("web", "shop", "none").map((name) => [{ name, count: 3 }]),
    labels: fc.constant({ team: "a" }),
    annotations: fc.constantFrom({ note: "b" }, { mark: "test" }),
    namespace: fc.constantFrom("other", "new"),
  },
  { requiredKeys: [], noNullPrototype: true },
);

/** `isOwn`: what is chosen to be a site's own holds an expression; else it says the same without one. */
function fleetOf(
  choices: readonly ("none" | "literal" | "own")[],
  overlays: readonly object[],
  isOwn: boolean,
): SourceFile[] {
  const manifests = objects.flatMap(([apiVersion, kind, name, namespace, rest], index) => {
    if (choices[index] === "none") return [];
    const mark = isOwn && choices[index] === "own" ? "${fleet.name}" : "test";
    const meta = { name, ...(namespace && { namespace }), annotations: { mark } };
    const text = `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: ${JSON.stringify(meta)}\n`;
    const fields = Object.entries(rest).map(([key, json]) => `${key}: ${JSON.stringify(json)}\n`);
    // Those of sites come behind the others.
    return [[`manifests/web/${choices[index]}-${index}.yaml`, text + fields.join("")] as const];
  });
  return aFleet({
    "manifests/web/deployment.yaml": null,
    "manifests/web/settings.yaml": null,
    ...Object.fromEntries(manifests),
    "apps/web.yaml": appYaml("web", {
      spec: {
        source: { manifests: "manifests/web", expressions: true },
        overlays: overlays.map((one) => ({ virtualSites: ["all"], ...one })),
      },
    }),
  });
}

/** Everything that sites get, and all mistakes. */
function outcomeOf(files: readonly SourceFile[]): unknown {
  const fleet = renderFiles(files);
  // Of mistakes of one kind at one place, those of sites are told as one.
  const told = new Set(fleet.diagnostics.map(({ file, line, code }) => `${file}:${line} ${code}`));
  if (!fleet.ok) return { told };
  const variants = [...fleet.rendered.variants.values()];
  return {
    told,
    trees: [...(fleet.rendered.apps.get("web")?.sites ?? [])],
    texts: variants.flatMap(({ objects: all }) => all.map(({ id, yaml }) => [id, yaml])),
  };
}

describe("objects that are a site's own", () => {
  it("come to what overlays make of them beside all others, as if they were literal", () => {
    const seen = { sound: 0, mistaken: 0 };
    const choices = fc.array(choice, { minLength: objects.length, maxLength: objects.length });
    fc.assert(
      fc.property(choices, fc.array(overlay, { maxLength: 3 }), (chosen, overlays) => {
        const literal = outcomeOf(fleetOf(chosen, overlays, false));
        expect(outcomeOf(fleetOf(chosen, overlays, true))).toEqual(literal);
        if (typeof literal === "object" && literal !== null && "trees" in literal) seen.sound += 1;
        else seen.mistaken += 1;
      }),
      { numRuns: 400 },
    );
    expect(seen.sound).toBeGreaterThan(50);
    expect(seen.mistaken).toBeGreaterThan(50);
  }, 120_000);
});

/** What a commit has: its sites, and what stands in manifests without and with expressions. */
interface Step {
  readonly sites: Readonly<Record<string, { readonly tier: string; readonly note: string }>>;
  readonly settings: string;
  readonly more: boolean;
  readonly own: string;
}

const site = fc.record(
  { tier: fc.constantFrom("shop", "depot"), note: fc.constantFrom("x", "y", "z") },
  { noNullPrototype: true },
);

const first: fc.Arbitrary<Step> = fc.record(
  {
    sites: fc
      .tuple(fc.dictionary(fc.constantFrom("e2", "n1", "n2", "w2"), site), site, site)
      .map(([others, e1, w1]) => ({ ...others, e1, w1 })),
    settings: fc.constantFrom("a", "b", "c", "late"),
    more: fc.boolean(),
    own: fc.constantFrom("${site.name}", "${site.labels.tier}", "${site.labels.note}"),
  },
  { noNullPrototype: true },
);

/** Mostly one thing changes at a time; sometimes several do. */
const changes: fc.Arbitrary<Partial<Step> & { readonly moved?: Step["sites"] }> = fc.oneof(
  fc.record({ settings: fc.constantFrom("a", "b", "c", "late") }),
  fc.record({ moved: fc.dictionary(fc.constantFrom("e1", "e2", "n1"), site, { maxKeys: 1 }) }),
  fc.record(
    {
      settings: fc.constantFrom("a", "b", "c", "late"),
      more: fc.boolean(),
      own: fc.constantFrom("${site.name}", "${site.labels.note}"),
      moved: fc.dictionary(fc.constantFrom("e1", "n2"), site, { maxKeys: 1 }),
    },
    { requiredKeys: ["moved", "settings"] },
  ),
);

const named = (name: string, merge: object): object => ({
  patches: [{ target: { kind: "ConfigMap", name }, merge }],
});

/** With effects, without, and with such as depend on what the manifests say. */
const someOverlays = fc.subarray([
  { virtualSites: ["shops"], ...named("settings", { data: { shop: "yes" } }) },
  { virtualSites: ["depots"], ...named("own", { data: { depot: "yes" } }) },
  { virtualSites: ["all"], ...named("settings", { data: { a: "late" } }) },
  { virtualSites: ["all"], labels: { team: "a" } },
  { virtualSites: ["shops"], ...named("more", { data: { m: "1" } }) },
  { virtualSites: ["all"], images: [{ name: "example.com/web", newTag: "2" }] },
  { virtualSites: ["depots"], namespace: "elsewhere" },
  { virtualSites: ["shops"], annotations: { at: "${site.labels.note}" } },
  { virtualSites: ["all"], replicas: [{ name: "web", count: 4 }] },
]);

function commitOf({ sites, settings, more, own }: Step, overlays: readonly object[]): SourceFile[] {
  const source = { manifests: "manifests/web", expressions: true };
  return aFleet({
    "sites/e2.yaml": null,
    "sites/w2.yaml": null,
    ...Object.fromEntries(
      Object.entries(sites).map(([name, labels]) => [
        `sites/${name}.yaml`,
        siteYaml(name, { region: "east", labels: { ...labels, ring: "canary" } }),
      ]),
    ),
    "apps/web.yaml": appYaml("web", { spec: { source, overlays } }),
    "manifests/web/settings.yaml": configMapYaml("settings", { a: settings }),
    "manifests/web/more.yaml": more ? configMapYaml("more", { b: "b" }) : null,
    "manifests/web/own.yaml": configMapYaml("own", { own }),
  });
}

/** To the byte. */
function allOf({ rendered }: Extract<RenderedFiles, { ok: true }>): unknown {
  const variants = [...rendered.variants].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return [
    [...rendered.apps].map(([name, { sites, inputDigest, movedTo }]) => [
      name,
      inputDigest,
      [...sites],
      [...movedTo].toSorted(([a], [b]) => (a < b ? -1 : 1)),
    ]),
    variants.map(([tree, { objects: all }]) => [tree, all.map(({ id, yaml }) => [id, yaml])]),
  ];
}

function ownParts(fleet: Extract<RenderedFiles, { ok: true }>): readonly unknown[] {
  const variants = [...fleet.rendered.variants.values()];
  return variants.flatMap((one) => (one instanceof PartedVariant ? [one.own] : []));
}

describe("an app with objects that are a site's own", () => {
  it("comes after any history of manifests and sites to what it comes to from nothing", () => {
    let composed = 0;
    const history = fc.tuple(first, fc.array(changes, { minLength: 3, maxLength: 6 }));
    fc.assert(
      fc.property(someOverlays, history, (overlays, [begin, later]) => {
        const known = new KnownFleet();
        const disk = new Map<string, string>();
        let step = begin;
        let before: readonly unknown[] = [];
        for (const change of [{}, ...later]) {
          const { moved = {}, ...other } = change as Partial<Step> & { moved?: Step["sites"] };
          const hasNewManifest = other.settings !== undefined && other.settings !== step.settings;
          step = { ...step, ...other, sites: { ...step.sites, ...moved } };
          const files = commitOf(step, overlays);
          const kept = renderWith(loadFleet(files, known), noToolOutputs);
          const started = startFromTables(files, disk);
          const cold = renderFiles(files);
          expect(kept.diagnostics).toEqual(cold.diagnostics);
          expect(started.diagnostics).toEqual(cold.diagnostics);
          if (!kept.ok || !started.ok || !cold.ok) continue;
          const own = ownParts(kept);
          if (hasNewManifest && own.some((part) => before.includes(part))) composed += 1;
          before = own;
          expect(allOf(kept)).toEqual(allOf(cold));
          expect(allOf(started)).toEqual(allOf(cold));
        }
      }),
      { numRuns: 150 },
    );
    expect(composed).toBeGreaterThan(20);
  }, 120_000);
});
