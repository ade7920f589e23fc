import { describe, expect, it } from "vitest";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import type { JsonObject } from "../../../src/core/model/json.ts";
import { renderFiles } from "../../../src/core/render/render-files.ts";
import { aFleet, appYaml } from "../../support/fleet.ts";

const pod =
  "{containers: [{name: main, image: 'example.com/main:1', resources: {limits: {cpu: '1'}}}]}";
const template = `{metadata: {labels: {a: b}}, spec: ${pod}}`;
const ending = template.replace("spec: {", "spec: {restartPolicy: Never, ");
const selector = "selector: {matchLabels: {a: b}}";

/** One object of each kind with a pod, a custom one too, and some without. */
const manifests = `
{apiVersion: apps/v1, kind: Deployment, metadata: {name: deployment}, spec: {${selector}, template: ${template}}}
---
{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: stateful}, spec: {${selector}, serviceName: s, template: ${template}}}
---
{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: daemon}, spec: {${selector}, template: ${template}}}
---
{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: replica}, spec: {${selector}, template: ${template}}}
---
{apiVersion: v1, kind: ReplicationController, metadata: {name: controller}, spec: {template: ${template}}}
---
{apiVersion: batch/v1, kind: Job, metadata: {name: job}, spec: {template: ${ending}}}
---
{apiVersion: batch/v1, kind: CronJob, metadata: {name: cron}, spec: {schedule: '* * * * *', jobTemplate: {spec: {template: ${ending}}}}}
---
{apiVersion: v1, kind: PodTemplate, metadata: {name: template}, template: ${template}}
---
{apiVersion: v1, kind: Pod, metadata: {name: pod}, spec: ${pod}}
---
{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: custom, namespace: web}, spec: {template: ${template}}}
---
{apiVersion: jobset.x-k8s.io/v1, kind: JobSet, metadata: {name: jobset, namespace: web}, spec: {jobs: [{name: a, template: {spec: {template: ${ending}}}}, {name: b, template: {spec: {template: ${ending}}}}]}}
---
{apiVersion: ray.io/v1, kind: RayCluster, metadata: {name: ray, namespace: web}, spec: {head: {podTemplate: ${template}}, other: {sample: ${template}}}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}, data: {containers: x}}
---
{apiVersion: v1, kind: Service, metadata: {name: service}, spec: {ports: [{port: 80}]}}
`;

const rendered = (...overlays: object[]) =>
  renderFiles(
    aFleet({
      "apps/web.yaml": appYaml("web", {
        spec: { overlays: overlays.map((overlay) => ({ virtualSites: ["all"], ...overlay })) },
      }),
      "manifests/web/deployment.yaml": manifests,
      "manifests/web/settings.yaml": null,
    }),
  );

const problems = (...overlays: object[]): string[] =>
  rendered(...overlays).diagnostics.map(formatDiagnostic);

/** The objects at any site, by name. */
function objects(...overlays: object[]): Record<string, JsonObject> {
  const fleet = rendered(...overlays);
  if (!fleet.ok) throw new Error(fleet.diagnostics.map(formatDiagnostic).join("\n"));
  const variant = fleet.rendered.variants.get(
    fleet.rendered.apps.get("web")?.sites.get("e1") ?? "",
  );
  return Object.fromEntries(
    (variant?.objects ?? []).map(({ object }) => [object.metadata.name, object]),
  );
}

const withPods = [
  "deployment",
  "stateful",
  "daemon",
  "replica",
  "controller",
  "job",
  "cron",
  "template",
  "pod",
  "custom",
  "jobset",
  "ray",
];
const sidecar = { name: "log", image: "example.com/log:1" };

describe("sidecars", () => {
  it("come to every workload that has a pod, behind its own containers, and to nothing else", () => {
    const all = objects({
      sidecars: [
        {
          containers: [sidecar],
          initContainers: [{ name: "setup", image: "example.com/setup:1" }],
          volumes: [{ name: "logs", emptyDir: {} }],
        },
      ],
    });
    const carrying = Object.entries(all).filter(([, object]) =>
      JSON.stringify(object).includes("log:1"),
    );

    expect(carrying.map(([name]) => name).toSorted()).toEqual(withPods.toSorted());
    // In each pod of a custom resource: two of this one, and the one of the other that stands in a template.
    expect(JSON.stringify(all["jobset"]).match(/log:1/g)).toHaveLength(2);
    expect(JSON.stringify(all["ray"]).match(/log:1/g)).toHaveLength(1);
    expect(JSON.stringify(all["cron"])).toMatch(
      /"containers":\[\{[^}]*"name":"main".*"name":"log"/,
    );
    expect(all["pod"]?.["spec"]).toMatchObject({
      containers: [{ name: "main" }, sidecar],
      initContainers: [{ name: "setup" }],
      volumes: [{ name: "logs" }],
    });
  });

  it("of a target come to that alone, and images and reservations after them hold for them", () => {
    const all = objects({
      sidecars: [{ target: { kind: "StatefulSet" }, containers: [sidecar] }],
      images: [{ name: "example.com/log", newTag: "2" }],
      resources: [{ container: "log", requests: { memory: "8Mi" } }],
    });

    expect(JSON.stringify(all).match(/log:2/g)).toHaveLength(1);
    expect(all["stateful"]?.["spec"]).toMatchObject({
      template: {
        spec: {
          containers: [
            { name: "main" },
            { name: "log", image: "example.com/log:2", resources: { requests: { memory: "8Mi" } } },
          ],
        },
      },
    });
  });

  it("are merged with what is there by that name, as a patch would be", () => {
    const { pod: found } = objects(
      { sidecars: [{ containers: [{ ...sidecar, env: [{ name: "A", value: "1" }] }] }] },
      { sidecars: [{ containers: [{ name: "log", env: [{ name: "B", value: "2" }] }] }] },
    );

    expect(found?.["spec"]).toMatchObject({
      containers: [
        { name: "main" },
        {
          ...sidecar,
          env: expect.arrayContaining([
            { name: "A", value: "1" },
            { name: "B", value: "2" },
          ]),
        },
      ],
    });
  });
});

describe("scheduling", () => {
  const bears = (value: string) => ({ key: "dedicated", operator: "Equal", value });

  it("replaces what overlays before it have put there, be it by a patch of a manifest's own", () => {
    const target = { kind: "Pod" };
    const own = { nodeSelector: { disk: "hdd", zone: "a" }, tolerations: [bears("a")] };
    const { pod: found } = objects(
      { patches: [{ target, merge: { spec: own } }] },
      { scheduling: [{ nodeSelector: { disk: "ssd" }, tolerations: [bears("b"), bears("c")] }] },
      { scheduling: [{ target, tolerations: [bears("c"), bears("d")] }] },
    );

    expect(found?.["spec"]).toMatchObject({
      nodeSelector: { disk: "ssd", zone: "a" },
      tolerations: [bears("c"), bears("d")],
    });
  });

  it("that says what is there already changes nothing", () => {
    const scheduling = [{ nodeSelector: { disk: "ssd" }, tolerations: [bears("b"), bears("c")] }];

    expect(problems({ scheduling }, { scheduling })).toEqual([
      expect.stringContaining("warning: overlay 2 changes nothing at any site"),
    ]);
  });

  it("is told where a later overlay leaves nothing of it", () => {
    const of = (disk: string) => ({ scheduling: [{ nodeSelector: { disk } }] });

    expect(problems(of("hdd"), of("ssd"))).toEqual([
      expect.stringContaining("warning: overlay 1 has no effect left at any site"),
    ]);
  });
});

describe("resource reservations", () => {
  it("are set in all containers, or in that of a name, and null takes one away", () => {
    const all = objects(
      { resources: [{ requests: { cpu: "10m", memory: 1024 } }] },
      {
        resources: [
          { target: { name: "job" }, container: "main", limits: { cpu: null, memory: "1Gi" } },
        ],
      },
    );
    const before = { limits: { cpu: "1" }, requests: { cpu: "10m", memory: 1024 } };

    expect(all["pod"]?.["spec"]).toMatchObject({ containers: [{ resources: before }] });
    // The JobSet has two.
    expect(JSON.stringify(all).match(/"cpu":"10m"/g)).toHaveLength(withPods.length + 1);
    expect(JSON.stringify(all["job"])).toContain(
      '"resources":{"limits":{"memory":"1Gi"},"requests":{"cpu":"10m","memory":1024}}',
    );
  });
});

describe("annotations", () => {
  it("are set on all objects, not on their pods", () => {
    const all = objects({ annotations: { "example.com/note": "x" } });

    expect(JSON.stringify(all).match(/example.com\/note/g)).toHaveLength(Object.keys(all).length);
    expect(all["service"]).toMatchObject({
      metadata: { annotations: { "example.com/note": "x" } },
    });
  });
});

describe("overlays of pods", () => {
  it.each<[string, object, string]>([
    [
      "a target without a pod",
      { sidecars: [{ target: { kind: "Service" }, containers: [sidecar] }] },
      "no workload of the app is meant: none has a pod template",
    ],
    [
      "a container that nothing has",
      { resources: [{ container: "mian", requests: { cpu: "1" } }] },
      'no container of the workloads is called "mian"',
    ],
    ["an empty sidecar", { sidecars: [{ target: { kind: "Pod" } }] }, "a sidecar needs containers"],
    [
      "an empty reservation",
      { resources: [{}] },
      "a resource reservation needs requests or limits",
    ],
    [
      "a directive that is none",
      { sidecars: [{ containers: [{ name: "log", $patch: "mrege" }] }] },
      "unknown directive",
    ],
    [
      "a sidecar that takes an own container away",
      { sidecars: [{ containers: [{ name: "main", $patch: "delete" }] }] },
      "main: a sidecar takes nothing away",
    ],
    [
      "a sidecar that takes away what there is not",
      { sidecars: [{ volumes: [{ name: "none", $patch: "delete" }] }] },
      "none: a sidecar takes nothing away",
    ],
    [
      "a digest that an expression gave and that is none",
      { images: [{ name: "example.com/main", digest: "${site.name}" }] },
      "the expression must give a digest such as `sha256:…` here, not another text",
    ],
    [
      "a digest that an expression left empty",
      { images: [{ name: "example.com/main", digest: "${''}" }] },
      "here, not an empty text",
    ],
    [
      "a slip of a member that RFC 6902 knows",
      {
        patches: [
          {
            target: { kind: "Pod" },
            json: [{ op: "remove", path: "/spec/containers/0/resources", valeu: "none" }],
          },
        ],
      },
      'unknown field "valeu"',
    ],
    [
      "a `test` that a field is null which is not there",
      {
        patches: [
          { target: { kind: "Pod" }, json: [{ op: "test", path: "/spec/priority", value: null }] },
        ],
      },
      "/spec/priority",
    ],
    ["Flotilla's annotation", { annotations: { "flotilla.dev/owner": "x" } }, "is set by Flotilla"],
  ])("refuse %s", (_, overlay, expected) => {
    const [first] = problems(overlay);

    expect(first).toContain(expected);
    expect(first).toMatch(/^apps\/web.yaml:4:\d+: error: /);
  });

  it("that change nothing are told", () => {
    expect(problems({ resources: [{ limits: { cpu: "1" } }] })).toEqual([
      expect.stringContaining("warning: overlay 1 changes nothing at any site"),
    ]);
  });
});
