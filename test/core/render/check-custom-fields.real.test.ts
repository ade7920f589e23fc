/** What is told of the scalars of custom resources, against what a real API server takes and refuses. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { renderFiles } from "../../../src/core/render/render-files.ts";
import { type ApiClient, createApiClient } from "../../control-plane/api-client.ts";
import { type ControlPlanes, startControlPlanes } from "../../control-plane/start.ts";
import { eventually } from "../../support/kube-worker.ts";
import { aFleet } from "../../support/fleet.ts";

const schemas: Readonly<Record<string, string>> = {
  text: "{type: string}",
  time: "{type: string, format: date-time}",
  odd: "{type: string, format: int32}",
  maybe: "{type: string, nullable: true}",
  whole: "{type: integer}",
  int32: "{type: integer, format: int32}",
  real: "{type: number}",
  double: "{type: number, format: double}",
  flag: "{type: boolean}",
  oddFlag: "{type: boolean, format: date-time}",
  oddWhole: "{type: integer, format: date-time}",
  either: "{x-kubernetes-int-or-string: true}",
  free: "{x-kubernetes-preserve-unknown-fields: true}",
  half: "{type: object, x-kubernetes-preserve-unknown-fields: true, properties: {x: {type: string}}}",
  map: "{type: object, additionalProperties: {type: string}}",
  list: "{type: array, items: {type: string}}",
  inner: "{type: object, x-kubernetes-embedded-resource: true, properties: {x: {type: string}}}",
};
const fields = Object.entries(schemas).map(([name, schema]) => `${name}: ${schema}`);
const definition = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
spec:
  group: example.com
  names: {kind: Thing, plural: things, singular: thing, listKind: ThingList}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {${fields.join(", ")}}}}}}
`;
const thing = (spec: string): string =>
  `apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: t}\nspec: ${spec}\n`;

let planes: ControlPlanes;
let api: ApiClient;
const things = "/apis/example.com/v1/namespaces/default/things";

beforeAll(async () => {
  planes = await startControlPlanes({ clusters: 1 });
  const [cluster] = planes.clusters;
  if (cluster === undefined) throw new Error("no control plane was started");
  api = createApiClient(cluster);
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  await api.request(path, { method: "POST", body: parse(definition) });
  await eventually("the kind is served", async () => (await api.request(things)).status === 200);
}, 180_000);

afterAll(async () => {
  api.close();
  await planes.stopAll();
});

describe("a scalar of a custom resource", () => {
  it.each([
    ["{text: true}", true],
    ["{text: 5}", true],
    ["{text: a}", false],
    ["{text: null}", false],
    ["{time: 5}", true],
    ["{odd: 5}", true],
    ["{maybe: 5}", true],
    ["{maybe: null}", false],
    ['{whole: "5"}', true],
    ["{whole: 1.5}", true],
    ["{whole: true}", true],
    ["{whole: 5.0}", false],
    ["{int32: true}", true],
    ['{int32: "5"}', true],
    ['{real: "5"}', true],
    ["{real: 5}", false],
    ['{double: "5"}', true],
    ["{double: true}", true],
    ["{double: 5}", false],
    ['{flag: "yes"}', true],
    ["{flag: 1}", true],
    ["{oddFlag: 1}", true],
    ['{oddFlag: "yes"}', true],
    ['{oddWhole: "5"}', true],
    ["{oddWhole: true}", true],
    ["{oddWhole: 5}", false],
    ["{either: 5}", false],
    ["{either: a}", false],
    ["{free: {x: 5}}", false],
    ["{half: {x: 5}}", true],
    ["{half: {z: 5}}", false],
    ["{map: {x: 5}}", true],
    ["{list: [true]}", true],
    ["{list: [a]}", false],
    ["{inner: {apiVersion: v1, kind: A, metadata: {name: n}, x: 5}}", true],
    ["{unknown: 5}", false],
  ])("is told where the API server refuses it: %s", async (spec, isRefused) => {
    const body = parse(thing(spec)) as unknown;

    const { status } = await api.request(`${things}?dryRun=All`, { method: "POST", body });
    const { diagnostics } = renderFiles(
      aFleet({ "manifests/web/crd.yaml": definition, "manifests/web/thing.yaml": thing(spec) }),
    );

    expect([status, diagnostics.length]).toEqual(isRefused ? [422, 1] : [201, 0]);
  });
});
