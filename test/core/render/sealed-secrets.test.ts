/** Secrets that SOPS sealed, from the fleet repository to the mirror and into what people are shown. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import { objectChanges } from "../../../src/core/plan/object-changes.ts";
import { renderFleet } from "../../../src/core/render/render-fleet.ts";
import type { RenderedObject, Variant } from "../../../src/core/render/rendered.ts";
import { aModel, appYaml } from "../../support/fleet.ts";

const fileText = (name: string): string =>
  readFileSync(new URL(`../secrets/files/${name}`, import.meta.url), "utf8");
const sealed = fileText("sealed.yaml");

const edits = (secret: string, overlay?: object, name = "secret.yaml") => ({
  "apps/web.yaml": appYaml("web", {
    spec: { overlays: overlay === undefined ? [] : [{ virtualSites: ["shops"], ...overlay }] },
  }),
  [`manifests/web/${name}`]: secret,
});

function render(secret: string, overlay?: object, name?: string): Variant {
  const fleet = renderFleet(aModel(edits(secret, overlay, name)));
  if (!fleet.ok) throw new Error(fleet.diagnostics.map(formatDiagnostic).join("\n"));
  const variant = fleet.value.variants.get(fleet.value.apps.get("web")?.sites.get("e1") ?? "");
  if (variant === undefined) throw new Error("web is not at e1");
  return variant;
}

function secretOf(variant: Variant): RenderedObject {
  const found = variant.objects.find(({ object }) => object.kind === "Secret");
  if (found === undefined) throw new Error("no Secret");
  return found;
}

const problems = (secret: string, overlay?: object): string[] =>
  renderFleet(aModel(edits(secret, overlay))).diagnostics.map(formatDiagnostic);

describe("a sealed Secret", () => {
  it.each(["sealed.yaml", "sealed.json"])("%s travels byte for byte", (name) => {
    const text = fileText(name);
    const secret = secretOf(render(text, undefined, name.replace("sealed", "secret")));
    const stored = parse(secret.yaml) as { sops: string; data?: unknown; stringData?: unknown };
    expect(stored.sops).toBe(text);
    expect([stored.data, stored.stringData]).toEqual([undefined, undefined]);
    expect(secret.id).toBe("_Secret_till_till-db");
  });

  it("takes labels, namespace and metadata of overlays, and nothing else", () => {
    const labels = { tier: "gold" };
    expect(secretOf(render(sealed, { labels })).object.metadata["labels"]).toMatchObject({
      team: "42",
      tier: "gold",
    });
    const target = { kind: "Secret" };
    const merge = (patch: object) => ({ patches: [{ target, merge: patch }] });
    expect(problems(sealed, merge({ metadata: { annotations: { a: "b" } } }))).toEqual([]);
    expect(problems(sealed, merge({ type: "Other" })).join("\n")).toContain(
      "only its metadata can be changed, not type",
    );
    expect(problems(sealed, merge({ stringData: { user: "me" } })).join("\n")).toContain(
      "only its metadata can be changed, not stringData",
    );
  });

  it.each([
    ["a second document", `${sealed}---\n${sealed.replace("name: till-db", "name: b")}`],
    ["a list", `apiVersion: v1\nkind: List\nitems: [${JSON.stringify(parse(sealed))}]`],
    [
      "all encrypted",
      fileText("all-encrypted.yaml")
        .replace(/kind: ENC.*/, "kind: Secret")
        .replace(/apiVersion: ENC.*/, "apiVersion: v1"),
    ],
    ["a value in the clear", sealed.replace(/user: ENC.*/, "user: till")],
    ["no MAC", sealed.replace(/ +mac: .*\n/, "")],
    ["another way to encrypt", sealed.replace(/ {4}age:/, "    pgp:")],
    ["key groups", sealed.replace("sops:\n", "sops:\n    key_groups: []\n")],
    ["another kind", sealed.replace("kind: Secret", "kind: ConfigMap")],
    ["a text for sops", "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nsops: all of it\n"],
  ])("is refused with %s, at its place and without a value", (_, text) => {
    const found = problems(text);
    expect(found.join("\n")).toMatch(/^manifests\/web\/secret\.yaml:\d+:\d+: error: .*; /m);
    expect(found.join("\n")).not.toContain("hunter");
    expect(found.join("\n")).not.toMatch(/ENC\[/);
  });

  it.each([
    ["int", "a whole number"],
    ["float", "a number"],
    ["bool", "true or false"],
    ["time", "a date"],
    ["bytes", "bytes"],
  ])("is refused with a value sealed as %s, at its place: no cluster takes it", (type, words) => {
    const text = sealed.replace(/(user: ENC.*type:)str/, `$1${type}`);
    const line = text.split("\n").findIndex((each) => each.includes("user: ENC")) + 1;
    expect(problems(text)).toEqual([
      `manifests/web/secret.yaml:${line}:11: error: stringData.user is sealed as ${words}, and Kubernetes takes texts alone there; put it in quotes with \`sops edit\`, so that it is sealed as a text`,
    ]);
  });

  it.each(['""', "null", "ENC"])(
    "is refused with a key in data and in stringData, which would win: %s",
    (value) => {
      const own = value === "ENC" ? (/user: (.*)/.exec(sealed)?.[1] ?? "") : value;
      const text = sealed.replace("stringData:\n", `stringData:\n    password: ${own}\n`);
      const line = text.split("\n").indexOf("stringData:") + 2;
      expect(problems(text)).toEqual([
        `manifests/web/secret.yaml:${line}:15: error: password stands in data and in stringData; take one of the two out, and seal it anew`,
      ]);
    },
  );

  it("is refused with more than one level, or none, below data", () => {
    const deep = sealed.replace(/user: (ENC.*)/, "user:\n        name: $1");
    expect(problems(deep).join("\n")).toMatch(/:\d+:\d+: error: stringData\.user must be a text;/);
    for (const empty of ["{}", "[]"]) {
      const hollow = sealed.replace("stringData:\n", `stringData:\n    none: ${empty}\n`);
      expect(problems(hollow).join("\n")).toMatch(
        /:\d+:11: error: stringData\.none must be a text;/,
      );
    }
    const flat = sealed.replace(/^data:\n {4}password: (ENC.*)$/m, "data: $1");
    expect(problems(flat).join("\n")).toMatch(/:\d+:\d+: error: data must be a map of texts;/);
  });

  it("is refused with the copy of its values that kubectl leaves in an annotation, in plain text", () => {
    const key = "kubectl.kubernetes.io/last-applied-configuration";
    const copy = (value: string): string =>
      sealed.replace("    annotations:\n", `    annotations:\n        ${key}: ${value}\n`);
    const told = problems(copy(`'{"stringData":{"password":"hunter-2"}}'`));
    const line = sealed.split("\n").indexOf("    annotations:") + 2;
    expect(told).toEqual([
      `manifests/web/secret.yaml:${line}:59: error: the annotation ${key} holds all values in plain text; take it out with \`sops edit\`, and change the values: they stay in the history of Git`,
    ]);
    expect(problems(copy('""'))).toEqual([]);
  });

  it("keeps its text: no overlay writes it, and no expression is read in it", () => {
    const target = { kind: "Secret" };
    const plain = "apiVersion: v1\nkind: Secret\nstringData: {password: hunter-2}\n";
    for (const patch of [
      { target, merge: { sops: plain } },
      { target, json: [{ op: "replace", path: "/sops", value: plain }] },
    ]) {
      const found = problems(sealed, { patches: [patch] }).join("\n");
      expect(found).toContain("`sops` cannot be changed by an overlay");
      expect(found).not.toContain("hunter");
    }
    const noted = sealed.replace("note: 'no:", "note: 'at ${site.name}:");
    const source = { manifests: "manifests/web", expressions: true };
    const fleet = renderFleet(
      aModel({ ...edits(noted), "apps/web.yaml": appYaml("web", { spec: { source } }) }),
    );
    if (!fleet.ok) throw new Error(fleet.diagnostics.map(formatDiagnostic).join("\n"));
    const texts = [...fleet.value.variants.values()].flatMap(({ objects }) =>
      objects.flatMap(({ object }) => (object.kind === "Secret" ? [object["sops"]] : [])),
    );
    expect(new Set(texts)).toEqual(new Set([noted]));
  });

  it("has no field that no Secret has, whose values would be shown", () => {
    const misspelt =
      "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringdata: {p: hunter-2}\n";
    expect(problems(misspelt).join("\n")).toContain('a Secret has no field "stringdata"');
    const alsoOpen = sealed.replace("type: Opaque", "type: Opaque\nstringdata: {p: hunter-2}");
    expect(problems(alsoOpen).join("\n")).toContain('a Secret has no field "stringdata"');
    const long =
      "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {p: 12345678901234567890}\n";
    expect(problems(long).join("\n")).not.toContain("12345678901234567890");
  });

  it("is shown as key names, and which of them changed", () => {
    const [added] = objectChanges(undefined, { tree: "a", objects: [secretOf(render(sealed))] });
    expect(added?.diff).toContain('+  password: "(hidden)"');
    expect(added?.diff).not.toMatch(/ENC\[|BEGIN AGE/);
    const again = sealed.replace(
      /(user: ENC.*data:)(.)/,
      (_, start: string, first: string) => `${start}${first === "A" ? "B" : "A"}`,
    );
    const changes = objectChanges(render(sealed), render(again));
    expect(changes.map(({ change, name }) => [change, name])).toEqual([["changed", "till-db"]]);
    expect(changes[0]?.diff).toContain('+  user: "(hidden, changed)"');
    expect(changes[0]?.diff).toContain('+sops: "(hidden, changed)"');
    expect(changes[0]?.diff).toMatch(/^ +number: "\(hidden\)"$/m);
    expect(changes[0]?.diff).not.toMatch(/ENC\[|BEGIN AGE/);
  });
});
