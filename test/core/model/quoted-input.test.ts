import { expect, it } from "vitest";
import { loadFleet } from "../../../src/core/model/load-fleet.ts";
import { readYaml } from "../../../src/core/render/read-yaml.ts";
import { aFleet, appYaml, siteYaml } from "../../support/fleet.ts";

const long = "x".repeat(2000);
const site = siteYaml("e1", { region: "east", labels: { ring: "canary", tier: "shop" } });
const placedAt = (text: string): string =>
  appYaml("web", { spec: { placement: { virtualSites: [], selector: text } } });

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
