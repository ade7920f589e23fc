/** Any field of any kind with a value that somebody means badly: told in short words inside of its file, or taken; never a crash. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAllDocuments, stringify } from "yaml";
import { examples } from "../../../scripts/generate-reference.ts";
import type { SourceFile } from "../../../src/core/model/fleet-model.ts";
import type { Json } from "../../../src/core/model/json.ts";
import { renderFiles } from "../../../src/core/render/render-files.ts";

const root = join(import.meta.dirname, "../../..");
const template = "fleet-repo-template";
const isOther = (path: string): boolean => !path.startsWith(template);
/** The template, and the examples of the kinds that it has none of. */
const files: readonly SourceFile[] = [
  ...globSync(`${template}/**/*.yaml`, { cwd: root }),
  ...Object.values(examples).filter(isOther),
].map((path) => ({
  path: path.replace(`${template}/`, ""),
  text: readFileSync(join(root, path), "utf8"),
}));

/** Has what the others have not. */
const rich: SourceFile = {
  path: "rich.yaml",
  text: `apiVersion: flotilla.dev/v1alpha1
kind: App
metadata: {name: rich}
spec:
  namespace: rich
  source: {manifests: apps/till/manifests}
  placement: {virtualSites: [depots]}
  kubernetes: {min: "1.28", max: "1.40"}
  values: {a: 1, b: [x], c: "\${site.name}"}
  secrets: [{name: s1, from: "a-\${site.name}", keys: [k]}]
  plainSecrets: [{name: q, namespace: w}]
  dependsOn: [stock]
  drift: {mode: correct, ignore: [{kind: Deployment, fields: [.spec.replicas]}]}
  checks: {before: [{name: x, cel: 'site.name.matches("a+b")', message: m}]}
  overlays:
    - name: o
      virtualSites: [depots]
      values: {a: 2}
      patches:
        - {target: {kind: Deployment}, json: [{op: add, path: /metadata/annotations, value: {a: b}}]}
        - {target: {kind: Deployment}, merge: {spec: {minReadySeconds: 3}}}
      sidecars: [{target: {kind: Deployment}, containers: [{name: l, image: "a:1"}]}]
      scheduling: [{nodeSelector: {a: b}, tolerations: [{key: a, operator: Exists, effect: NoSchedule}]}]
      images: [{name: a, newTag: "2", newName: b}]
      resources: [{container: l, requests: {cpu: 1}}]
      replicas: [{name: till, count: "\${values.a}"}]
      labels: {z: "\${sites('tier=depot').map(s, s.name).join('.')}"}
      annotations: {z: y}
      namespace: other
`,
};
const all = [...files, rich];

type Path = readonly (string | number)[];

/** Every value of every document. */
const places = all.flatMap((file) => {
  const documents = parseAllDocuments(file.text).map((document) => document.toJS() as Json);
  return documents.flatMap((document, index) =>
    pathsIn(document).map((path) => ({ file, documents, index, path })),
  );
});

function pathsIn(value: Json, at: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [at];
  const entries = Array.isArray(value) ? [...(value as Json[]).entries()] : Object.entries(value); // isArray loses the type
  return [at, ...entries.flatMap(([key, inner]) => pathsIn(inner, [...at, key]))];
}

function withValue(value: Json, [key, ...rest]: Path, set: unknown): unknown {
  if (key === undefined) return set;
  const inside = (value as Readonly<Record<string | number, Json>>)[key] ?? null; // a list or a map
  const changed = withValue(inside, rest, set);
  if (!Array.isArray(value)) return { ...(value as object), [key]: changed };
  return (value as unknown[]).with(Number(key), changed);
}

const hostile: readonly unknown[] = [
  "",
  "-",
  "\u0000",
  "${",
  "__proto__",
  "constructor",
  "a/b/c",
  "1.2.3.4",
  "99999999999999999999",
  ...["x", "../", "{a,b}", "*", "1h", "a=b,", "!", "(a+)+", "💥", "["].map((text) =>
    text.repeat(9000),
  ),
  `\${${"(".repeat(3000)}}`,
  "${'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!'.matches('^(a|aa)+$')}",
  -1,
  1e308,
  true,
  null,
  [],
  {},
  [[[[[]]]]],
  { ["__proto__"]: { a: 1 } },
  { constructor: "x" },
];

describe("a field with a hostile value", { timeout: 120_000 }, () => {
  it("is told in few words, inside of its file, or taken", () => {
    fc.assert(
      fc.property(fc.constantFrom(...places), fc.constantFrom(...hostile), (place, value) => {
        const { file, documents, index, path } = place;
        const changed = documents.with(
          index,
          withValue(documents[index] ?? null, path, value) as Json,
        );
        const text = changed.map((document) => stringify(document)).join("---\n");
        const now = all.map((each) => (each === file ? { path: file.path, text } : each));

        for (const told of renderFiles(now).diagnostics) {
          const lines = now.find((each) => each.path === told.file)?.text.split("\n") ?? [];
          expect(`${told.message}; ${told.hint ?? ""}`.length).toBeLessThan(2500);
          expect(told.column).toBeLessThanOrEqual((lines[told.line - 1] ?? "").length + 1);
          expect(told.line).toBeLessThanOrEqual(lines.length);
        }
      }),
      { numRuns: 150 },
    );
    expect(places.length).toBeGreaterThan(500);
  });
});
