import { createServer, type Server } from "node:http";
import { type AddressInfo } from "node:net";
import { chmod, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FleetEdits, Spec } from "../../support/fleet.ts";
import { fleetYaml } from "../../support/fleet.ts";
import { emptyFolder } from "../../support/folder.ts";
import { mistakesOf, realTools, toolFleet, webAt } from "../../support/render-tools.ts";
import { chart, kustomization } from "../../support/tool-sources.ts";

const kustomize = { kustomize: "kustomize/base" };
const webChart = { chart: "charts/web" };
const base = "kustomize/base/kustomization.yaml";

const withBase = (text: string, more: FleetEdits = {}): FleetEdits => ({
  ...kustomization,
  [base]: text,
  ...more,
});
const withTemplate = (text: string): FleetEdits => ({
  ...chart,
  "charts/web/templates/queue.yaml": text,
});
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const configMap = (value: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: made }\ndata:\n  value: ${value}\n`;

describe("a source that reaches for the network", { timeout: 60_000 }, () => {
  let server: Server;
  let url: string;
  let seen = 0;
  beforeAll(async () => {
    server = createServer((_, response) => response.end("kind: List\n"));
    server.on("connection", () => (seen += 1));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // it listens on TCP
  });
  afterAll(() => void server.close());

  const remote = (line: string, column: number, hint = true): string =>
    `${base}:${column}: error: "${line}" is, or may be, on the network` +
    `${hint ? "; bring it into the repository; `flotilla vendor` does" : ""} [remote-reference]`;
  const cases: readonly (readonly [
    string,
    (to: string) => FleetEdits,
    Spec,
    (to: string) => string,
  ])[] = [
    [
      "a resource",
      (to) => withBase(`resources:\n- ${to}/x.yaml\n`),
      kustomize,
      (to) => `${to}/x.yaml`,
    ],
    [
      "a base",
      (to) => withBase(`bases:\n- ${to}/base?ref=main\n`),
      kustomize,
      (to) => `${to}/base?…`,
    ],
    [
      "a component",
      (to) => withBase(`components:\n- git::${to}/c\n`),
      kustomize,
      (to) => `git::${to}/c`,
    ],
    [
      "a schema",
      (to) => withBase(`openapi:\n  path: ${to}/x.json\n`),
      kustomize,
      (to) => `${to}/x.json`,
    ],
    [
      "a patch",
      (to) => withBase(`patches:\n- Path: ${to}/x.yaml\n`),
      kustomize,
      (to) => `${to}/x.yaml`,
    ],
    [
      "a file of a generator",
      (to) => withBase(`configMapGenerator:\n- name: a\n  files: [k=${to}/x]\n`),
      kustomize,
      (to) => `${to}/x`,
    ],
    [
      "a configuration",
      (to) => withBase(`configurations:\n- ${to}/x.yaml\n`),
      kustomize,
      (to) => `${to}/x.yaml`,
    ],
    [
      "an inline transformer",
      (to) =>
        withBase(
          `transformers:\n- |\n  apiVersion: builtin\n  kind: PatchTransformer\n  metadata: { name: p }\n  path: ${to}/x.yaml\n`,
        ),
      kustomize,
      (to) => `${to}/x.yaml`,
    ],
  ];

  it.each(cases)(
    "is refused at its place, and nothing is sent: %s",
    async (...[, edits, source, text]) => {
      const before = seen;
      const [first = "", ...others] = await mistakesOf(toolFleet(source, edits(url)));
      expect(others).toEqual([]);
      expect(first).toContain(`"${text(url)}" is, or may be, on the network`);
      expect(first).toMatch(
        /^kustomize\/base\/kustomization\.yaml:\d+:\d+: error: .*\[remote-reference\]$/,
      );
      expect(seen).toBe(before);
    },
  );

  it.each<[string, (to: string) => FleetEdits]>([
    [
      "a key in letters that Go folds: files",
      (to) => withBase(`configMapGenerator: [{ name: a, file\u017F: ["${to}/x"] }]\n`),
    ],
    [
      "a key in letters that Go folds: envs",
      (to) => withBase(`configMapGenerator: [{ name: a, ENV\u017F: ["${to}/x"] }]\n`),
    ],
    [
      "a value in base64",
      (to) => withBase(`openapi: { path: !!binary ${base64(`${to}/x.json`)} }\n`),
    ],
    [
      "a patch in base64",
      (to) => withBase(`patches: [{ path: !!binary ${base64(`${to}/x.yaml`)} }]\n`),
    ],
    ["a key in base64", (to) => withBase(`openapi: { !!binary cGF0aA==: "${to}/x.json" }\n`)],
    ["a list with a tag", (to) => withBase(`patches: !!omap [{ path: "${to}/x.yaml" }]\n`)],
    [
      "what stands behind a character that ends a comment for kustomize alone",
      (to) => withBase(`# a\u2028openapi: { path: "${to}/x.json" }\nresources: []\n`),
    ],
    [
      "what stands behind a carriage return",
      (to) => withBase(`# a\ropenapi: { path: "${to}/x.json" }\nresources: []\n`),
    ],
    [
      "a folder of plugins that changes its plugins",
      (to) =>
        withBase("generators: [more]\n", {
          "kustomize/base/more/kustomization.yaml": `resources: [p.yaml]\npatches:\n- target: { kind: ConfigMapGenerator }\n  patch: '[{"op":"add","path":"/files","value":["${to}/x"]}]'\n`,
          "kustomize/base/more/p.yaml":
            "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: { name: p }\nliterals: [a=b]\n",
        }),
    ],
    [
      "a folder in a folder of plugins that changes its plugins",
      (to) =>
        withBase("generators: [more]\n", {
          "kustomize/base/more/kustomization.yaml": "resources: [inner]\n",
          "kustomize/base/more/inner/kustomization.yaml": `resources: [p.yaml]\npatchesStrategicMerge:\n- |\n  { apiVersion: builtin, kind: ConfigMapGenerator, metadata: { name: p }, files: ["${to}/x"] }\n`,
          "kustomize/base/more/inner/p.yaml":
            "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: { name: p }\nliterals: [a=b]\n",
        }),
    ],
  ])("is refused before kustomize runs, and nothing is sent: %s", async (...[, edits]) => {
    const before = seen;
    const found = await mistakesOf(toolFleet(kustomize, edits(url)));
    expect(seen).toBe(before);
    expect(found).toEqual([expect.stringMatching(/^kustomize\/base\/.*:\d+:\d+: error: /)]);
    expect(found.join("\n")).not.toContain("kustomize: ");
  });

  it("has folders in Git that look like a URL or a host, and is refused all the same", async () => {
    const edits = withBase("resources: [github.com/flotilla/base]\n", {
      "kustomize/base/github.com/flotilla/base/kustomization.yaml": "resources: []\n",
    });
    expect(await mistakesOf(toolFleet(kustomize, edits))).toEqual([
      remote("github.com/flotilla/base", 1).replace(`${base}:1:`, `${base}:1:13:`),
    ]);
  });

  it("is a schema of values: refused at its line, unless it is not to be read", async () => {
    const schema = `{\n "properties": {\n  "a": { "\\u0024ref": "${url}/x.json" } } }`;
    const edits = { ...chart, "charts/web/charts/cache/values.schema.json": schema };
    const before = seen;
    expect(await mistakesOf(toolFleet(webChart, edits))).toEqual([
      `charts/web/charts/cache/values.schema.json:3:1: error: the schema refers to "${url}/x.json", which Helm would fetch; write the definition into the schema, or set \`helm.skipSchemaValidation\` of the App [remote-reference]`,
    ]);
    const skips = { ...webChart, helm: { skipSchemaValidation: true } };
    expect((await webAt(toolFleet(skips, edits))).size).toBe(5);
    expect(seen).toBe(before);
  });

  it("is a file of values that Helm would take for two, one of them a URL", async () => {
    const path = `values,${url}/x.yaml`.replace("//", "/");
    const source = { ...webChart, helm: { valuesFiles: [path] } };
    const before = seen;
    const found = await webAt(toolFleet(source, { ...chart, [path]: "depth: 3\n" }));
    expect(found.get("example.com_Queue_web_jobs")?.["spec"]).toEqual({ depth: 3 });
    expect(seen).toBe(before);
  });
});

describe("a source that is more than data", { timeout: 60_000 }, () => {
  const chartFunction = `apiVersion: example.com/v1
kind: Anything
metadata:
  name: run
  annotations:
    config.kubernetes.io/function: "exec: { path: ./run.sh }"
`;
  it.each([
    [
      "charts that kustomize inflates",
      withBase("helmCharts: [{ name: a }]\n"),
      `${base}:1:1: error: helmCharts fetches charts or runs programs; give the chart an App of its own, with \`source.chart\` [unsafe-source]`,
    ],
    [
      "a program as generator",
      withBase("generators: [run.yaml]\n", { "kustomize/base/run.yaml": chartFunction }),
      "kustomize/base/run.yaml:1:1: error: Anything runs a program; use what is built into kustomize (`apiVersion: builtin`) [unsafe-source]",
    ],
    [
      "a program in a folder of transformers",
      withBase("transformers: [more]\n", {
        "kustomize/base/more/kustomization.yaml": "resources: [run.yaml]\n",
        "kustomize/base/more/run.yaml": chartFunction,
      }),
      "kustomize/base/more/run.yaml:1:1: error: Anything runs a program; use what is built into kustomize (`apiVersion: builtin`) [unsafe-source]",
    ],
    [
      "an absolute path",
      withBase("resources: [/etc/passwd]\n"),
      `${base}:1:13: error: the path "/etc/passwd" is absolute; name it from this folder [unsafe-source]`,
    ],
    [
      "a path out of the repository",
      withBase("resources: [../../../x.yaml]\n"),
      `${base}:1:13: error: the path "../../../x.yaml" leaves the repository [unsafe-source]`,
    ],
    [
      "a path that leads nowhere",
      withBase("resources: [gone.yaml]\n"),
      `${base}:1:13: error: there is no file or folder "gone.yaml"; what a kustomization names has to be in the repository; dot-folders are not read [missing-source]`,
    ],
    [
      "a field that nobody knows",
      withBase("Resources: [x]\n"),
      `${base}:1:1: error: a kustomization has no field "Resources"; did you mean "resources"? [tool-refused]`,
    ],
    [
      "a second document",
      withBase("resources: []\n---\nresources: []\n"),
      `${base}:1:1: error: a kustomization is one mapping [tool-refused]`,
    ],
  ])("is refused at its place: %s", async (_, edits, expected) => {
    expect(await mistakesOf(toolFleet(kustomize, edits))).toEqual([expected]);
  });

  it("is a link out of the tree, or a packed subchart", async () => {
    const link = {
      path: "charts/web/templates/secret.tpl",
      text: "",
      leftOut: "symbolic links are not followed",
    };
    const packed = { path: "charts/web/charts/more.tgz", text: "\u001f\u008b", isBinary: true };
    const files = [...toolFleet(webChart, chart), link, packed];
    expect(await mistakesOf(files)).toEqual([
      "charts/web/charts/more.tgz: error: a packed subchart is not looked into; unpack it, as `flotilla vendor` does [unsafe-source]",
      "charts/web/templates/secret.tpl: error: symbolic links are not followed; take it out of the chart, or put a plain file there [unsafe-source]",
    ]);
  });

  it("goes round in a circle", async () => {
    const edits = withBase("resources: [../overlays/shop]\n");
    const [told = ""] = await mistakesOf(toolFleet(kustomize, edits));
    expect(told).toMatch(/^apps\/web\.yaml:\d+:\d+: error: kustomize: .*cycle.*\[tool-refused\]$/);
    // Folders are called as the repository calls them.
    expect(told).not.toMatch(/kustomize-[0-9a-f]+|\/tree\b/);
  });
});

describe("a chart that Helm refuses", { timeout: 60_000 }, () => {
  const at = "charts/web/templates/queue.yaml";
  it.each([
    [
      "fails on purpose",
      '\n  {{ fail "no depth" }}\n',
      `${at}:2:6: error: helm: execution error at (web/templates/queue.yaml:2:5): no depth [tool-refused]`,
    ],
    [
      "cannot be parsed",
      "{{ if }}\n",
      `${at}:1:1: error: helm: parse error at (web/templates/queue.yaml:1): missing value for if [tool-refused]`,
    ],
    [
      "renders to what is no YAML",
      "a: b\n c: d\n",
      `${at}: error: helm: YAML parse error on web/templates/queue.yaml: error converting YAML to JSON: yaml: line 2: mapping values are not allowed in this context [tool-refused]`,
    ],
    [
      "renders to no object",
      "a: b\n",
      `${at}: error: rendered: "apiVersion" is missing; every manifest needs apiVersion, kind and metadata.name [invalid-object]`,
    ],
    [
      "has values that the schema refuses",
      "",
      "apps/web.yaml:4:44: error: helm: values don't meet the specifications of the schema(s) in the following chart(s): web: - at '/replicas': got string, want integer [tool-refused]",
    ],
  ])("%s: told at its place", async (name, text, expected) => {
    const spec = name.includes("schema") ? { values: { replicas: "many" } } : {};
    expect(await mistakesOf(toolFleet(webChart, withTemplate(text), spec))).toEqual([expected]);
  });
});

describe("a chart that is large or long where nobody expects it", { timeout: 60_000 }, () => {
  it("has a schema with a million items, and a template with as many empty lines", async () => {
    const schema = `{ "enum": [${"1,".repeat(1_000_000)}1] }`;
    const lines = `${"\n".repeat(1_000_000)}# no source\n${configMap("x")}`;
    const edits = { ...withTemplate(lines), "charts/web/charts/cache/values.schema.json": schema };
    const skips = { ...webChart, helm: { skipSchemaValidation: true } };
    expect((await webAt(toolFleet(skips, edits))).size).toBe(5);
    expect(await mistakesOf(toolFleet(webChart, edits))).toEqual([
      expect.stringContaining("[tool-refused]"),
    ]);
  });

  it("fails with a very long word", async () => {
    const [told = ""] = await mistakesOf(
      toolFleet(webChart, withTemplate('{{ fail (repeat 60000 "a") }}')),
    );
    expect(told).toMatch(
      /^charts\/web\/templates\/queue\.yaml:1:4: error: helm: .*a… \[tool-refused\]$/,
    );
  });
});

describe("a chart that is another one each time", { timeout: 60_000 }, () => {
  const hint =
    "give the value in Git, or have it made in the cluster; functions such as randAlphaNum, genCA and now give another one each time, and `keys` and `values` another order, unless it is sorted (`keys .Values.a | sortAlpha`) [unrepeatable]";
  const told = (field: string): string =>
    `charts/web/templates/queue.yaml: error: ConfigMap made is another one each time it is rendered, in ${field}; ${hint}`;
  it.each([
    ["randAlphaNum", "{{ randAlphaNum 8 | quote }}", ".data.value"],
    ["uuidv4", "{{ uuidv4 }}", ".data.value"],
    ["genCA", '{{ (genCA "ca" 1).Cert | quote }}', ".data.value"],
    ["the second", "{{ now | unixEpoch | quote }}", ".data.value"],
    ["the year", '{{ now | date "2006" | quote }}', ".data.value"],
    ["a bare date", '"{{ now.Year }}"', ".data.value"],
  ])("is refused with object and field: %s", async (_, value, field) => {
    expect(await mistakesOf(toolFleet(webChart, withTemplate(configMap(value))))).toEqual([
      told(field),
    ]);
  });

  it.each([
    ["bcrypt", '{{ bcrypt "x" | quote }}'],
    ["htpasswd", '{{ htpasswd "a" "x" | quote }}'],
    ["encryptAES", '{{ encryptAES "k" "x" | quote }}'],
    ["shuffle", '{{ shuffle "abcdefghijklmnopqrstuvwxyz" }}'],
    ["randBytes", "{{ randBytes 9 | quote }}"],
    ["randInt", '"{{ randInt 0 1000000000 }}"'],
    ["genPrivateKey", '{{ genPrivateKey "ecdsa" | quote }}'],
    ["genSelfSignedCert", '{{ (genSelfSignedCert "a" nil nil 1).Key | quote }}'],
    ["what values say", "{{ tpl .Values.code . | quote }}"],
  ])("is rendered twice for it: %s", async (_, value) => {
    const spec = { values: { code: '{{ print "x" }}{{ randAlpha 9 }}' } };
    const files = toolFleet(webChart, withTemplate(configMap(value)), spec);
    expect(await mistakesOf(files)).toEqual([told(".data.value")]);
  });

  it.each([
    ["of a subchart", "{{ print .Subcharts.cache | b64enc }}"],
    [
      "out of a map",
      '{{ include "x" (dict "a" $) | b64enc }}{{ define "x" }}{{ print .a }}{{ end }}',
    ],
    ["with a flag", '{{ printf "%#p" .Values | quote }}'],
    ["by its position", '{{ printf "%[1]p" .Values | quote }}'],
  ])("is refused where it tells an address: %s", async (_, value) => {
    expect(await mistakesOf(toolFleet(webChart, withTemplate(configMap(value))))).toEqual([
      told(".data.value"),
    ]);
  });

  it("may have tests that are: they are left out", async () => {
    const meta = `{ name: "t-{{ randAlphaNum 5 | lower }}", annotations: { helm.sh/hook: test } }`;
    const text = `apiVersion: v1\nkind: Pod\nmetadata: ${meta}\n---\n${configMap("same")}`;
    expect((await webAt(toolFleet(webChart, withTemplate(text)))).size).toBe(5);
  });

  it("may name such functions where they do not matter", async () => {
    const text = `{{ if .Values.never }}{{ randAlphaNum 8 }}{{ now }}{{ end }}${configMap("same")}`;
    expect((await webAt(toolFleet(webChart, withTemplate(text)))).size).toBe(5);
  });
});

describe("a chart with hooks", { timeout: 60_000 }, () => {
  const job = (image: string): string => `apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations: { helm.sh/hook: "pre-install,pre-upgrade", helm.sh/hook-weight: "-5", note: kept }
spec:
  template:
    spec: { restartPolicy: Never, containers: [{ name: migrate, image: "${image}" }] }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: last-words, annotations: { helm.sh/hook: pre-delete } }
`;

  it("is refused, with what can be done", async () => {
    const [first, ...others] = await mistakesOf(toolFleet(webChart, withTemplate(job("a:1"))));
    expect(first).toBe(
      "charts/web/templates/queue.yaml: error: ConfigMap last-words is a hook (pre-delete), which nothing would run; turn it off in the values, or set `helm.hooks: apply` of the App: then it is applied like the other objects, and a Job runs whenever its content changes [helm-hook]",
    );
    expect(others).toHaveLength(1);
  });

  it("is told all that is in a List that is a hook, and gets nothing of one of deletion", async () => {
    const items = `items: [{ apiVersion: v1, kind: ConfigMap, metadata: { name: made } }]\n`;
    const list = (hook: string): FleetEdits =>
      withTemplate(
        `apiVersion: v1\nkind: List\nmetadata: { annotations: { helm.sh/hook: "${hook}" } }\n${items}`,
      );
    expect(await mistakesOf(toolFleet(webChart, list("pre-delete")))).toEqual([
      expect.stringContaining("ConfigMap made is a hook (pre-delete), which nothing would run"),
    ]);
    const applying = { ...webChart, helm: { hooks: "apply" } };
    const made = "_ConfigMap_web_made";
    expect((await webAt(toolFleet(applying, list("pre-delete")))).has(made)).toBe(false);
    expect((await webAt(toolFleet(applying, list("post-install")))).get(made)?.metadata).toEqual({
      name: "made",
      namespace: "web",
    });
    expect((await webAt(toolFleet(webChart, list("test")))).has(made)).toBe(false);
  });

  it("gets ordinary objects of them where the App says so; another Job where its content is another", async () => {
    const source = { ...webChart, helm: { hooks: "apply" } };
    const jobs = async (image: string): Promise<unknown[]> => {
      const found = await webAt(toolFleet(source, withTemplate(job(image))));
      expect([...found.keys()].some((id) => id.includes("last-words"))).toBe(false);
      return [...found.values()]
        .filter(({ kind }) => kind === "Job")
        .map(({ metadata }) => metadata);
    };
    const first = await jobs("a:1");
    expect(first).toEqual([
      {
        name: expect.stringMatching(/^migrate-[0-9a-f]{8}$/),
        namespace: "web",
        annotations: { note: "kept" },
      },
    ]);
    expect(await jobs("a:1")).toEqual(first);
    expect(await jobs("a:2")).not.toEqual(first);
  });
});

describe("what cannot be found out", { timeout: 60_000 }, () => {
  const files = toolFleet(webChart, chart);

  it("is no mistake of the fleet: a chart that takes too long", async () => {
    const loop = withTemplate("{{ range until 100000 }}{{ range until 100000 }}{{ end }}{{ end }}");
    const tools = await realTools({ limits: { timeoutMs: 1500 } });
    await expect(mistakesOf(toolFleet(webChart, loop), tools)).rejects.toMatchObject({
      code: "TOOL_FAILED",
      message: "helm did not end within 1.5 s",
    });
  });

  it("is no mistake of the fleet: a chart that eats memory", async () => {
    const eater = withTemplate(
      '{{ $x := "xxxxxxxx" }}{{ range until 40 }}{{ $x = print $x $x }}{{ end }}',
    );
    const tools = await realTools({ limits: { maxMemory: 1024 * 1024 } });
    await expect(mistakesOf(toolFleet(webChart, eater), tools)).rejects.toMatchObject({
      code: "TOOL_FAILED",
      message: expect.stringMatching(/^helm broke \(/),
    });
  });

  it("is the version: another one is there, or none", async () => {
    const pinned = { "fleet.yaml": fleetYaml({ tools: { helm: "3.9.9" } }) };
    await expect(mistakesOf(toolFleet(webChart, { ...chart, ...pinned }))).rejects.toMatchObject({
      code: "TOOL_VERSION",
      message: expect.stringMatching(/^the Fleet names helm 3\.9\.9, but \/.*\/helm is 4\.2\.3$/),
    });
    const [folder, other] = [emptyFolder(), join(emptyFolder(), "link")];
    await writeFile(join(folder, "helm"), "#!/bin/sh\necho v9.9.9\n");
    await chmod(join(folder, "helm"), 0o755);
    await symlink(folder, other);
    const twice = await realTools({ path: `${folder}:${other}` });
    await expect(mistakesOf(files, twice)).rejects.toMatchObject({
      message: expect.stringMatching(/, but [^,]+\/helm is 9\.9\.9$/),
    });
    const none = await realTools({ path: emptyFolder() });
    await expect(mistakesOf(files, none)).rejects.toMatchObject({ code: "TOOL_MISSING" });
  });

  it("does not hide the mistakes that are certain", async () => {
    const none = await realTools({ path: emptyFolder() });
    const broken = toolFleet(webChart, { ...chart, "sites/e2.yaml": "kind: Site\n" });
    expect((await mistakesOf(broken, none)).length).toBeGreaterThan(0);
  });

  it("takes the right one of several programs, and asks no script for more than its version", async () => {
    const folder = emptyFolder();
    await writeFile(join(folder, "helm"), "#!/bin/sh\necho v9.9.9\n");
    await chmod(join(folder, "helm"), 0o755);
    const real = await realTools();
    const { toolFolder } = await import("../../support/kubectl.ts");
    const both = await realTools({ path: `${folder}:${await toolFolder()}` });
    expect(await webAt(files, "e1", both)).toEqual(await webAt(files, "e1", real));
  });

  it("is too long a result: a mistake, for it is that on every machine", async () => {
    const tools = await realTools({ limits: { maxOutput: 500 } });
    expect(await mistakesOf(files, tools)).toEqual([
      "apps/web.yaml:4:44: error: helm: it renders to more than 500 bytes [tool-refused]",
    ]);
  });
});

describe("a Fleet that pins nothing", () => {
  it("is told so at each source", async () => {
    const unpinned = { "fleet.yaml": fleetYaml() };
    expect(await mistakesOf(toolFleet(webChart, { ...chart, ...unpinned }))).toEqual([
      "apps/web.yaml:4:44: error: the Fleet does not say which version of helm renders this; write the version under `tools.helm` of the Fleet, as `helm version` tells it [unpinned-tool]",
    ]);
  });
});
