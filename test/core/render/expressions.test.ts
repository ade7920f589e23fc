import { describe, expect, it } from "vitest";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import { renderFiles } from "../../../src/core/render/render-files.ts";
import type { RenderedObject } from "../../../src/core/render/rendered.ts";
import {
  type FleetEdits,
  aFleet,
  appYaml,
  configMapYaml,
  regionYaml,
  siteYaml,
  virtualSiteYaml,
} from "../../support/fleet.ts";

const manifest = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "example.com/web:1"}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {a: "1"}
`;

const settings = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings" } };

/** The fleet with app `web` of these overlays and values, at all four sites. */
const edits = (spec: object, more: FleetEdits = {}): FleetEdits => ({
  "apps/web.yaml": appYaml("web", { spec: { ...spec } }),
  "manifests/web/deployment.yaml": manifest,
  "manifests/web/settings.yaml": null,
  ...more,
});

const setting = (data: object, virtualSite = "all"): object => ({
  overlays: [{ virtualSites: [virtualSite], patches: [{ merge: { ...settings, data } }] }],
});

function objectsAt(site: string, given: FleetEdits): Record<string, RenderedObject["object"]> {
  const fleet = renderFiles(aFleet(given));
  if (!fleet.ok) throw new Error(fleet.diagnostics.map(formatDiagnostic).join("\n"));
  const tree = fleet.rendered.apps.get("web")?.sites.get(site) ?? "";
  const objects = fleet.rendered.variants.get(tree)?.objects ?? [];
  return Object.fromEntries(objects.map(({ object }) => [object.kind, object]));
}

const dataAt = (site: string, given: FleetEdits): unknown =>
  objectsAt(site, given)["ConfigMap"]?.["data"];

const problems = (given: FleetEdits): string[] =>
  renderFiles(aFleet(given)).diagnostics.map(formatDiagnostic);

const variantsOf = (given: FleetEdits): number | undefined => {
  const fleet = renderFiles(aFleet(given));
  return fleet.ok ? new Set(fleet.rendered.apps.get("web")?.sites.values()).size : undefined;
};

const facts: FleetEdits = {
  "virtual-sites/first.yaml": virtualSiteYaml("first", "ring=canary"),
  "sites/e1.yaml": siteYaml("e1", {
    region: "east",
    labels: { ring: "canary", tier: "shop" },
    spec: { address: "e1.example", values: { slots: 3, colours: ["red"] } },
  }),
  "sites/e2.yaml": siteYaml("e2", {
    region: "east",
    labels: { ring: "main", tier: "depot" },
    spec: { address: "10.0.0.2" },
  }),
  "regions/east.yaml": regionYaml("east", { timeZone: "Europe/Oslo" }),
};

describe("expressions", () => {
  it.each([
    ["${site.name}", "e1"],
    ["${site.name} in ${region.name} of ${fleet.name}", "e1 in east of test"],
    ["${site.labels.tier.upperAscii()}", "SHOP"],
    ["${site.address}:8080", "e1.example:8080"],
    ["${site.timeZone}", "Europe/Oslo"],
    ["${string(values.slots * 2)}", "6"],
    ["n${values.slots + 1}", "n4"],
    ["${values.colours.join('+')}", "red"],
    ["$${site.name}", "${site.name}"],
    ["$${a} ${'$' + '{site.name}'}", "${a} ${site.name}"],
    ["${ {'a': '}'}['a'] }${\"}\"}", "}}"],
    ["${has(site.labels.legacy) ? 'old' : 'new'}", "new"],
    ["${sites('tier=shop').map(s, s.name).join(',')}", "e1,w1"],
    [
      "${sites('tier in (shop, depot)').filter(s, s.name != site.name).map(s, s.region)[0]}",
      "east",
    ],
    ["${string(sites('ring=canary')[0].values.slots)}", "3"],
  ])("%s is %s", (text, expected) => {
    expect(dataAt("e1", edits(setting({ a: text }, "first"), facts))).toEqual({ a: expected });
  });

  it("keep their type where they are the whole value, in patches and counts", () => {
    const target = { kind: "Deployment" };
    const ports = { op: "add", path: "/spec/template/spec/containers/0/ports" };
    const overlay = {
      virtualSites: ["first"],
      patches: [
        { target, json: [{ op: "add", path: "/spec/paused", value: "${values.count > 1}" }] },
        { target, json: [{ ...ports, value: "${values.ports}" }] },
        { target, merge: { spec: { minReadySeconds: "${values.count * 5}" } } },
      ],
      replicas: [{ name: "web", count: "${values.slots + values.count}" }],
    };
    const values = { count: 2, slots: 1, ports: [{ containerPort: 80 }] };
    const { Deployment } = objectsAt("e1", edits({ values, overlays: [overlay] }, facts));

    expect(Deployment).toMatchObject({
      spec: {
        paused: true,
        minReadySeconds: 10,
        replicas: 5,
        template: { spec: { containers: [{ ports: [{ containerPort: 80 }] }] } },
      },
    });
  });

  it("read values in one order: App, overlays as listed, Site", () => {
    const spec = {
      values: { a: "app", b: "app", c: "app", d: "app", e: { app: 1 } },
      overlays: [
        { virtualSites: ["all"], values: { b: "first", c: "first", d: "first", e: { first: 1 } } },
        { virtualSites: ["shops"], values: { c: "second", d: "second", e: { app: null } } },
        {
          virtualSites: ["all"],
          patches: [
            {
              merge: {
                ...settings,
                data: {
                  all: "${[values.a, values.b, values.c, values.d].join(' ')}",
                  e: "${values.e.map(k, k).join(' ')}",
                },
              },
            },
          ],
        },
      ],
    };
    const site = siteYaml("e1", {
      region: "east",
      labels: { ring: "canary", tier: "shop" },
      spec: { values: { d: "${site.name} of ${region.name}" } },
    });
    const given = edits(spec, { "sites/e1.yaml": site });

    expect(dataAt("e1", given)).toMatchObject({ all: "app first second e1 of east", e: "first" });
    expect(dataAt("w2", given)).toMatchObject({ all: "app first first first", e: "app first" });
  });

  it("are filled in once: what they give is data", () => {
    const spec = {
      values: { a: "$${site.name}", b: "${'$'}{site.name}" },
      ...setting({ a: "${values.a}", b: "${values.b}" }),
    };

    expect(dataAt("e1", edits(spec))).toEqual({ a: "${site.name}", b: "${site.name}" });
  });

  it("cost a variant only where they come to something else", () => {
    const many = Object.fromEntries(
      Array.from({ length: 300 }, (_, index) => {
        const labels = { ring: "main", tier: index % 3 === 0 ? "shop" : "depot" };
        return [`sites/s${index}.yaml`, siteYaml(`s${index}`, { region: "east", labels })];
      }),
    );
    const bySite = "${site.name.startsWith('s') ? site.labels.tier : 'old'}";

    expect(variantsOf(edits(setting({ a: bySite }), many))).toBe(3);
    expect(variantsOf(edits(setting({ a: "${site.name}" }), many))).toBe(304);
  });

  it("leave manifests alone, unless the App says otherwise", () => {
    const manifests = {
      "manifests/web/settings.yaml": configMapYaml("settings", { a: "${site.name}" }),
      "manifests/web/deployment.yaml": null,
    };

    expect(dataAt("e1", edits({}, manifests))).toEqual({ a: "${site.name}" });
  });
});

const opted = (text: string, more: FleetEdits = {}): FleetEdits =>
  edits(
    { source: { manifests: "manifests/web", expressions: true }, values: { replicas: 3 } },
    { "manifests/web/deployment.yaml": text, ...more },
  );

describe("manifests with expressions", () => {
  it("are filled in for each site, names and namespaces too, with their types", () => {
    const given = opted(`apiVersion: v1
kind: ConfigMap
metadata:
  name: settings-\${site.name}
data:
  a: \${site.region}
  b: $\${HOME}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: \${values.replicas}
`);

    expect(objectsAt("w1", given)).toMatchObject({
      ConfigMap: {
        metadata: { name: "settings-w1", namespace: "web" },
        data: { a: "west", b: "${HOME}" },
      },
      Deployment: { spec: { replicas: 3 } },
    });
  });

  it("are checked as they come out, with a site where it is wrong", () => {
    const name = "${site.name == 'e1' ? 'Bad_Name' : 'good'}";
    const twice = `${configMapYaml("settings")}---
apiVersion: v1
kind: ConfigMap
metadata: {name: "\${site.region == 'west' ? 'settings' : 'other'}"}
`;

    expect(problems(opted(configMapYaml(JSON.stringify(name))))).toEqual([
      'manifests/web/deployment.yaml:3:18: error: "Bad_Name" is no name for a ConfigMap (lower case letters, digits, `-` and `.`, at most 253) (at site e1)',
    ]);
    expect(problems(opted(twice))).toEqual([
      "manifests/web/deployment.yaml:6:1: error: ConfigMap web/settings is in the app twice; it is also at manifests/web/deployment.yaml:1:1 (at site w1 and 1 more); remove one of them",
    ]);
    expect(problems(opted(configMapYaml("x", { a: "${values.replicas}" })))).toEqual([
      'manifests/web/deployment.yaml:4:12: error: data: "a" must be text, not the number 3 (at site e1 and 3 more); write string(…) around it',
    ]);
  });

  it("tell of selectors of `sites` that match no site, or some by absence, at their characters", () => {
    const text = configMapYaml("x", {
      all: "${string(size(sites('tier')) + values.replicas)}",
      none: "a ${string(size(sites('tier=kiosk')))}",
      some: "${string(size(sites('zone!=north,tier')))}",
    });
    const column = (selector: string): number =>
      (text.split("\n")[3]?.indexOf(selector) ?? Number.NaN) + 1;
    const place = "manifests/web/deployment.yaml:4";
    expect(problems(opted(text))).toEqual([
      `${place}:${column("tier=kiosk")}: warning: the selector matches no site; check keys and values against the labels of the sites (\`flotilla sites\`)`,
      `${place}:${column("zone!=")}: warning: 4 sites match only by lacking zone: e1, e2, w1 and 1 more; add a bare \`zone\` to the selector to leave out sites without the label, or label them`,
    ]);
    // What is wrong is told first.
    const wrong = configMapYaml("x", {
      a: "${site.nam}",
      b: "${string(size(sites('tier=kiosk')))}",
    });
    expect(problems(opted(wrong))).toEqual([expect.stringContaining("error: ")]);
    expect(problems(edits({}, { "manifests/web/deployment.yaml": text }))).toEqual([]);
  });

  it("tell of an expression with a mistake only that, and of the rest of its object all", () => {
    const text = `apiVersion: v1
kind: ConfigMap
metadata:
  name: "\${site.name + }"
  labels: {a: "\${site.region}", b: "no label"}
data: {x: 1}
`;
    expect(problems(opted(text))).toEqual([
      "manifests/web/deployment.yaml:4:22: error: this is no CEL from `+` on",
      expect.stringMatching(
        /^manifests\/web\/deployment\.yaml:5:36: error: label value "no label"/,
      ),
      expect.stringMatching(
        /^manifests\/web\/deployment\.yaml:6:11: error: data: "x" must be text/,
      ),
    ]);
  });

  it("tell mistakes at their character, before any site has them", () => {
    const text = `apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  \${site.name}: a
  file: |
    first
      second \${sit.name}
  folded: >-
    one
    two \${site.nme} \${sites("tier=shop, bad in x")[0].name}
`;

    expect(problems(opted(text))).toEqual([
      "manifests/web/deployment.yaml:6:3: error: a key is taken as it is written: it cannot hold `${`; write the key out",
      "manifests/web/deployment.yaml:9:16: error: there is no `sit` here; did you mean `site`?",
      "manifests/web/deployment.yaml:12:15: error: there is no field `nme` here; did you mean `name`?",
    ]);
  });
});

/** A text as the value of a ConfigMap's `a`, in a patch in block style. */
const patched = (text: string): FleetEdits =>
  edits(
    {},
    {
      "apps/web.yaml": `${appYaml("web").replace(/^spec: .*$/m, "")}spec:
  namespace: web
  source: {manifests: manifests/web}
  placement: {virtualSites: [all]}
  overlays:
    - virtualSites: [all]
      patches:
        - target: {kind: ConfigMap}
          merge:
            data:
              a: ${text}
`,
    },
  );

describe("mistakes in expressions", () => {
  it.each([
    ["${site.nam}", "25: error: there is no field `nam` here; did you mean `name`?"],
    ["x ${ stie.name }", "24: error: there is no `stie` here; did you mean `site`?"],
    [
      "${site.name",
      "19: error: the expression does not end; close it with `}`, or write `$${` for a literal `${`",
    ],
    ["${sites(1)}", "21: error: sites(…) takes one text"],
    [
      "${sites('tier=shop,,')[0].name}",
      "39: error: bad selector: expected a label key after `,`, found `,`",
    ],
    [
      "${sites('')[0].name}",
      "29: error: the selector is empty; select by a label that the sites have",
    ],
    [
      "${values.missing}",
      "27: error: field not found: missing (at site e1 and 3 more); there is no `values.missing` there; `has(…)` asks for a field that may be absent",
    ],
    [
      "a ${sites('tier=shop')}",
      '23: error: a list cannot stand within a text (at site e1 and 3 more); let the expression be the whole value, or make a text of it, as with `.join(",")`',
    ],
    ["${[1, 2][2]}", "21: error: there is no item with the index 2 (at site e1 and 3 more)"],
    [
      "${1 / (size(sites('tier=shop')) - size(sites('tier=shop')))}",
      "21: error: int divide by zero (at site e1 and 3 more)",
    ],
  ])("%s", (text, expected) => {
    expect(problems(patched(`'${text.replaceAll("'", "''")}'`))).toEqual([
      `apps/web.yaml:15:${expected}`,
    ]);
  });

  it("stand at the expression, also in a text of several lines", () => {
    expect(problems(patched('"a ${site.nam}"'))[0]).toContain("apps/web.yaml:15:27: ");
    expect(
      problems(patched("|\n                line\n                 b ${site.nam}"))[0],
    ).toContain("apps/web.yaml:17:26: ");
  });

  it("are those of values, each where it stands", () => {
    const found = problems(
      edits(
        {
          values: { a: "${values.b}", b: "${site.values.c}" },
          overlays: [
            {
              virtualSites: ["all"],
              labels: { a: "${[1]}" },
              replicas: [{ name: "${site.name}", count: 1 }],
            },
          ],
        },
        {
          "sites/e1.yaml": siteYaml("e1", {
            region: "east",
            labels: { ring: "canary", tier: "shop" },
            spec: { values: { a: "${site.values.b}", "${b}": 1 } },
          }),
        },
      ),
    );

    expect(found.map((text) => text.replace(/:\d+:\d+/, ""))).toEqual([
      "apps/web.yaml: error: there is no `values` here; there are site, region, fleet",
      "apps/web.yaml: error: `${ }` is not read in this field; write the value out; expressions stand in values, and in what overlays set",
      "sites/e1.yaml: error: there is no field `values` here; there are name, region, profile, labels, address, location, timeZone",
      "sites/e1.yaml: error: a key is taken as it is written: it cannot hold `${`; write the key out",
    ]);
  });

  it("are values of the wrong type, told where they stand", () => {
    const found = problems(
      edits({
        values: { tag: 1.2 },
        overlays: [
          {
            virtualSites: ["all"],
            labels: { tag: "${values.tag}" },
            images: [{ name: "example.com/web", newTag: "${values.tag}" }],
            replicas: [{ name: "web", count: "${values.tag}" }],
          },
        ],
      }),
    );

    expect(found.map((text) => text.replace(/:\d+:\d+/, ""))).toEqual([
      "apps/web.yaml: error: the expression must give a text here, not the number 1.2 (at site e1 and 3 more); write string(…) around it",
      "apps/web.yaml: error: the expression must give a text here, not the number 1.2 (at site e1 and 3 more); write string(…) around it",
      "apps/web.yaml: error: the expression must give a whole number of 0 or more here, not the number 1.2 (at site e1 and 3 more)",
    ]);
  });
});
