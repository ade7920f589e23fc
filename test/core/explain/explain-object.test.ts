import { describe, expect, it } from "vitest";
import { readCheckout } from "../../../src/adapters/git/read-checkout.ts";
import { type FieldStory, explainObject } from "../../../src/core/explain/explain-object.ts";
import {
  type FieldStep,
  type Lists,
  findField,
  leafFields,
  readField,
} from "../../../src/core/explain/field-steps.ts";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import type { FleetModel, SourceFile } from "../../../src/core/model/fleet-model.ts";
import { keyOf } from "../../../src/core/model/kube-object.ts";
import { noToolOutputs } from "../../../src/core/render/tools/tool-output.ts";
import { type RenderedFiles, renderFiles } from "../../../src/core/render/render-files.ts";
import { cpuTime } from "../../support/cpu-time.ts";
import { type FleetEdits, aFleet, appYaml, configMapYaml, siteYaml } from "../../support/fleet.ts";

const manifest = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: example.com/web:1
          args: [a, b]
        - name: side
          image: example.com/side:1
`;

const app = `apiVersion: flotilla.dev/v1alpha1
kind: App
metadata:
  name: web
spec:
  namespace: web
  source:
    manifests: manifests/web
  placement:
    virtualSites: [all]
  values:
    count: 2
  overlays:
    - name: shops
      virtualSites: [shops]
      patches:
        - target: {kind: Deployment}
          merge:
            spec:
              replicas: \${values.count}
              template:
                spec:
                  containers:
                    - name: side
                      image: example.com/side:2
                    - name: web
                      tty: true
        - target: {kind: Deployment}
          json:
            - op: test
              path: /spec/replicas
              value: 5
            - op: add
              path: /metadata/annotations
              value:
                note: hello
            - op: remove
              path: /spec/template/spec/containers/1/args
    - virtualSites: [all]
      values:
        unused: 1
      replicas:
        - name: web
          count: 7
      images:
        - name: example.com/web
          newTag: \${site.labels.tier}
      sidecars:
        - containers:
            - name: log
              image: example.com/log:1
      resources:
        - container: log
          limits:
            memory: 8Mi
      labels:
        team: tills
`;

const edits: FleetEdits = {
  "apps/web.yaml": app,
  "manifests/web/deployment.yaml": manifest,
  "manifests/web/settings.yaml": null,
  "sites/e1.yaml": siteYaml("e1", {
    region: "east",
    labels: { ring: "canary", tier: "shop" },
    spec: { values: { count: 5 } },
  }),
  "sites/w1.yaml": siteYaml("w1", {
    region: "west",
    labels: { ring: "main", tier: "shop" },
    spec: { values: { count: 5 } },
  }),
};

function fleetOf(files: readonly SourceFile[]): Extract<RenderedFiles, { ok: true }> {
  const fleet = renderFiles(files);
  if (fleet.ok) return fleet;
  throw new Error(fleet.diagnostics.map(formatDiagnostic).join("\n"));
}

const { model } = fleetOf(aFleet(edits));

/** `VALUE by SETTER at FILE:LINE:COLUMN`, the one that counts first. */
function told(field: string, site = "e1"): string[] {
  const answer = explainObject(
    { model, tools: noToolOutputs },
    { app: "web", site, object: "Deployment/web/web", field },
  );
  if (!answer.ok) return [`no ${answer.missing}`];
  return answer.fields.flatMap(({ settings }) =>
    settings.map(({ by, place, value, isRemoved, expression, reads }) => {
      const at = place === null ? "nowhere" : `${place.file}:${place.line}:${place.column}`;
      const what = isRemoved ? "gone" : JSON.stringify(value);
      const from = reads
        .map((read) => ` ${read.name} ${read.place.file}:${read.place.line}`)
        .join();
      return `${what} by ${by} at ${at}${expression === null ? "" : ` from ${expression}${from}`}`;
    }),
  );
}

it("takes a namespace that a manifest merges in for the manifest's", () => {
  const manifest =
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {<<: {name: cm, namespace: other}}\n";
  const { model: merged } = fleetOf(aFleet({ "manifests/web/cm.yaml": manifest }));
  const field = ".metadata.namespace";
  const question = { app: "web", site: "e1", object: "ConfigMap/other/cm", field };
  const answer = explainObject({ model: merged, tools: noToolOutputs }, question);
  expect(answer.ok && answer.fields[0]?.settings).toMatchObject([
    { by: "manifest", value: "other", place: { file: "manifests/web/cm.yaml", line: 3 } },
  ]);
});

describe("where a field comes from", () => {
  it.each<[string, string, string[]]>([
    ["the manifest", ".kind", ['"Deployment" by manifest at manifests/web/deployment.yaml:2:7']],
    [
      "the App's namespace",
      ".metadata.namespace",
      ['"web" by namespace of the App at apps/web.yaml:6:14'],
    ],
    [
      "an overlay over a patch over the manifest",
      ".spec.replicas",
      [
        "7 by overlay 2: replicas at apps/web.yaml:44:18",
        '5 by overlay "shops": patches at apps/web.yaml:20:25 from ${values.count} values.count sites/e1.yaml:4',
        "1 by manifest at manifests/web/deployment.yaml:6:13",
      ],
    ],
    [
      "an item of a list, by its name",
      '.spec.template.spec.containers[name="side"].image',
      [
        '"example.com/side:2" by overlay "shops": patches at apps/web.yaml:25:30',
        '"example.com/side:1" by manifest at manifests/web/deployment.yaml:16:18',
      ],
    ],
    [
      "an image, by a fact of the site",
      ".spec.template.spec.containers[name=web].image",
      [
        '"example.com/web:shop" by overlay 2: images at apps/web.yaml:47:19 from ${site.labels.tier} site.labels.tier sites/e1.yaml:3',
        '"example.com/web:1" by manifest at manifests/web/deployment.yaml:13:18',
      ],
    ],
    [
      "an operation of a JSON patch",
      ".metadata.annotations",
      [
        '"hello" by overlay "shops": patches at apps/web.yaml:36:23',
        '"test/web" by Flotilla: whose object it is, so that no other app takes it at nowhere',
      ],
    ],
    [
      "a sidecar, and its reservation",
      '.spec.template.spec.containers[name="log"]',
      [
        '"log" by overlay 2: sidecars at apps/web.yaml:50:21',
        '"example.com/log:1" by overlay 2: sidecars at apps/web.yaml:51:22',
        '"8Mi" by overlay 2: resources at apps/web.yaml:55:21',
      ],
    ],
    [
      "Flotilla itself, with the reason",
      ".metadata.annotations.flotilla.dev/owner",
      ['"test/web" by Flotilla: whose object it is, so that no other app takes it at nowhere'],
    ],
    ["a label", ".metadata.labels.team", ['"tills" by overlay 2: labels at apps/web.yaml:57:15']],
  ])("%s", (_, field, expected) => {
    expect(told(field)).toEqual(expected);
  });

  it("is told in each pod of a custom resource that has several", () => {
    const pod = "{spec: {containers: [{name: main, image: 'm:1'}]}}";
    const jobSet = `apiVersion: jobset.x-k8s.io/v1
kind: JobSet
metadata: {name: jobs, namespace: web}
spec: {jobs: [{name: a, template: ${pod}}, {name: b, podTemplate: ${pod}}]}
`;
    const overlay = {
      virtualSites: ["all"],
      sidecars: [{ containers: [{ name: "log", image: "l:1" }] }],
      resources: [{ container: "log", limits: { memory: "8Mi" } }],
    };
    const { model: jobs } = fleetOf(
      aFleet({
        "apps/web.yaml": appYaml("web", { spec: { overlays: [overlay] } }),
        "manifests/web/jobs.yaml": jobSet,
      }),
    );
    const by = (field: string): unknown[] => {
      const question = { app: "web", site: "e1", object: "JobSet/web/jobs", field };
      const answer = explainObject({ model: jobs, tools: noToolOutputs }, question);
      if (!answer.ok) throw new Error(`there is no ${answer.missing} of ${field}`);
      return answer.fields.map(({ settings: [first] }) => [first?.by, first?.value]);
    };

    const log = 'spec.containers[name="log"]';
    const both = ['.spec.jobs[name="a"].template', '.spec.jobs[name="b"].podTemplate'];
    for (const template of both) {
      expect(by(`${template}.${log}.image`)).toEqual([["overlay 1: sidecars", "l:1"]]);
      expect(by(`${template}.${log}.resources`)).toEqual([["overlay 1: resources", "8Mi"]]);
    }
  });

  it("is told of a key in quotes as of one without them", () => {
    const owner = '.metadata.annotations["flotilla.dev/owner"]';

    expect(told(owner)).toEqual(told(".metadata.annotations.flotilla.dev/owner"));
    expect(told(".metadata['annotations'].note")).toHaveLength(1);
    expect(told('["spec"]["replicas"]')).toHaveLength(3);
    expect(told('.metadata.annotations["flotilla.dev"]')).toEqual(["no field"]);
    expect(told('.kind["a"]')).toEqual(["no field"]);
  });

  it("is told for the site that is asked for", () => {
    expect(told(".spec.replicas", "e2")).toEqual([
      "7 by overlay 2: replicas at apps/web.yaml:44:18",
      "1 by manifest at manifests/web/deployment.yaml:6:13",
    ]);
  });

  it("is told by position of a list without names that one setting gave", () => {
    const args = '.spec.template.spec.containers[name="web"].args';
    const [a, b] = ["a", "b"].map(
      (arg, index) => `"${arg}" by manifest at manifests/web/deployment.yaml:14:${18 + 3 * index}`,
    );

    expect(told(args, "e2")).toEqual([a, b]);
    expect(told(`${args}[1]`, "e2")).toEqual([b]);
    expect(told(`${args}[2]`, "e2")).toEqual(["no field"]);
    expect(told(`${args}[1].name`, "e2")).toEqual(["no field"]);
  });

  it("says what there is where the app, the object or the field is not", () => {
    const asked = { app: "web", site: "e1", object: "Deployment/web/web" };

    expect(
      explainObject({ model, tools: noToolOutputs }, { ...asked, app: "till", site: "e2" }),
    ).toMatchObject({
      missing: "app",
    });
    expect(
      explainObject({ model, tools: noToolOutputs }, { ...asked, object: "Deployment/web/wbe" }),
    ).toEqual({
      ok: false,
      missing: "object",
      known: ["Deployment/web/web"],
    });
    expect(
      explainObject({ model, tools: noToolOutputs }, { ...asked, field: ".spec.replica" }),
    ).toMatchObject({
      missing: "field",
    });
  });
});

describe("a value that an expression reads", () => {
  it("is told with those of the same name that it won over, strongest first", () => {
    const overlaid = app.replace("unused: 1", "count: 3");
    const { model: fleet } = fleetOf(aFleet({ ...edits, "apps/web.yaml": overlaid }));
    const answer = explainObject(
      { model: fleet, tools: noToolOutputs },
      { app: "web", site: "e1", object: "Deployment/web/web", field: ".spec.replicas" },
    );

    expect(answer.ok && answer.fields[0]?.settings[1]?.reads).toEqual([
      {
        name: "values.count",
        place: { file: "sites/e1.yaml", line: expect.any(Number), column: expect.any(Number) },
        overridden: [
          { value: 3, place: { file: "apps/web.yaml", line: 41, column: 16 } },
          { value: 2, place: { file: "apps/web.yaml", line: 12, column: 12 } },
        ],
      },
    ]);
  });
});

describe("what was taken away", () => {
  it("is told of a field, with what took it and what it was", () => {
    const args = '.spec.template.spec.containers[name="web"].args';

    expect(told(args)).toEqual([
      'gone by overlay "shops": patches at apps/web.yaml:37:15',
      '"a" by manifest at manifests/web/deployment.yaml:14:18',
      'gone by overlay "shops": patches at apps/web.yaml:37:15',
      '"b" by manifest at manifests/web/deployment.yaml:14:21',
    ]);
  });

  const answered = (merge: object, object: string, field?: string) => {
    const patches = [{ target: { name: "one" }, merge }];
    const overlays = [{ name: "less", virtualSites: ["all"], patches }];
    const { model: fleet } = fleetOf(
      aFleet({
        "apps/web.yaml": appYaml("web", { spec: { overlays } }),
        "manifests/web/more.yaml": `${configMapYaml("one", { a: "1" })}---\n${configMapYaml("two", { b: "2" })}`,
      }),
    );
    const question = { app: "web", site: "e1", object, ...(field === undefined ? {} : { field }) };
    return explainObject({ model: fleet, tools: noToolOutputs }, question);
  };

  it("is listed behind the fields that there are", () => {
    const merge = { data: { a: null } };
    const answer = answered(merge, "ConfigMap/one");

    expect(answer.ok && answer.fields.at(-1)).toMatchObject({
      field: ".data.a",
      value: null,
      settings: [
        { by: 'overlay "less": patches', isRemoved: true, place: { file: "apps/web.yaml" } },
        { by: "manifest", value: "1", isRemoved: false },
      ],
    });
    expect(answered(merge, "ConfigMap/one", ".data.b")).toMatchObject({ missing: "field" });
  });

  it("is told of an object, with the overlay that took it", () => {
    const merge = { $patch: "delete" };

    expect(answered(merge, "ConfigMap/one")).toMatchObject({
      missing: "object",
      removedBy: { by: 'overlay "less": patches', place: { file: "apps/web.yaml" } },
    });
    expect(answered(merge, "ConfigMap/tow")).not.toHaveProperty("removedBy");
  });
});

/** Everything that every object of a fleet says at every site. */
function stories({
  model: fleet,
  rendered,
}: {
  model: FleetModel;
  rendered: Extract<RenderedFiles, { ok: true }>["rendered"];
}) {
  return [...rendered.apps.values()].flatMap(({ app: name, sites }) =>
    [...sites].flatMap(([site, tree]) =>
      (rendered.variants.get(tree)?.objects ?? []).map(({ object }) => {
        const { kind, namespace, name: own } = keyOf(object);
        const text = [kind, namespace, own].filter((part) => part !== "").join("/");
        const answer = explainObject(
          { model: fleet, tools: noToolOutputs },
          { app: name, site, object: text },
        );
        return { object, fields: answer.ok ? answer.fields : [] };
      }),
    ),
  );
}

/** What is written at the place of a story, to the end of its line. */
function textAt({ settings }: FieldStory, files: readonly SourceFile[]): string {
  const { file = "", line = 1, column = 1 } = settings[0]?.place ?? {};
  const lines = files.find(({ path }) => path === file)?.text.split("\n") ?? [];
  return lines[line - 1]?.slice(column - 1) ?? "";
}

/** True where the place of a story is where its value is written. */
function isThere(story: FieldStory, files: readonly SourceFile[]): boolean {
  const { value, settings } = story;
  const [setting] = settings;
  if (setting === undefined) return false;
  if (setting.place === null) return setting.by.startsWith("Flotilla: ");
  const text = textAt(story, files);
  if (setting.expression !== null) return text.includes("${");
  const written = typeof value === "string" ? (value.split("\n")[0] ?? "") : JSON.stringify(value);
  if (setting.by.endsWith(": images")) return written.endsWith(`:${text}`);
  const starts = typeof value === "object" ? ["[", "{", "-"] : [written, `"${written}`, "|", "0"];
  return starts.some((start) => text.startsWith(start));
}

const byPosition: Lists = { keysOf: () => undefined, isByPosition: () => true };

/** The lists of an object as the text of a field has them: by position, or by the key that it names. */
function listsOf(field: string): Lists {
  const key = /\[(?!name=)(?<key>\w+)=/.exec(field)?.groups?.["key"];
  return { ...byPosition, keysOf: () => (key === undefined ? key : [{ by: key }]) };
}

describe("what is told of a whole fleet", () => {
  it("is every field as it is rendered, each at a place where it is written", async () => {
    const files = await readCheckout("fleet-repo-template");
    const all = stories(fleetOf(files));

    expect(all.length).toBeGreaterThan(50);
    for (const { object, fields } of all) {
      const rendered = leafFields(object, { lists: byPosition });
      const pathOf = (steps: readonly FieldStep[]) => findField(object, steps).path.join("/");
      const read = fields.map(({ field }) => readField(field, object, listsOf(field)) ?? []);
      expect(read.map(pathOf).toSorted()).toEqual(rendered.map(pathOf).toSorted());
      for (const [index, story] of fields.entries()) {
        expect(findField(object, read[index] ?? []).value).toEqual(story.value);
        expect([story, isThere(story, files)]).toEqual([story, true]);
      }
    }
  });
});

describe("what is told of one object of many", () => {
  const manyPatched = (count: number): ReturnType<typeof fleetOf> => {
    const names = Array.from({ length: count }, (_, index) => `c${index}`);
    const patches = names.map((name) => ({
      target: { kind: "ConfigMap", name },
      merge: { data: { a: "2" } },
    }));
    return fleetOf(
      aFleet({
        "apps/web.yaml": appYaml("web", {
          spec: { overlays: [{ virtualSites: ["all"], patches }] },
        }),
        "manifests/web/many.yaml": names
          .map((name) => configMapYaml(name, { a: "1" }))
          .join("---\n"),
      }),
    );
  };
  const question = { app: "web", site: "e1", object: "ConfigMap/c7", field: ".data.a" };

  it("is what its own patch says", () => {
    expect(explainObject(manyPatched(20), question)).toMatchObject({
      fields: [{ settings: [{ by: "overlay 1: patches", value: "2" }, { value: "1" }] }],
    });
  });

  it("costs no more than in step with how many the patches change", { timeout: 60_000 }, () => {
    const [few, many] = [manyPatched(400), manyPatched(4000)];
    explainObject(few, question);
    const short = Math.max(1, ...[1, 2, 3].map(() => cpuTime(() => explainObject(few, question))));

    // The better of two: the collector of garbage may have its turn in one.
    const long = Math.min(...[1, 2].map(() => cpuTime(() => explainObject(many, question))));
    expect(long).toBeLessThan(60 * short);
  });
});
