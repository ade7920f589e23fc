import { describe, expect, it } from "vitest";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import type { Place } from "../../../src/core/model/fleet-model.ts";
import { keyOf } from "../../../src/core/model/kube-object.ts";
import { checkFieldTypes } from "../../../src/core/render/check-field-types.ts";
import { renderFiles } from "../../../src/core/render/render-files.ts";
import { aFleet, appYaml } from "../../support/fleet.ts";

const problems = (text: string, spec: object = {}): string[] =>
  renderFiles(
    aFleet({
      "manifests/web/more.yaml": text,
      "apps/web.yaml": appYaml("web", { spec: { ...spec } }),
    }),
  ).diagnostics.map((each) => `${formatDiagnostic(each)} [${each.code}]`);

const deployment = (container: string, spec = "replicas: 1"): string => `apiVersion: apps/v1
kind: Deployment
metadata: {name: d}
spec:
  ${spec}
  selector: {matchLabels: {a: b}}
  template:
    metadata: {labels: {a: b}}
    spec:
      containers:
        - name: c
          image: example.com/c:1
          ${container}
`;

describe("a field of Kubernetes' own kinds", () => {
  it.each([
    [
      deployment("env: [{name: A, value: 5}]"),
      "13:34",
      "env[0].value must be text, not the number 5",
    ],
    [deployment('tty: "yes"'), "13:16", "tty must be true or false, not text"],
    [deployment("args: serve"), "13:17", "args must be a list, not text"],
    [deployment("ports: [80]"), "13:19", "ports[0] must be an object, not the number 80"],
    [
      deployment("resources: {requests: {cpu: 100mm}}"),
      "13:39",
      'resources.requests.cpu must be a quantity such as 500m or 1Gi, not "100mm"',
    ],
    [deployment("livenessProbe: {httpGet: {port: [1]}}"), "13:43", "port must be a number or text"],
    [
      deployment("{env: x}".slice(1, -1), "replicas: 1.5"),
      "5:13",
      "replicas must be a whole number",
    ],
    [
      deployment("env: [{name: A}, {name: B}, {name: A}]"),
      "13:39",
      "env[2] is there a second time, with the same name",
    ],
    [
      deployment("ports: [{containerPort: 53}, {containerPort: 53}]"),
      "13:40",
      "is there a second time, with the same containerPort and protocol",
    ],
  ])("is told where its value cannot be: %#", (text, place, words) => {
    const start = `manifests/web/more.yaml:${place}: warning: Deployment web/d: `;
    const found = problems(text).filter((each) => each.startsWith(start));
    expect(found).toEqual([expect.stringContaining(words)]);
  });

  it("is told where Kubernetes does not know it, with the one that is meant", () => {
    expect(problems(deployment("imgae: x"))).toEqual([
      "manifests/web/more.yaml:13:11: warning: Deployment web/d: Kubernetes 1.36 knows no field spec.template.spec.containers[0].imgae, and refuses it; did you mean image? [refused-object]",
    ]);
  });

  it("is looked at behind all overlays, and told where it was written", () => {
    const patch = {
      target: { kind: "Deployment", name: "d" },
      merge: { spec: { replicas: "two" } },
    };
    const overlays = [{ virtualSites: ["shops"], patches: [patch] }];
    expect(problems(deployment("tty: true"), { overlays })).toEqual([
      "apps/web.yaml:4:222: warning: Deployment web/d: spec.replicas must be a number, not text [refused-object]",
    ]);
    const mended = { ...patch, merge: { spec: { replicas: 2 } } };
    expect(
      problems(deployment("tty: true", 'replicas: "two"'), {
        overlays: [{ virtualSites: ["all"], patches: [mended] }],
      }),
    ).toEqual([]);
  });

  it.each([
    "ports: [{containerPort: 53}, {containerPort: 53, protocol: UDP}]",
    "resources: {limits: {memory: 1e9, cpu: 2, example.com/gpu: 1, ephemeral-storage: .5Gi}}",
    "livenessProbe: {httpGet: {port: http, path: /}}",
    "args: [a, a]",
    "env: null",
    "securityContext: {runAsUser: 1000, capabilities: {add: [NET_ADMIN]}}",
  ])("is right as it may be: %s", (text) => {
    expect(problems(deployment(text))).toEqual([]);
  });

  it("is not looked at in custom resources, in versions that are not served, and in what a region puts in", () => {
    const custom =
      "apiVersion: example.com/v1\nkind: Foo\nmetadata: {name: f, namespace: web}\nspec: {a: 1}\n";
    const old =
      "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: {name: f}\nspec: {a: 1}\n";
    expect(problems(custom)).toEqual([]);
    expect(problems(old).filter((each) => each.includes("refused-object"))).toEqual([]);
    expect(problems(custom, { secrets: [{ name: "db" }] })).toEqual([]);
  });
});

describe("an object with thousands of mistakes", () => {
  const list = (count: number, text: (index: number) => string): string =>
    Array.from({ length: count }, (_, index) => text(index)).join(", ");
  const map = (field: string): string =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n${field}\n`;
  const metadata = (field: string): string =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m, ${field}}\n`;

  it.each([
    deployment(list(500, (index) => `u${index}: 1`).replaceAll(", ", "\n          ")),
    deployment(`args: [${list(500, String)}]`),
    map(`data: {${list(500, (index) => `a b${index}: x`)}}`),
    map(`data: {${list(500, (index) => `a${index}: 1`)}}`),
    metadata(`annotations: {${list(500, (index) => `a b${index}: x`)}}`),
    metadata(`labels: {${list(500, (index) => `a b${index}: x`)}}`),
    deployment("tty: true").replace("{a: b}", `{${list(500, (index) => `k${index}: x`)}}`),
  ])("has twenty told: %#", (text) => {
    expect(problems(text)).toHaveLength(20);
  });

  it("has no more than twenty places looked for", () => {
    const fields = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`u${index}`, 1]));
    let asked = 0;
    const at = (): Place => {
      asked += 1;
      return { file: "a.yaml", line: 1, column: 1 };
    };
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "m" }, ...fields };
    checkFieldTypes({ object, key: keyOf(object), at, keyAt: at, textAt: at });
    expect(asked).toBe(20);
  });

  it("has long values and names cut", () => {
    const long = "z".repeat(200_000);
    const told = [
      ...problems(deployment(`resources: {requests: {cpu: ${long}}}`)),
      ...problems(deployment(`resources: {requests: {cpu: {${long}: 1}}}`)),
      ...problems(deployment(`${long}: 1`)),
      ...problems(map(`data: {${long}: x}`)),
      ...problems(metadata(`annotations: {${long}: x}`)),
      ...problems(deployment("tty: true").replace("{a: b}", `{${long}: ${long}}`)),
    ];
    expect(told).toHaveLength(6);
    expect(Math.max(...told.map(({ length }) => length))).toBeLessThan(400);
  });
});

describe("what every API server refuses of a workload", () => {
  it("is one without a container, also where a patch takes the last one away", () => {
    const patch = {
      target: { kind: "Deployment", name: "d" },
      merge: { spec: { template: { spec: { containers: [{ name: "c", $patch: "delete" }] } } } },
    };
    const overlays = [{ virtualSites: ["all"], patches: [patch] }];
    expect(problems(deployment("tty: true"), { overlays })).toEqual([
      "apps/web.yaml:4:228: warning: Deployment web/d: its pods have no container [refused-object]",
    ]);
  });

  it("is one that does not select its own pods", () => {
    const other = deployment("tty: true").replace("matchLabels: {a: b}", "matchLabels: {a: c}");
    expect(problems(other)).toEqual([
      'manifests/web/more.yaml:6:31: warning: Deployment web/d: spec.selector wants the label a: "c", which its pods do not have [refused-object]',
    ]);
    const none = deployment("tty: true").replace("  selector: {matchLabels: {a: b}}\n", "");
    expect(problems(none)).toEqual([expect.stringContaining("spec.selector is missing")]);
  });

  const workload = (kind: string, rest: string): string =>
    `apiVersion: ${/^(Cron)?Job$/.test(kind) ? "batch" : "apps"}/v1\nkind: ${kind}\nmetadata: {name: d}\n${rest}`;
  const needed = (text: string): string => text.replace("apps/v1\nkind: Pod", "v1\nkind: Pod");

  const podsOf = (kind: string, fields: string): string => {
    if (kind === "Pod") return needed(workload(kind, pod(fields)));
    if (kind === "CronJob") return workload(kind, cronJob("schedule: '@daily'", fields));
    if (kind === "Job") return workload(kind, job(fields));
    const own = `selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, ${pod(fields).trim()}}`;
    return workload(kind, `spec: {${own}}\n`);
  };

  const policy = "spec.template.spec.restartPolicy";
  const pod = (fields: string): string =>
    `spec: {${fields}containers: [{name: c, image: 'c:1'}]}\n`;
  const job = (fields = "restartPolicy: Never, "): string =>
    `spec: {template: {${pod(fields).trim()}}}\n`;
  const cronJob = (fields: string, pod?: string): string =>
    `spec: {${fields}, jobTemplate: {${job(pod).trim()}}}\n`;

  it.each([
    ["Deployment", "", "1:1: spec is missing"],
    ["Deployment", "spec:\n", "4:6: spec is missing"],
    ["Deployment", "spec: null\n", "4:7: spec is missing"],
    ["StatefulSet", "", "1:1: spec is missing"],
    ["ReplicaSet", "", "1:1: spec is missing"],
    ["DaemonSet", "spec: {selector: {matchLabels: {a: b}}}\n", "4:7: spec.template is missing"],
    [
      "DaemonSet",
      "spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}}}\n",
      "4:51: spec.template.spec is missing",
    ],
    ["Job", "", "1:1: spec is missing"],
    ["Job", "spec: {template: ~}\n", "4:18: spec.template is missing"],
    ["CronJob", "", "1:1: spec is missing"],
    ["CronJob", "spec: {schedule: '* * * * *'}\n", "4:7: spec.jobTemplate is missing"],
    ["CronJob", cronJob("schedule: ''"), "4:18: spec.schedule is missing"],
    ["CronJob", cronJob("schedule:"), "4:17: spec.schedule is missing"],
    ["CronJob", cronJob("suspend: true"), "4:7: spec.schedule is missing"],
    ["CronJob", cronJob("schedule: '@daily'", ""), `4:66: spec.jobTemplate.${policy} is missing`],
    ["Job", job(""), `4:25: ${policy} is missing`],
    ["Job", job("restartPolicy: '', "), `4:41: ${policy} is missing`],
    ["Pod", "", "1:1: spec is missing"],
    ["Pod", "spec: {containers: [{image: 'c:1'}]}\n", "4:21: a container has no name"],
    ["Pod", "spec: {containers: [{name: c}]}\n", "4:21: a container has no image"],
    ["Pod", "spec: {containers: [{name: c, image: ''}]}\n", "4:38: a container has no image"],
  ])("is a %s that lacks what it must have: %j", (kind, rest, told) => {
    const [place = "", words = ""] = told.split(": ");
    const found = problems(needed(workload(kind, rest)));
    expect(found).toEqual([
      expect.stringContaining(`manifests/web/more.yaml:${place}: warning: ${kind} web/d: ${words}`),
    ]);
    expect(found[0]).toMatch(/; add `[\w.]+` \[refused-object\]$/u);
  });

  it.each([
    ["Job", "Always", "has OnFailure or Never there"],
    ["Job", "never", "has OnFailure or Never there"],
    ["CronJob", "Always", "has OnFailure or Never there"],
    ["Deployment", "OnFailure", "has Always there"],
    ["StatefulSet", "Never", "has Always there"],
    ["DaemonSet", "Never", "has Always there"],
    ["ReplicaSet", "Never", "has Always there"],
    ["Pod", "Sometimes", "has Always, OnFailure or Never there"],
  ])("is a %s whose pods start again by %s", (kind, written, told) => {
    expect(problems(podsOf(kind, `restartPolicy: ${written}, `))).toEqual([
      expect.stringMatching(
        `restartPolicy is "${written}": a ${kind} ${told} \\[refused-object\\]$`,
      ),
    ]);
  });

  it.each([
    ["Job", "OnFailure"],
    ["CronJob", "Never"],
    ["Deployment", "Always"],
    ["Deployment", "''"],
    ["Pod", "OnFailure"],
  ])("is no %s whose pods start again by %s", (kind, written) => {
    expect(problems(podsOf(kind, `restartPolicy: ${written}, `))).toEqual([]);
  });

  it("is told once where a field that it must have is mistyped", () => {
    const typo = problems(podsOf("Job", "restartPolcy: Never, "));
    expect(typo).toEqual([expect.stringContaining("did you mean restartPolicy?")]);
    const when = problems(workload("CronJob", cronJob("schedul: '@daily'")));
    expect(when).toEqual([expect.stringContaining("did you mean schedule?")]);
    expect(problems(podsOf("Job", "restartPolicy: 5, "))).toHaveLength(1);
  });

  it("tells all that one lacks", () => {
    expect(problems(workload("Deployment", "spec: {}\n"))).toEqual([
      expect.stringContaining("4:7: warning: Deployment web/d: spec.selector is missing"),
      expect.stringContaining("4:7: warning: Deployment web/d: spec.template is missing"),
    ]);
    const odd = workload("Deployment", "spec: {selector: 5, template: {spec: []}}\n");
    expect(problems(odd).join()).not.toContain("is missing");
  });

  it("has a container that a patch adds without image: told where the patch names it", () => {
    const app = `apiVersion: flotilla.dev/v1alpha1
kind: App
metadata: { name: web }
spec:
  namespace: web
  source: { manifests: manifests/web }
  placement: { virtualSites: [all] }
  overlays:
    - virtualSites: [all]
      patches:
        - target: { kind: Deployment, name: d }
          merge:
            spec:
              replicas: 2
              template: { spec: { containers: [{ name: NAME, tty: true }] } }
`;
    const withPatch = (name: string): string[] =>
      renderFiles(
        aFleet({
          "manifests/web/more.yaml": deployment("stdin: true").replaceAll("name: c", "name: main"),
          "apps/web.yaml": app.replace("NAME", name),
        }),
      ).diagnostics.map((each) => formatDiagnostic(each));

    const told = (words: string): string =>
      `apps/web.yaml:15:48: warning: Deployment web/d: the patch adds container ${words}`;
    expect(withPatch("mian")).toEqual([told('"mian" without image; did you mean "main"?')]);
    expect(withPatch("else")).toEqual([told('"else" without image; add `image`')]);
    expect(withPatch("main")).toEqual([]);
  });

  it("is none that an overlay has made whole", () => {
    const merge = {
      spec: {
        selector: { matchLabels: { a: "b" } },
        template: {
          metadata: { labels: { a: "b" } },
          spec: { containers: [{ name: "c", image: "c:1" }] },
        },
      },
    };
    const patches = [{ target: { kind: "Deployment", name: "d" }, merge }];
    const overlays = [{ virtualSites: ["all"], patches }];
    expect(problems(workload("Deployment", ""), { overlays })).toEqual([]);
  });
});

describe("names and sizes that Kubernetes refuses", () => {
  const map = (metadata: string, rest = ""): string =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m${metadata}}\n${rest}`;

  it.each([
    [map("", 'data: {"a b": x}'), "4:8", 'data: "a b" is no key'],
    [map("", 'binaryData: {"..a": eA==}'), "4:14", 'binaryData: "..a" is no key'],
    [map(', annotations: {"a b": x}'), "3:35", 'annotation key "a b"'],
    [map(`, annotations: {a: ${"x".repeat(270_000)}}`), "3:34", "264 KiB, more than 256"],
    [
      `apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: ${"n".repeat(53)}}\n`,
      "3:18",
      "is no name for a CronJob",
    ],
    [
      `apiVersion: batch/v1\nkind: Job\nmetadata: {name: ${"n".repeat(64)}}\n`,
      "3:18",
      "is no name for a Job",
    ],
  ])("are told at their place: %#", (text, place, words) => {
    const start = `manifests/web/more.yaml:${place}: error: `;
    expect(problems(text).filter((each) => each.startsWith(start))).toEqual([
      expect.stringContaining(words),
    ]);
  });

  it("are none that it takes", () => {
    expect(
      problems(map(', annotations: {Example.com/A: ""}', "data: {.a-b_c: x, a..b: z}")),
    ).toEqual([]);
    const name = "n".repeat(52);
    const pod = "{spec: {restartPolicy: Never, containers: [{name: c, image: 'c:1'}]}}";
    const spec = `{schedule: '* * * * *', jobTemplate: {spec: {template: ${pod}}}}`;
    const cronJob = `apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: ${name}}\nspec: ${spec}\n`;
    expect(problems(cronJob)).toEqual([]);
  });
});
