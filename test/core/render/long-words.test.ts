/** What the reference of diagnostics says of all messages: what they quote is cut where it is long. */
import { expect, it } from "vitest";
import { renderFiles } from "../../../src/core/render/render-files.ts";
import { type FleetEdits, aFleet, appYaml } from "../../support/fleet.ts";

const long = "k".repeat(60_000);
const manifest = (text: string): FleetEdits => ({ "manifests/web/more.yaml": text });
const overlay = (fields: object): FleetEdits => ({
  "apps/web.yaml": appYaml("web", { spec: { overlays: [{ virtualSites: ["all"], ...fields }] } }),
});
const target = { kind: "Deployment" };

it.each<[string, FleetEdits]>([
  ["kind", manifest(`apiVersion: v1\nkind: ${long}\nmetadata: {name: d}\n`)],
  ["API version", manifest(`apiVersion: ${long}/v1\nkind: Foo\nmetadata: {name: d}\n`)],
  ["key of a patch", overlay({ patches: [{ target, merge: { [long]: { $patch: "foo" } } }] })],
  ["target", overlay({ patches: [{ target: { kind: long }, merge: { spec: {} } }] })],
  ["name of a workload", overlay({ replicas: [{ name: long, count: 1 }] })],
  ["name of a container", overlay({ resources: [{ container: long, requests: { cpu: 1 } }] })],
  ["name of an image", overlay({ images: [{ name: long, newTag: "1" }] })],
  [
    "name of a Secret in the region",
    { "apps/web.yaml": appYaml("web", { spec: { secrets: [{ name: "db", from: long }] } }) },
  ],
  [
    "field that is left to others",
    {
      "apps/web.yaml": appYaml("web", {
        spec: { drift: { ignore: [{ kind: "Deployment", fields: [long] }] } },
      }),
    },
  ],
  ["API version of a Fleet", { "sites/e9.yaml": `apiVersion: flotilla.dev/${long}\nkind: Site\n` }],
  [
    "name that is there, in a hint",
    {
      "apps/web.yaml": appYaml("web", { spec: { placement: { virtualSites: ["none"] } } }),
      "virtual-sites/long.yaml": `apiVersion: flotilla.dev/v1alpha1\nkind: VirtualSite\nmetadata: {name: ${long}}\nspec: {all: true}\n`,
    },
  ],
  [
    "file of values",
    {
      "apps/web.yaml": appYaml("web", {
        spec: { source: { chart: "manifests/web", helm: { valuesFiles: [long] } } },
      }),
    },
  ],
])("a mistake in a manifest or an overlay quotes only the beginning of a long %s", (_, edits) => {
  const { diagnostics } = renderFiles(aFleet(edits));

  expect(diagnostics.length).toBeGreaterThan(0);
  for (const { message, hint = "" } of diagnostics) {
    expect(`${message}; ${hint}`.length).toBeLessThan(600);
  }
});
