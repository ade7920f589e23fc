import { expect, it } from "vitest";
import { loadFleet } from "../../../src/core/model/load-fleet.ts";
import { readYaml } from "../../../src/core/render/read-yaml.ts";
import { aFleet, appYaml, siteYaml } from "../../support/fleet.ts";

const long = "x".repeat(2000);
const site = siteYaml("e1", { region: "east", labels: { ring: "canary", tier: "shop" } });
const placedAt = (text: string): string =>
  appYaml("web", { spec: { placement: { virtualSites: [], selector: text } } });
const name = "x".repeat(900);
const digits = "9".repeat(2000);
const from = (path: string): string => appYaml("web", { spec: { source: { manifests: path } } });
const kindYaml = (kind: string, name: string, spec: string): string =>
  `apiVersion: flotilla.dev/v1alpha1\nkind: ${kind}\nmetadata: { name: ${name} }\nspec: ${spec.startsWith("{") ? spec : `{ ${spec} }`}\n`;
const selecting = (text: string): string =>
  kindYaml("VirtualSite", "all", `selector: ${JSON.stringify(text)}`);
const siteOf = (name: string): string => kindYaml("Site", name, "region: east");

it.each<[string, string, string]>([
  ["an unknown field", "sites/e1.yaml", `${site}  ${long}: 1\n`],
  [
    "a field below a long one",
    "sites/e1.yaml",
    `${site}  values: { ? ${long} : { ? ! '' : [*x] } }\n`,
  ],
  [
    "a key that stands twice",
    "sites/e1.yaml",
    `${site}  values: { ? ${long} : 1, ? ${long} : 2 }\n`,
  ],
  ["an unknown kind", "sites/e1.yaml", site.replace("kind: Site", `kind: ${long}`)],
  ["a number", "sites/e1.yaml", `${site}  description: 1${"0".repeat(2000)}.5\n`],
  [
    "a label",
    "sites/e1.yaml",
    siteYaml("e1", { region: "east", labels: { [long]: "a", tier: "shop" } }),
  ],
  [
    "a label's value",
    "sites/e1.yaml",
    siteYaml("e1", { region: "east", labels: { ring: long, tier: "shop" } }),
  ],
  [
    "a reference",
    "sites/e1.yaml",
    siteYaml("e1", { region: long, labels: { ring: "canary", tier: "shop" } }),
  ],
  ["a selector", "apps/web.yaml", placedAt(`ring=${long}`)],
  ["a selector's key", "virtual-sites/all.yaml", selecting(`${long} = a`)],
  ["no operator", "virtual-sites/all.yaml", selecting(`a${long.slice(0, 40)} ${long}`)],
  ["no key", "virtual-sites/all.yaml", selecting(`a, (${long}`)],
  ["a selector's value", "virtual-sites/all.yaml", selecting(`ring = ${long}`)],
  ["a selector's values", "virtual-sites/all.yaml", selecting(`ring in (${long} ${long})`)],
  ["a selector's number", "virtual-sites/all.yaml", selecting(`ring > ${long.slice(0, 63)}`)],
  ["a source that is not there", "apps/web.yaml", from(long)],
  ["a source on this machine", "apps/web.yaml", from(`/${long}`)],
  ["a source elsewhere", "apps/web.yaml", from(`../${long}`)],
  [
    "a chart that is not there",
    "apps/web.yaml",
    appYaml("web", { spec: { source: { chart: long } } }),
  ],
  ["a source like another", "apps/web.yaml", from(`manifests/web${"/.".repeat(1000)}b`)],
  [
    "versions of Kubernetes",
    "apps/web.yaml",
    appYaml("web", { spec: { kubernetes: { min: `1.${digits}`, max: "1.30" } } }),
  ],
  ...[`${name} == 1`, `site.${name} == 1`, `${name}(1)`, `site.labels.a.${name}()`].map(
    (cel): [string, string, string] => [
      `a check ${cel.replace(name, "x…")}`,
      "apps/web.yaml",
      appYaml("web", { spec: { checks: { before: [{ name: "a", cel }] } } }),
    ],
  ),
  ["a time span", "slow.yaml", kindYaml("RolloutStrategy", "slow", `soak: ${digits}h`)],
  [
    "how long a window is",
    "night.yaml",
    kindYaml("MaintenanceWindow", "night", `open: [{ start: "02:00", duration: ${digits}h }]`),
  ],
  ["a time zone", "night.yaml", kindYaml("MaintenanceWindow", "night", `timeZone: ${long}`)],
  [
    "what a decision is about",
    "decision.yaml",
    kindYaml("Decision", "stop", `{ why: a, hold: { app: ${long} } }`),
  ],
  ["a profile that another one extends", "p.yaml", kindYaml("Profile", "p", `extends: ${long}`)],
  ["a name that stands twice", "twice.yaml", `${siteOf(long)}---\n${siteOf(long)}`],
])("a mistake quotes only the beginning of a long text: %s", (_, path, text) => {
  const { diagnostics } = loadFleet(aFleet({ [path]: text }));
  expect(diagnostics.length).toBeGreaterThan(0);
  for (const { message, hint = "" } of diagnostics) {
    expect(`${message}; ${hint}`.length).toBeLessThan(600);
  }
});

it.each([`? ${long}\n: 1\n? ${long}\n: 2\n`, `a: &${long} [*${long}]\n`])(
  "a mistake in a manifest quotes only the beginning of a long text",
  (text) => {
    const [mistake, ...others] = readYaml({ path: "a.yaml", text }).diagnostics;
    expect(mistake?.message).toContain(`${"x".repeat(59)}…`);
    expect(mistake?.message.length).toBeLessThan(100);
    expect(others).toEqual([]);
  },
);
