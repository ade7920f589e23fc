import { describe, expect, it } from "vitest";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import type { FleetModel } from "../../../src/core/model/fleet-model.ts";
import { fleetContext } from "../../../src/core/render/app-parts.ts";
import { renderPlacedApp } from "../../../src/core/render/render-app.ts";
import { renderFiles } from "../../../src/core/render/render-files.ts";
import { unreadValues } from "../../../src/core/render/unread-values.ts";
import { siteGroups } from "../../../src/core/select/site-groups.ts";
import {
  type FleetEdits,
  aFleet,
  aModel,
  appYaml,
  documentYaml,
  siteYaml,
  virtualSiteYaml,
} from "../../support/fleet.ts";

const problems = (given: FleetEdits): string[] =>
  renderFiles(aFleet(given)).diagnostics.map((each) => `${formatDiagnostic(each)} [${each.code}]`);

/** A document in block style, so that each value has a line of its own. */
const app = (text: string): FleetEdits => ({
  "apps/web.yaml": `apiVersion: flotilla.dev/v1alpha1
kind: App
metadata: { name: web }
spec:
  namespace: web
  source: { manifests: manifests/web }
  placement: { virtualSites: [all] }
${text}`,
});

const reading = (...texts: string[]): string => `  overlays:
    - virtualSites: [all]
      annotations:
${texts.map((text, index) => `        a${index}: "\${${text}}"\n`).join("")}`;

const site = (values: object): FleetEdits => ({
  "sites/e1.yaml": siteYaml("e1", {
    region: "east",
    labels: { ring: "canary", tier: "shop" },
    spec: { values },
  }),
});

describe("values that nothing reads", () => {
  const many = Array.from({ length: 1000 }, (_, index) => `v${1000 + index}`);

  it("are told twenty times of a document, and how many more there are", () => {
    const values = `  values:\n${many.map((key) => `    ${key}: 1\n`).join("")}`;
    const told = problems(app(`${values}${reading("site.name")}`));
    expect(told).toHaveLength(20);
    expect(told[0]).toContain('no expression of the app reads the value "v1000"; ');
    expect(told[19]).toContain('no expression of the app reads the value "v1019", nor 980 more; ');
  });

  it("are told twenty times of all sites, and how many more there are", () => {
    const values = Object.fromEntries(many.map((key) => [key, 1]));
    const second = siteYaml("e2", {
      region: "east",
      labels: { ring: "main", tier: "depot" },
      spec: { values: { v1000: 1, v1019: 2 } },
    });
    const told = problems({
      ...app(reading("site.name")),
      ...site(values),
      "sites/e2.yaml": second,
    });
    const last = 'reads the value "v1019", nor 980 more; 1 more sites have it';
    expect(told).toHaveLength(20);
    expect(told.filter((each) => each.includes("more; "))).toEqual([expect.stringContaining(last)]);
  });

  it("are told at the key, with the name that was meant", () => {
    const values = "  values:\n    slots: 3\n    colur: red\n";
    expect(problems(app(`${values}${reading("string(values.slots) + values.colour")}`))).toEqual([
      expect.stringMatching(/expression-failed/),
    ]);
    const present = "  values:\n    slots: 3\n    old:\n      a: 1\n";
    expect(problems(app(`${present}${reading("string(values.slots)")}`))).toEqual([
      'apps/web.yaml:10:5: warning: no expression of the app reads the value "old"; remove it, or correct its name [no-effect]',
    ]);
    const near = `${values}${reading("has(values.colour) ? values.colour : 'blue'", "string(values.slots)")}`;
    expect(problems(app(near))).toEqual([
      'apps/web.yaml:10:5: warning: no expression of the app reads the value "colur"; did you mean "colour"? [no-effect]',
    ]);
  });

  it("are told as deep as expressions look, and never of what may be read as a whole", () => {
    const values = "  values:\n    db:\n      host: a\n      port: 1\n";
    expect(problems(app(`${values}${reading("values.db.host")}`))).toEqual([
      expect.stringMatching(/^apps\/web.yaml:11:7: warning: .* reads the value "db.port"; /),
    ]);
    for (const text of [
      "string(size(values.db))",
      "values.map(k, k).join(',')",
      "string(size(values[site.name == 'e1' ? 'db' : 'db']))",
    ]) {
      expect(problems(app(`${values}${reading(text)}`))).toEqual([]);
    }
    expect(
      problems(app(`${values}${reading("values['db'].host + string(values.db.port)")}`)),
    ).toEqual([]);
  });

  it("are told of overlays too, once where the overlay does nothing else", () => {
    const overlays = `${reading("values.colour")}      values:
        colour: red
        size: 3
    - virtualSites: [shops]
      values:
        unknown: 1
`;
    const idle = "  overlays:\n    - virtualSites: [all]\n      values:\n        unknown: 1\n";
    expect(problems(app(idle))).toEqual([
      expect.stringMatching(/^apps\/web.yaml:9:7: warning: overlay 1 changes nothing at any site/),
    ]);
    expect(problems(app(overlays))).toEqual([
      expect.stringMatching(/^apps\/web.yaml:14:9: warning: .* reads the value "size"; /),
      expect.stringMatching(/^apps\/web.yaml:17:9: warning: .* reads the value "unknown"; /),
    ]);
  });

  it("may be read by expressions in manifests, and by other values of the app", () => {
    const edits = {
      "apps/web.yaml": appYaml("web", {
        spec: {
          values: { colour: "red", host: "${site.values.host}" },
          source: { manifests: "manifests/web", expressions: true },
        },
      }),
      "manifests/web/settings.yaml": `apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {c: "\${values.colour}", h: "\${has(site.values.port) ? values.host : ''}"}
`,
    };
    const sites = ["e1", "e2", "w1", "w2"].map((name) => [
      `sites/${name}.yaml`,
      siteYaml(name, {
        region: name.startsWith("e") ? "east" : "west",
        labels: {
          ring: name === "e1" ? "canary" : "main",
          tier: name.endsWith("1") ? "shop" : "depot",
        },
        spec: { values: { host: "h", ...(name > "e1" && { more: 1 }) } },
      }),
    ]);
    expect(problems({ ...edits, ...Object.fromEntries(sites) })).toEqual([
      expect.stringMatching(
        /^sites\/e2.yaml:4:\d+: warning: no app at the site reads the value "more"; 2 more sites have it; /,
      ),
    ]);
  });

  it("of a Site count by the apps that are placed there", () => {
    const till = {
      "apps/till.yaml": appYaml("till", {
        virtualSites: ["shops"],
        spec: {
          overlays: [
            { virtualSites: ["shops"], labels: { x: "${has(values.x) ? values.x : 'n'}" } },
          ],
        },
      }),
    };
    expect(problems({ ...till, ...site({ x: "a" }) })).toEqual([]);
    const depot = siteYaml("e2", {
      region: "east",
      labels: { ring: "main", tier: "depot" },
      spec: { values: { x: "a" } },
    });
    expect(problems({ ...till, "sites/e2.yaml": depot })).toEqual([
      expect.stringMatching(/^sites\/e2.yaml:4:\d+: .* no app at the site reads the value "x"; /),
    ]);
  });

  it("of a Site may be read by its peers", () => {
    const join = "sites('tier=shop').map(s, has(s.values.x) ? s.values.x : '').join(',')";
    expect(problems({ ...app(reading(join)), ...site({ x: "a" }) })).toEqual([]);
    const names = "sites('tier=shop').map(s, s.name).join(',')";
    expect(problems({ ...app(reading(names)), ...site({ x: "a" }) })).toEqual([
      expect.stringMatching(/no app at the site reads the value "x"/),
    ]);
  });

  it("of a Profile count by all apps that take it", () => {
    const profile = {
      "profiles/kiosk.yaml": documentYaml(
        "Profile",
        { name: "kiosk" },
        { values: { colour: "red", gone: 1 } },
      ),
      "sites/e1.yaml": siteYaml("e1", {
        region: "east",
        labels: { ring: "canary", tier: "shop" },
        spec: { profile: "kiosk" },
      }),
    };
    const reads = reading("has(values.colour) ? values.colour : 'n'");
    expect(problems({ ...app(reads), ...profile })).toEqual([
      expect.stringMatching(
        /^profiles\/kiosk.yaml:4:\d+: warning: no app that takes the profile reads the value "gone"/,
      ),
    ]);
  });

  it("of Sites cost as many as there are sets of apps, not groups of sites", () => {
    const bits = Array.from({ length: 11 }, (_, bit) => bit);
    const keys = Array.from({ length: 20 }, (_, key) => `key${key}`);
    const sites = Array.from({ length: 2 ** bits.length }, (_, index) => [
      `sites/x${index}.yaml`,
      siteYaml(`x${index}`, {
        region: "east",
        labels: {
          ring: "main",
          tier: "shop",
          ...Object.fromEntries(bits.map((bit) => [`l${bit}`, `v${(index >> bit) & 1}`])),
        },
        spec: { values: { more: 1 } },
      }),
    ]);
    const apps = keys.map((name) => [
      `apps/${name}.yaml`,
      appYaml(name, {
        spec: {
          source: { manifests: "manifests/web" },
          values: Object.fromEntries(keys.map((key) => [`${name}-${key}`, "a"])),
          overlays: [
            {
              virtualSites: ["all"],
              labels: Object.fromEntries(keys.map((key) => [key, `\${values["${name}-${key}"]}`])),
            },
          ],
        },
      }),
    ]);
    const virtualSites = bits.map((bit) => [
      `virtual-sites/l${bit}.yaml`,
      virtualSiteYaml(`l${bit}`, `l${bit}=v1`),
    ]);
    const model = aModel(Object.fromEntries([...sites, ...apps, ...virtualSites]));
    const context = fleetContext(model, model, {});
    const renderings = [...model.apps.keys()].flatMap((name) => {
      const result = renderPlacedApp(context, name);
      return result.ok ? result.value : [];
    });
    const costOf = (virtual: FleetModel["virtualSites"]): number => {
      const each = { ...model, sites: new Map(model.sites), virtualSites: virtual };
      siteGroups(each.virtualSites, each.sites);
      const before = process.cpuUsage();
      const told = unreadValues({ model: each, siteModel: each }, renderings, []);
      const { user, system } = process.cpuUsage(before);
      expect(told.map(({ message }) => message)).toEqual([
        'no app at the site reads the value "more"; 2047 more sites have it',
      ]);
      return user + system;
    };
    const few = new Map([...model.virtualSites].filter(([name]) => !name.startsWith("l")));
    const costs = [1, 2, 3, 4].map(() => [costOf(few), costOf(model.virtualSites)] as const);
    const least = [0, 1].map((at) => Math.min(...costs.map((pair) => pair[at] ?? Infinity)));
    const [ofFew = 0, ofMany = Infinity] = least;

    expect(ofMany).toBeLessThan(6 * ofFew + 20_000);
  }, 120_000);
});
