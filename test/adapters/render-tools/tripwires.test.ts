import { execFile } from "node:child_process";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { renderRequest } from "../../../src/adapters/render-tools/render-request.ts";
import { defaultLimits } from "../../../src/adapters/render-tools/run-program.ts";
import { TripMemory } from "../../../src/adapters/render-tools/trip-memory.ts";
import { WorkFolder } from "../../../src/adapters/render-tools/work-folder.ts";
import type { SourceFile } from "../../../src/core/model/fleet-model.ts";
import { loadFleet } from "../../../src/core/model/load-fleet.ts";
import { neededByLoaded } from "../../../src/core/render/render-files.ts";
import type { ToolOutput } from "../../../src/core/render/tools/tool-output.ts";
import type { ToolRequest } from "../../../src/core/render/tools/tool-requests.ts";
import { withTripwires } from "../../../src/core/render/tools/tripwires.ts";
import { systemClock } from "../../../src/runtime/system-clock.ts";
import { type FleetEdits, siteYaml, type Spec } from "../../support/fleet.ts";
import { folderWith } from "../../support/folder.ts";
import { toolFolder } from "../../support/kubectl.ts";
import { countedTools, realTools, toolFleet, webAt } from "../../support/render-tools.ts";
import { chart } from "../../support/tool-sources.ts";

const queue = "charts/web/templates/queue.yaml";
const configMap = (value: string, name = "made"): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\ndata:\n  value: ${value}\n`;
const withTemplate = (text: string): FleetEdits => ({ ...chart, [queue]: text });
const fleetOf = (edits: FleetEdits, values: Spec = {}): SourceFile[] =>
  toolFleet({ chart: "charts/web" }, edits, { values });

function requestOf(files: readonly SourceFile[]): ToolRequest {
  const [request] = neededByLoaded(loadFleet(files));
  if (request === undefined) throw new Error("nothing is rendered");
  return request;
}

/** What the real helm writes for files; undefined where it refuses them. */
async function written(
  request: ToolRequest,
  files: readonly SourceFile[],
): Promise<string | undefined> {
  const values = { path: "values.json", text: JSON.stringify(request.chart?.values) };
  const cwd = folderWith([...files, values]);
  const helm = join(await toolFolder(), "helm");
  const args = ["template", "web", "charts/web", "--include-crds", "--values=values.json"];
  return new Promise((resolve) => {
    execFile(helm, args, { cwd, env: { HOME: cwd, TZ: "UTC" } }, (error, stdout) => {
      resolve(error === null ? stdout : undefined);
    });
  });
}

/** With tripwires, and as the chart is. */
async function bothOf(files: readonly SourceFile[]): Promise<(string | undefined)[]> {
  const request = requestOf(files);
  const wired = withTripwires(request);
  if (wired === undefined) throw new Error("there are no tripwires");
  return Promise.all([written(request, wired.files), written(request, request.source.files)]);
}

const bitnami = `{{- define "common.tplvalues.render" -}}
{{- $value := typeIs "string" .value | ternary .value (.value | toYaml) }}
{{- if contains "{{" (toJson .value) }}
{{- tpl $value .context }}
{{- else }}
{{- $value }}
{{- end }}
{{- end -}}
`;
const called =
  '{{ include "common.tplvalues.render" (dict "value" .Values.text "context" $) | quote }}';

describe("a chart with tripwires", { timeout: 60_000 }, () => {
  it.each<[string, FleetEdits, Spec?]>([
    [
      "names what varies behind a condition",
      withTemplate(
        `{{ if .Values.never }}{{ randAlphaNum 8 }}{{ now }}{{ end }}${configMap('{{ default (.Values.a | default "x") .Values.b }}')}`,
      ),
    ],
    [
      "does not get as far as that",
      withTemplate(configMap('{{ and .Values.never uuidv4 | quote }}{{ or "a" (shuffle "b") }}')),
    ],
    ["sorts keys", withTemplate(configMap('{{ keys .Values | sortAlpha | join "," | quote }}'))],
    ["looks up", withTemplate(configMap('{{ lookup "v1" "Secret" "a" "b" | toJson | quote }}'))],
    [
      "shows all files that it may see",
      {
        ...withTemplate(
          configMap(
            '{{ range $p, $f := .Files.Glob "**" }}{{ $p }}{{ $f | toString | sha256sum }}{{ end }}{{ .Template }}{{ len .Subcharts }}{{ if .Values.never }}{{ now }}{{ end }}',
          ),
        ),
        "charts/web/files/templates/a.tpl": "{{ now }}",
        "charts/web/charts/cache/templates/x.prov": "{{ now }}",
        "charts/web/crds/templates/x.yaml": "# {{ now }}\n",
      },
    ],
    [
      "has such names in definitions, texts, comments, fields and variables",
      withTemplate(
        `{{ define "now" }}{{/* uuidv4 don't */}}now{{ end }}{{ $now := dict "keys" 1 "énow" 2 }}` +
          configMap(
            '{{ include "now" . }}{{ $now.keys }}{{ $now.énow }}{{ `{{ now }}` | quote }}{{- if false }}{{ now }}{{ end -}}  ',
          ),
      ),
    ],
    [
      "has them in a subchart and in its notes",
      {
        ...chart,
        "charts/web/charts/cache/templates/a.yaml": `{{ if .Values.never }}{{ genCA "a" 1 }}{{ end }}`,
        "charts/web/templates/NOTES.txt": "{{ if .Values.never }}{{ now }}{{ end }}",
      },
    ],
    [
      "gives tpl a text without actions",
      { ...withTemplate(configMap(called)), "charts/web/templates/_common.tpl": bitnami },
      { text: "now <no value> \u00e9" },
    ],
    [
      "gives tpl a plain text",
      { ...withTemplate(configMap(called)), "charts/web/templates/_common.tpl": bitnami },
      {
        text: '{{ include "web.labels" . | trim }} {{ .Release.Name }} values: {{- .Values.none -}}',
      },
    ],
    [
      "gives tpl a raw text with actions",
      { ...withTemplate(configMap(called)), "charts/web/templates/_common.tpl": bitnami },
      { text: "{{`{{ $labels.now | now }}`}} {{ .Release.Name }}" },
    ],
    [
      "gives tpl a file, and the result to tpl",
      {
        ...withTemplate(configMap('{{ tpl (tpl (.Files.Get "files/a.txt") .) $ | quote }}')),
        "charts/web/files/a.txt": '{{ .Release.Name | printf "%s-x" | upper }}{{ print "{" }}',
      },
    ],
    [
      "is no UTF-8 in a template",
      withTemplate(`# \u00ff\n${configMap("{{ if .Values.never }}{{ now }}{{ end }}x")}`),
    ],
  ])("renders to the same where it %s", async (_, edits, values) => {
    const [wired, plain] = await bothOf(fleetOf(edits, values));
    expect(plain).toContain("kind: Deployment");
    expect(wired).toBe(plain);
  });

  it.each<[string, string, Spec?]>([
    ["a random one", "{{ randAlphaNum 8 }}"],
    ["one at the end of a pipe", "{{ 8 | randAlphaNum }}"],
    ["one that is given a text", '{{ bcrypt "x" | quote }}'],
    ["one by its result alone", "{{ if now }}x{{ end }}"],
    ["one within brackets", "{{ print (now).Year | quote }}"],
    ["one whose result is not shown", "{{ $x := uuidv4 }}x"],
    [
      "one in a template that is included",
      '{{ define "a" }}{{ shuffle "abc" }}{{ end }}{{ include "a" . }}',
    ],
    ["one in a text that tpl is given", "{{ tpl .Values.code . }}", { code: "{{ uuidv4 }}" }],
    [
      "one in a text that is put together",
      '{{ tpl (printf "{{ %s }}" .Values.code) . }}',
      { code: "uuidv4" },
    ],
    [
      "one in a text within a text",
      "{{ tpl .Values.code . }}",
      { code: '{{ tpl "{{ uuidv4 }}" . }}' },
    ],
    [
      "one that a text names by a variable",
      "{{ tpl .Values.code . }}",
      { code: "{{ $x := uuidv4 }}" },
    ],
    [
      "all that Helm gives, by tpl",
      "{{ tpl .Values.code . }}",
      { code: "{{ . | toString | sha256sum }}" },
    ],
    ["tpl with what is no text", "{{ tpl 1 . }}"],
  ])("fails where it calls %s", async (_, value, values) => {
    const [wired] = await bothOf(fleetOf(withTemplate(configMap(value)), values));
    expect(wired).toBeUndefined();
  });

  it.each([
    "randNothing 8",
    "now | 5",
    "uuidv4.",
    "(now",
    'genCA"a"',
    "end",
    "tpl .a .) ",
    'tpl "a".b .',
    "tpl ..b .",
    "nowé",
  ])("is refused where the chart is, though it is never called: {{ %s }}", async (call) => {
    const text = `{{ if .Values.never }}{{ ${call} }}{{ now }}{{ end }}${configMap("x")}`;
    const files = fleetOf(withTemplate(text));
    const request = requestOf(files);
    const wired = withTripwires(request);
    expect(await written(request, request.source.files)).toBeUndefined();
    expect(wired && (await written(request, wired.files))).toBeUndefined();
  });

  const names = [
    "now",
    "randAlpha 3",
    "uuidv4",
    "keys .Values",
    "tpl .Values.plain .",
    "tpl .Values.code .",
  ];
  const others = [
    ".Values.a",
    '"now"',
    "`{{ now }}`",
    "$.Values.now",
    ".Release.Name",
    '(print "}}" 1)',
  ];
  const operand = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...names) },
    { weight: 9, arbitrary: fc.constantFrom(...others) },
  );
  const call = fc.oneof(
    operand,
    operand.map((a) => `(${a}) | toString`),
    fc.tuple(operand, operand).map(([a, b]) => `and (${a}) (${b})`),
    fc.tuple(operand, operand).map(([a, b]) => `or (${a}) (${b})`),
    fc.tuple(operand, operand).map(([a, b]) => `ternary "a" "b" (eq (${a}) (${b}))`),
  );
  const action = fc.oneof(
    call.map((text) => `{{ ${text} }}`),
    call.map((text) => `{{- ${text} -}}`),
    fc
      .tuple(call, call, call)
      .map(([a, b, c]) => `{{ if ${a} }}{{ ${b} }}{{ else }}{{ ${c} }}{{ end }}`),
    call.map((text) => `{{ range .Values.none }}{{ ${text} }}{{ end }}`),
    call.map((text) => `{{/* ${text} */}}`),
    fc.constantFrom("now", " }} ", "\n  # '\n", "{ {", '"'),
  );

  it("renders to what the chart renders to each time, whatever it is, or fails", async () => {
    const outcomes = { fails: 0, passes: 0 };
    const property = fc.asyncProperty(fc.array(action, { maxLength: 3 }), async (parts) => {
      const never = "{{ if .Values.never }}{{ now }}{{ end }}";
      const text = `${configMap("x")}  # ${never}${parts.join("")}\n`;
      const values = { a: "1", plain: "{{ .Release.Name }}", code: "{{ uuidv4 }}" };
      const files = fleetOf(withTemplate(text), values);
      if (withTripwires(requestOf(files)) === undefined) return;
      const [wired, plain] = await bothOf(files);
      outcomes[wired === undefined ? "fails" : "passes"] += 1;
      expect(wired ?? plain).toBe(plain);
    });
    await fc.assert(property, { numRuns: 20 });
    expect(Math.min(outcomes.fails, outcomes.passes)).toBeGreaterThan(0);
  });
});

/** The outcome of a request; `isTwice`: as for a chart that is known to trip. */
async function outcomeOf(files: readonly SourceFile[], isTwice: boolean): Promise<ToolOutput> {
  const request = requestOf(files);
  const trips = new TripMemory();
  if (isTwice) trips.tripped(request.source.digest);
  const work = await WorkFolder.create(tmpdir());
  try {
    return await renderRequest(request, {
      tool: { program: join(await toolFolder(), "helm"), kind: "helm" },
      work,
      slots: (run) => run(),
      trips,
      limits: defaultLimits,
      clock: systemClock(),
      signal: undefined,
    });
  } finally {
    await work.remove();
  }
}

describe("a chart that may vary", { timeout: 60_000 }, () => {
  it.each<[string, FleetEdits, Spec?]>([
    ["is the same", withTemplate(`{{ if .Values.never }}{{ now }}{{ end }}${configMap("x")}`)],
    ["calls what does not show", withTemplate(`{{ $x := uuidv4 }}${configMap("x")}`)],
    ["calls it in its notes", { ...chart, "charts/web/templates/NOTES.txt": "{{ randAlpha 3 }}" }],
    [
      "hides what is added to it",
      {
        ...withTemplate(configMap("{{ tpl .Values.text . }}")),
        "charts/web/.helmignore": "templates/_flotilla*\n",
      },
      { text: "{{ .Release.Name }}" },
    ],
    ["is another one", withTemplate(configMap("{{ randAlpha 9 }}"))],
    ["fails", withTemplate('a\n {{ fail "no" }}{{ now }}')],
    ["fails behind a call", withTemplate('{{ now }}\n{{ tpl .Values.code . }} {{ fail "no" }}')],
    [
      "gives tpl what fails",
      withTemplate("x: {{ now }}\ny: {{ tpl .Values.code . }}"),
      { code: "{{ fail }}" },
    ],
    ["calls what there is not", withTemplate("{{ now }}\n {{ randNothing }}")],
    ["is no YAML", withTemplate("a: b\n c: d\n{{ if false }}{{ now }}{{ end }}")],
    ["has another schema", chart, { replicas: "many" }],
  ])(
    "has the same outcome, word for word, as by two renderings: it %s",
    async (_, edits, values) => {
      const files = fleetOf(edits, values);
      expect(await outcomeOf(files, false)).toEqual(await outcomeOf(files, true));
    },
  );

  const sites = (count: number): FleetEdits =>
    Object.fromEntries(
      Array.from({ length: count }, (_, site) => [
        `sites/more-${site}.yaml`,
        siteYaml(`more-${site}`, {
          region: "east",
          labels: { ring: "main", tier: "shop" },
          spec: { values: { site } },
        }),
      ]),
    );
  const runsFor = async (text: string, values: Spec = {}, path?: string): Promise<number[]> => {
    const { path: counted, runs } = await countedTools();
    const tools = await realTools({ path: path ?? counted });
    const counts: number[] = [];
    for (const count of [0, 4]) {
      const before = await runs();
      await webAt(fleetOf({ ...withTemplate(text), ...sites(count) }, values), "e1", tools);
      counts.push((await runs()) - before);
    }
    return counts;
  };

  it("is rendered once where it does not call what varies", async () => {
    const text = `{{ if .Values.never }}{{ now }}{{ randAlpha 3 }}{{ end }}${configMap("{{ tpl .Values.text . }}")}`;
    expect(await runsFor(text, { text: "{{ .Release.Name }}" })).toEqual([1, 4]);
  });

  it("is rendered twice where it does, and is known for it from the first time on", async () => {
    expect(await runsFor(`{{ $x := uuidv4 }}${configMap("x")}`)).toEqual([3, 8]);
  });

  it("is tried for no more of many sites than run at once", async () => {
    const { path, runs } = await countedTools();
    const edits = { ...withTemplate(`{{ $x := uuidv4 }}${configMap("x")}`), ...sites(9) };
    await webAt(fleetOf(edits), "e1", await realTools({ path }));
    const variants = 10;
    expect((await runs()) - 2 * variants).toBeLessThanOrEqual(
      Math.min(variants, availableParallelism()),
    );
  });

  it("is tried again where it was refused for something else", async () => {
    const { path, runs } = await countedTools();
    const tools = await realTools({ path });
    const text = `{{ if .Values.never }}{{ now }}{{ end }}${configMap('{{ required "x" .Values.x }}')}`;
    await expect(webAt(fleetOf(withTemplate(text)), "e1", tools)).rejects.toThrow(
      "execution error",
    );
    const before = await runs();
    await webAt(fleetOf(withTemplate(text), { x: "given" }), "e1", tools);
    expect((await runs()) - before).toBe(1);
  });
});
