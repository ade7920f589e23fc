/** What is told of a kustomization of which many parts say the same: no part but one that gives the field. */
import { beforeAll, describe, expect, it } from "vitest";
import { renderFleetFiles } from "../../../src/adapters/render-tools/render-fleet-files.ts";
import { type FieldStory, explainObject } from "../../../src/core/explain/explain-object.ts";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import { realTools, toolFleet } from "../../support/render-tools.ts";

/** Fields of a kustomization, or of a file of its own; each value of them can be changed by itself. */
type Fields = Readonly<Record<string, unknown>>;
type Source = Readonly<Record<string, Fields>>;

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      nodeSelector: {disk: ssd}
      tolerations: [{key: old, operator: Exists}]
      containers:
        - name: web
          image: shop/web:1.0
          resources: {limits: {cpu: "1"}}
          env: [{name: TAG, value: none}]
        - {name: helper, image: "shop/helper:1.0"}
`;
const others = `apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{port: 80}], selector: {app: web}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
`;

const patchOf = (kind: string, spec: unknown): unknown => ({
  target: { kind },
  patch: JSON.stringify({
    apiVersion: kind === "Deployment" ? "apps/v1" : "policy/v1",
    kind,
    metadata: { name: "web" },
    spec,
  }),
});
const base = "kustomize/base/kustomization.yaml";
const shop = "kustomize/shop/kustomization.yaml";
const notes = "kustomize/shop/notes.yaml";

const source: Source = {
  [base]: {
    resources: ["deployment.yaml", "others.yaml"],
    configMapGenerator: [
      {
        name: "settings",
        literals: ["ENV=prod", "VERSION=1.4.2", "tier=store", "COUNT=long", "zone=prod"],
      },
    ],
  },
  [shop]: {
    resources: ["../base"],
    namePrefix: "shop-",
    namespace: "prod",
    commonAnnotations: { tier: "store" },
    labels: [{ pairs: { ENV: "prod", app: "web" } }],
    images: [{ name: "shop/web", newTag: "1.4.2" }],
    replicas: [{ name: "web", count: 3 }],
    configMapGenerator: [
      { name: "other", literals: ["ENV=prod", "tier=store"] },
      { name: "settings", behavior: "merge", literals: ["COUNT=lon"] },
    ],
    patches: [
      patchOf("Deployment", {
        template: {
          metadata: { annotations: { VERSION: "1.4.2" } },
          spec: {
            nodeSelector: null,
            tolerations: [{ $patch: "replace" }, { key: "new", operator: "Exists" }],
            containers: [
              { name: "web", resources: null, env: [{ name: "TAG", value: "v1.4.2" }] },
              { name: "helper", image: "shop/helper:1.4.2" },
            ],
          },
        },
      }),
    ],
    patchesStrategicMerge: [],
    transformers: ["notes.yaml"],
  },
  [notes]: {
    apiVersion: "builtin",
    kind: "AnnotationsTransformer",
    metadata: { name: "notes" },
    annotations: { VERSION: "1.4.2", zone: "prod" },
    fieldSpecs: [{ path: "metadata/annotations", create: true }],
  },
};

/** What names or describes, and so is none of the values. */
const fixed = new Set(["apiVersion", "kind", "name", "target", "behavior", "operator", "$patch"]);

/** With every value in it another one; what takes away, taking away nothing. */
function changed(value: unknown, key = ""): unknown {
  if (fixed.has(key)) return value;
  if (typeof value === "string") {
    return key === "patch" ? JSON.stringify(changed(JSON.parse(value))) : `${value}x`;
  }
  if (value === null) return {};
  if (Array.isArray(value)) {
    return value.filter((item) => !("$patch" in Object(item))).map((item) => changed(item));
  }
  if (typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([k, inner]) => [k, changed(inner, k)]));
  }
  return typeof value === "number" ? value + 1 : value;
}

/** The fields of every object by `KIND/NAME FIELD`, names without the prefix and the hash. */
async function fieldsOf(files: Source): Promise<ReadonlyMap<string, FieldStory>> {
  const edits = Object.entries(files).map(([path, value]) => [path, JSON.stringify(value)]);
  const fleet = await renderFleetFiles(
    await realTools(),
    toolFleet(
      { kustomize: "kustomize/shop" },
      {
        "kustomize/base/deployment.yaml": deployment,
        "kustomize/base/others.yaml": others,
        ...Object.fromEntries(edits),
      },
    ),
  );
  if (!fleet.ok) throw new Error(fleet.diagnostics.map(formatDiagnostic).join("\n"));
  const ask = (object: string) => explainObject(fleet, { app: "web", site: "e1", object });
  const none = ask("None/none");
  const objects = none.ok ? [] : none.known;
  const stories = objects.flatMap((object) => {
    const answer = ask(object);
    const plain = object.replace(/\/prodx?\/shop-x?/, "/").replace(/-[a-z0-9]{10}$/, "");
    return answer.ok
      ? answer.fields.map((story): [string, FieldStory] => [`${plain} ${story.field}`, story])
      : [];
  });
  return new Map(stories);
}

/** What is told of a field: each part with its file; nothing where the file of the object or a name is told. */
function partsOf({ settings }: FieldStory): readonly { file: string; words: string }[] {
  const [latest] = settings;
  if (!latest?.by.startsWith("kustomize: ") || latest.by.includes("the name of")) return [];
  return latest.by
    .slice("kustomize: ".length)
    .split(" or ")
    .map((part) => {
      const [words = "", file = latest.place?.file ?? ""] = part.split(" of ");
      return { words, file };
    });
}

function withChanged({ file, words }: { file: string; words: string }): Source {
  const fields = source[file] ?? {};
  const field = file === notes ? "annotations" : words;
  return { ...source, [file]: { ...fields, [field]: changed(fields[field]) } };
}

describe("a field of a kustomization whose parts say the same", { timeout: 120_000 }, () => {
  let told: ReadonlyMap<string, FieldStory>;
  beforeAll(async () => {
    told = await fieldsOf(source);
  }, 60_000);

  it("changes with what is told to give it", async () => {
    const known = new Map<string, ReadonlyMap<string, FieldStory>>();
    const wrong: string[] = [];
    for (const [name, story] of told) {
      // Generators give these by what they are, by no value.
      if (/ \.(apiVersion|kind)$/.test(name)) continue;
      const parts = partsOf(story);
      let isChanged = parts.length === 0;
      for (const part of parts) {
        const id = JSON.stringify(part);
        const other = known.get(id) ?? (await fieldsOf(withChanged(part)));
        known.set(id, other);
        const after = other.get(name)?.value;
        isChanged ||= JSON.stringify(after) !== JSON.stringify(story.value);
      }
      if (!isChanged) wrong.push(`${name}: ${story.settings[0]?.by}`);
    }

    expect(wrong).toEqual([]);
    expect(known.size).toBeGreaterThan(8);
  });

  const spec = ".spec.template.spec";
  it.each<[string, string, string]>([
    ["ConfigMap/settings .data.ENV", "configMapGenerator", base],
    ["ConfigMap/settings .data.VERSION", "configMapGenerator", base],
    ["ConfigMap/settings .data.tier", "configMapGenerator", base],
    ["ConfigMap/settings .data.COUNT", "configMapGenerator", shop],
    ["ConfigMap/settings .data.zone", "configMapGenerator", base],
    ["ConfigMap/other .data.ENV", "configMapGenerator", shop],
    ["ConfigMap/settings .metadata.namespace", "namespace", shop],
    ["ConfigMap/settings .metadata.annotations.tier", "commonAnnotations", shop],
    ["ConfigMap/settings .metadata.annotations.zone", "AnnotationsTransformer", notes],
    ["ConfigMap/settings .metadata.labels.ENV", "labels", shop],
    ["Deployment/web .spec.replicas", "replicas", shop],
    [`Deployment/web ${spec}.containers[name="web"].image`, "images", shop],
    [`Deployment/web ${spec}.containers[name="helper"].image`, "patches", shop],
    [`Deployment/web ${spec}.containers[name="web"].env[name="TAG"].value`, "patches", shop],
    ["Deployment/web .spec.template.metadata.annotations.VERSION", "patches", shop],
    [`Deployment/web ${spec}.nodeSelector.disk`, "patches", shop],
    [`Deployment/web ${spec}.containers[name="web"].resources.limits.cpu`, "patches", shop],
  ])("%s is told of %s", (name, words, file) => {
    const [latest] = told.get(name)?.settings ?? [];

    expect(latest).toMatchObject({ by: `kustomize: ${words}`, place: { file } });
  });
});
