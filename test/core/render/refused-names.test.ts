import { describe, expect, it } from "vitest";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import { renderFiles } from "../../../src/core/render/render-files.ts";
import { aFleet, appYaml } from "../../support/fleet.ts";

const problems = (text: string, overlays: readonly object[] = []): string[] =>
  renderFiles(
    aFleet({
      "manifests/web/more.yaml": text,
      "apps/web.yaml": appYaml("web", { spec: { overlays } }),
    }),
  ).diagnostics.map((each) => `${formatDiagnostic(each)} [${each.code}]`);

interface Parts {
  readonly container?: string;
  readonly pod?: string;
  readonly labels?: string;
  readonly name?: string;
}

const deployment = ({ container = "tty: true", pod, labels, name = "c" }: Parts): string =>
  `apiVersion: apps/v1
kind: Deployment
metadata: {name: d}
spec:
  selector: {matchLabels: {a: b}}
  template:
    metadata: {labels: {a: b${labels ?? ""}}}
    spec:
      ${pod ?? "hostNetwork: false"}
      containers:
        - name: ${name}
          image: example.com/c:1
          ${container}
`;

/** Line and column of the last place where it stands. */
const placeOf = (text: string, written: string): string => {
  const before = text.slice(0, text.lastIndexOf(written)).split("\n");
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
};

const long = "a".repeat(64);

describe("a pod that every API server refuses", () => {
  it.each([
    [{ name: "C_x" }, "C_x", 'container name "C_x" is none: lower case letters'],
    [{ name: long }, long, "container name"],
    [
      { container: "ports: [{containerPort: 80, name: a-name-of-16-cha}]" },
      "a-name-of-16-cha",
      'port name "a-name-of-16-cha" is none',
    ],
    [{ container: "ports: [{containerPort: 80, name: HTTP}]" }, "HTTP", 'port name "HTTP"'],
    [{ container: "ports: [{containerPort: 80, name: '80'}]" }, "'80'", 'port name "80"'],
    [{ container: "ports: [{containerPort: 80, name: a--b}]" }, "a--b", 'port name "a--b"'],
    [
      { container: "ports: [{containerPort: 70000}]" },
      "70000",
      "containerPort must be from 1 to 65535, not 70000",
    ],
    [{ container: "ports: [{containerPort: 0}]" }, "0}", "containerPort must be from 1"],
    [{ container: "ports: [{containerPort: 80, hostPort: -1}]" }, "-1", "hostPort must be"],
    [
      { container: "livenessProbe: {tcpSocket: {port: 80810}}" },
      "80810",
      "port of the livenessProbe must be from 1 to 65535, not 80810",
    ],
    [
      { container: "resources: {requests: {Bad Name: 1}}" },
      "Bad Name",
      '"Bad Name" in requests is no name of a resource, such as memory or example.com/gpu',
    ],
    [
      { container: "resources: {limits: {memry: 1Gi}}" },
      "memry",
      '"memry" in limits is no resource of Kubernetes, and others have a domain, such as example.com/gpu; did you mean memory?',
    ],
    [
      { container: "resources: {requests: {gpu: 1}}" },
      "gpu",
      '"gpu" in requests is no resource of Kubernetes, and others have a domain, such as example.com/gpu',
    ],
    [
      { pod: "resources: {limits: {memori: 1Gi}}" },
      "memori",
      '"memori" in limits is no resource of a whole pod, which has cpu, memory and hugepages-*; did you mean memory?',
    ],
    [
      { pod: "resources: {requests: {ephemeral-storage: 1Gi}}" },
      "ephemeral-storage",
      '"ephemeral-storage" in requests is no resource of a whole pod, which has cpu, memory and hugepages-*',
    ],
    [
      { pod: "resources: {limits: {example.com/gpu: 1}}" },
      "example.com/gpu",
      '"example.com/gpu" in limits is no resource of a whole pod',
    ],
    [{ pod: "volumes: [{name: A_b, emptyDir: {}}]" }, "A_b", 'volume name "A_b" is none'],
    [{ labels: ", c: x y" }, "x y", 'value "x y" of its pods\' labels is not a label value'],
    [{ labels: ", c d: x" }, "c d", 'key "c d" of its pods\' labels is not a label key'],
    [{ pod: "nodeSelector: {disk: x y}" }, "x y", 'value "x y" of its pods\' nodeSelector'],
    [
      { pod: "tolerations: [{key: a b, operator: Exists}]" },
      "a b",
      'toleration key "a b" is not a label key',
    ],
    [
      { pod: "tolerations: [{key: a, value: b c}]" },
      "b c",
      'toleration value "b c" is not a label value',
    ],
    [
      { pod: "initContainers: [{name: c, image: 'i:1'}]" },
      "c,",
      '"c" is the name of a container and of an init container',
    ],
    [{ pod: "hostname: A_b" }, "A_b", 'hostname "A_b" is none: lower case letters, digits and `-`'],
    [{ pod: "subdomain: a.b" }, "a.b", 'subdomain "a.b" is none'],
    [{ pod: "serviceAccountName: A_b" }, "A_b", 'serviceAccountName "A_b" is none'],
    [
      { container: "ports: [{containerPort: 80, name: web}, {containerPort: 81, name: web}]" },
      "web}]",
      'port name "web" is there twice',
    ],
    [{ container: "env: [{name: A=B, value: c}]" }, "A=B", 'variable name "A=B" is none'],
    [{ container: "env: [{name: '', value: c}]" }, "''", 'variable name "" is none'],
  ] satisfies [Parts, string, string][])(
    "%o is a mistake at its place",
    (parts, written, words) => {
      const text = deployment(parts);
      const found = problems(text);
      expect(found).toHaveLength(1);
      const start = `manifests/web/more.yaml:${placeOf(text, written)}: error: Deployment web/d: `;
      expect(found[0]).toContain(start);
      expect(found[0]).toContain(words);
      expect(found[0]).toContain("[invalid-object]");
    },
  );

  it.each([
    { name: "a".repeat(63) },
    { name: "'1'" },
    { container: "ports: [{containerPort: 65535, hostPort: 0, name: a-name-of-15-ch}]" },
    { container: "readinessProbe: {httpGet: {port: http}}" },
    { container: "resources: {limits: {example.com/gpu: 1, hugepages-2Mi: 4Mi}}" },
    { pod: "resources: {requests: {cpu: 1, memory: 1Gi}, limits: {hugepages-2Mi: 4Mi}}" },
    { pod: "tolerations: [{operator: Exists}]" },
    { pod: "nodeSelector: {kubernetes.io/arch: ''}" },
    { pod: "initContainers: [{name: b, image: 'i:1'}]" },
    { pod: "hostname: a-1" },
    { pod: "subdomain: ''" },
    { pod: "serviceAccountName: a.b" },
    { container: "env: [{name: 'a.b-c d', value: c}]" },
    { container: "ports: [{containerPort: 80, name: ''}, {containerPort: 81, name: ''}]" },
  ] satisfies Parts[])("%o is right", (parts) => {
    expect(problems(deployment(parts))).toEqual([]);
  });

  it("names the resources of a whole Pod alike", () => {
    const spec = "{resources: {requests: {memori: 1Gi}}, containers: [{name: c, image: 'c:1'}]}";
    const found = problems(`apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: ${spec}\n`);
    expect(found).toEqual([
      expect.stringMatching(
        /^manifests\/web\/more\.yaml:4:31: error: Pod web\/p: "memori" in requests is no resource/u,
      ),
    ]);
  });

  it("is one where an overlay has made it so, at the overlay, and where an overlay has mended it not", () => {
    const all = { virtualSites: ["all"] };
    const spoilt = [
      { ...all, sidecars: [{ containers: [{ name: "S_X", image: "s:1" }] }] },
      { ...all, scheduling: [{ nodeSelector: { disk: "x y" } }] },
    ];
    const found = problems(deployment({}), spoilt);
    expect(found.filter((each) => each.includes("Deployment web/d: "))).toEqual([
      expect.stringMatching(/^apps\/web\.yaml:\d+:\d+: error: Deployment web\/d: container name/u),
      expect.stringMatching(/^apps\/web\.yaml:\d+:\d+: error: Deployment web\/d: value "x y"/u),
    ]);
    const target = { kind: "Deployment", name: "d" };
    const json = [{ op: "replace", path: "/spec/template/spec/containers/0/name", value: "c" }];
    const mended = [{ ...all, patches: [{ target, json }] }];
    expect(problems(deployment({ name: "C_x" }), mended)).toEqual([]);
  });
});

describe("a Service or a ConfigMap that every API server refuses", () => {
  const service = (port: string): string => `apiVersion: v1
kind: Service
metadata: {name: s}
spec:
  ports:
    - ${port}
`;
  it.each([
    ["{port: 70000}", "6:14", "port must be from 1 to 65535, not 70000"],
    ["{port: 80, targetPort: 80810}", "6:30", "targetPort must be from 1 to 65535, not 80810"],
    ["{port: 80, targetPort: HTTP}", "6:30", 'targetPort "HTTP" is none'],
    ["{port: 80, nodePort: 70000}", "6:28", "nodePort must be from 1 to 65535"],
    ["{port: 80, name: A_b}", "6:24", 'port name "A_b" is none'],
  ])("%s is a mistake at its place", (port, place, words) => {
    const found = problems(service(port));
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(`manifests/web/more.yaml:${place}: error: Service web/s: ${words}`);
  });

  it.each(["{port: 80, targetPort: 0, nodePort: 0}", "{port: 80, name: a-long-name-of-a-port}"])(
    "%s is right",
    (port) => {
      expect(problems(service(port))).toEqual([]);
    },
  );

  const configMap = (fields: string): string =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n${fields}\n`;

  it("tells a key that is in data and in binaryData, and binary data that is not base64", () => {
    expect(problems(configMap("data: {a: b}\nbinaryData: {a: AA==}"))).toEqual([
      'manifests/web/more.yaml:5:14: error: ConfigMap web/m: "a" is a key of data and of binaryData [invalid-object]',
    ]);
    expect(problems(configMap("binaryData: {b: '%%'}"))).toEqual([
      'manifests/web/more.yaml:4:17: error: ConfigMap web/m: binaryData: "b" must be base64 [invalid-object]',
    ]);
    for (const wrong of ["A", "AAA", "A===", "AA-_"]) {
      expect(problems(configMap(`binaryData: {b: '${wrong}'}`))).toHaveLength(1);
    }
    expect(problems(configMap('binaryData: {b: "AAAA\\nAA==\\n", c: AAA=, d: ""}'))).toEqual([]);
  });
});

describe("a name that every API server refuses", () => {
  const definition = (name: string, group = "example.com"): string =>
    `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: ${name}}
spec:
  group: ${group}
  names: {kind: Thing, plural: things}
  scope: Namespaced
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
`;
  const apiService = (name: string): string =>
    `apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: ${name}}
spec: {group: example.com, version: v1, groupPriorityMinimum: 10, versionPriority: 10}
`;
  const priority = (name: string): string =>
    `apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: ${name}}\nvalue: 10\n`;
  const statefulSet = (name: string): string =>
    `apiVersion: apps/v1
kind: StatefulSet
metadata: {name: ${name}}
spec:
  selector: {matchLabels: {a: b}}
  template:
    metadata: {labels: {a: b}}
    spec: {containers: [{name: c, image: "c:1"}]}
`;

  it.each([
    [
      definition("things.example.org"),
      'this CustomResourceDefinition: it must be "things.example.com", spec.names.plural and spec.group',
    ],
    [
      apiService("v2.example.com"),
      'this APIService: it must be "v1.example.com", spec.version and spec.group',
    ],
    [priority("system-mine"), "a PriorityClass: those with system- are Kubernetes' own"],
    [statefulSet("a.b"), "a StatefulSet (lower case letters, digits and `-`, at most 63)"],
    [statefulSet(long), "a StatefulSet"],
  ])("is told at its place: %s", (text, words) => {
    const found = problems(text);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^manifests\/web\/more\.yaml:3:18: error: "[^"]+" is no name for /u);
    expect(found[0]).toContain(words);
  });

  it.each([
    definition("things.example.com"),
    apiService("v1.example.com"),
    priority("system-node-critical"),
    statefulSet("a".repeat(63)),
  ])("is none of these: %s", (text) => {
    expect(problems(text)).toEqual([]);
  });

  it("is not told where what it is made of is told to be no text", () => {
    const found = problems(definition("things.5", "5"));
    expect(found.filter((each) => each.includes("is no name"))).toEqual([]);
    expect(found).toHaveLength(1);
  });
});

describe("a custom resource with its definition in the fleet", () => {
  const crd = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
spec:
  group: example.com
  names: {kind: Thing, plural: things}
  scope: Namespaced
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
`;
  const thing = (name: string): string =>
    `---\napiVersion: example.com/v1\nkind: Thing\nmetadata: {name: ${name}, namespace: web}\n`;

  it("is refused with a name that is no DNS subdomain", () => {
    expect(problems(`${crd}${thing("Bad_Name")}`)).toEqual([
      'manifests/web/more.yaml:12:18: error: "Bad_Name" is no name for a Thing (lower case letters, digits, `-` and `.`, at most 253) [invalid-object]',
    ]);
    expect(problems(`${crd}${thing("good.name-1")}`)).toEqual([]);
  });

  it("is left alone where its API may be served by a server of its own", () => {
    expect(problems(thing("Bad_Name"))).toEqual([]);
  });
});
