import * as fc from "fast-check";
import { expect, it } from "vitest";
import type { SourceFile } from "../../../src/core/model/fleet-model.ts";
import { renderFiles } from "../../../src/core/render/render-files.ts";
import { aFleet, appYaml, siteYaml, type Spec } from "../../support/fleet.ts";

const names = ["a1", "a2", "a3", "a4", "a5"];

/** What stands in an object: at some sites right, at others not, and in any case another thing. */
const content = fc.constantFrom(
  "site: '${site.name}'",
  "site: '${site.labels.note}'",
  "site: '${site.labels.note == \"x\" ? 1 : site.name}'",
);

const kinds = fc.constantFrom<(name: string, content: string) => string>(
  (name, data) =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\ndata: { ${data} }\n`,
  (name, data) =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name}, annotations: { ${data} } }\ndata: { a: b }\nstatus: {}\n`,
  (name, data) =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: '${name}-\${site.labels.note}' }\ndata: { ${data} }\n`,
  (name, data) =>
    `apiVersion: v1\nkind: Service\nmetadata: { name: ${name} }\nspec: { ports: [{ port: 80 }], selector: { ${data} } }\nstatus: { x: '\${site.name}' }\n`,
);

const patch = fc
  .tuple(
    fc.constantFrom("own", "own", "more", "settings", "settings", "none"),
    fc.integer({ min: 0, max: 3 }),
  )
  .map(([name, how]) =>
    [
      { merge: { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: { p: "q" } } },
      { target: { name }, merge: { metadata: { labels: { p: "q" } } } },
      { target: { name }, json: [{ op: "test", path: "/data/site", value: "a2" }] },
      {
        target: { name, kind: "ConfigMap" },
        json: [{ op: "replace", path: "/data/site", value: "a2" }],
      },
    ].at(how),
  );

/** Mostly by names alone. */
const changes = fc.oneof(
  { weight: 4, arbitrary: fc.record({ patches: fc.array(patch, { minLength: 1, maxLength: 2 }) }) },
  fc.constantFrom<object>(
    { replicas: [{ name: "web", count: 3 }] },
    { replicas: [{ name: "own", count: 3 }] },
    { labels: { team: "a" } },
    { labels: { team: "${site.labels.note}" } },
    { namespace: "other" },
    { images: [{ name: "example.com/web", newTag: "2" }] },
  ),
);

const overlay = fc
  .tuple(fc.constantFrom("all", "shops"), changes)
  .map(([virtualSite, what]) => ({ virtualSites: [virtualSite], ...what }));

interface Fleet {
  readonly notes: readonly string[];
  readonly own: string;
  readonly more: string;
  readonly overlays: readonly object[];
}

const fleets: fc.Arbitrary<Fleet> = fc.record({
  notes: fc.array(fc.constantFrom("x", "w", "z", "z", "z", "z"), { minLength: 5, maxLength: 5 }),
  own: fc.tuple(kinds, content).map(([make, one]) => make("own", one)),
  more: fc.tuple(kinds, content).map(([make, one]) => make("more", one)),
  overlays: fc.array(overlay, { maxLength: 2 }),
});

/** What a text comes to at a site, written out. */
function writtenOut(text: string, site: string, note: string): string {
  return text
    .replaceAll(/'\$\{site\.labels\.note == [^}]*\}'/g, note === "x" ? "1" : `'${site}'`)
    .replaceAll("${site.name}", site)
    .replaceAll("${site.labels.note}", note);
}

/** `alone`: the one site that there is, with nothing that is filled in. */
function filesOf({ notes, own, more, overlays }: Fleet, alone?: string): SourceFile[] {
  const note = notes[names.indexOf(alone ?? "")] ?? "";
  const written = (text: string): string =>
    alone === undefined ? text : writtenOut(text, alone, note);
  const spec = JSON.stringify({
    source: { manifests: "manifests/web", expressions: true },
    overlays,
  });
  const sites = names.map((name, index) => {
    const labels = {
      note: notes[index] ?? "",
      tier: index % 2 === 0 ? "shop" : "depot",
      ring: "r",
    };
    return [`sites/${name}.yaml`, siteYaml(name, { region: "east", labels })] as const;
  });
  return aFleet({
    ...Object.fromEntries(["e1", "e2", "w1", "w2"].map((name) => [`sites/${name}.yaml`, null])),
    ...Object.fromEntries(sites.filter((_, index) => [names[index], undefined].includes(alone))),
    "apps/till.yaml": null,
    "apps/web.yaml": appYaml("web", { spec: JSON.parse(written(spec)) as Spec }),
    "manifests/web/own.yaml": written(own),
    "manifests/web/more.yaml": written(more),
  });
}

interface Outcome {
  readonly told: ReadonlySet<string>;
  readonly texts: ReadonlyMap<string, string>;
}

/** What each site gets, and what is wrong with it. Whether something has an effect is of all sites together. */
function outcomeOf(files: readonly SourceFile[]): Outcome {
  const rendered = renderFiles(files);
  const told = rendered.diagnostics
    .filter(({ severity, code }) => severity === "error" || code === "refused-object")
    .map(({ file, line, code }) => `${file}:${line} ${code}`);
  if (!rendered.ok) return { told: new Set(told), texts: new Map() };
  const { apps, variants } = rendered.rendered;
  const texts = [...(apps.get("web")?.sites ?? [])].map(([site, tree]) => {
    const objects = variants.get(tree)?.objects ?? [];
    return [site, [tree, ...objects.map(({ yaml }) => yaml)].join("---\n")] as const;
  });
  return { told: new Set(told), texts: new Map(texts) };
}

it("what differs by site is made and checked at each site as if there were no other, and it were written out", () => {
  const seen = { sound: 0, mistaken: 0 };
  fc.assert(
    fc.property(fleets, (fleet) => {
      const all = outcomeOf(filesOf(fleet));
      const alone = names.map((name) => outcomeOf(filesOf(fleet, name)));
      expect(all.told).toEqual(new Set(alone.flatMap(({ told }) => [...told])));
      // With a mistake at one of them no site gets anything.
      const isSound = alone.every(({ texts }) => texts.size > 0);
      const texts = isSound ? alone.flatMap((one) => [...one.texts]) : [];
      expect(all.texts).toEqual(new Map(texts));
      seen[isSound ? "sound" : "mistaken"] += 1;
    }),
    { numRuns: 120 },
  );
  expect(seen.sound).toBeGreaterThan(15);
  expect(seen.mistaken).toBeGreaterThan(15);
}, 120_000);
