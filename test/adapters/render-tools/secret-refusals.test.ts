import { describe, expect, it } from "vitest";
import type { FleetEdits } from "../../support/fleet.ts";
import { mistakesOf, toolFleet } from "../../support/render-tools.ts";
import { chart, kustomization } from "../../support/tool-sources.ts";

const canary = "hunter2-canary";
const folder = "kustomize/base";
const secret = `apiVersion: v1
kind: Secret
metadata: { name: door }
stringData: { password: ${canary} }
`;
const withBase = (text: string, more: FleetEdits = {}): FleetEdits => ({
  ...kustomization,
  [`${folder}/kustomization.yaml`]: text,
  [`${folder}/secret.yaml`]: secret,
  ...more,
});

describe("a refusal of a tool", { timeout: 60_000 }, () => {
  it.each([
    ["an object", "resources: [secret.yaml]\ncommonAnnotations: { n: x }\n", {}],
    [
      "a field",
      `resources: [secret.yaml]
replacements:
  - source: { kind: Secret, name: door, fieldPath: stringData.password.x }
    targets: [{ select: { kind: Secret }, fieldPaths: [metadata.name] }]
`,
      {},
    ],
    [
      "a patch",
      `resources: [service.yaml]\npatches: [{ patch: "stringData: { password: ${canary} }" }]\n`,
      {},
    ],
    [
      "a literal of a plugin",
      `generators: [plugin.yaml]\n`,
      {
        [`${folder}/plugin.yaml`]: `apiVersion: builtin\nkind: SecretGenerator\nmetadata: { name: door }\nliterals: [${canary}]\n`,
      },
    ],
    ...["&k Secret", "SecretList", '"\\u0053ecret"'].map((kind): [string, string, FleetEdits] => [
      `an object of kind ${kind}`,
      "resources: [secret.yaml]\ncommonAnnotations: { n: x }\n",
      {
        [`${folder}/secret.yaml`]: `apiVersion: v1\nkind: ${kind}\nmetadata: { name: door }\ndata: { p: ${canary} }\nitems: [{ data: ${canary} }]\nmetadata: x\n`,
      },
    ]),
    ["a literal", `secretGenerator: [{ name: door, literals: [${canary}] }]\n`, {}],
    [
      "a patch of a name",
      "resources: [secret.yaml]\npatches: [{ path: patch.json, target: { name: door } }]\n",
      {
        [`${folder}/patch.json`]: `[{ "op": "replace", "path": "/data/x/y", "value": "${canary}" }`,
      },
    ],
  ])(
    "of a kustomization does not tell a secret that kustomize tells: %s",
    async (_, base, more) => {
      const [told = "", ...others] = await mistakesOf(
        toolFleet({ kustomize: folder }, withBase(base, more)),
      );
      expect(others).toEqual([]);
      expect(told).not.toContain(canary);
      expect(told).toContain(
        "kustomize refuses it; what it says may hold values of a Secret, and is not told; `kubectl kustomize kustomize/base` tells it [tool-refused]",
      );
    },
  );

  it("of a kustomization with a Secret names the file that is wrong", async () => {
    const edits = withBase("resources: [secret.yaml]\n", {
      [`${folder}/secret.yaml`]: secret.replace("}\n", "\n"),
    });
    expect(await mistakesOf(toolFleet({ kustomize: folder }, edits))).toEqual([
      expect.stringMatching(/^kustomize\/base\/secret\.yaml: error: kustomize refuses it/),
    ]);
  });

  it.each([
    ["envs", `p=${canary}`],
    ["envs", `p=${canary}@x`],
    ["files", `p=/${canary}`],
    ["files", `p=../../../${canary}`],
  ])("of what a generator of Secrets names does not tell it: %s: %s", async (field, text) => {
    const entry = `{ name: a, ${field}: ["${text}"] }`;
    const edits = withBase(`secretGenerator: [${entry}]\n`);
    const [told = "", ...others] = await mistakesOf(toolFleet({ kustomize: folder }, edits));
    expect(others).toEqual([]);
    expect(told).toMatch(/^kustomize\/base\/kustomization\.yaml:1:\d+: error: /);
    expect(told).not.toContain(canary);
  });

  it.each([
    ["a map that is a key", `{ ? { ${canary}: } : x }`],
    ["a tag", `{ a: !!int ${canary} }`],
  ])("of a chart does not tell what stands in %s", async (_, data) => {
    const template = `apiVersion: v1\nkind: Secret\nmetadata: { name: door }\ndata: ${data}\n`;
    const edits = { ...chart, "charts/web/templates/secret.yaml": template };
    const told = await mistakesOf(toolFleet({ chart: "charts/web" }, edits));
    expect(told).toEqual([expect.stringContaining("[tool-refused]")]);
    expect(told.join("\n")).not.toContain(canary);
  });

  it("of a chart does not tell a text that looks like an alias", async () => {
    const template = secret.replace(canary, "{{ .Values.password }}");
    const edits = { ...chart, "charts/web/templates/secret.yaml": template };
    const files = toolFleet({ chart: "charts/web" }, edits, { values: { password: `*${canary}` } });
    const told = await mistakesOf(files);
    expect(told).toEqual([
      "charts/web/templates/secret.yaml: error: helm: YAML parse error on web/templates/secret.yaml: error converting YAML to JSON: yaml: unknown anchor '…' referenced [tool-refused]",
    ]);
  });
});
