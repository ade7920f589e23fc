/** The applies of a change, as Flotilla sends them: rendered by Flotilla itself, so that both send the same objects. */
import { fieldManagerOf, prepareObject } from "../src/core/apply/ownership.ts";
import { loadFleet } from "../src/core/model/load-fleet.ts";
import { keyOf } from "../src/core/model/kube-object.ts";
import { renderFleet } from "../src/core/render/render-fleet.ts";
import type { ReadyApply } from "./bare-client.ts";
import { appFiles, fleetFiles } from "./synthetic-fleet.ts";

const plurals: Readonly<Record<string, string>> = {
  Deployment: "deployments",
  ConfigMap: "configmaps",
};

/** The applies of an app with so many objects, at any site: they are equal everywhere. `version` is in each object. */
export function readyApplies(objects: number, app: string, version: number): ReadyApply[] {
  const files = {
    ...fleetFiles({ sites: 1, regions: 1, apps: 0, objects }, version),
    ...appFiles(app, objects, version),
  };
  const model = loadFleet(Object.entries(files).map(([path, text]) => ({ path, text })));
  if (!model.ok) throw new Error("the synthetic fleet is not valid");
  const rendered = renderFleet(model.value);
  if (!rendered.ok) throw new Error("the synthetic fleet cannot be rendered");
  const [tree] = rendered.value.apps.get(app)?.sites.values() ?? [];
  const variant = tree === undefined ? undefined : rendered.value.variants.get(tree);
  if (variant === undefined) throw new Error(`${app} is not rendered`);
  const query = new URLSearchParams({ fieldManager: fieldManagerOf(app) }).toString();
  return variant.objects.map((one) => {
    const object = prepareObject(one.object, `bench/${app}`);
    const { kind, namespace, name } = keyOf(object);
    const plural = plurals[kind];
    if (plural === undefined) throw new Error(`no path for ${kind}`);
    const root = object.apiVersion === "v1" ? "/api/v1" : `/apis/${object.apiVersion}`;
    return {
      path: `${root}/namespaces/${namespace}/${plural}/${name}?${query}`,
      body: JSON.stringify(object),
    };
  });
}
