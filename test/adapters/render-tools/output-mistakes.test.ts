import { describe, expect, it } from "vitest";
import { documentYaml } from "../../support/fleet.ts";
import { mistakesOf, toolFleet } from "../../support/render-tools.ts";
import { chart } from "../../support/tool-sources.ts";

const at = "charts/web/templates/more.yaml";
const mistakes = (text: string): Promise<readonly string[]> =>
  mistakesOf(toolFleet({ chart: "charts/web" }, { ...chart, [at]: text }));

const map = (name: string, rest: string): string =>
  `---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n${rest}\n`;

describe("a mistake in what a chart renders to", { timeout: 60_000 }, () => {
  it("names its object, each object for itself", async () => {
    const text = map("one", "data: {a: 5}") + map("two", "data: {a: 5}");

    expect(await mistakes(text)).toEqual([
      `${at}: error: ConfigMap web/one: data: "a" must be text, not the number 5; quote it [invalid-object]`,
      `${at}: error: ConfigMap web/two: data: "a" must be text, not the number 5; quote it [invalid-object]`,
    ]);
  });

  it("tells all that is wrong with one object, also where it is the same of several fields", async () => {
    const text =
      "apiVersion: v1\nkind: Service\nmetadata: {name: one}\nspec: {ports: [{name: a, port: 0}, {name: B_, port: 0, protocol: UDP}]}\n";
    const port = "port must be from 1 to 65535, not 0 [invalid-object]";

    expect(await mistakes(text)).toEqual([
      `${at}: error: Service web/one: spec.ports[0].port: ${port}`,
      expect.stringContaining(`${at}: error: Service web/one: spec.ports[1].name: port name "B_"`),
      `${at}: error: Service web/one: spec.ports[1].port: ${port}`,
    ]);
  });

  it("names the container of each mistake that several have", async () => {
    const container = (name: string): string =>
      `{name: ${name}, resources: {requests: {cpu: 2}, limits: {cpu: 1}}, ports: [{containerPort: 0}]}`;
    const text = `apiVersion: v1\nkind: Pod\nmetadata: {name: one}\nspec: {containers: [${container("a")}, ${container("b")}]}\n`;

    const fields = (await mistakes(text)).map((each) => each.split(": ")[3]);
    expect(fields).toEqual([
      "spec.containers[0].ports[0].containerPort",
      "spec.containers[0].resources",
      "spec.containers[1].ports[0].containerPort",
      "spec.containers[1].resources",
      "spec.containers[0].image",
      "spec.containers[1].image",
    ]);
  });

  it("names the object whose namespace is none", async () => {
    const text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one, namespace: A_b}\n";

    expect(await mistakes(text)).toEqual([
      `${at}: error: ConfigMap A_b/one: metadata.namespace must be an RFC 1123 label, not "A_b" [wrong-namespace]`,
    ]);
  });

  it("names object and field of a number that cannot be kept", async () => {
    const text = map("one", "data: {a: b}") + map("two", "data: {list: [9007199254740993]}");

    expect(await mistakes(text)).toEqual([
      `${at}: error: rendered: ConfigMap two: data.list[0]: the integer is beyond 2^53 and would lose digits; quote it if it is text [invalid-object]`,
    ]);
  });

  it("is told of deep nesting", async () => {
    const text = map("one", `data: {a: {{ repeat 201 "[" }}{{ repeat 201 "]" }}}`);

    expect(await mistakes(text)).toEqual([
      `${at}: error: rendered: nested deeper than 200 levels [yaml-limit]`,
    ]);
  });
});

describe("a mistake that a chart makes at some sites", { timeout: 60_000 }, () => {
  const service = `apiVersion: v1
kind: Service
metadata: { name: "{{ .Values.name }}" }
spec: { ports: [{ port: {{ .Values.port }} }] }
`;
  const atDepots = async (values: object, text = service): Promise<readonly string[]> => {
    const spec = {
      values: { name: "x", port: 80, needed: true },
      overlays: [{ virtualSites: ["depots"], values }],
    };
    return mistakesOf(toolFleet({ chart: "charts/web" }, { ...chart, [at]: text }, spec));
  };

  it.each<[string, object, string?]>([
    ["of an object", { name: "Bad" }],
    ["that is seen behind overlays", { port: 99999 }],
    ["of a type that is seen behind overlays", { port: '"x"' }],
    ["that is no YAML", { port: "[1" }],
    [
      "that Helm tells",
      { needed: null },
      `{{ if not .Values.needed }}{{ fail "it is needed" }}{{ end }}`,
    ],
  ])("is told with them: %s", async (_, values, text) => {
    const told = await atDepots(values, text);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/^charts\/web\/templates\/more\.yaml:.* \(at site e2 and 1 more\)/);
  });

  it("is told without them where it is at all sites", async () => {
    const told = await atDepots({ other: 1 }, service.replace("{{ .Values.name }}", "Bad"));
    expect(told).toHaveLength(1);
    expect(told[0]).not.toContain("at site");
  });

  it("is told without them where it is at all sites behind overlays", async () => {
    const told = await atDepots({ other: 1 }, service.replace("{{ .Values.port }}", "99999"));
    expect(told).toEqual([expect.stringContaining("port must be from 1 to 65535, not 99999 [")]);
  });

  const closed = {
    "c/Chart.yaml": "apiVersion: v2\nname: closed\nversion: 1.0.0\n",
    "c/values.schema.json": JSON.stringify({
      type: "object",
      additionalProperties: false,
      properties: { a: {} },
    }),
    "c/templates/x.yaml": map("one", "data: {a: b}"),
  };

  it("names the file of a Site whose value a closed schema does not know", async () => {
    const site = documentYaml(
      "Site",
      { name: "e1", labels: { ring: "canary", tier: "shop" } },
      { region: "east", values: { tillSlots: 4 } },
    );
    const edits = { ...closed, "sites/e1.yaml": site };
    expect(await mistakesOf(toolFleet({ chart: "c" }, edits))).toEqual([
      expect.stringMatching(
        /additional properties 'tillSlots' not allowed \(at site e1\); `tillSlots` is a value of the Site, at sites\/e1\.yaml:\d+:\d+, and every chart/,
      ),
    ]);
  });

  it.each([
    ["values", { values: { tillSlots: 4 } }, 'profile "small"'],
    [
      "values of an overlay",
      { overlays: [{ name: "slots", values: { tillSlots: 4 } }] },
      'profile "small", overlay "slots"',
    ],
  ])("names the file of a Profile whose %s it does not know", async (_, spec, title) => {
    const edits = {
      ...closed,
      "profiles/small.yaml": documentYaml("Profile", { name: "small" }, spec),
    };
    const [told, ...more] = await mistakesOf(
      toolFleet({ chart: "c" }, edits, { profile: "small" }),
    );
    expect(more).toEqual([]);
    expect(told).toContain(
      `additional properties 'tillSlots' not allowed; \`tillSlots\` is a value of the ${title}, at profiles/small.yaml:4:`,
    );
    expect(told).toContain("every chart with this profile gets those; allow it in the schema");
  });

  it("blames no Profile for a value that the App has too", async () => {
    const profile = documentYaml("Profile", { name: "small" }, { values: { tillSlots: 4 } });
    const edits = { ...closed, "profiles/small.yaml": profile };
    const app = { profile: "small", values: { tillSlots: 5 } };
    const told = await mistakesOf(toolFleet({ chart: "c" }, edits, app));
    expect(told.join("\n")).toContain("additional properties 'tillSlots' not allowed");
    expect(told.join("\n")).not.toContain("profiles/small.yaml");
  });
});
