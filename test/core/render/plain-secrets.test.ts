import { describe, expect, it } from "vitest";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import { objectChanges } from "../../../src/core/plan/object-changes.ts";
import { renderFiles } from "../../../src/core/render/render-files.ts";
import type { RenderedObject } from "../../../src/core/render/rendered.ts";
import { aFleet, appYaml, type FleetEdits } from "../../support/fleet.ts";

const secret = (name: string, value: string, namespace = ""): string =>
  `apiVersion: v1\nkind: Secret\nmetadata: {name: ${name}${namespace}}\nstringData: {licence: "${value}"}\n`;

const edits = (spec: object, more: FleetEdits = {}): FleetEdits => ({
  "apps/web.yaml": appYaml("web", { spec: { ...spec } }),
  "manifests/web/licence.yaml": secret("licence", "community"),
  ...more,
});

const problems = (spec: object, more?: FleetEdits): string[] =>
  renderFiles(aFleet(edits(spec, more))).diagnostics.map(
    (each) => `${formatDiagnostic(each)} [${each.code}]`,
  );

function secretsAt(site: string, spec: object, more?: FleetEdits): readonly RenderedObject[] {
  const fleet = renderFiles(aFleet(edits(spec, more)));
  if (!fleet.ok) throw new Error(fleet.diagnostics.map(formatDiagnostic).join("\n"));
  const tree = fleet.rendered.apps.get("web")?.sites.get(site) ?? "";
  const objects = fleet.rendered.variants.get(tree)?.objects ?? [];
  return objects.filter(({ object }) => object.kind === "Secret");
}

const named = { plainSecrets: [{ name: "licence" }] };

describe("a Secret that the App declares to be none", () => {
  it("is refused without that, with a hint that names the field", () => {
    expect(problems({})).toEqual([
      "manifests/web/licence.yaml:4:1: error: Secret licence would be stored in plain text; seal it with SOPS for age, or use an ExternalSecret or a SealedSecret; if everybody may know its values, name it in `plainSecrets` of the App [secret-data]",
    ]);
  });

  it("travels as it is written", () => {
    expect(problems(named)).toEqual([]);
    expect(secretsAt("e1", named)[0]?.object).toMatchObject({
      metadata: { namespace: "web" },
      stringData: { licence: "community" },
    });
  });

  it("is meant by name and namespace: no other is let through", () => {
    const more = { "manifests/web/key.yaml": secret("key", "x") };
    expect(problems(named, more)).toEqual([
      expect.stringMatching(/^manifests\/web\/key.yaml:4:1: error: Secret key would .*secret-data/),
    ]);
    const elsewhere = {
      "manifests/web/licence.yaml": secret("licence", "x", ", namespace: other"),
    };
    expect(problems(named, elsewhere)).toEqual([
      expect.stringMatching(/^manifests\/web\/licence.yaml:4:1: error: .*\[secret-data\]$/),
    ]);
    const placed = { plainSecrets: [{ name: "licence", namespace: "other" }] };
    expect(problems(placed, elsewhere)).toEqual([]);
  });

  it("stays so where overlays change or move it, and by nothing that they bring", () => {
    const target = { kind: "Secret", name: "licence" };
    const overlay = {
      virtualSites: ["shops"],
      namespace: "moved",
      patches: [{ target, merge: { stringData: { licence: "shop" } } }],
    };
    const [moved] = secretsAt("e1", { ...named, overlays: [overlay] });
    expect(moved?.object).toMatchObject({
      metadata: { namespace: "moved" },
      stringData: { licence: "shop" },
    });
    const empty = {
      "manifests/web/key.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: key}\n",
    };
    const filled = {
      virtualSites: ["all"],
      patches: [{ target: { kind: "Secret", name: "key" }, merge: { data: { a: "YQ==" } } }],
    };
    expect(problems({ ...named, overlays: [filled] }, empty)).toEqual([
      expect.stringMatching(/Secret key would be stored in plain text.*\[secret-data\]$/),
    ]);
  });

  it("may come of expressions in manifests", () => {
    const spec = { ...named, source: { manifests: "manifests/web", expressions: true } };
    const more = { "manifests/web/licence.yaml": secret("licence", "of ${site.name}") };
    expect(problems(spec, more)).toEqual([]);
    expect(secretsAt("w2", spec, more)[0]?.object).toMatchObject({
      stringData: { licence: "of w2" },
    });
  });

  it("is warned of where the app has none of that name", () => {
    const spec = { plainSecrets: [{ name: "licence" }, { name: "gone" }] };
    expect(problems(spec)).toEqual([
      expect.stringMatching(
        /^apps\/web.yaml:4:\d+: warning: the source of the app has no Secret "gone" in namespace web; .*\[no-effect\]$/,
      ),
    ]);
    const region = { ...spec, secrets: [{ name: "gone" }] };
    expect(problems(region)).toEqual([expect.stringMatching(/no Secret "gone".*\[no-effect\]$/)]);
  });

  it("is hidden in diffs all the same", () => {
    const more = { "manifests/web/licence.yaml": secret("licence", "enterprise") };
    const before = { tree: "a", objects: secretsAt("e1", named) };
    const after = { tree: "b", objects: secretsAt("e1", named, more) };
    const changes = JSON.stringify(objectChanges(before, after));
    expect(changes).toContain("(hidden, changed)");
    expect(changes).not.toMatch(/community|enterprise/);
  });
});
