import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { explainObject } from "../../../src/core/explain/explain-object.ts";
import { overlaysAt } from "../../../src/core/explain/overlays-at.ts";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import type { KubeObject } from "../../../src/core/model/kube-object.ts";
import { renderFiles } from "../../../src/core/render/render-files.ts";
import { renderApp } from "../../../src/core/render/render-fleet.ts";
import { noToolOutputs } from "../../../src/core/render/tools/tool-output.ts";
import {
  aFleet,
  appYaml,
  documentYaml,
  type FleetEdits,
  siteYaml,
  type Spec,
} from "../../support/fleet.ts";

const profileYaml = (name: string, spec: Spec): string => documentYaml("Profile", { name }, spec);
const siteOf = (name: string, spec: Spec): string =>
  siteYaml(name, { region: "east", labels: { ring: "main", tier: "shop" }, spec });

function fleetOf(edits: FleetEdits) {
  const fleet = renderFiles(aFleet(edits));
  if (fleet.ok) return fleet;
  throw new Error(fleet.diagnostics.map(formatDiagnostic).join("\n"));
}

type Rendered = ReturnType<typeof fleetOf>["rendered"];

const objectsAt = ({ apps, variants }: Rendered, site: string, app = "web") =>
  new Map(
    variants
      .get(apps.get(app)?.sites.get(site) ?? "")
      ?.objects.map(({ object }) => [object.metadata.name, object]),
  );

const podAt = (rendered: Rendered, site: string, name = "web") =>
  (objectsAt(rendered, site).get(name) as KubeObject & { spec: { template: { spec: Spec } } }).spec
    .template.spec; // a Deployment

const problems = (edits: FleetEdits): string[] =>
  renderFiles(aFleet(edits)).diagnostics.map(formatDiagnostic);

describe("the shipped profiles", () => {
  it("hold by name, without a document of their own, at the sites that take them", () => {
    const { rendered, diagnostics } = fleetOf({
      "sites/e1.yaml": siteOf("e1", { profile: "windows" }),
      "sites/e2.yaml": siteOf("e2", { profile: "bare-metal" }),
      "sites/w1.yaml": siteOf("w1", { profile: "serverless" }),
      "sites/e9.yaml": siteOf("e9", { profile: "edge" }),
      "strategies/standard.yaml": documentYaml("RolloutStrategy", { name: "standard" }, {}),
    });
    expect(diagnostics.map(formatDiagnostic)).toEqual([]);
    expect(podAt(rendered, "e1")).toMatchObject({
      nodeSelector: { "kubernetes.io/os": "windows" },
      tolerations: [{ key: "os", value: "windows" }],
    });
    expect(podAt(rendered, "e2")["tolerations"]).toMatchObject([
      { key: "node.kubernetes.io/not-ready", tolerationSeconds: 900 },
      { key: "node.kubernetes.io/unreachable", tolerationSeconds: 900 },
    ]);
    expect(podAt(rendered, "w1")["tolerations"]).toMatchObject([
      { key: "virtual-kubelet.io/provider", operator: "Exists" },
    ]);
    expect(podAt(rendered, "e9")["tolerations"]).toHaveLength(2);
    expect(podAt(rendered, "w2")).not.toHaveProperty("tolerations");
  });

  it("leave what a pod says itself, and let DaemonSets bear for ever what they bear", () => {
    const manifest = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {nodeSelector: {kubernetes.io/os: linux}, tolerations: [{key: os, operator: Exists, effect: NoSchedule}], containers: [{name: a, image: 'a:1'}]}}}}
---
{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: daemon}, spec: {selector: {matchLabels: {a: c}}, template: {metadata: {labels: {a: c}}, spec: {containers: [{name: a, image: 'a:1'}]}}}}
`;
    const { rendered } = fleetOf({
      "manifests/web/deployment.yaml": manifest,
      "sites/e1.yaml": siteOf("e1", { profile: "windows" }),
      "sites/e2.yaml": siteOf("e2", { profile: "bare-metal" }),
      "strategies/standard.yaml": documentYaml("RolloutStrategy", { name: "standard" }, {}),
    });
    expect(podAt(rendered, "e1")).toMatchObject({
      nodeSelector: { "kubernetes.io/os": "linux" },
      tolerations: [{ key: "os", operator: "Exists", effect: "NoSchedule" }],
    });
    expect(podAt(rendered, "e2", "daemon")).not.toHaveProperty("tolerations");
  });

  it("do not touch an app that says `none`, and hold at all sites of an app that takes one", () => {
    const { rendered } = fleetOf({
      "sites/e1.yaml": siteOf("e1", { profile: "windows" }),
      "strategies/standard.yaml": documentYaml("RolloutStrategy", { name: "standard" }, {}),
      "apps/web.yaml": appYaml("web", { spec: { profile: "none" } }),
    });
    expect(podAt(rendered, "e1")).not.toHaveProperty("nodeSelector");
    const taking = fleetOf({ "apps/web.yaml": appYaml("web", { spec: { profile: "edge" } }) });
    expect(podAt(taking.rendered, "w2")["tolerations"]).toHaveLength(2);
  });
});

const layered: FleetEdits = {
  "profiles/base.yaml": profileYaml("base", {
    values: { a: "base", b: "base", c: "base", d: "base", e: "base", f: "base" },
    overlays: [
      { name: "deep", annotations: { x: "base", y: "base" }, values: { d: "base overlay" } },
    ],
  }),
  "profiles/kiosk.yaml": profileYaml("kiosk", {
    extends: "base",
    values: { b: "kiosk", c: "kiosk", d: "kiosk", e: "kiosk", f: "kiosk" },
    overlays: [
      {
        annotations: { y: "kiosk", z: "kiosk" },
        values: { e: "kiosk overlay", f: "kiosk overlay" },
      },
      { virtualSites: ["depots"], labels: { only: "depots" } },
    ],
  }),
  "apps/web.yaml": appYaml("web", {
    spec: {
      values: { c: "app", d: "app" },
      overlays: [
        {
          name: "own",
          virtualSites: ["all"],
          annotations: { z: "app", all: "${values.map(k, k + '=' + values[k]).join(' ')}" },
          values: { f: "app overlay" },
        },
      ],
    },
  }),
  "sites/e1.yaml": siteYaml("e1", {
    region: "east",
    labels: { ring: "canary", tier: "shop" },
    spec: { profile: "kiosk", values: { g: "site" } },
  }),
  "sites/w1.yaml": siteYaml("w1", {
    region: "west",
    labels: { ring: "main", tier: "depot" },
    spec: { profile: "kiosk" },
  }),
};

describe("the order of profiles", () => {
  it("is: values of the profile, App, overlays of the profile, overlays of the App, Site", () => {
    const { rendered, diagnostics } = fleetOf(layered);
    expect(diagnostics.map(formatDiagnostic)).toEqual([]);
    const { metadata } = objectsAt(rendered, "e1").get("settings") as KubeObject;
    expect(metadata["annotations"]).toMatchObject({
      x: "base",
      y: "kiosk",
      z: "app",
      all: "a=base b=kiosk c=app d=base overlay e=kiosk overlay f=app overlay g=site",
    });
    expect(metadata["labels"]).not.toHaveProperty("only");
    const other = objectsAt(rendered, "w1").get("settings") as KubeObject;
    expect(other.metadata["labels"]).toHaveProperty("only", "depots");
  });

  it("is told by explain, with what was overridden and where it stands", () => {
    const { model } = fleetOf(layered);
    const answer = explainObject(
      { model, tools: noToolOutputs },
      { app: "web", site: "e1", object: "ConfigMap/settings", field: ".metadata.annotations.z" },
    );
    if (!answer.ok) throw new Error(answer.missing);
    expect(answer.fields[0]?.settings.map(({ by, place }) => `${by} at ${place?.file}`)).toEqual([
      'overlay "own": annotations at apps/web.yaml',
      'profile "kiosk", overlay 1: annotations at profiles/kiosk.yaml',
    ]);
    expect(overlaysAt(model, "web", "e1")).toEqual([
      'values of profile "base" (profiles/base.yaml:4)',
      'values of profile "kiosk" (profiles/kiosk.yaml:4)',
      'profile "base", overlay "deep" (profiles/base.yaml:4)',
      'profile "kiosk", overlay 1 (profiles/kiosk.yaml:4)',
      "own, for all (apps/web.yaml:4)",
    ]);
    expect(overlaysAt(model, "web", "w2")).toEqual(["own, for all (apps/web.yaml:4)"]);
  });

  it("holds for where pods run: what the manifest says stays, and of overlays the last one wins", () => {
    const bears = (value: string, key = "dedicated") => ({
      key,
      operator: "Equal",
      value,
      effect: "NoSchedule",
    });
    const scheduling = (value: string) => [
      {
        nodeSelector: { disk: value, [value]: "yes", zone: value },
        tolerations: [bears(value), bears(value, "own")],
      },
    ];
    const own = { nodeSelector: { zone: "own" }, tolerations: [bears("own", "own")] };
    const pod = JSON.stringify({ ...own, containers: [{ name: "a", image: "a:1" }] });
    const all = { virtualSites: ["all"] };
    const { rendered, diagnostics, model } = fleetOf({
      "manifests/web/deployment.yaml": `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: ${pod}}}}\n`,
      "profiles/mine.yaml": profileYaml("mine", { overlays: [{ scheduling: scheduling("hdd") }] }),
      "sites/e1.yaml": siteOf("e1", { profile: "mine" }),
      "strategies/standard.yaml": documentYaml("RolloutStrategy", { name: "standard" }, {}),
      "apps/web.yaml": appYaml("web", {
        spec: {
          overlays: [
            { ...all, name: "first", scheduling: scheduling("sata") },
            { ...all, name: "second", scheduling: scheduling("ssd") },
          ],
        },
      }),
    });
    expect(diagnostics.map(formatDiagnostic)).toEqual([]);
    expect(podAt(rendered, "e1")).toMatchObject({
      nodeSelector: { disk: "ssd", hdd: "yes", sata: "yes", ssd: "yes", zone: "own" },
      tolerations: [bears("own", "own"), bears("ssd")],
    });
    const answer = explainObject(
      { model, tools: noToolOutputs },
      {
        app: "web",
        site: "e1",
        object: "Deployment/web",
        field: ".spec.template.spec.nodeSelector.disk",
      },
    );
    if (!answer.ok) throw new Error(answer.missing);
    expect(answer.fields[0]?.settings.map(({ by, value }) => [by, value])).toEqual([
      ['overlay "second": scheduling', "ssd"],
      ['overlay "first": scheduling', "sata"],
      ['profile "mine", overlay 1: scheduling', "hdd"],
    ]);
  });

  it("names a shipped profile, and the place of a default value that an expression read", () => {
    const { model } = fleetOf({
      ...layered,
      "profiles/base.yaml": profileYaml("base", { extends: "windows", values: { a: "base" } }),
      "apps/web.yaml": appYaml("web", {
        spec: {
          overlays: [
            { virtualSites: ["all"], labels: { a: "${has(values.a) ? values.a : site.name}" } },
          ],
        },
      }),
    });
    const ask = (object: string, field: string) => {
      const answer = explainObject(
        { model, tools: noToolOutputs },
        { app: "web", site: "e1", object, field },
      );
      return answer.ok ? answer.fields[0]?.settings[0] : undefined;
    };
    expect(
      ask("Deployment/web", ".spec.template.spec.nodeSelector.kubernetes.io/os"),
    ).toMatchObject({
      by: 'profile "windows", overlay "scheduling": scheduling',
      place: { file: "Flotilla's profile windows", line: 0 },
    });
    expect(ask("ConfigMap/settings", ".metadata.labels.a")).toMatchObject({
      reads: expect.arrayContaining([
        {
          name: "values.a",
          place: { file: "profiles/base.yaml", line: 4, column: 42 },
          overridden: [],
        },
      ]),
    });
  });
});

describe("a fleet's own profile", () => {
  const edge = siteOf("e1", { profile: "edge" });
  const strategy = documentYaml("RolloutStrategy", { name: "standard" }, {});
  const base = { "sites/e1.yaml": edge, "strategies/standard.yaml": strategy };

  it("stands in place of the shipped one of its name, or adds to it by `extends`", () => {
    const spec = { overlays: [{ scheduling: [{ nodeSelector: { own: "yes" } }] }] };
    const instead = fleetOf({ ...base, "profiles/edge.yaml": profileYaml("edge", spec) });
    expect(podAt(instead.rendered, "e1")).toMatchObject({ nodeSelector: { own: "yes" } });
    expect(podAt(instead.rendered, "e1")).not.toHaveProperty("tolerations");
    const more = profileYaml("edge", { ...spec, extends: "edge" });
    const added = fleetOf({ ...base, "profiles/edge.yaml": more });
    expect(podAt(added.rendered, "e1")).toMatchObject({ nodeSelector: { own: "yes" } });
    expect(podAt(added.rendered, "e1")["tolerations"]).toHaveLength(2);
  });

  it("is no mistake where an app has nothing of what it changes, and one where it cannot be applied", () => {
    const patches = [
      { target: { kind: "Deployment" }, merge: { spec: { paused: true } } },
      { target: { kind: "Nothing" }, merge: { a: 1 } },
    ];
    const own = profileYaml("edge", {
      overlays: [{ patches, replicas: [{ name: "x", count: 1 }] }],
    });
    expect(problems({ ...base, "profiles/edge.yaml": own })).toEqual([]);
    const json = [{ op: "test", path: "/kind", value: "Service" }];
    const failing = profileYaml("edge", {
      overlays: [{ patches: [{ target: { name: "settings" }, json }] }],
    });
    expect(problems({ ...base, "profiles/edge.yaml": failing })).toEqual([
      expect.stringMatching(/^profiles\/edge\.yaml:4:\d+: error: ConfigMap .*operation 1 \(test/),
    ]);
  });

  it("tells what a profile lacks at the place where it stands, for all apps", () => {
    const own = profileYaml("edge", { overlays: [{ labels: { a: "${values.missing}" } }] });
    expect(problems({ ...base, "profiles/edge.yaml": own })).toEqual([
      expect.stringMatching(/^profiles\/edge\.yaml:4:\d+: error: .*missing/),
    ]);
  });
});

describe("what a change of profiles moves", () => {
  it("is an app release where a profile of the fleet changes, and a site release where a site takes another", () => {
    const digests = (edits: FleetEdits) => {
      const { rendered } = fleetOf(edits);
      return [...rendered.apps.values()].map(({ inputDigest }) => inputDigest);
    };
    const site = { "sites/e1.yaml": siteOf("e1", { profile: "edge" }), ...strategyEdit };
    expect(digests(site)).toEqual(digests(strategyEdit));
    const kiosk = (spec: Spec) => ({ ...site, "profiles/kiosk.yaml": profileYaml("kiosk", spec) });
    expect(digests(kiosk({ values: { a: 1 } }))).not.toEqual(digests(kiosk({ values: { a: 2 } })));
  });

  it("renders an older release for newer sites with the profiles of the release", () => {
    const old = fleetOf(strategyEdit).model;
    const siteModel = fleetOf({
      ...strategyEdit,
      "profiles/kiosk.yaml": profileYaml("kiosk", { overlays: [{ labels: { new: "yes" } }] }),
      "sites/e1.yaml": siteOf("e1", { profile: "kiosk" }),
      "sites/e2.yaml": siteOf("e2", { profile: "edge" }),
    }).model;
    const result = renderApp(old, "web", { siteModel });
    if (!result.ok) throw new Error("it has mistakes");
    const { app, variants } = result.value;
    const text = (site: string) => JSON.stringify(variants.get(app.sites.get(site) ?? "")?.objects);
    expect(text("e1")).toBe(text("w1"));
    expect(text("e2")).toContain("node-role.kubernetes.io/edge");
  });
});

const strategyEdit: FleetEdits = {
  "strategies/standard.yaml": documentYaml("RolloutStrategy", { name: "standard" }, {}),
};

describe("mistakes in profiles", () => {
  const chain = (count: number, first = ""): FleetEdits =>
    Object.fromEntries(
      Array.from({ length: count }, (_, index) => [
        `profiles/p${index}.yaml`,
        profileYaml(
          `p${index}`,
          index === 0 && first === "" ? {} : { extends: index === 0 ? first : `p${index - 1}` },
        ),
      ]),
    );

  it("are told where more than twenty stand one behind the other, in a line or a circle", () => {
    const untaken = (text: string): boolean => text.includes("nothing takes");
    expect(problems(chain(20)).filter((text) => !untaken(text))).toEqual([]);
    expect(problems(chain(21))).toEqual([
      'profiles/p20.yaml:4:18: error: the Profile "p20" extends more than 19 others, one behind the other; write some of them as one',
    ]);
    expect(problems(chain(20, "p19"))).toHaveLength(20);
    expect(problems(chain(21, "p20"))).toContainEqual(
      'profiles/p0.yaml:4:18: error: the Profile "p0" extends more than 19 others, one behind the other; write some of them as one',
    );
  });

  it("are told: unknown names, circles, profiles that nothing takes", () => {
    expect(
      problems({
        "sites/e1.yaml": siteOf("e1", { profile: "egde" }),
        "apps/web.yaml": appYaml("web", { spec: { profile: "company" } }),
        "profiles/a.yaml": profileYaml("a", { extends: "b" }),
        "profiles/b.yaml": profileYaml("b", { extends: "a" }),
        "profiles/c.yaml": profileYaml("c", { extends: "c" }),
        "profiles/d.yaml": profileYaml("d", { overlays: [{ virtualSites: ["shop"] }] }),
      }).filter((text) => !text.includes("matches no site")),
    ).toEqual([
      expect.stringMatching(
        /^apps\/web\.yaml:4:\d+: error: there is no Profile "company"; known: a, b, bare-metal, c, d, edge, none, serverless, and 1 more$/,
      ),
      'profiles/a.yaml:4:18: error: the Profile "a" extends itself: a → b → a; take one of the links out of `extends`',
      'profiles/b.yaml:4:18: error: the Profile "b" extends itself: b → a → b; take one of the links out of `extends`',
      'profiles/c.yaml:4:18: error: the Profile "c" extends itself: c → c; take one of the links out of `extends`',
      'profiles/d.yaml:4:37: error: there is no VirtualSite "shop"; did you mean "shops"?',
      expect.stringMatching(
        /^sites\/e1\.yaml:4:\d+: error: there is no Profile "egde"; did you mean "edge"\?$/,
      ),
    ]);
    expect(problems({ "profiles/kiosk.yaml": profileYaml("kiosk", { extends: "edge" }) })).toEqual([
      'profiles/kiosk.yaml:3:19: warning: nothing takes the Profile "kiosk", so it changes nothing; name it in `profile` of a Site or an App',
    ]);
  });

  it("are those of overlays, too", () => {
    expect(
      problems({
        "sites/e1.yaml": siteOf("e1", { profile: "kiosk" }),
        "profiles/kiosk.yaml": profileYaml("kiosk", {
          overlays: [
            { scheduling: [{}], patches: [{}], labels: { "-": "x" }, annotations: { a: "${nix}" } },
          ],
        }),
      }).map((text) => text.replace(/^.*?: error: /, "")),
    ).toEqual([
      expect.stringContaining("scheduling needs nodeSelector or tolerations"),
      expect.stringContaining("a patch needs `merge` or `json`"),
      expect.stringContaining('"-" '),
      expect.stringContaining("nix"),
    ]);
  });

  it("the example of the reference is a profile", () => {
    const text = readFileSync(join(import.meta.dirname, "../../../docs/how-to/kiosk.yaml"), "utf8");
    expect(
      problems({
        "profiles/kiosk.yaml": text.replace("[stores]", "[shops]"),
        "sites/e1.yaml": siteOf("e1", { profile: "kiosk" }),
        ...strategyEdit,
        "apps/till.yaml": appYaml("till", {
          virtualSites: ["shops"],
          spec: {
            values: { screens: 2 },
            overlays: [
              { virtualSites: ["shops"], annotations: { screens: "${string(values.screens)}" } },
            ],
          },
        }),
      }),
    ).toEqual([]);
  });
});
