import { describe, expect, it } from "vitest";
import { explainObject } from "../../../src/core/explain/explain-object.ts";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import { renderFiles } from "../../../src/core/render/render-files.ts";
import { noToolOutputs } from "../../../src/core/render/tools/tool-output.ts";
import { aFleet, appYaml } from "../../support/fleet.ts";

const secret = (body: string): string =>
  `apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n${body}\n`;

const render = (body: string, patch?: object): ReturnType<typeof renderFiles> => {
  const target = { kind: "Secret", name: "s" };
  const overlays =
    patch === undefined ? [] : [{ virtualSites: ["all"], patches: [{ target, ...patch }] }];
  const source = { manifests: "manifests/web", expressions: true };
  const spec = { source, plainSecrets: [{ name: "s" }], overlays };
  return renderFiles(
    aFleet({ "apps/web.yaml": appYaml("web", { spec }), "manifests/web/s.yaml": secret(body) }),
  );
};

const problems = (body: string, patch?: object): string =>
  render(body, patch).diagnostics.map(formatDiagnostic).join("\n");

describe("the value of a Secret", () => {
  const test = { op: "test", path: "/stringData/pin", value: "nope" };

  it.each<[string, string, string, object?]>([
    ["a test that does not hold", "another one", "stringData: {pin: topsecret}", { json: [test] }],
    [
      "a test of the whole map",
      "another one",
      "stringData: {pin: topsecret}",
      { json: [{ ...test, path: "/stringData" }] },
    ],
    [
      "a test of what was added before it",
      "another one",
      "type: x",
      { json: [{ op: "add", path: "/stringData", value: { pin: "topsecret" } }, test] },
    ],
    ["a number for a text", "not a number", "stringData: {pin: 48213377}"],
    ["a number for a map", "not a number", "data: 48213377"],
    ["a truth value", "not a boolean", "stringData: {pin: true}"],
    ["a patch's number", "not a number", "type: x", { merge: { stringData: { pin: 48213377 } } }],
    [
      "a number in its labels",
      "not a number",
      "type: x",
      { merge: { metadata: { labels: { a: 48213377 } } } },
    ],
    [
      "a label that is none",
      'label value of "a"',
      "type: x",
      { merge: { metadata: { labels: { a: "topsecret!" } } } },
    ],
    ["a value that is a tag", "cannot be read as what its tag says", "data: {a: !topsecret}"],
    ["a tag", "cannot be read as !!int", "stringData: {pin: !!int topsecret}"],
    ["an alias", "names no anchor", "stringData: {pin: *topsecret}"],
    ["a block's head", "block scalar header", "stringData:\n  pin: |topsecret"],
    ["a scalar behind a text", "error: ", "stringData:\n  pin: 'x' topsecret"],
  ])("stands in no message of %s", (_, words, ...given) => {
    const told = problems(...given);
    expect(told).toContain(words);
    expect(told).not.toMatch(/topsecret|48213377/);
  });

  it("stands in no message of a patch in the fleet's files", () => {
    const patch = { merge: { stringData: { pin: 0 } } };
    const [app] = aFleet({
      "apps/web.yaml": appYaml("web", {
        spec: { overlays: [{ virtualSites: ["all"], patches: [{ target: {}, ...patch }] }] },
      }).replace('"pin":0', '"pin":48213377482133774821337'),
    }).filter(({ path }) => path === "apps/web.yaml");
    const told = renderFiles(aFleet({ "apps/web.yaml": String(app?.text) })).diagnostics;
    expect(told.map(formatDiagnostic).join()).toContain("the number cannot be kept exactly");
    expect(JSON.stringify(told)).not.toContain("48213377");
  });

  it("is told where it stands in others", () => {
    const text = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: s}\nbinaryData: 48213377\n`;
    const { diagnostics } = renderFiles(aFleet({ "manifests/web/s.yaml": text }));
    expect(diagnostics.map(({ message }) => message).join()).toContain("not the number 48213377");
  });
});

describe("explain for a Secret", () => {
  const body = 'stringData: {pin: "topsecret ${site.name}", old: topsecret}\ntype: Opaque';
  const patch = { merge: { stringData: { pin: "topsecret2", old: null, data: "topsecret3" } } };
  const answer = (field?: string): ReturnType<typeof explainObject> => {
    const fleet = render(body, patch);
    if (!fleet.ok) throw new Error(fleet.diagnostics.map(formatDiagnostic).join("\n"));
    const asked = {
      app: "web",
      site: "e1",
      object: "Secret/s",
      ...(field !== undefined && { field }),
    };
    return explainObject({ model: fleet.model, tools: noToolOutputs }, asked);
  };

  it("tells where each value comes from, and none of them", () => {
    const all = answer();
    const fields = all.ok ? all.fields : [];
    expect(JSON.stringify(fields)).not.toContain("topsecret");
    expect(fields.find(({ field }) => field === ".stringData.pin")).toMatchObject({
      value: "(hidden)",
      settings: [
        { value: "(hidden)", place: { file: "apps/web.yaml" } },
        {
          value: "(hidden)",
          expression: "(hidden)",
          reads: [{ name: "site.name" }],
          place: { file: "manifests/web/s.yaml", line: 4 },
        },
      ],
    });
    expect(fields.find(({ field }) => field === ".type")?.value).toBe("Opaque");
  });

  const takenAway = {
    field: ".stringData.old",
    value: null,
    settings: [{ isRemoved: true, value: null }, { value: "(hidden)" }],
  };

  it.each([".stringData", ".stringData.pin"])("hides it in --field %s", (field) => {
    expect(answer(field)).toMatchObject({
      ok: true,
      fields: [{ value: "(hidden)" }, ...(field === ".stringData" ? [{}, takenAway] : [])],
    });
    expect(JSON.stringify(answer(field))).not.toContain("topsecret");
  });
});
