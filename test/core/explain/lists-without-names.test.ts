import { describe, expect, it } from "vitest";
import { explainObject } from "../../../src/core/explain/explain-object.ts";
import {
  fieldText,
  findField,
  leafFields,
  readField,
} from "../../../src/core/explain/field-steps.ts";
import { followedLists } from "../../../src/core/explain/followed-lists.ts";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import { openApiSchema } from "../../../src/core/render/merge-schema.ts";
import { renderFiles } from "../../../src/core/render/render-files.ts";
import { noToolOutputs } from "../../../src/core/render/tools/tool-output.ts";
import { aFleet } from "../../support/fleet.ts";

const unset = { by: "", place: null, expression: null, reads: [] };

describe("a list without names", () => {
  const workload = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      tolerations:
        - {key: a, operator: Exists}
        - {key: b, operator: Exists}
      containers:
        - name: web
          image: example.com/web:1
          args:
            - a
            - --at=\${site.name}
          ports:
            - containerPort: 80
              protocol: TCP
            - containerPort: 81
`;
  const appStart = `apiVersion: flotilla.dev/v1alpha1
kind: App
metadata: {name: web}
spec:
  namespace: web
  source: {manifests: manifests/web, expressions: true}
  placement: {virtualSites: [all]}
  overlays:
    - virtualSites: [all]
`;
  /** The overlay's fields begin in line 10. */
  const toldWith = (overlay: string, field: string): string[] => {
    const fleet = renderFiles(
      aFleet({
        "apps/web.yaml": `${appStart}${overlay.replaceAll(/^/gm, "      ")}\n`,
        "manifests/web/deployment.yaml": workload,
        "manifests/web/settings.yaml": null,
      }),
    );
    if (!fleet.ok) return fleet.diagnostics.map(formatDiagnostic);
    const answer = explainObject(
      { model: fleet.model, tools: noToolOutputs },
      { app: "web", site: "e1", object: "Deployment/web", field: `.spec.template.spec${field}` },
    );
    if (!answer.ok) return [`no ${answer.missing}`];
    return answer.fields.map(({ field: name, settings }) => {
      const steps = settings.map(({ value, place, isRemoved, expression }) => {
        const text = isRemoved ? "gone" : JSON.stringify(value);
        const from = expression === null ? "" : ` ${expression}`;
        return `${text}${from} ${place?.file.startsWith("apps/") ? "app" : "manifest"}:${place?.line}:${place?.column}`;
      });
      return `${name.replace(/^.*\]\.(?=args|ports)|^.*\.(?=tolerations)/, "")} ${steps.join(" < ")}`;
    });
  };
  const merging = (pod: string): string =>
    `patches:\n- target: {kind: Deployment}\n  merge:\n    spec: {template: {spec: ${pod}}}`;
  const patching = (...operations: string[]): string =>
    `patches:\n- target: {kind: Deployment}\n  json:\n${operations.map((each) => `  - ${each}`).join("\n")}`;
  const [args, tolerations] = ['.containers[name="web"].args', ".tolerations"];
  const inContainer = "/spec/template/spec/containers/0";
  const kept = ['args[0] "a" manifest:16:15', 'args[1] "--at=e1" --at=${site.name} manifest:17:15'];

  it("is told item by item, each with its own place and expression", () => {
    expect(toldWith("labels: {a: b}", args)).toEqual(kept);
    expect(toldWith("labels: {a: b}", `${args}[1]`)).toEqual([kept[1]]);
  });

  it("is told by the items of the patch that gives it whole", () => {
    const pod = "{containers: [{name: web, args: [a, '${site.region}', c]}]}";
    const whole = [
      'args[0] "a" app:13:68 < "a" manifest:16:15',
      'args[1] "east" ${site.region} app:13:71 < "--at=e1" --at=${site.name} manifest:17:15',
      'args[2] "c" app:13:89',
    ];
    expect(toldWith(merging(pod), args)).toEqual(whole);
    expect(
      toldWith(
        patching(`{op: replace, path: ${inContainer}/args, value: [a, '\${site.region}', c]}`),
        args,
      ),
    ).toEqual(
      whole.map((each) =>
        each.replace(/app:13:(\d+)/, (_, column) => `app:13:${Number(column) + 10}`),
      ),
    );
  });

  it("is told by the operation that adds or replaces one item", () => {
    const operations = [
      `{op: add, path: ${inContainer}/args/-, value: c}`,
      `{op: replace, path: ${inContainer}/args/0, value: d}`,
    ];

    expect(toldWith(patching(...operations), args)).toEqual([
      'args[0] "d" app:14:79 < "a" manifest:16:15',
      kept[1],
      'args[2] "c" app:13:75',
    ]);
  });

  it("is told as a whole where its items have moved", () => {
    const [told = "", ...others] = toldWith(
      patching(`{op: remove, path: ${inContainer}/args/0}`),
      args,
    );

    expect(told).toBe('args ["--at=e1"] app:13:11 < ["a","--at=e1"] manifest:16:13');
    expect(others).toEqual([]);
    expect(toldWith(patching(`{op: remove, path: ${inContainer}/args/0}`), `${args}[0]`)).toEqual([
      told,
    ]);
  });

  it("is followed by its merge key where patches merge it", () => {
    const ports = '.containers[name="web"].ports';
    const pod = (patch: string): string => `{containers: [{name: web, ports: [${patch}]}]}`;
    const first = [
      "ports[containerPort=80].containerPort 80 manifest:19:30",
      'ports[containerPort=80].protocol "TCP" manifest:20:25',
    ];

    expect(toldWith(merging(pod("{containerPort: 81, protocol: UDP}")), ports).toSorted()).toEqual([
      ...first,
      "ports[containerPort=81].containerPort 81 manifest:21:30",
      'ports[containerPort=81].protocol "UDP" app:13:99',
    ]);
    expect(toldWith(merging(pod("{containerPort: 81, $patch: delete}")), ports)).toEqual([
      ...first,
      "ports[containerPort=81].containerPort gone app:13:85 < 81 manifest:21:30",
    ]);
    expect(toldWith("labels: {a: b}", `${ports}[1].containerPort`)).toEqual(
      toldWith("labels: {a: b}", `${ports}[containerPort=81].containerPort`),
    );
  });

  it("is followed by all its keys where one does not tell its items apart", () => {
    const ports = '.containers[name="web"].ports';
    const two = "[{containerPort: 80}, {containerPort: 80, protocol: UDP, hostPort: 53}]";
    const pod = `{containers: [{name: web, ports: [$patch: replace, ${two.slice(1)}}]}`;
    const tcp = 'ports[containerPort=80,protocol="TCP"]';
    const udp = 'ports[containerPort=80,protocol="UDP"]';
    const given = patching(`{op: replace, path: ${inContainer}/ports, value: ${two}}`);

    for (const overlay of [merging(pod), given]) {
      expect(toldWith(overlay, ports).map((each) => each.replace(/ .*/, ""))).toEqual([
        `${tcp}.containerPort`,
        `${udp}.containerPort`,
        `${udp}.protocol`,
        `${udp}.hostPort`,
        `${tcp}.protocol`,
        'ports[containerPort=81,protocol="TCP"].containerPort',
      ]);
    }
    const [hostPort = "", ...others] = toldWith(
      given,
      `${ports}[protocol=UDP,containerPort=80].hostPort`,
    );
    expect(hostPort).toMatch(/^ports\[containerPort=80,protocol="UDP"\]\.hostPort 53 app:13:\d+$/);
    expect(others).toEqual([]);
    expect(toldWith(given, `${ports}[1].hostPort`)).toEqual([hostPort]);
    expect(toldWith(given, `${ports}[containerPort=80].hostPort`)).toEqual(["no field"]);
  });

  it("is followed by the several keys of a custom resource's list", () => {
    const properties = { port: {}, protocol: { default: "TCP" }, weight: {} };
    const list = {
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["port", "protocol"],
      items: { properties },
    };
    const items = [{ port: 53 }, { port: 53, protocol: "UDP", weight: 2 }];
    const object = { apiVersion: "a.io/v1", kind: "Gate", metadata: { name: "g" }, ports: items };
    const version = { object, tell: () => unset, says: () => undefined };
    const lists = followedLists([version], openApiSchema({ properties: { ports: list } }));

    const texts = leafFields({ ports: items }, { lists }).map(fieldText);
    expect(texts).toEqual([
      '.ports[port=53,protocol="TCP"].port',
      '.ports[port=53,protocol="UDP"].port',
      '.ports[port=53,protocol="UDP"].protocol',
      '.ports[port=53,protocol="UDP"].weight',
    ]);
    expect(findField(object, readField(texts[3] ?? "", object, lists) ?? []).value).toBe(2);
  });

  it("is told item by item of tolerations that an overlay adds, by the list where it moves one", () => {
    const scheduling = (key: string): string =>
      `scheduling: [{tolerations: [{key: ${key}, operator: Exists, effect: NoSchedule}]}]`;

    expect(toldWith(scheduling("c"), `${tolerations}[1].key`)).toEqual([
      'tolerations[1].key "b" manifest:11:17',
    ]);
    expect(toldWith(scheduling("c"), `${tolerations}[2].key`)).toEqual([
      'tolerations[2].key "c" app:10:41',
    ]);
    const moved = `${scheduling("c")}\n${patching("{op: remove, path: /spec/template/spec/tolerations/0}")}`;
    expect(toldWith(moved, `${tolerations}[0].key`)).toEqual([
      expect.stringMatching(/^tolerations \[.*"c".*\] app:10:34 < .* < .* manifest:10:9$/),
    ]);
  });
});
